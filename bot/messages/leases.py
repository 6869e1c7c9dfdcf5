"""Leases: who may send which message, and what became of it. `departure` is between the two.

Two lanes: whatever is due of a conversation comes before bulk reminders, emergencies before all. A
reminder that waits for its turn holds up other reminders only, nothing that is said, and none that
goes ahead.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    true,
    type_coerce,
    update,
)

from bot.errors import SealedError
from bot.message import Kind, Sent, Worded
from bot.messages import receipts
from bot.messages.outbox import said_by
from bot.messages.progress import rank, rank_of
from bot.messages.receipts import PROVIDER_ID_LENGTH
from bot.store import many
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Outbox

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_earlier = _outbox.alias("earlier")
_chosen = _outbox.alias("chosen")


#: What a sender is told of a row, beside its body.
_SHOWN = (
    _outbox.c.id,
    _outbox.c.conversation_id,
    _outbox.c.kind,
    _outbox.c.attempts,
    _outbox.c.created_at,
    _outbox.c.expires_at,
    _outbox.c.origin_id,
    _outbox.c.progress,
    _outbox.c.error,
    _outbox.c.ahead,
)
_SEALED = type_coerce(_outbox.c.body, LargeBinary).label("sealed")


def _claim(
    lane: ColumnElement[bool],
    waits_for: ColumnElement[bool],
    state: str = "leased",
    *shown: ColumnElement[Any],
) -> Hot:
    """Return what leases rows whose turn it is: due, and none before them still under way.

    Args:
        waits_for: which rows of the conversation that were not sent yet go first.
        state: what they are then.
        shown: what else is told of each.
    """
    return Hot(
        update(_outbox)
        .where(
            _outbox.c.id.in_(
                select(_chosen.c.id)
                .where(
                    lane,
                    _chosen.c.state == "ready",
                    _chosen.c.due_at <= bindparam("now"),
                    or_(
                        _chosen.c.kind == Kind.EMERGENCY.value,
                        ~exists().where(
                            _earlier.c.conversation_id == _chosen.c.conversation_id,
                            _earlier.c.seq < _chosen.c.seq,
                            # never looks through all that was sent before
                            _earlier.c.sent_at.is_(None),
                            or_(
                                and_(_earlier.c.state == "ready", waits_for),
                                _earlier.c.state == "leased",
                                _earlier.c.state == "sending",
                            ),
                        ),
                    ),
                )
                .order_by(_chosen.c.due_at, _chosen.c.id)
                .limit(bindparam("limit"))
                .with_for_update(skip_locked=True)
            )
        )
        .values(
            state=state,
            owner=bindparam("owner_"),
            attempts=_outbox.c.attempts + 1,
            lease_until=bindparam("until"),
        )
        .returning(*_SHOWN, *shown)
    )


_IN_TURN = or_(~_chosen.c.ahead, _earlier.c.ahead, _earlier.c.kind != Kind.REMINDER.value)
_SAID = _chosen.c.kind != Kind.REMINDER.value
_LANES = (
    _claim(_SAID, _earlier.c.kind != Kind.REMINDER.value, "leased", _SEALED),
    _claim(_chosen.c.kind == Kind.REMINDER.value, _IN_TURN, "leased", _SEALED),
)
_URGENT = (
    # both: for the index
    _claim(and_(_SAID, _chosen.c.kind == Kind.EMERGENCY.value), true(), "leased", _SEALED),
)
#: Of messages that were decided about just now, those whose turn it is: they leave at once.
_AT_ONCE = _claim(many.among(_chosen.c.id), _IN_TURN, "sending")
#: Why a message failed that nobody could read, in its record.
UNREADABLE = "cannot be opened"
#: A row that cannot be opened must not hold up the others of its batch.
_UNREADABLE = Hot(
    update(_outbox)
    .where(_outbox.c.id == bindparam("outbox_id"), _outbox.c.state == "leased")
    .values(state="failed", error=UNREADABLE, lease_until=None)
)
_FINISH = Hot(
    update(_outbox)
    .where(
        _outbox.c.id == bindparam("outbox_id"),
        _outbox.c.owner == bindparam("owner_"),
        _outbox.c.attempts == bindparam("attempt"),
        _outbox.c.state == "sending",
    )
    .values(
        state=bindparam("new_state"),
        due_at=bindparam("due_at_"),
        sent_at=bindparam("sent_at_"),
        provider_id=func.coalesce(bindparam("provider_id_"), _outbox.c.provider_id),
        progress=case(
            (rank_of(_outbox.c.progress) < bindparam("rank"), bindparam("progress_")),
            else_=_outbox.c.progress,
        ),
        error=bindparam("error_"),
        way=func.coalesce(_outbox.c.way, bindparam("way_")),
        lease_until=None,
    )
    .returning(_outbox.c.progress)
)
_SENDING = Hot(
    select(_outbox.c.id, _outbox.c.attempts)
    .where(
        many.among(_outbox.c.id),
        _outbox.c.owner == bindparam("owner"),
        _outbox.c.state == "sending",
        _outbox.c.progress.is_(None),
    )
    .with_for_update()
)
_WENT = Hot(
    update(_outbox)
    .where(_outbox.c.id == bindparam("outbox_id"))
    .values(
        state="sent",
        due_at=bindparam("due_at_"),
        sent_at=bindparam("sent_at_"),
        provider_id=func.coalesce(bindparam("provider_id_"), _outbox.c.provider_id),
        progress=bindparam("progress_"),
        error=None,
        way=func.coalesce(_outbox.c.way, bindparam("way_")),
        lease_until=None,
    )
)
_is_over = or_(_outbox.c.lease_until <= bindparam("now"), _outbox.c.lease_until > bindparam("far"))
_EXPIRED_LEASES = Hot(
    update(_outbox)
    .where(_outbox.c.state == "leased", _is_over)
    .values(state="ready", owner=None, lease_until=None)
)
_LOST = Hot(
    update(_outbox)
    .where(_outbox.c.state == "sending", _is_over)
    .values(
        state="unknown", lease_until=None, error="no answer recorded", due_at=bindparam("due_at_")
    )
)

_ERROR_LENGTH, _WAY_LENGTH = 80, 40
#: No lease lasts so long.
_LONGEST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Leased:
    """A row leased to one sender; `owner` and `attempt` fence what is recorded of it.

    Attributes:
        lost: a receipt says that it never arrived (its word); it only fails once more.
        only_here: no other channel may take its place.
        ahead: before other reminders.
    """

    id: int
    conversation_id: int
    worded: Worded
    owner: str
    attempt: int
    created_at: datetime
    expires_at: datetime | None = None
    origin_id: int | None = None
    lost: str | None = None
    only_here: bool = False
    ahead: bool = False


def claim(
    tx: Tx, owner: str, now: datetime, until: datetime, limit: int, *, urgent: bool = False
) -> list[Leased]:
    """Lease messages whose turn it is to `owner`, in the order of their conversations.

    Args:
        urgent: red flags only.
    """
    leased: list[Leased] = []
    for lane in _URGENT if urgent else _LANES:
        room = limit - len(leased)
        rows = tx.rows(lane, owner_=owner, now=now, until=until, limit=room) if room > 0 else []
        leased += _all_opened(tx, rows, owner)
    return leased


def claim_sending(
    tx: Tx, stored: Mapping[int, Worded], owner: str, now: datetime, until: datetime
) -> list[Leased]:
    """Mark those of these messages whose turn it is as being sent by `owner`.

    Args:
        stored: what they say, by their ids: nobody needs to open them.
    """
    rows = many.rows(
        tx, _AT_ONCE, list(stored), owner_=owner, now=now, until=until, limit=len(stored)
    )
    return [_leased(row, stored[row.id], owner) for row in sorted(rows, key=lambda row: row.id)]


def _all_opened(tx: Tx, rows: Sequence[Any], owner: str) -> list[Leased]:
    leased = []
    for row in sorted(rows, key=lambda row: row.id):
        try:
            leased.append(_opened(tx, row, owner))
        except (SealedError, ValueError, KeyError, TypeError):
            unreadable(tx, row.id)
    return leased


def unreadable(tx: Tx, outbox_id: int) -> None:
    """Fail a leased message whose row cannot be opened."""
    tx.run(_UNREADABLE, outbox_id=outbox_id)


def _opened(tx: Tx, row: Any, owner: str) -> Leased:
    body = json.loads(tx.keyring.open(bytes(row.sealed), _outbox.c.body.type.purpose))
    return _leased(row, said_by(body, row.kind), owner, only_here=bool(body.get("only_here")))


def _leased(row: Any, worded: Worded, owner: str, *, only_here: bool = False) -> Leased:
    return Leased(
        row.id,
        row.conversation_id,
        worded,
        owner,
        row.attempts,
        row.created_at,
        row.expires_at,
        row.origin_id,
        (row.error or row.progress) if receipts.is_lost(row.progress) else None,
        only_here,
        row.ahead,
    )


def finish(
    tx: Tx,
    item: Leased,
    now: datetime,
    *,
    state: str,
    again_at: datetime | None = None,
    sent: Sent | None = None,
    error: str | None = None,
    way: str | None = None,
) -> bool:
    """Record what became of a message; return False when the lease was lost to somebody else.

    Receipts that were faster have the last word on whether it was sent.
    """
    row = tx.one(
        _FINISH,
        outbox_id=item.id,
        owner_=item.owner,
        attempt=item.attempt,
        new_state=state,
        due_at_=again_at or now,
        sent_at_=now if state == "sent" else None,
        provider_id_=(sent.provider_id or "")[:PROVIDER_ID_LENGTH] or None if sent else None,
        rank=rank(sent.progress if sent else None),
        progress_=sent.progress.value if sent else None,
        error_=error[:_ERROR_LENGTH] if error else None,
        way_=way[:_WAY_LENGTH] if way else None,
    )
    if row is not None and (state == "unknown" or receipts.is_lost(row.progress)):
        receipts.settle(tx, item.id, now)
    return row is not None


def went(tx: Tx, sent: Sequence[tuple[Leased, Sent, str | None, datetime]]) -> set[int]:
    """Record messages that were taken, as `finish` would each; return those that are recorded.

    Not those whose lease was lost, nor those of which a receipt spoke before.

    Args:
        sent: what went, what the platform said of it, by which way, and when.
    """
    if not sent:
        return set()
    ids = [item.id for item, *_ in sent]
    held = {row.id: row.attempts for row in many.rows(tx, _SENDING, ids, owner=sent[0][0].owner)}
    taken = [one for one in sent if held.get(one[0].id) == one[0].attempt]
    tx.run_all(
        _WENT,
        [
            {
                "outbox_id": item.id,
                "due_at_": at,
                "sent_at_": at,
                "provider_id_": (said.provider_id or "")[:PROVIDER_ID_LENGTH] or None,
                "progress_": said.progress.value,
                "way_": way[:_WAY_LENGTH] if way else None,
            }
            for item, said, way, at in taken
        ],
    )
    return {item.id for item, *_ in taken}


def recover(tx: Tx, now: datetime, due_at: datetime | None = None) -> tuple[int, int]:
    """Free messages of senders that died: (`leased` made ready again, `sending` made unknown).

    Args:
        now: leases that end by then are over; so are those longer than any: a clock was put back.
        due_at: the time, where that is another.
    """
    far = now + _LONGEST
    lost = tx.run(_LOST, now=now, far=far, due_at_=due_at or now)
    return tx.run(_EXPIRED_LEASES, now=now, far=far), lost
