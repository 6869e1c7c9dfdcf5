"""Cases: open, claim, answer, give back. Changes in the caller's transaction; never commits.

Ownership is a token on the conversation that rises with every change of hands. Whoever acts names
the token they saw; an older one changes nothing (I4).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, insert, or_, select, update

from bot.channels.base import Limits
from bot.channels.split import split
from bot.errors import BadInput
from bot.message import Kind, Worded
from bot.messages import outbox
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, HandoffCase

_case = HandoffCase.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_LIVE = Hot(
    select(
        _case.c.id, _case.c.state, _case.c.token, _case.c.staff_id, _case.c.desk, _case.c.priority
    ).where(_case.c.conversation_id == bindparam("conversation_id"), _case.c.state != "closed")
)
_OPEN = Hot(
    insert(_case)
    .values(
        conversation_id=bindparam("conversation_id"),
        desk=bindparam("desk"),
        reason=bindparam("reason"),
        priority=bindparam("priority"),
        state="open",
        token=1,
        opened_at=bindparam("opened_at"),
    )
    .returning(_case.c.id)
)
_HOLD = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(holder=bindparam("holder_"), hold_token=_conversation.c.hold_token + 1)
    .returning(_conversation.c.hold_token)
)
_AHEAD = Hot(
    select(func.count().label("n")).where(
        _case.c.state == "open",
        or_(
            _case.c.priority < bindparam("priority_below"),
            (_case.c.priority == bindparam("priority_same")) & (_case.c.id < bindparam("case_id")),
        ),
    )
)
_CLAIM = Hot(
    update(_case)
    .where(
        _case.c.id == bindparam("case_id"),
        _case.c.state == "open",
        _case.c.token == bindparam("seen"),
    )
    .values(
        state="claimed",
        staff_id=bindparam("staff_id_"),
        token=_case.c.token + 1,
        claimed_at=bindparam("claimed_at_"),
    )
)
_CLOSE = Hot(
    update(_case)
    .where(_case.c.id == bindparam("case_id"), _case.c.state != "closed")
    .values(
        state="closed",
        token=_case.c.token + 1,
        closed_at=bindparam("closed_at_"),
        note=bindparam("note_"),
    )
)


@dataclass(frozen=True, slots=True)
class Live:
    """The live case of a conversation."""

    case_id: int
    state: str
    token: int
    staff_id: int | None
    priority: int


def live(tx: Tx, conversation_id: int) -> Live | None:
    """Return the case that holds a conversation, or None."""
    row = tx.one(_LIVE, conversation_id=conversation_id)
    return Live(row.id, row.state, row.token, row.staff_id, row.priority) if row else None


def open_case(
    tx: Tx, conversation_id: int, *, desk: str, reason: str, priority: int, now: datetime
) -> int:
    """Open a case and mark the conversation held; return how many are ahead of it."""
    row = tx.one(
        _OPEN,
        conversation_id=conversation_id,
        desk=desk,
        reason=reason[:40],
        priority=priority,
        opened_at=now,
    )
    tx.one(_HOLD, conversation_id=conversation_id, holder_="desk")
    return int(tx.one(_AHEAD, priority_below=priority, priority_same=priority, case_id=row.id).n)


def claim(
    tx: Tx, conversation_id: int, *, staff_id: int, seen: int, actor: str, now: datetime
) -> None:
    """Give an open case to one member of staff, atomically.

    Raises:
        BadInput: somebody was faster, or there is no case (409).
    """
    case = live(tx, conversation_id)
    won = case is not None and tx.run(
        _CLAIM, case_id=case.case_id, seen=seen, staff_id_=staff_id, claimed_at_=now
    )
    if not won:
        raise BadInput("somebody else has taken this conversation", 409)
    tx.one(_HOLD, conversation_id=conversation_id, holder_="staff")
    record(tx, now, actor, "case.claim", conversation_id)


def take_over(
    tx: Tx, conversation_id: int, *, staff_id: int, desk: str, actor: str, now: datetime
) -> None:
    """Take a conversation that the bot holds; for alarms and for supervisors."""
    if live(tx, conversation_id) is not None:
        raise BadInput("this conversation is already in somebody's hands", 409)
    open_case(tx, conversation_id, desk=desk, reason="taken over", priority=0, now=now)
    claim(tx, conversation_id, staff_id=staff_id, seen=1, actor=actor, now=now)


def owned(tx: Tx, conversation_id: int, staff_id: int) -> Live:
    """Return the case if `staff_id` holds it.

    Raises:
        BadInput: somebody else does, or nobody (409).
    """
    case = live(tx, conversation_id)
    if case is None or case.state != "claimed" or case.staff_id != staff_id:
        raise BadInput("you do not hold this conversation; claim it first", 409)
    return case


def reply(
    tx: Tx,
    conversation_id: int,
    text: str,
    *,
    staff_id: int,
    actor: str,
    limits: Limits,
    now: datetime,
    dedupe_key: str | None = None,
) -> list[int]:
    """Send a text of the member of staff who holds the conversation; return the ids of its parts.

    A `dedupe_key` can be used once; whoever may send twice asks for it first.

    Args:
        limits: what the conversation's channel carries; a longer text goes in several messages.
    """
    owned(tx, conversation_id, staff_id)
    sent = _say(tx, conversation_id, Worded(text, Kind.STAFF), limits, now, dedupe_key)
    record(tx, now, actor, "conversation.reply", conversation_id)
    return sent


def notice(
    tx: Tx, conversation_id: int, worded: Worded, *, limits: Limits, now: datetime
) -> list[int]:
    """Store a notice of ours outside any turn, e.g. that the bot answers again."""
    return _say(tx, conversation_id, worded, limits, now)


def _say(
    tx: Tx,
    conversation_id: int,
    worded: Worded,
    limits: Limits,
    now: datetime,
    dedupe_key: str | None = None,
) -> list[int]:
    sent: list[int] = []
    for part in split(worded, limits):
        place = outbox.next_place(tx, conversation_id)
        key = None if sent else dedupe_key  # the first stands for all: they are stored together
        sent.append(
            outbox.enqueue(tx, conversation_id, place, part, now, pull=limits.pull, dedupe_key=key)
        )
    return sent


def give_back(
    tx: Tx, conversation_id: int, *, staff_id: int, note: str | None, actor: str, now: datetime
) -> None:
    """Close the case of its holder; the bot answers again."""
    case = owned(tx, conversation_id, staff_id)
    close(tx, conversation_id, case, now, note)
    record(tx, now, actor, "case.close", conversation_id)


def close(tx: Tx, conversation_id: int, case: Live, now: datetime, note: str | None = None) -> None:
    """Close a case and give the conversation to the bot."""
    tx.run(_CLOSE, case_id=case.case_id, closed_at_=now, note_=note)
    tx.one(_HOLD, conversation_id=conversation_id, holder_="bot")
