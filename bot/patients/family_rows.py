"""The rows of patients and of who may book for them; what may be done is decided in `family`."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO NOTHING

from bot.patients import addresses
from bot.patients.documents import Document, canonical, reread, with_birth
from bot.store import many
from bot.store.booking_tables import Appointment, FamilyMember, Patient
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Person

_member = FamilyMember.__table__  # type: ignore[attr-defined]
_patient = Patient.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_person = Person.__table__  # type: ignore[attr-defined]
_appointment = Appointment.__table__  # type: ignore[attr-defined]

_PLACES = range(1, 6)

_SHOWN = (
    select(
        _member.c.id,
        _member.c.patient_id,
        _member.c.relation,
        _member.c.guardian_id,
        _member.c.verified_at,
        _patient.c.name,
        _patient.c.document_kind,
        _patient.c.document,
        _patient.c.born,
        _patient.c.frail,
    )
    .join_from(_member, _patient, _member.c.patient_id == _patient.c.id)
    .where(_member.c.ended_at.is_(None))
    .order_by(_member.c.id)
)
_LIVE_HERE = Hot(_SHOWN.where(_member.c.conversation_id == bindparam("conversation_id")))
_LIVE_OF_PERSON = Hot(
    _SHOWN.join(_conversation, _member.c.conversation_id == _conversation.c.id).where(
        _conversation.c.person_id == bindparam("person_id"),
        _conversation.c.verified_at.is_not(None),
    )
)
_THESE = Hot(
    select(
        _patient.c.id, _patient.c.document_kind, _patient.c.document, _patient.c.born,
        _patient.c.frail,
    ).where(many.among(_patient.c.id))
)  # fmt: skip
_WITH_DOCUMENT = Hot(
    select(_patient.c.id, _patient.c.name, _patient.c.phone).where(
        _patient.c.document_index == bindparam("document_index")
    )
)
_MAKE = Hot(
    insert(_patient)
    .values(
        name=bindparam("name"),
        document_kind=bindparam("document_kind"),
        document=bindparam("document"),
        document_index=bindparam("document_index"),
        born=bindparam("born"),
        phone=bindparam("phone"),
        phone_index=bindparam("phone_index"),
        insurance=bindparam("insurance"),
        frail=False,
        created_at=bindparam("created_at"),
        updated_at=bindparam("updated_at"),
    )
    .on_conflict_do_nothing()
    .returning(_patient.c.id)
)
_JOIN = Hot(
    insert(_member).values(
        conversation_id=bindparam("conversation_id"),
        patient_id=bindparam("patient_id"),
        place=bindparam("place"),
        relation=bindparam("relation"),
        guardian_id=bindparam("guardian_id"),
        verified_at=bindparam("verified_at"),
        added_at=bindparam("added_at"),
        ended_at=None,
    )
)
_TAKEN = Hot(
    select(_member.c.place).where(
        _member.c.conversation_id == bindparam("conversation_id"), _member.c.ended_at.is_(None)
    )
)
_LOCK = Hot(select(_person.c.id).where(_person.c.id == bindparam("person_id")).with_for_update())
_LEFT = Hot(
    select(_member.c.conversation_id, _member.c.verified_at).where(
        _member.c.patient_id == bindparam("patient_id"), _member.c.ended_at.is_not(None)
    )
)
_HOLDERS = Hot(
    select(_member.c.conversation_id).where(
        _member.c.patient_id == bindparam("patient_id"), _member.c.ended_at.is_(None)
    )
)
_VISITS = Hot(
    select(_appointment.c.id).where(_appointment.c.patient_id == bindparam("patient_id")).limit(1)
)
_COMING = Hot(
    select(func.count().label("visits")).where(
        _appointment.c.patient_id == bindparam("patient_id"),
        or_(_appointment.c.state == "booked", _appointment.c.state == "checked_in"),
        _appointment.c.ends_at > bindparam("now"),
    )
)
_UNVERIFY = Hot(
    update(_member)
    .where(_member.c.patient_id == bindparam("of_patient"), _member.c.ended_at.is_(None))
    .values(verified_at=None)
)


def account(tx: Tx, conversation_id: int) -> Sequence[int]:
    """Return the conversations that share their members with this one, itself among them."""
    known = addresses.proven(tx, conversation_id)
    if known is None:
        return [conversation_id]
    return [reach.conversation_id for reach in addresses.of_person(tx, known.person_id)
            if reach.verified_at is not None]  # fmt: skip


def live(tx: Tx, conversation_id: int) -> Sequence[Any]:
    """Return the members that a conversation sees, as they were added; one patient may come twice."""
    known = addresses.proven(tx, conversation_id)
    if known is None:
        return tx.rows(_LIVE_HERE, conversation_id=conversation_id)
    return tx.rows(_LIVE_OF_PERSON, person_id=known.person_id)


def these(tx: Tx, patient_ids: Collection[int]) -> Iterator[Any]:
    """Yield these patients, whoever they belong to."""
    return many.rows(tx, _THESE, patient_ids)


def document_of(row: Any) -> Document:
    """Return the document of a row of `live`, with the date of birth that was told."""
    born = date.fromisoformat(row.born) if row.born else None
    return with_birth(reread(row.document_kind, row.document), born)


def lock(tx: Tx, person_id: int) -> None:
    """Let nobody else add to this person's family until the end: five are counted over all."""
    tx.one(_LOCK, person_id=person_id)


def document_index(tx: Tx, document: Document) -> str:
    """Return the digest that a document is found by."""
    return tx.keyring.index(canonical(document), "patient.document")


def patient_with(tx: Tx, document: Document) -> Any:
    """Return (id, name, phone) of the patient with a document, or None."""
    return tx.one(_WITH_DOCUMENT, document_index=document_index(tx, document))


def make_patient(
    tx: Tx, name: str, document: Document, phone: str | None, now: datetime, *, insured: bool
) -> int | None:
    """Make the patient of a document; None where somebody else did at the same moment."""
    row = tx.one(
        _MAKE,
        name=name,
        document_kind=document.kind.value,
        document=document.number,
        document_index=document_index(tx, document),
        born=document.born.isoformat() if document.born else None,
        phone=phone,
        phone_index=tx.keyring.index(phone, "patient.phone") if phone else None,
        insurance="insured" if insured else "self",
        created_at=now,
        updated_at=now,
    )
    return int(row.id) if row else None


def free_place(tx: Tx, conversation_id: int) -> int | None:
    """Return the first free place of five, or None."""
    taken = {row.place for row in tx.rows(_TAKEN, conversation_id=conversation_id)}
    return next((place for place in _PLACES if place not in taken), None)


def join(
    tx: Tx,
    conversation_id: int,
    patient_id: int,
    place: int,
    relation: str,
    guardian_id: int | None,
    verified_at: datetime | None,
    now: datetime,
) -> None:
    """Let a conversation book for a patient."""
    tx.run(
        _JOIN,
        conversation_id=conversation_id,
        patient_id=patient_id,
        place=place,
        relation=relation,
        guardian_id=guardian_id,
        verified_at=verified_at,
        added_at=now,
    )


def was_hers(tx: Tx, conversation_id: int, patient_id: int) -> bool:
    """Say whether an account itself took a patient off its list before.

    What ended because the conversation was unlinked does not count: it was verified, and now the
    conversation is nobody's.
    """
    mine = set(account(tx, conversation_id))
    is_proven = addresses.proven(tx, conversation_id) is not None
    return any(
        row.conversation_id in mine and (is_proven or row.verified_at is None)
        for row in tx.rows(_LEFT, patient_id=patient_id)
    )


def ever(tx: Tx, conversation_id: int) -> int:
    """Return how many different patients an account ever had."""
    query = select(func.count(func.distinct(_member.c.patient_id))).where(
        _member.c.conversation_id.in_(account(tx, conversation_id))
    )
    with tx.session() as session:
        return int(session.execute(query).scalar_one())


def is_shared(tx: Tx, conversation_id: int, patient_id: int) -> bool:
    """Say whether another account books for a patient too."""
    mine = set(account(tx, conversation_id))
    return any(row.conversation_id not in mine for row in tx.rows(_HOLDERS, patient_id=patient_id))


def has_visits(tx: Tx, patient_id: int) -> bool:
    """Say whether anything was ever booked for a patient."""
    return tx.one(_VISITS, patient_id=patient_id) is not None


def coming(tx: Tx, patient_id: int, now: datetime) -> int:
    """Return how many visits a patient has ahead."""
    return int(tx.one(_COMING, patient_id=patient_id, now=now).visits)


def rewrite(
    tx: Tx, patient_id: int, name: str | None, document: Document | None, now: datetime
) -> None:
    """Write a corrected name or document."""
    values: dict[str, Any] = {"updated_at": now}
    if name is not None:
        values["name"] = name
    if document is not None:
        values |= {
            "document_kind": document.kind.value,
            "document": document.number,
            "document_index": document_index(tx, document),
            "born": document.born.isoformat() if document.born else None,
        }
    with tx.session() as session:
        session.execute(update(_patient).where(_patient.c.id == patient_id).values(**values))


def unverify(tx: Tx, patient_id: int) -> None:
    """End that anybody vouches for a patient's document."""
    tx.run(_UNVERIFY, of_patient=patient_id)


def verify(tx: Tx, conversation_id: int, now: datetime, patient_id: int | None = None) -> int:
    """Verify what an account added, or one patient of it; return how many."""
    change = update(_member).where(
        _member.c.conversation_id.in_(account(tx, conversation_id)),
        _member.c.ended_at.is_(None),
        _member.c.verified_at.is_(None),
    )
    if patient_id is not None:
        change = change.where(_member.c.patient_id == patient_id)
    with tx.session() as session:
        done: Any = session.execute(change.values(verified_at=now))
        return int(done.rowcount)


def give_phone(tx: Tx, conversation_id: int, phone: str) -> None:
    """Note the phone of an account with its patients that have none."""
    hers = select(_member.c.patient_id).where(
        _member.c.conversation_id.in_(account(tx, conversation_id)), _member.c.ended_at.is_(None)
    )
    index = tx.keyring.index(phone, "patient.phone")
    change = update(_patient).where(_patient.c.id.in_(hers), _patient.c.phone_index.is_(None))
    with tx.session() as session:
        session.execute(change.values(phone=phone, phone_index=index))


def relate(tx: Tx, conversation_id: int, patient_id: int, relation: str) -> None:
    """Write what a member is to whoever writes in an account."""
    change = update(_member).where(
        _member.c.conversation_id.in_(account(tx, conversation_id)),
        _member.c.patient_id == patient_id,
        _member.c.ended_at.is_(None),
    )
    with tx.session() as session:
        session.execute(change.values(relation=relation))


def leave(tx: Tx, conversation_id: int, patient_id: int, now: datetime) -> bool:
    """End that an account books for a patient; say whether it did."""
    change = update(_member).where(
        _member.c.conversation_id.in_(account(tx, conversation_id)),
        _member.c.patient_id == patient_id,
        _member.c.ended_at.is_(None),
    )
    with tx.session() as session:
        done: Any = session.execute(change.values(ended_at=now))
        return bool(done.rowcount)


def hand_over(tx: Tx, conversation_id: int, others: Sequence[int], now: datetime) -> int:
    """End the members of a conversation, and add to `others` those that they lack; return how many."""
    ended = tx.rows(_LIVE_HERE, conversation_id=conversation_id)
    with tx.session() as session:
        session.execute(
            update(_member)
            .where(_member.c.conversation_id == conversation_id, _member.c.ended_at.is_(None))
            .values(ended_at=now, verified_at=func.coalesce(_member.c.verified_at, now))
        )
    known = {row.patient_id for other in others
             for row in tx.rows(_LIVE_HERE, conversation_id=other)}  # fmt: skip
    for row in ended:
        if row.patient_id in known:
            continue
        for other in others:
            place = free_place(tx, other)
            if place is not None:
                join(tx, other, row.patient_id, place, row.relation, row.guardian_id,
                     row.verified_at, now)  # fmt: skip
                break
    return len(ended)
