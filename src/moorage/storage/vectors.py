"""What texts mean, as vectors: those of the items, and those of what is searched for.

A vector is kept as LangGraph's store keeps it, in numbers of four bytes. Comparing needs no
extension of SQLite, as there are Pythons that load none; numpy is used where it is installed.
"""

import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.util import find_spec

from langgraph.store.base import (
    IndexConfig,
    Op,
    PutOp,
    SearchOp,
    ensure_embeddings,
    get_text_at_path,
    tokenize_path,
)

_ALL = "$"
_QUERY = "query"
_SIZE = 4


class Meaning:
    """Turns the texts of operations into vectors.

    Args:
        index: The model, the length of its vectors, and which fields of an item count.
    """

    def __init__(self, index: IndexConfig) -> None:
        self._embeddings = ensure_embeddings(index["embed"])
        self._length = index["dims"]
        self._fields = index.get("fields") or [_ALL]

    def texts(self, op: Op) -> list[tuple[str, str]]:
        """Return the texts of an operation, each with its path."""
        if isinstance(op, SearchOp):
            return [(_QUERY, op.query)] if op.query else []
        if not isinstance(op, PutOp) or op.value is None or op.index is False:
            return []
        return [
            (f"{path}.{number}" if len(texts) > 1 else path, text)
            for path in (self._fields if op.index is None else op.index)
            for texts in [get_text_at_path(op.value, path if path == _ALL else tokenize_path(path))]
            for number, text in enumerate(texts)
        ]

    async def of(
        self, texts: Sequence[tuple[int, str, str]]
    ) -> Mapping[int, list[tuple[str, bytes]]]:
        """Return the vectors of texts, each with its path, by the number of their operation.

        Raises:
            ValueError: The model's vectors are not as long as the index says.
        """
        if not texts:
            return {}
        vectors = await self._embeddings.aembed_documents([text for *_, text in texts])
        found: dict[int, list[tuple[str, bytes]]] = {}
        for (number, path, _), vector in zip(texts, vectors, strict=True):
            found.setdefault(number, []).append((path, self._packed(vector)))
        return found

    def _packed(self, vector: Iterable[float]) -> bytes:
        numbers = [float(one) for one in vector]
        if len(numbers) != self._length:
            raise ValueError(
                f"store.index.dims is {self._length}, but the model's vectors have"
                f" {len(numbers)} numbers: mend dims, or name another model in store.index.embed"
            )
        return struct.pack(f"<{self._length}f", *numbers)


def similarity(vector: bytes, meaning: bytes) -> float | None:
    """Return the cosine of two vectors; None for one of another model, or one of zeros."""
    found = _cosine()(vector, meaning) if len(vector) == len(meaning) else None
    return None if found is None else max(-1.0, min(1.0, found))  # rounding may go beyond


def cosine(vector: bytes, meaning: bytes) -> float | None:
    """Return the cosine of two vectors, by what Python has."""
    numbers = _numbers(vector)
    wanted, length_wanted = _remembered(meaning)
    length = math.hypot(*numbers)
    if not (length and length_wanted):
        return None
    # The law of cosines: math.dist is three times as fast as a sum of products.
    squares = length * length + length_wanted * length_wanted - math.dist(numbers, wanted) ** 2
    return squares / (2 * length * length_wanted)


def cosine_by_numpy(vector: bytes, meaning: bytes) -> float | None:
    """Return the cosine of two vectors, a dozen times as fast."""
    import numpy as np  # noqa: PLC0415 - it need not be there

    numbers, wanted = np.frombuffer(vector, "<f4"), np.frombuffer(meaning, "<f4")
    lengths = float(np.linalg.norm(numbers)) * float(np.linalg.norm(wanted))
    return float(np.dot(numbers, wanted)) / lengths if lengths else None


@cache
def _cosine() -> Callable[[bytes, bytes], float | None]:
    return cosine_by_numpy if find_spec("numpy") else cosine


@lru_cache(maxsize=8)
def _remembered(meaning: bytes) -> tuple[tuple[float, ...], float]:
    """Return a vector and its length: each search compares one with many."""
    numbers = _numbers(meaning)
    return numbers, math.hypot(*numbers)


def _numbers(vector: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(vector) // _SIZE}f", vector)
