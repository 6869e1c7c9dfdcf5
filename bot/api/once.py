"""A change asked for twice with one `Idempotency-Key` happens once, and is answered alike."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Header
from sqlalchemy import bindparam, delete, insert, select

from bot.errors import BadInput
from bot.store.booking_tables import OperatorRequest
from bot.store.db import Tx
from bot.store.statements import Hot

#: For how long an answer is remembered.
KEPT = timedelta(days=7)

#: The header, as OpenAPI shows it.
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200,
        description="Names this change; the same key again gives the same answer and changes nothing.",
    ),
]  # fmt: skip

_request = OperatorRequest.__table__  # type: ignore[attr-defined]
_FIND = Hot(
    select(_request.c.asked, _request.c.answer).where(
        _request.c.key == bindparam("key"), _request.c.at > bindparam("since")
    )
)
_FORGET = Hot(delete(_request).where(_request.c.at <= bindparam("until")))
_KEEP = Hot(
    insert(_request).values(
        key=bindparam("key"),
        asked=bindparam("asked"),
        answer=bindparam("answer"),
        at=bindparam("at"),
    )
)

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a change.

    Attributes:
        what: the route and whatever in its path says what is meant.
        body: what was sent, in one spelling.
    """

    key: str | None
    what: str
    body: str


def once(tx: Tx, asked: Asked, now: datetime, act: Callable[[], Answer]) -> Answer:
    """Do `act`, or answer as before where the same was asked with the same key.

    Raises:
        BadInput: the key was used for something else (409).
    """
    if asked.key is None:
        return act()
    key = tx.keyring.index(asked.key, "operator_request.key")
    digest = tx.keyring.index(f"{asked.what}\n{asked.body}", "operator_request.asked")
    before = tx.one(_FIND, key=key, since=now - KEPT)
    if before is not None:
        if before.asked != digest:
            raise BadInput("Idempotency-Key: was used for another change; give each its own", 409)
        known: Answer = json.loads(before.answer)
        return known
    answer = act()
    tx.run(_FORGET, until=now - KEPT)
    tx.run(_KEEP, key=key, asked=digest, answer=json.dumps(answer, default=str), at=now)
    return answer
