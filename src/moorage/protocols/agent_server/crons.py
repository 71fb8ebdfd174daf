"""``/runs/crons`` and ``/threads/{thread_id}/runs/crons`` (protocol, section 9)."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter
from pydantic import AfterValidator
from starlette.responses import Response

from moorage.domain.crons import AfterRun, CronChange, CronQuery, CronRequest
from moorage.errors import BadRequest
from moorage.protocols.agent_server.requests import (
    AgentRoute,
    Ask,
    Asking,
    Body,
    Json,
    OfCron,
    OfThread,
    Paged,
    ThreadId,
)
from moorage.protocols.agent_server.run_bodies import RunFields
from moorage.protocols.agent_server.wire import Answer, cron_of, nothing, paged, selected

of_threads = APIRouter(
    prefix="/threads/{thread_id}/runs/crons", tags=["crons"], route_class=AgentRoute
)
routes = APIRouter(prefix="/runs/crons", tags=["crons"], route_class=AgentRoute)

Column = Literal[
    "cron_id",
    "assistant_id",
    "thread_id",
    "user_id",
    "schedule",
    "timezone",
    "end_time",
    "next_run_date",
    "enabled",
    "on_run_completed",
    "metadata",
    "payload",
    "created_at",
    "updated_at",
]
SortBy = Literal[
    "cron_id",
    "assistant_id",
    "thread_id",
    "next_run_date",
    "end_time",
    "created_at",
    "updated_at",
]


def _in_utc(time: datetime) -> datetime:
    """Return a time in UTC, which is what one without a zone means."""
    try:
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("there is no such time in UTC") from None


Time = Annotated[datetime, AfterValidator(_in_utc)]


class CronFields(RunFields):
    """What is said about a cron's runs, and about its times."""

    timezone: str | None = None
    end_time: Time | None = None
    on_run_completed: AfterRun | None = None

    def payload(self) -> Json:
        """Return what was said about its runs, as it was said."""
        names = set(RunFields.model_fields) - {"metadata"}
        return self.model_dump(mode="json", include=names, exclude_unset=True)


class CronCreate(CronFields):
    """A cron that is to be."""

    assistant_id: str
    schedule: str
    enabled: bool = True

    def wanted(self, thread_id: str | None) -> CronRequest:
        """Return the cron that is asked for."""
        return CronRequest(
            assistant_id=self.assistant_id,
            schedule=self.schedule,
            timezone=self.timezone,
            thread_id=thread_id,
            end_time=self.end_time,
            enabled=self.enabled,
            on_run_completed=self.on_run_completed or AfterRun.DELETE,
            metadata=self.metadata,
            payload=self.payload(),
        )


class CronPatch(CronFields):
    """What becomes different. A null end is none."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset({"end_time"})

    schedule: str | None = None
    enabled: bool | None = None

    def wanted(self) -> CronChange:
        """Return the change that is asked for.

        Raises:
            BadRequest: It changes nothing.
        """
        if not self.model_fields_set:
            raise BadRequest("Nothing to change: give at least one field of the cron.")
        return CronChange(
            schedule=self.schedule,
            timezone=self.timezone,
            end_time=self.end_time,
            is_endless="end_time" in self.model_fields_set and self.end_time is None,
            enabled=self.enabled,
            on_run_completed=self.on_run_completed,
            metadata=self.metadata,
            payload=self.payload(),
        )


class CronCount(Body):
    """Which crons are counted."""

    assistant_id: str | None = None
    thread_id: ThreadId | None = None
    enabled: bool | None = None
    metadata: Json | None = None

    def query(self) -> CronQuery:
        """Return the search's conditions."""
        return CronQuery(self.assistant_id, self.thread_id, self.enabled, self.metadata)


class CronSearch(CronCount, Paged):
    """Which crons are wanted, and which part of them."""

    sort_by: SortBy | None = None
    select: list[Column] | None = None


@routes.post("")
async def create(body: CronCreate, ask: Asking) -> Response:
    """Create a cron whose runs have threads of their own."""
    return await _created(ask, body, None)


@of_threads.post("")
async def create_for_thread(thread_id: OfThread, body: CronCreate, ask: Asking) -> Response:
    """Create a cron whose runs happen on a thread."""
    return await _created(ask, body, thread_id)


@routes.post("/search")
async def search(body: CronSearch, ask: Asking) -> Response:
    """Find crons."""
    page = body.page(body.sort_by)
    hits = await ask.agents.crons.search(ask.caller, body.query(), page)
    return paged((selected(cron_of(one), body.select) for one in hits.items), hits, page)


@routes.post("/count")
async def count(body: CronCount, ask: Asking) -> Response:
    """Count crons."""
    return Answer(await ask.agents.crons.count(ask.caller, body.query()))


@routes.get("/{cron_id}")
async def get(cron_id: OfCron, ask: Asking) -> Response:
    """Get a cron."""
    return Answer(cron_of(await ask.agents.crons.get(ask.caller, cron_id)))


@routes.patch("/{cron_id}")
async def patch(cron_id: OfCron, body: CronPatch, ask: Asking) -> Response:
    """Change a cron."""
    return Answer(cron_of(await ask.agents.crons.patch(ask.caller, cron_id, body.wanted())))


@routes.delete("/{cron_id}")
async def delete(cron_id: OfCron, ask: Asking) -> Response:
    """Delete a cron. Runs that it has begun go on."""
    await ask.agents.crons.delete(ask.caller, cron_id)
    return nothing()


async def _created(ask: Ask, body: CronCreate, thread_id: str | None) -> Response:
    return Answer(cron_of(await ask.agents.crons.create(ask.caller, body.wanted(thread_id))))
