"""Who is asked, how urgent it is, and when people are there (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

#: What staff can take up; a case that names none goes to `general`.
DESKS = ("guide", "booking", "billing", "reports", "nursing", "complaints", "followup", "general")

#: HO-02. P0 is raised by red flags, not by cases.
P1, P2, P3 = 1, 2, 3
_LOOK_AHEAD = 8
#: Why somebody who went home needs a person: she feels no better, or worse (RM-11).
WORSE = "worse"
#: Why somebody does whose message was nearly an alarm, and whose answer settled nothing (EM-09).
IN_DOUBT = "in doubt"
_URGENT = frozenset({WORSE, IN_DOUBT})


@dataclass(frozen=True, slots=True)
class Hours:
    """When staff answer chats.

    Attributes:
        weekdays: opening and closing time of each day, Monday first; None for a day off.
        zone: the hospital's time zone.
    """

    weekdays: tuple[tuple[time, time] | None, ...]
    zone: ZoneInfo

    def is_open(self, now: datetime) -> bool:
        """Say whether people answer at `now`."""
        local = now.astimezone(self.zone)
        hours = self.weekdays[local.weekday()]
        return hours is not None and hours[0] <= local.time() < hours[1]

    def opens(self, now: datetime) -> datetime | None:
        """Return when people answer next, in the hospital's zone; None when they never do."""
        local = now.astimezone(self.zone)
        for ahead in range(_LOOK_AHEAD):
            day = local.date() + timedelta(days=ahead)
            hours = self.weekdays[day.weekday()]
            if hours is None:
                continue
            start = datetime.combine(day, hours[0], self.zone)
            if start > local or hours[0] <= local.time() < hours[1]:
                return max(start, local)
        return None

    def is_today(self, moment: datetime | None, now: datetime) -> bool:
        """Say whether `moment` is on the day it is at the hospital at `now`."""
        if moment is None:
            return False
        return moment.astimezone(self.zone).date() == now.astimezone(self.zone).date()


def priority(desk: str, *, is_open: bool, reason: str = "") -> int:
    """Return a case's priority (HO-02): complaints and what may be urgent first, the morning's last."""
    if desk == "complaints" or reason in _URGENT:
        return P1
    return P2 if is_open else P3


def desk_or_general(desk: object) -> str:
    """Return a desk we have."""
    return str(desk) if desk in DESKS else "general"


def hours_from(words: Mapping[str, str], zone: ZoneInfo) -> Hours:
    """Read `{"mon": "08:00-17:30", …}`; a missing day is a day off.

    Raises:
        ValueError: a day or a time cannot be read; the sentence names it.
    """
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    unknown = set(words) - set(names)
    if unknown:
        raise ValueError(f"{min(unknown)} is not a day (expected one of {', '.join(names)})")
    return Hours(tuple(_span(name, words.get(name)) for name in names), zone)


def _span(name: str, words: str | None) -> tuple[time, time] | None:
    if not words:
        return None
    start, _, end = words.partition("-")
    try:
        hours = time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError as exc:
        raise ValueError(
            f"{name}: '{words}' is not a span of hours (expected like 08:00-17:30)"
        ) from exc
    if hours[0] >= hours[1]:
        raise ValueError(f"{name}: '{words}' ends before it starts")
    return hours
