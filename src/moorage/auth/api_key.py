"""Callers who show an API key."""

import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from moorage.auth import keys
from moorage.auth.interface import Credentials
from moorage.auth.key_file import parse_file
from moorage.auth.keys import ApiKey
from moorage.auth.reloading import Reloading
from moorage.domain.caller import Caller


@dataclass(frozen=True, slots=True)
class _Holder:
    digest: str
    caller: Caller


class ApiKeys:
    """Knows the holders of API keys, sent as ``X-Api-Key`` or ``Authorization: Bearer``.

    Only digests are held. A shown secret is hashed and its holder looked up by the digest, so the
    time taken tells nothing about any secret: who can choose the digest that a table is asked for
    has found a preimage of SHA-256. The final comparison takes constant time all the same.

    Args:
        entries: Keys in their one-line form, hashed.
        file: More keys, read again when the file changes (see ``key_file`` for what it may hold).
        now: A clock in seconds that never goes back.

    Raises:
        Misconfigured: A key is malformed, or two share a name or a secret.
    """

    def __init__(
        self,
        entries: Iterable[str] = (),
        *,
        file: Path | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        fixed = tuple(map(keys.parse, entries))
        self._holders = _holders(fixed)
        self._file = file and Reloading(
            file, lambda content: _holders((*fixed, *parse_file(file, content))), now=now
        )

    async def authenticate(self, credentials: Credentials) -> Caller | None:
        """Return the holder of either credential, or None when neither is a key of ours."""
        holders = self._file.current() if self._file else self._holders
        for secret in (credentials.api_key, credentials.bearer):
            if secret is not None:
                digest = keys.digest(secret)
                holder = holders.get(digest)
                if holder is not None and hmac.compare_digest(holder.digest, digest):
                    return holder.caller
        return None


def _holders(found: Iterable[ApiKey]) -> Mapping[str, _Holder]:
    return {
        key.digest: _Holder(
            key.digest, Caller(identity=key.name, method="api_key", scopes=key.scopes)
        )
        for key in keys.distinct(found)
    }
