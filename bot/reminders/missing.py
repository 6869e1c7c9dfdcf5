"""What a pause would keep from somebody: visits and doses that nobody tells her of meanwhile (I7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from bot.dialogue.flow import Scene
from bot.dialogue.listeners import Listeners, sees
from bot.reminders import words
from bot.reminders.choices import Choice
from bot.reminders.kinds import Kind, Kinds
from bot.reminders.rows import reminder
from bot.store.statements import Hot
from scheduler.hours import wall
from scheduler.reminders import Tier

#: So many are named; of more she is told that there are more.
MOST_NAMED = 5
_MOST_READ = 60
#: Moments at which somebody must be there; of others it is told that they come, not at what hour.
_APPOINTED = "starts"

_WAITING = Hot(
    select(
        reminder.c.kind,
        reminder.c.about_id,
        reminder.c.patient_id,
        reminder.c.conversation_id,
        reminder.c.occurs_at,
        reminder.c.due_at,
        reminder.c.send_until,
    )
    .where(
        reminder.c.conversation_id == bindparam("conversation_id"),
        reminder.c.state == "pending",
        reminder.c.due_at < bindparam("back"),
    )
    .order_by(reminder.c.occurs_at, reminder.c.id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Missing:
    """Finds them.

    Attributes:
        zone: where the hospital is: hours of visits are its own.
    """

    kinds: Kinds
    listeners: Listeners
    zone: ZoneInfo

    def within(self, scene: Scene, choice: Choice, first: datetime, back: datetime) -> list[Any]:
        """Return what would come from `first` to `back` and not later, each once: name, and when."""
        members = self.listeners.members(scene.tx, scene.conversation_id, scene.now)
        found: dict[tuple[str, int], Mapping[str, Any]] = {}
        for row in scene.tx.rows(
            _WAITING, conversation_id=scene.conversation_id, back=back, limit=_MOST_READ
        ):
            kind = self.kinds.get(row.kind)
            hers = sees(members, row.patient_id, row.conversation_id, scene.conversation_id)
            if kind is None or not hers or not choice.wants(kind.about, kind.key):
                continue
            if kind.rule.tier >= Tier.USEFUL or kind.rule.while_paused:
                continue
            if not self._is_lost(kind, row, first, back):
                continue
            at = wall(row.occurs_at, self.zone) if kind.of == _APPOINTED else None
            name = words.about(kind.about, scene.session.lang)
            key = (kind.about, row.about_id if at is not None else 0)
            found.setdefault(key, {"name": name, "at": at})
        return list(found.values())

    def _is_lost(self, kind: Kind, row: Any, first: datetime, back: datetime) -> bool:
        if kind.of == "dose":
            return True  # it comes again every day
        if kind.of == _APPOINTED:
            return bool(first <= row.occurs_at < back)
        if kind.about == "visit" or row.send_until is None:
            return False
        return bool(first <= row.due_at and row.send_until < back)
