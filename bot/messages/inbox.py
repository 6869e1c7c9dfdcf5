"""The inbox: store a message once, or recognise it; keep what could not be handled.

Nothing is acknowledged to a platform before `accept` returned. `dialogue.turn` handles the rows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, insert, select, update

from bot.message import Inbound
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Inbox

_inbox = Inbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_KNOWN = Hot(
    select(_inbox.c.id, _inbox.c.conversation_id, _inbox.c.state, _inbox.c.body).where(
        _inbox.c.channel == bindparam("channel"),
        _inbox.c.account == bindparam("account"),
        _inbox.c.key_index == bindparam("key_index"),
    )
)
_NEXT_SEQ = Hot(
    update(_conversation)
    .where(
        _conversation.c.channel == bindparam("channel_"),
        _conversation.c.account == bindparam("account_"),
        _conversation.c.user_index == bindparam("user_index_"),
    )
    .values(last_seq=_conversation.c.last_seq + 1)
    .returning(_conversation.c.id, _conversation.c.last_seq)
)
_OPEN_CONVERSATION = Hot(
    insert(_conversation)
    .values(
        channel=bindparam("channel"),
        account=bindparam("account"),
        user=bindparam("user"),
        user_index=bindparam("user_index"),
        last_seq=1,
        session=None,
        holder="bot",
        hold_token=0,
        window_left=0,
        created_at=bindparam("created_at"),
        updated_at=bindparam("updated_at"),
    )
    .returning(_conversation.c.id, _conversation.c.last_seq)
)
_STORE = Hot(
    insert(_inbox)
    .values(
        conversation_id=bindparam("conversation_id"),
        seq=bindparam("seq"),
        channel=bindparam("channel"),
        account=bindparam("account"),
        key_index=bindparam("key_index"),
        body=bindparam("body"),
        state="new",
        attempts=0,
        next_try_at=bindparam("next_try_at"),
        received_at=bindparam("received_at"),
    )
    .returning(_inbox.c.id)
)
_UNHANDLED = Hot(
    select(_inbox.c.id, _inbox.c.conversation_id, _inbox.c.attempts)
    .where(_inbox.c.state == "new", _inbox.c.next_try_at <= bindparam("now"))
    .order_by(_inbox.c.conversation_id, _inbox.c.seq)
    .limit(bindparam("limit"))
)
_FAILED = Hot(
    update(_inbox)
    .where(_inbox.c.id == bindparam("inbox_id"), _inbox.c.state == "new")
    .values(
        attempts=_inbox.c.attempts + 1,
        state=bindparam("new_state"),
        next_try_at=bindparam("next_try_at_"),
        error=bindparam("error_"),
    )
)
_ATTEMPTS = Hot(select(_inbox.c.attempts).where(_inbox.c.id == bindparam("inbox_id")))
_COUNT = Hot(select(_inbox.c.state, func.count().label("n")).group_by(_inbox.c.state))

#: How long the request that brought a message has the turn to itself before the net looks at it.
GRACE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that is safely stored.

    Attributes:
        duplicate: it was stored before; nothing new will happen.
        same: what was stored before says the same; False when a key was used for other words.
    """

    inbox_id: int
    conversation_id: int
    duplicate: bool = False
    same: bool = True


def accept(tx: Tx, inbound: Inbound, now: datetime) -> Accepted:
    """Store `inbound`, or find it where the platform sent it before (I1)."""
    address = inbound.address
    key_index = tx.keyring.index(inbound.key, "inbox.key")
    known = tx.one(_KNOWN, channel=address.channel, account=address.account, key_index=key_index)
    if known is not None:
        same = known.body.get("text") == inbound.text
        return Accepted(known.id, known.conversation_id, duplicate=True, same=same)
    conversation_id, seq = _place(tx, inbound, now)
    row = tx.one(
        _STORE,
        conversation_id=conversation_id,
        seq=seq,
        channel=address.channel,
        account=address.account,
        key_index=key_index,
        body={"text": inbound.text, "kind": inbound.form, "key": inbound.key},
        next_try_at=now + GRACE,
        received_at=now,
    )
    return Accepted(row.id, conversation_id)


def _place(tx: Tx, inbound: Inbound, now: datetime) -> tuple[int, int]:
    """Return the conversation of this address, opened if need be, and the next place in it."""
    address = inbound.address
    user_index = tx.keyring.index(address.user, "conversation.user")
    row = tx.one(
        _NEXT_SEQ, channel_=address.channel, account_=address.account, user_index_=user_index
    ) or tx.one(
        _OPEN_CONVERSATION,
        channel=address.channel,
        account=address.account,
        user=address.user,
        user_index=user_index,
        created_at=now,
        updated_at=now,
    )
    return row.id, row.last_seq


def unhandled(tx: Tx, now: datetime, limit: int = 200) -> list[tuple[int, int, int]]:
    """Return (inbox id, conversation id, attempts) of messages nobody handled yet: the crash net."""
    return [tuple(row) for row in tx.rows(_UNHANDLED, now=now, limit=limit)]


def failed(tx: Tx, inbox_id: int, *, again_at: datetime | None, now: datetime, error: str) -> None:
    """Record that a turn failed; without `again_at` the message becomes a dead letter."""
    tx.run(
        _FAILED,
        inbox_id=inbox_id,
        new_state="new" if again_at else "dead",
        next_try_at_=again_at or now,
        error_=error[:80],
    )


def attempts(tx: Tx, inbox_id: int) -> int:
    """Return how often the turn of a message failed."""
    return int(tx.one(_ATTEMPTS, inbox_id=inbox_id).attempts)


def counts(tx: Tx) -> dict[str, int]:
    """Return how many messages there are in each state."""
    return {row.state: row.n for row in tx.rows(_COUNT)}
