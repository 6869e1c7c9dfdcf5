"""What a conversation may be sent now: its window, where the platform counts, and its address.

A platform that counts lets us send so many messages within so much time after the patient wrote.
`window_until` is set as soon as anything of a conversation was counted or had to wait; before, there
is nothing to look up when she writes.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update

from bot.message import Address, Grant
from bot.messages.inbox import Place
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]

_REACHED = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(
        unreachable_at=None,
        window_until=bindparam("window_until_"),
        window_left=bindparam("window_left_"),
    )
)
_WAKE = Hot(
    update(_outbox)
    .where(_outbox.c.conversation_id == bindparam("conversation_id_"), _outbox.c.state == "waiting")
    .values(state="ready", due_at=bindparam("due_at_"), error=None)
)
_UNREACHABLE = Hot(
    update(_conversation)
    .where(
        _conversation.c.id == bindparam("conversation_id"), _conversation.c.unreachable_at.is_(None)
    )
    .values(unreachable_at=bindparam("unreachable_at_"))
)
_TAKE = Hot(
    update(_conversation)
    .where(
        _conversation.c.id == bindparam("conversation_id"),
        _conversation.c.window_left > 0,
        _conversation.c.window_until > bindparam("now"),
    )
    .values(window_left=_conversation.c.window_left - 1)
    .returning(_conversation.c.window_until)
)
#: Holds the conversation, so that what she writes in this moment finds what waits for it.
_HOLD = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(window_until=func.coalesce(_conversation.c.window_until, bindparam("window_until_")))
    .returning(_conversation.c.window_until)
)
_GIVE_BACK = Hot(
    update(_conversation)
    .where(
        _conversation.c.id == bindparam("conversation_id"),
        _conversation.c.window_until == bindparam("window"),
    )
    .values(window_left=_conversation.c.window_left + 1)
)
_CLOSE = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(window_left=0)
)
_AT = Hot(
    select(_conversation.c.id).where(
        _conversation.c.channel == bindparam("channel"),
        _conversation.c.account == bindparam("account"),
        _conversation.c.user_index == bindparam("user_index"),
    )
)
_MOVE = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(
        user=bindparam("user_"),
        user_index=bindparam("user_index_"),
        unreachable_at=None,
    )
)


def wrote(tx: Tx, place: Place, grant: Grant | None, now: datetime) -> None:
    """Note that a patient wrote: she can be reached, her window opens, what waited may go.

    An open window that lasts longer and has something left is never cut by a shorter one.
    """
    until, left = place.window_until, place.window_left
    if grant is not None:
        opened = now + timedelta(seconds=grant.seconds)
        if until is None or left <= 0 or until <= opened:
            until, left = opened, grant.messages
    if place.unreachable_at is not None or grant is not None:
        tx.run(
            _REACHED,
            conversation_id=place.conversation_id,
            window_until_=until,
            window_left_=left,
        )
    if place.window_until is not None:
        tx.run(_WAKE, conversation_id_=place.conversation_id, due_at_=now)


def unreachable(tx: Tx, conversation_id: int, now: datetime) -> None:
    """Note that nothing goes to an address any more, until somebody writes from there."""
    tx.run(_UNREACHABLE, conversation_id=conversation_id, unreachable_at_=now)


def take(tx: Tx, conversation_id: int, now: datetime) -> datetime | None:
    """Use one message of a window up; return which window that was (its end), None without one."""
    row = tx.one(_TAKE, conversation_id=conversation_id, now=now)
    if row is None:
        tx.one(_HOLD, conversation_id=conversation_id, window_until_=now)
        row = tx.one(_TAKE, conversation_id=conversation_id, now=now)
    return row.window_until if row else None


def give_back(tx: Tx, conversation_id: int, window: datetime) -> None:
    """Give one back to the window it is from: the platform certainly did not take the message."""
    tx.run(_GIVE_BACK, conversation_id=conversation_id, window=window)


def close(tx: Tx, conversation_id: int, window: datetime | None, now: datetime) -> bool:
    """Close a window: the platform takes nothing until the patient writes again.

    Args:
        window: the one its message was counted in; False where she wrote since, so that it is
            another one now, which stays open.
    """
    row = tx.one(_HOLD, conversation_id=conversation_id, window_until_=now)
    if window is not None and row.window_until != window:
        return False
    tx.run(_CLOSE, conversation_id=conversation_id)
    return True


def move(tx: Tx, address: Address, user: str, now: datetime) -> None:
    """Give the conversation of `address` a new address; a second telling changes nothing.

    Where the new address has a conversation already, the old one cannot be reached any more.
    """
    old, new = _at(tx, address, address.user), _at(tx, address, user)
    if old is None:
        return
    if new is not None:
        unreachable(tx, old, now)
        return
    user_index = tx.keyring.index(user, "conversation.user")
    tx.run(_MOVE, conversation_id=old, user_=user, user_index_=user_index)


def _at(tx: Tx, address: Address, user: str) -> int | None:
    user_index = tx.keyring.index(user, "conversation.user")
    row = tx.one(_AT, channel=address.channel, account=address.account, user_index=user_index)
    return row.id if row else None
