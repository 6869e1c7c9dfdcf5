"""What the hospital knows of a patient: the same that staff see in the console."""

from sqlalchemy import bindparam, func, select

from bot.message import Address
from bot.messages.history import conversation_of
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]

_STANDS = Hot(
    select(
        _conversation.c.holder, _conversation.c.unreachable_at, _conversation.c.opted_out_at
    ).where(_conversation.c.id == bindparam("conversation_id"))
)
_SAID = Hot(
    select(_outbox.c.state, func.count().label("number"))
    .where(_outbox.c.conversation_id == bindparam("conversation_id"))
    .group_by(_outbox.c.state)
)
_UNDER_WAY = ("ready", "leased", "sending")
_STATES = ("sent", "waiting", "failed", "unknown")

Known = dict[str, str | int | bool]

NOBODY: Known = {"known": False}


def look(tx: Tx, address: Address) -> Known:
    """Return who holds the conversation, whether it can be reached, and what became of our messages."""
    conversation_id = conversation_of(tx, address)
    if conversation_id is None:
        return NOBODY
    row = tx.one(_STANDS, conversation_id=conversation_id)
    counts = {row.state: row.number for row in tx.rows(_SAID, conversation_id=conversation_id)}
    return {
        "known": True,
        "holder": row.holder,
        "unreachable": row.unreachable_at is not None,
        "opted_out": row.opted_out_at is not None,
        "ready": sum(counts.get(state, 0) for state in _UNDER_WAY),
        **{state: counts.get(state, 0) for state in _STATES},
    }
