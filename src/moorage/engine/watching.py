"""Who counts what happens: the engine tells, and knows nothing of numbers and their forms."""

from typing import Literal, Protocol

from moorage.domain.runs import Outcome

Fate = Literal["delivered", "postponed", "given up"]


class Watch(Protocol):
    """Is told of runs and webhooks as they go."""

    def run_began(self, waited: float) -> None:
        """Count a run that began so many seconds after it was asked for."""

    def run_ended(self, outcome: Outcome, seconds: float) -> None:
        """Count a run that ended, so many seconds after it began or was gone on with."""

    def webhook_tried(self, fate: Fate) -> None:
        """Count a webhook that has arrived, will be tried again, or was given up."""


class _Unwatched:
    def run_began(self, waited: float) -> None:
        pass

    def run_ended(self, outcome: Outcome, seconds: float) -> None:
        pass

    def webhook_tried(self, fate: Fate) -> None:
        pass


UNWATCHED: Watch = _Unwatched()
"""Nobody counts."""
