"""What one row of a file means: the plans that come of it; pure, but for the digest that names them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from bot.care import shapes
from bot.care.importing import Wanted
from bot.care.levels import Levels
from bot.care.medication.shape import Medication
from scheduler.reminders import Reason

_OVER = {
    "active": None, "cancelled": Reason.STOPPED, "done": Reason.DONE, "collected": None,
}  # fmt: skip
#: For so long what was not fetched still lies there.
_KEPT = timedelta(days=14)
#: After so many days at home she is greeted, where she asked for greetings.
_AFTER_CARE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Meant:
    """What a row is read with.

    Attributes:
        key: names one plan of the row, by a word of its own.
        department: the code of a department by its code or name; empty where it is not known.
    """

    row: int
    patient_id: int
    payer_id: int | None
    key: Callable[[str], str]
    levels: Levels
    department: Callable[[str], str]
    today: date

    def plan(
        self,
        part: str,
        kind: str,
        starts_on: date,
        details: Mapping[str, Any],
        state: str,
        **more: Any,
    ) -> Wanted:
        """Return one plan of the row."""
        return Wanted(
            self.key(part), self.row, kind, self.patient_id, starts_on, details,
            over=_OVER[state], **more,
        )  # fmt: skip


class RowError(ValueError):
    """The cells of a row do not go together; the sentence names the column."""


def prescription(row: Mapping[str, Any], meant: Meant) -> Sequence[Wanted]:
    """Return a plan of medicine, of its refill where what was given is said, of what lies ready."""
    often, start = row["frequency"], row["start"]
    times: tuple[time, ...] = row["times"] or (often.times if often else ())
    prn = often is not None and often.prn
    if not times and not prn:
        raise RowError("column frequency: is missing, and so is column times")
    end = row["end"] or (start + timedelta(days=row["days"] - 1) if row["days"] else None)
    if end is not None and end < start:
        raise RowError("column end: is before the first day")
    medicine = Medication(
        medicine=row["medicine"], dose=row["dose"], food=row["food"], times=() if prn else times,
        every=often.every if often else 1, prn=prn, prescriber=row["prescriber"],
    )  # fmt: skip
    made = [meant.plan("m", "medication", start, medicine.written(), row["status"], ends_on=end)]
    if row["quantity"] and row["per_dose"] and not prn:
        a_day = row["per_dose"] * len(times) / Decimal(medicine.every)
        refill = {
            "medicine": row["medicine"], "quantity": str(row["quantity"]), "per_day": str(a_day),
            "prescriber": row["prescriber"], "path": row["refill"],
        }  # fmt: skip
        made.append(meant.plan("r", "refill", start, _told(refill), row["status"], ends_on=end))
    if row["pickup"]:
        collect, last = shapes.written(shapes.Collect(window=row["pickup"])), start + _KEPT
        lies = row["status"] == "active" and last >= meant.today
        state = row["status"] if lies or row["status"] == "cancelled" else "done"
        made.append(meant.plan("c", "collect", start, collect, state, ends_on=last))
    return made


def discharge(row: Mapping[str, Any], meant: Meant) -> Sequence[Wanted]:
    """Return the day she goes home, when she is asked how she is, and when she should come again."""
    day, level, state = row["date"], row["level"], row["status"]
    known = meant.levels.levels.get(level)
    if level and known is None:
        raise RowError(f"column level: expected one of {', '.join(meant.levels.levels)}")
    first = day + timedelta(days=known.days[0]) if known else None
    told = shapes.Discharge(
        ward=row["ward"], steps=row["steps"], medicines=row["medicines"], signs=row["signs"],
        first_follow_up=first, call=row["call"],
    )  # fmt: skip
    made = [meant.plan("d", "discharge", day, shapes.written(told), state, ends_on=day)]
    if known is not None:
        asked = shapes.written(shapes.FollowUp(level=level, call=row["call"]))
        last = day + timedelta(days=known.days[-1])
        made.append(meant.plan("f", "follow_up", day, asked, state, ends_on=last))
    if row["revisit"] is not None:
        advice, (opens, closes) = row["revisit"]
        again = shapes.Revisit(
            department=meant.department(row["department"]), department_name=row["department"],
            doctor_name=row["doctor"], advice=advice,
        )  # fmt: skip
        made.append(
            meant.plan(
                "v", "revisit", day + timedelta(days=opens), shapes.written(again), state,
                ends_on=day + timedelta(days=closes),
            )
        )  # fmt: skip
    greeting = shapes.Greeting(after_care_on=day + _AFTER_CARE)
    made.append(
        meant.plan("g", "greeting", day, shapes.written(greeting), state, ends_on=day + _AFTER_CARE)
    )
    return made


def checkup(row: Mapping[str, Any], meant: Meant) -> Sequence[Wanted]:
    """Return the check-up of each year after this one."""
    details = shapes.written(shapes.Checkup(package=row["package"]))
    return [meant.plan("k", "checkup", row["date"], details, row["status"])]


def bill(row: Mapping[str, Any], meant: Meant) -> Sequence[Wanted]:
    """Return what the one who pays is told of."""
    if row["kind"] == "fee":
        if not row["item"]:
            raise RowError("column item: is missing; a fee is for something")
        fee = shapes.Fee(
            amount=row["amount"], item=row["item"], where=row["where"], due_on=row["due"]
        )
        details = shapes.written(fee)
    else:
        if row["left"] is None:
            raise RowError("column left: is missing; of a deposit it is what is left")
        details = shapes.written(
            shapes.Deposit(
                left=row["left"], needed=row["amount"] or None, where=row["where"], call=row["call"]
            )
        )
    payer = meant.payer_id or meant.patient_id
    return [
        meant.plan("b", row["kind"], meant.today, details, row["status"], payer_id=payer)
    ]  # fmt: skip


def _told(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if value not in ("", None)}


ROWS: Mapping[str, Callable[[Mapping[str, Any], Meant], Sequence[Wanted]]] = {
    "prescriptions": prescription,
    "discharges": discharge,
    "checkups": checkup,
    "bills": bill,
}
