"""The second of sending: a reminder that stands in the outbox is decided about once more as it leaves.

Nothing stale goes, however long it waited for its turn; and what may not go now is due again, never
lost. A message of which nobody knows whether it arrived is not taken back to be said anew.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from bot.messages.leases import Leased
from bot.reminders import rows, tasks
from bot.reminders.known import Known
from bot.reminders.looked import Counts, Looked
from bot.reminders.model import Due
from bot.reminders.rows import reminder
from bot.reminders.sending import Sending
from bot.reminders.withdraw import again, message_of, note, take_back
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Outbox
from scheduler.reminders import HELD_FOR, Defer, Reason, Send, Skip, Tier

_outbox = Outbox.__table__  # type: ignore[attr-defined]

_LATER_TOLD = Hot(
    select(reminder.c.kind, reminder.c.occurs_at).where(
        reminder.c.about == bindparam("about"),
        reminder.c.about_id == bindparam("about_id"),
        reminder.c.state == "sent",
        reminder.c.decided_at > bindparam("since"),
    )
)
_DECIDED_AT = Hot(select(reminder.c.decided_at).where(reminder.c.id == bindparam("reminder_id")))
_NEVER_FETCHED = Hot(
    select(_outbox.c.id, _outbox.c.origin_id)
    .where(
        _outbox.c.state == "waiting",
        _outbox.c.kind == "reminder",
        _outbox.c.expires_at <= bindparam("now"),
    )
    .order_by(_outbox.c.conversation_id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Rechecks:
    """Asks again at departure, and hears of what never arrives."""

    sending: Sending

    def goes(self, tx: Tx, item: Leased, now: datetime) -> bool:
        """Say whether a reminder's message may leave now; if not, it is taken back."""
        message = message_of(tx, item.origin_id or item.id)
        dues = rows.in_message(tx, message.id) if message is not None else []
        if message is None or not dues or message.begun:
            return True  # no reminder of ours stands behind it, or half of it was said
        known = Known()
        looked = [self._look(tx, one, item, message.id, now, known) for one in dues]
        stopped = [one for one in looked if not isinstance(one.decided, Send)]
        if not stopped:
            return True
        reason = stopped[0].decided.reason  # type: ignore[union-attr]
        take_back(tx, message, reason)
        for one in looked:
            self._back(tx, one, now, said_before=message.doubtful)
        return False

    def _look(
        self, tx: Tx, due: Due, item: Leased, message: int, now: datetime, known: Known
    ) -> Looked:
        one = self.sending.look(tx, due, now, known, message=message)
        if not isinstance(one.decided, Send):
            return one
        if due.send_until is not None and due.send_until <= now:
            return one.but(Skip(Reason.TOO_LATE))  # as `departure` counts: it would be dropped
        if self._is_overtaken(tx, one):
            return one.but(Skip(Reason.NEWER))
        if item.origin_id is not None:
            there = self.sending.recipients.at(tx, item.conversation_id, known)
            if there is not None and there.held:
                return one.but(Defer(now + HELD_FOR, Reason.HELD))
        return one

    def _is_overtaken(self, tx: Tx, one: Looked) -> bool:
        """Say whether a later reminder of the same thing was told while this one waited (I-15)."""
        kind, kinds = one.kind, self.sending.kinds
        if kind is None or kind.each:
            return False
        since = tx.one(_DECIDED_AT, reminder_id=one.due.id).decided_at
        later = tx.rows(_LATER_TOLD, about=one.due.about, about_id=one.due.about_id, since=since)
        told = (kinds.get(row.kind) for row in later)
        return any(other is not None and other.line and other.line == kind.line for other in told)

    def _back(self, tx: Tx, one: Looked, now: datetime, *, said_before: bool) -> None:
        """Let a reminder wait again whose message did not leave, or be over."""
        decided = one.decided
        until = decided.until if isinstance(decided, Defer) else None
        if not isinstance(decided, Send):
            note(tx, one.due.id, "withdrawn", decided.reason, now, until)
        if said_before:
            return  # she may have it: it stays said
        again(tx, one.due.id, until or now)
        if isinstance(decided, Skip):
            self.sending.put_off(tx, one, now, Counts(), was_said=True)

    def unreached(self, tx: Tx, outbox_id: int, now: datetime) -> None:
        """Ask staff about what a message said that never arrives, where much depends on it (RM-06)."""
        for due in rows.in_message(tx, outbox_id):
            kind = self.sending.kinds.get(due.kind)
            if kind is None or kind.rule.tier is not Tier.NEEDED:
                continue
            if not kind.is_before or due.occurs_at > now:
                tasks.ask_about(tx, due, "unreachable", now)

    def never_fetched(self, tx: Tx, now: datetime, limit: int = 100) -> int:
        """End reminders whose patient had to write first and did not in time; count messages."""
        late = tx.rows(_NEVER_FETCHED, now=now, limit=limit)
        for row in late:
            message = message_of(tx, row.origin_id or row.id)
            if message is None:
                continue
            dues = rows.in_message(tx, message.id)
            take_back(tx, message, Reason.TOO_LATE)
            for due in dues:
                looked = self.sending.look(tx, due, now, Known(), message=message.id)
                over = looked.decided if isinstance(looked.decided, Skip) else Skip(Reason.TOO_LATE)
                is_late = due.send_until is None or due.send_until <= now
                self._back(
                    tx, looked.but(over) if is_late else looked, now, said_before=message.doubtful
                )
        return len(late)
