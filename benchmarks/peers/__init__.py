"""The ways to host runnables that are compared. Each module here makes an application of them."""

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.cases import Mounts

LANGSERVE_PYTHON = str(Path(__file__).parents[1] / ".peer/bin/python")


@dataclass(frozen=True)
class Peer:
    """One way to host runnables, and the interpreter in whose environment it is installed."""

    name: str
    module: str
    factory: str = "create"
    python: str = sys.executable

    def create(self, mounts: Mounts) -> Any:
        """Make the peer's ASGI application, in this process."""
        return getattr(import_module(f"benchmarks.peers.{self.module}"), self.factory)(mounts)


PEERS = {
    peer.name: peer
    for peer in (
        Peer("handwritten", "handwritten"),
        Peer("langserve", "langserve_app", python=LANGSERVE_PYTHON),
        Peer("moorage", "moorage_app"),
        Peer("moorage-edge", "moorage_app", "create_with_edge"),
    )
}
