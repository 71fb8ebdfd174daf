"""Writes what happens inside a run as JSON patches of a log with one entry per inner run."""

import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, LLMResult

# The one private name: langchain-core looks for its methods, LangGraph for the class itself,
# before either shows a handler the chunks of an inner step.
from langchain_core.tracers._streaming import _StreamingCallbackHandler
from typing_extensions import override

from moorage.clock import SystemClock

Op = dict[str, Any]
Ops = list[Op]


class Filters(TypedDict, total=False):
    """Which inner runs are shown: those on any include list and on no exclude list.

    An absent list or ``None`` says nothing; without any include list all runs are included. A
    chat model's type is ``llm``.
    """

    include_names: Collection[str] | None
    include_types: Collection[str] | None
    include_tags: Collection[str] | None
    exclude_names: Collection[str] | None
    exclude_types: Collection[str] | None
    exclude_tags: Collection[str] | None


class RunLog(BaseCallbackHandler, _StreamingCallbackHandler[Any]):
    """Follows one root run and everything below it; use one instance per run.

    Synchronous and inline, so that patches come in order of occurrence in every thread. Of a run
    that has ended it keeps nothing but the number of runs of its name.

    Args:
        emit: Takes each patch; called in whatever thread the run is in.
        filters: Which inner runs are shown.
    """

    raise_error = False
    run_inline = True

    def __init__(self, emit: Callable[[Ops], None], **filters: Unpack[Filters]) -> None:
        super().__init__()
        self._emit = emit
        self._shown = _Shown(**filters)
        self._clock = SystemClock()
        self._root: UUID | None = None
        self._open: dict[UUID, _OpenRun] = {}
        self._names: Counter[str] = Counter()
        self._lock = threading.Lock()

    @override
    def on_chain_start(self, serialized: dict[str, Any] | None, inputs: Any, **run: Any) -> None:
        self._start(run.get("run_type") or "chain", serialized, run)

    @override
    def on_chat_model_start(
        self, serialized: dict[str, Any] | None, messages: list[list[BaseMessage]], **run: Any
    ) -> None:
        self._start("llm", serialized, run)

    @override
    def on_llm_start(
        self, serialized: dict[str, Any] | None, prompts: list[str], **run: Any
    ) -> None:
        self._start("llm", serialized, run)

    @override
    def on_tool_start(self, serialized: dict[str, Any] | None, input_str: str, **run: Any) -> None:
        self._start("tool", serialized, run)

    @override
    def on_retriever_start(self, serialized: dict[str, Any] | None, query: str, **run: Any) -> None:
        self._start("retriever", {"name": "Retriever"}, run)

    @override
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **run: Any) -> None:
        if (ended := self._open.pop(run_id, None)) is not None:
            bare = ended.is_prompt or isinstance(outputs, dict)
            self._end(ended, outputs if bare else {"output": outputs})

    @override
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **run: Any) -> None:
        if (ended := self._open.pop(run_id, None)) is not None:
            self._end(ended, _llm_output(response))

    @override
    def on_tool_end(self, output: Any, *, run_id: UUID, **run: Any) -> None:
        if (ended := self._open.pop(run_id, None)) is not None:
            self._end(ended, {"output": output})

    @override
    def on_retriever_end(self, documents: Sequence[Document], *, run_id: UUID, **run: Any) -> None:
        if (ended := self._open.pop(run_id, None)) is not None:
            self._end(ended, {"documents": documents})

    @override
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **run: Any) -> None:
        self._fail(run_id)

    @override
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **run: Any) -> None:
        response = run.get("response")
        self._fail(run_id, _llm_output(response) if response else {})

    @override
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **run: Any) -> None:
        self._fail(run_id)

    @override
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **run: Any) -> None:
        self._fail(run_id)

    @override
    def on_llm_new_token(
        self, token: str | list[str | dict[str, Any]], *, run_id: UUID, **run: Any
    ) -> None:
        if (shown := self._open.get(run_id)) is not None:
            chunk = run.get("chunk")
            output = chunk.message if isinstance(chunk, ChatGenerationChunk) else token
            self._emit(
                [
                    _add(f"{shown.path}/streamed_output_str/-", token),
                    _add(f"{shown.path}/streamed_output/-", output),
                ]
            )

    @override
    async def tap_output_aiter(
        self, run_id: UUID, output: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        """Pass an inner step's chunks through and note each."""
        async for chunk in output:
            self._note_chunk(run_id, chunk)
            yield chunk

    @override
    def tap_output_iter(self, run_id: UUID, output: Iterator[Any]) -> Iterator[Any]:
        """Pass an inner step's chunks through and note each."""
        for chunk in output:
            self._note_chunk(run_id, chunk)
            yield chunk

    def _note_chunk(self, run_id: UUID, chunk: Any) -> None:
        if (shown := self._open.get(run_id)) is not None:
            self._emit([_add(f"{shown.path}/streamed_output/-", chunk)])

    def _start(self, run_type: str, serialized: dict[str, Any] | None, run: dict[str, Any]) -> None:
        run_id = run["run_id"]
        name = run.get("name") or _name_of(serialized)
        tags = run.get("tags") or []
        if self._root is None:
            self._root = run_id
            self._emit([_document(run_id, name, run_type)])
        elif self._shown.includes((name,), (run_type,), tags):
            opened = self._open[run_id] = _OpenRun(self._path_for(name), run_type == "prompt")
            entry = {
                "id": str(run_id),
                "name": name,
                "type": run_type,
                "tags": tags,
                "metadata": run.get("metadata") or {},
                "start_time": self._now(),
                "streamed_output": [],
                "streamed_output_str": [],
                "final_output": None,
                "end_time": None,
            }
            self._emit([_add(opened.path, entry)])

    def _path_for(self, name: str) -> str:
        with self._lock:
            self._names[name] += 1
            count = self._names[name]
        return f"/logs/{escape(name)}" + (f":{count}" if count > 1 else "")

    def _fail(self, run_id: UUID, output: Any = None) -> None:
        if (ended := self._open.pop(run_id, None)) is not None:
            self._end(ended, output or {})

    def _end(self, run: "_OpenRun", output: Any) -> None:
        self._emit(
            [_add(f"{run.path}/final_output", output), _add(f"{run.path}/end_time", self._now())]
        )

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class _OpenRun:
    """An inner run that is shown and has not ended."""

    path: str
    is_prompt: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    """Decides by the filters."""

    include_names: Collection[str] | None = None
    include_types: Collection[str] | None = None
    include_tags: Collection[str] | None = None
    exclude_names: Collection[str] | None = None
    exclude_types: Collection[str] | None = None
    exclude_tags: Collection[str] | None = None

    def includes(self, *run: Collection[str]) -> bool:
        """Tell whether a run with these names, types and tags is shown."""
        wanted = (self.include_names, self.include_types, self.include_tags)
        unwanted = (self.exclude_names, self.exclude_types, self.exclude_tags)
        if any(names is not None for names in wanted) and not _meet(run, wanted):
            return False
        return not _meet(run, unwanted)


def _meet(run: Sequence[Collection[str]], lists: Sequence[Collection[str] | None]) -> bool:
    pairs = zip(run, lists, strict=True)
    return any(word in listed for words, listed in pairs if listed for word in words)


def escape(key: Any) -> str:
    """Write a key as one step of a JSON pointer (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _add(path: str, value: Any) -> Op:
    return {"op": "add", "path": path, "value": value}


def _document(run_id: UUID, name: str, run_type: str) -> Op:
    """Begin the document that all other patches change."""
    value: dict[str, Any] = {
        "id": str(run_id),
        "streamed_output": [],
        "final_output": None,
        "logs": {},
        "name": name,
        "type": run_type,
    }
    return {"op": "replace", "path": "", "value": value}


def _name_of(serialized: dict[str, Any] | None) -> str:
    """Name a run that was given no name after the object that runs."""
    if serialized and "name" in serialized:
        return str(serialized["name"])
    if serialized and "id" in serialized:
        return str(serialized["id"][-1])
    return "Unnamed"


def _llm_output(response: LLMResult) -> dict[str, Any]:
    """Write a result as a dict whose messages are still messages, with their tool calls."""
    generations = [[_generation(one) for one in several] for several in response.generations]
    return {"generations": generations, **response.model_dump(exclude={"generations"})}


def _generation(generation: Generation) -> dict[str, Any]:
    if not isinstance(generation, ChatGeneration):
        return generation.model_dump()
    return {**generation.model_dump(exclude={"message"}), "message": generation.message}
