"""Local hours: wall clocks and instants, quiet hours; pure (RM-03, RM-12).

An instant is an aware datetime in UTC. A wall time is what a clock on the wall shows, a naive datetime
beside the zone it hangs in.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
#: No zone ever skipped more than a day.
_LONGEST_GAP = 24 * 60


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when clocks in `zone` show `wall`, in UTC.

    Where that hour is skipped (clocks go forward), the next minute that exists; where it comes twice
    (clocks go back), the first of the two (RM-12).
    """
    for minutes in range(_LONGEST_GAP + 1):
        shown = (wall + minutes * _MINUTE).replace(tzinfo=zone, fold=0)
        at = shown.astimezone(UTC)
        if at.astimezone(zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
            return at
    raise ValueError(f"clocks in {zone.key} never show {wall:%Y-%m-%d %H:%M}")


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks in `zone` show at an instant, without a zone."""
    return at.astimezone(zone).replace(tzinfo=None)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the date in `zone` at an instant."""
    return at.astimezone(zone).date()


def day_ends(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which the local day of `at` is over."""
    return instant(datetime.combine(local_day(at, zone) + timedelta(days=1), time()), zone)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which nobody is written to unasked; from `start` over midnight to `end` (RM-03).

    `start` and `end` alike mean that there are none.
    """

    start: time = time(21)
    end: time = time(8)

    def covers(self, at: time) -> bool:
        """Say whether a local time lies in them; the end does not."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end

    def hides(self, first: time, last: time) -> bool:
        """Say whether all of the hours from `first` to before `last`, of one day, lie in them."""
        if self.start <= self.end:
            return self.start <= first and last <= self.end
        return last <= self.end or first >= self.start

    def is_quiet(self, at: datetime, zone: ZoneInfo) -> bool:
        """Say whether an instant lies in them, where clocks show `zone`."""
        return self.covers(wall(at, zone).time())

    def opens(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Return `at`, or when the quiet hours around it end."""
        shown = wall(at, zone)
        if not self.covers(shown.time()):
            return at
        day = shown.date() if shown.time() < self.end else shown.date() + timedelta(days=1)
        opened = instant(datetime.combine(day, self.end), zone)
        return max(opened, at)
