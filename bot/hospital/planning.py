"""From the roster to what can be booked: the clinics of a day and their slots; pure.

Places are spread evenly over the slots of a clinic, the first slots get what is left over, and no slot
gets fewer than it has already given away.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.hospital.calendar import Calendar
from bot.hospital.model import ClinicSession, Hospital, Status

#: The pools of places: booked online, given at the desk, kept by the doctor (加号).
POOLS = ("online", "window", "added")
#: Where a hospital names no campus.
ONLY_CAMPUS = "main"

#: A span of time, from and to.
Span = tuple[datetime, datetime]


class Rules(Protocol):
    """What planning needs of the rules of booking; times of day are written `07:00`."""

    @property
    def release_days(self) -> int: ...  # noqa: D102
    @property
    def release_at(self) -> str: ...  # noqa: D102
    @property
    def slot_minutes(self) -> int: ...  # noqa: D102
    @property
    def close_minutes(self) -> int: ...  # noqa: D102
    @property
    def cancel_days(self) -> int: ...  # noqa: D102
    @property
    def cancel_at(self) -> str: ...  # noqa: D102
    @property
    def cancel_working_days(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A clinic as it shall be: its columns, whether it is stopped, its spans, its places by pool."""

    key: tuple[str, date, str]
    columns: Mapping[str, Any]
    stopped: bool
    spans: tuple[Span, ...]
    places: Mapping[str, int]


def plans(hospital: Hospital, day: date, rules: Rules, zone: ZoneInfo) -> Iterator[Plan]:
    """Yield the clinics of a day, stopped ones too."""
    released = released_at(day, rules, zone)
    cancel = cancel_until(day, rules, zone, hospital.calendar)
    for clinic in hospital.sessions(day):
        hours = str(hospital.info["en"][f"session.{clinic.session}"])
        start, end = (at(day, clock, zone) for clock in hours.split("-"))
        if end <= start:
            continue
        key = (clinic.doctor.code, day, clinic.session.value)
        columns = {
            **_names(hospital, clinic),
            "starts_at": start,
            "ends_at": end,
            "released_at": released,
            "cancel_until": cancel,
        }
        places = {
            "online": clinic.left if clinic.status is Status.ON else 0,
            "window": clinic.window,
            "added": clinic.added,
        }
        yield Plan(
            key=key,
            columns=columns,
            stopped=clinic.status is Status.STOPPED,
            spans=cut(start, end, clinic.minutes or rules.slot_minutes),
            places=places,
        )


def _names(hospital: Hospital, clinic: ClinicSession) -> dict[str, Any]:
    """Return the copies that a clinic keeps, whatever becomes of the facts."""
    doctor, department = clinic.doctor, clinic.department
    first = hospital.campuses[0].code if hospital.campuses else ONLY_CAMPUS
    return {
        "department": department.code,
        "campus": department.campus or first,
        "room": clinic.room,
        "tier": clinic.tier.value,
        "fee_fen": int(clinic.fee * 100),
        "doctor_name": doctor.name,
        "doctor_name_en": doctor.name_en,
        "title": doctor.title,
        "title_en": doctor.title_en,
        "department_name": department.name,
        "department_name_en": department.name_en,
        "place": hospital.place_of(department, zh=True),
        "place_en": hospital.place_of(department, zh=False),
    }


def released_at(day: date, rules: Rules, zone: ZoneInfo) -> datetime:
    """Return when the online places of a day may be taken (BK-04)."""
    return at(day - timedelta(days=rules.release_days), rules.release_at, zone)


def last_released(rules: Rules, zone: ZoneInfo, now: datetime) -> date:
    """Return the last day whose online places may be taken now."""
    last = now.astimezone(zone).date() + timedelta(days=rules.release_days)
    return last if released_at(last, rules, zone) <= now else last - timedelta(days=1)


def cancel_until(day: date, rules: Rules, zone: ZoneInfo, calendar: Calendar) -> datetime:
    """Return until when a patient may give a place of that day back herself (BK-07)."""
    if rules.cancel_working_days:
        return at(calendar.workdays_before(day, rules.cancel_days), rules.cancel_at, zone)
    return at(day - timedelta(days=rules.cancel_days), rules.cancel_at, zone)


def at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """Return an hour of the hospital's day, in UTC."""
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


@lru_cache(maxsize=1_024)
def cut(start: datetime, end: datetime, minutes: int) -> tuple[Span, ...]:
    """Cut a clinic into slots; a rest shorter than half a slot belongs to the last one."""
    step = timedelta(minutes=minutes)
    count = max(1, round((end - start) / step + 1e-9))
    starts = [start + step * number for number in range(count)]
    return tuple(zip(starts, [*starts[1:], end], strict=True))


def spread(places: int, taken: Sequence[int]) -> list[int]:
    """Spread places over slots, evenly and the first ones first, none below what is taken in it."""
    given = list(taken)
    open_slots = list(range(len(taken)))
    while open_slots:
        rest = places - sum(given[slot] for slot in range(len(taken)) if slot not in open_slots)
        share, more = divmod(max(0, rest), len(open_slots))
        wanted = {slot: share + (place < more) for place, slot in enumerate(open_slots)}
        over = [slot for slot in open_slots if taken[slot] > wanted[slot]]
        if not over:
            for slot, count in wanted.items():
                given[slot] = count
            break
        open_slots = [slot for slot in open_slots if slot not in over]
    return given


def planned_list(
    hospital: Hospital, day: date, rules: Rules, zone: ZoneInfo
) -> list[dict[str, Any]]:
    """Return the clinics of a day that is not kept yet, in the shape of `day_list`: nothing is taken."""
    times = ("starts_at", "ends_at", "released_at", "cancel_until")
    left_out = {*times, "fee_fen", "place", "place_en", "title", "title_en"}
    return [
        {
            "clinic_id": None,
            "date": day.isoformat(),
            "doctor": plan.key[0],
            "part": plan.key[2],
            **{name: value for name, value in plan.columns.items() if name not in left_out},
            **{name: plan.columns[name].isoformat() for name in times},
            "status": "stopped" if plan.stopped else "on",
            "reason": None,
            "version": 0,
            "fee": f"{plan.columns['fee_fen'] / 100:.2f}",
            "pools": {pool: {"places": count, "taken": 0} for pool, count in plan.places.items()},
            "waiting": 0,
        }
        for plan in plans(hospital, day, rules, zone)
    ]
