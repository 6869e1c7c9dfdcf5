"""What one transaction read of patients and their addresses, for many reminders at once.

Looked up one by one it would cost more than all else of a reminder together. It is read inside the
transaction that decides, and never kept beyond it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from bot.reminders.choices import Choice, choices_of
from bot.reminders.model import Thing
from bot.store import many
from bot.store.booking_tables import FamilyMember
from bot.store.db import Tx
from bot.store.many import among
from bot.store.reminder_tables import PatientStatus
from bot.store.statements import Hot
from bot.store.tables import Conversation, Person

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_person = Person.__table__  # type: ignore[attr-defined]
_member = FamilyMember.__table__  # type: ignore[attr-defined]
_status = PatientStatus.__table__  # type: ignore[attr-defined]
_SHOWN = (
    _conversation.c.id,
    _conversation.c.channel,
    _conversation.c.account,
    _conversation.c.session,
    _conversation.c.updated_at,
    _conversation.c.holder,
    _conversation.c.opted_out_at,
    _conversation.c.unreachable_at,
    _conversation.c.person_id,
    _conversation.c.verified_at,
    _conversation.c.last_seq,
)

_HERE = Hot(select(*_SHOWN).where(among(_conversation.c.id)))
_HERS = Hot(
    select(*_SHOWN)
    .where(among(_conversation.c.person_id), _conversation.c.verified_at.is_not(None))
    .order_by(_conversation.c.id)
)
_ORDERS = Hot(select(_person.c.id, _person.c.channel_order).where(among(_person.c.id)))
_MEMBERS = Hot(
    select(_member.c.conversation_id, _member.c.patient_id).where(
        among(_member.c.conversation_id), _member.c.ended_at.is_(None)
    )
)
_STATUSES = Hot(
    select(
        _status.c.patient_id, _status.c.admitted_at, _status.c.discharged_at, _status.c.died_at,
        _status.c.bereaved_at,
    ).where(among(_status.c.patient_id))
)  # fmt: skip


@dataclass(slots=True)
class Known:
    """The rows, by what they were asked for; None where there is none.

    Attributes:
        things: what reminders are about, by (about, id).
        homes: conversations that nobody else can change before the commit, by their ids; what is said
            in one changes it, so that each is good for one message.
    """

    _here: dict[int, Any] = field(default_factory=dict)
    _hers: dict[int, list[Any]] = field(default_factory=dict)
    _orders: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _members: dict[int, set[int]] = field(default_factory=dict)
    _statuses: dict[int, Any] = field(default_factory=dict)
    _choices: dict[int, Choice] = field(default_factory=dict)
    things: dict[tuple[str, int], Thing | None] = field(default_factory=dict)
    homes: dict[int, Any] = field(default_factory=dict)

    def read(self, tx: Tx, conversation_ids: Collection[int], patient_ids: Collection[int]) -> None:
        """Read all that is asked of these, and of all proven addresses of the same people."""
        self._read_here(tx, conversation_ids)
        persons = {
            row.person_id
            for one in conversation_ids
            if (row := self._here[one]) is not None and is_proven(row)
        }
        self._read_hers(tx, persons)
        new = {one for one in self._here if one not in self._members}
        self._members.update({one: set() for one in new})
        for row in many.rows(tx, _MEMBERS, new):
            self._members[row.conversation_id].add(row.patient_id)
        wanted = {one for one in self._here if one not in self._choices}
        self._choices |= choices_of(tx, wanted)
        fresh = {one for one in patient_ids if one not in self._statuses}
        self._statuses.update(dict.fromkeys(fresh))
        self._statuses |= {row.patient_id: row for row in many.rows(tx, _STATUSES, fresh)}

    def _read_here(self, tx: Tx, conversation_ids: Collection[int]) -> None:
        new = {one for one in conversation_ids if one not in self._here}
        self._here.update(dict.fromkeys(new))
        self._here |= {row.id: row for row in many.rows(tx, _HERE, new)}

    def _read_hers(self, tx: Tx, persons: set[int]) -> None:
        new = {one for one in persons if one not in self._hers}
        self._hers.update({one: [] for one in new})
        for row in many.rows(tx, _HERS, new):
            self._hers[row.person_id].append(row)
            self._here[row.id] = row
        for row in many.rows(tx, _ORDERS, new):
            self._orders[row.id] = tuple((row.channel_order or "").split())

    def keep(self, conversation_ids: Collection[int]) -> None:
        """Note which conversations were locked before they were read."""
        self.homes = {one: row for one in conversation_ids if (row := self._here.get(one))}

    def conversation(self, tx: Tx, conversation_id: int) -> Any:
        """Return a conversation; None where there is none."""
        if conversation_id not in self._members:
            self.read(tx, (conversation_id,), ())
        return self._here[conversation_id]

    def hers(self, row: Any) -> Sequence[Any]:
        """Return all conversations that are proven hers whose `row` is; that one at least."""
        return self._hers[row.person_id] if is_proven(row) else [row]

    def order(self, row: Any) -> tuple[str, ...]:
        """Return the channels she is reached by, best first, where she named any."""
        return self._orders.get(row.person_id, ()) if is_proven(row) else ()

    def may_hear(self, row: Any, patient_id: int) -> bool:
        """Say whether a conversation may book for a patient (I7): all proven ones of a person may."""
        return any(patient_id in self._members.get(one.id, ()) for one in self.hers(row))

    def status(self, tx: Tx, patient_id: int) -> Any:
        """Return what changes whom may be reminded of what; None where nothing does."""
        if patient_id not in self._statuses:
            self.read(tx, (), (patient_id,))
        return self._statuses[patient_id]

    def choice(self, tx: Tx, conversation_id: int) -> Choice:
        """Return what somebody chose in a conversation."""
        if conversation_id not in self._choices:
            self._choices |= choices_of(tx, (conversation_id,))
        return self._choices[conversation_id]


def is_proven(row: Any) -> bool:
    """Say whether somebody proved that a conversation is hers."""
    return row.person_id is not None and row.verified_at is not None
