"""Who is told of a patient's visit: whoever may book for her, and only they (I7)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, select

from bot.dialogue.people import Family, Member
from bot.store.booking_tables import FamilyMember
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation

_member = FamilyMember.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_OF_PATIENT = Hot(
    select(_member.c.conversation_id)
    .where(_member.c.patient_id == bindparam("patient_id"), _member.c.ended_at.is_(None))
    .order_by(_member.c.id)
)
_STATE = Hot(
    select(_conversation.c.holder, _conversation.c.opted_out_at).where(
        _conversation.c.id == bindparam("conversation_id")
    )
)


def sees(
    members: Sequence[Member], patient_id: int | None, booked_in: int, conversation_id: int
) -> bool:
    """Say whether a visit may be told of in a conversation (I7).

    Of a patient for whom no proven account vouches only what was asked for there: whoever knows the
    name and document of another learns nothing by adding her.
    """
    if patient_id is None:
        return booked_in == conversation_id
    return any(
        one.patient_id == patient_id and (one.verified or booked_in == conversation_id)
        for one in members
    )


@dataclass(frozen=True, slots=True)
class Listeners:
    """Finds them.

    Attributes:
        today: the hospital's date at an instant.
    """

    family: Family
    today: Callable[[datetime], date]

    def members(self, tx: Tx, conversation_id: int, now: datetime) -> Sequence[Member]:
        """Return whom a conversation may book for."""
        return self.family.members(tx, conversation_id, self.today(now))

    def member(self, tx: Tx, conversation_id: int, patient_id: int, now: datetime) -> Member | None:
        """Return the patient as a conversation knows her; None where it may not book for her."""
        members = self.members(tx, conversation_id, now)
        return next((one for one in members if one.patient_id == patient_id), None)

    def of(self, tx: Tx, conversation_id: int, patient_id: int, now: datetime) -> int | None:
        """Return the conversation that is told of a patient's visit: the one that booked it.

        Where that may not book for her any more, another that may and whose account is proven; None
        where there is none.
        """
        if self.member(tx, conversation_id, patient_id, now) is not None:
            return conversation_id
        for row in tx.rows(_OF_PATIENT, patient_id=patient_id):
            member = self.member(tx, row.conversation_id, patient_id, now)
            if member is not None and member.verified:
                return int(row.conversation_id)
        return None

    def frail(self, tx: Tx, patient_ids: Collection[int], now: datetime) -> Collection[int]:
        """Return who of these patients is rung rather than written to."""
        return self.family.frail(tx, patient_ids, self.today(now))

    def own(self, tx: Tx, patient_id: int, now: datetime) -> int | None:
        """Return a conversation that is proven a patient's own; nobody else's, whoever vouches."""
        for row in tx.rows(_OF_PATIENT, patient_id=patient_id):
            member = self.member(tx, row.conversation_id, patient_id, now)
            if member is not None and member.verified and member.relation == "self":
                return int(row.conversation_id)
        return None

    def answers(self, tx: Tx, conversation_id: int) -> bool:
        """Say whether the bot can take an answer in a conversation: no person holds it."""
        return bool(tx.one(_STATE, conversation_id=conversation_id).holder == "bot")

    def left(self, tx: Tx, conversation_id: int, since: datetime) -> bool:
        """Say whether somebody stopped our messages after she asked for this one, at `since` (RM-07)."""
        opted_out_at: datetime | None = tx.one(_STATE, conversation_id=conversation_id).opted_out_at
        return opted_out_at is not None and opted_out_at > since
