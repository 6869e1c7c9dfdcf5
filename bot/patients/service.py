"""Consent of an address, and the card staff keep of a person. Never commits."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, select, update

from bot.errors import BadInput
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Person

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_OPT_OUT = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(opted_out_at=bindparam("opted_out_at_"))
)
_OPTED_OUT = Hot(
    select(_conversation.c.opted_out_at).where(_conversation.c.id == bindparam("conversation_id"))
)
_LONGEST = {"name": 60, "phone": 30, "document": 40, "health_note": 2_000}


@dataclass(frozen=True, slots=True)
class Card:
    """What staff wrote down about the person behind a conversation; encrypted at rest."""

    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    document: str | None = field(default=None, repr=False)
    health_note: str | None = field(default=None, repr=False)


def opt_out(tx: Tx, conversation_id: int, at: datetime | None) -> None:
    """Stop proactive messages to this address from `at` on; None starts them again (RM-07)."""
    tx.run(_OPT_OUT, conversation_id=conversation_id, opted_out_at_=at)


def opted_out(tx: Tx, conversation_id: int) -> bool:
    """Say whether this address gets no proactive messages now."""
    row = tx.one(_OPTED_OUT, conversation_id=conversation_id)
    return row is not None and row.opted_out_at is not None


def card(tx: Tx, conversation_id: int) -> Card:
    """Return the card of a conversation's person; empty where nobody wrote one."""
    with tx.session() as session:
        conversation = session.get(Conversation, conversation_id)
        person = (
            session.get(Person, conversation.person_id)
            if conversation and conversation.person_id
            else None
        )
        if person is None:
            return Card()
        return Card(person.name, person.phone, person.document, person.health_note)


def write_card(tx: Tx, conversation_id: int, written: Card, *, actor: str, now: datetime) -> None:
    """Replace the card of a conversation's person; the change is audited by field names only.

    Raises:
        BadInput: a field is too long, or there is no such conversation (404).
    """
    values = {name: (getattr(written, name) or "").strip() or None for name in _LONGEST}
    for name, longest in _LONGEST.items():
        if len(values[name] or "") > longest:
            raise BadInput(f"{name}: at most {longest} characters")
    with tx.session() as session:
        conversation = session.get(Conversation, conversation_id)
        if conversation is None:
            raise BadInput("there is no such conversation", 404)
        person = session.get(Person, conversation.person_id) if conversation.person_id else None
        person = person or Person(updated_at=now)
        changed = [name for name in _LONGEST if getattr(person, name) != values[name]]
        for name in changed:
            setattr(person, name, values[name])
        phone = values["phone"]
        person.phone_index = tx.keyring.index(phone, "person.phone") if phone else None
        person.updated_at = now
        session.add(person)
        session.flush()
        conversation.person_id = person.id
        session.add(conversation)
    record(tx, now, actor, "card.write", conversation_id, ",".join(changed))
