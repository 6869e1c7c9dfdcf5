"""What she said about doses. No row is "not recorded", which is never "missed" (RM-08)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO UPDATE

from bot.store.db import Tx
from bot.store.reminder_tables import Dose
from bot.store.statements import Hot

TAKEN, SKIPPED, SNOOZED = "taken", "skipped", "snoozed"

_dose = Dose.__table__  # type: ignore[attr-defined]
_new = insert(_dose).values(
    plan_id=bindparam("plan_id"), occurs_at=bindparam("occurs_at"), state=bindparam("state"),
    reason=bindparam("reason"), answered_at=bindparam("answered_at"),
)  # fmt: skip
_NOTE = Hot(
    _new.on_conflict_do_update(
        index_elements=[_dose.c.plan_id, _dose.c.occurs_at],
        set_={name: _new.excluded[name] for name in ("state", "reason", "answered_at")},
    )
)
_ONE = Hot(
    select(_dose.c.state).where(
        _dose.c.plan_id == bindparam("plan_id"), _dose.c.occurs_at == bindparam("occurs_at")
    )
)
_OF_PLAN = Hot(
    select(_dose.c.occurs_at, _dose.c.state, _dose.c.reason, _dose.c.answered_at)
    .where(_dose.c.plan_id == bindparam("plan_id"), _dose.c.occurs_at >= bindparam("since"))
    .order_by(_dose.c.occurs_at)
)
_LAST = Hot(
    select(_dose.c.answered_at)
    .where(_dose.c.plan_id == bindparam("plan_id"), _dose.c.state == TAKEN)
    .order_by(_dose.c.answered_at.desc())
    .limit(1)
)
_UNEXPLAINED = Hot(
    select(_dose.c.id, _dose.c.reason).where(
        _dose.c.plan_id == bindparam("plan_id"),
        _dose.c.state == SKIPPED,
        _dose.c.answered_at >= bindparam("since"),
    )
)
_EXPLAIN = Hot(
    update(_dose).where(_dose.c.id == bindparam("dose_id")).values(reason=bindparam("reason_"))
)


@dataclass(frozen=True, slots=True)
class Noted:
    """One dose she said something about.

    Attributes:
        state: TAKEN, SKIPPED or SNOOZED.
        reason: why she left it out: {"why": …, "words": …}; None where she did not say.
    """

    occurs_at: datetime
    state: str
    reason: Mapping[str, Any] | None = field(default=None, repr=False)
    answered_at: datetime | None = None


def note(tx: Tx, plan_id: int, occurs_at: datetime, state: str, now: datetime) -> None:
    """Keep what she said of one dose; what she says last holds."""
    tx.run(_NOTE, plan_id=plan_id, occurs_at=occurs_at, state=state, reason=None, answered_at=now)


def state_of(tx: Tx, plan_id: int, occurs_at: datetime) -> str | None:
    """Return what she said of one dose; None: nothing."""
    row = tx.one(_ONE, plan_id=plan_id, occurs_at=occurs_at)
    return str(row.state) if row is not None else None


def of_plan(tx: Tx, plan_id: int, since: datetime) -> list[Noted]:
    """Return all she said of a plan's doses from an instant on, in order."""
    return [Noted(*row) for row in tx.rows(_OF_PLAN, plan_id=plan_id, since=since)]


def last_taken(tx: Tx, plan_id: int) -> datetime | None:
    """Return when she last said that she had taken it."""
    row = tx.one(_LAST, plan_id=plan_id)
    return row.answered_at if row is not None else None


def explain(
    tx: Tx, plan_ids: Collection[int], reason: Mapping[str, Any], since: datetime
) -> list[int]:
    """Keep why the doses were left out that she skipped since then; return of which plans they were."""
    explained = []
    for plan_id in plan_ids:
        for row in tx.rows(_UNEXPLAINED, plan_id=plan_id, since=since):
            if row.reason is None:
                tx.run(_EXPLAIN, dose_id=row.id, reason_=dict(reason))
                explained.append(plan_id)
    return list(dict.fromkeys(explained))
