"""What a search asks for, whatever it looks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")

Filters = Mapping[str, Any]
"""What an authorization handler demands of the metadata of rows; empty demands nothing."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of what is found, and in which order.

    Attributes:
        sort_by: An attribute's name; it must be one that the search can sort by.
    """

    limit: int = 10
    offset: int = 0
    sort_by: str = "created_at"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Hits(Generic[Found]):
    """A page of what was found, and how much there is altogether."""

    items: Sequence[Found] = field(default_factory=tuple)
    total: int = 0
