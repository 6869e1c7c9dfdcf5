"""When to try a failed thing again (pure)."""

from datetime import datetime, timedelta


def retry_at(now: datetime, attempts: int, steps: tuple[float, ...]) -> datetime | None:
    """Return when to try again after `attempts` failures, or None when it is time to give up.

    Args:
        attempts: how often it failed, at least 1.
        steps: seconds to wait after the first failure, after the second, …
    """
    if attempts > len(steps):
        return None
    return now + timedelta(seconds=steps[attempts - 1])
