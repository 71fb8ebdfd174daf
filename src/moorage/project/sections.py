"""What may stand in a project file: every key, its form, and what becomes of it.

The sections are read by pydantic, which finds all problems at once; the reference page is made
from the fields.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    PlainValidator,
    ValidationInfo,
    model_validator,
)
from pydantic.dataclasses import dataclass, is_pydantic_dataclass
from pydantic.fields import FieldInfo

from moorage.importing import ObjectReference
from moorage.project import references
from moorage.project.problems import problem

State = Literal["supported", "accepted and ignored", "not yet"]
"""What becomes of a key. For one that is not supported yet there is a warning."""

_NEVER_CONFIGURABLE = ("x-api-key", "x-tenant-id", "x-service-key")
_ID = re.compile(r"\w[\w .@-]*")
_TEMPLATE = re.compile(r"\$\{\{\s*env\.(\w+)\s*\}\}")


def _key(
    description: str,
    *,
    default: Any = None,
    example: Any = None,
    state: State = "supported",
    names: tuple[str, str] | None = None,
) -> Any:
    options: dict[str, Any] = {
        "description": description,
        "json_schema_extra": {"state": state, "example": example, "also": names and names[1]},
    }
    if names:
        options["validation_alias"] = AliasChoices(*names)
    if isinstance(default, type):
        return Field(default_factory=default, **options)
    return Field(default, **options)


def _minutes(value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise problem("it should be a number of minutes above 0", "write for example 60")
    try:
        return timedelta(minutes=value)
    except OverflowError:
        raise problem("it is too long a time", "write for example 60") from None


def _seconds(value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise problem("it should be a number of seconds above 0", "write for example 300")
    try:
        return timedelta(seconds=value)
    except OverflowError:
        raise problem("it is too long a time", "write for example 300") from None


def _modules(value: Any) -> tuple[tuple[str, ...], ...] | bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list) and all(_is_texts(entry) for entry in value):
        return tuple(tuple(entry) for entry in value)
    raise problem(
        "it should be true, false, null or a list of lists of names",
        'write for example [["my_agent.models", "State"]]',
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise problem(
            "it is no regular expression", r"write for example https://.*\.example\.com"
        ) from error
    return value


def _prefix(value: str) -> str:
    prefix = value.rstrip("/")
    if not re.fullmatch(r"(/[\w.~-]+)*", prefix):
        raise problem(
            "it should be a path that begins with / and has no end", "write for example /api"
        )
    return prefix


def _environment(value: Any) -> str | Mapping[str, str]:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise problem(
            "it should be a table of variables, or the path of a file", "write for example .env"
        )
    bad = [name for name, one in value.items() if not isinstance(one, str | int | float)]
    if bad:
        raise problem(
            f"the variables {', '.join(bad)} should be text, numbers or true or false", "mend them"
        )
    found = {name: as_text(one) for name, one in value.items()}
    if not all(map(_can_be_set, found.items())):
        raise problem("a name or a value is none of a variable", "mend it")
    return found


def _can_be_set(variable: tuple[str, str]) -> bool:
    name, value = variable
    return bool(name) and "=" not in name and "\0" not in name + value


def as_text(value: str | float) -> str:
    """Write a value of ``env`` as a variable holds it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _entry(value: Any) -> Any:
    if isinstance(value, str):
        return {"path": value}
    if isinstance(value, dict):
        return value
    raise problem(
        "it should be a reference to a graph, or a table with its path",
        "write for example ./agent.py:graph",
    )


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise problem(
            "an id begins with a letter or digit, and has only these and . _ - @ and blanks",
            "choose another",
        )
    return value


def _any_graph(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if not value:
        raise problem("it names no graph", 'write for example {"agent": "./agent.py:graph"}')
    return value


Minutes = Annotated[timedelta, PlainValidator(_minutes)]
Seconds = Annotated[timedelta, PlainValidator(_seconds)]
Modules = Annotated[tuple[tuple[str, ...], ...] | bool | None, PlainValidator(_modules)]
Reference = Annotated[ObjectReference, PlainValidator(references.parse)]
Embeddings = Annotated[ObjectReference | str, PlainValidator(references.parse_embeddings)]


@dataclass(frozen=True)
class GraphEntry:
    """One of ``graphs``."""

    path: Reference = _key("The graph.", default=..., example="./agent.py:graph")
    description: str | None = _key("What it does; shown to clients.", example="Answers questions.")


@dataclass(frozen=True)
class Index:
    """``store.index``: semantic search in the store."""

    dims: Annotated[int, Field(gt=0)] = _key(
        "The length of the vectors.", default=..., example=1536
    )
    embed: Embeddings = _key(
        "The model as `provider:model`, or a function of the project.",
        default=...,
        example="openai:text-embedding-3-small",
    )
    fields: tuple[str, ...] | None = _key(
        "Which fields of an item are embedded; all of it by default.", example=["title", "text"]
    )


@dataclass(frozen=True)
class ItemTTL:
    """``store.ttl``: how long items live."""

    refresh_on_read: bool = _key(
        "Whether reading an item renews its time.", default=True, example=True
    )
    default_ttl: Minutes | None = _key("Minutes that a new item lives.", example=10080)
    sweep_interval_minutes: Minutes | None = _key(
        "Minutes between two rounds that remove what has expired.", example=60
    )


@dataclass(frozen=True)
class Store:
    """``store``: the long-term memory."""

    index: Index | None = _key("Semantic search.")
    ttl: ItemTTL | None = _key("How long items live.")


@dataclass(frozen=True)
class ThreadTTL:
    """``checkpointer.ttl``: how long threads live."""

    strategy: Literal["delete", "keep_latest"] = _key(
        "Whether the thread goes, or only its older checkpoints.",
        default="delete",
        example="delete",
    )
    default_ttl: Minutes | None = _key(
        "Minutes that a thread lives after its last run.", example=43200
    )
    sweep_interval_minutes: Minutes | None = _key(
        "Minutes between two rounds that remove what has expired.", example=60
    )
    sweep_limit: Annotated[int, Field(gt=0)] = _key(
        "Threads that one round removes at most.", default=1000, example=1000
    )


@dataclass(frozen=True)
class Serde:
    """``checkpointer.serde``: which of the project's types checkpoints may hold."""

    allowed_json_modules: Modules = _key(
        "Types that may be made from JSON; `true` for all.", example=[["my_agent", "State"]]
    )
    allowed_msgpack_modules: Modules = _key(
        "Types that may be made from msgpack; `true` for all, `null` for known ones only.",
        default=True,
        example=[["my_agent", "State"]],
    )
    pickle_fallback: bool = _key(
        "Whether what has no other form is pickled.", default=True, example=False
    )


@dataclass(frozen=True)
class Checkpointer:
    """``checkpointer``: how the state of threads is kept."""

    path: Reference | None = _key(
        "A checkpointer of the project's own: an async context manager that yields it.",
        example="./checkpointer.py:open_checkpointer",
        state="not yet",
    )
    ttl: ThreadTTL | None = _key("How long threads live.")
    serde: Serde = _key("Which types checkpoints may hold.", default=Serde)


@dataclass(frozen=True)
class Cors:
    """``http.cors``: which other sites may call."""

    allow_origins: tuple[str, ...] = _key(
        "Sites.", default=(), example=["https://chat.example.com"]
    )
    allow_methods: tuple[str, ...] = _key("Methods.", default=("*",), example=["GET", "POST"])
    allow_headers: tuple[str, ...] = _key("Request headers.", default=("*",), example=["*"])
    allow_credentials: bool = _key("Whether cookies are let through.", default=False, example=False)
    allow_origin_regex: Annotated[str, AfterValidator(_pattern)] | None = _key(
        "Sites, as a regular expression.", example="https://.*\\.example\\.com"
    )
    expose_headers: tuple[str, ...] = _key(
        "Response headers that scripts may read, beside those that clients need.",
        default=(),
        example=["x-request-id"],
    )
    max_age: Annotated[int, Field(ge=0)] = _key(
        "Seconds that browsers remember the answer.", default=600, example=600
    )


@dataclass(frozen=True)
class HeaderPatterns:
    """``http.configurable_headers`` and ``http.logging_headers``: a choice of request headers."""

    includes: tuple[str, ...] | None = _key(
        "Names that are chosen; `*` stands for anything.",
        example=["x-tenant"],
        names=("includes", "include"),
    )
    excludes: tuple[str, ...] | None = _key(
        "Names that are left out; goes before `includes`.",
        example=["*key*"],
        names=("excludes", "exclude"),
    )

    def choose(self, name: str) -> bool:
        """Tell whether a header is chosen. The case of its name does not count."""
        lower = name.lower()
        return not _matches(lower, self.excludes) and _matches(lower, self.includes)


def _matches(name: str, patterns: tuple[str, ...] | None) -> bool:
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns or ())


_NO_HEADERS = HeaderPatterns()


@dataclass(frozen=True)
class Http:
    """``http``: what is published, and how."""

    app: Reference | None = _key(
        "A Starlette or FastAPI application whose routes, middleware and lifespan are added.",
        example="./web.py:app",
    )
    disable_assistants: bool = _key("Leave out `/assistants`.", default=False, example=True)
    disable_threads: bool = _key("Leave out `/threads`.", default=False, example=True)
    disable_runs: bool = _key("Leave out `/runs`.", default=False, example=True)
    disable_store: bool = _key("Leave out `/store`.", default=False, example=True)
    disable_mcp: bool = _key(
        "Leave out `/mcp`, which is not there yet.",
        default=False,
        example=True,
        state="accepted and ignored",
    )
    disable_a2a: bool = _key(
        "Leave out `/a2a`, which is not there yet.",
        default=False,
        example=True,
        state="accepted and ignored",
    )
    disable_meta: bool = _key(
        "Leave out `/info`, `/metrics`, `/docs` and `/openapi.json`.", default=False, example=True
    )
    disable_ui: bool = _key(
        "Leave out `/ui`, which is not there yet.",
        default=False,
        example=True,
        state="accepted and ignored",
    )
    disable_webhooks: bool = _key("Send no webhooks.", default=False, example=True)
    cors: Cors | None = _key("Which other sites may call.")
    configurable_headers: HeaderPatterns | None = _key(
        "Request headers that runs find in `configurable`; none by default.",
        names=("configurable_headers", "configurable-headers"),
    )
    logging_headers: HeaderPatterns | None = _key(
        "Request headers that the log shows; none by default.",
        names=("logging_headers", "logging-headers"),
    )
    middleware_order: Literal["middleware_first", "auth_first"] = _key(
        "Whether the application's middleware comes before authentication.",
        default="middleware_first",
        example="auth_first",
    )
    enable_custom_route_auth: bool = _key(
        "Whether the application's routes need authentication too.", default=False, example=True
    )
    mount_prefix: Annotated[str, AfterValidator(_prefix)] = _key(
        "What every path begins with.", default="", example="/api"
    )

    def gives_to_runs(self, header: str) -> bool:
        """Tell whether runs find a request header in ``configurable``.

        The headers that carry the service's own keys never are, unless they are named in full.
        """
        chosen = self.configurable_headers or _NO_HEADERS
        name = header.lower()
        if name in _NEVER_CONFIGURABLE and name not in map(str.lower, chosen.includes or ()):
            return False
        return chosen.choose(name)


@dataclass(frozen=True)
class Security:
    """``auth.openapi``: what the OpenAPI document says about authentication."""

    securitySchemes: dict[str, dict[str, Any]] = _key(  # noqa: N815 - OpenAPI's name
        "The schemes.", default=dict, example={"key": {"type": "http", "scheme": "bearer"}}
    )
    security: tuple[dict[str, list[str]], ...] = _key(
        "What every path asks for.", default=(), example=[{"key": []}]
    )
    paths: dict[str, dict[str, list[dict[str, list[str]]]]] = _key(
        "What single paths and methods ask for.",
        default=dict,
        example={"/threads": {"GET": [{"key": []}]}},
    )


@dataclass(frozen=True)
class AuthCache:
    """``auth.cache``: how long the answer of the project's handler holds."""

    cache_keys: tuple[str, ...] = _key(
        "The headers that tell callers apart; without any, every request is asked about.",
        default=(),
        example=["authorization"],
    )
    ttl_seconds: Seconds = _key(
        "Seconds that an answer holds.", default=timedelta(minutes=5), example=300
    )
    max_size: Annotated[int, Field(gt=0)] = _key(
        "Answers that are kept.", default=1000, example=1000
    )


@dataclass(frozen=True)
class Auth:
    """``auth``: the project's own authentication and authorisation."""

    path: Reference | None = _key(
        "An instance of `langgraph_sdk.Auth`.", example="./security.py:auth"
    )
    disable_studio_auth: bool = _key(
        "Accepted; there is no way around the project's authentication in any case.",
        default=False,
        example=True,
        state="accepted and ignored",
    )
    openapi: Security | None = _key("What the OpenAPI document says.")
    cache: AuthCache | None = _key("How long the handler's answers hold.")


@dataclass(frozen=True)
class WebhookAddresses:
    """``webhooks.url``: which addresses are called."""

    require_https: bool = _key("Whether only `https` is.", default=False, example=True)
    allowed_domains: tuple[str, ...] | None = _key(
        "Hosts, or `*.domain` for all below one.", example=["*.example.com"]
    )
    allowed_ports: tuple[int, ...] | None = _key("Ports.", example=[443])
    max_url_length: Annotated[int, Field(gt=0)] | None = _key(
        "Characters of an address at most.", example=2048
    )
    disable_loopback: bool | None = _key(
        "Whether addresses on this server are refused.", example=True
    )


@dataclass(frozen=True)
class Webhooks:
    """``webhooks``: calls to others when a run is over."""

    env_prefix: str = _key(
        "What the names of the variables that `headers` may use begin with.",
        default="LG_WEBHOOK_",
        example="LG_WEBHOOK_",
    )
    url: WebhookAddresses = _key("Which addresses are called.", default=WebhookAddresses)
    headers: dict[str, str] = _key(
        "Headers of every call; `${{ env.NAME }}` stands for a variable.",
        default=dict,
        example={"Authorization": "Bearer ${{ env.LG_WEBHOOK_TOKEN }}"},
    )

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        if not self.headers:
            return self
        known = references.surroundings(info).variables
        used = sorted(
            {name for value in self.headers.values() for name in _TEMPLATE.findall(value)}
        )
        if outside := [name for name in used if not name.startswith(self.env_prefix)]:
            raise problem(
                f"headers use {', '.join(outside)}, and variables there begin with"
                f" {self.env_prefix}",
                "rename them, or change env_prefix",
            )
        if lost := [name for name in used if name not in known]:
            raise problem(f"headers use {', '.join(lost)}, which is not set", "set it")
        return self

    def headers_with(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the headers with the variables put in, which are those it was checked with."""
        return {
            name: _TEMPLATE.sub(lambda found: environment[found[1]], value)
            for name, value in self.headers.items()
        }


Graphs = Annotated[
    dict[Annotated[str, AfterValidator(_id)], Annotated[GraphEntry, BeforeValidator(_entry)]],
    AfterValidator(_any_graph),
]


def _build_key(description: str, example: Any) -> Any:
    return _key(description, example=example, state="accepted and ignored")


@dataclass(frozen=True)
class Sections:
    """The whole file."""

    dependencies: tuple[str, ...] | None = _key(
        "Folders of the project, whose modules can be imported, and what it needs from elsewhere, "
        "which is not installed: what is missing is warned about.",
        example=[".", "langchain-openai"],
    )
    graphs: Graphs = _key(
        "What is served: an id for each, and `./file.py:name`, `package.module:name`, or a table.",
        default=...,
        example={"agent": "./agent.py:graph"},
    )
    env: Annotated[str | Mapping[str, str], PlainValidator(_environment)] = _key(
        "Variables for the graphs, as a table or as the path of a file of `NAME=value` lines. "
        "What the process was started with goes before them.",
        default=dict,
        example=".env",
    )
    store: Store = _key("The long-term memory.", default=Store)
    checkpointer: Checkpointer = _key("How the state of threads is kept.", default=Checkpointer)
    http: Http = _key("What is published, and how.", default=Http)
    auth: Auth | None = _key("The project's own authentication and authorisation.")
    webhooks: Webhooks = _key("Calls to others when a run is over.", default=Webhooks)
    ui: dict[str, str] | None = _key(
        "Components for the screen.", example={"agent": "./ui.tsx"}, state="not yet"
    )
    ui_config: dict[str, Any] | None = _key(
        "How they are built.", example={"shared": ["react"]}, state="not yet"
    )
    encryption: dict[str, Any] | None = _key(
        "Encryption of what is kept.", example={"path": "./keys.py:encryption"}, state="not yet"
    )
    priority: dict[str, Any] | None = _key(
        "The order of waiting runs.", example={"path": "./order.py:priority"}, state="not yet"
    )
    python_version: Any = _build_key("Python in the image.", "3.12")
    node_version: Any = _build_key("Node.js in the image.", "20")
    api_version: Any = _build_key("The server in the image.", "0.8")
    base_image: Any = _build_key("The image to build on.", "python:3.12-slim")
    image_distro: Any = _build_key("The distribution in the image.", "wolfi")
    pip_config_file: Any = _build_key("How pip is configured in the image.", "pip.conf")
    pip_installer: Any = _build_key("What installs in the image.", "uv")
    dockerfile_lines: Any = _build_key("Further lines of the Dockerfile.", ["RUN id"])
    keep_pkg_tools: Any = _build_key("Which tools stay in the image.", ["pip"])
    source: Any = _build_key(
        "Where the image's packages come from.", {"kind": "uv", "root": "..", "package": "agent"}
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """A key that may stand in a section.

    Attributes:
        name: Its name.
        also: Another spelling of it.
        state: What becomes of it.
        about: The field it is read into.
        section: The section it holds; None where it holds something else.
        repeats: Whether it holds a table of such sections under names of the user's.
    """

    name: str
    also: str | None
    state: State
    about: Any = dataclasses.field(repr=False)
    section: Any = None
    repeats: bool = False


def keys(section: Any) -> Iterator[Key]:
    """Yield the keys of a section, in their order."""
    fields: Mapping[str, FieldInfo] = section.__pydantic_fields__
    for name, info in fields.items():
        extra: Any = info.json_schema_extra
        inner = _section_in(info.annotation)
        yield Key(name, extra["also"], extra["state"], info, inner, name == "graphs")


def _section_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and is_pydantic_dataclass(annotation):
        return annotation
    found = (_section_in(part) for part in get_args(annotation))
    return next((section for section in found if section), None)
