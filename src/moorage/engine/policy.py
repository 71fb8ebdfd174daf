"""What the operator decided about every run, in one value that travels with each request."""

from collections.abc import Callable
from dataclasses import dataclass

from moorage.errors import Rejected
from moorage.lifecycle import Lifecycle

ErrorMapper = Callable[[BaseException], Rejected | None]

# Keys of a request's scope: what `create_app` puts there, and what endpoints announce for the log
# and the metrics: the id of the run, and the `code` of the error that ended it.
POLICY_KEY = "moorage.policy"
RUN_ID_KEY = "moorage.run_id"
RUN_ERROR_KEY = "moorage.run_error"


@dataclass(frozen=True, slots=True)
class RunPolicy:
    """How runs are carried out in this service; without `create_app` the defaults hold.

    Attributes:
        run_timeout: Seconds that one run may take; None is without limit.
        error_mapper: Turns a runnable's exception into what the client is told; None from it leaves
            the closed 500.
        lifecycle: The state of the process, for runs that outlive a request.
    """

    run_timeout: float | None = None
    error_mapper: ErrorMapper | None = None
    lifecycle: Lifecycle | None = None


UNLIMITED = RunPolicy()
