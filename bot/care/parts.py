"""What everything about plans shares; `bot.wiring.care` puts it together."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.care.greeting import Greetings
from bot.care.levels import Levels
from bot.care.plans import Plans
from bot.care.status import Statuses
from bot.care.subject import PlanSubject
from bot.care.upkeep import Upkeep


@dataclass(frozen=True, slots=True)
class Care:
    """The parts.

    Attributes:
        zone: the hospital's.
    """

    plans: Plans
    subject: PlanSubject
    statuses: Statuses
    greetings: Greetings
    levels: Levels
    upkeep: Upkeep
    zone: ZoneInfo
