"""Collects what happened inside a run, as the events that LangServe's clients can replay."""

from collections.abc import Sequence
from typing import Any

from langchain_core.agents import AgentAction, AgentFinish
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from typing_extensions import override

CLOSED_ERROR = {"status_code": 500, "message": "Internal Server Error", "type": "server_error"}
"""What a client learns of a failure inside a run: that there was one.

LangServe writes ``error`` for the type. Its client raises a ``TypeError`` on every event that has
it, and the result of the run is lost; one of another type it logs and skips.
"""


class CallbackEvents(BaseCallbackHandler):
    """Records one run and everything below it; use one instance per run.

    Put it into the run's ``callbacks``. The methods are synchronous and run inline, so that events
    of parallel branches and of worker threads are kept in order of occurrence and no event costs a
    task.

    Attributes:
        events: The events so far, in order of occurrence (langserve-protocol, section 8). Each has
            ``type``, ``run_id``, ``parent_run_id``, ``tags``, ``metadata``, ``kwargs`` and its own
            keys. Ids are strings; everything else is the run's own objects, neither copied nor
            made JSON. Exceptions are never among them.
    """

    raise_error = False
    run_inline = True

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    @override
    def on_chain_start(self, serialized: dict[str, Any] | None, inputs: Any, **run: Any) -> None:
        self._record("on_chain_start", run, serialized=serialized, inputs=inputs)

    @override
    def on_chain_end(self, outputs: Any, **run: Any) -> None:
        self._record("on_chain_end", run, outputs=outputs)

    @override
    def on_chain_error(self, error: BaseException, **run: Any) -> None:
        self._record("on_chain_error", run, error=dict(CLOSED_ERROR))

    @override
    def on_llm_start(
        self, serialized: dict[str, Any] | None, prompts: list[str], **run: Any
    ) -> None:
        self._record("on_llm_start", run, serialized=serialized, prompts=prompts)

    @override
    def on_chat_model_start(
        self, serialized: dict[str, Any] | None, messages: list[list[BaseMessage]], **run: Any
    ) -> None:
        self._record("on_chat_model_start", run, serialized=serialized, messages=messages)

    @override
    def on_llm_end(self, response: LLMResult, **run: Any) -> None:
        self._record("on_llm_end", run, response=_untyped(response))

    @override
    def on_llm_error(self, error: BaseException, **run: Any) -> None:
        if isinstance(response := run.get("response"), LLMResult):
            run["response"] = _untyped(response)
        self._record("on_llm_error", run, error=dict(CLOSED_ERROR))

    @override
    def on_tool_start(self, serialized: dict[str, Any] | None, input_str: str, **run: Any) -> None:
        self._record("on_tool_start", run, serialized=serialized, input_str=input_str)

    @override
    def on_tool_end(self, output: Any, **run: Any) -> None:
        self._record("on_tool_end", run, output=_tool_text(output))

    @override
    def on_tool_error(self, error: BaseException, **run: Any) -> None:
        self._record("on_tool_error", run, error=dict(CLOSED_ERROR))

    @override
    def on_retriever_start(self, serialized: dict[str, Any] | None, query: str, **run: Any) -> None:
        self._record("on_retriever_start", run, serialized=serialized, query=query)

    @override
    def on_retriever_end(self, documents: Sequence[Document], **run: Any) -> None:
        self._record("on_retriever_end", run, documents=documents)

    @override
    def on_retriever_error(self, error: BaseException, **run: Any) -> None:
        self._record("on_retriever_error", run, error=dict(CLOSED_ERROR))

    @override
    def on_agent_action(self, action: AgentAction, **run: Any) -> None:
        self._record("on_agent_action", run, action=action)

    @override
    def on_agent_finish(self, finish: AgentFinish, **run: Any) -> None:
        self._record("on_agent_finish", run, finish=finish)

    @override
    def on_retry(self, retry_state: Any, **run: Any) -> None:
        attempt = {"attempt_number": retry_state.attempt_number, "slept": retry_state.idle_for}
        self._record("on_retry", run, retry_state=attempt)

    @override
    def on_custom_event(self, name: str, data: Any, **run: Any) -> None:
        self._record("on_custom_event", run, name=name, data=data)

    def _record(self, event_type: str, run: dict[str, Any], **fields: Any) -> None:
        parent_run_id = run.pop("parent_run_id", None)
        self.events.append(
            {
                "type": event_type,
                "run_id": str(run.pop("run_id")),
                "parent_run_id": None if parent_run_id is None else str(parent_run_id),
                "tags": run.pop("tags", None),
                "metadata": run.pop("metadata", None),
                "kwargs": run,
                **fields,
            }
        )


def _untyped(response: LLMResult) -> dict[str, Any]:
    """Leave out the ``type``: LangServe's client refuses the event if it can revive the result."""
    return {
        "generations": response.generations,
        "llm_output": response.llm_output,
        "run": response.run,
    }


def _tool_text(output: Any) -> str:
    """Render a tool's output as the text that the protocol has room for."""
    if isinstance(output, BaseMessage):
        output = output.content
    return output if isinstance(output, str) else str(output)
