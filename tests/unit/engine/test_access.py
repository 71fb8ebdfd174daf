"""What the one door does with the verdict of the deployment's rule."""

from typing import Any

import pytest

from moorage.domain.caller import ANONYMOUS, Caller
from moorage.engine.access import Access, Action, Resource, Verdict
from moorage.errors import Forbidden

pytestmark = pytest.mark.anyio


def deciding(verdict: Verdict) -> Access:
    async def rule(*_: object) -> Verdict:
        return verdict

    return Access(rule)


async def test_everything_is_allowed_without_a_rule():
    assert await Access().authorise(ANONYMOUS, "threads", "read", {}) == {}


@pytest.mark.parametrize("verdict", [None, True])
async def test_a_rule_allows_without_filters(verdict: Verdict):
    assert await deciding(verdict).authorise(ANONYMOUS, "threads", "read", {}) == {}


async def test_a_rule_returns_filters():
    filters = await deciding({"owner": "ada"}).authorise(ANONYMOUS, "crons", "search", {})

    assert filters == {"owner": "ada"}


async def test_a_rule_refuses():
    with pytest.raises(Forbidden, match="Forbidden"):
        await deciding(False).authorise(ANONYMOUS, "store", "put", {})


async def test_a_rule_sees_who_does_what_and_its_change_counts():
    seen: list[Any] = []

    async def rule(
        caller: Caller, resource: Resource, action: Action, value: dict[str, Any]
    ) -> Verdict:
        seen.append((caller.identity, resource, action))
        value["metadata"]["owner"] = caller.identity
        return None

    value: dict[str, Any] = {"metadata": {}}
    await Access(rule).authorise(Caller("ada", "jwt"), "threads", "create", value)

    assert (seen, value) == ([("ada", "threads", "create")], {"metadata": {"owner": "ada"}})


async def test_a_rule_can_always_add_to_metadata():
    async def rule(caller: Caller, resource: Resource, action: Action, value: Any) -> Verdict:
        value.setdefault("metadata", {}).update(owner=caller.identity)
        return None

    for value in ({"metadata": None}, {}):
        await Access(rule).authorise(Caller("ada", "jwt"), "threads", "search", value)
        assert value == {"metadata": {"owner": "ada"}}
