"""API keys as records: a name, the digest of a secret, scopes, and their one-line written form.

The written form is ``name:sha256:<64 hex digits>[:scope,scope]``. A plain SHA-256 is enough,
without salt or stretching, because the secrets are random and long (256 bits from ``new_secret``;
a file's plain secrets must have 20 characters): there is no dictionary to try. Never hash a
password like this.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from moorage.errors import Misconfigured

SHORTEST_SECRET = 20
"""Characters that a secret written in plain must have."""

FORM = "name:sha256:<64 hex digits>[:scope,scope]"
"""The written form of a key, for messages."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")
SCOPE = re.compile(r"[A-Za-z0-9*][A-Za-z0-9._:/*-]{0,127}")
_PARTS = 3
_SECRET = re.compile(rf"[!-~]{{{SHORTEST_SECRET},4096}}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One client's key. It holds the secret's digest, never the secret.

    Attributes:
        name: Who the key was given to; the caller's identity.
        digest: SHA-256 of the secret, 64 lower-case hexadecimal digits.
        scopes: What the key allows; empty allows everything.
    """

    name: str
    digest: str
    scopes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what could not be written down and read again.

        Raises:
            Misconfigured: A name, digest or scope is malformed. The message never repeats it.
        """
        if not NAME.fullmatch(self.name):
            raise Misconfigured("a key's name is made of letters, digits and . _ @ -")
        if not _DIGEST.fullmatch(self.digest):
            raise Misconfigured("a key's digest is 64 hexadecimal digits")
        if not all(SCOPE.fullmatch(scope) for scope in self.scopes):
            raise Misconfigured("a key's scopes are made of letters, digits and . _ : / * -")

    def __str__(self) -> str:
        """Write the key in its one-line form."""
        scopes = ":" + ",".join(sorted(self.scopes)) if self.scopes else ""
        return f"{self.name}:sha256:{self.digest}{scopes}"


def new_secret() -> str:
    """Return a fresh secret of 256 random bits, recognisable by its prefix."""
    return f"moorage_{secrets.token_urlsafe(32)}"


def digest(secret: str) -> str:
    """Return the SHA-256 of ``secret`` as hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of_plain(secret: str) -> str:
    """Return the digest of a secret that somebody wrote down in plain.

    Raises:
        Misconfigured: It is too short to be random, or cannot be sent in a header.
    """
    if not _SECRET.fullmatch(secret):
        raise Misconfigured(
            f"a secret has at least {SHORTEST_SECRET} printable ASCII characters, none a space;"
            " take a random one"
        )
    return digest(secret)


def parse(entry: str, *, allow_plain: bool = False) -> ApiKey:
    """Read a key from its one-line form.

    Args:
        entry: The line.
        allow_plain: Whether ``name:plain:<secret>[:scope,scope]`` is good too. The secret then has
            no colon in it.

    Raises:
        Misconfigured: The entry has another form. The message does not repeat the entry, which may
            be a secret in the wrong place.
    """
    parts = entry.strip().split(":", 3)
    if len(parts) < _PARTS or parts[1] not in (("sha256", "plain") if allow_plain else ("sha256",)):
        raise Misconfigured(f"a key is written {FORM}")
    name, form, value, *scopes = parts
    return ApiKey(
        name=name,
        digest=value.lower() if form == "sha256" else digest_of_plain(value),
        scopes=_scopes(*scopes),
    )


def _scopes(written: str | None = None) -> frozenset[str]:
    """Read what follows the third colon; nothing after it is refused: is it none, or all?"""
    if written == "":
        raise Misconfigured("scopes are missing after the colon; remove it to allow everything")
    return frozenset(written.split(",")) if written else frozenset()


def split(text: str) -> list[str]:
    """Cut a list of entries at spaces and at the commas that do not separate scopes."""
    entries: list[str] = []
    for piece in text.split():
        start = len(entries)
        for part in filter(None, piece.split(",")):
            if len(entries) > start and _continues(entries[-1], part):
                entries[-1] += f",{part}"
            else:
                entries.append(part)
    return entries


def _continues(entry: str, part: str) -> bool:
    return entry.count(":") >= _PARTS and ":sha256:" not in part


def distinct(keys: Iterable[ApiKey]) -> tuple[ApiKey, ...]:
    """Return the keys, each of which has a name and a secret of its own.

    Raises:
        Misconfigured: Two keys share a name, or a secret.
    """
    found = tuple(keys)
    names: set[str] = set()
    owners: dict[str, str] = {}
    for key in found:
        if key.name in names:
            raise Misconfigured(f"two API keys are named {key.name}; rename or remove one")
        if key.digest in owners:
            raise Misconfigured(
                f"API keys {owners[key.digest]} and {key.name} have the same secret; replace one"
            )
        names.add(key.name)
        owners[key.digest] = key.name
    return found
