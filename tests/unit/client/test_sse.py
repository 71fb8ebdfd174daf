import itertools

from hypothesis import given
from hypothesis import strategies as st

from moorage.client.sse import EventDecoder, ServerSentEvent


def decode(body: bytes, cuts: list[int] | None = None) -> list[ServerSentEvent]:
    decoder = EventDecoder()
    places = sorted({0, *(cut % (len(body) + 1) for cut in cuts or []), len(body)})
    return [
        event
        for start, end in itertools.pairwise(places)
        for event in decoder.feed(body[start:end])
    ]


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1)
LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))
ODD_LINES = LINES | st.sampled_from(["\u2028", "\u2029", "\x85", "\x0b\x0c\x1c\x1d\x1e", "", " a"])
ENDS = st.sampled_from(["\r\n", "\n", "\r"])


FIELDS = st.sampled_from(["event: data", "data: ", "data", ": ping", "id: 1", "", "\ufeff", "x"])
BODIES = st.lists(st.tuples(FIELDS, ODD_LINES, ENDS)).map(
    lambda lines: "".join(map("".join, lines)).encode()
)


@given(BODIES, st.lists(st.integers(0, 10_000)))
def test_however_a_body_is_cut_the_events_are_the_same(body: bytes, cuts: list[int]) -> None:
    assert decode(body, cuts) == decode(body)
    assert decode(body, list(range(len(body)))) == decode(body)


@given(st.lists(st.tuples(NAMES, st.lists(ODD_LINES, max_size=3))), ENDS)
def test_events_are_read_as_they_were_written(given: list[tuple[str, list[str]]], end: str) -> None:
    text = "".join(
        end.join([f"event: {name}", *(f"data: {line}" for line in lines), "", ""])
        for name, lines in given
    )
    assert decode(text.encode()) == [
        ServerSentEvent(name, "\n".join(lines).encode()) for name, lines in given
    ]


@given(st.binary(), st.lists(st.integers(0, 1000)))
def test_no_bytes_break_the_decoder(body: bytes, cuts: list[int]) -> None:
    assert decode(body, cuts) == decode(body)


def test_a_frame_of_langserve_is_read() -> None:
    body = (
        b'event: metadata\r\ndata: {"run_id": "1"}\r\n\r\n'
        b": ping - 2026-11-21\r\n\r\n"
        b"event: data\r\ndata: 2\r\n\r\n"
        b"event: end\r\n\r\n"
    )
    assert decode(body) == [
        ServerSentEvent("metadata", b'{"run_id": "1"}'),
        ServerSentEvent("data", b"2"),
        ServerSentEvent("end", b""),
    ]


def test_unicode_line_separators_are_ordinary_characters() -> None:
    data = '"a\u2028b\u2029c\u0085d"'.encode()
    assert decode(b"event: data\ndata: " + data + b"\n\n") == [ServerSentEvent("data", data)]


def test_data_without_a_blank_or_a_name_is_a_message() -> None:
    assert decode(b"data:x\n\ndata\n\n") == [
        ServerSentEvent("message", b"x"),
        ServerSentEvent("message", b""),
    ]


def test_ids_and_retry_times_are_passed_over() -> None:
    assert decode(b"id: 1\nretry: 5\n\nevent: end\n\n") == [ServerSentEvent("end", b"")]


def test_an_event_that_breaks_off_is_not_yielded() -> None:
    assert decode(b"event: data\ndata: 1\n") == []


def test_a_byte_order_mark_is_skipped_only_at_the_start() -> None:
    mark = b"\xef\xbb\xbf"
    assert decode(mark + b"data: " + mark + b"\n\n") == [ServerSentEvent("message", mark)]
