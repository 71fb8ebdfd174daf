"""An issuer's public keys (JWKS, RFC 7517), from a file or from where the issuer publishes them."""

import json
import logging
import time
from asyncio import Lock
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from moorage.auth.algorithms import PUBLIC_KEY
from moorage.auth.reloading import Reloading
from moorage.errors import Misconfigured, Unavailable

log = logging.getLogger(__name__)

PublicKey = RSAKey | ECKey | OKPKey

FETCH_TIMEOUT = timedelta(seconds=5)
"""How long fetching the keys may take."""

LEAST_INTERVAL = timedelta(minutes=1)
"""Between two fetches: tokens with invented key ids must not make the service hammer its issuer."""

LEAST_INTERVAL_WITHOUT_KEYS = timedelta(seconds=5)
"""The same while there are no keys at all and every token is turned away."""

LONGEST_AGE = timedelta(minutes=10)
"""After which the keys are fetched again, so that a withdrawn one stops counting."""


@dataclass(frozen=True, eq=False)
class KeySet:
    """The public keys of one issuer at one time; compared by identity."""

    keys: tuple[PublicKey, ...]

    def candidates(self, kid: str | None, algorithm: str) -> tuple[PublicKey, ...]:
        """Return the keys that may have signed a token with this header."""
        kind = PUBLIC_KEY.get(algorithm)
        return tuple(
            key
            for key in self.keys
            if key.key_type == kind
            and (kid is None or key.kid == kid)
            and key.get("alg") in (None, algorithm)
        )

    def has(self, kid: str | None) -> bool:
        """Whether there is a key of this id; a token without an id asks for none."""
        return kid is None or any(key.kid == kid for key in self.keys)


class KeySource(Protocol):
    """Where an issuer's keys come from."""

    async def current(self, kid: str | None) -> KeySet:
        """Return the keys, after an effort to have one with the id ``kid``.

        Raises:
            Unavailable: There are none at the moment.
        """


def parse(content: bytes) -> KeySet:
    """Read a JWKS document. Keys that cannot verify a signature here are left out.

    Raises:
        Misconfigured: It is no JWKS document, or has no public key for signatures.
    """
    try:
        document = json.loads(content)
    except ValueError as error:
        raise Misconfigured("it is not JSON") from error
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise Misconfigured('it is no key set: the list "keys" is missing')
    found = tuple(key for key in map(_import, entries) if key is not None)
    if not found:
        raise Misconfigured("it has no public key for signatures")
    return KeySet(found)


def _import(entry: Any) -> PublicKey | None:
    if not isinstance(entry, dict) or entry.get("kty") not in PUBLIC_KEY.values():
        return None
    if entry.get("use", "sig") != "sig":
        return None
    try:
        key = import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        log.debug("a key of the set is left out: %s", type(error).__name__)
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


class KeyFile:
    """Keys from a file, read again when it changes.

    Raises:
        Misconfigured: The file cannot be read or is no JWKS document.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self._keys = Reloading(path, parse, now=now)

    async def current(self, kid: str | None) -> KeySet:  # noqa: ARG002 - a file has what it has
        """Return the keys of the file."""
        return self._keys.current()


class PublishedKeys:
    """Keys from the issuer's address, fetched when first needed and kept.

    They are fetched again after ten minutes, or for a token with an unknown key id, but not within
    a minute of the last time. While the issuer cannot be reached the known keys go on counting.

    Args:
        url: The issuer's ``jwks_uri``.
        now: A clock in seconds that never goes back.
    """

    def __init__(self, url: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._now = now
        self._keys: KeySet | None = None
        self._stale_at = 0.0
        self._not_before = 0.0
        self._fetching = Lock()

    async def current(self, kid: str | None) -> KeySet:
        """Return the keys, fetched anew if ``kid`` is unknown and the last time is a minute ago.

        Raises:
            Unavailable: They have never been fetched, and cannot be now.
        """
        if self._is_wanting(kid):
            async with self._fetching:
                if self._is_wanting(kid):
                    await self._fetch()
        if self._keys is None:
            raise Unavailable(
                "Tokens cannot be checked at the moment.",
                retry_after=max(1, round(self._not_before - self._now())),
            )
        return self._keys

    def _is_wanting(self, kid: str | None) -> bool:
        now = self._now()
        if now < self._not_before:
            return False
        return self._keys is None or now >= self._stale_at or not self._keys.has(kid)

    async def _fetch(self) -> None:
        try:
            self._keys = parse(await self._download())
            self._stale_at = self._now() + LONGEST_AGE.total_seconds()
        except (httpx.HTTPError, Misconfigured) as error:
            log.error("the keys of the token issuer cannot be fetched: %s", _reason(error))  # noqa: TRY400 - expected
        interval = LEAST_INTERVAL_WITHOUT_KEYS if self._keys is None else LEAST_INTERVAL
        self._not_before = self._now() + interval.total_seconds()

    async def _download(self) -> bytes:
        async with httpx.AsyncClient(timeout=FETCH_TIMEOUT.total_seconds()) as client:
            response = await client.get(self._url, headers={"accept": "application/json"})
            return response.raise_for_status().content


def _reason(error: Exception) -> str:
    """Say what went wrong without the address, which may contain a password."""
    if isinstance(error, Misconfigured):
        return str(error)
    if isinstance(error, httpx.HTTPStatusError):
        return f"the answer has status {error.response.status_code}"
    return type(error).__name__
