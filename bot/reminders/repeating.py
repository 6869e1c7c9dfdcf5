"""What comes after a reminder: the next of what recurs, and what follows where nobody answers.

A recurring moment has one reminder that waits, never more. What nobody answered is followed once, bound
to the reminder that asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, or_, select, update

from bot.reminders import rows
from bot.reminders.kinds import NEXT_CHANNEL, STAFF, Kind, Kinds
from bot.reminders.model import Due, Subject, Thing
from bot.reminders.planning import Planner
from bot.reminders.rows import DUE, reminder
from bot.reminders.withdraw import note
from bot.store.db import Tx
from bot.store.statements import Hot
from scheduler.hours import wall
from scheduler.reminders import Reason

#: In the cause of what follows an unanswered reminder.
_THEN = "then:"
#: So many occurrences that came and went are looked at for the next one that is still useful.
_MOST_LATE = 60
#: Earlier than any reminder of a moment is due.
_LONG_BEFORE = timedelta(days=400)

_CAUSE = Hot(select(reminder.c.cause).where(reminder.c.id == bindparam("reminder_id")))
_ORIGIN = Hot(
    select(*DUE, reminder.c.state, reminder.c.answer).where(
        reminder.c.id == bindparam("reminder_id")
    )
)
_REVIVE = Hot(
    update(reminder)
    .where(
        reminder.c.cause == bindparam("cause_"),
        or_(
            reminder.c.state == "pending",
            and_(reminder.c.state == "skipped", reminder.c.reason == Reason.GONE.value),
        ),
    )
    .values(
        state="pending", reason=None, due_at=bindparam("due_at_"),
        send_until=bindparam("send_until_"), decided_at=None,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """The reminder that one follows.

    Attributes:
        over: why nothing follows any more.
    """

    due: Due
    over: Reason | None


@dataclass(frozen=True, slots=True)
class Repeating:
    """Plans what comes after a reminder."""

    kinds: Kinds
    planner: Planner

    def next(
        self, tx: Tx, subject: Subject, due: Due, kind: Kind, thing: Thing, now: datetime
    ) -> None:
        """Plan the next occurrence of a moment that recurs, the first that is still useful.

        What came and went meanwhile is never told of one by one; that it was left out is kept (I-15).
        """
        if kind.follows or thing.over is not None or due.about_version != thing.version:
            return
        occurs_at, left_out = due.occurs_at, False
        for _ in range(_MOST_LATE):
            following = subject.next_moment(tx, thing, kind.of, occurs_at)
            if following is None:
                return
            since = following - _LONG_BEFORE
            if self.planner.still_useful(thing, kind, following, since, now):
                if self.planner.add(tx, thing, kind, following, now, since=since) and left_out:
                    note(tx, due.id, "deferred", Reason.TOO_LATE, now, following)
                return
            left_out = True
            ahead = now - (kind.late or timedelta()) - timedelta(days=1 + abs(kind.offset.days))
            occurs_at = max(following, ahead)

    def follow(self, tx: Tx, due: Due, kind: Kind, thing: Thing, now: datetime) -> None:
        """Plan what comes where nobody answers a reminder that is said now."""
        if kind.then is None or kind.after is None:
            return
        if kind.then_only is not None and kind.then_only not in thing.tags:
            return
        at = now + kind.after
        then = self.kinds.get(kind.then)
        until = then.until(at, due.occurs_at) if then is not None else None
        if until is not None and until <= at:
            until = at
        cause = f"{_THEN}{due.id}"
        added = tx.one(
            rows.ADD, cause=cause, about=due.about, about_id=due.about_id,
            about_version=due.about_version, kind=kind.then, occurs_at=due.occurs_at,
            patient_id=due.patient_id, conversation_id=due.conversation_id, due_at=at,
            send_until=until, wall=f"{wall(at, ZoneInfo(thing.zone)):%Y-%m-%dT%H:%M}",
            zone=thing.zone, created_at=now,
        )  # fmt: skip
        if added is None:
            tx.run(_REVIVE, cause_=cause, due_at_=at, send_until_=until)

    def origin(self, tx: Tx, due: Due, kind: Kind | None) -> Origin | None:
        """Return what a reminder follows; None where it follows none."""
        if due.kind not in (STAFF, NEXT_CHANNEL) and (kind is None or not kind.follows):
            return None
        row = tx.one(_CAUSE, reminder_id=due.id)
        if row is None or not row.cause.startswith(_THEN):
            return None
        first = tx.one(_ORIGIN, reminder_id=int(row.cause.removeprefix(_THEN)))
        if first is None:
            return None
        over = None
        if first.answer is not None:
            over = Reason.ANSWERED
        elif first.state != "sent":
            over = Reason.GONE  # taken back meanwhile: it follows when it was said after all
        return Origin(rows.due_of(first), over)
