"""Conditions on JSON columns, for databases that search in JSON and for those that cannot."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, ColumnElement, FunctionElement, bindparam
from sqlalchemy.ext.compiler import compiles

from moorage.domain import filters
from moorage.storage.sql.statement import dump, load


class json_contains(FunctionElement[bool]):  # noqa: N801 - it is a function of SQL
    """Whether a column's document contains another one; see ``domain.filters.contains``."""

    type = Boolean()
    inherit_cache = True


class json_allows(FunctionElement[bool]):  # noqa: N801
    """Whether a column's metadata pass a caller's filters; see ``domain.filters.allows``."""

    type = Boolean()
    inherit_cache = True


@compiles(json_contains)
def _contains(element: json_contains, compiler: Any, **options: Any) -> str:
    return f"json_contains({compiler.process(element.clauses, **options)})"


@compiles(json_allows)
def _allows(element: json_allows, compiler: Any, **options: Any) -> str:
    return f"json_allows({compiler.process(element.clauses, **options)})"


def containing(column: ColumnElement[Any], wanted: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return the condition that a document contains ``wanted``; an absent one contains nothing."""
    return json_contains(column, bindparam(None, dump(wanted), unique=True)) == 1


def allowed(column: ColumnElement[Any], wanted: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return the condition that a caller with the filters ``wanted`` may see a row."""
    return json_allows(column, bindparam(None, dump(wanted), unique=True)) == 1


def contains_text(document: str | None, wanted: str) -> int:
    """Do what ``json_contains`` asks, for a database that has no such function."""
    return int(document is not None and filters.contains(load(document), load(wanted)))


def allows_text(metadata: str, wanted: str) -> int:
    """Do what ``json_allows`` asks, for a database that has no such function."""
    return int(filters.allows(load(metadata), load(wanted)))
