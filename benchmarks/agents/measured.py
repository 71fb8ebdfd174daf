"""The names of what is measured of Agent Servers."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from benchmarks.agents import followers, startup
from benchmarks.agents.cases import AgentCase, Background, Dispatch, Requests, measure
from benchmarks.agents.servers import AgentPeer
from benchmarks.load import Load
from benchmarks.report import Series

_ANSWER = '"id":"answer"'
_LAST_TOKEN = "token19"

_LOADS: tuple[AgentCase, ...] = (
    Requests("agent-wait", "stateless wait", "echo", "/runs/wait", _ANSWER),
    Requests("agent-wait-alone", "the same, one at a time", "echo", "/runs/wait", _ANSWER, 1),
    Requests(
        "agent-stream", "stateless stream of 20 tokens", "tokens", "/runs/stream", _LAST_TOKEN
    ),
    Requests(
        "agent-thread-wait",
        "wait in a thread, with checkpoints",
        "echo",
        "/threads/{thread}/runs/wait",
        _ANSWER,
    ),
    Background("agent-background", "background run in a thread, accepted and joined"),
    Dispatch("agent-dispatch"),
)

AGENT_CASES: dict[str, Callable[[Mapping[str, AgentPeer], Load], Iterable[Series]]] = {
    **{case.name: partial(measure, case) for case in _LOADS},
    followers.NAME: followers.followers,
    startup.NAME: startup.startup,
}
