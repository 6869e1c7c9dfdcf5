"""What an answer to a reminder finds: whether it was told to her, is still open, and still true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from bot.dialogue.listeners import Listeners
from bot.dialogue.sessions import Expect
from bot.reminders import rows
from bot.reminders.kinds import Kind, Kinds
from bot.reminders.model import Due, Subject, Thing
from bot.reminders.rows import DUE, reminder
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox
from scheduler.reminders import Reason

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

#: In the cause of what follows a reminder that nobody answered.
_THEN = "then:"
#: What is told of what was done: true whatever changed since.
_OF_THE_PAST = frozenset({"taken", "skip", "done", "better", "worse"})
#: What only begins something that asks again: it may be said after any other answer, and again.
_BEGINS = frozenset({"move", "cancel", "book", "snooze", "more", "worse"})

_TOLD = Hot(
    select(
        *DUE,
        reminder.c.cause,
        reminder.c.state,
        reminder.c.answer,
        reminder.c.answered_at,
        reminder.c.decided_at,
        reminder.c.outbox_id,
        _outbox.c.conversation_id.label("told_in"),
    )
    .join_from(reminder, _outbox, reminder.c.outbox_id == _outbox.c.id)
    .where(reminder.c.id == bindparam("reminder_id"), reminder.c.state == "sent")
    .with_for_update()
)
_WHOSE = Hot(
    select(_conversation.c.person_id, _conversation.c.verified_at).where(
        _conversation.c.id == bindparam("conversation_id")
    )
)
_MARK = Hot(
    update(reminder)
    .where(reminder.c.id == bindparam("reminder_id"))
    .values(answer=bindparam("answer_"), answered_at=bindparam("answered_at_"))
)
_MARK_FOLLOWED = Hot(
    update(reminder)
    .where(
        or_(reminder.c.id == bindparam("first_id"), reminder.c.cause == bindparam("cause_")),
        reminder.c.state == "sent",
        reminder.c.answer.is_(None),
    )
    .values(answer=bindparam("answer_"), answered_at=bindparam("answered_at_"))
)
_SKIP_FOLLOWING = Hot(
    update(reminder)
    .where(
        reminder.c.cause == bindparam("cause_"),
        or_(reminder.c.state == "pending", reminder.c.state == "leased"),
    )
    .values(
        state="skipped", reason=Reason.ANSWERED.value, decided_at=bindparam("decided_at_"),
        lease_until=None, owner=None,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """A reminder that was said.

    Attributes:
        due: of one that went again by another channel, the reminder it repeats.
        row_id: its own.
        first_id: the reminder it follows; None where it follows none.
        answer: what was answered already.
    """

    due: Due
    kind: Kind | None
    row_id: int
    outbox_id: int
    told_at: datetime
    first_id: int | None = None
    answer: str | None = None
    answered_at: datetime | None = None

    def is_open(self, asked: Expect | None, now: datetime) -> bool:
        """Say whether an answer is still taken; `asked` is the question that its message opened."""
        if asked is not None and asked.here:
            return asked.is_open(now)
        return self.kind is not None and now <= self.told_at + self.kind.open_for

    def takes(self, word: str) -> bool:
        """Say whether a word may be said to it, after what was answered already."""
        if word == "snooze":  # what was taken or left out is not put off
            return self.answer is None or self.answer == word
        return self.answer is None or self.answer in _BEGINS or word in _BEGINS


@dataclass(frozen=True, slots=True)
class Answering:
    """Finds what is answered, and writes down that it was.

    Attributes:
        subjects: the domains that own what reminders are about, by `Due.about`.
    """

    kinds: Kinds
    subjects: Mapping[str, Subject]
    listeners: Listeners

    def told(self, tx: Tx, reminder_id: int, conversation_id: int) -> Told | None:
        """Return a reminder that was said in a conversation, or at another proven address (I7)."""
        row = tx.one(_TOLD, reminder_id=reminder_id)
        if row is None or not _is_hers(tx, row.told_in, conversation_id):
            return None
        return self._read(tx, row)

    def _read(self, tx: Tx, row: Any) -> Told:
        due, first_id = rows.due_of(row), None
        if row.cause.startswith(_THEN):
            first_id = int(row.cause.removeprefix(_THEN))
        kind = self.kinds.get(due.kind)
        if kind is None and first_id is not None:
            first = tx.one(rows.ONE, reminder_id=first_id)
            due = rows.due_of(first) if first is not None else due
            kind = self.kinds.get(due.kind)
        return Told(
            due, kind, row.id, row.outbox_id, row.decided_at or due.due_at, first_id, row.answer,
            row.answered_at,
        )  # fmt: skip

    def together(self, tx: Tx, told: Told, word: str) -> Sequence[Told]:
        """Return all that one message said and a word answers, the reminder itself among it."""
        found = self._said_with(tx, told)
        return [one for one in found if one.kind and word in one.kind.answers] or [told]

    def all_of(self, tx: Tx, told: Told) -> Sequence[Told]:
        """Return all that one message said and asked something about."""
        return [one for one in self._said_with(tx, told) if one.kind and one.kind.answers]

    def _said_with(self, tx: Tx, told: Told) -> Sequence[Told]:
        ids = [due.id for due in rows.in_message(tx, told.outbox_id)]
        found = [tx.one(_TOLD, reminder_id=one) for one in ids]
        return [self._read(tx, row) for row in found if row is not None]

    def overtaken(self, tx: Tx, due: Due, word: str, now: datetime, here: int) -> Reason | None:
        """Return why a word does nothing any more: what it is about is over, or another by now.

        Args:
            here: the conversation it is said in; nobody answers for whom she is not told of any more.
        """
        subject = self.subjects.get(due.about)
        thing = subject.look(tx, due.about_id, now) if subject is not None else None
        if subject is None or thing is None:
            return Reason.GONE
        if not self._still_hers(tx, due, thing, now, here):
            return Reason.NOBODY
        if word in _OF_THE_PAST:
            return None
        if thing.over is not None:
            return thing.over
        if thing.version != due.about_version:
            return Reason.MOVED
        state = subject.state_of(tx, due, thing, now)
        return None if state is Reason.ANSWERED else state

    def _still_hers(self, tx: Tx, due: Due, thing: Thing, now: datetime, here: int) -> bool:
        """Say whether she may still be told of it, here or at the address that was told (I7)."""
        whom = thing.payer_id if thing.payer_id is not None else thing.patient_id
        if whom is None:
            return True
        told_in = {here, due.conversation_id or here}
        found = [self.listeners.member(tx, one, whom, now) for one in told_in]
        if thing.payer_id is not None:
            return any(one is not None and one.verified and one.relation == "self" for one in found)
        return any(one is not None for one in found)

    def mark(self, tx: Tx, answered: Sequence[Told], word: str, now: datetime) -> None:
        """Write down an answer; what would have followed without it does not come."""
        for told in answered:
            tx.run(_MARK, reminder_id=told.row_id, answer_=word, answered_at_=now)
            first_id = told.first_id or told.row_id
            cause = f"{_THEN}{first_id}"
            tx.run(_MARK_FOLLOWED, first_id=first_id, cause_=cause, answer_=word, answered_at_=now)
            for waiting in {cause, f"{_THEN}{told.row_id}"}:
                tx.run(_SKIP_FOLLOWING, cause_=waiting, decided_at_=now)


def _is_hers(tx: Tx, told_in: int, conversation_id: int) -> bool:
    """Say whether two conversations are one, or two proven addresses of one person."""
    if told_in == conversation_id:
        return True
    there, here = (tx.one(_WHOSE, conversation_id=one) for one in (told_in, conversation_id))
    return (
        here.person_id is not None
        and here.person_id == there.person_id
        and None not in (here.verified_at, there.verified_at)
    )
