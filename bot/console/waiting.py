"""Who waits: alarms, open cases, what I hold, what was closed. Nothing names a person (PR-04)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, select

from bot.console.access import BREAK_GLASS
from bot.console.times import WAIT_LIMITS, is_late
from bot.message import Kind
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Audit, Conversation, HandoffCase, Inbox, Outbox, Staff
from bot.store.urgent_tables import RedFlag

_case = HandoffCase.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_flag = RedFlag.__table__  # type: ignore[attr-defined]
_staff = Staff.__table__  # type: ignore[attr-defined]
_inbox = Inbox.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]
_audit = Audit.__table__  # type: ignore[attr-defined]

_SHOWN = 200
_CLOSED_SHOWN = 20
_CLOSED_FOR = timedelta(hours=24)
_GLASS_FOR = timedelta(hours=24)
_AUDIT_LOOKED_THROUGH = 20_000

_FLAGS = Hot(
    select(
        _flag.c.conversation_id,
        _flag.c.kind,
        _flag.c.at,
        _conversation.c.channel,
        _staff.c.display_name.label("staff"),
    )
    .join_from(_flag, _conversation)
    .outerjoin(
        _case, and_(_case.c.conversation_id == _flag.c.conversation_id, _case.c.state == "claimed")
    )
    .outerjoin(_staff, _staff.c.id == _case.c.staff_id)
    .where(_flag.c.acknowledged_at.is_(None))
    .order_by(_flag.c.at)
    .limit(bindparam("limit"))
)
_LIVE = Hot(
    select(
        _case.c.id,
        _case.c.conversation_id,
        _case.c.state,
        _case.c.desk,
        _case.c.reason,
        _case.c.priority,
        _case.c.token,
        _case.c.staff_id,
        _case.c.opened_at,
        _case.c.claimed_at,
        _conversation.c.channel,
        _staff.c.display_name.label("staff"),
    )
    .join_from(_case, _conversation)
    .outerjoin(_staff, _staff.c.id == _case.c.staff_id)
    .where(_case.c.state != "closed")
    .order_by(_case.c.priority, _case.c.opened_at)
    .limit(bindparam("limit"))
)
_CLOSED = Hot(
    select(
        _case.c.id,
        _case.c.conversation_id,
        _case.c.desk,
        _case.c.reason,
        _case.c.closed_at,
        _conversation.c.channel,
        _staff.c.display_name.label("staff"),
    )
    .join_from(_case, _conversation)
    .outerjoin(_staff, _staff.c.id == _case.c.staff_id)
    .where(_case.c.state == "closed")
    .order_by(_case.c.id.desc())
    .limit(bindparam("limit"))
)
_ASKED_AT = Hot(
    select(func.max(_inbox.c.received_at).label("at")).where(
        _inbox.c.conversation_id == bindparam("conversation_id")
    )
)
_ANSWERED_AT = Hot(
    select(func.max(_outbox.c.created_at).label("at")).where(
        _outbox.c.conversation_id == bindparam("conversation_id"),
        _outbox.c.kind == Kind.STAFF.value,
    )
)
_NEWEST_AUDIT = Hot(select(func.max(_audit.c.id).label("id")))
_GLASS = Hot(
    select(_audit.c.at, _audit.c.actor, _audit.c.conversation_id, _audit.c.detail)
    .where(
        _audit.c.id > bindparam("after"),
        _audit.c.action == bindparam("action"),
        _audit.c.at > bindparam("since"),
    )
    .order_by(_audit.c.id.desc())
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Flagged:
    """A conversation with alarms that nobody acknowledged yet (P0)."""

    conversation_id: int
    channel: str
    kinds: tuple[str, ...]
    since: datetime
    late: bool
    staff: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """One live case as a list may show it.

    Attributes:
        since: when the patient began to wait; None where nothing is unanswered.
        late: it waits longer than its priority allows (HO-02).
    """

    case_id: int
    conversation_id: int
    channel: str
    desk: str
    reason: str
    priority: int
    token: int
    since: datetime | None
    late: bool
    staff: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The desk at one moment."""

    flagged: Sequence[Flagged]
    open: Sequence[Case]
    mine: Sequence[Case]
    others: Sequence[Case]
    closed: Sequence[Any]
    opened_with_reason: Sequence[Any]


def waiting(tx: Tx, staff_id: int, now: datetime, *, supervises: bool) -> Waiting:
    """Return the queue as one member of staff sees it; supervisors see who broke the glass, too."""
    rows = tx.rows(_LIVE, limit=_SHOWN)
    mine = [row for row in rows if row.staff_id == staff_id]
    closed = [r for r in tx.rows(_CLOSED, limit=_CLOSED_SHOWN) if now - r.closed_at < _CLOSED_FOR]
    return Waiting(
        _flagged(tx.rows(_FLAGS, limit=_SHOWN), now),
        [_case_of(row, row.opened_at, now) for row in rows if row.state == "open"],
        [_case_of(row, _unanswered(tx, row), now) for row in mine],
        [
            _case_of(row, row.claimed_at, now)
            for row in rows
            if row.state == "claimed" and row.staff_id != staff_id
        ],
        closed,
        _broken_glass(tx, now) if supervises else (),
    )


def _flagged(rows: Iterable[Any], now: datetime) -> list[Flagged]:
    by_conversation: dict[int, list[Any]] = {}
    for row in rows:
        by_conversation.setdefault(row.conversation_id, []).append(row)
    return [
        Flagged(
            conversation_id,
            flags[0].channel,
            tuple(dict.fromkeys(flag.kind for flag in flags)),
            flags[0].at,
            now - flags[0].at > WAIT_LIMITS[0],
            flags[0].staff,
        )
        for conversation_id, flags in by_conversation.items()
    ]


def _case_of(row: Any, since: datetime | None, now: datetime) -> Case:
    return Case(
        row.id,
        row.conversation_id,
        row.channel,
        row.desk,
        row.reason,
        row.priority,
        row.token,
        since,
        since is not None and row.state == "open" and is_late(row.priority, since, now),
        row.staff,
    )


def _unanswered(tx: Tx, row: Any) -> datetime | None:
    """Return when the patient last wrote, if nobody answered since."""
    asked = tx.one(_ASKED_AT, conversation_id=row.conversation_id).at
    answered = tx.one(_ANSWERED_AT, conversation_id=row.conversation_id).at
    if asked is None or (answered is not None and answered >= asked):
        return None
    return asked if isinstance(asked, datetime) else None


def _broken_glass(tx: Tx, now: datetime) -> Sequence[Any]:
    after = (tx.one(_NEWEST_AUDIT).id or 0) - _AUDIT_LOOKED_THROUGH
    return tx.rows(
        _GLASS,
        after=max(0, after),
        action=BREAK_GLASS,
        since=now - _GLASS_FOR,
        limit=_CLOSED_SHOWN,
    )
