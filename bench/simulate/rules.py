"""The rules of reminders in the oracle's own arithmetic; only their numbers are the file's."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_UNITS = {"min": 1, "minute": 1, "hour": 60, "day": 1440, "week": 10080}
#: Tiers that a budget counts for.
SPARED = frozenset({"useful", "courtesy"})


@dataclass(frozen=True, slots=True)
class KindRules:
    """One kind, as the file has it."""

    key: str
    about: str
    tier: str
    quiet: bool
    while_admitted: bool
    while_paused: bool
    after_opt_out: bool
    to_bereaved: bool
    only: str | None
    follows: bool
    when: Mapping[str, Any]
    late: timedelta | None


@dataclass(frozen=True, slots=True)
class Rules:
    """All kinds, quiet hours and the budget."""

    kinds: Mapping[str, KindRules]
    night: time
    morning: time
    early: time
    evening: time
    a_day: int
    a_week: int

    def is_quiet(self, at: datetime, zone: ZoneInfo) -> bool:
        """Say whether people are asleep there."""
        shown = at.astimezone(zone).time()
        return shown >= self.night or shown < self.morning

    def due(self, kind: KindRules, starts_at: datetime, zone: ZoneInfo) -> datetime:
        """Return when a reminder of a visit is due, whatever the time is now."""
        when = kind.when
        local = starts_at.astimezone(zone).replace(tzinfo=None) + timedelta(
            days=when.get("days", 0)
        )
        if "at" in when:
            local = datetime.combine(local.date(), _clock(when["at"]))
        if "not_after" in when:
            local = min(local, datetime.combine(local.date(), _clock(when["not_after"])))
        due = local.replace(tzinfo=zone).astimezone(UTC) + timedelta(hours=when.get("hours", 0))
        return self._by_day(due, starts_at, zone) if kind.quiet else due

    def _by_day(self, due: datetime, starts_at: datetime, zone: ZoneInfo) -> datetime:
        if not self.is_quiet(due, zone):
            return due
        shown, starts = due.astimezone(zone), starts_at.astimezone(zone)
        if starts.time() < self.early:
            return _at(starts.date() - timedelta(days=1), self.evening, zone)
        day = shown.date() + timedelta(days=shown.time() >= self.night)
        return _at(day, self.morning, zone)


def read_rules(folder: Path) -> Rules:
    """Read the numbers of `reminders.toml`."""
    raw = tomllib.loads((folder / "reminders.toml").read_text("utf-8"))
    kinds = {
        key: KindRules(
            key, of["about"], of.get("tier", "needed"), of.get("quiet", True),
            of.get("while_admitted", False), of.get("while_paused", False),
            of.get("after_opt_out", False), of.get("to_bereaved", True), of.get("only"),
            of.get("follows", False), of.get("when", {}),
            _span(of["late"]) if "late" in of else None,
        )
        for key, of in raw["kinds"].items()
    }  # fmt: skip
    quiet = {name: _clock(value) for name, value in raw["quiet"].items()}
    return Rules(
        kinds, quiet["start"], quiet["end"], quiet["early"], quiet["evening"],
        raw["budget"]["a_day"], raw["budget"]["a_week"],
    )  # fmt: skip


def _clock(written: str) -> time:
    return time.fromisoformat(written)


def _span(written: str) -> timedelta:
    many, unit = written.split()
    return timedelta(minutes=int(many) * _UNITS[unit.removesuffix("s")])


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
