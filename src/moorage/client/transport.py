"""The two HTTP clients under a remote runnable: how they are made and how they are closed."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from typing import Any

import httpx

Auth = httpx.Auth | tuple[str | bytes, str | bytes] | Callable[[httpx.Request], httpx.Request]
Headers = httpx.Headers | Mapping[str, str] | Sequence[tuple[str, str]]
Cookies = httpx.Cookies | dict[str, str] | list[tuple[str, str]]
Certificate = str | tuple[str, str] | tuple[str, str, str]


def open_clients(
    base_url: str,
    *,
    verify: ssl.SSLContext | str | bool,
    cert: Certificate | None,
    **options: Any,
) -> tuple[httpx.Client, httpx.AsyncClient]:
    """Make a client for synchronous calls and one for asynchronous ones, set up alike."""
    if verify is True and cert is None:
        # Reading the certificates is most of what a client costs; once is enough.
        verify = httpx.create_ssl_context(trust_env=options.get("trust_env", True))
    options |= {"base_url": base_url, "verify": verify}
    if cert is not None:
        options["cert"] = cert
    return httpx.Client(**options), httpx.AsyncClient(**options)


def close_clients(sync_client: httpx.Client, async_client: httpx.AsyncClient) -> None:
    """Close both at once, from a thread with or without a running event loop."""
    sync_client.close()
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _close_in_new_loop(async_client)
    else:
        thread = Thread(target=_close_in_new_loop, args=(async_client,))
        thread.start()
        thread.join()


def _close_in_new_loop(client: httpx.AsyncClient) -> None:
    try:
        asyncio.run(client.aclose())
    except RuntimeError:
        # The loop that its idle connections belong to is gone, and it took their sockets along.
        return
