"""Events of a run: what its followers are sent."""

from dataclasses import dataclass

ATTEMPT_BITS = 32


def event_id(attempt: int, number: int) -> int:
    """Return the id of an attempt's ``number``-th event.

    Ids of one run only ever rise, over recoveries as well: a later attempt's come after all of an
    earlier one's, even those that a worker writes who does not know yet that it has lost the run.
    """
    return attempt << ATTEMPT_BITS | number


def follows(event: int, other: int) -> bool:
    """Tell whether nothing is missing between two events: the next one, or an attempt's first."""
    return event == other + 1 or (event > other and event == event_id(event >> ATTEMPT_BITS, 1))


@dataclass(frozen=True, slots=True)
class Flush:
    """Events that were written together.

    Attributes:
        first_id: Id of the first of them.
        last_id: Id of the last of them.
        events: What is sent, in the form of ``engine.streaming``.
    """

    run_id: str
    first_id: int
    last_id: int
    events: bytes
