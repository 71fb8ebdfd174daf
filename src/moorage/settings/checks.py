"""What must hold between settings and in the world around them, beyond each field's own type."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from limits import parse_many

from moorage.auth import keys
from moorage.auth.algorithms import PUBLIC_KEY
from moorage.engine.signing import Signer
from moorage.errors import Misconfigured
from moorage.settings.problems import Problem

if TYPE_CHECKING:
    from moorage.settings.catalogue import Settings

_ORIGIN = re.compile(r"\*|https?://[^\s/*?#@]+")
_FRAMER = re.compile(r"self|https?://[A-Za-z0-9.*:\[\]-]+")
_REDIS = re.compile(r"(rediss?|unix)://.+")
_STORAGE = re.compile(r"memory://|(async\+)?(rediss?|unix)://.+")


def problems(settings: Settings) -> list[Problem]:
    """Return everything that is wrong; an empty list when the service may start."""
    checks = (_auth, _keys, _jwt, _files, _cors, _frames, _proxies, _limits, _storages, _webhooks)
    return [problem for check in checks for problem in check(settings)]


def _auth(settings: Settings) -> Iterator[Problem]:
    production = settings.environment == "production"
    if production and settings.auth_required is False:
        yield Problem(
            "auth_required", "production does not run without authentication", "remove it"
        )
    # Where it is demanded in so many words, the way may be code: create_app sees to that.
    if settings.auth_required is None and settings.requires_auth and not settings.can_authenticate:
        yield Problem(
            "auth_required",
            f"{settings.environment} needs authentication, and none is configured",
            "set MOORAGE_API_KEYS, MOORAGE_API_KEYS_FILE, MOORAGE_JWT_ISSUER"
            " or MOORAGE_AUTH_HANDLER",
        )
    has_credentials = settings.api_keys or settings.api_keys_file or _uses_jwt(settings)
    if settings.auth_handler and has_credentials:
        yield Problem(
            "auth_handler",
            "it takes the place of keys and tokens, and some are configured",
            "keep either",
        )


def _keys(settings: Settings) -> Iterator[Problem]:
    try:
        keys.distinct(map(keys.parse, settings.api_keys))
    except Misconfigured as error:
        yield Problem("api_keys", str(error), "run `moorage keys new NAME` and paste its hash")


def _uses_jwt(settings: Settings) -> bool:
    return bool(
        settings.jwt_issuer
        or settings.jwt_audience
        or settings.jwt_jwks_url
        or settings.jwt_jwks_file
    )


def _jwt(settings: Settings) -> Iterator[Problem]:
    unknown = [name for name in settings.jwt_algorithms if name not in PUBLIC_KEY]
    if unknown or not settings.jwt_algorithms:
        yield Problem(
            "jwt_algorithms",
            "only public-key signatures are accepted",
            f"choose from {', '.join(PUBLIC_KEY)}",
        )
    if not _uses_jwt(settings):
        return
    for name in ("jwt_issuer", "jwt_audience"):
        if not getattr(settings, name):
            yield Problem(name, "tokens cannot be checked without it", "set it")
    if not settings.jwt_jwks_url and not settings.jwt_jwks_file:
        yield Problem(
            "jwt_jwks_url",
            "tokens cannot be checked without keys",
            "set it, or MOORAGE_JWT_JWKS_FILE",
        )
    if settings.jwt_jwks_url and settings.jwt_jwks_file:
        yield Problem(
            "jwt_jwks_file", "the keys come from the URL or the file, not both", "keep one"
        )


def _files(settings: Settings) -> Iterator[Problem]:
    for name in ("api_keys_file", "jwt_jwks_file"):
        path: Path | None = getattr(settings, name)
        if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
            yield Problem(name, "there is no such file, or it cannot be read", "mend the path")


def _cors(settings: Settings) -> Iterator[Problem]:
    if not all(_ORIGIN.fullmatch(origin) for origin in settings.cors_origins):
        yield Problem(
            "cors_origins",
            "an origin is a scheme and a host, without a path",
            "write for example https://chat.example.com",
        )
    if "*" not in settings.cors_origins:
        return
    if settings.environment == "production":
        yield Problem("cors_origins", "production does not let every site in", "list the origins")
    if settings.cors_credentials:
        yield Problem(
            "cors_credentials",
            "credentials are not allowed together with the origin *",
            "list the origins or remove it",
        )


def _frames(settings: Settings) -> Iterator[Problem]:
    if not all(_FRAMER.fullmatch(one) for one in settings.frame_ancestors):
        yield Problem(
            "frame_ancestors",
            "an origin is a scheme and a host, without a path",
            "write for example self,https://portal.example.com",
        )


def _proxies(settings: Settings) -> Iterator[Problem]:
    for number, proxy in enumerate(settings.trusted_proxies, 1):
        if proxy in {"*", "unix"}:
            continue
        try:
            ip_network(proxy, strict=False)
        except ValueError:
            yield Problem(
                "trusted_proxies",
                f"entry {number} is no address and no network",
                "write for example 10.0.0.0/8",
            )


def _limits(settings: Settings) -> Iterator[Problem]:
    if settings.rate_limit and not _is_notation(settings.rate_limit):
        yield _bad_notation("rate_limit", "it is not a rate limit")
    for path, notation in settings.rate_limits.items():
        if not path.startswith("/"):
            yield _bad_notation("rate_limits", "a path begins with /")
        elif not _is_notation(notation):
            yield _bad_notation("rate_limits", f"{path} has no valid rate limit")


def _bad_notation(field: str, says: str) -> Problem:
    example = "10/minute;500/day" if field == "rate_limit" else "/agent=10/minute;500/day"
    return Problem(field, says, f"write for example {example}")


def _is_notation(notation: str) -> bool:
    try:
        return all(limit.amount > 0 for limit in parse_many(notation))
    except ValueError:
        return False


def _storages(settings: Settings) -> Iterator[Problem]:
    if settings.redis_url and not _REDIS.fullmatch(settings.redis_url.get_secret_value()):
        yield Problem("redis_url", "it is not a Redis URL", "write for example redis://host:6379/0")
    if settings.rate_limit_storage and not _STORAGE.fullmatch(settings.rate_limit_storage):
        yield Problem(
            "rate_limit_storage",
            "it is neither memory:// nor a Redis URL",
            "write for example redis://host:6379/1",
        )


def _webhooks(settings: Settings) -> Iterator[Problem]:
    if settings.webhook_secret is None:
        return
    try:
        Signer(settings.webhook_secret.get_secret_value().split())
    except Misconfigured:
        yield Problem(
            "webhook_secret",
            "it should be whsec_ and 24 to 64 bytes in base64",
            "make one with `echo whsec_$(openssl rand -base64 32)`",
        )
