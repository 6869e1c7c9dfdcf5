"""Bringing a whole file of plans in: what is new, what changed, what is not there any more.

A file is the whole list of its kind: what an earlier one said and this one does not is ended. The same
file twice changes nothing. All of it is one transaction: nothing is half-applied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bot.care import rows
from bot.care.plans import AT_ONCE, Plan, Plans
from bot.store.db import Tx
from scheduler.reminders import Reason

SOURCE = "csv"
#: What she said of a plan herself: no file takes that back.
_HERS: Mapping[str, Sequence[str]] = {"medication": ("night",)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A plan that a file asks for.

    Attributes:
        key: what names it in this source, whatever else changes; a digest, never a patient's number.
        row: where it stands in the file.
        over: why it is not to be told of any more, where the file says so.
    """

    key: str
    row: int
    kind: str
    patient_id: int
    starts_on: date
    details: Mapping[str, Any] = field(repr=False)
    ends_on: date | None = None
    payer_id: int | None = None
    over: Reason | None = None


@dataclass(slots=True)
class Counts:
    """What became of the plans of a file."""

    new: int = 0
    changed: int = 0
    same: int = 0
    ended: int = 0


def bring_in(
    tx: Tx,
    plans: Plans,
    prefix: str,
    wanted: Sequence[Wanted],
    zone: str,
    now: datetime,
    actor: str,
    *,
    keep: bool = False,
    source: str = SOURCE,
) -> Counts:
    """Let the plans of a source be those of a file.

    Args:
        prefix: what the keys of this source begin with.
        keep: what is not in the file stays as it is.

    Raises:
        BadInput: details are wrong; nothing may be kept then.
    """
    counts = Counts()
    for one in wanted:
        _bring(tx, plans, one, zone, now, actor, counts, source)
    if not keep:
        named = {one.key for one in wanted}
        for row in tx.rows(rows.OF_SOURCE, source=source, prefix=f"{prefix}%"):
            plan = Plan(*row)
            if plan.source_key not in named:
                plans.stop(tx, plan.plan_id, Reason.STOPPED, now, actor=actor)
                counts.ended += 1
    return counts


def _bring(
    tx: Tx,
    plans: Plans,
    one: Wanted,
    zone: str,
    now: datetime,
    actor: str,
    counts: Counts,
    source: str,
) -> None:
    known = plans.by_key(tx, one.key)
    details, starts_on = dict(one.details), one.starts_on
    if known is not None:
        details |= {
            name: known.details[name]
            for name in _HERS.get(one.kind, ())
            if details.get(name) is None and name in known.details
        }
        starts_on = known.starts_on if one.kind in AT_ONCE else starts_on
    if one.over is not None:
        if known is not None and not known.is_over:
            plans.stop(tx, known.plan_id, one.over, now, actor=actor)
            counts.ended += 1
        else:
            counts.same += 1
        return
    made = plans.create(
        tx, kind=one.kind, details=details, zone=zone, starts_on=starts_on, now=now,
        actor=actor, source=source, patient_id=one.patient_id, payer_id=one.payer_id,
        ends_on=one.ends_on, source_key=one.key,
    )  # fmt: skip
    if known is None:
        counts.new += 1
    elif made.version != known.version:
        counts.changed += 1
    else:
        counts.same += 1
