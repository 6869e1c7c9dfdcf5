"""The instant of sending: what was true when a message was stored is asked once more.

A message is dropped when a person took the conversation meanwhile (I4), when it is too late, or when a
reminder's patient wants none any more. It waits where the platform takes nothing before the patient
writes, goes back to the queue where its account or address was sent enough, and fails where nothing
can be reached.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.channels.base import Limits
from bot.errors import SealedError
from bot.message import Address, Kind, Outbound, Worded
from bot.messages import leases, quota
from bot.messages.carrying import as_carried
from bot.messages.leases import Leased
from bot.messages.outbox import SPOKEN_WHILE_HELD
from bot.messages.pace import Pacer, account_key
from bot.store import many
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_LEASED = Hot(
    select(_outbox.c.id, _outbox.c.attempts)
    .where(
        many.among(_outbox.c.id),
        _outbox.c.owner == bindparam("owner"),
        _outbox.c.state == "leased",
    )
    .with_for_update()
)
_START = Hot(
    update(_outbox)
    .where(many.among(_outbox.c.id))
    .values(state="sending", lease_until=bindparam("until"))
    .returning(_outbox.c.id)
)
_STOP = Hot(
    update(_outbox)
    .where(_outbox.c.id == bindparam("outbox_id"))
    .values(
        state=bindparam("state_"),
        due_at=bindparam("due_at_"),
        error=bindparam("error_"),
        attempts=_outbox.c.attempts - bindparam("given_back"),
        lease_until=None,
    )
)
_TO = Hot(
    select(
        _conversation.c.channel,
        _conversation.c.account,
        _conversation.c.user,
        _conversation.c.holder,
        _conversation.c.opted_out_at,
        _conversation.c.unreachable_at,
        _conversation.c.person_id,
        _conversation.c.verified_at,
        _conversation.c.id,
        _conversation.c.window_until,
        _conversation.c.window_left,
    ).where(many.among(_conversation.c.id))
)

_STANDS_IN_FOR = Hot(
    select(_conversation.c.person_id, _conversation.c.verified_at)
    .join_from(_outbox, _conversation, _outbox.c.conversation_id == _conversation.c.id)
    .where(_outbox.c.id == bindparam("origin_id"))
)

#: Why a notice could not go, in its record.
NO_PERMISSION = "no permission for this notice"
#: Why a message waits whose account may only answer, in its record.
REPLIES_ONLY = "goes with the next answer"

#: Finds what a channel's account can carry; None where it is not set up.
LimitsOf = Callable[[str, str], Limits | None]
#: Says whether a reminder still may go at this second; one that may not is taken back by it.
StillGoes = Callable[[Tx, Leased, datetime], bool]


@dataclass(frozen=True, slots=True)
class Departing:
    """A message on its way, and what it used up.

    Attributes:
        window: the end of the window it was counted in; None where nothing was counted.
        permission: the kind of notice it used a permission of.
        way: how it goes; where there was a choice, why so.
    """

    item: Leased
    letter: Outbound
    window: datetime | None = None
    permission: str | None = None
    way: str | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """A message that does not go now.

    Attributes:
        state: "ready" (later), "waiting", "failed" or "dropped".
        due_at: when it may go, for "ready".
    """

    item: Leased
    state: str
    reason: str
    channel: str
    account: str
    due_at: datetime | None = None


@dataclass(slots=True)
class Started:
    """What a batch came to."""

    sending: list[Departing] = field(default_factory=list)
    stopped: list[Stopped] = field(default_factory=list)


class _Stop(Exception):
    """Ends the departure of one message."""

    def __init__(self, state: str, reason: str, due_at: datetime | None = None) -> None:
        super().__init__(reason)
        self.state, self.reason, self.due_at = state, reason, due_at


def any_goes(tx: Tx, item: Leased, now: datetime) -> bool:  # noqa: ARG001
    """Return True: nobody asks again."""
    return True


def start(
    tx: Tx,
    leased: Sequence[Leased],
    now: datetime,
    until: datetime,
    limits_of: LimitsOf,
    still_goes: StillGoes = any_goes,
) -> Started:
    """Mark messages as being sent; return those that may be, with where they go, and the others.

    One whose lease went to somebody else is left to them.
    """
    started = Started()
    to = _addresses(tx, leased)
    going = []
    for item in leased:
        if item.id not in to:
            leases.unreadable(tx, item.id)
        elif _asks(item) and not still_goes(tx, item, now):
            address = to[item.id]
            started.stopped.append(
                Stopped(item, "dropped", "stale", address.channel, address.account)
            )
        else:
            going.append(item)
    held = _held(tx, going)
    for _ in many.rows(tx, _START, [item.id for item in held], until=until):
        pass
    return _depart_all(tx, held, to, now, limits_of, started)


def at_once(
    tx: Tx,
    stored: Mapping[int, Worded],
    owner: str,
    now: datetime,
    until: datetime,
    limits_of: LimitsOf,
) -> Started:
    """Mark messages as being sent that were decided about in this very transaction.

    What was true then is true still. One before which another of its conversation has to go stays.
    """
    leased = leases.claim_sending(tx, stored, owner, now, until)
    return _depart_all(tx, leased, _addresses(tx, leased), now, limits_of, Started())


def _asks(item: Leased) -> bool:
    return item.worded.kind is Kind.REMINDER and item.lost is None


def _addresses(tx: Tx, leased: Sequence[Leased]) -> dict[int, Any]:
    """Return where messages go, by their ids; without those that nobody can read."""
    try:
        found = {row.id: row for row in many.rows(tx, _TO, {one.conversation_id for one in leased})}
    except (SealedError, ValueError):
        if len(leased) == 1:
            return {}
        return {id_: to for one in leased for id_, to in _addresses(tx, [one]).items()}
    return {one.id: found[one.conversation_id] for one in leased}


def _held(tx: Tx, leased: Sequence[Leased]) -> list[Leased]:
    """Return, and keep until the commit, what is leased still as it was."""
    if not leased:
        return []
    rows = many.rows(tx, _LEASED, [item.id for item in leased], owner=leased[0].owner)
    attempts = {row.id: row.attempts for row in rows}
    return [item for item in leased if attempts.get(item.id) == item.attempt]


def _depart_all(
    tx: Tx,
    leased: Sequence[Leased],
    addresses: Mapping[int, Any],
    now: datetime,
    limits_of: LimitsOf,
    started: Started,
) -> Started:
    pacer = Pacer(tx, now)
    for item in leased:
        to = addresses[item.id]
        limits = limits_of(to.channel, to.account) or Limits()
        try:
            started.sending.append(_depart(tx, item, to, limits, pacer, now))
        except _Stop as stop:
            _stopped(tx, item, stop, now)
            started.stopped.append(
                Stopped(item, stop.state, stop.reason, to.channel, to.account, stop.due_at)
            )
    pacer.save()
    return started


def _depart(
    tx: Tx, item: Leased, to: Any, limits: Limits, pacer: Pacer, now: datetime
) -> Departing:
    _ask_again(item, to, now)
    if item.origin_id is not None and not _is_same_person(tx, item.origin_id, to):
        raise _Stop("failed", "not linked any more")
    kind = item.worded.kind
    urgent = kind is Kind.EMERGENCY  # stopped by no count of ours: the platform's word alone counts
    later = pacer.wait(
        account_key(to.channel, to.account),
        item.conversation_id,
        limits.rates(to.user),
        bulk=kind is Kind.REMINDER and not item.ahead,
        urgent=urgent,
    )
    if later is not None:
        raise _Stop("ready", "sent enough for now", later)
    used = quota.take(tx, item.id, to, item.worded, limits, now)
    if used.lacks_permission:
        raise _Stop("failed", NO_PERMISSION)
    if used.must_wait:
        insists = limits.passive is not None and limits.passive.insists
        raise _Stop("waiting", REPLIES_ONLY if insists else "until the patient writes")
    way = str(used.way) if used.way else limits.carrier
    letter = Outbound(
        item.id,
        Address(to.channel, to.account, to.user),
        as_carried(item.worded, way),
        item.attempt,
        item.created_at,
    )
    return Departing(item, letter, used.window, used.permission, way)


def _is_same_person(tx: Tx, origin_id: int, to: Any) -> bool:
    """Say whether both addresses, that of a message and that of its stand-in, are proven one's (I7)."""
    home = tx.one(_STANDS_IN_FOR, origin_id=origin_id)
    proven = home.verified_at is not None and to.verified_at is not None
    return proven and home.person_id == to.person_id


def _ask_again(item: Leased, to: Any, now: datetime) -> None:
    kind = item.worded.kind
    if item.lost is not None:
        raise _Stop("failed", item.lost)
    if item.expires_at is not None and item.expires_at <= now:
        raise _Stop("dropped", "too late")
    if to.holder == "staff" and kind not in SPOKEN_WHILE_HELD:
        raise _Stop("dropped", "held by staff")
    if kind is Kind.REMINDER and to.opted_out_at is not None:
        raise _Stop("dropped", "opted out")
    if to.unreachable_at is not None:
        raise _Stop("failed", "unreachable")


def _stopped(tx: Tx, item: Leased, stop: _Stop, now: datetime) -> None:
    tx.run(
        _STOP,
        outbox_id=item.id,
        state_=stop.state,
        due_at_=stop.due_at or now,
        error_=stop.reason if stop.state != "ready" else None,
        given_back=1 if stop.state in ("ready", "waiting") else 0,
    )
