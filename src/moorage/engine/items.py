"""The long-term memory, as callers use it.

Items have no metadata, so the filters of an authorization handler say nothing about them: a handler
keeps callers apart by changing the namespace that it is shown (protocol, section 12).
"""

from collections.abc import Sequence
from typing import Any, cast

from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    validate_op_namespace,
)

from moorage.domain.caller import Caller
from moorage.domain.items import (
    DEEPEST,
    OPERATORS,
    ItemQuery,
    Namespace,
    NamespaceQuery,
    NewItem,
    is_too_deep,
    unknown_operators,
)
from moorage.engine.access import Access, Action
from moorage.errors import BadRequest, Invalid


class Items:
    """The items of a deployment, in the store that nodes find too.

    All methods raise ``Forbidden`` if the caller may not, and ``Invalid`` if a namespace has an
    empty label, or one with a dot.

    Args:
        store: Where they are kept.
        access: Says who may do what.
    """

    def __init__(self, store: BaseStore, access: Access) -> None:
        self._store = store
        self._access = access

    async def put(self, caller: Caller, item: NewItem) -> None:
        """Keep an item, in place of the one that is there.

        Raises:
            Invalid: It is to live for no time at all, or its value is nested too deeply.
        """
        value = await self._authorised(
            caller,
            "put",
            namespace=item.namespace,
            key=item.key,
            value=dict(item.value),
            index=item.index,
            ttl=item.ttl,
        )
        ttl = value["ttl"]
        if ttl is None:
            ttl = (self._store.ttl_config or {}).get("default_ttl")
        elif not ttl > 0:
            raise Invalid("ttl: it should be a number of minutes above 0")
        _check_depth("value", value["value"])
        namespace, key = _namespace(value["namespace"]), value["key"]
        await self._do(PutOp(namespace, key, value["value"], value["index"], ttl))

    async def get(
        self, caller: Caller, namespace: Namespace, key: str, *, refresh_ttl: bool | None = None
    ) -> Item | None:
        """Return an item; None if there is none."""
        value = await self._authorised(caller, "get", namespace=namespace, key=key)
        op = GetOp(_namespace(value["namespace"]), value["key"], self._refreshes(refresh_ttl))
        return cast("Item | None", await self._do(op))

    async def delete(self, caller: Caller, namespace: Namespace, key: str) -> None:
        """Delete an item, if there is one."""
        value = await self._authorised(caller, "delete", namespace=namespace, key=key)
        await self._do(PutOp(_namespace(value["namespace"]), value["key"], None))

    async def search(self, caller: Caller, query: ItemQuery) -> Sequence[SearchItem]:
        """Return the items below a namespace that a query is for.

        The latest come first, or where the store has an index and there is a text to search for,
        those that are nearest to it, each with its ``score``.

        Raises:
            BadRequest: The filter has an operator that there is not.
            Invalid: It is nested too deeply.
        """
        value = await self._authorised(
            caller,
            "search",
            namespace=query.prefix,
            filter=query.filter and dict(query.filter),
            limit=query.limit,
            offset=query.offset,
            query=query.query,
            refresh_ttl=query.refresh_ttl,
        )
        _check_depth("filter", value["filter"])
        for unknown in unknown_operators(value["filter"]):
            raise BadRequest(f"Unsupported operator: {unknown}; use {', '.join(OPERATORS)}")
        op = SearchOp(
            _namespace(value["namespace"]),
            value["filter"],
            value["limit"],
            value["offset"],
            value["query"],
            self._refreshes(value["refresh_ttl"]),
        )
        return cast("Sequence[SearchItem]", await self._do(op))

    async def namespaces(self, caller: Caller, query: NamespaceQuery) -> Sequence[Namespace]:
        """Return the namespaces that hold items, in order."""
        value = await self._authorised(
            caller,
            "list_namespaces",
            namespace=query.prefix,
            suffix=query.suffix,
            max_depth=query.max_depth,
            limit=query.limit,
            offset=query.offset,
        )
        paths = {"prefix": value["namespace"], "suffix": value["suffix"]}
        op = ListNamespacesOp(
            tuple(
                MatchCondition(cast(Any, where), _namespace(path))
                for where, path in paths.items()
                if path
            ),
            value["max_depth"],
            value["limit"],
            value["offset"],
        )
        return cast("Sequence[Namespace]", await self._do(op))

    async def _authorised(self, caller: Caller, action: Action, **value: Any) -> dict[str, Any]:
        """Return what the caller sent as the deployment's rule has left it."""
        await self._access.authorise(caller, "store", action, value)
        return value

    async def _do(self, op: Op) -> Result:
        # Not by the store's methods for one operation: they reserve a namespace for LangGraph.
        try:
            validate_op_namespace(op)
        except InvalidNamespaceError as error:
            raise Invalid(f"namespace: {error}") from error
        [result] = await self._store.abatch([op])
        return result

    def _refreshes(self, asked: bool | None) -> bool:
        if asked is not None:
            return asked
        return (self._store.ttl_config or {}).get("refresh_on_read", True)


def _check_depth(field: str, value: Any) -> None:
    if is_too_deep(value):
        raise Invalid(f"{field}: it is nested more than {DEEPEST} levels deep")


def _namespace(labels: Any) -> Namespace:
    """Return the labels that a handler has left, which may be a list."""
    return tuple(labels or ())
