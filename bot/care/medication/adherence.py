"""What came of the doses of a plan, for the clinician alone: never a score, never shown to the patient.

What nobody answered is "not recorded", which says nothing of whether it was taken (RM-08).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from bot.care.medication import doses
from bot.care.medication.doses import SKIPPED, TAKEN, Noted
from bot.care.plans import ABOUT, Plan
from bot.reminders.kinds import Kinds
from bot.reminders.rows import reminder
from bot.store.db import Tx
from bot.store.statements import Hot

#: So long after it was asked about a dose may still be answered.
OPEN_FOR = timedelta(hours=12)
_UNSAID = "not said"

_ASKED = Hot(
    select(reminder.c.occurs_at, reminder.c.kind, reminder.c.state)
    .where(
        reminder.c.about == bindparam("about"),
        reminder.c.about_id == bindparam("about_id"),
        reminder.c.occurs_at >= bindparam("since"),
        reminder.c.due_at <= bindparam("until"),
    )
    .order_by(reminder.c.occurs_at)
)


@dataclass(frozen=True, slots=True)
class Adherence:
    """Of the doses of a plan that were due.

    Attributes:
        taken: she said she took them.
        skipped: she said she left them out; `reasons` says why, how often.
        not_recorded: she was asked and said nothing.
        not_asked: no message went, so that nothing can be known.
        open: she may still answer.
    """

    due: int = 0
    taken: int = 0
    skipped: int = 0
    not_recorded: int = 0
    not_asked: int = 0
    open: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


def adherence(asked: Mapping[datetime, bool], noted: Sequence[Noted], now: datetime) -> Adherence:
    """Return what came of doses.

    Args:
        asked: of each dose that was due, whether she was asked about it.
        noted: what she said.
    """
    said = {one.occurs_at: one for one in noted}
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for occurs_at in {*asked, *(at for at, one in said.items() if one.state in (TAKEN, SKIPPED))}:
        one = said.get(occurs_at)
        if one is not None and one.state in (TAKEN, SKIPPED):
            counts[one.state] += 1
            if one.state == SKIPPED:
                reasons[str((one.reason or {}).get("why", _UNSAID))] += 1
        elif not asked[occurs_at]:
            counts["not_asked"] += 1
        else:
            counts["open" if now < occurs_at + OPEN_FOR else "not_recorded"] += 1
    return Adherence(
        due=counts.total(), taken=counts[TAKEN], skipped=counts[SKIPPED],
        not_recorded=counts["not_recorded"], not_asked=counts["not_asked"], open=counts["open"],
        reasons=dict(reasons),
    )  # fmt: skip


def of_plan(tx: Tx, plan: Plan, kinds: Kinds, since: datetime, now: datetime) -> Adherence:
    """Return what came of a plan's doses from `since` on; the caller audits who looked (I9)."""
    keys = {kind.key for kind in kinds.about("medication") if kind.of == "dose"}
    asked: dict[datetime, bool] = {}
    for row in tx.rows(_ASKED, about=ABOUT, about_id=plan.plan_id, since=since, until=now):
        if row.kind in keys and row.state in ("sent", "skipped"):
            asked[row.occurs_at] = asked.get(row.occurs_at, False) or row.state == "sent"
    return adherence(asked, doses.of_plan(tx, plan.plan_id, since), now)
