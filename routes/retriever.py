"""``/retriever``: the search over the documentation, on its own."""

from fastapi import FastAPI
from langchain_core.retrievers import BaseRetriever

from moorage import add_routes


def publish(app: FastAPI, retriever: BaseRetriever) -> None:
    """Publish ``retriever``, which takes a question and returns documents."""
    description = "Finds the passages of the documentation that fit a question best."
    add_routes(app, retriever, path="/retriever", description=description)
