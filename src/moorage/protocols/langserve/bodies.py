"""The bodies of requests: read once, checked by hand, explained by pydantic only when wrong."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import Request

from moorage.errors import Invalid

_FILTERS = (
    "include_names",
    "include_types",
    "include_tags",
    "exclude_names",
    "exclude_types",
    "exclude_tags",
)

Body = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)


class InvokeBody(BaseModel):
    """Explains what is wrong with the body of a single run."""

    input: Any
    config: dict[str, Any] | None = None


class BatchBody(BaseModel):
    """Explains what is wrong with the body of a batch."""

    inputs: list[Any]
    config: dict[str, Any] | list[dict[str, Any]] | None = None  # null is refused by name
    return_exceptions: bool = False


class Filters(BaseModel):
    """Explains what is wrong with the filters of log and events."""

    include_names: list[str] | None = None
    include_types: list[str] | None = None
    include_tags: list[str] | None = None
    exclude_names: list[str] | None = None
    exclude_types: list[str] | None = None
    exclude_tags: list[str] | None = None


async def invoke_body(request: Request) -> Body:
    """Return the body of a request with one ``input``.

    Raises:
        Invalid: It is no JSON object, lacks ``input``, or ``config`` is no object.
    """
    body = await _read(request)
    if type(body) is dict and "input" in body and isinstance(body.get("config"), dict | None):
        return body
    return _explained(InvokeBody, body)


async def batch_body(request: Request) -> Body:
    """Return the body of a batch: ``inputs`` is a list, ``config`` an object or a list of them.

    Raises:
        Invalid: It is anything else, or there are not as many configs as inputs.
    """
    body = _explained(BatchBody, await _read(request))
    config = body.get("config", {})
    if config is None:
        raise Invalid("Invalid config: it must be an object or a list of objects, not null.")
    if isinstance(config, list) and len(config) != len(body["inputs"]):
        raise Invalid(
            f"Number of configs ({len(config)}) must match number of inputs ({len(body['inputs'])})"
        )
    return body


def event_filters(body: Body) -> dict[str, Any]:
    """Return the filters of a request for log patches or events.

    Raises:
        Invalid: A filter is no list of strings.
    """
    given = {name: body[name] for name in _FILTERS if body.get(name) is not None}
    if given:
        _explained(Filters, given)
    return given


async def model_body(model: type[Model], request: Request) -> Model:
    """Return the body as ``model``, the way FastAPI reads one.

    Raises:
        Invalid: It does not fit; locations begin with ``body`` and errors have no ``url``.
    """
    try:
        return model.model_validate(await _read(request))
    except ValidationError as error:
        raise Invalid(
            [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
        ) from error


async def _read(request: Request) -> Any:
    raw = await request.body()
    try:
        return from_json(raw)  # as fast as orjson, which would round integers beyond 64 bits
    except ValueError:
        return _read_leniently(raw)


def _read_leniently(raw: bytes) -> Any:
    """Accept what Python writes beyond the standard: lone surrogates, very deep nesting."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Invalid(["Invalid JSON body"]) from error


def _explained(model: type[BaseModel], body: Any) -> Body:
    try:
        model.model_validate(body)
    except ValidationError as error:
        raise Invalid(error.errors()) from error
    if not isinstance(body, dict):
        raise Invalid(["Invalid JSON body"])
    return body
