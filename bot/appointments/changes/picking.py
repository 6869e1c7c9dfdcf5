"""Which of somebody's visits a sentence means: by doctor, department, day, time, person; pure."""

from collections.abc import Collection, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from bot.appointments.booking.choosing import Said
from bot.appointments.model import Visit
from bot.appointments.states import State
from intents.when import When

#: What can still be cancelled or moved, as far as its state goes.
OPEN = frozenset({State.HELD, State.BOOKED})
#: What is still to come, as far as its state goes; cancelled by the hospital, it is told all the same.
TO_COME = frozenset({State.HELD, State.BOOKED, State.CHECKED_IN, State.HOSPITAL_CANCELLED})


def narrowed(
    visits: Sequence[Visit], said: Said, when: When, people: Collection[int], zone: ZoneInfo
) -> list[Visit]:
    """Return the visits that fit all that a sentence names; all where it names nothing.

    Args:
        people: the patients it names; nobody named, everybody may be meant.
    """
    return [visit for visit in visits if _fits(visit, said, when, people, zone)]


def names_any(said: Said, when: When, people: Collection[int]) -> bool:
    """Say whether a sentence names anything by which a visit can be told from another."""
    return bool(said.doctors or said.departments or people or _is_sure(when))


def _fits(visit: Visit, said: Said, when: When, people: Collection[int], zone: ZoneInfo) -> bool:
    clinic = visit.clinic
    by_name = (not said.doctors or clinic.doctor in said.doctors) and (
        not said.departments or clinic.department in said.departments
    )
    by_person = not people or visit.patient_id in people
    return by_name and by_person and (not _is_sure(when) or _on_time(visit, when, zone))


def _is_sure(when: When) -> bool:
    return when.ask is None and bool(when.first or when.last or when.part or when.from_time)


def _on_time(visit: Visit, when: When, zone: ZoneInfo) -> bool:
    day, at = visit.clinic.date, visit.starts_at.astimezone(zone).time()
    first, last = when.first or date.min, when.last or date.max
    part = when.part is None or visit.clinic.part == when.part
    ends = visit.ends_at.astimezone(zone).time()
    after = when.from_time is None or ends > when.from_time
    return first <= day <= last and part and after and (when.to_time is None or at <= when.to_time)
