"""What may be booked by whom: limits, missed visits, cut-offs, numbers; pure.

Every rule answers with the `Refusal` that has its own kind words, or None.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.appointments.model import Refusal
from bot.appointments.options import BookingOptions

#: A patient's time is counted in these: nobody is in two places within one (I2).
QUARTER = timedelta(minutes=15)
_WEEK, _NINETY = 7, 90
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Other:
    """A visit that counts against the limits of a patient (BK-06).

    Attributes:
        under_way: not over yet, so it counts for patients whose account proved no phone.
    """

    date: date
    department: str
    under_way: bool = True


@dataclass(frozen=True, slots=True)
class Missed:
    """How often somebody did not come, as it is told to her (BK-08).

    Attributes:
        count: missed visits that still count, within the window.
        blocked_until: until when nothing can be booked online; None where it can.
        warn: one more, or few more, and booking pauses.
    """

    count: int = 0
    blocked_until: datetime | None = None
    warn: bool = False


def limits(
    day: date, department: str, others: Sequence[Other], verified: bool, options: BookingOptions
) -> Refusal | None:
    """Return which limit a visit on `day` would break beside `others`, the narrowest first."""
    same_day = [other for other in others if other.date == day]
    here = sum(other.department == department for other in same_day)
    if here >= options.per_department_day:
        return Refusal.SAME_DEPARTMENT
    if len(same_day) >= options.per_day:
        return Refusal.PER_DAY
    dates = [other.date for other in others]
    if most_within(day, dates, _WEEK) > options.per_week:
        return Refusal.PER_WEEK
    if most_within(day, dates, _NINETY) > options.per_quarter:
        return Refusal.PER_QUARTER
    if not verified and sum(other.under_way for other in others) >= options.unverified:
        return Refusal.UNVERIFIED
    return None


def most_within(day: date, others: Iterable[date], days: int) -> int:
    """Return how many visits, that of `day` among them, fall within some `days` days in a row."""
    near = [other for other in others if abs((other - day).days) < days]
    firsts = [first for first in {day, *near} if first <= day]
    return max(1 + sum(0 <= (other - first).days < days for other in near) for first in firsts)


def missed(at: Sequence[datetime], now: datetime, options: BookingOptions) -> Missed:
    """Return what missed visits mean now.

    Args:
        at: when each was, without those that the hospital caused or excused.
    """
    window = timedelta(days=options.no_show_window_days)
    times = sorted(time for time in at if time <= now)
    many = options.no_show_count
    ends = [
        last + timedelta(days=options.no_show_block_days)
        for first, last in zip(times, times[many - 1 :], strict=False)
        if last - first <= window
    ]
    until = max(ends, default=now)
    blocked = until if until > now else None
    count = sum(now - time <= window for time in times)
    warn = blocked is None and count >= max(1, options.no_show_warn_at)
    return Missed(count, blocked, warn)


def open_for(
    *, status: str, released_at: datetime, ends_at: datetime, now: datetime, options: BookingOptions
) -> Refusal | None:
    """Return why a place cannot be booked online at `now`, whoever asks and however many are left."""
    if status != "on":
        return Refusal.STOPPED
    if now > last_moment(ends_at, options):
        return Refusal.CLOSED
    if now < released_at:
        return Refusal.UNRELEASED
    return None


def last_moment(ends_at: datetime, options: BookingOptions) -> datetime:
    """Return until when a slot can be booked."""
    return ends_at - timedelta(minutes=options.close_minutes)


def may_cancel(cancel_until: datetime, now: datetime) -> bool:
    """Whether a patient may give a visit back herself (BK-07)."""
    return now <= cancel_until


def quarters(starts_at: datetime, ends_at: datetime) -> range:
    """Return the quarters of an hour that a visit touches, counted since 1970."""
    step = QUARTER.total_seconds()
    return range(int(starts_at.timestamp() // step), -int(-ends_at.timestamp() // step))


def new_number() -> str:
    """Return a number that nobody can guess from another: eight digits, the first never a zero."""
    return str(secrets.randbelow(9 * 10 ** (_DIGITS - 1)) + 10 ** (_DIGITS - 1))
