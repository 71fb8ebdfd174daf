"""What a run leaves on its thread, read from the state in which the graph was left."""

from collections.abc import Iterable, Mapping
from typing import Any

from langgraph.types import Interrupt, StateSnapshot

from moorage.domain.runs import CancelAction, Outcome, RunStatus
from moorage.domain.threads import ThreadState, ThreadStatus

Error = Mapping[str, str]

NOTHING = StateSnapshot({}, (), {"configurable": {}}, None, None, None, (), ())
"""The state of a thread on which nothing has happened."""

_TOLD = {
    CancelAction.INTERRUPT: {
        "error": "UserInterrupt",
        "message": "The run was cancelled; what it had finished is kept.",
    },
    CancelAction.ROLLBACK: {
        "error": "UserRollback",
        "message": "The run was cancelled, and what it had done is forgotten.",
    },
}


def described(error: BaseException) -> Error:
    """Describe an exception as clients are told of it: its class and its message."""
    return {"error": type(error).__name__, "message": str(error)}


def succeeded(snapshot: StateSnapshot) -> Outcome:
    """Return the outcome of a run that came to its end, or to a point where it has to wait."""
    return Outcome(RunStatus.SUCCESS, state_of(snapshot))


def failed(error: Error, snapshot: StateSnapshot, status: RunStatus = RunStatus.ERROR) -> Outcome:
    """Return the outcome of a run that failed, or took too long."""
    return Outcome(status, _stopped(ThreadStatus.ERROR, error, snapshot), error=error)


def cancelled(action: CancelAction, snapshot: StateSnapshot) -> Outcome:
    """Return the outcome of a run that was told to stop.

    After a rollback the snapshot is that of the state before the run.
    """
    error = _TOLD[action]
    if action is CancelAction.INTERRUPT:
        thread = _stopped(ThreadStatus.INTERRUPTED, error, snapshot)
        return Outcome(RunStatus.INTERRUPTED, thread)
    return Outcome(RunStatus.INTERRUPTED, state_of(snapshot), error, is_rolled_back=True)


def state_of(snapshot: StateSnapshot) -> ThreadState:
    """Return what a thread shows whose graph has stopped in the state of ``snapshot``.

    It is interrupted while anything is left to do: an answer to give, a breakpoint to pass.
    """
    status = ThreadStatus.INTERRUPTED if snapshot.next else ThreadStatus.IDLE
    return ThreadState(status, snapshot.values or None, interrupts_of(snapshot))


def interrupts_of(snapshot: StateSnapshot) -> dict[str, list[dict[str, Any]]]:
    """Return what each waiting task asks for, by the id of the task."""
    return {task.id: list(_asked(task.interrupts)) for task in snapshot.tasks if task.interrupts}


def _stopped(status: ThreadStatus, error: Error, snapshot: StateSnapshot) -> ThreadState:
    return ThreadState(status, snapshot.values or None, interrupts_of(snapshot), error)


def _asked(interrupts: Iterable[Interrupt]) -> Iterable[dict[str, Any]]:
    for one in interrupts:
        yield {"id": one.id, "value": one.value}
