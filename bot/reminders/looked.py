"""What deciding about reminders comes to: what is true of one, which message says it, how many were."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from bot.dialogue.notices import Letter
from bot.message import Worded
from bot.reminders.digest import Telling
from bot.reminders.kinds import Kind
from bot.reminders.model import Due, Subject, Thing
from bot.reminders.recipients import Recipient
from bot.reminders.repeating import Origin
from scheduler.reminders import Defer, Send, Skip

#: What to do with a reminder.
Decided = Send | Skip | Defer


@dataclass(frozen=True, slots=True)
class Looked:
    """A reminder, and all that is true of it now."""

    due: Due
    kind: Kind | None
    subject: Subject | None
    thing: Thing | None
    told: Recipient | None
    origin: Origin | None
    decided: Decided
    zone: ZoneInfo

    def but(self, decided: Decided) -> "Looked":
        """Return the same, with something else to be done."""
        return replace(self, decided=decided)


@dataclass(frozen=True, slots=True)
class Said:
    """What one message says, and the message, not stored yet."""

    looked: Sequence[Looked]
    tellings: Sequence[Telling]
    letter: Letter


@dataclass(slots=True)
class Counts:
    """What a transaction came to: (kind, decision, reason) → how many; how late the sent ones were.

    Attributes:
        stored: the messages that say what is sent, by their ids.
    """

    decided: dict[tuple[str, str, str], int] = field(default_factory=dict)
    lags: list[float] = field(default_factory=list)
    stored: dict[int, Worded] = field(default_factory=dict)

    def add(self, kind: str, decision: str, reason: str = "") -> None:
        """Count one decision."""
        key = kind, decision, reason
        self.decided[key] = self.decided.get(key, 0) + 1
