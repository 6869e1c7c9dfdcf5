"""The second of sending: a reminder that stands in the outbox is decided about once more as it leaves.

Nothing stale goes, however long it waited for its turn; and what may not go now is due again, never
lost. A message of which nobody knows whether it arrived is not taken back to be said anew.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update

from bot.messages.leases import Leased
from bot.reminders import rows, tasks
from bot.reminders.rows import reminder
from bot.reminders.sending import Counts, Looked, Sending
from bot.reminders.withdraw import note
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Outbox
from scheduler.reminders import Defer, Send, Skip, Tier

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_UNSENT = or_(_outbox.c.state == "ready", _outbox.c.state == "leased", _outbox.c.state == "waiting")

_MESSAGE = Hot(
    select(_outbox.c.id, _outbox.c.resent_at).where(_outbox.c.id == bindparam("outbox_id"))
)
_DROP = Hot(
    update(_outbox)
    .where(
        or_(_outbox.c.id == bindparam("outbox_id"), _outbox.c.origin_id == bindparam("origin")),
        _UNSENT,
    )
    .values(
        state="dropped", error=bindparam("error_"), lease_until=None, owner=None, dedupe_key=None
    )
)
_FREE = Hot(update(_outbox).where(_outbox.c.id == bindparam("outbox_id")).values(dedupe_key=None))
_AGAIN = Hot(
    update(reminder)
    .where(reminder.c.id == bindparam("reminder_id"), reminder.c.state == "sent")
    .values(state="pending", due_at=bindparam("due_at_"), decided_at=None, outbox_id=None)
)


@dataclass(frozen=True, slots=True)
class Rechecks:
    """Asks again at departure, and hears of what never arrives."""

    sending: Sending

    def goes(self, tx: Tx, item: Leased, now: datetime) -> bool:
        """Say whether a reminder's message may leave now; if not, it is taken back."""
        first = item.origin_id or item.id
        dues = rows.in_message(tx, first)
        if not dues:
            return True  # no reminder of ours stands behind it
        looked = [self.sending.look(tx, due, now, message=first) for due in dues]
        stopped = [one for one in looked if not isinstance(one.decided, Send)]
        if not stopped:
            return True
        reason = stopped[0].decided.reason  # type: ignore[union-attr]
        row = tx.one(_MESSAGE, outbox_id=first)
        doubtful = row is not None and row.resent_at is not None
        tx.run(_DROP, outbox_id=first, origin=first, error_=reason.value)
        if doubtful:
            for due in dues:
                note(tx, due.id, "withdrawn", reason, now)
            return False
        tx.run(_FREE, outbox_id=first)
        for one in looked:
            self._back(tx, one, now)
        return False

    def _back(self, tx: Tx, one: Looked, now: datetime) -> None:
        """Let a reminder wait again whose message did not leave, or be over."""
        until, decided = now, one.decided
        if isinstance(decided, Defer):
            until = decided.until
        tx.run(_AGAIN, reminder_id=one.due.id, due_at_=until)
        if isinstance(decided, Skip):
            note(tx, one.due.id, "withdrawn", decided.reason, now)
            self.sending.put_off(tx, one, now, Counts())
        elif isinstance(decided, Defer):
            note(tx, one.due.id, "withdrawn", decided.reason, now, until)

    def unreached(self, tx: Tx, outbox_id: int, now: datetime) -> None:
        """Ask staff about what a message said that never arrives, where much depends on it (RM-06)."""
        for due in rows.in_message(tx, outbox_id):
            kind = self.sending.kinds.get(due.kind)
            if kind is None or kind.rule.tier > Tier.NEEDED:
                continue
            if not kind.is_before or due.occurs_at > now:
                tasks.ask_about(tx, due, "unreachable", now)
