"""What did not arrive: messages whose turn failed for good, and messages of ours that could not go.

Only when, which kind, and why; never what was said. A member of staff takes one off the list once she
has seen to it; that is audited.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.console.desk import Problem
from bot.console.sessions import Signed
from bot.message import Progress
from bot.messages.departure import NO_PERMISSION
from bot.messages.leases import UNREADABLE
from bot.messages.outcomes import NO_CHANNEL, OPERATOR, RETRY_STEPS
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Inbox, Outbox

_inbox = Inbox.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_SHOWN = 100

_DEAD = Hot(
    select(_inbox.c.id, _inbox.c.conversation_id, _inbox.c.received_at, _inbox.c.state,
           _inbox.c.error, _conversation.c.channel)
    .join_from(_inbox, _conversation)
    .where(_inbox.c.state == "dead", _inbox.c.seen_at.is_(None))
    .order_by(_inbox.c.id.desc())
    .limit(bindparam("limit"))
)  # fmt: skip


def _lost(state: str) -> Hot:
    """Return what lists one bad end: each has an index of its own."""
    return Hot(
        select(_outbox.c.id, _outbox.c.conversation_id, _outbox.c.created_at, _outbox.c.state,
               _outbox.c.kind, _outbox.c.error, _outbox.c.attempts,
               _conversation.c.channel, _conversation.c.unreachable_at)
        .join_from(_outbox, _conversation)
        .where(_outbox.c.state == state, _outbox.c.seen_at.is_(None))
        .order_by(_outbox.c.id.desc())
        .limit(bindparam("limit"))
    )  # fmt: skip


_LOST = tuple(_lost(state) for state in ("failed", "unknown", "waiting"))


def _seen(table: Any) -> Hot:
    return Hot(
        update(table)
        .where(
            table.c.id == bindparam("message_id"),
            table.c.conversation_id == bindparam("conversation_id_"),
            table.c.seen_at.is_(None),
        )
        .values(seen_at=bindparam("seen_at_"))
    )


#: By the side a message was on: a patient's, or ours.
_SEEN = {"in": _seen(_inbox), "out": _seen(_outbox)}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that did not arrive.

    Attributes:
        side: "in" from a patient, "out" to one; `id` is its id there.
        state: "dead" from a patient; "failed", "unknown" or "waiting" to one.
        kind: what a message of ours was; empty for a patient's.
        reason: why, as a word that the console has a sentence for.
        error: the platform's own short word.
    """

    side: str
    id: int
    at: datetime
    conversation_id: int
    channel: str
    state: str
    kind: str
    reason: str
    error: str


def dead_letters(tx: Tx) -> Sequence[DeadLetter]:
    """Return what did not arrive and nobody saw to yet, newest first."""
    dead = [
        DeadLetter(
            "in", row.id, row.received_at, row.conversation_id, row.channel,
            row.state, "", "dead", row.error or "",
        )
        for row in tx.rows(_DEAD, limit=_SHOWN)
    ]  # fmt: skip
    lost = [
        DeadLetter(
            "out", row.id, row.created_at, row.conversation_id, row.channel,
            row.state, row.kind, _reason(row), row.error or "",
        )
        for statement in _LOST
        for row in tx.rows(statement, limit=_SHOWN)
    ]  # fmt: skip
    return sorted(dead + lost, key=lambda letter: letter.at, reverse=True)


def mark_seen(
    tx: Tx, conversation_id: int, side: str, message_id: int, signed: Signed, now: datetime
) -> None:
    """Take one message off the list; a second time changes nothing. Raises `Problem` (400)."""
    if side not in _SEEN:
        raise Problem("bad_form", 400)
    if tx.run(_SEEN[side], message_id=message_id, conversation_id_=conversation_id, seen_at_=now):
        record(tx, now, signed.actor, "undelivered.seen", conversation_id, f"{side} {message_id}")


def _reason(row: Any) -> str:
    """Return why a message of ours did not arrive: what stands first is said."""
    error = row.error or ""
    told = error.partition(" ")[0] in (Progress.UNDELIVERED, Progress.FAILED)
    reasons = (
        ("waiting", row.state == "waiting"),
        ("unknown", row.state == "unknown"),
        ("no_permission", error == NO_PERMISSION),
        ("no_channel", error == NO_CHANNEL),
        ("unreadable", error == UNREADABLE),
        ("operator", error.startswith(OPERATOR)),
        ("undelivered", told),
        ("unreachable", row.unreachable_at is not None),
        ("gave_up", row.attempts > len(RETRY_STEPS)),
    )
    return next((word for word, fits in reasons if fits), "refused")
