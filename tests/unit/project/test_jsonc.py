import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.project import jsonc

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab/*",}] \\\n'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='ab/*",}] \\'), inner),
)


def test_comments_and_last_commas_are_passed_over():
    text = """
    // first
    {
      "a": 1, /* between
      lines */ "b": [1, 2, /* last */ ], // after
      "c": {"d": 2,},
    }
    /* last */
    """

    assert jsonc.parse(text) == {"a": 1, "b": [1, 2], "c": {"d": 2}}


def test_what_looks_like_a_comment_in_a_text_stays():
    text = r'{"a": "http://x/*y*/", "b": ",]", "c\"//": "\\", /*"*/ "d": "}" }'

    assert jsonc.parse(text) == {"a": "http://x/*y*/", "b": ",]", 'c"//': "\\", "d": "}"}


@given(VALUES)
def test_what_is_json_already_is_read_the_same(value: object):
    assert jsonc.parse(json.dumps(value, indent=1)) == value


def test_a_byte_order_mark_is_passed_over():
    assert jsonc.parse('\ufeff{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1, column 1: expecting value"),
        ('{\n  // x\n  "a": nope\n}', "line 3, column 8: expecting value"),
        ('{"a": 1 /* open', "line 1, column 9: expecting ',' delimiter"),
        ('{"a": 1 "b"}', "line 1, column 9: expecting ',' delimiter"),
        ('{"a": 1, "a": 2}', "a table has the key a twice"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(text: str, says: str):
    with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
        jsonc.parse(text)
