"""A short code for changes by text message: a sender's number can be forged, an answer not overheard.

The code stands in our question. Whoever only pretends to be the phone's owner never sees it; of the
code itself a keyed digest is kept, with the question. Three wrong answers end the question, and after
three such questions within a day it takes a person.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from sqlalchemy import bindparam, func, select

from bot.store.audit import record
from bot.store.columns import UtcDateTime
from bot.store.db import Tx
from bot.store.keyring import Keyring
from bot.store.statements import Hot
from bot.store.tables import Audit

TRIES = 3
USED_UP = "appointment.codes_used_up"
_MOST_A_DAY = 3
_PURPOSE = "changes.code"
_DIGITS = 4
_CODE = re.compile(rf"(?<!\d)\d{{{_DIGITS}}}(?!\d)")
_audit = Audit.__table__  # type: ignore[attr-defined]

_USED_UP_SINCE = Hot(
    select(func.count().label("n")).where(
        _audit.c.conversation_id == bindparam("conversation_id"),
        _audit.c.action == USED_UP,
        _audit.c.at > bindparam("since", type_=UtcDateTime),
    )
)


def new_code() -> str:
    """Return four digits; none that could be taken for a choice from a list."""
    return str(secrets.randbelow(9 * 10 ** (_DIGITS - 1)) + 10 ** (_DIGITS - 1))


def digest(keyring: Keyring, conversation_id: int, appointment_id: int, code: str) -> str:
    """Return what is kept of a code: good for one visit in one conversation."""
    return keyring.index(f"{conversation_id}.{appointment_id}.{code}", _PURPOSE)


def code_in(text: str) -> str | None:
    """Return the code that a message holds; None where it holds none, or two."""
    found = set(_CODE.findall(text))
    return found.pop() if len(found) == 1 else None


def is_right(keyring: Keyring, conversation_id: int, named: Mapping[str, Any], code: str) -> bool:
    """Say whether a code is the one that the question `named` asks for."""
    known = str(named.get("code", ""))
    return compare_digest(digest(keyring, conversation_id, int(named["id"]), code), known)


def use_up(tx: Tx, conversation_id: int, now: datetime) -> None:
    """Note that the tries of one question were all wrong."""
    record(tx, now, "patient", USED_UP, conversation_id)


def needs_person(tx: Tx, conversation_id: int, now: datetime) -> bool:
    """Say whether so much was guessed here within a day that only a person can go on."""
    used = tx.one(_USED_UP_SINCE, conversation_id=conversation_id, since=now - timedelta(days=1))
    return int(used.n) >= _MOST_A_DAY
