"""Times as staff write them in `reminders.toml`: "2 hours", "20:00", `{ days = -1 }`; pure."""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from scheduler.reminders import Offset

_SPAN = re.compile(r"(\d+) (min|minutes?|hours?|days?|weeks?)")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class SpanError(ValueError):
    """It is no time; the message says what was expected."""


def span(written: str) -> timedelta:
    """Return a length of time: "30 min", "2 hours", "1 day", "2 weeks". Raises `SpanError`."""
    found = _SPAN.fullmatch(written.strip())
    if found is None:
        raise SpanError(
            f"'{written}' is no length of time (expected such as 30 min, 2 hours, 1 day)"
        )
    return timedelta(**{_UNITS[found[2][0]]: int(found[1])})


def clock(written: str) -> time:
    """Return a time of day, "08:00". Raises `SpanError`."""
    found = _CLOCK.fullmatch(written.strip())
    if found is None:
        raise SpanError(f"'{written}' is no time of day (expected such as 08:00)")
    return time(int(found[1]), int(found[2]))


def offset(table: Mapping[str, Any]) -> Offset:
    """Return when, of `{ of, days, hours, minutes, at, not_after }`. Raises `SpanError`."""
    known = {"of", "days", "hours", "minutes", "at", "not_after"}
    if unknown := set(table) - known:
        raise SpanError(
            f"`when`: {', '.join(sorted(unknown))} (expected {', '.join(sorted(known))})"
        )
    for name in ("days", "hours", "minutes"):
        if not isinstance(table.get(name, 0), int):
            raise SpanError(f"`when.{name}` must be a whole number")
    return Offset(
        days=table.get("days", 0),
        minutes=table.get("hours", 0) * 60 + table.get("minutes", 0),
        at=clock(str(table["at"])) if "at" in table else None,
        not_after=clock(str(table["not_after"])) if "not_after" in table else None,
    )
