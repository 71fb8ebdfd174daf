"""moorage, bare and with every guard of its service on."""

import hashlib

from fastapi import FastAPI

import moorage
from benchmarks.cases import API_KEY, Mounts

HASH = hashlib.sha256(API_KEY.encode()).hexdigest()


def create(mounts: Mounts) -> FastAPI:
    """Make a bare FastAPI application that hosts the runnables."""
    app = FastAPI()
    _add(app, mounts)
    return app


def create_with_edge(mounts: Mounts) -> FastAPI:
    """Make a service as in production: no guard ever says no here, but each one looks."""
    settings = moorage.Settings(
        environment="production",
        log_format="json",
        api_keys=(f"bench:sha256:{HASH}",),
        trusted_proxies=("10.0.0.0/8",),
        cors_origins=("https://chat.example.com",),
        rate_limit="1000000000/minute",
        max_concurrency=1000,
    )
    app = moorage.create_app(settings)
    _add(app, mounts)
    return app


def _add(app: FastAPI, mounts: Mounts) -> None:
    for path, runnable in mounts.items():
        moorage.add_routes(app, runnable, path=path)
