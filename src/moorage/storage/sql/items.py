"""Items of the long-term memory, on the tables of LangGraph's own store.

Their columns are SQLite's here (``langgraph-checkpoint-sqlite`` 3): a namespace is its labels with
dots between them, and times are texts. What has expired does not exist, whether it has been swept
or not.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Text,
    cast,
    delete,
    desc,
    func,
    insert,
    literal_column,
    null,
    nulls_last,
    or_,
    select,
    update,
)

from moorage.domain import items
from moorage.domain.items import ANY_LABEL, ItemQuery, Namespace, NamespaceQuery
from moorage.storage.sql.rows import time_of
from moorage.storage.sql.statement import (
    Row,
    Rows,
    Statement,
    Transaction,
    dump,
    every_column,
    load,
    now,
    parameter,
)
from moorage.storage.sql.tables import ITEM_VECTORS, ITEMS


class Place(NamedTuple):
    """Where an item is kept."""

    namespace: Namespace
    key: str


def _beneath(column: Column[Any]) -> ColumnElement[bool]:
    """Return the condition that a namespace is the one asked for, or lies below it.

    Below are those that go on after a dot: they sort between it and ``/``, the next character.
    """
    within = (column >= parameter("below")) & (column < parameter("behind"))
    return or_(column == parameter("of_prefix"), within)


_VALUE = cast(ITEMS.c.value, Text)  # LangGraph's store writes bytes
_TOLD = (
    ITEMS.c.prefix,
    ITEMS.c.key,
    _VALUE.label("value"),
    ITEMS.c.created_at,
    ITEMS.c.updated_at,
    ITEMS.c.ttl_minutes,
)
_HERE = (ITEMS.c.prefix == parameter("of_prefix")) & (ITEMS.c.key == parameter("of_key"))
_EXPIRED = ITEMS.c.expires_at <= parameter("at")
_LIVES = or_(ITEMS.c.expires_at.is_(None), ITEMS.c.expires_at > parameter("at"))
_GET = Statement(select(*_TOLD).where(_HERE, _LIVES))
_PUT = Statement(
    insert(ITEMS).prefix_with("OR REPLACE", dialect="sqlite").values(every_column(ITEMS))
)
_PUT_VECTOR = Statement(
    insert(ITEM_VECTORS)
    .prefix_with("OR REPLACE", dialect="sqlite")
    .values(every_column(ITEM_VECTORS))
)
_DELETE = Statement(delete(ITEMS).where(_HERE))
_DELETE_VECTORS = Statement(
    delete(ITEM_VECTORS).where(
        ITEM_VECTORS.c.prefix == parameter("of_prefix"), ITEM_VECTORS.c.key == parameter("of_key")
    )
)
_PROLONG = Statement(update(ITEMS).where(_HERE, _LIVES).values(expires_at=parameter("until")))
_SOME_EXPIRED = Statement(
    select(ITEMS.c.prefix, ITEMS.c.key).where(_EXPIRED).limit(parameter("most"))
)
_NAMESPACES = Statement(select(ITEMS.c.prefix).where(_LIVES).distinct())
_NAMESPACES_BENEATH = Statement(
    select(ITEMS.c.prefix).where(_LIVES, _beneath(ITEMS.c.prefix)).distinct()
)
# The best of an item's texts counts.
_SCORE = (
    select(func.max(func.similarity(ITEM_VECTORS.c.embedding, parameter("meaning"))))
    .where(ITEM_VECTORS.c.prefix == ITEMS.c.prefix, ITEM_VECTORS.c.key == ITEMS.c.key)
    .scalar_subquery()
)


def get(place: Place) -> Transaction[Row | None]:
    """Return an item."""
    at = _text_of((yield from now()))
    found = yield _GET(**_at(place), at=at)
    return found[0] if found else None


def search(query: ItemQuery, meaning: bytes | None) -> Transaction[Rows]:
    """Return items, each with its ``score``.

    Args:
        query: Which of them.
        meaning: The vector that those come first which are near to; without it the latest do.
    """
    at = _text_of((yield from now()))
    statement = _search(
        beneath=bool(query.prefix), filtered=bool(query.filter), scored=meaning is not None
    )
    return (
        yield statement(
            **_bounds(query.prefix),
            at=at,
            wanted=dump(query.filter),
            meaning=meaning,
            most=query.limit,
            skipped=query.offset,
        )
    )


@cache
def _search(*, beneath: bool, filtered: bool, scored: bool) -> Statement:
    score = _SCORE if scored else null()
    found = select(*_TOLD, score.label("score")).where(_LIVES)
    if beneath:
        found = found.where(_beneath(ITEMS.c.prefix))
    if filtered:
        found = found.where(func.item_matches(_VALUE, parameter("wanted")) == 1)
    if scored:
        found = found.order_by(nulls_last(desc(literal_column("score"))))
    found = found.order_by(ITEMS.c.updated_at.desc(), ITEMS.c.prefix, ITEMS.c.key)
    return Statement(found.limit(parameter("most")).offset(parameter("skipped")))


def namespaces(query: NamespaceQuery) -> Transaction[list[Namespace]]:
    """Return the namespaces that hold items, in order."""
    at = _text_of((yield from now()))
    known = _literal(query.prefix or ())
    statement = _NAMESPACES_BENEATH if known else _NAMESPACES
    rows = yield statement(**_bounds(known), at=at)
    found = {
        namespace[: query.max_depth]
        for row in rows
        for namespace in [namespace_of(row)]
        if items.begins_with(namespace, query.prefix or ())
        and items.ends_with(namespace, query.suffix or ())
    }
    return sorted(found)[query.offset : query.offset + query.limit]


def put(
    place: Place, value: str, ttl: float | None, vectors: Sequence[tuple[str, bytes]]
) -> Transaction[None]:
    """Keep an item in place of the one that is there, whose time of creation stays.

    Args:
        place: Where.
        value: Its value, as JSON.
        ttl: Minutes that it lives; None is for ever.
        vectors: What its texts mean, each with the text's path.
    """
    time = yield from now()
    at = _text_of(time)
    here = _at(place)
    before = yield _GET(**here, at=at)
    named = {"prefix": here["of_prefix"], "key": place.key}
    yield _PUT(
        **named,
        value=value,
        created_at=before[0]["created_at"] if before else at,
        updated_at=at,
        expires_at=_text_of(time, minutes=ttl) if ttl is not None else None,
        ttl_minutes=ttl,
    )
    yield _DELETE_VECTORS(**here)
    for path, vector in vectors:
        yield _PUT_VECTOR(**named, field_name=path, embedding=vector, created_at=at, updated_at=at)


def remove(place: Place) -> Transaction[None]:
    """Delete an item, if there is one."""
    yield _DELETE_VECTORS(**_at(place))
    yield _DELETE(**_at(place))


def prolong(found: Rows) -> Transaction[None]:
    """Let items that have been read live on for the time that they were given."""
    time = yield from now()
    for row in found:
        until = _text_of(time, minutes=row["ttl_minutes"])
        yield _PROLONG(of_prefix=row["prefix"], of_key=row["key"], at=_text_of(time), until=until)


def sweep(limit: int) -> Transaction[int]:
    """Delete up to ``limit`` items that have expired, and return how many it were."""
    at = _text_of((yield from now()))
    found = yield _SOME_EXPIRED(at=at, most=limit)
    for row in found:
        yield from remove(Place(namespace_of(row), row["key"]))
    return len(found)


def matches_text(value: str, wanted: str) -> int:
    """Do what ``item_matches`` asks; see ``domain.items.matches``."""
    return int(items.matches(load(value), load(wanted)))


def namespace_of(row: Row) -> Namespace:
    """Return the namespace of an item."""
    return tuple(row["prefix"].split(".")) if row["prefix"] else ()


def time_in(column: str) -> datetime:
    """Return the time that a column holds; LangGraph's store writes it without its zone."""
    time = datetime.fromisoformat(column)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _text_of(time: int, *, minutes: float = 0) -> str:
    """Return a time as LangGraph's store would read and compare it."""
    moment = time_of(time) + timedelta(minutes=minutes)
    return moment.isoformat(" ", "microseconds")


def _at(place: Place) -> dict[str, str]:
    return {"of_prefix": ".".join(place.namespace), "of_key": place.key}


def _bounds(prefix: Namespace) -> dict[str, str]:
    text = ".".join(prefix)
    return {"of_prefix": text, "below": f"{text}.", "behind": f"{text}/"}


def _literal(path: Namespace) -> Namespace:
    """Return the labels that come before the first that may be any."""
    return path[: path.index(ANY_LABEL)] if ANY_LABEL in path else path
