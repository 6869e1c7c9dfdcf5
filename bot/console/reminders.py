"""What is due, what was sent, skipped and put off today and why; and every reminder behind the counts.

The counts name nobody. The list shows names masked (PR-04), and each look at it is audited.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from bot.console.desk import Console, Problem
from bot.console.guard import Guard, Visit
from bot.console.masks import masked_name
from bot.console.pages import Pages
from bot.console.told import Cared, naming
from bot.reminders import listing, seeing
from bot.reminders.listing import Asked, Listed
from bot.store.audit import record
from bot.store.db import Tx
from scheduler.reminders import Reason

#: What may become of a reminder when it is decided about, in the order a table shows it.
OUTCOMES = ("sent", "skipped", "deferred", "withdrawn", "failed")
_DAY = timedelta(days=1)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_YEARS = range(2000, 2200)
Word = Annotated[str, Query(max_length=32)]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the page was asked to show."""

    day: Annotated[date | None, Query()] = None
    state: Word = "pending"
    kind: Word = ""
    channel: Word = ""
    reason: Word = ""
    after: Annotated[datetime | None, Query()] = None
    after_id: Annotated[int, Query(ge=0, lt=2**62)] = 0


class Reminders:
    """Shows the reminders of a day."""

    def __init__(self, console: Console, pages: Pages, cared: Cared) -> None:
        self._console = console
        self._pages = pages
        self._cared = cared

    async def show(self, visit: Visit, filters: Filters) -> Response:
        """Return the counts of a day, what is ahead, and one page of the list."""
        today = visit.now.astimezone(self._console.zone).date()
        day = filters.day or today
        since, until = self._span(day)
        asked = self._asked(filters, since, until, is_today=day == today)

        def op(tx: Tx) -> dict[str, Any]:
            hours, kinds = seeing.ahead(tx, visit.now) if day == today else ((), {})
            rows, is_more = listing.page(tx, asked)
            if rows:
                detail = f"{len(rows)} {asked.state}"
                record(tx, visit.now, visit.signed.actor, "reminders.view", detail=detail)
            return {
                "hours": [hour for hour in hours if hour.total],
                "due": sum(hour.total for hour in hours),
                "due_kinds": kinds,
                "health": seeing.health(tx, visit.now),
                "tally": seeing.tally(tx, since, until),
                "rows": rows,
                "is_more": is_more,
            }

        values = await self._console.engine.write(op)
        shown = values["hours"]
        return self._pages.render(
            visit.request, "reminders", day=day, is_today=day == today, before=day - _DAY,
            next_day=day + _DAY, filters=filters, states=listing.STATES, outcomes=OUTCOMES,
            kinds=list(self._cared.kinds.kinds), reasons=[reason.value for reason in Reason],
            channels=self._channels(), at=self._at, link=_link,
            due_channels=sorted({channel for hour in shown for channel in hour.channels}),
            masked=lambda name: masked_name(name) if name else "",
            older=_older(filters, day, values["rows"]) if values["is_more"] else None,
            **naming(self._cared.kinds, self._pages.words(visit.request)), **values,
        )  # fmt: skip

    def _asked(
        self, filters: Filters, since: datetime, until: datetime, *, is_today: bool
    ) -> Asked:
        if filters.state not in listing.STATES:
            raise Problem("no_page", 404)
        if filters.after is not None and filters.after.tzinfo is None:
            raise Problem("no_page", 404)
        waits = filters.state == "pending"
        # What should have gone long ago still waits today.
        first = _LONG_AGO if waits and is_today else since
        return Asked(
            filters.state, first, until, filters.kind or None, filters.channel or None,
            filters.reason or None if not waits else None,
            (filters.after, filters.after_id) if filters.after else None,
        )  # fmt: skip

    def _span(self, day: date) -> tuple[datetime, datetime]:
        """Return when the hospital's day begins and ends."""
        if day.year not in _YEARS:
            raise Problem("no_page", 404)
        starts, ends = (
            datetime.combine(one, time(), self._console.zone) for one in (day, day + _DAY)
        )
        return starts.astimezone(UTC), ends.astimezone(UTC)

    def _channels(self) -> list[str]:
        return sorted({name.partition("/")[0] for name in self._console.channels})

    def _at(self, moment: datetime) -> str:
        """Return the hospital's time of day."""
        return f"{moment.astimezone(self._console.zone):%H:%M}"


def mount_reminders(router: APIRouter, reminders: Reminders, guard: Guard) -> None:
    """Add the routes."""

    @router.get("/reminders")
    async def show(
        visit: Annotated[Visit, Depends(guard.page)], filters: Annotated[Filters, Depends()]
    ) -> Response:
        return await reminders.show(visit, filters)


def _older(filters: Filters, day: date, rows: list[Listed]) -> str:
    """Return the address of the next page of the same list."""
    at, number = rows[-1].place
    given = {
        "day": day.isoformat(), "state": filters.state, "kind": filters.kind,
        "channel": filters.channel, "reason": filters.reason,
        "after": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "after_id": str(number),
    }  # fmt: skip
    return "/console/reminders?" + urlencode({k: v for k, v in given.items() if v})


def _link(row: Listed) -> str | None:
    """Return the page that tells more of a reminder."""
    if row.about == "visit":
        return f"/console/visits/{row.about_id}"
    if row.patient_id is not None:
        return f"/console/patients/{row.patient_id}"
    return f"/console/conversations/{row.conversation_id}" if row.conversation_id else None
