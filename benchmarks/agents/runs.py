"""The runs that are asked for, and what each must give."""

import re
from typing import Any

from benchmarks.processes import BenchmarkError
from benchmarks.runnables import TOKENS

QUESTION = "hello harbour"
_TOKEN = re.compile(rb'"content":"(token\d\d )"')


def run_of(graph: str, *, gate: int | None = None, **fields: Any) -> dict[str, Any]:
    """The body of a request for a run; the gate is the port that the graph ``gated`` waits at."""
    values: dict[str, Any] = {"messages": [{"role": "user", "content": QUESTION, "id": "question"}]}
    if gate is not None:
        values["gate"] = gate
    return {"assistant_id": graph, "input": values, **fields}


def check_values(values: Any) -> None:
    """Look at what a run of a graph that repeats the question ended with.

    Raises:
        BenchmarkError: It is something else.
    """
    said = [message["content"] for message in values.get("messages", ())]
    if said != [QUESTION, QUESTION]:
        raise BenchmarkError(f"wrong answer: {str(values)[:500]}")


def tokens_in(stream: bytes) -> list[str]:
    """The tokens in the frames of a stream, in their order."""
    return [token.decode() for token in _TOKEN.findall(stream)]


def check_stream(stream: bytes) -> None:
    """Look at the frames of a run of a graph that answers in tokens.

    Raises:
        BenchmarkError: They do not hold each token once and in order.
    """
    if tokens_in(stream) != list(TOKENS):
        raise BenchmarkError(f"wrong stream: {stream[-500:]!r}")
