"""Days on which people are greeted: `festivals.toml` of the content folder (A19)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bot.care.tables import tables_of
from bot.errors import StartError
from scheduler.recurrence import add_months

FILE = "festivals.toml"
_LANGUAGES = ("zh-CN", "en")
_KEYS = {"names", "dates", "every_year"}


@dataclass(frozen=True, slots=True)
class Festival:
    """One festival.

    Attributes:
        names: by language.
        dates: the days it falls on, rising; they end with the years that the file knows.
        every_year: month and day, where it is the same each year.
    """

    names: Mapping[str, str]
    dates: Sequence[date] = ()
    every_year: tuple[int, int] | None = None

    def on_or_after(self, day: date) -> date | None:
        """Return when it falls next; None where the file does not say."""
        if self.every_year is not None:
            return yearly(date(2000, *self.every_year), day)
        return next((one for one in self.dates if one >= day), None)


@dataclass(frozen=True, slots=True)
class Festivals:
    """All of them, by their keys."""

    festivals: Mapping[str, Festival] = field(default_factory=dict)

    def on_or_after(self, day: date) -> date | None:
        """Return the next day that is one."""
        return soonest(one.on_or_after(day) for one in self.festivals.values())

    def name(self, day: date, lang: str) -> str:
        """Return what is celebrated on a day; nothing on another."""
        for one in self.festivals.values():
            if one.on_or_after(day) == day:
                return one.names[lang]
        return ""


def yearly(day: date, after: date) -> date:
    """Return the first return of a day on or after another; 29 February is the 28th in other years."""
    years = max(0, after.year - day.year)
    this = add_months(day, 12 * years)
    return this if this >= after else add_months(day, 12 * (years + 1))


def soonest(days: Iterable[date | None]) -> date | None:
    """Return the first of some days; None where there is none."""
    return min((day for day in days if day is not None), default=None)


def load_festivals(folder: Path) -> Festivals:
    """Read the file of a content folder; without it there are none.

    Raises:
        StartError: names the file, the festival and the key of what cannot be used.
    """
    if (tables := tables_of(folder / FILE)) is None:
        return Festivals()
    known: dict[str, Festival] = {}
    problems = []
    for key, table in tables.items():
        wrong = _wrong(table)
        problems += [f"{FILE}: {key}: {sentence}" for sentence in wrong]
        if not wrong:
            each = table.get("every_year")
            known[key] = Festival(
                table["names"],
                sorted(table.get("dates", [])),
                (int(each[:2]), int(each[3:])) if each else None,
            )
    if problems:
        raise StartError("\n".join(problems))
    return Festivals(known)


def _wrong(table: Any) -> list[str]:
    if not isinstance(table, Mapping) or set(table) - _KEYS:
        return [f"expected {', '.join(sorted(_KEYS))}"]
    names, dates, each = table.get("names"), table.get("dates", []), table.get("every_year")
    wrong = []
    if not isinstance(names, Mapping) or not all(names.get(lang) for lang in _LANGUAGES):
        wrong.append("`names` must name it in every language")
    if not isinstance(dates, list) or not all(isinstance(day, date) for day in dates):
        wrong.append("`dates` must be dates")
    if (each is None) == (not dates):
        wrong.append("give `dates` or `every_year`")
    if each is not None and not _is_month_and_day(each):
        wrong.append('`every_year` must be a month and a day such as "01-01"')
    return wrong


def _is_month_and_day(written: Any) -> bool:
    try:
        return isinstance(written, str) and bool(date.fromisoformat(f"2000-{written}"))
    except ValueError:
        return False
