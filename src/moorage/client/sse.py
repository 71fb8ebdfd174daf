"""Server-sent events from bytes, by the rules of the HTML standard."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event. ``name`` is ``message`` and ``data`` is empty where the server gave none."""

    name: str
    data: bytes


class EventDecoder:
    """Takes a response body in pieces of any size and gives the events that they complete.

    Lines end at CR, LF and CRLF and nowhere else: U+2028, U+2029 and U+0085 are ordinary
    characters. Unlike a browser it also yields events without data, because LangServe's ``end`` is
    one. An event that the body breaks off in is not yielded. The time it takes is linear in the
    size of the body, however it is cut into pieces.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._after_carriage_return = False
        self._at_start = True
        self._name: str | None = None
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that end in this piece of the body. Iterate it to its end."""
        if self._after_carriage_return and piece:
            piece = piece.removeprefix(b"\n")
            self._after_carriage_return = False
        if not piece:
            return
        self._after_carriage_return = piece.endswith(b"\r")
        first, *others = _LINE_END.split(piece)
        self._line.append(first)
        for start in others:
            event = self._end_line(b"".join(self._line))
            self._line = [start]
            if event is not None:
                yield event

    def _end_line(self, line: bytes) -> ServerSentEvent | None:
        if self._at_start:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._at_start = False
        if not line:
            return self._end_event()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode(errors="replace")
        return None

    def _end_event(self) -> ServerSentEvent | None:
        name, data = self._name, self._data
        self._name, self._data = None, []
        if name is None and not data:
            return None
        return ServerSentEvent(name or "message", b"\n".join(data))
