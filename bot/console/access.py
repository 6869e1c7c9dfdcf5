"""Who may open which conversation (PR-10): those in a queue, flagged or claimed; others by reason.

A reason is an audit row, and that row is the permission: it lasts half an hour, for one person.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select

from bot.console.desk import NeedsReason, Problem
from bot.console.sessions import Signed
from bot.dialogue import sessions
from bot.dialogue.sessions import Session
from bot.handoff import service
from bot.handoff.service import Live
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Audit, Conversation
from bot.store.urgent_tables import RedFlag

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_flag = RedFlag.__table__  # type: ignore[attr-defined]
_audit = Audit.__table__  # type: ignore[attr-defined]

BREAK_GLASS = "conversation.break_glass"
GLASS_FOR = timedelta(minutes=30)
#: An acknowledged alarm keeps a conversation open to staff for one working day.
FLAGGED_FOR = timedelta(hours=12)
#: The audit keeps reasons readable, so they must not carry what is sealed elsewhere.
NUMBER = re.compile(r"\d[\d\s-]{5,}\d")

_OPENED = Hot(
    select(
        _conversation.c.id,
        _conversation.c.channel,
        _conversation.c.account,
        _conversation.c.holder,
        _conversation.c.hold_token,
        _conversation.c.last_seq,
        _conversation.c.session,
        _conversation.c.opted_out_at,
        _conversation.c.updated_at,
    ).where(_conversation.c.id == bindparam("conversation_id"))
)
_FLAGGED = Hot(
    select(_flag.c.id)
    .where(
        _flag.c.conversation_id == bindparam("conversation_id"),
        or_(_flag.c.acknowledged_at.is_(None), _flag.c.at > bindparam("since")),
    )
    .limit(1)
)
_REASON = Hot(
    select(_audit.c.id)
    .where(
        _audit.c.conversation_id == bindparam("conversation_id"),
        _audit.c.actor == bindparam("actor"),
        _audit.c.action == BREAK_GLASS,
        _audit.c.at > bindparam("since"),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation that somebody may see and act on."""

    id: int
    channel: str
    account: str
    holder: str
    hold_token: int
    last_seq: int
    session: Session
    opted_out_at: datetime | None
    case: Live | None


def enter(tx: Tx, conversation_id: int, signed: Signed, now: datetime, default_lang: str) -> Opened:
    """Return a conversation that `signed` may open.

    Raises:
        Problem: there is no such conversation (404).
        NeedsReason: it is in nobody's queue, and no reason was given lately (403).
    """
    row = tx.one(_OPENED, conversation_id=conversation_id)
    if row is None:
        raise Problem("no_conversation", 404)
    case = service.live(tx, conversation_id)
    if case is None and not _is_open_to(tx, conversation_id, signed, now):
        raise NeedsReason(f"/console/conversations/{conversation_id}")
    return _opened(row, case, now, default_lang)


def break_glass(tx: Tx, conversation_id: int, reason: str, signed: Signed, now: datetime) -> None:
    """Let `signed` open a conversation for a while, and write down why.

    Raises:
        Problem: there is no such conversation (404), or the reason holds somebody's number.
    """
    if NUMBER.search(reason):
        raise Problem("reason_has_number")
    if tx.one(_OPENED, conversation_id=conversation_id) is None:
        raise Problem("no_conversation", 404)
    record(tx, now, signed.actor, BREAK_GLASS, conversation_id, reason)


def _is_open_to(tx: Tx, conversation_id: int, signed: Signed, now: datetime) -> bool:
    if tx.one(_FLAGGED, conversation_id=conversation_id, since=now - FLAGGED_FOR) is not None:
        return True
    given = tx.one(
        _REASON, conversation_id=conversation_id, actor=signed.actor, since=now - GLASS_FOR
    )
    return given is not None


def _opened(row: Any, case: Live | None, now: datetime, default_lang: str) -> Opened:
    session = sessions.load(row.session, row.updated_at, now, default_lang)
    return Opened(
        row.id,
        row.channel,
        row.account,
        row.holder,
        row.hold_token,
        row.last_seq,
        session,
        row.opted_out_at,
        case,
    )
