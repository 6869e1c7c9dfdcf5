"""What became of all reminders of a run, and whether every one of them is somewhere (I-07)."""

from typing import Any

from sqlalchemy import func, select

from bench.simulate.world import World
from bot.store.reminder_tables import Reminder, ReminderDecision
from bot.store.statements import Hot

_reminder: Any = Reminder.__table__  # type: ignore[attr-defined]
_decision: Any = ReminderDecision.__table__  # type: ignore[attr-defined]

_STATES = Hot(
    select(_reminder.c.state, _reminder.c.reason, func.count().label("n")).group_by(
        _reminder.c.state, _reminder.c.reason
    )
)
_DEFERRED = Hot(select(func.count().label("n")).where(_decision.c.decision == "deferred"))
_ANSWERED = Hot(select(func.count().label("n")).where(_reminder.c.answered_at.is_not(None)))
_LAST = Hot(select(func.max(_reminder.c.id).label("id"), func.count().label("n")))
_FORGOTTEN = Hot(
    select(func.count().label("n")).where(
        _reminder.c.state.in_(("pending", "leased")), _reminder.c.due_at < _reminder.c.created_at
    )
)


def tally(world: World) -> dict[str, Any]:
    """Return the counts of a run."""
    rows = world.oracle.rows
    states: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for row in rows(_STATES):
        states[row.state] = states.get(row.state, 0) + row.n
        if row.reason:
            reasons[row.reason] = row.n
    (last,) = rows(_LAST)
    if (last.id or 0) != last.n:
        world.oracle.wrong("lost", f"{last.id} reminders were made, {last.n} are there")
    return {
        "sent": states.get("sent", 0),
        "skipped": states.get("skipped", 0),
        "deferred": rows(_DEFERRED)[0].n,
        "answered": rows(_ANSWERED)[0].n,
        "waiting": states.get("pending", 0) + states.get("leased", 0),
        "reasons": reasons,
    }
