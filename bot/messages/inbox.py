"""The inbox: store a message once, or recognise it; keep what could not be handled.

Nothing is acknowledged to a platform before `accept` returned. `dialogue.turn` handles the rows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO NOTHING

from bot.errors import StoreError
from bot.message import Address, Form, Inbound
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Inbox

_inbox = Inbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_KNOWN = Hot(
    select(_inbox.c.id, _inbox.c.conversation_id, _inbox.c.body, _inbox.c.received_at).where(
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
    .returning(
        _conversation.c.id,
        _conversation.c.last_seq,
        _conversation.c.unreachable_at,
        _conversation.c.window_until,
        _conversation.c.window_left,
    )
)
_OPEN_CONVERSATION = Hot(
    insert(_conversation)
    .values(
        channel=bindparam("channel"),
        account=bindparam("account"),
        user=bindparam("user"),
        user_index=bindparam("user_index"),
        last_seq=bindparam("last_seq"),
        session=None,
        holder="bot",
        hold_token=0,
        window_left=0,
        created_at=bindparam("created_at"),
        updated_at=bindparam("updated_at"),
    )
    .on_conflict_do_nothing()
    .returning(
        _conversation.c.id,
        _conversation.c.last_seq,
        _conversation.c.unreachable_at,
        _conversation.c.window_until,
        _conversation.c.window_left,
    )
)
_CONVERSATION = Hot(
    select(_conversation.c.id).where(
        _conversation.c.channel == bindparam("channel"),
        _conversation.c.account == bindparam("account"),
        _conversation.c.user_index == bindparam("user_index"),
    )
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
        state=bindparam("state"),
        attempts=0,
        next_try_at=bindparam("next_try_at"),
        received_at=bindparam("received_at"),
        handled_at=bindparam("handled_at"),
    )
    .on_conflict_do_nothing()
    .returning(_inbox.c.id)
)
_earlier = _inbox.alias("earlier")
#: Of each conversation only the first that wait: there is no earlier one `share` places before.
_UNHANDLED = Hot(
    select(_inbox.c.id, _inbox.c.conversation_id, _inbox.c.attempts, _inbox.c.seq)
    .where(
        _inbox.c.state == "new",
        _inbox.c.next_try_at <= bindparam("now"),
        select(_earlier.c.id)
        .where(
            _earlier.c.conversation_id == _inbox.c.conversation_id,
            _earlier.c.seq < _inbox.c.seq,
            _earlier.c.state == "new",
        )
        .order_by(_earlier.c.seq.desc())
        .limit(1)
        .offset(bindparam("share"))
        .scalar_subquery()
        .is_(None),
    )
    .order_by(_inbox.c.next_try_at, _inbox.c.id)
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
#: How many messages of one conversation the net takes at once: one that is stuck starves nobody.
_SHARE = 60


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that is safely stored.

    Attributes:
        duplicate: it was stored before; nothing new will happen.
        same: what was stored before says the same; False when a key was used for other words.
        handled: nobody needs to answer it: the patient left.
        place: what her conversation was like before; None for a duplicate.
        received_at: when it came the first time.
    """

    inbox_id: int
    conversation_id: int
    duplicate: bool = False
    same: bool = True
    handled: bool = False
    place: "Place | None" = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new message stands, and what its conversation was like when it came.

    Attributes:
        window_until, window_left: what could be sent until when, where the platform counts.
    """

    conversation_id: int
    seq: int
    unreachable_at: datetime | None = None
    window_until: datetime | None = None
    window_left: int = 0


def accept(tx: Tx, inbound: Inbound, now: datetime) -> Accepted:
    """Store `inbound`, or find it where the platform sent it before (I1)."""
    address = inbound.address
    key_index = tx.keyring.index(inbound.key, "inbox.key")
    known = _known(tx, inbound, key_index)
    if known is not None:
        return known
    place = place_of(tx, address, now)
    left = inbound.form is Form.LEFT
    row = tx.one(
        _STORE,
        conversation_id=place.conversation_id,
        seq=place.seq,
        channel=address.channel,
        account=address.account,
        key_index=key_index,
        body={"text": inbound.text, "kind": inbound.form, "key": inbound.key},
        state="handled" if left else "new",
        next_try_at=now + GRACE,
        received_at=now,
        handled_at=now if left else None,
    )
    if row is None:  # another process stored it in this very moment
        return _known(tx, inbound, key_index) or _lost()
    return Accepted(row.id, place.conversation_id, handled=left, place=place, received_at=now)


def _known(tx: Tx, inbound: Inbound, key_index: str) -> Accepted | None:
    address = inbound.address
    known = tx.one(_KNOWN, channel=address.channel, account=address.account, key_index=key_index)
    if known is None:
        return None
    same = known.body.get("text") == inbound.text
    left = known.body.get("kind") == Form.LEFT
    return Accepted(
        known.id, known.conversation_id, duplicate=True, same=same, handled=left,
        received_at=known.received_at,
    )  # fmt: skip


def _lost() -> Any:
    raise StoreError("the message could not be stored")


def place_of(tx: Tx, address: Address, now: datetime) -> Place:
    """Return the next place in the conversation of an address, which is opened if need be."""
    return _next(tx, address) or _open(tx, address, now, 1) or _next(tx, address) or _lost()


def conversation_at(tx: Tx, address: Address, now: datetime) -> int:
    """Return the conversation of an address, opened if need be; nothing is said in it."""
    where = _where(tx, address)
    row = tx.one(_CONVERSATION, **where)
    if row is None:
        opened = _open(tx, address, now, 0)
        return opened.conversation_id if opened else int(tx.one(_CONVERSATION, **where).id)
    return int(row.id)


def _next(tx: Tx, address: Address) -> Place | None:
    where = {f"{name}_": value for name, value in _where(tx, address).items()}
    row = tx.one(_NEXT_SEQ, **where)
    return Place(*row) if row else None


def _open(tx: Tx, address: Address, now: datetime, last_seq: int) -> Place | None:
    """Open a conversation; None where another process did in this very moment."""
    row = tx.one(
        _OPEN_CONVERSATION,
        user=address.user,
        last_seq=last_seq,
        created_at=now,
        updated_at=now,
        **_where(tx, address),
    )
    return Place(*row) if row else None


def _where(tx: Tx, address: Address) -> dict[str, str]:
    user_index = tx.keyring.index(address.user, "conversation.user")
    return {"channel": address.channel, "account": address.account, "user_index": user_index}


def unhandled(tx: Tx, now: datetime, limit: int = 400) -> list[tuple[int, int, int]]:
    """Return (inbox id, conversation id, attempts) of messages nobody handled yet: the crash net.

    Those that wait longest come first, of each conversation only a share, in the order they came.
    """
    rows = tx.rows(_UNHANDLED, now=now, share=_SHARE - 1, limit=limit)
    rows.sort(key=lambda row: (row.conversation_id, row.seq))
    return [(row.id, row.conversation_id, row.attempts) for row in rows]


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
