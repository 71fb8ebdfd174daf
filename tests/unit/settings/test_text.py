from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from moorage.settings import text

words = st.from_regex(r"[a-z0-9./:-]{1,12}", fullmatch=True)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3650)))
def test_a_duration_that_is_written_reads_back_the_same(duration: timedelta):
    assert text.duration(text.write(duration)) == duration


@given(st.lists(words))
def test_a_list_that_is_written_reads_back_the_same(words: list[str]):
    assert text.items(text.write(words)) == words


@given(st.dictionaries(words.map("/".__add__), words, min_size=1))
def test_a_table_that_is_written_reads_back_the_same(table: dict[str, str]):
    assert text.limits(text.write(table)) == table


@given(st.text())
def test_any_text_is_a_duration_or_left_as_it_is(written: str):
    read = text.duration(written)

    assert read == written or isinstance(read, timedelta)
