"""Tells others of the ends of runs, in the order in which they are due and again where it fails.

What if this process dies? What it had in hand is due again when its hold ends, so a receiver may be
told twice, by the same ``webhook-id``; it is never told of nothing.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from ipaddress import ip_address
from typing import NamedTuple, Self

import httpx

from moorage.clock import Clock, SystemClock
from moorage.domain.webhooks import Delivery
from moorage.engine.addresses import (
    ANYWHERE_PUBLIC,
    AddressPolicy,
    check_address,
    check_url,
    host_of,
    is_own_path,
    port_of,
)
from moorage.engine.outbox import Outbox
from moorage.engine.signing import Signer
from moorage.errors import Invalid, Unavailable
from moorage.worker.steps import again_and_again, cancelled

_OWN = "http://moorage"
_MARGIN = timedelta(seconds=5)
"""For writing down what became of a delivery, before others may take it up."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_log = logging.getLogger(__name__)


async def looked_up(host: str, port: int) -> Sequence[str]:
    """Return a host's addresses, as this machine knows them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(frozen=True, slots=True)
class Manner:
    """How webhooks are sent.

    Attributes:
        policy: Where they may go.
        headers: Sent with each.
        signer: Proves that they come from here.
        own: Carries those that go to paths of this server; None where it serves none.
        at_once: How many are under way beside one another.
        timeout: How long one may take.
        look: The longest time between two looks for what is due.
        resolve: Looks hosts up.
    """

    policy: AddressPolicy = ANYWHERE_PUBLIC
    headers: Mapping[str, str] = field(default_factory=dict)
    signer: Signer = field(default_factory=Signer)
    own: httpx.AsyncBaseTransport | None = None
    at_once: int = 10
    timeout: timedelta = timedelta(seconds=10)
    look: timedelta = timedelta(seconds=5)
    resolve: Resolve = looked_up


class Answer(NamedTuple):
    """What a receiver said, as far as it matters."""

    status: int
    retry_after: timedelta | None


class Courier:
    """One process's share of the webhooks. Use it as an asynchronous context manager.

    Leaving it gives what is under way the time that it may take.

    Args:
        outbox: What is to be told.
        manner: How.
        clock: Tells the time of sending.
    """

    def __init__(
        self, outbox: Outbox, manner: Manner | None = None, *, clock: Clock | None = None
    ) -> None:
        self._outbox = outbox
        self._manner = manner or Manner()
        self._clock = clock or SystemClock()
        self._under_way: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin with what an earlier process has left."""
        self._loop = asyncio.create_task(again_and_again(self._look))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Take no more on, and let what is under way arrive."""
        if self._loop is not None:
            await cancelled([self._loop])
        if self._under_way:
            await asyncio.wait(self._under_way)
        if "_client" in vars(self):
            await self._client.aclose()

    async def _look(self) -> None:
        """Take on what is due, then wait for news."""
        free = self._manner.at_once - len(self._under_way)
        if free:
            for delivery in await self._outbox.due(free, self._manner.timeout + _MARGIN):
                task = asyncio.create_task(self._deliver(delivery))
                self._under_way.add(task)
                task.add_done_callback(self._has_ended)
        await self._outbox.news(await self._patience())

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._outbox.tell()  # there is a place, and maybe a time for another try

    async def _patience(self) -> timedelta:
        if len(self._under_way) >= self._manner.at_once:
            return self._manner.look
        due = await self._outbox.next_due()
        return self._manner.look if due is None else min(due, self._manner.look)

    async def _deliver(self, delivery: Delivery) -> None:
        """Send one, and have what became of it written down."""
        try:
            async with asyncio.timeout(self._manner.timeout.total_seconds()):
                answer = await self._send(delivery)
        except Invalid as refused:
            result = self._outbox.give_up(delivery, str(refused))
        except (httpx.HTTPError, OSError) as error:  # a timeout is one of the latter
            result = self._outbox.failed(delivery, f"{type(error).__name__} on the way")
        except Exception:  # noqa: BLE001 - an application of the user's, which is at fault
            _log.exception("a webhook cannot be sent", extra={"run_id": delivery.run_id})
            result = self._outbox.failed(delivery, "it cannot be sent")
        else:
            result = self._outbox.answered(delivery, *answer)
        try:
            await result
        except Unavailable as error:
            _log.warning("what became of a webhook cannot be written: %s", error)

    async def _send(self, delivery: Delivery) -> Answer:
        check_url(delivery.url, self._manner.policy)
        time = self._clock.now()
        body = delivery.body_at(time)
        headers = {
            **{name.lower(): value for name, value in self._manner.headers.items()},
            "content-type": "application/json",
            **self._manner.signer.headers(delivery.message_id, int(time.timestamp()), body),
        }
        if is_own_path(delivery.url):
            return await self._send_home(delivery.url, headers, body)
        return await self._send_out(httpx.URL(delivery.url), headers, body)

    async def _send_home(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if self._manner.own is None:
            raise Invalid("Webhook URL is a path, and this process serves none")
        client = httpx.AsyncClient(transport=self._manner.own, base_url=_OWN, trust_env=False)
        response = await client.post(path, headers=headers, content=body)
        return _answer_of(response)

    async def _send_out(self, url: httpx.URL, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send to one of the host's addresses, so that what was checked is what is called."""
        host = host_of(url)
        *others, last = await self._addresses(url, host)
        for address in others:
            try:
                return await self._post(url, host, address, headers, body)
            except httpx.ConnectError:
                continue
        return await self._post(url, host, last, headers, body)

    async def _post(
        self, url: httpx.URL, host: str, address: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            headers={**headers, "host": url.netloc.decode("ascii")},
            content=body,
            extensions={"sni_hostname": host},
        )
        response = await self._client.send(request, stream=True)
        await response.aclose()  # nobody reads what else is said
        return _answer_of(response)

    async def _addresses(self, url: httpx.URL, host: str) -> Sequence[str]:
        """Look a host up.

        Raises:
            Invalid: The policy does not allow one of its addresses.
        """
        addresses = await self._manner.resolve(host, port_of(url))
        for address in addresses:
            check_address(ip_address(address), host, self._manner.policy)
        return addresses

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        # A connection is checked for one host only, so none is kept for another at its address.
        limits = httpx.Limits(max_keepalive_connections=0)
        timeout = self._manner.timeout.total_seconds()
        return httpx.AsyncClient(limits=limits, timeout=timeout, trust_env=False)


def _answer_of(response: httpx.Response) -> Answer:
    wait = response.headers.get("retry-after", "")
    seconds = int(wait) if wait.isdecimal() and len(wait) < 8 else None  # noqa: PLR2004 - days
    return Answer(response.status_code, None if seconds is None else timedelta(seconds=seconds))
