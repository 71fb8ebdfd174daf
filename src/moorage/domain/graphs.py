"""How a deployment names its graphs."""

from dataclasses import dataclass

from moorage.importing import ObjectReference


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
