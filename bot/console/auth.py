"""Who may sign in: accounts, passwords, and how often somebody may guess."""

import asyncio
import re
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import delete
from sqlmodel import Session, select

from bot.errors import BadInput
from bot.store.tables import Audit, Staff, StaffSession

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
ROLES = ("agent", "supervisor")
PASSWORD_SHORTEST = 10
PASSWORD_LONGEST = 200
NAME_LONGEST = 60
#: Wrong tries a minute: for one account, and from one address.
ACCOUNT_TRIES = 5
ADDRESS_TRIES = 20
#: A hash takes 32 MB and tens of milliseconds: two at once, the rest wait.
_AT_ONCE = 2
_HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
_OPERATOR = "operator"


class Passwords:
    """Checks passwords beside the event loop, at most two at once."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="daoyi-password")
        self._nobody = self._pool.submit(_HASHER.hash, secrets.token_hex())

    async def match(self, known: str | None, password: str) -> bool:
        """Say whether `password` is behind `known`; None takes as long and is never right."""
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, self._match, known, password
        )

    def _match(self, known: str | None, password: str) -> bool:
        try:
            _HASHER.verify(known or self._nobody.result(), _same(password))
        except (VerificationError, InvalidHashError):
            return False
        return known is not None


class Attempts:
    """Counts wrong tries in this process; a try counts until it turned out right."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._account = RateLimitItemPerMinute(ACCOUNT_TRIES, namespace="console-account")
        self._address = RateLimitItemPerMinute(ADDRESS_TRIES, namespace="console-address")

    def begin(self, username: str, address: str) -> bool:
        """Count a try; say whether it may go on. An address that is blocked blocks no account."""
        return self._limiter.hit(self._address, address) and self._limiter.hit(
            self._account, username
        )

    def was_right(self, username: str, address: str) -> None:
        """Take a try back that was not wrong."""
        self._storage.decr(self._address.key_for(address))
        self._storage.decr(self._account.key_for(username))


def add_staff(
    session: Session, username: str, display_name: str, password: str, role: str, now: datetime
) -> int:
    """Let somebody sign in; return the id of the account.

    Args:
        display_name: what patients and colleagues see.

    Raises:
        BadInput: a field is not usable, or the name is taken (409).
    """
    username, display_name = username.strip(), display_name.strip()
    if not USERNAME.fullmatch(username):
        raise BadInput(
            "username: 2 to 40 of a-z, 0-9, dot, dash, underscore, beginning with a letter or digit"
        )
    if not 1 <= len(display_name) <= NAME_LONGEST or not display_name.isprintable():
        raise BadInput(f"display name: 1 to {NAME_LONGEST} characters in one line")
    if role not in ROLES:
        raise BadInput(f"role: expected one of {', '.join(ROLES)}")
    hashed = _hash(password)
    if _account(session, username) is not None:
        raise BadInput(f"username: {username} is taken", 409)
    staff = Staff(
        username=username,
        display_name=display_name,
        role=role,
        password_hash=hashed,
        created_at=now,
    )
    session.add(staff)
    _note(session, now, "staff.add", username)
    session.flush()
    if staff.id is None:
        raise TypeError("the database gave no id")
    return staff.id


def set_password(session: Session, username: str, password: str, now: datetime) -> None:
    """Give somebody a new password; all of that person's sessions end.

    Raises:
        BadInput: the password is not usable, or nobody is called so (404).
    """
    hashed = _hash(password)
    staff = _known(session, username)
    staff.password_hash = hashed
    session.add(staff)
    _end_sessions(session, staff)
    _note(session, now, "staff.password", staff.username)


def deactivate(session: Session, username: str, now: datetime) -> None:
    """Let somebody sign in no more; all of that person's sessions end, the account's past stays.

    Raises:
        BadInput: nobody is called so (404).
    """
    staff = _known(session, username)
    staff.active = False
    session.add(staff)
    _end_sessions(session, staff)
    _note(session, now, "staff.deactivate", staff.username)


def _hash(password: str) -> str:
    if not PASSWORD_SHORTEST <= len(_same(password)) <= PASSWORD_LONGEST:
        raise BadInput(f"password: {PASSWORD_SHORTEST} to {PASSWORD_LONGEST} characters")
    return _HASHER.hash(_same(password))


def _same(password: str) -> str:
    """Return one spelling of what several keyboards write differently (full-width letters)."""
    return unicodedata.normalize("NFKC", password)


def _account(session: Session, username: str) -> Staff | None:
    return session.exec(select(Staff).where(Staff.username == username)).first()


def _known(session: Session, username: str) -> Staff:
    staff = _account(session, username.strip())
    if staff is None:
        raise BadInput("username: nobody is called so", 404)
    return staff


def _end_sessions(session: Session, staff: Staff) -> None:
    session.exec(delete(StaffSession).where(StaffSession.staff_id == staff.id))  # type: ignore[arg-type]


def _note(session: Session, now: datetime, action: str, username: str) -> None:
    session.add(Audit(at=now, actor=_OPERATOR, action=action, detail=username))
