"""LangServe's own server: in a process of its own, as it patches uvicorn and keeps to one loop."""

import langserve
from fastapi import FastAPI

from tests.protocols.langserve.served import served

app = FastAPI()


@app.get("/ready")
def ready() -> None:
    """Answer once everything is published."""


for path, (runnable, options) in served().items():
    langserve.add_routes(app, runnable, path=path, **options)
