"""The conversation about medicine: setting reminders, looking at them, noting what was taken.

It keeps what it needs with its own questions. Nothing is set, changed or ended before a plain yes (I6);
no answer of it says how a medicine is to be taken (SC-02).
"""

from collections.abc import Callable, Mapping

from bot.care.medication.hers import Hers
from bot.care.medication.keeping import Keeping
from bot.care.medication.noting import Noting
from bot.care.medication.proposing import Proposing
from bot.care.medication.saying import FLOW, say
from bot.care.plans import Plans
from bot.dialogue.flow import Scene, Step
from bot.dialogue.listeners import Listeners

__all__ = ["FLOW", "MedicationFlow"]


class MedicationFlow:
    """Takes messages about medicine.

    Args:
        zone: the hospital's (IANA).
    """

    def __init__(self, plans: Plans, listeners: Listeners, zone: str) -> None:
        hers = Hers(plans, listeners, zone)
        proposing = Proposing(hers, plans.planner.kinds.doses_a_day)
        keeping, noting = Keeping(hers), Noting(hers)
        self._entries: Mapping[str, Callable[[Scene], Step]] = {
            "start": proposing.start,
            "habit": proposing.habit,
            "hours": proposing.hours,
            "again": proposing.again,
            "decided": proposing.decided,
            "yes": proposing.make,
            "other_hours": proposing.other_hours,
            "no": lambda _: say("dropped"),
            "mine": keeping.mine,
            "one": keeping.one,
            "which": keeping.which,
            "change": keeping.change,
            "pause": keeping.pause,
            "resume": keeping.resume,
            "stop": keeping.stop,
            "stop_yes": keeping.stop_yes,
            "stop_said": keeping.stop_said,
            "keep": lambda _: say("kept"),
            "why": noting.why,
            "log": noting.log,
            "last": noting.last,
        }

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at one of `_entries`."""
        scene.session.misses = 0
        return self._entries[entry](scene)
