"""Comparing what texts mean."""

import math
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.storage.vectors import cosine, cosine_by_numpy, similarity

Cosine = Callable[[bytes, bytes], float | None]
both = pytest.mark.parametrize("measure", [cosine, cosine_by_numpy])
NUMBERS = st.lists(st.floats(-100, 100, width=32), min_size=4, max_size=4).filter(
    lambda numbers: math.hypot(*numbers) > 0.01
)


def packed(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


@both
@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ((1, 0), (2, 0), 1),
        ((1, 0), (0, 3), 0),
        ((1, 0), (-5, 0), -1),
        ((1, 1), (1, 0), math.sqrt(0.5)),
    ],
)
def test_the_angle_counts(
    measure: Cosine, one: tuple[float, ...], other: tuple[float, ...], wanted: float
):
    assert measure(packed(*one), packed(*other)) == pytest.approx(wanted, abs=1e-6)


@both
def test_zeros_point_nowhere(measure: Cosine):
    assert measure(packed(0, 0), packed(1, 0)) is None
    assert measure(packed(1, 0), packed(0, 0)) is None


@given(NUMBERS, NUMBERS)
def test_numpy_and_python_agree(one: list[float], other: list[float]):
    mine, numpys = (measure(packed(*one), packed(*other)) for measure in (cosine, cosine_by_numpy))
    assert mine == pytest.approx(numpys, abs=1e-4)


@given(NUMBERS)
def test_nothing_is_nearer_than_itself(one: list[float]):
    assert similarity(packed(*one), packed(*one)) == pytest.approx(1)
    assert (similarity(packed(*one), packed(*one)) or 2) <= 1


def test_those_of_two_models_are_not_compared():
    assert similarity(packed(1, 0), packed(1, 0, 0)) is None
    assert similarity(packed(1, 0), packed(1, 0)) == pytest.approx(1)
