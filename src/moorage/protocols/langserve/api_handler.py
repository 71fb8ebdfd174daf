"""``APIHandler``: one runnable's operations, for routes that users write themselves."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pydantic import BaseModel

from moorage.edge.errors import Refusal
from moorage.errors import MoorageError
from moorage.protocols.langserve.handler import RunnableHandler

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def _refusing(
    operation: Callable[Parameters, Awaitable[Result]],
) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
    """Let ``operation`` raise errors of the tree in the form that any FastAPI application knows."""

    @wraps(operation)
    async def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return await operation(*args, **kwargs)
        except MoorageError as error:
            raise Refusal(error) from error

    return call


class APIHandler(RunnableHandler):
    """Serves one runnable over LangServe's protocol, for routes that you write yourself.

    Each operation takes the request and returns the response. What is wrong with a request is
    raised as FastAPI's ``HTTPException``, with LangServe's status and detail; everything else that
    is raised is the runnable's own. ``RunnableHandler`` says what the arguments are.
    """

    invoke = _refusing(RunnableHandler.invoke)
    batch = _refusing(RunnableHandler.batch)
    stream = _refusing(RunnableHandler.stream)
    stream_log = _refusing(RunnableHandler.stream_log)
    astream_events = _refusing(RunnableHandler.astream_events)
    input_schema = _refusing(RunnableHandler.input_schema)
    output_schema = _refusing(RunnableHandler.output_schema)
    config_schema = _refusing(RunnableHandler.config_schema)
    playground = _refusing(RunnableHandler.playground)
    create_feedback = _refusing(RunnableHandler.create_feedback)
    create_feedback_from_token = _refusing(RunnableHandler.create_feedback_from_token)
    create_public_trace_link = _refusing(RunnableHandler.create_public_trace_link)
    check_feedback_enabled = _refusing(RunnableHandler.check_feedback_enabled)
    check_public_trace_link_enabled = _refusing(RunnableHandler.check_public_trace_link_enabled)

    @property
    def InvokeRequest(self) -> type[BaseModel]:  # noqa: N802 - LangServe's name, like the next
        """Body of ``/invoke``, for the annotations of a route that documents it."""
        return self.models.invoke_request

    @property
    def InvokeResponse(self) -> type[BaseModel]:  # noqa: N802
        """Answer of ``/invoke``."""
        return self.models.invoke_response

    @property
    def BatchRequest(self) -> type[BaseModel]:  # noqa: N802
        """Body of ``/batch``."""
        return self.models.batch_request

    @property
    def BatchResponse(self) -> type[BaseModel]:  # noqa: N802
        """Answer of ``/batch``."""
        return self.models.batch_response

    @property
    def StreamRequest(self) -> type[BaseModel]:  # noqa: N802
        """Body of ``/stream``."""
        return self.models.stream_request

    @property
    def StreamLogRequest(self) -> type[BaseModel]:  # noqa: N802
        """Body of ``/stream_log``."""
        return self.models.stream_log_request

    @property
    def StreamEventsRequest(self) -> type[BaseModel]:  # noqa: N802
        """Body of ``/stream_events``."""
        return self.models.stream_events_request
