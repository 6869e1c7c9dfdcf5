"""What plans of medicine and of refills say: frozen here, JSON in the table; pure.

The words for a medicine and for how much of it are kept as they were written. Nothing is counted with
them: `quantity` and `per_day` of a refill are numbers that the hospital's own system gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.care.plans import Plan
from scheduler.hours import Quiet
from scheduler.recurrence import Daily

FOODS = ("", "before", "after", "with", "empty")
#: More hours a day than any prescription has are a slip.
MOST_TIMES = 8
_LONGEST, _MOST_EVERY, _WEEK = 80, 31, 7
_TEXTS = ("medicine", "dose", "whom", "prescriber")
_MEDICATION = {*_TEXTS, "food", "times", "every", "weekdays", "prn", "night"}
_REFILL = {"medicine", "quantity", "per_day", "prescriber", "path"}


@dataclass(frozen=True, slots=True)
class Medication:
    """One medicine and when to be reminded of it; the plan's days are its first and last day.

    Attributes:
        medicine: what it is called; empty where she did not say.
        dose: how much, in the words of whoever wrote it.
        food: one of `FOODS`.
        times: local hours; none where it is taken when needed.
        every: only each n-th day, counted from the first.
        weekdays: only these; 0 is Monday.
        prn: taken when needed: never scheduled, only noted.
        night: hours in the quiet hours may be told of; None where she was not asked.
        whom: whom it is for, where she asked for somebody else, in her words.
        prescriber: who prescribed it.
    """

    medicine: str = ""
    dose: str = ""
    food: str = ""
    times: tuple[time, ...] = ()
    every: int = 1
    weekdays: frozenset[int] = frozenset()
    prn: bool = False
    night: bool | None = None
    whom: str = ""
    prescriber: str = ""

    def written(self) -> dict[str, Any]:
        """Return what `medication_of` reads."""
        told: dict[str, Any] = {name: getattr(self, name) for name in (*_TEXTS, "food")}
        told |= {
            "times": [f"{at:%H:%M}" for at in self.times],
            "every": self.every,
            "weekdays": sorted(self.weekdays),
            "prn": self.prn,
            "night": self.night,
        }
        said = {name: value for name, value in told.items() if value or name == "night"}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Refill:
    """How long a supply lasts, from the plan's first day on; its last day ends the course.

    Attributes:
        quantity, per_day: in the same unit, as the hospital's own system says.
        path: how to get more of it: "互联网医院续方".
    """

    medicine: str
    quantity: Decimal
    per_day: Decimal
    prescriber: str = ""
    path: str = ""

    def runs_out(self, starts_on: date) -> date:
        """Return the first day for which nothing is left."""
        return starts_on + timedelta(days=int(self.quantity / self.per_day))


def medication_of(details: Mapping[str, Any]) -> Medication:
    """Return details that `problems_of_medication` finds right."""
    return Medication(
        **{name: str(details.get(name) or "") for name in (*_TEXTS, "food")},
        times=tuple(sorted({time.fromisoformat(at) for at in details.get("times") or ()})),
        every=int(details.get("every") or 1),
        weekdays=frozenset(details.get("weekdays") or ()),
        prn=bool(details.get("prn")),
        night=details.get("night"),
    )


def refill_of(details: Mapping[str, Any]) -> Refill:
    """Return details that `problems_of_refill` finds right."""
    return Refill(
        medicine=str(details["medicine"]),
        quantity=Decimal(str(details["quantity"])),
        per_day=Decimal(str(details["per_day"])),
        prescriber=str(details.get("prescriber") or ""),
        path=str(details.get("path") or ""),
    )


def problems_of_medication(details: Mapping[str, Any]) -> Sequence[str]:
    """Return what is wrong with details, a sentence each that names the field and never its value."""
    found = _unknown(details, _MEDICATION) + _texts(details, _TEXTS)
    if (details.get("food") or "") not in FOODS:
        found.append(f"food: must be one of {', '.join(FOODS[1:])}")
    for name in ("prn", "night"):
        if details.get(name) not in (None, True, False):
            found.append(f"{name}: must be true or false")
    found += _times(details)
    if not _whole(details.get("every", 1), 1, _MOST_EVERY):
        found.append(f"every: must be a whole number of days from 1 to {_MOST_EVERY}")
    weekdays = details.get("weekdays") or []
    if not isinstance(weekdays, list | tuple) or not all(
        _whole(day, 0, _WEEK - 1) for day in weekdays
    ):
        found.append("weekdays: must be a list of days, 0 for Monday to 6 for Sunday")
    return found


def problems_of_refill(details: Mapping[str, Any]) -> Sequence[str]:
    """Return what is wrong with details of a refill, as above."""
    found = _unknown(details, _REFILL) + _texts(details, ("medicine", "prescriber", "path"))
    if not details.get("medicine"):
        found.append("medicine: is missing")
    for name in ("quantity", "per_day"):
        try:
            number = Decimal(str(details[name]))
        except KeyError:
            found.append(f"{name}: is missing")
            continue
        except InvalidOperation:
            number = Decimal(-1)
        if not number.is_finite() or number <= 0:
            found.append(f"{name}: must be a number above zero")
    return found


def rule_of(plan: Plan, quiet: Quiet) -> Daily | None:
    """Return when a plan reminds; None where it never does: when needed, or only at night unasked.

    Her own hours count at night too (RM-03); those the hospital gave wait for her consent.
    """
    medication = medication_of(plan.details)
    kept = tuple(at for at in medication.times if at not in at_night(plan, medication, quiet))
    if medication.prn or not kept:
        return None
    return Daily(kept, plan.starts_on, plan.ends_on, medication.every, medication.weekdays)


def at_night(plan: Plan, medication: Medication, quiet: Quiet) -> tuple[time, ...]:
    """Return the hours that are not told of, because she did not ask for them."""
    if plan.source == "chat" or medication.night:
        return ()
    return tuple(at for at in medication.times if quiet.covers(at))


def last_of(rule: Daily) -> date | None:
    """Return the last day on which a rule gives a dose; None where it never ends."""
    if rule.end is None:
        return None
    for back in range((rule.end - rule.start).days + 1):
        day = rule.end - timedelta(days=back)
        if (day - rule.start).days % rule.every == 0 and (
            not rule.weekdays or day.weekday() in rule.weekdays
        ):
            return day
    return None


def _unknown(details: Mapping[str, Any], known: set[str]) -> list[str]:
    return [
        f"{str(name)[:40]}: is not known (expected {', '.join(sorted(known))})"
        for name in details
        if name not in known
    ]


def _texts(details: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [
        f"{name}: must be a text of at most {_LONGEST} characters"
        for name in names
        if details.get(name) is not None
        and (not isinstance(details[name], str) or len(details[name]) > _LONGEST)
    ]


def _times(details: Mapping[str, Any]) -> list[str]:
    times = details.get("times") or []
    wrong = f"times: must be a list of at most {MOST_TIMES} hours such as 08:00"
    if not isinstance(times, list | tuple) or len(times) > MOST_TIMES:
        return [wrong]
    try:
        for at in times:
            datetime.strptime(str(at), "%H:%M")  # noqa: DTZ007  (an hour of the wall clock)
    except ValueError:
        return [wrong]
    if not times and not details.get("prn"):
        return ["times: is missing"]
    return []


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
