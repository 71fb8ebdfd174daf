"""Request headers for handlers that look them up as text, and for those that do as bytes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_JOINTS = {b"cookie": b"; "}


class Headers(Mapping[Any, Any]):
    """A request's headers; a key's case does not count.

    ``headers["authorization"]`` is text and ``headers[b"authorization"]`` bytes. Its keys are
    bytes, as the Agent Server's documentation has them. What was sent several times is joined, so
    that nobody can hide a second value behind the first.

    Args:
        raw: Names in lower case, and values, as they were sent.
    """

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        found: dict[bytes, list[bytes]] = {}
        for name, value in raw:
            found.setdefault(name, []).append(value)
        self._values = {
            name: _JOINTS.get(name, b", ").join(values) for name, values in found.items()
        }

    def __getitem__(self, name: Any) -> Any:
        if isinstance(name, str):
            return self._values[name.lower().encode("latin-1", "replace")].decode("latin-1")
        if isinstance(name, bytes):
            return self._values[name.lower()]
        raise KeyError(name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
