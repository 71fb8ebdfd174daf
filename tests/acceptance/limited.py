"""A deployment under test: one limited route, counted in the Redis of ``MOORAGE_TEST_REDIS``."""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from moorage.edge.middleware.rate_limit import RateLimit
from moorage.limits import RateLimits, open_counter


async def pid(request: Request) -> PlainTextResponse:
    time.sleep(0.005)  # noqa: ASYNC251 - keeps this process busy, so that the other gets its share
    return PlainTextResponse(str(os.getpid()))


def build(notation: str, storage: str, prefix: str = "/") -> Starlette:
    limits = RateLimits("", {prefix: notation}, counter=open_counter(storage))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await limits.close()

    return Starlette(
        routes=[Route("/{path:path}", pid)],
        middleware=[Middleware(RateLimit, limits=limits)],
        lifespan=lifespan,
    )


def from_environment() -> Starlette:
    return build("40/hour", os.environ["MOORAGE_TEST_REDIS"], os.environ["MOORAGE_TEST_PREFIX"])
