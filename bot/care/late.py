"""A moment that is due, and not told yet, when its plan changes: it is told all the same (RM-08).

What comes again is planned from its next time on; without this, a change in the very minute of a dose
would lose that dose.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, or_, select

from bot.reminders.model import Thing
from bot.reminders.planning import Planner
from bot.reminders.rows import reminder
from bot.store.db import Tx
from bot.store.statements import Hot

_JUST_BEFORE = timedelta(seconds=1)
_WAITING = Hot(
    select(reminder.c.kind, func.max(reminder.c.occurs_at).label("occurs_at"))
    .where(
        reminder.c.about == bindparam("about"),
        reminder.c.about_id == bindparam("about_id"),
        or_(reminder.c.state == "pending", reminder.c.state == "leased"),
        reminder.c.occurs_at <= bindparam("now"),
    )
    .group_by(reminder.c.kind)
)


def waiting(tx: Tx, about: str, plan_id: int, now: datetime) -> Mapping[str, datetime]:
    """Return the moments of a plan that came and were not told yet, by kind of reminder."""
    rows = tx.rows(_WAITING, about=about, about_id=plan_id, now=now)
    return {row.kind: row.occurs_at for row in rows}


def plan_late(
    tx: Tx,
    planner: Planner,
    thing: Thing,
    late: Mapping[str, datetime],
    following: Callable[[str, datetime], datetime | None],
    now: datetime,
) -> Thing:
    """Plan those that the changed plan still has; return the thing without the moments they are of.

    The one after such a moment is planned when it is decided about, so there is one at any time.

    Args:
        late: as `waiting` gave it before the change.
        following: (moment, after) → when it comes next by the changed plan.
    """
    taken = set()
    for key, at in late.items():
        kind, since = planner.kinds.get(key), at - _JUST_BEFORE
        if kind is None or kind.follows or kind.of not in thing.moments or thing.over is not None:
            continue
        if following(kind.of, since) != at or not planner.still_useful(thing, kind, at, since, now):
            continue
        if planner.add(tx, thing, kind, at, now, since=since):
            taken.add(kind.of)
    moments = {name: at for name, at in thing.moments.items() if name not in taken}
    return replace(thing, moments=moments)
