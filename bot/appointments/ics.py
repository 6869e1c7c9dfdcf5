"""A visit as a calendar file (RFC 5545); pure. Neutral words: whoever sees the calendar learns little.

No name, no document and no number of the patient is in it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.appointments.model import Visit
from bot.appointments.states import State

MEDIA_TYPE = "text/calendar; charset=utf-8"
_PRODUCT = "-//Daoyi//visits//EN"
#: How long before the visit the calendar reminds.
_ALARMS = (timedelta(days=1), timedelta(hours=2))
_OFF = frozenset({State.CANCELLED, State.HOSPITAL_CANCELLED, State.EXPIRED})
_WORDS = {
    "zh-CN": {
        "visit": "就诊",
        "between": " · ",
        "change": "改期或取消，请在与医院的对话里回复“我的预约”。以对话里的信息为准。",
    },
    "en": {
        "visit": "Appointment",
        "between": " · ",
        "change": "To move or cancel it, write “my appointments” in your chat with the hospital. "
        "What the chat says counts.",
    },
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit in somebody's calendar.

    Attributes:
        key: the same for a visit and whatever it was moved to: a calendar keeps one entry of them.
        sequence: grows with every change of it; a calendar takes the highest.
        visit: as it stands now.
        hospital: its name, and where it is.
    """

    key: str
    sequence: int
    visit: Visit
    hospital: str
    address: str


def calendar_file(
    entry: Entry, lang: str, zone: ZoneInfo, now: datetime, reveals: Callable[[str], bool]
) -> bytes:
    """Return the file: a meeting to keep, or the cancellation of one that was kept.

    Args:
        now: when it was asked for; calendars compare it with the file they have.
        reveals: says whether a department's name tells of an illness; then it is left out.
    """
    from icalendar import STATUS, Alarm, Calendar, Event  # noqa: PLC0415  (few patients ask for one)

    visit, words = entry.visit, _WORDS[lang]
    is_off = visit.state in _OFF
    summary = _summary(entry, lang, reveals)
    event = Event.new(
        uid=f"{entry.key}@daoyi",
        sequence=entry.sequence,
        stamp=now,
        start=visit.starts_at.astimezone(zone),
        end=visit.ends_at.astimezone(zone),
        summary=summary,
        location=_location(entry, lang, reveals),
        description=words["change"],
        status=STATUS.CANCELLED if is_off else STATUS.CONFIRMED,
    )
    event.add("class", "PRIVATE")
    for before in () if is_off else _ALARMS:
        alarm = Alarm.new(description=summary)
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", -before)
        event.add_component(alarm)
    calendar = Calendar.new(
        prodid=_PRODUCT, method="CANCEL" if is_off else "PUBLISH", subcomponents=[event]
    )
    day = visit.starts_at.astimezone(zone).date()
    calendar.add_missing_timezones(day - timedelta(days=1), day + timedelta(days=1))
    return bytes(calendar.to_ical())


def _summary(entry: Entry, lang: str, reveals: Callable[[str], bool]) -> str:
    clinic, words = entry.visit.clinic, _WORDS[lang]
    department = clinic.department_name if lang == "zh-CN" else clinic.department_name_en
    parts = [words["visit"], entry.hospital]
    if department and not any(map(reveals, (clinic.department_name, clinic.department_name_en))):
        parts.append(department)
    return words["between"].join(parts)


def _location(entry: Entry, lang: str, reveals: Callable[[str], bool]) -> str:
    """Return where to go, from the town down to the room, unless the way there tells too much."""
    clinic = entry.visit.clinic
    inside = (clinic.place if lang == "zh-CN" else clinic.place_en, clinic.room)
    parts = (entry.hospital, entry.address, *(part for part in inside if not reveals(part)))
    return ("，" if lang == "zh-CN" else ", ").join(part for part in parts if part)
