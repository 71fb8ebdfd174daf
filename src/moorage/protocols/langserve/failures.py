"""What a client learns when a run fails: what somebody meant for it, otherwise nothing."""

import logging
from collections.abc import Callable
from typing import NamedTuple

import orjson
from starlette.exceptions import HTTPException

from moorage.errors import MoorageError, Rejected

logger = logging.getLogger(__name__)


_CLOSED = 500


class Failure(NamedTuple):
    """A failure as clients see it."""

    status_code: int
    message: str

    @property
    def is_closed(self) -> bool:
        """Whether nobody meant it for the client, which is told nothing but that it happened."""
        return self.status_code == _CLOSED

    def as_json(self) -> bytes:
        """Render it with a blank after colons and commas, byte for byte as LangServe does."""
        message = orjson.dumps(self.message)
        return b'{"status_code": %d, "message": %b}' % (self.status_code, message)


def mapped(
    error: Exception, mapper: Callable[[BaseException], Rejected | None] | None
) -> Exception:
    """Return the error to answer with: the operator's for ``error`` if it has one, else ``error``.

    Errors that already carry a status are not offered to the mapper. A mapper that fails is logged
    and ignored, so that it cannot hide the failure it was asked about.
    """
    if mapper is None or isinstance(error, HTTPException | MoorageError):
        return error
    try:
        rejected = mapper(error)
    except Exception:
        logger.exception("the error mapper failed")
        return error
    if rejected is None:
        return error
    return rejected
