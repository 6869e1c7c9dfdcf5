"""Addresses become one person's, by proof, and stop being hers when she says so. Never commits.

Whoever typed the code holds the phone and the conversation that asked: both addresses are hers from
then on. Whose card they get is decided by these rules, in this order:

1. The phone was proven before: the conversation joins that person. That is the proof, whatever the
   conversation was taken for.
2. Otherwise the card that staff wrote in the conversation is hers, then the one they wrote in the
   phone's own conversation, each only while nobody is proven to be behind it and it names no other
   phone.
3. Otherwise she gets a new card.

A card left over by this is joined to hers only where the two say nothing different; its row is gone
then. Else it is kept apart, unlinked, and the audit says so. Two proven persons are never joined:
a conversation that is somebody's already has to be unlinked first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from bot.errors import BadInput
from bot.message import Address
from bot.messages import fallback, inbox
from bot.patients import addresses, family
from bot.patients.binding_rules import may_join, order_of, phone_in
from bot.patients.codes import Carrier
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Person

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_person = Person.__table__  # type: ignore[attr-defined]

PATIENT = "patient"
_FIELDS = ("name", "phone", "document", "health_note")

_UNLINK = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(person_id=None, verified_at=None)
)
_ORDER = Hot(
    update(_person)
    .where(_person.c.id == bindparam("person_id"))
    .values(channel_order=bindparam("channel_order_"), updated_at=bindparam("updated_at_"))
)


class Outcome(StrEnum):
    """What became of a proof."""

    LINKED = "linked"
    SOMEBODY_ELSE = "somebody_else"  # this conversation is proven another person's


@dataclass(frozen=True, slots=True)
class Linked:
    """What a proof changed.

    Attributes:
        phone_conversation: the conversation of the phone itself.
        others: the person's other proven conversations, which should hear of the new one.
    """

    outcome: Outcome
    person_id: int = 0
    phone_conversation: int = 0
    others: tuple[int, ...] = ()


def link(
    tx: Tx,
    conversation_id: int,
    phone: str,
    carrier: Carrier,
    now: datetime,
    *,
    region: str | None = None,
) -> Linked:
    """Make a conversation and a phone one person's; call it only with a phone that a code proved.

    Args:
        phone: as E.164.
        region: how staff write phones on cards.
    """
    phone_conversation = inbox.conversation_at(
        tx, Address(carrier.channel, carrier.account, phone), now
    )
    with tx.session() as session:
        here = _locked(session, conversation_id)
        there = _locked(session, phone_conversation)
        known = _proven_with(tx, session, there, phone)
        if here.verified_at is not None and (known is None or here.person_id != known.id):
            return Linked(Outcome.SOMEBODY_ELSE)
        cards = _cards(session, here, there, known)
        usable = (card for card in cards if _is_of(card, phone, region))
        person = known or next(usable, None) or Person(updated_at=now)
        apart = [card for card in cards if card is not person]
        here.verified_at = there.verified_at = now
        _set_phone(tx, person, phone, now)
        session.add(person)
        session.flush()
        here.person_id = there.person_id = person.id
        session.add_all([here, there])
        session.flush()
        kept = [card.id for card in apart if not _join(session, person, card, phone, region)]
        person_id = int(person.id or 0)
    others = tuple(
        reach.conversation_id
        for reach in addresses.of_person(tx, person_id)
        if reach.verified_at and reach.conversation_id not in (conversation_id, phone_conversation)
    )
    for linked in (conversation_id, phone_conversation):
        record(tx, now, PATIENT, "address.link", linked, f"person {person_id}")
    for card_id in kept:
        record(tx, now, PATIENT, "card.apart", conversation_id, f"person {card_id}")
    family.proved(tx, conversation_id, phone, now)
    return Linked(Outcome.LINKED, person_id, phone_conversation, others)


def unlink(tx: Tx, conversation_id: int, now: datetime, *, actor: str = PATIENT) -> bool:
    """End that a conversation is its person's address; say whether it was.

    Her card stays hers, and so do the people she books for: this conversation sees them no more.
    """
    known = addresses.proven(tx, conversation_id)
    if known is None:
        return False
    tx.run(_UNLINK, conversation_id=conversation_id)
    left = addresses.of_person(tx, known.person_id)
    family.unlinked(
        tx, conversation_id, [reach.conversation_id for reach in left if reach.verified_at], now
    )
    fallback.forget(tx, conversation_id)
    record(tx, now, actor, "address.unlink", conversation_id, f"person {known.person_id}")
    return True


def prefer(tx: Tx, person_id: int, order: str | None, known: Sequence[str], now: datetime) -> None:
    """Set by which channels a person is reached, first one first; None: as the hospital does.

    Those that are not named follow in the hospital's own order.

    Raises:
        BadInput: a channel is not known, or named twice.
    """
    try:
        words = order_of(order, known)
    except ValueError as exc:
        raise BadInput("channel_order: names a channel twice, or one that is not known") from exc
    tx.run(_ORDER, person_id=person_id, channel_order_=words, updated_at_=now)


def _locked(session: Session, conversation_id: int) -> Conversation:
    """Return a conversation that nobody else changes until the end: of two proofs one is second."""
    query = select(Conversation).where(Conversation.id == conversation_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one()


def _proven_with(tx: Tx, session: Session, there: Conversation, phone: str) -> Person | None:
    """Return who proved this phone before, through whichever account its messages went."""
    if there.verified_at is not None:
        return session.get(Person, there.person_id)
    user_index = tx.keyring.index(phone, "conversation.user")
    query = (
        select(Person)
        .join(Conversation, col(Conversation.person_id) == col(Person.id))
        .where(
            Person.phone_index == tx.keyring.index(phone, "person.phone"),
            Conversation.channel == there.channel,
            Conversation.user_index == user_index,
            col(Conversation.verified_at).is_not(None),
        )
    )
    return session.exec(query.order_by(col(Conversation.verified_at).desc())).first()


def _cards(
    session: Session, here: Conversation, there: Conversation, known: Person | None
) -> list[Person]:
    """Return what staff wrote in the two conversations, of persons nobody is proven to be."""
    cards: list[Person] = []
    for conversation in (here, there):
        card = session.get(Person, conversation.person_id) if conversation.person_id else None
        if card is not None and card is not known and card not in cards:
            proven = select(Conversation.id).where(
                Conversation.person_id == card.id, col(Conversation.verified_at).is_not(None)
            )
            if session.exec(proven).first() is None:
                cards.append(card)
    return cards


def _is_of(card: Person, phone: str, region: str | None) -> bool:
    return not card.phone or phone_in(str(card.phone), region) == phone


def _join(session: Session, person: Person, card: Person, phone: str, region: str | None) -> bool:
    """Move what a card says to her own and delete it; say whether the two allowed that."""
    one, other = _filled(person), _filled(card)
    if _is_of(card, phone, region):
        other["phone"] = one["phone"]
    used = select(Conversation.id).where(Conversation.person_id == card.id)
    if not may_join(one, other) or session.exec(used).first() is not None:
        return False
    for name in _FIELDS:
        setattr(person, name, one[name] or other[name])
    person.channel_order = person.channel_order or card.channel_order
    session.add(person)
    session.delete(card)
    session.flush()
    return True


def _filled(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) or None for name in _FIELDS}


def _set_phone(tx: Tx, person: Person, phone: str, now: datetime) -> None:
    person.phone = phone
    person.phone_index = tx.keyring.index(phone, "person.phone")
    person.updated_at = now
