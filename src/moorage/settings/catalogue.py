"""The settings themselves: every field with its default, its unit and a sentence."""

import logging
import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, SettingsConfigDict

from moorage.auth import keys
from moorage.auth.sessions import SHORTEST_SECRET
from moorage.errors import Misconfigured
from moorage.settings import checks, problems, text
from moorage.settings.layers import PREFIX, Variables, gather, process_environment

log = logging.getLogger("moorage.settings")

_OF_TOOLS = re.compile(f"{PREFIX}(TEST_.*|UI)")
"""The variables of the tests and of the build, which may be set where a service runs too."""

Duration = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=3650))]
"""Zero or more; written as seconds (``30``), with units (``1h30m``) or as ISO 8601 (``PT30S``)."""

Count = Annotated[int, Field(ge=0)]


class Settings(BaseSettings):
    """What the service is told about the place it runs in.

    Each field is set by the variable of its name in upper case after ``MOORAGE_``. Subclass it to
    add fields of your own; they are read, checked and shown in the same way.

    ``Settings(...)`` takes the process's variables and the values given; ``Settings.load()`` reads
    the files too, and is what a program that is starting wants.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        enable_decoding=False,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    environment: Literal["development", "staging", "production"] = Field(
        default="development",
        description="The stage: chooses `config/<environment>.env` and how strict the checks are.",
        examples=["production"],
    )
    title: str = Field(
        default="moorage",
        description="The service's name in its OpenAPI document and in `/info`.",
        examples=["support-agents"],
    )
    bind: str = Field(
        default="127.0.0.1:8000",
        description="The address and port that gunicorn listens on, or `unix:` and a path.",
        examples=["0.0.0.0:8000"],
        pattern=r"^(unix:.+|(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]*):\d{1,5})$",
    )
    workers: int = Field(
        default=4, ge=1, description="How many processes gunicorn starts.", examples=["4"]
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        default="INFO", description="The least level of message that is logged.", examples=["INFO"]
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="One JSON object a line, or lines for people; `auto` is `console` in"
        " development and `json` elsewhere.",
        examples=["json"],
    )

    auth_required: bool | None = Field(
        default=None,
        description="Whether a request must show a credential; unset, it must, except in"
        " development where no way to authenticate is configured. Production refuses `false`."
        " Say `true` where the way is code, given to `create_app`.",
        examples=["true"],
    )
    api_keys: Annotated[tuple[str, ...], text.Form(keys.split)] = Field(
        default=(),
        repr=False,
        description="API keys as hashes, `name:sha256:<64 hex digits>[:scope,scope]`, separated by"
        " spaces or commas; `moorage keys new NAME` makes one.",
        examples=[f"alice:sha256:{64 * '0'}:invoke,stream"],
    )
    api_keys_file: Path | None = Field(
        default=None,
        description="A file of API keys, one entry a line or TOML, as hashes or plain secrets; read"
        " again when it changes.",
        examples=["/run/secrets/api_keys"],
    )
    auth_handler: str = Field(
        default="",
        description="An authentication handler of your own, as `module:function`, in place of"
        " keys and tokens.",
        examples=["app.auth:authenticate"],
        pattern=r"^([A-Za-z_][\w.]*:[A-Za-z_][\w.]*)?$",
    )
    jwt_issuer: str | None = Field(
        default=None,
        description="The `iss` that a JSON Web Token must carry.",
        examples=["https://login.example.com/"],
    )
    jwt_audience: str | None = Field(
        default=None,
        description="The `aud` that a JSON Web Token must carry.",
        examples=["https://agents.example.com"],
    )
    jwt_jwks_url: HttpUrl | None = Field(
        default=None,
        description="Where the issuer publishes its keys (JWKS).",
        examples=["https://login.example.com/.well-known/jwks.json"],
    )
    jwt_jwks_file: Path | None = Field(
        default=None,
        description="A file with the issuer's keys (JWKS), in place of the URL.",
        examples=["/etc/moorage/jwks.json"],
    )
    jwt_algorithms: tuple[str, ...] = Field(
        default=("RS256", "ES256"),
        description="The signature algorithms accepted on tokens; public-key ones only.",
        examples=["RS256,ES256"],
    )
    session_secret: SecretStr | None = Field(
        default=None,
        min_length=SHORTEST_SECRET,
        description="What encrypts the cookies of signed-in browsers: 32 random characters or more,"
        " the same for all processes of a service (`openssl rand -base64 48` makes some). Unset, a"
        " new one with every start.",
        examples=[48 * "0"],
    )
    session_lifetime: Duration = Field(
        default=timedelta(hours=12),
        gt=timedelta(0),
        description="How long a browser stays signed in, in seconds.",
        examples=["8h"],
    )
    frame_ancestors: tuple[str, ...] = Field(
        default=(),
        description="The origins whose pages may show moorage's pages in a frame; `self` is the"
        " service's own. Unset, none may.",
        examples=["self,https://portal.example.com"],
    )

    cors_origins: tuple[str, ...] = Field(
        default=(),
        description="The origins whose pages may call the service from a browser, or `*` for any"
        " (refused in production).",
        examples=["https://chat.example.com,https://admin.example.com"],
    )
    cors_credentials: bool = Field(
        default=False,
        description="Whether those pages may send cookies and credentials.",
        examples=["true"],
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="The addresses and networks of proxies whose `X-Forwarded-*` headers are"
        " believed; `unix` for those on a Unix socket, `*` for any peer.",
        examples=["10.0.0.0/8,192.168.1.7"],
    )

    rate_limit: str = Field(
        default="",
        description="How many requests one client may make, in slowapi's notation; unset, as many"
        " as it likes.",
        examples=["60/minute;5000/day"],
    )
    rate_limits: Annotated[dict[str, str], text.Form(text.limits)] = Field(
        default={},
        description="Limits of their own for paths that begin with the given prefix, as"
        " `/path=notation` pairs or a JSON object.",
        examples=["/agent=10/minute;500/day /chain=5/second"],
    )
    rate_limit_storage: str = Field(
        default="",
        repr=False,
        description="The URL of the storage that counts requests; unset, `MOORAGE_REDIS_URL` if"
        " that is set, else this process's memory.",
        examples=["memory://"],
    )
    rate_limit_fail_open: bool = Field(
        default=True,
        description="Whether requests pass while the storage that counts them is out of reach.",
        examples=["false"],
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="The Redis that worker processes share.",
        examples=["redis://127.0.0.1:6379/0"],
    )

    max_body_bytes: int = Field(
        default=10 * 1024 * 1024,
        ge=1,
        description="The largest request body, in bytes.",
        examples=["10485760"],
    )
    max_concurrency: Count = Field(
        default=0,
        description="How many requests one process works on at once; 0 is no limit.",
        examples=["100"],
    )
    concurrency_wait: Duration = Field(
        default=timedelta(seconds=5),
        description="How long a request over that limit waits for a place before it gets a 503, in"
        " seconds.",
        examples=["5s"],
    )
    run_timeout: Duration = Field(
        default=timedelta(minutes=10),
        description="How long one run may take, in seconds; 0 is no limit.",
        examples=["10m"],
    )
    recursion_limit: Annotated[int, Field(ge=1)] = Field(
        default=25,
        validation_alias="LANGGRAPH_DEFAULT_RECURSION_LIMIT",
        description="How many steps one run of an agent may take, where neither the run's config"
        " nor the agent's own says.",
        examples=["100"],
    )
    run_slots: Annotated[int, Field(ge=1)] = Field(
        default=10,
        description="How many runs of agents one process works on at once; others wait. Stateless"
        " runs whose clients wait for them have as many places of their own.",
        examples=["10"],
    )
    run_crons: bool = Field(
        default=True,
        description="Whether the process begins the runs of crons when their time comes. They can"
        " be made and changed in any case.",
        examples=["false"],
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="The database of a project's agents: `sqlite:///path`, or `memory:`, which"
        " forgets everything in the end. Unset, `.moorage/moorage.db` beside the project file.",
        examples=["sqlite:////var/lib/moorage/moorage.db"],
    )
    sync_workers: Count = Field(
        default=0,
        description="How many threads run synchronous runnables in one process; 0 is 32 and four"
        " a processor.",
        examples=["16"],
    )

    stream_ttl: Duration = Field(
        default=timedelta(seconds=120),
        description="How long the events of a resumable run are kept after its end, for clients"
        " that come back to it, in seconds.",
        examples=["2m"],
    )
    run_retention: Duration | None = Field(
        default=None,
        description="How long runs that have ended are kept, in seconds; what they have left on"
        " their threads stays. Unset, for as long as the thread.",
        examples=["30d"],
    )
    thread_events: Count = Field(
        default=10_000,
        ge=1,
        description="How many events of a thread are kept in memory for clients of the newer"
        " streaming protocol that come late or come back.",
        examples=["2000"],
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="What proves to receivers that webhooks come from here: `whsec_` and 24 to 64"
        " bytes in base64, as Standard Webhooks wants it (`echo whsec_$(openssl rand -base64 32)`"
        " makes one). Several, separated by spaces, while receivers change from one to another."
        " Unset, webhooks are not signed.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    webhook_attempts: int = Field(
        default=8,
        ge=1,
        description="How often a webhook is tried before it is given up; the waits between grow"
        " from 2 seconds to an hour.",
        examples=["8"],
    )
    webhook_timeout: Duration = Field(
        default=timedelta(seconds=10),
        gt=timedelta(0),
        description="How long one try may take, in seconds.",
        examples=["10s"],
    )

    feedback: bool = Field(
        default=True,
        description="Whether feedback that is given on playgrounds is kept in a file.",
        examples=["false"],
    )
    feedback_file: Path = Field(
        default=Path(".moorage/feedback.db"),
        description="That file, on a local disk; made when the first feedback is given.",
        examples=["/var/lib/moorage/feedback.db"],
    )

    drain_delay: Duration = Field(
        default=timedelta(0),
        description="How long the service goes on accepting requests after SIGTERM while `/ready`"
        " says no, in seconds.",
        examples=["5s"],
    )
    grace_period: Duration = Field(
        default=timedelta(seconds=30),
        description="How long requests at work may take to finish after SIGTERM, in seconds.",
        examples=["30s"],
    )
    ready_timeout: Duration = Field(
        default=timedelta(seconds=2),
        description="How long one check of `/ready` may take, in seconds.",
        examples=["2s"],
    )
    ready_cache: Duration = Field(
        default=timedelta(seconds=2),
        description="How long an answer of `/ready` is given again without checking, in seconds.",
        examples=["2s"],
    )
    ready_model_check: bool = Field(
        default=False,
        description="Whether `/ready` calls the model; each check may cost money.",
        examples=["true"],
    )
    metrics: bool = Field(
        default=True,
        description="Whether `/metrics` is there, for Prometheus.",
        examples=["false"],
    )
    metrics_dir: Path | None = Field(
        default=None,
        validation_alias="PROMETHEUS_MULTIPROC_DIR",
        description="The directory in which the processes of one service add up their metrics, as"
        " prometheus_client wants it; `config/gunicorn.conf.py` makes one.",
        examples=["/run/moorage-metrics"],
    )
    metrics_public: bool | None = Field(
        default=None,
        description="Whether `/metrics` answers without a credential; unset, in development only.",
        examples=["true"],
    )
    docs: bool | None = Field(
        default=None,
        description="Whether `/docs` and `/openapi.json` are there; unset, except in production.",
        examples=["false"],
    )

    @property
    def is_development(self) -> bool:
        """Whether this is somebody's own machine."""
        return self.environment == "development"

    @property
    def requires_auth(self) -> bool:
        """Whether a request must show a credential.

        ``auth_required`` decides. If it is unset, it must, except in development where no way to
        authenticate is configured.
        """
        if self.auth_required is not None:
            return self.auth_required
        return self.can_authenticate or not self.is_development

    @property
    def can_authenticate(self) -> bool:
        """Whether keys, tokens or a handler are configured."""
        return any((self.api_keys, self.api_keys_file, self.jwt_issuer, self.auth_handler))

    @property
    def shows_docs(self) -> bool:
        """Whether the documentation is served: ``docs``, else not in production."""
        return self.environment != "production" if self.docs is None else self.docs

    @property
    def opens_metrics(self) -> bool:
        """Whether metrics need no credential: ``metrics_public``, else in development."""
        return self.is_development if self.metrics_public is None else self.metrics_public

    @property
    def logs_json(self) -> bool:
        """Whether log lines are JSON: ``log_format``, and ``auto`` is JSON but in development."""
        return self.log_format == "json" or (self.log_format == "auto" and not self.is_development)

    @property
    def counter_url(self) -> str:
        """Where requests are counted: ``rate_limit_storage``, else Redis, else memory.

        It may contain a password.
        """
        if self.rate_limit_storage or self.redis_url is None:
            return self.rate_limit_storage or "memory://"
        return self.redis_url.get_secret_value()

    @field_validator("*", mode="before")
    @classmethod
    def _read_text(cls, value: Any, info: Any) -> Any:
        field = cls.model_fields[info.field_name]
        return text.read(field, value) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if found := checks.problems(self):
            raise problems.contradiction(found)
        return self

    @classmethod
    def load(cls, stage_dir: str | Path = "config", **overrides: Any) -> Self:
        """Read the settings of this process, or end it with status 2.

        In rising order of precedence: defaults, ``<stage_dir>/<environment>.env``, ``.env``,
        ``.env.<environment>``, the process's variables, ``overrides``. Files that are absent are
        passed over; relative paths start at the working directory.

        Raises:
            SystemExit: Something is wrong. Each problem is one line on standard error that names
                the variable, the problem and the remedy, and repeats no value.
        """
        try:
            return cls.from_variables(cls.gather(stage_dir, **overrides), **overrides)
        except Misconfigured as error:
            stop(str(error))

    @classmethod
    def gather(cls, stage_dir: str | Path = "config", **overrides: Any) -> Variables:
        """Return the variables that ``load`` reads, and where each is set.

        Raises:
            Misconfigured: A file cannot be read.
        """
        return gather(
            process_environment(),
            root=Path(),
            stage_dir=Path(stage_dir),
            environment=overrides.get("environment"),
        )

    @classmethod
    def parse(cls, environ: Mapping[str, str], **overrides: Any) -> Self:
        """Make settings of the given variables only; the process and its files are not read.

        Raises:
            Misconfigured: Something is wrong; one line per problem.
        """
        return cls.from_variables(Variables.of(environ), **overrides)

    @classmethod
    def from_variables(cls, variables: Variables, **overrides: Any) -> Self:
        """Make settings of variables with known origins, which messages then name.

        A ``MOORAGE_…`` variable that no field reads is logged as a warning.

        Raises:
            Misconfigured: Something is wrong; one line per problem.
        """
        _warn_of_unknown(cls, variables)
        try:
            return cls(**{**_defaults(cls), **_given(cls, variables), **overrides})
        except ValidationError as error:
            message = "\n".join(problems.lines(error, cls, variables.origins))
            # Not chained: pydantic's error holds the values.
            raise Misconfigured(message) from None


def _defaults(model: type[Settings]) -> dict[str, Any]:
    """Return the defaults as values, which then win over the process's environment."""
    found = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in model.model_fields.items()
    }
    return {name: value for name, value in found.items() if value is not PydanticUndefined}


def _given(model: type[Settings], variables: Variables) -> dict[str, str]:
    named = {name: problems.variable(model, name) for name in model.model_fields}
    return {
        name: variables.values[variable]
        for name, variable in named.items()
        if variable in variables.values
    }


def _warn_of_unknown(model: type[Settings], variables: Variables) -> None:
    known = [problems.variable(model, name) for name in model.model_fields]
    for name in sorted(variables.values.keys() - known):
        if name.startswith(PREFIX) and not _OF_TOOLS.fullmatch(name):
            near = get_close_matches(name, known, n=1, cutoff=0)
            log.warning(
                "%s (set in %s) is not a setting; did you mean %s?",
                name,
                variables.origins[name],
                near[0],
            )


def stop(message: str) -> NoReturn:
    """End the process with status 2, after one line on standard error for each of the message's."""
    for line in message.splitlines():
        sys.stderr.write(f"moorage: {line}\n")
    raise SystemExit(2)
