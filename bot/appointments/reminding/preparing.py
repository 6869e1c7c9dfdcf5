"""What a visit asks of the patient before it, from the hospital's table: steps, hours without food."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.appointments.model import Visit
from bot.appointments.telling import day_words
from scheduler.hours import instant, local_day, wall

#: She comes on an empty stomach.
FASTING = "fasting"
_NOON = time(12)
_DAYS = {"zh-CN": {0: "今天", 1: "明天"}, "en": {0: "today", 1: "tomorrow"}}
#: Parts of the day, as people call them, and before which hour.
_PARTS = ((6, "凌晨"), (9, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (25, "晚上"))


class Line(Protocol):
    """One line of the hospital's table, in one language: hours without food, or a step and its hour."""

    @property
    def fasting_hours(self) -> int | None: ...  # noqa: D102
    @property
    def days_before(self) -> int | None: ...  # noqa: D102
    @property
    def at(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102


#: Department, doctor, part of the day and language, to what the table asks for.
Table = Callable[[str, str, str, str], Sequence[Line]]


@dataclass(frozen=True, slots=True)
class Preparing:
    """What one visit asks for.

    Attributes:
        fast_from: when to stop eating; None where she may eat.
        steps: what is told when, in order.
    """

    fast_from: datetime | None = None
    steps: tuple[tuple[datetime, str], ...] = ()

    def moments(self) -> list[datetime]:
        """Return when something is to be told, each instant once."""
        return sorted({at for at, _ in self.steps})

    def tags(self, visit: Visit, zone: ZoneInfo) -> frozenset[str]:
        """Return what `Kind.only` may ask of the visit."""
        found = set()
        if self.fast_from is not None:
            found.add(FASTING)
            if wall(visit.starts_at, zone).time() >= _NOON:
                found.add("afternoon_preparation")
        if self.steps:
            found.add("preparation")
        return frozenset(found)


def preparing(table: Table, visit: Visit, lang: str, zone: ZoneInfo) -> Preparing:
    """Return what a visit asks for, in a language; of several fasts the longest."""
    clinic = visit.clinic
    lines = table(clinic.department, clinic.doctor, clinic.part, lang)
    hours = max((line.fasting_hours or 0 for line in lines), default=0)
    steps = [
        (_hour(visit, line.days_before, line.at, zone), line.text)
        for line in lines
        if line.days_before is not None
    ]
    steps.sort(key=lambda step: step[0])
    fast_from = visit.starts_at - timedelta(hours=hours) if hours else None
    return Preparing(fast_from, tuple(step for step in steps if step[0] < visit.starts_at))


def fast_words(at: datetime, lang: str, zone: ZoneInfo, now: datetime) -> str:
    """Return when to stop eating, as people say it: `今天晚上10点`, `midnight tonight`."""
    shown = wall(at, zone)
    midnight = shown.hour == 0 and shown.minute == 0
    day = shown.date() - timedelta(days=1) if midnight else shown.date()
    named = _DAYS[lang].get((day - local_day(now, zone)).days)
    if lang == "en":
        if midnight:
            return (
                "midnight tonight" if named == "today" else f"midnight after {day_words(day, lang)}"
            )
        return f"{shown:%H:%M} {named}" if named else f"{shown:%H:%M} on {day_words(day, lang)}"
    hour = 24 if midnight else shown.hour
    part = next(word for until, word in _PARTS if hour < until)
    minutes = f"{shown.minute}分" if shown.minute else ""
    twelve = hour - 12 if hour > 12 else hour  # noqa: PLR2004
    return f"{named or day_words(day, lang)}{part}{twelve}点{minutes}"


def _hour(visit: Visit, days: int, at: str, zone: ZoneInfo) -> datetime:
    day = visit.clinic.date - timedelta(days=days)
    return instant(datetime.combine(day, time.fromisoformat(at)), zone)
