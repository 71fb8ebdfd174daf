"""LangServe's operations for one runnable, each from request to response."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import orjson
from langchain_core.runnables import Runnable, RunnableConfig
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from moorage.edge.errors import INTERNAL, message_of, status_of
from moorage.edge.sse import EventResponse, disconnected
from moorage.engine.activity import Activity
from moorage.engine.callback_events import CallbackEvents
from moorage.engine.functions import remember_signatures
from moorage.engine.log_patches import stream_log
from moorage.engine.policy import POLICY_KEY, RUN_ERROR_KEY, RUN_ID_KEY, UNLIMITED, RunPolicy
from moorage.engine.supervision import Supervision
from moorage.errors import Abandoned, MoorageError
from moorage.protocols.langserve.batches import Batch, spread
from moorage.protocols.langserve.bodies import (
    Body,
    batch_body,
    event_filters,
    invoke_body,
    model_body,
)
from moorage.protocols.langserve.config import Config, ConfigReader, Endpoint, with_handler
from moorage.protocols.langserve.documentation import Models
from moorage.protocols.langserve.failures import Failure, mapped
from moorage.protocols.langserve.feedback import (
    Feedback,
    FeedbackCreateRequest,
    FeedbackCreateRequestTokenBased,
    LangSmithLinks,
    PublicTraceLink,
    PublicTraceLinkCreateRequest,
)
from moorage.protocols.langserve.inputs import InputDecoder
from moorage.protocols.langserve.opinions import Opinions
from moorage.protocols.langserve.options import RouteOptions
from moorage.protocols.langserve.playground import (
    ABOUT,
    FEEDBACK,
    READS,
    Playground,
    run_name_of,
)
from moorage.protocols.langserve.replies import JsonResponse, answer, run_metadata
from moorage.protocols.langserve.schemas import Schemas
from moorage.protocols.langserve.streaming import closing_frame, output_frames
from moorage.serialization import Serializer, WellKnownLCSerializer

logger = logging.getLogger(__name__)

PATH_KEY = "moorage.runnable_path"
"""Key of a request's scope: the path at which the runnable was found, prefixes included."""

ServerConfig = Mapping[str, Any] | None

Result = TypeVar("Result")


class Run(NamedTuple):
    """One run that is ready to start."""

    value: Any
    config: RunnableConfig

    @property
    def id(self) -> UUID:
        """The id of the run and of the answer."""
        return cast(UUID, self.config["run_id"])


class RunnableHandler:
    """Serves one runnable over LangServe's protocol.

    ``add_routes`` uses one of these for each runnable. Making one costs microseconds: schemas are
    made when they are first needed.

    Each operation takes the request and returns the response. ``config_hash`` is the configuration
    of a share link; ``server_config`` is a ``RunnableConfig`` merged over what the client chose.
    Errors are raised: ``HTTPException``, an error of ``moorage.errors``, or the runnable's own.

    Args:
        runnable: What to serve.
        path: Path of the runnable; with the prefix it names the runs.
        prefix: Prefix of the router that the path belongs to.
        input_type: Overrides the runnable's input type.
        output_type: Overrides the runnable's output type, in schemas and documentation.
        options: The fields of ``RouteOptions``, as keywords.

    Attributes:
        activity: What it has run.
        schemas: Makes its JSON schemas.

    Raises:
        TypeError: ``runnable`` is no Runnable, or an option is unknown.
        ValueError: An option's value can never work.
    """

    def __init__(
        self,
        runnable: Runnable[Any, Any],
        *,
        path: str,
        prefix: str = "",
        input_type: Any = "auto",
        output_type: Any = "auto",
        **options: Any,
    ) -> None:
        if not isinstance(runnable, Runnable):
            raise TypeError(f"Expected a Runnable, got {type(runnable)}")
        self.options = RouteOptions(**options)
        self.runnable = _typed(runnable, input_type, output_type)
        remember_signatures(self.runnable)
        self.activity = Activity()
        self.links = LangSmithLinks(
            enable_feedback=self.options.enables_feedback,
            token_config=self.options.token_feedback_config,
            enable_public_trace_link=self.options.enable_public_trace_link_endpoint,
        )
        self._run_name = f"{prefix}{path.rstrip('/')}"
        self._configs = ConfigReader(self.runnable, self.options)
        self._inputs = InputDecoder(self.runnable)
        self.schemas = Schemas(self.runnable, self._inputs, self._configs)
        self.models = Models(path, self.schemas)
        self._opinions = Opinions(self.options, self.links)
        self._playground = Playground(
            self.runnable, self.options, self._configs, self.links, self._opinions
        )
        self._serializer: Serializer = self.options.serializer or WellKnownLCSerializer()

    async def invoke(
        self, request: Request, *, config_hash: str = "", server_config: ServerConfig = None
    ) -> Response:
        """Run the body's input and answer with the output."""
        body = await invoke_body(request)
        run = await self._prepare(request, "invoke", body, config_hash, server_config)
        collected = self._collect([run.config])
        running = self.runnable.ainvoke(run.value, run.config)
        output, tokens = await self._finished(request, running, (run.id,))
        metadata = run_metadata(request.scope[RUN_ID_KEY], tokens[0])
        return answer(self._serializer, output, metadata, collected and collected[0])

    async def batch(
        self, request: Request, *, config_hash: str = "", server_config: ServerConfig = None
    ) -> Response:
        """Run each of the body's inputs and answer with the outputs in their order.

        With ``"return_exceptions": true`` in the body an item that fails leaves the others alone:
        its output is null and its entry in ``metadata.responses`` has an ``error``.
        """
        body = await batch_body(request)
        tolerant = body.get("return_exceptions") is True
        configs = await self._configs_of_batch(request, body, config_hash, server_config)
        batch = Batch(self._inputs, body["inputs"], configs, tolerant=tolerant)
        collected = self._collect(configs)
        running = batch.run(self.runnable)
        outputs, tokens = await self._finished(request, running, batch.run_ids)
        metadata = orjson.dumps(batch.metadata(outputs, tokens, partial(self._failure, request)))
        return answer(self._serializer, batch.successes(outputs), metadata, collected)

    async def stream(
        self, request: Request, *, config_hash: str = "", server_config: ServerConfig = None
    ) -> Response:
        """Run the body's input and send the output in chunks, as server-sent events."""
        body = await invoke_body(request)
        run = await self._prepare(request, "stream", body, config_hash, server_config)
        start = partial(self.runnable.astream, run.value, run.config)
        return self._events(request, run, start, announce=True)

    async def stream_log(
        self, request: Request, *, config_hash: str = "", server_config: ServerConfig = None
    ) -> Response:
        """Run the body's input and send its log, as JSON patches in server-sent events."""
        body = await invoke_body(request)
        filters = event_filters(body)
        run = await self._prepare(request, "stream_log", body, config_hash, server_config)
        patches = stream_log(self.runnable, run.value, run.config, **filters)
        return self._events(request, run, partial(self._shown, patches, _as_patch))

    async def astream_events(
        self, request: Request, *, config_hash: str = "", server_config: ServerConfig = None
    ) -> Response:
        """Run the body's input and send what happens inside, as server-sent events."""
        body = await invoke_body(request)
        filters = event_filters(body)
        run = await self._prepare(request, "stream_events", body, config_hash, server_config)
        version = self.options.astream_events_version
        events = self.runnable.astream_events(run.value, run.config, version=version, **filters)
        source = cast(AsyncGenerator[Any, None], events)
        return self._events(request, run, partial(self._shown, source, _without_host_metadata))

    async def input_schema(
        self,
        request: Request,  # noqa: ARG002 - like every operation
        *,
        config_hash: str = "",
        server_config: ServerConfig = None,
    ) -> Response:
        """Answer with the JSON schema of the input, as configured."""
        return JsonResponse(self.schemas.input(self._chosen(config_hash, server_config)))

    async def output_schema(
        self,
        request: Request,  # noqa: ARG002 - like every operation
        *,
        config_hash: str = "",
        server_config: ServerConfig = None,
    ) -> Response:
        """Answer with the JSON schema of the output, as configured."""
        return JsonResponse(self.schemas.output(self._chosen(config_hash, server_config)))

    async def config_schema(
        self,
        request: Request,  # noqa: ARG002 - like every operation
        *,
        config_hash: str = "",
        server_config: ServerConfig = None,
    ) -> Response:
        """Answer with the JSON schema of the config that clients may send."""
        return JsonResponse(self.schemas.config(self._chosen(config_hash, server_config)))

    async def playground(
        self,
        file_path: str,
        request: Request,
        *,
        config_hash: str = "",
        server_config: ServerConfig = None,
    ) -> Response:
        """Answer with the playground's page, or one of its files; 404 for any other path.

        ``about.json`` and ``feedback.json`` are made for the request; the latter takes a POST too.
        Under a hash that is none they have the status of the error, and the page says what it is.
        """
        base = self._base(request)
        if file_path == FEEDBACK:
            return await self._feedback_file(request, base)
        if request.method not in READS:
            raise HTTPException(405, headers={"Allow": ", ".join(READS)})
        if file_path == ABOUT:
            config = self._chosen(config_hash, server_config)
            return self._playground.about(request, base, config_hash, config)
        found = self._playground.file(file_path, request, base, config_hash)
        try:
            self._chosen(config_hash, server_config)
        except MoorageError as error:
            found.status_code = status_of(error)
        return found

    async def create_feedback(self, body: FeedbackCreateRequest) -> Feedback:
        """Give feedback on a run.

        Raises:
            BadRequest: Feedback is off, runs are not traced, or no run is named.
            Unavailable: LangSmith did not take it.
        """
        return await self.links.create_feedback(body)

    async def create_feedback_from_token(self, body: FeedbackCreateRequestTokenBased) -> None:
        """Give feedback on the run that a token was issued for.

        Raises:
            BadRequest: No tokens are issued, runs are not traced, or this is no token.
            Unavailable: LangSmith did not take it.
        """
        await self.links.create_feedback_from_token(body)

    async def create_public_trace_link(self, body: PublicTraceLinkCreateRequest) -> PublicTraceLink:
        """Make a run's trace public.

        Raises:
            BadRequest: Public links are off, or runs are not traced.
            Unavailable: LangSmith did not do it.
        """
        return await self.links.share_run(body)

    async def check_feedback_enabled(self) -> None:
        """Raise ``BadRequest`` unless feedback is accepted now."""
        self.links.require_feedback()

    async def check_public_trace_link_enabled(self) -> None:
        """Raise ``BadRequest`` unless traces can be shared now."""
        self.links.require_trace_links()

    async def feedback(self, request: Request) -> Response:
        """Take the feedback in the body."""
        body = await model_body(FeedbackCreateRequest, request)
        kept = await self._opinions.keep_here(request, self._base(request), body)
        # LangServe's clients get LangSmith's answer where there is one, and know nothing of ours.
        if kept is None or self.links.feedback_enabled():
            kept = await self.create_feedback(body)
        return JsonResponse(kept.model_dump_json().encode())

    async def token_feedback(self, request: Request) -> Response:
        """Take the feedback in the body, which a token permits."""
        await self.create_feedback_from_token(
            await model_body(FeedbackCreateRequestTokenBased, request)
        )
        return JsonResponse(b"null")

    async def public_trace_link(self, request: Request) -> Response:
        """Share the run that the body names."""
        body = await model_body(PublicTraceLinkCreateRequest, request)
        link = await self.create_public_trace_link(body)
        return JsonResponse(link.model_dump_json().encode())

    async def feedback_probe(self, request: Request) -> Response:
        """Answer 200 if feedback is accepted now, otherwise 400."""
        if self._opinions.file(request) is None:
            await self.check_feedback_enabled()
        return Response()

    async def public_trace_link_probe(self, request: Request) -> Response:  # noqa: ARG002
        """Answer 200 if traces can be shared now, otherwise 400."""
        await self.check_public_trace_link_enabled()
        return Response()

    async def _feedback_file(self, request: Request, base: str) -> Response:
        if request.method == "POST":
            body = await model_body(FeedbackCreateRequest, request)
            kept = await self._opinions.keep(request, base, body)
            return JsonResponse(kept.model_dump_json().encode())
        opinions = await self._opinions.of_run(request, base)
        listed = [one.model_dump(mode="json") for one in opinions]
        return JsonResponse(orjson.dumps({"feedback": listed}))

    def _base(self, request: Request) -> str:
        """The path of the runnable within the application."""
        base: str = request.scope.get(PATH_KEY, self._run_name)
        return base

    def _chosen(self, config_hash: str, server_config: ServerConfig) -> Config:
        return {**self._configs.chosen(None, config_hash), **(server_config or {})}

    async def _prepare(
        self,
        request: Request,
        name: str,
        body: Body,
        config_hash: str,
        server_config: ServerConfig,
    ) -> Run:
        sent = body.get("config")
        config = await self._config(request, name, sent, config_hash, server_config)
        value = self._inputs.decode(body["input"], config)
        return Run(value, cast(RunnableConfig, config))

    async def _config(
        self,
        request: Request,
        name: str,
        sent: Any,
        config_hash: str,
        server_config: ServerConfig,
    ) -> Config:
        endpoint = Endpoint(name, request.scope.get(PATH_KEY, self._run_name))
        try:
            config = await self._configs.read(
                request, endpoint, sent, config_hash=config_hash, server_config=server_config
            )
        except Exception as error:
            if (known := self._mapped(request, error)) is not error:
                raise known from error
            raise
        request.scope.setdefault(RUN_ID_KEY, str(config["run_id"]))
        return config

    async def _configs_of_batch(
        self, request: Request, body: Body, config_hash: str, server_config: ServerConfig
    ) -> list[Config]:
        sent = body.get("config")
        if isinstance(sent, list):
            return [
                await self._config(request, "batch", one, config_hash, server_config)
                for one in sent
            ]
        config = await self._config(request, "batch", sent, config_hash, server_config)
        return spread(config, len(body["inputs"]))

    def _collect(self, configs: Sequence[Any]) -> list[list[Any]] | None:
        """Have each run's callback events collected, if that was asked for."""
        if not self.options.include_callback_events:
            return None
        collectors = [CallbackEvents() for _ in configs]
        for config, collector in zip(configs, collectors, strict=True):
            config["callbacks"] = with_handler(config.get("callbacks"), collector)
        return [collector.events for collector in collectors]

    async def _finished(
        self, request: Request, running: Awaitable[Result], run_ids: Sequence[UUID]
    ) -> tuple[Result, list[list[Any]]]:
        """Wait for a run under supervision, and for the feedback tokens of its ids meanwhile."""
        policy = _policy(request)
        tokens = self._fetch_tokens(run_ids)
        left = partial(disconnected, request.receive)
        try:
            with Supervision(policy, left, self.activity, len(run_ids)):
                return await running, await tokens if tokens else [[] for _ in run_ids]
        except Exception as error:
            if (known := self._failed(request, error)) is not error:
                raise known from error
            raise
        finally:
            if tokens:
                tokens.cancel()

    def _fetch_tokens(self, run_ids: Sequence[UUID]) -> asyncio.Future[list[list[Any]]] | None:
        if self.options.token_feedback_config is None:
            return None
        return asyncio.gather(*(self.links.tokens_for(run_id) for run_id in run_ids))

    def _mapped(self, request: Request, error: Exception) -> Exception:
        known = mapped(error, self.options.error_mapper or _policy(request).error_mapper)
        request.scope[RUN_ERROR_KEY] = getattr(known, "code", "internal")
        return known

    def _failed(self, request: Request, error: Exception) -> Exception:
        """Count a run that failed, unless its client has left; return the error to answer with."""
        known = self._mapped(request, error)
        if not isinstance(known, Abandoned):
            by_caller = status_of(known) < INTERNAL
            self.activity.fail(request.scope[RUN_ERROR_KEY], by_caller=by_caller)
        return known

    def _failure(self, request: Request, error: Exception) -> Failure:
        """Describe a failure that is told inside an answer, and log it if nobody foresaw it."""
        known = self._failed(request, error)
        failure = Failure(status_of(known), message_of(known))
        if failure.is_closed:
            run_id = request.scope.get(RUN_ID_KEY)
            logger.error("run failed", exc_info=error, extra={"run_id": run_id})
        return failure

    def _events(
        self,
        request: Request,
        run: Run,
        start: Callable[[], AsyncIterator[Any]],
        *,
        announce: bool = False,
    ) -> Response:
        """Stream what ``start`` returns; ``announce`` sends the run's metadata first."""
        tokens = self._fetch_tokens([run.id])
        frames = output_frames(
            start, self._serializer, run.id if announce or tokens else None, tokens
        )
        supervise = partial(Supervision, _policy(request), activity=self.activity)
        return EventResponse(
            frames, supervise, lambda error: closing_frame(self._failure(request, error))
        )

    async def _shown(
        self, source: AsyncGenerator[Any, None], wrap: Callable[[Any], Any]
    ) -> AsyncGenerator[Any, None]:
        """Wrap each item; yield none of a runnable that the allow list does not name."""
        allowed = self.options.stream_log_name_allow_list
        is_shown = allowed is None or run_name_of(self.runnable) in allowed
        async with aclosing(source) as items:
            async for item in items:
                if is_shown:
                    yield wrap(item)


def _policy(request: Request) -> RunPolicy:
    policy: RunPolicy = request.scope.get(POLICY_KEY, UNLIMITED)
    return policy


def _typed(runnable: Runnable[Any, Any], input_type: Any, output_type: Any) -> Runnable[Any, Any]:
    types = {"input_type": input_type, "output_type": output_type}
    given = {name: value for name, value in types.items() if value != "auto"}
    return runnable.with_types(**given) if given else runnable


def _as_patch(ops: list[Any]) -> dict[str, Any]:
    return {"ops": ops}


def _without_host_metadata(event: Any) -> dict[str, Any]:
    metadata = event.get("metadata") or {}
    kept = {key: value for key, value in metadata.items() if not key.startswith("__")}
    return {**event, "metadata": kept}
