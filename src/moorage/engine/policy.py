"""What the operator decided about every run, in one value that travels with each request."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from moorage.errors import Rejected
from moorage.lifecycle import Lifecycle

ErrorMapper = Callable[[BaseException], Rejected | None]

# Keys of a request's scope: what `create_app` puts there, and what endpoints announce.
POLICY_KEY = "moorage.policy"
RUN_ID_KEY = "moorage.run_id"


@dataclass(frozen=True, slots=True)
class RunPolicy:
    """How runs are carried out in this service; without `create_app` the defaults hold.

    Attributes:
        run_timeout: Seconds that one run may take; None is without limit.
        error_mapper: Turns a runnable's exception into what the client is told; None from it leaves
            the closed 500.
        executor: The threads of synchronous runnables. They are also the default of the event loop.
        lifecycle: The state of the process, for runs that outlive a request.
    """

    run_timeout: float | None = None
    error_mapper: ErrorMapper | None = None
    executor: Executor | None = None
    lifecycle: Lifecycle | None = None


UNLIMITED = RunPolicy()
