"""A runnable that is served elsewhere by LangServe's protocol (protocol, section 12.1)."""

import ssl
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, cast
from urllib.parse import urljoin

import httpx
from langchain_core.callbacks import (
    AsyncCallbackManagerForChainRun,
    CallbackManagerForChainRun,
)
from langchain_core.runnables import AddableDict, Runnable, RunnableConfig
from langchain_core.runnables.config import ensure_config, get_async_callback_manager_for_config
from langchain_core.runnables.schema import StreamEvent
from langchain_core.runnables.utils import Input, Output
from langchain_core.tracers import RunLogPatch
from typing_extensions import override

from moorage.client import body, metadata, replies, streaming, transport
from moorage.client.callback_events import Replay
from moorage.serialization import Serializer, WellKnownLCSerializer

_JSON_HEADERS = {"content-type": "application/json"}


class RemoteRunnable(Runnable[Input, Output]):
    """A runnable that runs at a server; use it as if it were here.

    It speaks to moorage and to LangServe. Every call is a run of its own for local callbacks, and
    what the server reports of the run inside it is replayed below. A failure at the server is an
    ``httpx.HTTPStatusError`` with the server's status and message, also in the middle of a stream;
    a stream that breaks off is an ``httpx.RemoteProtocolError``. ``collect_metadata`` gives access
    to run ids and feedback tokens.

    Keyword arguments of a call cannot reach the remote runnable: the protocol has it ignore them.

    Args:
        url: Of the runnable: the server's address and the path it was added under.
        timeout: Seconds to wait for a connection, and for each piece of a reply; None waits for
            ever. An ``httpx.Timeout`` sets them one by one.
        auth: As in httpx.
        headers: Sent with every request.
        cookies: Sent with every request.
        verify: As in httpx: whether, or by which context, the server's certificate is checked.
        cert: As in httpx: a certificate of the client's own.
        client_kwargs: Further arguments for both ``httpx.Client`` and ``httpx.AsyncClient``.
        use_server_callback_events: Whether to replay the server's callback events.
        serializer: The same as on the server. ``WellKnownLCSerializer()`` if not given.

    Attributes:
        url: Ends with a slash.
        sync_client: All synchronous calls go through it. May be replaced.
        async_client: All asynchronous calls go through it. May be replaced. Both are closed when
            the runnable is no longer in use; those that replace them are not.
    """

    def __init__(  # noqa: PLR0913  (the signature is LangServe's)
        self,
        url: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        auth: transport.Auth | None = None,
        headers: transport.Headers | None = None,
        cookies: transport.Cookies | None = None,
        verify: ssl.SSLContext | str | bool = True,
        cert: transport.Certificate | None = None,
        client_kwargs: Mapping[str, Any] | None = None,
        use_server_callback_events: bool = True,
        serializer: Serializer | None = None,
    ) -> None:
        self.url = url if url.endswith("/") else url + "/"
        self.sync_client, self.async_client = transport.open_clients(
            self.url,
            timeout=timeout,
            auth=auth,
            headers=headers,
            cookies=cookies,
            verify=verify,
            cert=cert,
            **(client_kwargs or {}),
        )
        weakref.finalize(self, transport.close_clients, self.sync_client, self.async_client)
        self._serializer = serializer or WellKnownLCSerializer()
        self._replays = use_server_callback_events

    @property
    @override
    def InputType(self) -> Any:
        """Unknown here; the server checks inputs."""
        return Any

    @property
    @override
    def OutputType(self) -> Any:
        """Unknown here."""
        return Any

    # --- invoke --------------------------------------------------------------------------------

    @override
    def invoke(self, input: Input, config: RunnableConfig | None = None, **kwargs: Any) -> Output:
        _refuse(kwargs)
        return self._call_with_config(self._invoke, input, config)

    @override
    async def ainvoke(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Output:
        _refuse(kwargs)
        return await self._acall_with_config(self._ainvoke, input, config)

    def _invoke(
        self, value: Input, run_manager: CallbackManagerForChainRun, config: RunnableConfig
    ) -> Output:
        response = self._post("invoke", self._body("input", value, body.sendable(config)))
        reply = replies.parse(response)
        if self._replays:
            self._replay(reply.get("callback_events"), response).tell(run_manager)
        return self._output(reply)

    async def _ainvoke(
        self, value: Input, run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig
    ) -> Output:
        response = await self._apost("invoke", self._body("input", value, body.sendable(config)))
        reply = replies.parse(response)
        if self._replays:
            await self._replay(reply.get("callback_events"), response).atell(run_manager)
        return self._output(reply)

    def _output(self, reply: dict[str, Any]) -> Output:
        metadata.report(reply.get("metadata"))
        return cast("Output", self._serializer.loadd(reply["output"]))

    # --- batch ---------------------------------------------------------------------------------

    @override
    def batch(
        self,
        inputs: list[Input],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Run on all inputs in one request.

        Args:
            inputs: If empty, no request is made.
            config: One for all, or one for each.
            return_exceptions: Whether the outputs of inputs that failed are exceptions, instead of
                the first being raised. LangServe's own server fails a batch as a whole, which makes
                all outputs that failure.
            kwargs: None can be given.

        Raises:
            NotImplementedError: Keyword arguments were given.
            httpx.HTTPError: The request, or without ``return_exceptions`` an input, failed.
            ValueError: The reply is not of this protocol.
        """
        _refuse(kwargs)
        run = partial(self._batch, each=return_exceptions)
        outputs = self._batch_with_config(run, inputs, config, return_exceptions=return_exceptions)
        return _completed(outputs)

    @override
    async def abatch(
        self,
        inputs: list[Input],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Run on all inputs in one request; see ``batch``."""
        _refuse(kwargs)
        run = partial(self._abatch, each=return_exceptions)
        outputs = await self._abatch_with_config(
            run, inputs, config, return_exceptions=return_exceptions
        )
        return _completed(outputs)

    def _batch(
        self,
        inputs: list[Input],
        run_manager: list[CallbackManagerForChainRun],
        config: list[RunnableConfig],
        *,
        each: bool,
    ) -> list[Exception | Output]:
        response = self._post("batch", self._batch_body(inputs, config, each=each))
        reply = replies.parse(response)
        outputs = self._outputs(reply, response, len(inputs), each=each)
        if self._replays:
            events = replies.callback_events(reply, len(inputs))
            for of_item, run in zip(events, run_manager, strict=True):
                self._replay(of_item, response).tell(run)
        return outputs

    async def _abatch(
        self,
        inputs: list[Input],
        run_manager: list[AsyncCallbackManagerForChainRun],
        config: list[RunnableConfig],
        *,
        each: bool,
    ) -> list[Exception | Output]:
        response = await self._apost("batch", self._batch_body(inputs, config, each=each))
        reply = replies.parse(response)
        outputs = self._outputs(reply, response, len(inputs), each=each)
        if self._replays:
            events = replies.callback_events(reply, len(inputs))
            for of_item, run in zip(events, run_manager, strict=True):
                await self._replay(of_item, response).atell(run)
        return outputs

    def _batch_body(
        self, inputs: list[Input], configs: list[RunnableConfig], *, each: bool
    ) -> dict[str, bytes]:
        parts = self._body("inputs", inputs, [body.sendable(config) for config in configs])
        return {**parts, "return_exceptions": b"true"} if each else parts

    def _outputs(
        self, reply: dict[str, Any], response: httpx.Response, count: int, *, each: bool
    ) -> list[Exception | Output]:
        outputs = replies.outputs(reply, count)
        failures = replies.failures(reply, response.request) if each else {}
        metadata.report_batch(reply.get("metadata"))
        return [
            failures.get(position) or self._serializer.loadd(output)
            for position, output in enumerate(outputs)
        ]

    # --- stream --------------------------------------------------------------------------------

    @override
    def stream(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Output]:
        return self.transform(iter([input]), config, **kwargs)

    @override
    def astream(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Output]:
        return self.atransform(_only(input), config, **kwargs)

    @override
    def transform(
        self, input: Iterator[Input], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Output]:
        """Stream the output for an input that comes in pieces, which are added up first."""
        # langchain-core looks which parameters there are; its type hints leave this choice out.
        transform: Any = self._transform
        return self._transform_stream_with_config(input, transform, config, **kwargs)

    @override
    def atransform(
        self, input: AsyncIterator[Input], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Output]:
        """Stream the output for an input that comes in pieces, which are added up first."""
        transform: Any = self._atransform
        return self._atransform_stream_with_config(input, transform, config, **kwargs)

    def _transform(
        self,
        inputs: Iterator[Input],
        config: RunnableConfig,
        **kwargs: Any,
    ) -> Iterator[Output]:
        pieces = list(inputs)
        if pieces:
            parts = self._body("input", _added(pieces), body.sendable(config), kwargs)
            yield from map(_chunk, self._stream("stream", parts))

    async def _atransform(
        self,
        inputs: AsyncIterator[Input],
        config: RunnableConfig,
        **kwargs: Any,
    ) -> AsyncIterator[Output]:
        pieces = [piece async for piece in inputs]
        if pieces:
            parts = self._body("input", _added(pieces), body.sendable(config), kwargs)
            async with aclosing(self._astream("stream", parts)) as values:
                async for value in values:
                    yield _chunk(value)

    # --- log and events ------------------------------------------------------------------------

    @override
    async def astream_log(  # type: ignore[override]
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[RunLogPatch]:
        """Stream the log of the run at the server, as patches.

        Args:
            input: Of the run.
            config: Of the run.
            kwargs: ``include_names``, ``include_types``, ``include_tags``, ``exclude_names``,
                ``exclude_types`` and ``exclude_tags``. ``diff`` changes nothing.
        """
        async with aclosing(self._watch("stream_log", input, config, kwargs)) as patches:
            async for patch in patches:
                yield RunLogPatch(*patch["ops"])

    @override
    def astream_events(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[StreamEvent]:
        """Stream the events of the run at the server.

        Args:
            input: Of the run.
            config: Of the run.
            kwargs: The same six filters as for ``astream_log``. ``version`` changes nothing: the
                server has chosen it.
        """
        return self._watch("stream_events", input, config, kwargs)

    async def _watch(
        self, operation: str, value: Any, config: RunnableConfig | None, kwargs: dict[str, Any]
    ) -> AsyncGenerator[Any]:
        config = ensure_config(config)
        run = await get_async_callback_manager_for_config(config).on_chain_start(
            None,
            value,
            name=config.get("run_name") or self.get_name(),
            run_id=config.pop("run_id", None),
        )
        filters = {key: body.dump(kwargs.pop(key)) for key in _FILTERS & kwargs.keys()}
        output = None
        try:
            parts = self._body("input", value, body.sendable(config), kwargs)
            async with aclosing(self._astream(operation, {**parts, **filters})) as items:
                async for item in items:
                    output = _final_output(item, output)
                    yield item
        except BaseException as error:
            await run.on_chain_error(error)
            raise
        else:
            await run.on_chain_end(output)

    # --- requests ------------------------------------------------------------------------------

    def _body(
        self, key: str, value: Any, config: Any, kwargs: dict[str, Any] | None = None
    ) -> dict[str, bytes]:
        return {
            key: self._serializer.dumps(value),
            "config": body.dump(config),
            "kwargs": body.dump(kwargs or {}),
        }

    def _post(self, operation: str, parts: dict[str, bytes]) -> httpx.Response:
        content = body.join(parts)
        return self.sync_client.post(f"/{operation}", content=content, headers=_JSON_HEADERS)

    async def _apost(self, operation: str, parts: dict[str, bytes]) -> httpx.Response:
        content = body.join(parts)
        return await self.async_client.post(f"/{operation}", content=content, headers=_JSON_HEADERS)

    def _stream(self, operation: str, parts: dict[str, bytes]) -> Iterator[Any]:
        url = urljoin(self.url, operation)
        return streaming.receive(self.sync_client, url, body.join(parts), self._serializer)

    def _astream(self, operation: str, parts: dict[str, bytes]) -> AsyncGenerator[Any]:
        url = urljoin(self.url, operation)
        return streaming.areceive(self.async_client, url, body.join(parts), self._serializer)

    def _replay(self, events: Any, response: httpx.Response) -> Replay:
        return Replay(events, self._serializer, response.request)


_FILTERS = frozenset(
    f"{choice}_{trait}" for choice in ("include", "exclude") for trait in ("names", "types", "tags")
)


def _refuse(kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise NotImplementedError(
            f"Keyword arguments do not reach a remote runnable: {', '.join(sorted(kwargs))}. "
            "Bind them at the server, or make them configurable there."
        )


def _completed(outputs: list[Any]) -> list[Any]:
    """Let through what langchain-core takes for an output: that the batch was cancelled."""
    for output in outputs:
        if isinstance(output, BaseException) and not isinstance(output, Exception):
            raise output
    return outputs


async def _only(value: Input) -> AsyncIterator[Input]:
    yield value


def _added(pieces: list[Any]) -> Any:
    """Add up the pieces of an input; where they cannot be added, only the last one counts."""
    total = pieces[0]
    for piece in pieces[1:]:
        try:
            total = total + piece
        except TypeError:
            total = piece
    return total


def _chunk(value: Any) -> Any:
    return AddableDict(value) if type(value) is dict else value


def _final_output(item: Any, so_far: Any) -> Any:
    """The run's output, if this log patch or root event tells it; else what was known before."""
    if not isinstance(item, dict):
        return so_far
    if isinstance(item.get("ops"), list):
        told = [op["value"] for op in item["ops"] if op["path"] == "/final_output"]
        return told[-1] if told else so_far
    ended = str(item.get("event")).endswith("_end") and not item.get("parent_ids")
    return item["data"].get("output") if ended else so_far
