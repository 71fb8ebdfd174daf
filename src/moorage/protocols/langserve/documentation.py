"""What OpenAPI says about a runnable: request and response models, made when they are asked for.

Names of models, tags and routes are LangServe's (section 11 of the protocol notes), so that code
generated from its documents stays valid.
"""

import inspect
import logging
import re
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, create_model
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from starlette.responses import Response
from starlette.routing import BaseRoute

from moorage.protocols.langserve import feedback
from moorage.protocols.langserve.operations import Operation
from moorage.protocols.langserve.schemas import Schemas

logger = logging.getLogger(__name__)


class InvokeResponseMetadata(BaseModel):
    """What is known of one run."""

    run_id: str
    feedback_tokens: list[feedback.FeedbackToken] = []


class ItemError(BaseModel):
    """Why one item of a tolerant batch failed."""

    status_code: int
    message: str


class ItemMetadata(InvokeResponseMetadata):
    """What is known of the run of one item of a batch."""

    error: ItemError | None = None


class BatchResponseMetadata(BaseModel):
    """What is known of the runs of a batch."""

    responses: list[ItemMetadata]
    run_ids: list[str]


class Models:
    """The request and response models of one runnable.

    A type that has no JSON schema is documented as any value, so that one runnable cannot spoil
    the document of a whole application.
    """

    def __init__(self, path: str, schemas: Schemas) -> None:
        self._namespace = re.sub(r"[^0-9a-zA-Z]", "_", path.strip("/"))
        self._schemas = schemas

    @cached_property
    def _input(self) -> Any:
        return _documentable(self._schemas.input_model)

    @cached_property
    def _output(self) -> Any:
        return _documentable(self._schemas.output_model)

    @cached_property
    def _config(self) -> Any:
        model = _documentable(self._schemas.config_model)
        if model is Any:
            return dict[str, Any]
        return type(f"{self._namespace}{model.__name__}", (model,), {"__doc__": model.__doc__})

    def _model(self, name: str, **fields: Any) -> type[BaseModel]:
        return create_model(f"{self._namespace}{name}", **fields)

    def _request(self, name: str, **more: Any) -> type[BaseModel]:
        return self._model(
            name,
            input=(self._input, ...),
            config=(self._config | None, None),
            kwargs=(dict[str, Any], Field(default={}, description="Ignored.")),
            **more,
        )

    @cached_property
    def invoke_request(self) -> type[BaseModel]:
        """Body of ``/invoke``."""
        return self._request("InvokeRequest")

    @cached_property
    def invoke_response(self) -> type[BaseModel]:
        """Answer of ``/invoke``."""
        return self._model(
            "InvokeResponse", output=(self._output, ...), metadata=(InvokeResponseMetadata, ...)
        )

    @cached_property
    def batch_request(self) -> type[BaseModel]:
        """Body of ``/batch``."""
        return self._model(
            "BatchRequest",
            inputs=(list[self._input], ...),  # type: ignore[name-defined]
            config=(self._config | list[self._config] | None, {}),  # type: ignore[name-defined]
            kwargs=(dict[str, Any] | list[dict[str, Any]], Field({}, description="Ignored.")),
            return_exceptions=(
                bool,
                Field(False, description="An item that fails leaves the others alone."),
            ),
        )

    @cached_property
    def batch_response(self) -> type[BaseModel]:
        """Answer of ``/batch``."""
        outputs = list[self._output]  # type: ignore[name-defined]
        return self._model(
            "BatchResponse", output=(outputs, ...), metadata=(BatchResponseMetadata, ...)
        )

    @cached_property
    def stream_request(self) -> type[BaseModel]:
        """Body of ``/stream``."""
        return self._request("StreamRequest")

    @cached_property
    def stream_log_request(self) -> type[BaseModel]:
        """Body of ``/stream_log``."""
        return self._request("StreamLogRequest", **_FILTERS)

    @cached_property
    def stream_events_request(self) -> type[BaseModel]:
        """Body of ``/stream_events``."""
        return self._request("StreamEventsRequest", **_FILTERS)


_FILTERS: dict[str, Any] = {
    f"{verb}_{what}": (list[str] | None, None)
    for verb in ("include", "exclude")
    for what in ("names", "types", "tags")
}

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: metadata, data, end; error if the run fails.",
        "content": {"text/event-stream": {}},
    }
}


class DocumentedRoute(APIRoute):
    """A route that is made when FastAPI asks it for anything, which it does for OpenAPI only.

    Its models cost milliseconds. FastAPI looks through all routes, though not into them, at the
    first request that none of them matches.
    """

    def __init__(self, make: Callable[[], APIRoute]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        make = vars(self).pop("_make", None)
        if make is None:
            raise AttributeError(name)
        vars(self).update(vars(make()))
        return getattr(self, name)


def documented_routes(
    path: str, models: Models, operations: Sequence[Operation], *, config_hashes: bool
) -> list[BaseRoute]:
    """Return a route for each documented operation at ``path``; they are never called."""
    shown = [one for one in operations if one.documented]
    made = [partial(_documented, path, models, one) for one in shown]
    if config_hashes:
        made += [
            partial(_documented, path, models, one, hashed=True) for one in shown if one.hashed
        ]
    return [DocumentedRoute(make) for make in made]


def _documented(
    path: str, models: Models, operation: Operation, *, hashed: bool = False
) -> APIRoute:
    body, answer = _MODELS[operation.name](models)
    title = f"{path.strip('/')} {operation.path.strip('/')}".strip()
    tag = path.strip("/")
    if hashed:
        title, tag = f"{title} with config", f"{tag}/config".lstrip("/")
    is_stream = operation.path.startswith("/stream")
    return APIRoute(
        f"{path}{'/c/{config_hash}' if hashed else ''}{operation.path}",
        _endpoint(body, path, hashed=hashed),
        methods=[operation.method],
        name=title,
        tags=[tag] if tag else None,
        response_model=answer,
        response_class=Response if is_stream else JSONResponse,
        responses=_STREAM if is_stream else None,
        description=operation.description,
    )


def _endpoint(body: Any, path: str, *, hashed: bool) -> Callable[..., Any]:
    """Make a function with the parameters that FastAPI documents."""
    names = re.findall(r"{(\w+)(?::\w+)?}", path) + (["config_hash"] if hashed else [])
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, kind, annotation=str) for name in names]
    if body is not None:
        parameters.append(inspect.Parameter("body", kind, annotation=body))

    def documented(**_: Any) -> None:
        """Never called: ``RunnableRoute`` serves."""

    documented.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return documented


# The models of each operation's body and answer.
_MODELS: dict[str, Callable[[Models], tuple[Any, Any]]] = {
    "invoke": lambda models: (models.invoke_request, models.invoke_response),
    "batch": lambda models: (models.batch_request, models.batch_response),
    "stream": lambda models: (models.stream_request, None),
    "stream_log": lambda models: (models.stream_log_request, None),
    "astream_events": lambda models: (models.stream_events_request, None),
    "input_schema": lambda _: (None, dict[str, Any]),
    "output_schema": lambda _: (None, dict[str, Any]),
    "config_schema": lambda _: (None, dict[str, Any]),
    "feedback": lambda _: (feedback.FeedbackCreateRequest, feedback.Feedback),
    "token_feedback": lambda _: (feedback.FeedbackCreateRequestTokenBased, None),
    "public_trace_link": lambda _: (
        feedback.PublicTraceLinkCreateRequest,
        feedback.PublicTraceLink,
    ),
    "feedback_probe": lambda _: (None, None),
    "public_trace_link_probe": lambda _: (None, None),
}


def _documentable(model: type[BaseModel]) -> Any:
    try:
        model.model_json_schema()
    except (PydanticInvalidForJsonSchema, PydanticUserError, ValueError) as error:
        logger.warning("%s has no JSON schema and is documented as any value: %s", model, error)
        return Any
    return model
