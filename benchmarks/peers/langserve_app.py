"""LangServe as its README shows it: a FastAPI application and ``add_routes`` with its defaults."""

from fastapi import FastAPI
from langserve import add_routes

from benchmarks.cases import Mounts


def create(mounts: Mounts) -> FastAPI:
    """Make an application that hosts the runnables."""
    app = FastAPI()
    for path, runnable in mounts.items():
        add_routes(app, runnable, path=path)
    return app
