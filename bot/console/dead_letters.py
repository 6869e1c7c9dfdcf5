"""What did not arrive: messages whose turn failed for good, and answers that were not taken.

Only when, which kind and an error's word; never what was said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select

from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Inbox, Outbox

_inbox = Inbox.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

#: How many of the newest messages are looked through: the tables have no index on bad ends.
_LOOKED_THROUGH = 5_000
_SHOWN = 100
_BAD_ENDS = ("failed", "unknown")

_NEWEST_IN = Hot(select(func.max(_inbox.c.id).label("id")))
_NEWEST_OUT = Hot(select(func.max(_outbox.c.id).label("id")))
_DEAD = Hot(
    select(_inbox.c.id, _inbox.c.conversation_id, _inbox.c.received_at, _inbox.c.state,
           _inbox.c.error, _conversation.c.channel)
    .join_from(_inbox, _conversation)
    .where(_inbox.c.id > bindparam("after"), _inbox.c.state == "dead")
    .order_by(_inbox.c.id.desc())
    .limit(bindparam("limit"))
)  # fmt: skip
_LOST = Hot(
    select(_outbox.c.id, _outbox.c.conversation_id, _outbox.c.created_at, _outbox.c.state,
           _outbox.c.kind, _outbox.c.error, _conversation.c.channel)
    .join_from(_outbox, _conversation)
    .where(_outbox.c.id > bindparam("after"), or_(*(_outbox.c.state == end for end in _BAD_ENDS)))
    .order_by(_outbox.c.id.desc())
    .limit(bindparam("limit"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that did not arrive.

    Attributes:
        state: "dead" from a patient; "failed" or "unknown" to one.
        kind: what a message of ours was; empty for a patient's.
        error: a short word of the failure.
    """

    at: datetime
    conversation_id: int
    channel: str
    state: str
    kind: str
    error: str


def dead_letters(tx: Tx) -> Sequence[DeadLetter]:
    """Return what did not arrive among the newest messages, newest first."""
    dead = [
        DeadLetter(
            row.received_at, row.conversation_id, row.channel, row.state, "", row.error or ""
        )
        for row in tx.rows(_DEAD, after=_after(tx, _NEWEST_IN), limit=_SHOWN)
    ]
    lost = [
        DeadLetter(
            row.created_at, row.conversation_id, row.channel, row.state, row.kind, row.error or ""
        )
        for row in tx.rows(_LOST, after=_after(tx, _NEWEST_OUT), limit=_SHOWN)
    ]
    return sorted(dead + lost, key=lambda letter: letter.at, reverse=True)


def _after(tx: Tx, newest: Hot) -> int:
    return max(0, (tx.one(newest).id or 0) - _LOOKED_THROUGH)
