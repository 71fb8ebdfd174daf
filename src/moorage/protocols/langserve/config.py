"""What a client may say about a run, and the ``RunnableConfig`` that comes of it.

Protocol facts: LangServe 0.3.3, section 5 of the protocol notes. Differences are deliberate: fields
that a client does not name are not reset to their defaults, and what the per-request modifier sets
outside ``config_keys`` counts for batches too.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import merge_configs
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from uuid_utils.compat import uuid4

from moorage import __version__
from moorage.domain.caller import Caller
from moorage.errors import BadRequest, Invalid
from moorage.protocols.langserve.hosted import hosted_metadata
from moorage.protocols.langserve.lzstring import decompress
from moorage.protocols.langserve.options import RouteOptions

MAX_HASH = 16_384
"""The longest configuration hash that is decoded, in characters."""

# Beginnings of configurable keys that are never a client's: LangGraph's own, and who is calling.
_HOST_KEYS = ("__", "langgraph_auth_")

Config = dict[str, Any]


class Endpoint(NamedTuple):
    """Where a request arrived: what the host tells the run about it."""

    name: str
    run_name: str


class ConfigReader:
    """Makes the config of each run of one runnable from the request.

    Args:
        runnable: The runnable; its declared configurable fields are what a client may set.
        options: Which keys a client may set, the modifier, and what is passed through undeclared.
    """

    def __init__(self, runnable: Runnable[Any, Any], options: RouteOptions) -> None:
        self._runnable = runnable
        self._options = options
        self._modifier = options.per_req_config_modifier
        self._hosted = hosted_metadata()
        self._from_hash = lru_cache(maxsize=256)(self._read_hash)

    @cached_property
    def declared(self) -> frozenset[str]:
        """The ids of the configurable fields that the runnable declares."""
        return frozenset(spec.id for spec in self._runnable.config_specs)

    @cached_property
    def schema(self) -> type[BaseModel]:
        """The pydantic model of the config that a client may send."""
        return self.schema_for(None)

    @cached_property
    def _passes(self) -> Callable[[str], bool]:
        allowed = self._options.configurable_passthrough
        if allowed == "auto":
            open_to_all = is_graph(self._runnable)
            return lambda key: open_to_all and not key.startswith(_HOST_KEYS)
        if allowed == "all":
            return lambda key: not key.startswith(_HOST_KEYS)
        return frozenset(allowed).__contains__

    def schema_for(self, config: Config | None) -> type[BaseModel]:
        """Return the model of the config that is left to set once ``config`` is applied."""
        runnable = self._runnable
        if config:
            runnable = runnable.with_config(RunnableConfig(**config))  # type: ignore[typeddict-item]
        include = [key for key in self._options.config_keys if key != "callbacks"]
        if is_graph(runnable):  # LangGraph's own is deprecated, and is about context
            return Runnable.config_schema(runnable, include=include)
        return runnable.config_schema(include=include)

    async def read(
        self,
        request: Request,
        endpoint: Endpoint,
        sent: Any,
        *,
        config_hash: str,
        server_config: Mapping[str, Any] | None,
    ) -> Config:
        """Return the complete config of one run, ``run_id`` included.

        Raises:
            Invalid: A value of a wrong type, or a ``configurable`` that may not be set.
            BadRequest: ``config_hash`` is none.
            HTTPException: As the modifier raised it.
        """
        config = self.chosen(sent, config_hash) if sent or config_hash else {}
        if server_config:
            config = dict(merge_configs(config, dict(server_config)))  # type: ignore[arg-type]
        if self._modifier is not None:
            config = await self._modified(config, request)
        return _complete(config, request, endpoint, self._hosted)

    def chosen(self, sent: Any, config_hash: str) -> Config:
        """Return what the client chose, by the hash and by the body, limited to what it may."""
        config: Config = {}
        if config_hash:
            config = dict(self._from_hash(config_hash))
        if sent:
            config = _merge(config, self._permitted(sent)) if config else self._permitted(sent)
        if config.get("configurable") and "configurable" not in self._options.config_keys:
            raise Invalid(
                "The config holds `configurable`, which this endpoint does not accept: it is not "
                f"in its `config_keys` {list(self._options.config_keys)}."
            )
        return config

    def _read_hash(self, config_hash: str) -> Config:
        return self._permitted(decode_hash(config_hash))

    def _permitted(self, sent: Any) -> Config:
        if not isinstance(sent, dict):
            raise Invalid(_not_an_object(sent))
        try:
            checked = self.schema.model_validate(sent)
        except ValidationError as error:
            raise Invalid(error.errors()) from error
        config = checked.model_dump(exclude_unset=True, exclude_none=True)
        _require_positive(config)
        if "tags" in config:
            config["tags"] = sorted({*config["tags"]})
        if undeclared := self._undeclared(sent.get("configurable")):
            config["configurable"] = {**undeclared, **config.get("configurable", {})}
        return config

    def _undeclared(self, sent: Any) -> Config:
        if not isinstance(sent, dict):
            return {}
        return {
            key: value
            for key, value in sent.items()
            if key not in self.declared and self._passes(key)
        }

    async def _modified(self, config: Config, request: Request) -> Config:
        assert self._modifier is not None  # noqa: S101 - read() has looked
        # These are always there, so that modifiers may add to them without looking.
        config = {
            **config,
            "configurable": dict(config.get("configurable") or {}),
            "metadata": dict(config.get("metadata") or {}),
            "tags": list(config.get("tags") or ()),
        }
        changed: Any = self._modifier(config, request)
        if inspect.isawaitable(changed):
            changed = await changed
        if changed is None:
            return config  # it only looked, or changed what it was given
        if not isinstance(changed, dict):
            raise TypeError(
                f"per_req_config_modifier returned {type(changed).__name__}, not a dict"
            )
        return changed


def decode_hash(config_hash: str) -> dict[str, Any]:
    """Return the config in a share link's hash.

    Raises:
        BadRequest: It is not LZ-string, not JSON, no object, or longer than ``MAX_HASH``.
    """
    if len(config_hash) > MAX_HASH:
        raise BadRequest("Invalid config hash")
    try:
        config = orjson.loads(decompress(config_hash))
    except ValueError as error:
        raise BadRequest("Invalid config hash") from error
    if not isinstance(config, dict):
        raise BadRequest("Invalid config hash")
    return config


def is_graph(runnable: Runnable[Any, Any]) -> bool:
    """Whether the runnable is a LangGraph graph, perhaps with a config bound to it.

    LangGraph's graphs declare no configurable fields, yet need ``thread_id`` and more.
    """
    while (inner := getattr(runnable, "bound", None)) is not None:
        runnable = inner
    return any(
        kind.__module__.startswith("langgraph.pregel") and kind.__name__ == "PregelProtocol"
        for kind in type(runnable).__mro__
    )


def _merge(first: Config, second: Config) -> Config:
    """Merge two configs; the second wins, but metadata, configurable and tags are united."""
    merged = {**first, **second}
    for key in ("metadata", "configurable"):
        if key in first and key in second:
            merged[key] = {**first[key], **second[key]}
    if "tags" in first and "tags" in second:
        merged["tags"] = sorted({*first["tags"], *second["tags"]})
    return merged


def _complete(
    config: Config, request: Request, endpoint: Endpoint, hosted: Mapping[str, Any]
) -> Config:
    """Add what the host alone decides; a client can forge none of it."""
    config["metadata"] = {
        **(config.get("metadata") or {}),
        **hosted,
        "__useragent": _user_agent(request),
        "__langserve_version": __version__,
        "__langserve_endpoint": endpoint.name,
    }
    if endpoint.run_name:
        config["run_name"] = endpoint.run_name
    config["run_id"] = _run_id(config.get("run_id"))
    caller = request.scope.get("user")
    if isinstance(caller, Caller) and caller.is_authenticated:
        config["configurable"] = {
            **(config.get("configurable") or {}),
            **caller.as_configurable(),
        }
    return config


def _run_id(given: Any) -> UUID:
    if given is None:
        return uuid4()
    return given if isinstance(given, UUID) else UUID(str(given))


def _user_agent(request: Request) -> str | None:
    headers: Sequence[tuple[bytes, bytes]] = request.scope["headers"]
    for name, value in headers:
        if name == b"user-agent":
            return value.decode("latin-1")
    return None


def _require_positive(config: Config) -> None:
    """Refuse limits of nothing: a run with no concurrency would wait for ever."""
    for key in ("max_concurrency", "recursion_limit"):
        if config.get(key, 1) < 1:
            told = "Input should be greater than or equal to 1"
            error = {"type": "greater_than_equal", "loc": [key], "msg": told, "input": config[key]}
            raise Invalid([{**error, "ctx": {"ge": 1}}])


def _not_an_object(sent: Any) -> list[dict[str, Any]]:
    return [
        {
            "type": "dict_type",
            "loc": ["config"],
            "msg": "Input should be a valid dictionary",
            "input": sent,
        }
    ]


def with_handler(callbacks: Any, handler: BaseCallbackHandler) -> Any:
    """Return ``callbacks``, of whichever form, with one more handler."""
    return merge_configs({"callbacks": callbacks}, {"callbacks": [handler]})["callbacks"]
