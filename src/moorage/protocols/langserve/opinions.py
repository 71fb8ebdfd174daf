"""Feedback on runs, kept by the service and sent on to LangSmith, wherever each is on."""

import logging
import math
from uuid import UUID

import orjson
from starlette.requests import Request

from moorage.domain.caller import ANONYMOUS, Caller
from moorage.domain.feedback import Feedback as Kept
from moorage.domain.feedback import Opinion
from moorage.errors import BadRequest, Invalid, TooLarge, Unavailable
from moorage.protocols.langserve.feedback import Feedback, FeedbackCreateRequest, LangSmithLinks
from moorage.protocols.langserve.options import RouteOptions
from moorage.storage.feedback import FEEDBACK_KEY, FeedbackFile

LARGEST = 16 * 1024
"""Bytes of one opinion that is kept, with its comment and value."""

_log = logging.getLogger(__name__)


class Opinions:
    """What people think of the runs of one runnable.

    The service keeps them unless ``enable_feedback_endpoint=False`` was said for the runnable.

    Args:
        options: How the runnable is published.
        links: What LangSmith does for it.
    """

    def __init__(self, options: RouteOptions, links: LangSmithLinks) -> None:
        self._is_allowed = options.enable_feedback_endpoint is not False
        self._links = links

    def file(self, request: Request) -> FeedbackFile | None:
        """Return where the service keeps feedback on this runnable; None where it keeps none."""
        found = request.scope.get(FEEDBACK_KEY)
        return found if self._is_allowed and isinstance(found, FeedbackFile) else None

    async def keep(self, request: Request, base: str, body: FeedbackCreateRequest) -> Feedback:
        """Keep an opinion of the caller, and send it on if LangSmith is on.

        What LangSmith does not take is kept all the same.

        Raises:
            BadRequest: Neither is on, or no run is named.
            Invalid: The score is no number that can be kept.
            TooLarge: It is longer than ``LARGEST``.
            Unavailable: It cannot be kept now.
        """
        kept = await self.keep_here(request, base, body)
        if kept is None:
            return await self._links.create_feedback(body)
        if self._links.feedback_enabled():
            try:
                await self._links.create_feedback(body)
            except Unavailable:
                _log.warning("feedback on %s is kept here only", body.run_id)
        return kept

    async def keep_here(
        self, request: Request, base: str, body: FeedbackCreateRequest
    ) -> Feedback | None:
        """Keep an opinion of the caller, as ``keep`` does, in the service only; None if it is off.

        Raises:
            BadRequest: No run is named.
            Invalid: The score is no number that can be kept.
            TooLarge: It is longer than ``LARGEST``.
            Unavailable: It cannot be kept now.
        """
        file = self.file(request)
        if file is None:
            return None
        if body.run_id is None:
            raise BadRequest("run_id must name the run that the feedback is about.")
        if len(await request.body()) > LARGEST:
            raise TooLarge(f"Feedback has at most {LARGEST} bytes.")
        _require_json(body)
        opinion = Opinion(
            runnable=base,
            run_id=body.run_id,
            key=body.key,
            identity=_identity(request),
            score=body.score,
            value=body.value,
            comment=body.comment,
        )
        return _told(await file.keep(opinion))

    async def of_run(self, request: Request, base: str) -> list[Feedback]:
        """Return the caller's own opinions on the run that the query names.

        Raises:
            BadRequest: The service keeps none.
            Invalid: No run is named.
            Unavailable: They cannot be read now.
        """
        file = self.file(request)
        if file is None:
            raise BadRequest("No feedback is kept here.")
        try:
            run_id = UUID(request.query_params.get("run_id", ""))
        except ValueError:
            raise Invalid("run_id: must be the id of a run.") from None
        return [_told(one) for one in await file.of_run(base, run_id, _identity(request))]


def _identity(request: Request) -> str:
    caller = request.scope.get("user", ANONYMOUS)
    return caller.identity if isinstance(caller, Caller) else ANONYMOUS.identity


def _require_json(body: FeedbackCreateRequest) -> None:
    """Refuse what could be neither kept nor told again: infinities, halves of characters."""
    try:
        is_finite = body.score is None or math.isfinite(body.score)
        orjson.dumps([body.value, body.comment, body.key])
    except (OverflowError, TypeError):
        is_finite = False
    if not is_finite:
        raise Invalid("The feedback holds numbers or characters that cannot be kept.")


def _told(kept: Kept) -> Feedback:
    return Feedback(
        run_id=kept.run_id,
        key=kept.key,
        score=kept.score,
        value=kept.value,
        comment=kept.comment,
        id=kept.id,
        created_at=kept.created_at,
        modified_at=kept.modified_at,
    )
