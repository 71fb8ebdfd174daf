"""LangGraph's store in moorage's database: the long-term memory that nodes and clients share.

The official store has one connection, one lock, and a commit for each batch; here what is written
joins the commits of everything else. It also finds what has expired, and forgets on overwriting
when an item was made. So only its tables are kept: the official one opens the same file.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.store.base import (
    GetOp,
    IndexConfig,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    validate_op_namespace,
)

from moorage.domain.items import OPERATORS, ItemQuery, NamespaceQuery, unknown_operators
from moorage.storage.interface import ItemStore
from moorage.storage.sql import items
from moorage.storage.sql.items import Place
from moorage.storage.sql.statement import Database, Row, Transaction, dump_json, load
from moorage.storage.vectors import Meaning

_SWEPT_AT_ONCE = 1000

Reading = tuple[list[Result], list[Row]]
"""What operations have found, and the rows that are to live on for having been read."""


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """On which terms items are kept.

    Attributes:
        index: What makes them searchable by meaning; without it queries are ignored.
        ttl: How long they live, in minutes, and whether reading renews it; None is for ever.
    """

    index: IndexConfig | None = None
    ttl: TTLConfig | None = None


class Items(ItemStore):
    """Keeps items in moorage's database.

    Synchronous calls may come from any thread but that of the event loop that opened it, and wait
    for that loop. The operations of one batch are done in one transaction: all
    that read see what was there before, then the others are done in their order.

    Args:
        database: Where they are kept.
        terms: On which terms.
    """

    supports_ttl = True

    def __init__(self, database: Database, terms: ItemTerms) -> None:
        self.ttl_config = terms.ttl
        self._database = database
        self._meaning = Meaning(terms.index) if terms.index else None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Let synchronous calls be served by the running event loop."""
        self._loop = asyncio.get_running_loop()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do what ``abatch`` does, in a thread that has no event loop.

        Raises:
            asyncio.InvalidStateError: It is the event loop's own thread, which would wait for
                itself.
        """
        assert self._loop is not None, "the store is not open"  # noqa: S101
        if _running_loop() is self._loop:
            raise asyncio.InvalidStateError(
                "the store was called synchronously where asynchronous code runs; await its other"
                " methods there: store.aget, store.aput, store.asearch, ..."
            )
        return asyncio.run_coroutine_threadsafe(self.abatch(ops), self._loop).result()

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Do operations, and return what each of them has found.

        Raises:
            ValueError: A namespace has an empty label, or one with a dot; or a filter an operator
                that there is not.
        """
        asked = list(ops)
        for op in asked:
            _check(op)
        vectors = await self._vectors(asked)
        writes = any(isinstance(op, PutOp) for op in asked)
        drive = self._database.write if writes else self._database.read
        results, read = await drive(_carry_out(asked, vectors))
        if read:
            await self._database.write(items.prolong(read))
        return results

    async def sweep_ttl(self) -> int:
        """See ``ItemStore``."""
        total = 0
        while swept := await self._database.write(items.sweep(_SWEPT_AT_ONCE)):
            total += swept
        return total

    async def _vectors(self, ops: Sequence[Op]) -> Mapping[int, list[tuple[str, bytes]]]:
        """Return what operations need to know of the meaning of texts, by their position."""
        if self._meaning is None:
            return {}
        return await self._meaning.of(
            [
                (position, path, text)
                for position, op in enumerate(ops)
                for path, text in self._meaning.texts(op)
            ]
        )


def _check(op: Op) -> None:
    validate_op_namespace(op)
    if isinstance(op, SearchOp):
        for unknown in unknown_operators(op.filter):
            raise ValueError(f"Unsupported operator: {unknown}; use {', '.join(OPERATORS)}")


def _carry_out(
    ops: Sequence[Op], vectors: Mapping[int, list[tuple[str, bytes]]]
) -> Transaction[Reading]:
    results: list[Result] = [None] * len(ops)
    read: list[Row] = []
    for position, op in enumerate(ops):
        if isinstance(op, GetOp):
            row = yield from items.get(Place(op.namespace, op.key))
            results[position] = Item(**_facts(row)) if row else None
            read += _lasting([row] if row else [], op)
        elif isinstance(op, SearchOp):
            meaning = vectors[position][0][1] if position in vectors else None
            rows = yield from items.search(_query(op), meaning)
            results[position] = [SearchItem(**_facts(row), score=row["score"]) for row in rows]
            read += _lasting(rows, op)
        elif isinstance(op, ListNamespacesOp):
            results[position] = yield from items.namespaces(_namespaces(op))
    for position, op in enumerate(ops):
        if isinstance(op, PutOp):
            yield from _put(op, vectors.get(position, []))
    return results, read


def _put(op: PutOp, vectors: Sequence[tuple[str, bytes]]) -> Transaction[None]:
    place = Place(op.namespace, op.key)
    if op.value is None:
        yield from items.remove(place)
    else:
        yield from items.put(place, dump_json(dict(op.value)), op.ttl, vectors)


def _lasting(rows: Sequence[Row], op: GetOp | SearchOp) -> list[Row]:
    return [row for row in rows if row["ttl_minutes"] is not None] if op.refresh_ttl else []


def _facts(row: Row) -> dict[str, Any]:
    return {
        "namespace": items.namespace_of(row),
        "key": row["key"],
        "value": load(row["value"]),
        "created_at": items.time_in(row["created_at"]),
        "updated_at": items.time_in(row["updated_at"]),
    }


def _query(op: SearchOp) -> ItemQuery:
    return ItemQuery(
        prefix=op.namespace_prefix,
        filter=op.filter,
        limit=op.limit,
        offset=op.offset,
    )


def _namespaces(op: ListNamespacesOp) -> NamespaceQuery:
    paths = {one.match_type: tuple(one.path) for one in op.match_conditions or ()}
    return NamespaceQuery(
        paths.get("prefix"), paths.get("suffix"), op.max_depth, op.limit, op.offset
    )


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
