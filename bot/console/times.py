"""Instants and waits as people read them (pure)."""

from datetime import datetime, timedelta, tzinfo

from bot.console.words import Words

#: HO-02: how long a case of each priority may wait for a person.
WAIT_LIMITS = {0: timedelta(minutes=2), 1: timedelta(minutes=10), 2: timedelta(minutes=5)}
_HOUR = 60
_DAY = 24 * _HOUR


def clock_time(at: datetime, now: datetime, zone: tzinfo, words: Words) -> str:
    """Return an instant in the hospital's zone: the time alone on the same day."""
    local = at.astimezone(zone)
    time = f"{local:%H:%M}"
    if local.date() == now.astimezone(zone).date():
        return time
    return words("time.dated", month=local.month, day=local.day, time=time)


def waited(since: datetime, now: datetime, words: Words) -> str:
    """Return how long ago an instant was, in the two largest units that matter."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 1:
        return words("time.now")
    if minutes < _HOUR:
        return words("time.minutes", n=minutes)
    if minutes < _DAY:
        return words("time.hours", n=minutes // _HOUR, m=minutes % _HOUR)
    return words("time.days", n=minutes // _DAY)


def is_late(priority: int, since: datetime, now: datetime) -> bool:
    """Say whether a case of this priority has waited too long."""
    limit = WAIT_LIMITS.get(priority)
    return limit is not None and now - since > limit
