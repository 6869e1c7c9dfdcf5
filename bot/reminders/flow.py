"""The conversation about reminders: answers to what asked, and what somebody wants of them."""

from collections.abc import Mapping

from bot.dialogue.flow import Scene, Step
from bot.dialogue.listeners import Listeners
from bot.reminders.kinds import Kinds
from bot.reminders.model import Subject

FLOW = "reminders"


class RemindersFlow:
    """Takes answers and wishes.

    Args:
        subjects: the domains that own what reminders are about, by `Due.about`.
        zone: the hospital's (IANA).
    """

    def __init__(
        self, kinds: Kinds, subjects: Mapping[str, Subject], listeners: Listeners, zone: str
    ) -> None:
        self._kinds = kinds
        self._subjects = subjects
        self._listeners = listeners
        self._zone = zone

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at an entry."""
        raise ValueError(f"reminders has no entry {entry}")
