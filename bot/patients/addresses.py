"""The addresses of a person: which are proven hers, and how they can be reached."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, select

from bot.message import Worded
from bot.messages import outbox
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Person

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_person = Person.__table__  # type: ignore[attr-defined]

_PROVEN = Hot(
    select(
        _conversation.c.channel,
        _conversation.c.account,
        _conversation.c.verified_at,
        _person.c.id.label("person_id"),
        _person.c.phone,
        _person.c.channel_order,
    )
    .join_from(_conversation, _person, _conversation.c.person_id == _person.c.id)
    .where(
        _conversation.c.id == bindparam("conversation_id"), _conversation.c.verified_at.is_not(None)
    )
)
_BELIEVED = Hot(
    select(_person.c.id, _person.c.channel_order)
    .join_from(_conversation, _person, _conversation.c.person_id == _person.c.id)
    .where(_conversation.c.id == bindparam("conversation_id"))
)
_OF_PERSON = Hot(
    select(
        _conversation.c.id,
        _conversation.c.channel,
        _conversation.c.account,
        _conversation.c.user,
        _conversation.c.verified_at,
        _conversation.c.unreachable_at,
        _conversation.c.opted_out_at,
    )
    .where(_conversation.c.person_id == bindparam("person_id"))
    .order_by(_conversation.c.id)
)
_CHANNEL = Hot(
    select(_conversation.c.channel).where(_conversation.c.id == bindparam("conversation_id"))
)


@dataclass(frozen=True, slots=True)
class Proven:
    """The person whose address a conversation is, because she proved it.

    Attributes:
        phone: E.164; what she proved it with.
        order: the channels she wants to be reached by, first one first; empty for the hospital's own.
    """

    person_id: int
    phone: str = field(repr=False)
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """One address of a person.

    Attributes:
        verified_at: when she proved that it is hers; None where staff only believe so.
    """

    conversation_id: int
    channel: str
    account: str
    user: str = field(repr=False)
    verified_at: datetime | None
    unreachable_at: datetime | None
    opted_out_at: datetime | None


def proven(tx: Tx, conversation_id: int) -> Proven | None:
    """Return whose address a conversation is, or None where nobody proved anything.

    Every look at private data of a patient starts here (I7); `Conversation.person_id` alone is what
    staff believe.
    """
    row = tx.one(_PROVEN, conversation_id=conversation_id)
    if row is None:
        return None
    return Proven(row.person_id, row.phone or "", tuple((row.channel_order or "").split()))


def believed(tx: Tx, conversation_id: int) -> tuple[int, tuple[str, ...]] | None:
    """Return (person, her order of channels) of whom staff take a patient for; proves nothing."""
    row = tx.one(_BELIEVED, conversation_id=conversation_id)
    return (row.id, tuple((row.channel_order or "").split())) if row else None


def channel_name(tx: Tx, conversation_id: int) -> str:
    """Return the channel of a conversation."""
    return str(tx.one(_CHANNEL, conversation_id=conversation_id).channel)


def of_person(tx: Tx, person_id: int) -> Sequence[Reach]:
    """Return every address of a person, in the order they were opened."""
    return [Reach(*row) for row in tx.rows(_OF_PERSON, person_id=person_id)]


def of_conversation(tx: Tx, conversation_id: int) -> Sequence[Reach]:
    """Return every address of the person behind a conversation; none where nobody is known."""
    row = tx.one(_BELIEVED, conversation_id=conversation_id)
    return of_person(tx, row.id) if row else []


def tell(tx: Tx, conversation_id: int, worded: Worded, now: datetime, *, pull: bool) -> None:
    """Store one message for another conversation than the one whose turn it is; for it alone."""
    place = outbox.next_place(tx, conversation_id)
    outbox.enqueue(tx, conversation_id, place, worded, now, pull=pull, only_here=True)
