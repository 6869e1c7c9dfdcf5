"""Who a conversation may book for: herself and her family, at most five (BK-01, BK-03, PR-11, PR-12).

A patient is one row a document, over all accounts. A conversation that is proven a person's shares its
members with her other proven conversations, and with no other; any other conversation sees only what was
added in it. Whoever adds a document that somebody else added before needs the code that goes to the
phone of the first, and learns nothing else: not even whether the name is right before the code is. A
member is verified while its conversation is proven. Never commits.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bot.dialogue.people import Member
from bot.patients import addresses, relations
from bot.patients import family_rows as rows
from bot.patients.documents import Document, Papers
from bot.patients.names import same_name
from bot.store.audit import record
from bot.store.db import Tx

PATIENT = "patient"


class Outcome(StrEnum):
    """What became of adding or changing somebody."""

    ADDED = "added"
    ALREADY = "already"  # she is one of this account's members
    OTHER_NAME = "other_name"  # the name and the document do not belong together
    FULL = "full"
    GUARDIAN = "guardian"  # a child, and nobody who accompanies it
    CODE = "code"  # somebody else added this document: the code of that phone decides
    DESK = "desk"  # only staff can tell
    CHANGED = "changed"
    REMOVED = "removed"
    NEEDED = "needed"  # accompanies a child that is still a member


@dataclass(frozen=True, slots=True)
class New:
    """Somebody to be added, as she was introduced.

    Attributes:
        phone: E.164; who is asked when another account adds the same document.
    """

    name: str = field(repr=False)
    document: Document = field(repr=False)
    relation: str = "other"
    guardian_id: int | None = None
    phone: str | None = field(default=None, repr=False)
    insured: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of it, of whom, and the phone that the code goes to where one decides."""

    outcome: Outcome
    patient_id: int = 0
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Household:
    """The families of all conversations, by the hospital's rules.

    Attributes:
        most: how many people one account may book for (BK-01).
        guardian_age: whoever is younger needs a guardian (PR-11).
        frail_age: whoever is as old is rung rather than written to.
    """

    most: int = 5
    guardian_age: int = 14
    frail_age: int = 75

    def members(self, tx: Tx, conversation_id: int, today: date) -> Sequence[Member]:
        """Return her family, herself first, then as they were added; at most `most`."""
        found = (self._member(row, today) for row in rows.live(tx, conversation_id))
        best: dict[int, Member] = {}
        for member in sorted(found, key=lambda m: (m.relation != "self", m.member_id)):
            known = best.setdefault(member.patient_id, member)
            if known.relation == "other" and member.relation != "other":
                best[member.patient_id] = member
        ordered = sorted(best.values(), key=lambda m: (m.relation != "self", m.member_id))
        return ordered[: self.most]

    def frail(self, tx: Tx, patient_ids: Collection[int], today: date) -> Collection[int]:
        """Return who of these patients is rung rather than written to."""
        return {row.id for row in rows.these(tx, patient_ids) if self._is_frail(row, today)}

    def _is_frail(self, row: Any, today: date) -> bool:
        born = rows.document_of(row).born
        return row.frail or (born is not None and age(born, today) >= self.frail_age)

    def named(self, text: str, members: Sequence[Member]) -> Sequence[Member]:
        """Return whom a text names; one is sure, several are to be asked about, none where nobody.

        None also where somebody is named who is not surely one of them: `names_somebody` tells.
        """
        return relations.named(text, members)

    def names_somebody(self, text: str) -> bool:
        """Say whether a text names anybody at all, member or not: then no other person may be meant."""
        return relations.names_somebody(text)

    def is_minor(self, document: Document, relation: str, today: date) -> bool:
        """Say whether somebody needs a guardian; a child whose age nobody knows does."""
        if document.born is not None:
            return age(document.born, today) < self.guardian_age
        return document.kind is Papers.BIRTH or relation == "child"

    def add(
        self,
        tx: Tx,
        conversation_id: int,
        new: New,
        now: datetime,
        today: date,
        *,
        coded: bool = False,
    ) -> Result:
        """Add somebody, unless that needs something first; adding her again changes nothing.

        Args:
            coded: the code that went to the phone of whoever added her first was right.
        """
        known = addresses.proven(tx, conversation_id)
        if known is not None:
            rows.lock(tx, known.person_id)
        mine = self.members(tx, conversation_id, today)
        patient = rows.patient_with(tx, new.document)
        if patient is not None and any(m.patient_id == patient.id for m in mine):
            is_her = same_name(patient.name, new.name)
            return Result(Outcome.ALREADY, patient.id) if is_her else Result(Outcome.OTHER_NAME)
        if refused := self._refused(tx, conversation_id, new, mine, today):
            return Result(refused)
        if patient is None:
            phone = new.phone or (known.phone if known else None)
            made = rows.make_patient(tx, new.name, new.document, phone, now, insured=new.insured)
            patient = rows.patient_with(tx, new.document)
            if made is not None:
                return self._joined(tx, conversation_id, made, new, now, verified=known is not None)
        if coded or rows.was_hers(tx, conversation_id, patient.id):
            if not same_name(patient.name, new.name):
                return Result(Outcome.OTHER_NAME)
            return self._joined(
                tx, conversation_id, patient.id, new, now, verified=known is not None
            )
        return Result(Outcome.CODE if patient.phone else Outcome.DESK, patient.id, patient.phone)

    def _refused(
        self, tx: Tx, conversation_id: int, new: New, mine: Sequence[Member], today: date
    ) -> Outcome | None:
        """Return why nobody new, or not this one, can be added here."""
        if len(mine) >= self.most:
            return Outcome.FULL
        if rows.ever(tx, conversation_id) >= 2 * self.most:
            return Outcome.DESK  # so many documents in one place: staff look first (BK-15)
        guardians = [m.patient_id for m in self.guardians(mine)]
        if self.is_minor(new.document, new.relation, today) and new.guardian_id not in guardians:
            return Outcome.GUARDIAN
        return None

    def guardians(self, mine: Sequence[Member]) -> Sequence[Member]:
        """Return who of the members may accompany a child: the adults, herself first."""
        return [member for member in mine if not member.minor]

    def accompanies(self, mine: Sequence[Member], patient_id: int) -> bool:
        """Say whether a child on the list has this patient as its guardian."""
        return any(m.guardian_id == patient_id and m.minor for m in mine)

    def _joined(
        self,
        tx: Tx,
        conversation_id: int,
        patient_id: int,
        new: New,
        now: datetime,
        *,
        verified: bool,
    ) -> Result:
        place = rows.free_place(tx, conversation_id)
        if place is None:
            return Result(Outcome.FULL)
        rows.join(
            tx, conversation_id, patient_id, place, new.relation, new.guardian_id,
            now if verified else None, now,
        )  # fmt: skip
        record(tx, now, PATIENT, "family.add", conversation_id, f"patient {patient_id}")
        return Result(Outcome.ADDED, patient_id)

    def change(
        self,
        tx: Tx,
        conversation_id: int,
        patient_id: int,
        now: datetime,
        today: date,
        *,
        name: str | None = None,
        document: Document | None = None,
    ) -> Result:
        """Correct a name or a document; she is unverified then until a code says otherwise (BK-01).

        Whoever others book for too, or has visits on record, is changed by staff alone: a visit must
        not become another person's.
        """
        mine = self.members(tx, conversation_id, today)
        if all(member.patient_id != patient_id for member in mine):
            return Result(Outcome.DESK)
        if rows.is_shared(tx, conversation_id, patient_id) or rows.has_visits(tx, patient_id):
            return Result(Outcome.DESK)
        if document is not None:
            taken = rows.patient_with(tx, document)
            if taken is not None and taken.id != patient_id:
                return Result(Outcome.DESK)
        rows.rewrite(tx, patient_id, name, document, now)
        rows.unverify(tx, patient_id)
        record(tx, now, PATIENT, "family.change", conversation_id, f"patient {patient_id}")
        return Result(Outcome.CHANGED, patient_id)

    def vouch(self, tx: Tx, conversation_id: int, patient_id: int, now: datetime) -> None:
        """Verify a member again after a change: a code proved the phone anew."""
        if addresses.proven(tx, conversation_id) is not None:
            rows.verify(tx, conversation_id, now, patient_id)
            record(tx, now, PATIENT, "family.verify", conversation_id, f"patient {patient_id}")

    def relate(
        self, tx: Tx, conversation_id: int, patient_id: int, relation: str, now: datetime
    ) -> None:
        """Note what a member is to her."""
        rows.relate(tx, conversation_id, patient_id, relation)
        record(tx, now, PATIENT, "family.relation", conversation_id, f"patient {patient_id}")

    def remove(
        self, tx: Tx, conversation_id: int, patient_id: int, now: datetime, today: date
    ) -> Result:
        """Take somebody off the list; her visits stay. Who accompanies a child stays until it goes."""
        if self.accompanies(self.members(tx, conversation_id, today), patient_id):
            return Result(Outcome.NEEDED, patient_id)
        if rows.leave(tx, conversation_id, patient_id, now):
            record(tx, now, PATIENT, "family.remove", conversation_id, f"patient {patient_id}")
        return Result(Outcome.REMOVED, patient_id)

    def _member(self, row: Any, today: date) -> Member:
        document = rows.document_of(row)
        born = document.born
        return Member(
            member_id=row.id,
            patient_id=row.patient_id,
            name=row.name,
            relation=row.relation,
            verified=row.verified_at is not None,
            born=born,
            minor=self.is_minor(document, row.relation, today),
            frail=row.frail or (born is not None and age(born, today) >= self.frail_age),
            sex=document.sex,
            guardian_id=row.guardian_id,
        )


def age(born: date, today: date) -> int:
    """Return how many birthdays somebody had."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def proved(tx: Tx, conversation_id: int, phone: str, now: datetime) -> None:
    """Verify the members of a conversation that was just proven, and those it shares."""
    changed = rows.verify(tx, conversation_id, now)
    rows.give_phone(tx, conversation_id, phone)
    if changed:
        record(tx, now, PATIENT, "family.verify", conversation_id, f"{changed} members")


def unlinked(tx: Tx, conversation_id: int, others: Sequence[int], now: datetime) -> None:
    """End what a conversation may see: tomorrow it may be somebody else's number.

    What was added in it stays with the person's other proven conversations.
    """
    if moved := rows.hand_over(tx, conversation_id, others, now):
        record(tx, now, PATIENT, "family.unlink", conversation_id, f"{moved} members")
