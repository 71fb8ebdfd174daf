import json

import pytest

from moorage import importing
from moorage.errors import Misconfigured


def test_a_reference_is_a_module_and_a_name() -> None:
    assert importing.load("json:dumps") is json.dumps


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("json:nothing", "json:nothing: json has no nothing"),
        ("no.such:name", "no.such:name: there is no module no"),
        ("json.nowhere:name", "json.nowhere:name: there is no module json.nowhere"),
    ],
)
def test_what_is_not_there_is_named(reference: str, message: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        importing.load(reference)
    assert str(raised.value) == message
