"""Builds the parts of a service from its settings: from one value each to one object each."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog
from starlette.middleware import Middleware

from moorage import importing
from moorage.auth.api_key import ApiKeys
from moorage.auth.chain import Chain
from moorage.auth.custom import Custom, Handler
from moorage.auth.interface import Authenticator
from moorage.auth.sessions import Sessions, own_secret
from moorage.edge import probes, sessions
from moorage.edge.identification import Identification
from moorage.edge.metrics import Metrics
from moorage.edge.middleware.cors import CrossOrigin
from moorage.edge.openapi import KEYS, Security
from moorage.edge.probes import Check, Readiness
from moorage.engine.access import Rule
from moorage.errors import Misconfigured
from moorage.lifecycle import Lifecycle
from moorage.limits import RateLimits, open_counter
from moorage.observability.logs import Style
from moorage.settings import Settings
from moorage.storage.feedback import FeedbackFile
from moorage.ui.files import BuiltPages
from moorage.ui.pages import WebPages

if TYPE_CHECKING:  # a project file takes 30 ms to import, and not every service has one
    from moorage.project import Project

log = structlog.get_logger("moorage.opening")


def as_told(settings: Settings, project: "Project | None") -> Settings:
    """Return the settings, without what a project says must not be published."""
    if project is None or not project.http.disable_meta:
        return settings
    return settings.model_copy(update={"docs": False, "metrics": False})


def log_style(settings: Settings) -> Style:
    """Return the form of the log's lines."""
    return "json" if settings.logs_json else "console"


def own_authentication(settings: Settings, handler: Handler | None) -> Custom | None:
    """Return the user's own authentication: the one given, or else the one that is named.

    Raises:
        Misconfigured: There is none of that name, it is no async function, or authentication is
            demanded and there is no way at all.
    """
    if handler is None and settings.requires_auth and settings.auth_handler:
        handler = importing.load(settings.auth_handler)
    if handler is None and settings.requires_auth and not settings.can_authenticate:
        raise Misconfigured(
            "MOORAGE_AUTH_REQUIRED: no way to authenticate is configured; set MOORAGE_API_KEYS,"
            " MOORAGE_API_KEYS_FILE, MOORAGE_JWT_ISSUER or MOORAGE_AUTH_HANDLER, or give"
            " `authenticate` to create_app"
        )
    return Custom(handler) if handler else None


def project_auth(project: "Project | None") -> tuple[Handler | None, Rule | None]:
    """Return how a project finds its callers, and what it lets them do; None where it says nothing.

    Raises:
        Misconfigured: Its ``Auth`` object cannot be imported, or is none.
    """
    if project is None or (auth := project.auth) is None or auth.path is None:
        return None, None
    # Imported here because langgraph_sdk takes a tenth of a second.
    from moorage.auth.langgraph import Remembrance, load  # noqa: PLC0415

    project.apply()
    cache = auth.cache
    found = load(
        auth.path,
        Remembrance(cache.cache_keys, cache.ttl_seconds, cache.max_size) if cache else None,
    )
    return found.authenticate, found.rules


def authenticator(settings: Settings) -> Authenticator | None:
    """Return what knows keys and tokens; None where no credential is asked for.

    Raises:
        Misconfigured: A file of keys cannot be read.
    """
    if not settings.requires_auth:
        return None
    keys = ApiKeys(settings.api_keys, file=settings.api_keys_file)
    return Chain(keys, _tokens(settings)) if settings.jwt_issuer else keys


def identification(settings: Settings, handler: Handler | None) -> Identification:
    """Return what finds out who is calling: by keys and tokens, or by the user's own handler.

    Raises:
        Misconfigured: There is no way where one is demanded, or it cannot be loaded.
    """
    own = own_authentication(settings, handler)
    known = authenticator(settings)
    if own is None and known is None:
        return Identification()
    given = settings.session_secret
    secret = given.get_secret_value() if given else own_secret()
    return Identification(known, own, Sessions(secret, settings.session_lifetime))


def callers(
    settings: Settings, handler: Handler | None, project: "Project | None"
) -> tuple[Identification, Rule | None]:
    """Return what finds out who is calling, and what a project lets them do, if it says.

    The handler that is given goes before the project's own, and that before keys and tokens.

    Raises:
        Misconfigured: There is no way where one is demanded, or it cannot be loaded.
    """
    own, rule = project_auth(project)
    return identification(settings, handler or own), rule


def security(project: "Project | None") -> Security:
    """Return what the OpenAPI document says about credentials: the project's words, or ours."""
    if project is None or (auth := project.auth) is None or (said := auth.openapi) is None:
        return KEYS
    return Security(said.securitySchemes, said.security, said.paths)


def cross_origin(settings: Settings, project: "Project | None") -> Middleware | None:
    """Return what lets pages of other origins call: as the project says, or the settings."""
    if project is None or (said := project.http.cors) is None:
        if not settings.cors_origins:
            return None
        return Middleware(
            CrossOrigin, origins=settings.cors_origins, credentials=settings.cors_credentials
        )
    return Middleware(
        CrossOrigin,
        origins=said.allow_origins,
        pattern=said.allow_origin_regex,
        credentials=said.allow_credentials,
        methods=said.allow_methods,
        headers=said.allow_headers,
        exposed=said.expose_headers,
        max_age=said.max_age,
    )


def web_pages(settings: Settings, identification: Identification) -> WebPages:
    """Return the pages of the service."""
    return WebPages(
        BuiltPages(),
        framed_by=["'self'" if one == "self" else one for one in settings.frame_ancestors],
        signs_in=identification.sessions is not None,
    )


def feedback(settings: Settings) -> FeedbackFile | None:
    """Return where feedback is kept; None where it is off, or cannot be written."""
    if not settings.feedback:
        return None
    file = FeedbackFile(settings.feedback_file)
    if file.is_writable():
        return file
    log.warning("no feedback is kept: MOORAGE_FEEDBACK_FILE cannot be written")
    return None


def warnings(
    settings: Settings, identification: Identification, feedback: FeedbackFile | None
) -> list[str]:
    """Return what the operator should know, as the console shows it."""
    found = []
    if settings.feedback and feedback is None:
        found.append("No feedback is kept: MOORAGE_FEEDBACK_FILE cannot be written.")
    elif feedback and not settings.is_development and not settings.feedback_file.is_absolute():
        found.append(
            "Feedback is kept in the working directory and may go with it:"
            " MOORAGE_FEEDBACK_FILE is not set."
        )
    if identification.is_off:
        found.append("Everybody may call this service: no way to authenticate is configured.")
    elif settings.session_secret is None and not settings.is_development:
        found.append(
            "Browsers are signed out when the service starts again, and by each other machine that"
            " answers: MOORAGE_SESSION_SECRET is not set."
        )
    has_limits = settings.rate_limit or settings.rate_limits
    if has_limits and settings.workers > 1 and settings.counter_url.startswith("memory"):
        found.append("Each process counts rate limits for itself: MOORAGE_REDIS_URL is not set.")
    return found


def rate_limits(settings: Settings, metrics: Metrics | None) -> RateLimits:
    """Return the policy for rates, with the counter that it needs."""
    return RateLimits(
        settings.rate_limit,
        settings.rate_limits,
        counter=open_counter(settings.counter_url),
        fails_open=settings.rate_limit_fail_open,
        on_failure=metrics.redis_failures.inc if metrics else _ignore,
    )


def refusal_counter(metrics: Metrics | None) -> Callable[[], None]:
    """Return what counts the requests that a rate limit refused."""
    return metrics.rate_limited.inc if metrics else _ignore


def readiness(settings: Settings, checks: Mapping[str, Check], lifecycle: Lifecycle) -> Readiness:
    """Return what ``/ready`` asks: the user's checks, and Redis where it is used.

    Rate limits that fail open do not need Redis, and a lost one must not take every process out of
    service at once: the check is reported then, and not required.
    """
    asked = {
        name: check
        for name, check in checks.items()
        if name != "model" or settings.ready_model_check
    }
    if url := _redis_url(settings):
        asked.setdefault("redis", probes.redis_check(url))
    return Readiness(
        asked,
        lifecycle=lifecycle,
        timeout=settings.ready_timeout,
        cache=settings.ready_cache,
        optional=frozenset({"redis"} if settings.rate_limit_fail_open else ()),
    )


def open_pages(settings: Settings, added: frozenset[str]) -> frozenset[str]:
    """Return the paths that need no credential.

    They are probes, signing in, what the settings open, and what clients of agents look at first.
    """
    documents = (
        {"/docs", "/docs/oauth2-redirect", "/openapi.json"} if settings.shows_docs else set()
    )
    numbers = {probes.METRICS_PATH} if settings.opens_metrics else set()
    return probes.PATHS | {sessions.PATH} | documents | numbers | added


def _tokens(settings: Settings) -> Authenticator:
    # Imported here because it takes a tenth of a second, and few services use tokens.
    from moorage.auth.jwks import KeyFile, PublishedKeys  # noqa: PLC0415
    from moorage.auth.jwt import Expected, Tokens  # noqa: PLC0415

    if not (settings.jwt_issuer and settings.jwt_audience):
        raise Misconfigured("tokens need an issuer and an audience; set MOORAGE_JWT_AUDIENCE")
    keys = (
        KeyFile(settings.jwt_jwks_file)
        if settings.jwt_jwks_file
        else PublishedKeys(str(settings.jwt_jwks_url))
    )
    expected = Expected(
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        algorithms=settings.jwt_algorithms,
    )
    return Tokens(expected, keys)


def _redis_url(settings: Settings) -> str | None:
    if settings.redis_url:
        return settings.redis_url.get_secret_value()
    return settings.counter_url if settings.counter_url.startswith(("redis", "unix")) else None


def _ignore() -> None:
    pass
