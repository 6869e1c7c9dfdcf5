"""What comes again and again: the next occurrence of a rule; pure (RM-08, RM-10, RM-12, RM-13).

A rule is kept, never its occurrences. Days, months and years move the wall clock.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduler.hours import instant, local_day

#: A rule that gives nothing for so many days never will.
_LOOK_AHEAD = 800


@dataclass(frozen=True, slots=True)
class Daily:
    """Certain hours of certain days.

    Attributes:
        times: local hours, at least one.
        every: only each n-th day, counted from `start`.
        weekdays: only these (0 is Monday); empty: all.
        start: the first day.
        end: the last day; None: without end.
    """

    times: tuple[time, ...]
    start: date
    end: date | None = None
    every: int = 1
    weekdays: frozenset[int] = frozenset()

    def next_after(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first occurrence after an instant, in UTC; None when there is none any more."""
        first = max(self.start, local_day(after, zone) - timedelta(days=1))
        for day in self._days(first):
            for at in sorted(self.times):
                occurs = instant(datetime.combine(day, at), zone)
                if occurs > after:
                    return occurs
        return None

    def _days(self, first: date) -> Iterator[date]:
        for ahead in range(_LOOK_AHEAD):
            day = first + timedelta(days=ahead)
            if self.end is not None and day > self.end:
                return
            if (day - self.start).days % self.every == 0 and (
                not self.weekdays or day.weekday() in self.weekdays
            ):
                yield day


def add_months(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
