"""The one door: what a caller may do, and which rows it may see.

Every service of the engine comes through here before it does anything, whatever protocol asked.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from moorage.domain.caller import Caller
from moorage.domain.search import Filters
from moorage.errors import Forbidden

Resource = Literal["assistants", "threads", "crons", "store"]
Action = Literal[
    "create",
    "create_run",
    "delete",
    "get",
    "list_namespaces",
    "put",
    "read",
    "search",
    "update",
]
Verdict = Filters | bool | None
"""None and True allow, False refuses; filters allow the rows whose metadata pass."""

Rule = Callable[[Caller, Resource, Action, dict[str, Any]], Awaitable[Verdict]]
"""What decides. It may change the value that it is shown, and the change counts."""

EVERYTHING: Filters = {}


class Access:
    """Asks the deployment's rule. Without one, who was let in may do everything.

    Args:
        rule: Decides; what it raises passes through.
    """

    def __init__(self, rule: Rule | None = None) -> None:
        self._rule = rule

    async def authorise(
        self, caller: Caller, resource: Resource, action: Action, value: dict[str, Any]
    ) -> Filters:
        """Return what the caller may see of a resource.

        Args:
            caller: Who asks.
            resource: What it wants to act on.
            action: What it wants to do.
            value: What it sent, under the Agent Server's names (protocol, section 12). The rule may
                change it: use it afterwards, not what it was made of. Metadata that are None
                become an empty table for it, as rules add to them.

        Raises:
            Forbidden: The caller may not do this.
        """
        if self._rule is None:
            return EVERYTHING
        if "metadata" in value and value["metadata"] is None:
            value["metadata"] = {}
        verdict = await self._rule(caller, resource, action, value)
        if verdict is False:
            raise Forbidden("Forbidden")
        return EVERYTHING if verdict is None or verdict is True else verdict
