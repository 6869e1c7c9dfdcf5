"""The outbox: every message to a patient, stored in the transaction that caused it.

States: `ready → leased → sending → sent | failed | unknown`. `delivery` moves them; a channel that is
read by its own page (`Limits.pull`) has its messages as `sent` from the start, since storing them
is all there is to sending.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    LargeBinary,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)

from bot.errors import SealedError
from bot.message import Address, Button, Kind, Outbound, Worded
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_earlier = _outbox.alias("earlier")
_chosen = _outbox.alias("chosen")

_STORE = Hot(
    insert(_outbox)
    .values(
        conversation_id=bindparam("conversation_id"),
        seq=bindparam("seq"),
        inbox_id=bindparam("inbox_id"),
        kind=bindparam("kind"),
        body=bindparam("body"),
        state=bindparam("state"),
        due_at=bindparam("due_at"),
        attempts=0,
        dedupe_key=bindparam("dedupe_key"),
        created_at=bindparam("created_at"),
        sent_at=bindparam("sent_at"),
    )
    .returning(_outbox.c.id)
)
_ANSWERS = Hot(
    select(_outbox.c.id, _outbox.c.kind, _outbox.c.body)
    .where(_outbox.c.inbox_id == bindparam("inbox_id"))
    .order_by(_outbox.c.seq)
)
_AFTER = Hot(
    select(_outbox.c.id, _outbox.c.kind, _outbox.c.body)
    .where(
        _outbox.c.conversation_id == bindparam("conversation_id"),
        _outbox.c.id > bindparam("after"),
        _outbox.c.state != "dropped",
    )
    .order_by(_outbox.c.id)
    .limit(bindparam("limit"))
)
_LAST = Hot(
    select(func.max(_outbox.c.id).label("id")).where(
        _outbox.c.conversation_id == bindparam("conversation_id")
    )
)
#: Rows whose turn it is: due, and none before them in their conversation still under way.
_CLAIM = Hot(
    update(_outbox)
    .where(
        _outbox.c.id.in_(
            select(_chosen.c.id)
            .where(
                _chosen.c.state == "ready",
                _chosen.c.due_at <= bindparam("now"),
                or_(
                    _chosen.c.kind == Kind.EMERGENCY.value,
                    ~exists().where(
                        _earlier.c.conversation_id == _chosen.c.conversation_id,
                        _earlier.c.seq < _chosen.c.seq,
                        or_(
                            _earlier.c.state == "ready",
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
        state="leased",
        owner=bindparam("owner_"),
        attempts=_outbox.c.attempts + 1,
        lease_until=bindparam("until"),
    )
    .returning(
        _outbox.c.id,
        _outbox.c.conversation_id,
        _outbox.c.kind,
        type_coerce(_outbox.c.body, LargeBinary).label("sealed"),
        _outbox.c.attempts,
    )
)
#: A row that cannot be opened must not hold up the others of its batch.
_UNREADABLE = Hot(
    update(_outbox)
    .where(_outbox.c.id == bindparam("outbox_id"), _outbox.c.state == "leased")
    .values(state="failed", error="cannot be opened", lease_until=None)
)
_START = Hot(
    update(_outbox)
    .where(
        _outbox.c.id == bindparam("outbox_id"),
        _outbox.c.owner == bindparam("owner_"),
        _outbox.c.attempts == bindparam("attempt"),
        _outbox.c.state == "leased",
    )
    .values(state=bindparam("new_state"), lease_until=bindparam("until"))
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
        provider_id=bindparam("provider_id_"),
        error=bindparam("error_"),
        lease_until=None,
    )
)
_EXPIRED_LEASES = Hot(
    update(_outbox)
    .where(_outbox.c.state == "leased", _outbox.c.lease_until <= bindparam("now"))
    .values(state="ready", owner=None, lease_until=None)
)
_LOST = Hot(
    update(_outbox)
    .where(_outbox.c.state == "sending", _outbox.c.lease_until <= bindparam("now"))
    .values(state="unknown", lease_until=None, error="no answer recorded")
)
_TO = Hot(
    select(
        _conversation.c.channel,
        _conversation.c.account,
        _conversation.c.user,
        _conversation.c.holder,
    ).where(_conversation.c.id == bindparam("conversation_id"))
)
_COUNT = Hot(select(_outbox.c.state, func.count().label("n")).group_by(_outbox.c.state))

#: What the bot may still say while a person holds the conversation (I4).
SPOKEN_WHILE_HELD = frozenset({Kind.EMERGENCY, Kind.STAFF, Kind.NOTICE})
#: An emergency is due this long before everything else that waits, so that no backlog delays it.
_AHEAD = timedelta(days=1)
_ERROR_LENGTH, _PROVIDER_ID_LENGTH = 80, 120


@dataclass(frozen=True, slots=True)
class Leased:
    """A row leased to one sender; `owner` and `attempt` fence what is recorded of it."""

    id: int
    conversation_id: int
    worded: Worded
    owner: str
    attempt: int


def enqueue(
    tx: Tx,
    conversation_id: int,
    seq: int,
    worded: Worded,
    now: datetime,
    *,
    pull: bool,
    inbox_id: int | None = None,
    dedupe_key: str | None = None,
) -> int:
    """Store one message at place `seq` of its conversation; return its id."""
    buttons = [[button.label, button.value] for button in worded.buttons]
    row = tx.one(
        _STORE,
        conversation_id=conversation_id,
        seq=seq,
        inbox_id=inbox_id,
        kind=worded.kind.value,
        body={"text": worded.text, "buttons": buttons},
        state="sent" if pull else "ready",
        due_at=now - _AHEAD if worded.kind is Kind.EMERGENCY else now,
        dedupe_key=dedupe_key,
        created_at=now,
        sent_at=now if pull else None,
    )
    return int(row.id)


def answers(tx: Tx, inbox_id: int) -> list[tuple[int, Worded]]:
    """Return what was said in answer to one message: the same on every redelivery."""
    return [(row.id, worded(row)) for row in tx.rows(_ANSWERS, inbox_id=inbox_id)]


def after(tx: Tx, conversation_id: int, last_id: int, limit: int = 200) -> list[tuple[int, Worded]]:
    """Return what was said in a conversation after message `last_id`, oldest first."""
    rows = tx.rows(_AFTER, conversation_id=conversation_id, after=last_id, limit=limit)
    return [(row.id, worded(row)) for row in rows]


def last_id(tx: Tx, conversation_id: int) -> int:
    """Return the id of the last thing said in a conversation, 0 before the first."""
    return int(tx.one(_LAST, conversation_id=conversation_id).id or 0)


def worded(row: Any) -> Worded:
    """Return the text and buttons of an outbox row."""
    buttons = tuple(Button(label, value) for label, value in row.body["buttons"])
    return Worded(row.body["text"], Kind(row.kind), buttons)


def claim(tx: Tx, owner: str, now: datetime, until: datetime, limit: int) -> list[Leased]:
    """Lease messages whose turn it is to `owner`, in the order of their conversations."""
    leased = []
    rows = tx.rows(_CLAIM, owner_=owner, now=now, until=until, limit=limit)
    for row in sorted(rows, key=lambda row: row.id):
        try:
            said = _opened(tx, row)
        except (SealedError, ValueError, KeyError, TypeError):
            tx.run(_UNREADABLE, outbox_id=row.id)
        else:
            leased.append(Leased(row.id, row.conversation_id, said, owner, row.attempts))
    return leased


def _opened(tx: Tx, row: Any) -> Worded:
    body = json.loads(tx.keyring.open(bytes(row.sealed), _outbox.c.body.type.purpose))
    buttons = tuple(Button(label, value) for label, value in body["buttons"])
    return Worded(body["text"], Kind(row.kind), buttons)


def start(tx: Tx, leased: Sequence[Leased], until: datetime) -> list[tuple[Leased, Outbound]]:
    """Mark messages as being sent; return those that may be, with where they go.

    This is the instant of sending: a message of the bot is dropped when a person took the
    conversation meanwhile (I4); one whose lease went to somebody else is left to them.
    """
    sending = []
    for item in leased:
        try:
            to = tx.one(_TO, conversation_id=item.conversation_id)
        except (SealedError, ValueError):
            tx.run(_UNREADABLE, outbox_id=item.id)
            continue
        silent = to.holder == "staff" and item.worded.kind not in SPOKEN_WHILE_HELD
        changed = tx.run(
            _START,
            outbox_id=item.id,
            owner_=item.owner,
            attempt=item.attempt,
            new_state="dropped" if silent else "sending",
            until=None if silent else until,
        )
        if changed and not silent:
            address = Address(to.channel, to.account, to.user)
            sending.append((item, Outbound(item.id, address, item.worded, item.attempt)))
    return sending


def finish(
    tx: Tx,
    item: Leased,
    now: datetime,
    *,
    state: str,
    again_at: datetime | None = None,
    provider_id: str | None = None,
    error: str | None = None,
) -> bool:
    """Record what became of a message; return False when the lease was lost to somebody else."""
    changed = tx.run(
        _FINISH,
        outbox_id=item.id,
        owner_=item.owner,
        attempt=item.attempt,
        new_state=state,
        due_at_=again_at or now,
        sent_at_=now if state == "sent" else None,
        provider_id_=provider_id[:_PROVIDER_ID_LENGTH] if provider_id else None,
        error_=error[:_ERROR_LENGTH] if error else None,
    )
    return changed == 1


def recover(tx: Tx, now: datetime) -> tuple[int, int]:
    """Free messages of senders that died: (`leased` made ready again, `sending` made unknown)."""
    return tx.run(_EXPIRED_LEASES, now=now), tx.run(_LOST, now=now)


def counts(tx: Tx) -> dict[str, int]:
    """Return how many messages there are in each state."""
    return {row.state: row.n for row in tx.rows(_COUNT)}
