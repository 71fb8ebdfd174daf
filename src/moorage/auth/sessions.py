"""Signed-in browsers: a credential sealed into the value of a cookie, and opened again."""

import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

SHORTEST_SECRET = 32
"""Characters that a secret for sessions must have."""

LONGEST_VALUE = 3_900
"""Characters of a sealed credential; browsers keep cookies of 4096 with name and attributes."""

_LABEL = b"moorage session"


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie holds. Its ``repr`` hides the credential.

    Attributes:
        credential: The API key or token that was exchanged for the cookie.
        expires_at: When the session ends, whatever the credential says.
    """

    credential: str = field(repr=False)
    expires_at: datetime


class Sessions:
    """Seals credentials, and opens what was sealed with the same secret.

    The value is a JSON Web Encryption (RFC 7516) with AES-256-GCM and a key derived from the
    secret: whoever holds the cookie can neither read nor change it. It keeps the credential and not
    the caller, who is found out anew for each request: a key that is removed and a token that
    expires end the session at once, and no process has to remember any.

    Args:
        secret: Of at least ``SHORTEST_SECRET`` random characters; the processes of one service
            share it.
        lifetime: How long a session lasts from when it was begun.
        now: The time in seconds since 1970.
    """

    def __init__(
        self, secret: str, lifetime: timedelta, *, now: Callable[[], float] = time.time
    ) -> None:
        self._key = hmac.digest(secret.encode(), _LABEL, "sha256")
        self._lifetime = lifetime.total_seconds()
        self._now = now

    def seal(self, credential: str) -> str:
        """Begin a session: return the cookie's value.

        Raises:
            ValueError: The credential is too long for a cookie.
        """
        # Imported here because it takes a tenth of a second, and few requests need it.
        from joserfc import jwe  # noqa: PLC0415
        from joserfc.jwk import OctKey  # noqa: PLC0415

        content = json.dumps({"credential": credential, "exp": self._now() + self._lifetime})
        header = {"alg": "dir", "enc": "A256GCM"}
        key = OctKey.import_key(self._key)
        value = jwe.encrypt_compact(header, content.encode(), key, algorithms=[*header.values()])
        if len(value) > LONGEST_VALUE:
            raise ValueError("the credential is too long for a cookie")
        return value

    def open(self, value: str) -> Session | None:
        """Return the session of a cookie; None for one that is over, or was not sealed here."""
        from joserfc import jwe  # noqa: PLC0415 - as above
        from joserfc.errors import JoseError  # noqa: PLC0415
        from joserfc.jwk import OctKey  # noqa: PLC0415

        if len(value) > LONGEST_VALUE:
            return None
        key = OctKey.import_key(self._key)
        try:
            opened = jwe.decrypt_compact(value, key, algorithms=["dir", "A256GCM"])
        except (JoseError, ValueError):
            return None
        content = json.loads(opened.plaintext or b"")  # nobody else could have sealed it
        if content["exp"] <= self._now():
            return None
        return Session(content["credential"], datetime.fromtimestamp(content["exp"], UTC))


@cache
def own_secret() -> str:
    """Return the random secret of this process, and of those that it forks later."""
    return secrets.token_urlsafe(48)
