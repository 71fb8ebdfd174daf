"""Callers who show a JSON Web Token (RFC 7519) of an issuer that the service trusts."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, JoseError
from joserfc.jws import JWSRegistry, extract_compact
from joserfc.jwt import JWTClaimsRegistry

from moorage.auth.algorithms import PUBLIC_KEY
from moorage.auth.interface import Credentials
from moorage.auth.jwks import KeySet, KeySource
from moorage.domain.caller import Caller
from moorage.errors import Misconfigured, Unauthenticated

DOTS = 2
"""In a signed token; what has as many is taken for one."""

REMEMBERED = 1024
"""How many verified tokens are remembered; checking a signature takes 0.1 to 0.3 ms."""


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    kid: str | None
    keys: KeySet
    until: int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must be to count.

    Attributes:
        issuer: Its ``iss``.
        audience: Its ``aud``, or one of them.
        algorithms: The accepted ``alg``; public-key signatures only.
        leeway: How far the issuer's clock and ours may differ.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    leeway: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        """Refuse algorithms with a shared secret, or none.

        Raises:
            Misconfigured: An algorithm is none that a public key can check.
        """
        if not self.algorithms or not PUBLIC_KEY.keys() >= set(self.algorithms):
            raise Misconfigured(f"algorithms for tokens are among {', '.join(PUBLIC_KEY)}")


class Tokens:
    """Knows the subjects of an issuer's tokens, sent as ``Authorization: Bearer``.

    A token must be signed by one of the issuer's keys with an accepted algorithm, carry the right
    ``iss`` and ``aud``, a ``sub``, and an ``exp`` that is not over; ``nbf`` and ``iat`` must not
    lie ahead. Its scopes are those of ``scope`` and ``scp``.

    Verified tokens are remembered until they expire or the issuer's keys change.

    Args:
        expected: What a token must be.
        keys: Where the issuer's keys come from: ``jwks.KeyFile`` or ``jwks.PublishedKeys``.
        now: The time in seconds since 1970.
    """

    def __init__(
        self, expected: Expected, keys: KeySource, *, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._now = now
        self._algorithms = expected.algorithms
        self._leeway = round(expected.leeway.total_seconds())
        # Unknown header parameters must be ignored (RFC 7515, section 4), which is not the default.
        self._signatures = JWSRegistry(algorithms=expected.algorithms, strict_check_header=False)
        self._claims = JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=self._leeway,
            iss={"essential": True, "value": expected.issuer},
            aud={"essential": True, "value": expected.audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def authenticate(self, credentials: Credentials) -> Caller | None:
        """Return the subject of the bearer token, or None when it is no token.

        Raises:
            Unauthenticated: It is a token, and not one that counts here and now.
            Unavailable: The issuer's keys are out of reach.
        """
        token = credentials.bearer
        if token is None or token.count(".") != DOTS:
            return None
        if not token.isascii():
            raise Unauthenticated("The token is malformed.")
        fingerprint = sha256(token.encode()).digest()
        return await self._recall(fingerprint) or await self._verify(token, fingerprint)

    async def _recall(self, fingerprint: bytes) -> Caller | None:
        known = self._verified.get(fingerprint)
        if known is None:
            return None
        if self._now() < known.until and await self._keys.current(known.kid) is known.keys:
            return known.caller
        self._verified.pop(fingerprint, None)
        return None

    async def _verify(self, token: str, fingerprint: bytes) -> Caller:
        header = self._header(token)
        kid = header.get("kid")
        keys = await self._keys.current(kid if isinstance(kid, str) else None)
        claims = self._checked(token, header, keys)
        caller = _caller(claims)
        until = claims["exp"] + self._leeway
        self._verified[fingerprint] = _Verified(caller, kid, keys, until)
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
        return caller

    def _header(self, token: str) -> Mapping[str, Any]:
        try:
            header = extract_compact(token.encode(), registry=self._signatures).headers()
        except (JoseError, ValueError) as error:
            raise Unauthenticated("The token is malformed.") from error
        if header.get("alg") not in self._algorithms:
            raise Unauthenticated("The token's signature algorithm is not accepted.")
        return header

    def _checked(self, token: str, header: Mapping[str, Any], keys: KeySet) -> dict[str, Any]:
        try:
            claims = self._signed(token, header, keys)
            self._claims.validate(claims)
        except ExpiredTokenError as error:
            raise Unauthenticated("The token has expired.") from error
        except ClaimError as error:
            raise Unauthenticated(f"The token is refused for its claim {error.claim}.") from error
        except (JoseError, ValueError) as error:
            raise Unauthenticated("The token is not valid.") from error
        return claims

    def _signed(self, token: str, header: Mapping[str, Any], keys: KeySet) -> dict[str, Any]:
        for key in keys.candidates(header.get("kid"), header["alg"]):
            try:
                return jwt.decode(token, key, registry=self._signatures).claims
            except BadSignatureError:
                continue
        raise Unauthenticated("The token's signature is not the issuer's.")


def _caller(claims: Mapping[str, Any]) -> Caller:
    names = (claims.get(name) for name in ("name", "preferred_username", "email"))
    return Caller(
        identity=claims["sub"],
        method="jwt",
        scopes=_words(claims.get("scope")) | _words(claims.get("scp")),
        display_name=next((name for name in names if isinstance(name, str) and name), ""),
        claims=claims,
    )


def _words(claim: Any) -> frozenset[str]:
    """Read scopes written as words (RFC 8693, section 4.2) or, as some issuers do, as a list."""
    if isinstance(claim, str):
        return frozenset(claim.split())
    if isinstance(claim, list):
        return frozenset(word for word in claim if isinstance(word, str))
    return frozenset()
