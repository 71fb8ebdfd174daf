"""Assistants and their versions."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, true, update

from moorage.domain.assistants import Assistant, AssistantChange, AssistantQuery
from moorage.domain.filters import allows
from moorage.domain.search import Filters, Hits, Page
from moorage.errors import AlreadyExists, NotFound
from moorage.storage.sql.conditions import allowed, containing
from moorage.storage.sql.rows import assistant_of, microseconds_of
from moorage.storage.sql.statement import (
    Statement,
    Transaction,
    dump,
    every_column,
    names_of,
    now,
    parameter,
)
from moorage.storage.sql.tables import ASSISTANT_VERSIONS, ASSISTANTS, CRONS

_of_assistant = parameter("of_assistant")
_GET = Statement(
    select(ASSISTANTS).where(ASSISTANTS.c.assistant_id == _of_assistant).with_for_update()
)
_INSERT = Statement(insert(ASSISTANTS).values(every_column(ASSISTANTS)))
_REPLACE = Statement(
    update(ASSISTANTS)
    .where(ASSISTANTS.c.assistant_id == _of_assistant)
    .values(
        {
            name: parameter(f"new_{name}")
            for name in names_of(ASSISTANTS)
            if name not in {"assistant_id", "created_at"}
        }
    )
)
_DELETE = Statement(delete(ASSISTANTS).where(ASSISTANTS.c.assistant_id == _of_assistant))
_INSERT_VERSION = Statement(insert(ASSISTANT_VERSIONS).values(every_column(ASSISTANT_VERSIONS)))
_DELETE_VERSIONS = Statement(
    delete(ASSISTANT_VERSIONS).where(ASSISTANT_VERSIONS.c.assistant_id == _of_assistant)
)
_DELETE_CRONS = Statement(delete(CRONS).where(CRONS.c.assistant_id == _of_assistant))
_NEWEST_VERSION = Statement(
    select(func.max(ASSISTANT_VERSIONS.c.version).label("version")).where(
        ASSISTANT_VERSIONS.c.assistant_id == _of_assistant
    )
)


def create(
    assistant: Assistant, *, returns_existing: bool, filters: Filters
) -> Transaction[Assistant]:
    """Keep a new assistant as its own first version; times and version are set here.

    Raises:
        AlreadyExists: There is one, and it is not to be returned, or not for this caller to see.
    """
    rows = yield _GET(of_assistant=assistant.assistant_id)
    if rows:
        known = assistant_of(rows[0])
        if returns_existing and allows(known.metadata, filters):
            return known
        raise AlreadyExists(f"Assistant with ID {assistant.assistant_id} already exists")
    time = yield from now()
    row = _row(assistant) | {"version": 1, "created_at": time, "updated_at": time}
    yield _INSERT(**row)
    yield _INSERT_VERSION(**{name: row[name] for name in names_of(ASSISTANT_VERSIONS)})
    return assistant_of(row)


def get(assistant_id: str, filters: Filters) -> Transaction[Assistant]:
    """Return an assistant in its latest version.

    Raises:
        NotFound: There is none that the caller may see.
    """
    rows = yield _GET(of_assistant=assistant_id)
    if rows and allows((assistant := assistant_of(rows[0])).metadata, filters):
        return assistant
    raise NotFound(f"Assistant with ID {assistant_id} not found")


def change(assistant_id: str, wanted: AssistantChange, filters: Filters) -> Transaction[Assistant]:
    """Make a new version and the latest one of it.

    Raises:
        NotFound: There is none that the caller may see.
    """
    known = yield from get(assistant_id, filters)
    newest = yield _NEWEST_VERSION(of_assistant=assistant_id)
    time = yield from now()
    row = _row(known) | _changes(known, wanted)
    row |= {"version": newest[0]["version"] + 1, "updated_at": time}
    yield from _replace(row)
    version = {name: row[name] for name in names_of(ASSISTANT_VERSIONS)} | {"created_at": time}
    yield _INSERT_VERSION(**version)
    return assistant_of(row)


def set_latest(assistant_id: str, version: int, filters: Filters) -> Transaction[Assistant]:
    """Make an earlier version the latest one again, in everything that versions differ in.

    Raises:
        NotFound: There is no such assistant or version that the caller may see.
    """
    known = yield from get(assistant_id, filters)
    found = select(ASSISTANT_VERSIONS).where(
        ASSISTANT_VERSIONS.c.assistant_id == assistant_id, ASSISTANT_VERSIONS.c.version == version
    )
    rows = yield Statement(found)()
    if not rows:
        raise NotFound(f"Assistant {assistant_id} has no version {version}")
    time = yield from now()
    row = {**rows[0], "created_at": microseconds_of(known.created_at), "updated_at": time}
    yield from _replace(row)
    return assistant_of(row)


def versions(
    assistant_id: str, metadata: Mapping[str, Any], page: Page, filters: Filters
) -> Transaction[list[Assistant]]:
    """Return versions, newest first, whose metadata contain ``metadata``.

    Raises:
        NotFound: There is no such assistant that the caller may see.
    """
    yield from get(assistant_id, filters)
    condition: ColumnElement[bool] = ASSISTANT_VERSIONS.c.assistant_id == assistant_id
    if metadata:
        condition &= containing(ASSISTANT_VERSIONS.c.metadata, metadata)
    found = select(ASSISTANT_VERSIONS).where(condition)
    newest = found.order_by(ASSISTANT_VERSIONS.c.version.desc())
    rows = yield Statement(newest.limit(page.limit).offset(page.offset))()
    return [assistant_of(row) for row in rows]


def remove(assistant_id: str, filters: Filters) -> Transaction[None]:
    """Delete an assistant with its versions and crons.

    Raises:
        NotFound: There is none that the caller may see.
    """
    yield from get(assistant_id, filters)
    yield _DELETE_VERSIONS(of_assistant=assistant_id)
    yield _DELETE_CRONS(of_assistant=assistant_id)
    yield _DELETE(of_assistant=assistant_id)


def search(query: AssistantQuery, page: Page) -> Transaction[Hits[Assistant]]:
    """Return a page of the assistants that ``query`` is for."""
    column = ASSISTANTS.c[page.sort_by]
    order = column.desc() if page.descending else column.asc()
    found = select(ASSISTANTS).where(_condition(query)).order_by(order, ASSISTANTS.c.assistant_id)
    rows = yield Statement(found.limit(page.limit).offset(page.offset))()
    total = yield from count(query)
    return Hits([assistant_of(row) for row in rows], total)


def count(query: AssistantQuery) -> Transaction[int]:
    """Return how many assistants ``query`` is for."""
    counting = select(func.count().label("count")).select_from(ASSISTANTS).where(_condition(query))
    rows = yield Statement(counting)()
    number: int = rows[0]["count"]
    return number


def _condition(query: AssistantQuery) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    if query.graph_id is not None:
        condition &= ASSISTANTS.c.graph_id == query.graph_id
    if query.name is not None:
        condition &= ASSISTANTS.c.name.icontains(query.name, autoescape=True)
    if query.metadata:
        condition &= containing(ASSISTANTS.c.metadata, query.metadata)
    if query.filters:
        condition &= allowed(ASSISTANTS.c.metadata, query.filters)
    return condition


def _row(assistant: Assistant) -> dict[str, Any]:
    return {
        "assistant_id": assistant.assistant_id,
        "graph_id": assistant.graph_id,
        "version": assistant.version,
        "name": assistant.name,
        "description": assistant.description,
        "config": dump(assistant.config),
        "context": dump(assistant.context),
        "metadata": dump(assistant.metadata),
        "created_at": microseconds_of(assistant.created_at),
        "updated_at": microseconds_of(assistant.updated_at),
    }


def _changes(known: Assistant, wanted: AssistantChange) -> dict[str, Any]:
    given: dict[str, Any] = {
        "graph_id": wanted.graph_id,
        "name": wanted.name,
        "description": wanted.description,
        "config": dump(wanted.config),
        "context": dump(wanted.context),
    }
    if wanted.metadata is not None:
        given["metadata"] = dump({**known.metadata, **wanted.metadata})
    return {name: value for name, value in given.items() if value is not None}


def _replace(row: Mapping[str, Any]) -> Transaction[None]:
    changed = {
        f"new_{name}": value
        for name, value in row.items()
        if name not in {"assistant_id", "created_at"}
    }
    yield _REPLACE(of_assistant=row["assistant_id"], **changed)
