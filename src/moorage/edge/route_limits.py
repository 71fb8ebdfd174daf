"""slowapi's ``Limiter`` for hand-written routes, so that ``@limiter.limit("5/minute")`` works.

slowapi checks a decorated route in the route's own task with a blocking storage. Here the check of
an asynchronous route goes to a thread when the count is in Redis; in memory it is cheaper than one.
"""

import asyncio
import functools
import inspect
import math
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from slowapi import Limiter
from slowapi.errors import RateLimitExceeded
from starlette.requests import Request
from starlette.responses import Response

from moorage.edge.errors import Prepared, respond
from moorage.edge.middleware.rate_limit import client_key
from moorage.errors import TooMany
from moorage.limits import REDIS_DEADLINE

Endpoint = Callable[..., Any]


def caller_key(request: Request) -> str:
    """Return the name under which a request is counted: its caller's, or else its address's."""
    return client_key(request.scope)


class RouteLimiter(Limiter):
    """A ``Limiter`` that counts callers as the service does and keeps the event loop free.

    It is slowapi's in all else, with two differences: it takes nothing from the environment or
    ``.env``, and when Redis is lost it goes on counting in this process.

    Args:
        storage: Where to count, as for ``moorage.limits.open_counter``.
    """

    def __init__(self, storage: str = "") -> None:
        is_local = storage.partition("://")[0] in {"", "memory"}
        super().__init__(
            key_func=caller_key,
            key_prefix="moorage",
            storage_uri="memory://" if is_local else _slowapi_url(storage),
            storage_options={} if is_local else _redis_options(),
            in_memory_fallback_enabled=not is_local,
        )
        self._is_local = is_local

    def get_app_config(self, key: str, default_value: Any = None) -> Any:  # noqa: ARG002
        """Return the default: ``moorage.settings`` is the only reader of the environment."""
        return default_value

    def limit(self, *args: Any, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Limit a route; the parameters are slowapi's. The route must take ``request``."""
        return self._off_the_loop(super().limit(*args, **options))

    def shared_limit(self, *args: Any, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Limit several routes together; the parameters are slowapi's."""
        return self._off_the_loop(super().shared_limit(*args, **options))

    def _off_the_loop(
        self, decorate: Callable[[Endpoint], Endpoint]
    ) -> Callable[[Endpoint], Endpoint]:
        def limited(endpoint: Endpoint) -> Endpoint:
            wrapped = decorate(endpoint)
            if self._is_local or not inspect.iscoroutinefunction(endpoint):
                return wrapped

            @functools.wraps(wrapped)
            async def checked(*args: Any, **kwargs: Any) -> Any:
                request = next(
                    value for value in (*args, *kwargs.values()) if isinstance(value, Request)
                )
                await asyncio.to_thread(self._check_request_limit, request, endpoint, False)
                request.state._rate_limiting_complete = True  # noqa: SLF001 - slowapi's mark
                return await wrapped(*args, **kwargs)

            return checked

        return limited


def _slowapi_url(storage: str) -> str:
    url = storage.removeprefix("async+")
    return f"redis+{url}" if url.startswith("unix://") else url


def _redis_options() -> dict[str, Any]:
    from redis.backoff import NoBackoff  # noqa: PLC0415 - redis is an extra
    from redis.retry import Retry  # noqa: PLC0415

    return {
        "socket_timeout": REDIS_DEADLINE,
        "socket_connect_timeout": REDIS_DEADLINE,
        "retry": Retry(NoBackoff(), 1),
    }


def install_limiter(app: FastAPI, limiter: Limiter) -> None:
    """Make ``limiter`` the one of ``app`` (``app.state.limiter``) and answer 429 as elsewhere."""
    app.state.limiter = limiter
    app.add_exception_handler(RateLimitExceeded, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    limiter: Limiter = request.app.state.limiter
    item, key = request.state.view_rate_limit
    window = await asyncio.to_thread(limiter.limiter.get_window_stats, item, *key)
    wait = max(1, math.ceil(window.reset_time - time.time()))
    rule = getattr(error, "detail", repr(item))
    return Prepared(respond(TooMany(f"Rate limit exceeded: {rule}.", retry_after=wait)))
