"""The requirements and the tests name each other, and the page says the same."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.protocols.compatibility import MANIFESTS, page
from tests.protocols.requirements import State

REQUIREMENTS = [one for manifest in MANIFESTS for one in manifest.requirements]
ROOT = Path(__file__).parents[2]


def named() -> Iterator[tuple[str, str]]:
    """Every id in a ``pytest.mark.requirement(…)`` below ``tests``, with the file it is in."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _is_marker(node.func):
                for argument in node.args:
                    assert isinstance(argument, ast.Constant), f"{path}: ids are literal strings"
                    yield str(argument.value), path.relative_to(ROOT).as_posix()


def _is_marker(function: ast.expr) -> bool:
    return ast.unparse(function).endswith("mark.requirement")


def test_ids_are_unique_and_well_formed():
    assert not [
        name for name, count in Counter(one.id for one in REQUIREMENTS).items() if count > 1
    ]
    for manifest in MANIFESTS:
        for one in manifest.requirements:
            protocol, group, name = one.id.split(":")
            assert protocol == manifest.protocol.name
            assert group in manifest.groups
            assert name


def test_every_requirement_that_is_met_has_a_test():
    proved = {name for name, _ in named()}

    assert not [
        one.id for one in REQUIREMENTS if one.state is not State.DEFERRED and one.id not in proved
    ]


def test_every_id_that_a_test_names_is_a_requirement():
    known = {one.id for one in REQUIREMENTS}

    assert not [(name, path) for name, path in named() if name not in known]


def test_what_is_deferred_has_no_test_and_every_difference_has_a_reason():
    proved = {name for name, _ in named()}

    assert not [one.id for one in REQUIREMENTS if one.state is State.DEFERRED and one.id in proved]
    assert not [one.id for one in REQUIREMENTS if bool(one.reason) is (one.state is State.COVERED)]


def test_the_page_is_up_to_date():
    assert (ROOT / "docs/compatibility.md").read_text() == page(), "run make docs-reference"
