"""When nobody is written to unasked (RM-03); pure.

News of a visit that is off may not wait, and is told at any hour (BK-11). Everything else that nobody
asked for at this moment waits for the morning: offers of a waitlist, warnings.
"""

from datetime import datetime, time
from zoneinfo import ZoneInfo

#: From then on nobody is disturbed, until the morning; by the hospital's clock.
NIGHT, MORNING = time(21), time(8)


def is_quiet(now: datetime, zone: ZoneInfo) -> bool:
    """Say whether people are asleep, or may be."""
    at = now.astimezone(zone).time()
    return at >= NIGHT or at < MORNING
