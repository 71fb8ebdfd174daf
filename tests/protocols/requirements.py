"""What the protocols require of moorage: one record for each fact, and how far it goes.

The records are in ``requirements.py`` of each protocol's folder. Tests name the ids they prove with
``@pytest.mark.requirement``; ``test_manifest.py`` holds both sides together, and
``docs/compatibility.md`` is rendered from the manifests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How far a requirement is met."""

    COVERED = "the same"
    DIVERGENT = "differs on purpose"
    DEFERRED = "not there"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One fact of a protocol.

    Attributes:
        id: ``protocol:group:name``, the name tests use.
        section: Section of the notes on the protocol.
        behaviour: What moorage does, in one sentence; of a deferred one, what it does not.
        state: How far it is met.
        reason: Why it differs, or is not there.
    """

    id: str
    section: str
    behaviour: str
    state: State = State.COVERED
    reason: str = ""

    @property
    def group(self) -> str:
        """The middle of the id."""
        return self.id.split(":")[1]


@dataclass(frozen=True, slots=True)
class Protocol:
    """Whose facts they are.

    Attributes:
        name: The first part of their ids.
    """

    name: str

    def same(self, name: str, section: str, behaviour: str) -> Requirement:
        """Return a fact that holds as it does of the original."""
        return Requirement(f"{self.name}:{name}", section, behaviour)

    def differs(self, name: str, section: str, behaviour: str, reason: str) -> Requirement:
        """Return a fact in which moorage does otherwise, and why."""
        return Requirement(f"{self.name}:{name}", section, behaviour, State.DIVERGENT, reason)

    def lacks(self, name: str, section: str, behaviour: str, reason: str) -> Requirement:
        """Return a fact that does not hold, and why."""
        return Requirement(f"{self.name}:{name}", section, behaviour, State.DEFERRED, reason)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known of one protocol.

    Attributes:
        protocol: Whose facts they are.
        title: The heading of its part of the page.
        introduction: What the page says before the facts.
        groups: The groups in the order of the page, with their headings.
        requirements: The facts.
    """

    protocol: Protocol
    title: str
    introduction: str
    groups: Mapping[str, str]
    requirements: Sequence[Requirement]
