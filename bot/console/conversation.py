"""One conversation as staff see it. Seeing it writes an audit row in the same transaction (I9)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from bot.console.access import Opened
from bot.console.masks import masked_document, masked_name, masked_phone
from bot.console.sessions import Signed
from bot.messages import history
from bot.messages.history import Line
from bot.patients import service as patients
from bot.patients.service import Card
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import HandoffCase, Outbox, Staff
from bot.store.urgent_tables import RedFlag

_case = HandoffCase.__table__  # type: ignore[attr-defined]
_flag = RedFlag.__table__  # type: ignore[attr-defined]
_staff = Staff.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]

_CASES_SHOWN = 5
_FLAGS_SHOWN = 20
#: How many of the last messages are shown; the page says when there are older ones.
LINES_SHOWN = 400

_FLAGS = Hot(
    select(_flag.c.id, _flag.c.kind, _flag.c.rule, _flag.c.at, _flag.c.acknowledged_at,
           _staff.c.display_name.label("staff"))
    .join_from(_flag, _staff, _flag.c.staff_id == _staff.c.id, isouter=True)
    .where(_flag.c.conversation_id == bindparam("conversation_id"))
    .order_by(_flag.c.id.desc())
    .limit(bindparam("limit"))
)  # fmt: skip
_CASES = Hot(
    select(_case.c.id, _case.c.desk, _case.c.reason, _case.c.priority, _case.c.state, _case.c.note,
           _case.c.opened_at, _case.c.claimed_at, _case.c.closed_at,
           _staff.c.display_name.label("staff"))
    .join_from(_case, _staff, _case.c.staff_id == _staff.c.id, isouter=True)
    .where(_case.c.conversation_id == bindparam("conversation_id"))
    .order_by(_case.c.id.desc())
    .limit(bindparam("limit"))
)  # fmt: skip
_BY_STATE = Hot(
    select(_outbox.c.state, func.count().label("n"))
    .where(_outbox.c.conversation_id == bindparam("conversation_id"))
    .group_by(_outbox.c.state)
    .order_by(_outbox.c.state)
)


@dataclass(frozen=True, slots=True)
class Talk:
    """What changes while a conversation is looked at: both sides, alarms, who holds it.

    Attributes:
        state: changes whenever anything here did; names no content.
        unseen_flag: the newest alarm that nobody acknowledged, or None.
    """

    opened: Opened
    lines: Sequence[Line] = field(repr=False)
    flags: Sequence[Any]
    unseen_flag: int | None
    holder: str | None
    is_mine: bool
    state: str

    @property
    def is_cut(self) -> bool:
        """Whether there may be older messages than those shown."""
        return len(self.lines) >= LINES_SHOWN


@dataclass(frozen=True, slots=True)
class CardShown:
    """A person's card in full, what of it shows at a glance, and which writing of it this is."""

    card: Card = field(repr=False)
    masked: Sequence[str] = field(repr=False)
    version: str


def look(tx: Tx, opened: Opened, signed: Signed, now: datetime, how: str | None = None) -> Talk:
    """Return a conversation for `signed` to read; the look is audited."""
    record(tx, now, signed.actor, "conversation.view", opened.id, how)
    flags = tx.rows(_FLAGS, conversation_id=opened.id, limit=_FLAGS_SHOWN)
    unseen = [flag.id for flag in flags if flag.acknowledged_at is None]
    case = opened.case
    is_mine = case is not None and case.state == "claimed" and case.staff_id == signed.staff_id
    return Talk(
        opened,
        history.lines(tx, opened.id, LINES_SHOWN),
        flags,
        max(unseen, default=None),
        holder_of(tx, opened),
        is_mine,
        state_of(tx, opened),
    )


def state_of(tx: Tx, opened: Opened) -> str:
    """Return a word that changes whenever something was said, delivered or handed over."""
    by_state = tx.rows(_BY_STATE, conversation_id=opened.id)
    sent = "-".join(f"{row.state[0]}{row.state[-1]}{row.n}" for row in by_state)
    flags = tx.rows(_FLAGS, conversation_id=opened.id, limit=_FLAGS_SHOWN)
    seen = sum(flag.acknowledged_at is not None for flag in flags)
    return f"{opened.last_seq}.{opened.hold_token}.{sent}.{len(flags)}.{seen}"


def cases(tx: Tx, conversation_id: int) -> Sequence[Any]:
    """Return the last cases of a conversation with their notes, newest first."""
    return tx.rows(_CASES, conversation_id=conversation_id, limit=_CASES_SHOWN)


def holder_of(tx: Tx, opened: Opened) -> str | None:
    """Return the name of the member of staff who holds a conversation, or None."""
    if opened.case is None or opened.case.staff_id is None:
        return None
    newest = tx.rows(_CASES, conversation_id=opened.id, limit=1)
    return str(newest[0].staff) if newest else None


def look_at_card(tx: Tx, conversation_id: int, signed: Signed, now: datetime) -> CardShown:
    """Return the card of a conversation's person; the look is audited by field names."""
    card = patients.card(tx, conversation_id)
    filled = [name for name in ("name", "phone", "document", "health_note") if getattr(card, name)]
    if filled:
        record(tx, now, signed.actor, "card.view", conversation_id, ",".join(filled))
    masked = [
        masked_name(card.name) if card.name else "",
        masked_phone(card.phone) if card.phone else "",
        masked_document(card.document) if card.document else "",
    ]
    return CardShown(card, [word for word in masked if word], version_of(tx, card))


def version_of(tx: Tx, card: Card) -> str:
    """Return a digest of what a card says, so that a later writing of it is noticed."""
    words = json.dumps([card.name, card.phone, card.document, card.health_note])
    return tx.keyring.index(words, "card.version")
