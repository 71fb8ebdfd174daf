"""``/chain``: a chain of prompt, model and parser."""

from typing import Any

from fastapi import FastAPI
from langchain_core.runnables import Runnable

from moorage import add_routes


def publish(app: FastAPI, chain: Runnable[Any, str]) -> None:
    """Publish ``chain``, which takes its prompt's variables and returns text."""
    description = "Sums a text up in at most two sentences."
    add_routes(app, chain, path="/chain", description=description)
