"""One-time codes: made, sent to a phone, guessed at, ended. Never commits.

Only a keyed digest of a code is kept, bound to the conversation that asked and to the phone. A code
is good for five minutes and five guesses, once; a newer one of the same conversation ends it. The
message that carries it is never sent again and never by another channel.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest

from sqlalchemy import bindparam, delete, insert, select, update

from bot.message import Address, Kind, Template, Worded
from bot.messages import inbox, outbox
from bot.patients.binding_rules import (
    ALL_RATE,
    CODE_FOR,
    DIGITS,
    REMEMBERED,
    TRIES,
    wait_for,
    wait_for_all,
)
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import OneTimeCode

_code = OneTimeCode.__table__  # type: ignore[attr-defined]
_old = _code.alias("old")

#: The template's name, here and in an account's configuration; its fields are `code` and `minutes`.
TEMPLATE = "one_time_code"
_KEPT_FOR = timedelta(days=2)
_FORGOTTEN_AT_ONCE = 50

_SENT_TO = Hot(
    select(_code.c.created_at)
    .where(_code.c.phone_index == bindparam("phone_index"))
    .order_by(_code.c.id.desc())
    .limit(bindparam("limit"))
)
_SENT_FOR = Hot(
    select(_code.c.created_at)
    .where(_code.c.conversation_id == bindparam("conversation_id"))
    .order_by(_code.c.id.desc())
    .limit(bindparam("limit"))
)
_SENT_BEFORE = Hot(
    select(_code.c.created_at)
    .order_by(_code.c.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("back"))
)
_STORE = Hot(
    insert(_code).values(
        conversation_id=bindparam("conversation_id"),
        phone=bindparam("phone"),
        phone_index=bindparam("phone_index"),
        code_index=bindparam("code_index"),
        tries=0,
        created_at=bindparam("created_at"),
        expires_at=bindparam("expires_at"),
    )
)
_LAST = Hot(
    select(
        _code.c.id, _code.c.phone, _code.c.phone_index, _code.c.code_index,
        _code.c.expires_at, _code.c.ended_at,
    )
    .where(_code.c.conversation_id == bindparam("conversation_id"))
    .order_by(_code.c.id.desc())
    .limit(1)
)  # fmt: skip
_TRY = Hot(
    update(_code)
    .where(
        _code.c.id == bindparam("code_id"),
        _code.c.tries < bindparam("most"),
        _code.c.ended_at.is_(None),
    )
    .values(tries=_code.c.tries + 1)
    .returning(_code.c.tries)
)
_END = Hot(
    update(_code)
    .where(_code.c.conversation_id == bindparam("conversation_id_"), _code.c.ended_at.is_(None))
    .values(ended_at=bindparam("ended_at_"))
)
#: A phone is not kept longer than its limits need it.
_FORGET = Hot(
    delete(_code).where(
        _code.c.created_at < bindparam("before"),
        _code.c.id.in_(select(_old.c.id).order_by(_old.c.id).limit(bindparam("limit"))),
    )
)


@dataclass(frozen=True, slots=True)
class Carrier:
    """The account that carries codes to phones: of a channel whose addresses are phone numbers.

    Attributes:
        pull: whether storing a message there is sending it (`Limits.pull`).
    """

    channel: str
    account: str
    pull: bool = False


class Guess(StrEnum):
    """What became of a guess."""

    RIGHT = "right"
    WRONG = "wrong"
    USED_UP = "used_up"  # that was the last try
    EXPIRED = "expired"
    NONE = "none"  # no code is waited for here


@dataclass(frozen=True, slots=True)
class Guessed:
    """What became of a guess, how many more there are, and the phone that a right one proves."""

    guess: Guess
    left: int = 0
    phone: str = field(default="", repr=False)


def send(
    tx: Tx,
    conversation_id: int,
    phone: str,
    carrier: Carrier,
    word: Callable[[str], str],
    now: datetime,
) -> timedelta:
    """Send a new code to `phone` for a conversation, unless too many went; return how long to wait.

    Zero means that one is on its way; then the conversation's earlier codes are dead. The answer is
    the same for a phone that the hospital knows and for one it does not.

    Args:
        word: makes the message of a code; it must not say anything about health.
    """
    back = {"back": ALL_RATE[1] - 1, "limit": 1}
    earlier = tx.one(_SENT_BEFORE, **back)
    sent = tx.rows(_SENT_FOR, conversation_id=conversation_id, limit=REMEMBERED)
    wait = max(
        wait_for(now, [row.created_at for row in sent]),
        wait_for_all(now, earlier.created_at if earlier else None),
    )
    if wait:
        return wait
    # Taking the place locks the phone's row: of two conversations that ask at once, one counts first.
    place = inbox.place_of(tx, Address(carrier.channel, carrier.account, phone), now)
    phone_index = tx.keyring.index(phone, "one_time_code.phone")
    to_phone = tx.rows(_SENT_TO, phone_index=phone_index, limit=REMEMBERED)
    if wait := wait_for(now, [row.created_at for row in to_phone]):
        return wait
    end(tx, conversation_id, now)
    tx.run(_FORGET, before=now - _KEPT_FOR, limit=_FORGOTTEN_AT_ONCE)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    tx.run(
        _STORE,
        conversation_id=conversation_id,
        phone=phone,
        phone_index=phone_index,
        code_index=_index(tx, conversation_id, phone_index, code),
        created_at=now,
        expires_at=now + CODE_FOR,
    )
    values = {"code": code, "minutes": str(CODE_FOR // timedelta(minutes=1))}
    outbox.enqueue(
        tx,
        place.conversation_id,
        place.seq,
        Worded(word(code), Kind.NOTICE, template=Template(TEMPLATE, values)),
        now,
        pull=carrier.pull,
        expires_at=now + CODE_FOR,
        only_here=True,
    )
    return timedelta()


def guess(tx: Tx, conversation_id: int, code: str, now: datetime) -> Guessed:
    """Try a code. A right one, the last wrong one and a late one end what was sent."""
    row = tx.one(_LAST, conversation_id=conversation_id)
    if row is None or row.ended_at is not None:
        return Guessed(Guess.NONE)
    if now > row.expires_at:
        end(tx, conversation_id, now)
        return Guessed(Guess.EXPIRED)
    tried = tx.one(_TRY, code_id=row.id, most=TRIES)
    if tried is None:
        return Guessed(Guess.NONE)
    if compare_digest(_index(tx, conversation_id, row.phone_index, code), row.code_index):
        end(tx, conversation_id, now)
        return Guessed(Guess.RIGHT, phone=row.phone)
    if tried.tries >= TRIES:
        end(tx, conversation_id, now)
        return Guessed(Guess.USED_UP)
    return Guessed(Guess.WRONG, TRIES - tried.tries)


def last_phone(tx: Tx, conversation_id: int) -> str | None:
    """Return the phone that a conversation's last code went to, so that it need not be typed twice."""
    row = tx.one(_LAST, conversation_id=conversation_id)
    return str(row.phone) if row else None


def end(tx: Tx, conversation_id: int, now: datetime) -> None:
    """End every code that a conversation waits for."""
    tx.run(_END, conversation_id_=conversation_id, ended_at_=now)


def _index(tx: Tx, conversation_id: int, phone_index: str, code: str) -> str:
    """Return the digest under which a code is kept; it is worth nothing anywhere else."""
    return tx.keyring.index(f"{conversation_id}:{phone_index}:{code}", "one_time_code.code")
