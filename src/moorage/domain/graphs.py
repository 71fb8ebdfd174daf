"""How a deployment names its graphs."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """An object of a deployment, by where it is defined and what it is called there.

    Attributes:
        location: A Python file, as an absolute path, or a module's dotted name.
        attribute: The object's name in it.
        text: The reference as it was written, for messages.
    """

    location: Path | str
    attribute: str
    text: str


@dataclass(frozen=True, slots=True)
class GraphReference:
    """A graph that is to be served.

    Attributes:
        id: What clients call it.
        target: Where it is defined.
        description: What it does, in the words of its author.
    """

    id: str
    target: ObjectReference
    description: str | None = None
