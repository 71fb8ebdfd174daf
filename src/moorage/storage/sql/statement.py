"""Statements that are compiled once, and the transactions that are made of them."""

import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast

import orjson
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ClauseElement,
    Dialect,
    FunctionElement,
    Table,
    bindparam,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from moorage.serialization import WellKnownLCSerializer

Result = TypeVar("Result")
Row = Mapping[str, Any]
Rows = Sequence[Row]

MICROSECONDS = 1_000_000
_SERIALIZER = WellKnownLCSerializer()
_LONG_NUMBER = re.compile("[0-9]{19}")


class engine_now(FunctionElement[int]):  # noqa: N801 - it is a function of SQL
    """The engine's time, in microseconds since the epoch.

    What is due, and who is late, is decided by one clock: the database's, or where that is the
    process itself, the clock that the process was given.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(engine_now)
def _registered_function(*_: Any, **__: Any) -> str:
    return "engine_now()"


@compiles(engine_now, "postgresql")
def _clock_of_postgres(*_: Any, **__: Any) -> str:
    # Not now(), which stands still in a transaction: a lane's order is decided after its lock.
    return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


class Statement:
    """A statement with named parameters, written once and compiled once per dialect.

    SQLAlchemy's execution of a small statement costs several times the statement, so the text goes
    to the driver as it is.

    Args:
        construct: The statement. Values that vary are ``bindparam``s.
    """

    __slots__ = ("_compiled", "construct")

    def __init__(self, construct: ClauseElement) -> None:
        self.construct = construct
        self._compiled: dict[str, tuple[str, Callable[[Mapping[str, Any]], tuple[Any, ...]]]] = {}

    def __call__(self, **parameters: Any) -> "Step":
        """Return the step of a transaction that executes it."""
        return self, parameters

    def compiled(
        self, dialect: Dialect
    ) -> tuple[str, Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
        """Return the text in a positional dialect, and what puts parameters in its order."""
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = _compile(self.construct, dialect)
        return known


Step = tuple[Statement, Mapping[str, Any]]
Transaction = Generator[Step, Rows, Result]


class Database(Protocol):
    """What drives transactions."""

    async def write(self, transaction: Transaction[Result]) -> Result:
        """Drive a transaction; when this returns, it is kept."""

    async def read(self, transaction: Transaction[Result]) -> Result:
        """Drive a transaction that changes nothing."""


def _compile(
    construct: ClauseElement, dialect: Dialect
) -> tuple[str, Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
    compiled = cast(SQLCompiler, construct.compile(dialect=dialect))
    given = {name: None for name, bind in compiled.binds.items() if bind.required}
    expanded = compiled.construct_expanded_state(given)  # lists become a parameter an item
    order = tuple(expanded.positiontup or ())
    fixed = {name: value for name, value in expanded.parameters.items() if name not in given}

    def arrange(parameters: Mapping[str, Any]) -> tuple[Any, ...]:
        known = {**fixed, **parameters}
        return tuple([known[name] for name in order])

    return expanded.statement, arrange


def parameter(name: str) -> BindParameter[Any]:
    """Return a parameter that each execution gives a value."""
    return bindparam(name)


def names_of(table: Table) -> list[str]:
    """Return the names of a table's columns."""
    return [column.name for column in table.columns]


def every_column(table: Table, but: Sequence[str] = ()) -> dict[str, BindParameter[Any]]:
    """Return a parameter for each column of a table, under the column's name."""
    return {name: parameter(name) for name in names_of(table) if name not in but}


NOW = Statement(select(engine_now().label("now")))


def now() -> Transaction[int]:
    """Return the engine's time."""
    rows = yield NOW()
    time: int = rows[0]["now"]
    return time


def dump(value: Any) -> str | None:
    """Return the text of a JSON column; None stays null.

    What is no JSON becomes what clients are shown of it, such as LangChain's messages.
    """
    if value is None:
        return None
    try:
        return dump_json(value)
    except (TypeError, ValueError):
        return _SERIALIZER.dumps(value).decode()


def dump_json(value: Any) -> str:
    """Return the text of a JSON column that is to hold the value itself.

    Raises:
        TypeError: It is no JSON.
        ValueError: It contains itself.
    """
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # numbers of more than 64 bits, and other rarities
        return json.dumps(value)


def load(text: str | None) -> Any:
    """Return what a JSON column holds."""
    if text is None:
        return None
    # orjson rounds integers of more than 64 bits, and does not read all that ``dump`` can write.
    try:
        return json.loads(text) if _LONG_NUMBER.search(text) else orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)
