"""What clients of the Agent Server look at first (protocol, section 11)."""

from typing import Any

from fastapi import APIRouter
from langgraph.version import __version__ as langgraph_version

from moorage.protocols.agent_server.wire import Answer

routes = APIRouter(tags=["service"])

FLAGS = {
    "assistants": True,
    "crons": True,
    "langsmith": False,
    "langsmith_tracing_replicas": False,
}
"""What clients detect features by."""


def about(disabled: frozenset[str]) -> dict[str, Any]:
    """Return what ``/info`` says of the agents, by which clients know what they may use.

    Args:
        disabled: The resources that are left out.
    """
    return {
        "langgraph_py_version": langgraph_version,
        "flags": {
            **FLAGS,
            "assistants": "assistants" not in disabled,
            "crons": "runs" not in disabled,
        },
        "host": {"kind": "self-hosted"},
    }


@routes.get("/")
async def root() -> Answer:
    """Tell that the process is alive, as ``/ok`` does."""
    return Answer({"ok": True})
