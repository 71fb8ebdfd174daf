"""A value read from a file, which follows the file while the service runs."""

import logging
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from moorage.errors import Misconfigured

log = logging.getLogger(__name__)

Value = TypeVar("Value")


class Reloading(Generic[Value]):
    """What a small file says now, or said last while it made sense.

    The file is looked at when the value is asked for, at most once a second: a change counts one
    second later at the latest. It is compared by its content, because two changes within a clock
    tick can leave the same time and size. Of the content only a digest is kept.

    Args:
        path: The file, on a local disk: it is read on the event loop, in microseconds.
        parse: Makes the value of the content; raises ``Misconfigured`` when it makes no sense.
        now: A clock in seconds that never goes back.

    Raises:
        Misconfigured: The file cannot be read, or makes no sense.
    """

    def __init__(
        self,
        path: Path,
        parse: Callable[[bytes], Value],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._parse = parse
        self._now = now
        self._due = now() + 1
        content = self._read()
        self._seen = sha256(content).digest()
        self._value = self._make(content)

    def current(self) -> Value:
        """Return the value, after a look at the file if the last one is a second ago.

        A file that has gone or makes no sense is logged once, and the value stays as it was.
        """
        now = self._now()
        if now >= self._due:
            self._due = now + 1
            self._look()
        return self._value

    def _look(self) -> None:
        try:
            content = self._read()
        except Misconfigured as error:
            if self._seen:
                log.error("%s; what it said before goes on counting", error)  # noqa: TRY400 - expected
            self._seen = b""
            return
        seen = sha256(content).digest()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._value = self._make(content)
        except Misconfigured as error:
            log.error("%s; what it said before goes on counting", error)  # noqa: TRY400 - expected
        else:
            log.info("%s was read again", self._path)

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise Misconfigured(f"{self._path}: cannot be read ({error.strerror})") from error

    def _make(self, content: bytes) -> Value:
        try:
            return self._parse(content)
        except Misconfigured as error:
            raise Misconfigured(f"{self._path}: {error}") from error
