"""Signed-in browsers: kept on the server, found by a digest of their cookie."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, or_, select, update

from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Staff, StaffSession

_session = StaffSession.__table__  # type: ignore[attr-defined]
_staff = Staff.__table__  # type: ignore[attr-defined]

COOKIE = "daoyi_staff"
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
#: Looking at pages moves `seen_at` at most this often.
_TOUCH_EVERY = timedelta(minutes=1)
_PURPOSE = "staff_session"

_OPEN = Hot(
    insert(_session).values(
        staff_id=bindparam("staff_id"),
        token_index=bindparam("token_index"),
        csrf=bindparam("csrf"),
        created_at=bindparam("created_at"),
        seen_at=bindparam("seen_at"),
    )
)
_FIND = Hot(
    select(
        _session.c.id,
        _session.c.csrf,
        _session.c.created_at,
        _session.c.seen_at,
        _staff.c.id.label("staff_id"),
        _staff.c.username,
        _staff.c.display_name,
        _staff.c.role,
    )
    .join_from(_session, _staff)
    .where(_session.c.token_index == bindparam("token_index"), _staff.c.active.is_(True))
)
_TOUCH = Hot(
    update(_session)
    .where(_session.c.id == bindparam("session_id"))
    .values(seen_at=bindparam("seen_at_"))
)
_END = Hot(delete(_session).where(_session.c.token_index == bindparam("token_index")))
_SWEEP = Hot(
    delete(_session).where(
        or_(
            _session.c.created_at < bindparam("opened_by"),
            _session.c.seen_at < bindparam("seen_by"),
        )
    )
)


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is signed in, in one browser.

    Attributes:
        csrf: every form of this session carries it.
        seen_at: when this session was last used by a person.
    """

    session_id: int
    staff_id: int
    username: str
    display_name: str
    role: str
    seen_at: datetime
    csrf: str = field(repr=False)

    @property
    def actor(self) -> str:
        """How the audit calls this person."""
        return f"staff:{self.username}"

    @property
    def supervises(self) -> bool:
        """Whether this person sees what colleagues opened with a reason."""
        return self.role == "supervisor"


def start(tx: Tx, staff_id: int, now: datetime, *, instead_of: str | None = None) -> str:
    """Open a session with a new token and return that; `instead_of` and stale ones end."""
    if instead_of:
        end(tx, instead_of)
    tx.run(_SWEEP, opened_by=now - LONGEST, seen_by=now - IDLE)
    token = secrets.token_urlsafe(32)
    tx.run(
        _OPEN,
        staff_id=staff_id,
        token_index=tx.keyring.index(token, _PURPOSE),
        csrf=secrets.token_urlsafe(32),
        created_at=now,
        seen_at=now,
    )
    return token


def find(tx: Tx, token: str, now: datetime) -> Signed | None:
    """Return who holds `token`, or None when it is unknown, idle too long or too old."""
    row = tx.one(_FIND, token_index=tx.keyring.index(token, _PURPOSE))
    if row is None or now - row.seen_at > IDLE or now - row.created_at > LONGEST:
        return None
    return Signed(
        row.id, row.staff_id, row.username, row.display_name, row.role, row.seen_at, row.csrf
    )


def is_stale(signed: Signed, now: datetime) -> bool:
    """Say whether it is time to write down that the session is in use."""
    return now - signed.seen_at > _TOUCH_EVERY


def touch(tx: Tx, signed: Signed, now: datetime) -> None:
    """Write down that the session is in use."""
    tx.run(_TOUCH, session_id=signed.session_id, seen_at_=now)


def end(tx: Tx, token: str) -> None:
    """Forget a session; its cookie opens nothing any more."""
    tx.run(_END, token_index=tx.keyring.index(token, _PURPOSE))
