"""What somebody is shown of her reminders: those to come, and why one did not come (I7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select

from bot.dialogue.faq import person_button
from bot.dialogue.flow import Scene, Step
from bot.dialogue.listeners import Listeners, sees
from bot.message import Kind, Say
from bot.reminders import history, words
from bot.reminders.choices import choice_of
from bot.reminders.history import Told
from bot.reminders.kinds import Kinds
from bot.reminders.model import Subject
from bot.reminders.rows import reminder
from bot.reminders.wishes import FLOW, Wishes
from bot.store.statements import Hot
from scheduler.hours import wall

#: So many are listed; of older ones than this nobody asks why.
_MOST_SHOWN, _MOST_READ = 6, 40
_ASKED_ABOUT = timedelta(days=7)

_TO_COME = Hot(
    select(
        reminder.c.kind,
        reminder.c.patient_id,
        reminder.c.conversation_id,
        reminder.c.due_at,
    )
    .where(
        reminder.c.conversation_id == bindparam("conversation_id"), reminder.c.state == "pending"
    )
    .order_by(reminder.c.due_at)
    .limit(bindparam("limit"))
)
#: Reasons that are told as they are; of others only that something stood in the way.
_PLAIN = frozenset({
    "moved", "cancelled", "done", "answered", "stopped", "opted_out", "off", "paused", "muted",
    "too_late", "quiet_hours", "best_time", "held", "over_budget", "unreachable", "newer", "admitted",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks reminders up for whom they are about."""

    kinds: Kinds
    subjects: Mapping[str, Subject]
    listeners: Listeners
    wishes: Wishes

    def mine(self, scene: Scene) -> Step:
        """List what she will be told of next, and what she chose."""
        lang, choice = scene.session.lang, choice_of(scene.tx, scene.conversation_id)
        zone = self.wishes.clocks(choice)
        members = self.listeners.members(scene.tx, scene.conversation_id, scene.now)
        rows = scene.tx.rows(_TO_COME, conversation_id=scene.conversation_id, limit=_MOST_READ)
        listed: dict[tuple[Any, str], None] = {}
        for row in rows:
            kind = self.kinds.get(row.kind)
            hers = sees(members, row.patient_id, row.conversation_id, scene.conversation_id)
            if kind is not None and hers and choice.wants(kind.about, kind.key):
                listed[wall(row.due_at, zone), kind.names[lang]] = None
        year = wall(scene.now, zone).year
        found = [
            {"at": at, "name": name, "year": at.year if at.year != year else ""}
            for at, name in list(listed)[:_MOST_SHOWN]
        ]
        values = {
            "found": found, "more": max(0, len(listed) - len(found)),
            "place": self.wishes.reminding.called(zone.key, lang) if choice.zone else "",
            **words.chosen(choice, lang, zone, scene.now),
        }  # fmt: skip
        return _told(scene, "mine", values)

    def why_not(self, scene: Scene) -> Step:
        """Tell what was decided of the newest reminder that was due, as plainly as it is known."""
        lang, choice = scene.session.lang, choice_of(scene.tx, scene.conversation_id)
        zone = self.wishes.clocks(choice)
        told = self._newest(scene, history.of_conversation(scene.tx, scene.conversation_id))
        if told is None:
            return _told(scene, "why_not", {"what": "none"})
        kind = self.kinds.get(told.kind)
        last = told.decisions[0] if told.decisions else None
        reason = last.reason if last is not None and last.reason in _PLAIN else "other"
        values: dict[str, Any] = {
            "name": kind.names[lang] if kind else "", "due": wall(told.due_at, zone),
            "reason": reason, "until": wall(last.until, zone) if last and last.until else None,
        }  # fmt: skip
        if told.message is not None:
            arrived = told.message.state in ("sent", "passive") and told.message.error is None
            values["at"] = wall(told.message.at, zone)
            values["channel"] = told.message.channel
            return _told(scene, "why_not", {"what": "sent" if arrived else "unsure", **values})
        what = "later" if told.state == "pending" else "skipped"
        return _told(scene, "why_not", {"what": what, **values})

    def _newest(self, scene: Scene, found: Sequence[Told]) -> Told | None:
        """Return the last that was due and about which something was decided, if it is hers."""
        members = self.listeners.members(scene.tx, scene.conversation_id, scene.now)
        for told in found:
            recent = scene.now - _ASKED_ABOUT <= told.due_at
            decided = told.state in ("sent", "skipped") or told.decisions
            if not recent or not decided or (told.due_at > scene.now and not told.decisions):
                continue
            subject = self.subjects.get(told.about)
            thing = subject.look(scene.tx, told.about_id, scene.now) if subject else None
            if thing is None:
                continue
            booked_in = thing.conversation_id or 0
            if sees(members, thing.patient_id, booked_in, scene.conversation_id):
                return told
        return None


def _told(scene: Scene, name: str, values: Mapping[str, Any]) -> Step:
    person = (person_button(scene.session.lang),)
    return Step((Say(f"{FLOW}/{name}", Kind.ANSWER, values, shortcuts=person),))
