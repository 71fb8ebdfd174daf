"""What protocols are given: one service for each noun, and the graphs they are about."""

from collections.abc import Callable
from dataclasses import dataclass

from moorage.engine.answers import Answers
from moorage.engine.assistants import Assistants
from moorage.engine.cancels import Cancels
from moorage.engine.crons import Crons
from moorage.engine.graphs import Graphs
from moorage.engine.items import Items
from moorage.engine.joins import Joins
from moorage.engine.runs import Runs
from moorage.engine.sessions import Sessions
from moorage.engine.states import States
from moorage.engine.threads import Threads


@dataclass(frozen=True, slots=True)
class Agents:
    """The agents of a deployment, as its protocols see them.

    Attributes:
        shows_header: Says which request headers runs find in ``configurable``.
    """

    graphs: Graphs
    assistants: Assistants
    threads: Threads
    states: States
    runs: Runs
    joins: Joins
    cancels: Cancels
    answers: Answers
    sessions: Sessions
    items: Items
    crons: Crons
    shows_header: Callable[[str], bool] = lambda _: False
