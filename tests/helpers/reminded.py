"""Bookings whose visits are reminded of, inside one transaction, and what waits of that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from bot.appointments.options import BookingOptions
from bot.appointments.reminding.preparing import Line
from bot.appointments.reminding.things import VisitReminders
from bot.appointments.service import Bookings
from bot.reminders.kinds import Kinds, load_kinds
from bot.reminders.planning import Planner
from bot.store.db import Tx
from bot.store.reminder_tables import Reminder
from bot.store.statements import Hot
from tests.helpers.booking import ZONE

KINDS: Kinds = load_kinds(Path(__file__).parents[2] / "intents" / "content")
_reminder = Reminder.__table__  # type: ignore[attr-defined]
_ALL = Hot(sa.select(_reminder).order_by(_reminder.c.due_at, _reminder.c.id))


@dataclass(frozen=True)
class Asks:
    """One line of a table of preparations."""

    fasting_hours: int | None = None
    days_before: int | None = None
    at: str = ""
    text: str = ""


def visit_reminders(
    lines: Sequence[Line] = (), options: BookingOptions | None = None
) -> VisitReminders:
    """Return what keeps reminders in step; every visit is prepared for as `lines` say."""
    return VisitReminders(
        Planner(KINDS), options or BookingOptions(), ZONE, lambda *_: lines, lambda *_: ""
    )


def bookings(lines: Sequence[Line] = (), options: BookingOptions | None = None) -> Bookings:
    """Return bookings whose visits are reminded of."""
    made = visit_reminders(lines, options)
    return Bookings(made.options, ZONE, made.follow)


@dataclass(frozen=True)
class Waits:
    """A reminder as it stands."""

    appointment_id: int
    kind: str
    due_at: datetime
    version: int
    state: str
    reason: str | None


def reminders(tx: Tx, *states: str) -> list[Waits]:
    """Return the reminders of visits, soonest first; only those in `states`, where some are named."""
    return [
        Waits(row.about_id, row.kind, row.due_at, row.about_version, row.state, row.reason)
        for row in tx.rows(_ALL)
        if row.about == "visit" and (not states or row.state in states)
    ]


def waiting(tx: Tx, appointment_id: int) -> list[tuple[str, str]]:
    """Return what waits of one visit: kind, and when by the hospital's clock."""
    return [
        (one.kind, f"{one.due_at.astimezone(ZONE):%m-%d %H:%M}")
        for one in reminders(tx, "pending")
        if one.appointment_id == appointment_id
    ]
