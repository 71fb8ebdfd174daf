"""Gates in which runs of the served project stop until a test opens them.

The server is a thread of the test's process, so both have this module.
"""

from collections import defaultdict
from uuid import uuid4

from moorage.testing import Gate

_GATES: defaultdict[str, Gate] = defaultdict(Gate)


def gate(name: str) -> Gate:
    """Return the gate of that name."""
    return _GATES[name]


def new_gate() -> tuple[str, Gate]:
    """Return the name of a gate that nobody else uses, and the gate."""
    name = str(uuid4())
    return name, gate(name)
