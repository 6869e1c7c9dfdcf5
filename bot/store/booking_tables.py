"""Clinics, places in them, patients, appointments; a second winner is impossible (I2, I-04).

An appointment that counts has a seat, and only one has it: `one_appointment_a_seat`. A seat is never
above its slot's capacity: the appointment carries the capacity, and the database compares. A patient
has each quarter of an hour once: `PatientTime`. Everything else is decided in `appointments/rules`.
"""

import datetime as dt
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.store.columns import (
    BigId,
    UtcDateTime,
    id_column,
    link_column,
    one_of,
    partial_index,
    sealed_column,
    time_column,
)

_SEATED = "('held', 'booked', 'checked_in', 'done', 'no_show')"


class Clinic(SQLModel, table=True):
    """One doctor, in one room, on one part of one day, as the roster has it and bookings need it.

    Names, place and fee are copies: the facts are replaced as a whole. `released_at` is when its
    online places may be taken, `cancel_until` until when a patient may give one back herself.
    `settled_at` is when everybody booked was told that it is stopped (停诊).
    """

    __table_args__ = (
        UniqueConstraint("doctor", "date", "part", name="one_clinic_a_part"),
        one_of("part", "morning", "afternoon", "evening"),
        one_of("tier", "general", "expert", "special"),
        one_of("status", "on", "stopped"),
        CheckConstraint("fee_fen >= 0", name="fee_not_negative"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("clinics_of_a_department", "department", "date"),
        Index("clinics_of_a_day", "date"),
        partial_index("clinics_to_settle", "id", where="status = 'stopped' AND settled_at IS NULL"),
    )
    id: int | None = id_column()
    doctor: str = Field(max_length=32)
    department: str = Field(max_length=32)
    campus: str = Field(default="main", max_length=32)
    date: dt.date
    part: str = Field(max_length=12)
    starts_at: datetime = time_column()
    ends_at: datetime = time_column()
    room: str = Field(default="", max_length=60)
    tier: str = Field(max_length=8)
    fee_fen: int
    doctor_name: str = Field(max_length=60)
    doctor_name_en: str = Field(max_length=80)
    title: str = Field(default="", max_length=40)
    title_en: str = Field(default="", max_length=80)
    department_name: str = Field(max_length=60)
    department_name_en: str = Field(max_length=80)
    place: str = Field(default="", max_length=120)
    place_en: str = Field(default="", max_length=200)
    status: str = Field(default="on", max_length=8)
    reason: str | None = Field(default=None, max_length=120)
    stopped_at: datetime | None = time_column(required=False)
    settled_at: datetime | None = time_column(required=False)
    released_at: datetime = time_column()
    cancel_until: datetime = time_column()
    version: int = 1


class Slot(SQLModel, table=True):
    """A span of a clinic and how many are seen in it, of one pool: online, window, added (加号)."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "starts_at", "pool", name="one_slot_a_pool"),
        UniqueConstraint("id", "capacity", name="slot_and_capacity"),
        one_of("pool", "online", "window", "added"),
        CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )
    id: int | None = id_column()
    clinic_id: int = link_column("clinic.id")
    starts_at: datetime = time_column()
    ends_at: datetime = time_column()
    pool: str = Field(default="online", max_length=8)
    capacity: int


class Patient(SQLModel, table=True):
    """Somebody who is seen (就诊人). One a document, over all accounts (BK-03).

    `phone` is whose code is asked for before another account may add the same document.
    """

    __table_args__ = (
        UniqueConstraint("document_index", name="one_patient_a_document"),
        one_of("insurance", "insured", "self"),
    )
    id: int | None = id_column()
    name: Any = sealed_column("patient.name", required=True)
    document_kind: str = Field(max_length=16)
    document: Any = sealed_column("patient.document", required=True)
    document_index: str = Field(max_length=40)
    born: Any = sealed_column("patient.born")
    phone: Any = sealed_column("patient.phone")
    phone_index: str | None = Field(default=None, max_length=40, index=True)
    insurance: str = Field(default="self", max_length=8)
    frail: bool = False
    created_at: datetime = time_column()
    updated_at: datetime = time_column()


class FamilyMember(SQLModel, table=True):
    """A conversation may book for a patient. At most five a conversation: `place` is 1 to 5.

    Where the conversation is proven a person's, all her proven conversations may (`patients.family`).
    """

    __tablename__: ClassVar[str] = "family_member"
    __table_args__ = (
        one_of("relation", "self", "spouse", "child", "parent", "other"),
        CheckConstraint("place BETWEEN 1 AND 5", name="at_most_five"),
        partial_index(
            "one_member_a_place", "conversation_id", "place", where="ended_at IS NULL", unique=True
        ),
        partial_index(
            "one_member_a_patient", "conversation_id", "patient_id", where="ended_at IS NULL",
            unique=True,
        ),
        Index("members_of_a_patient", "patient_id"),
        Index("members_of_a_conversation", "conversation_id"),
    )  # fmt: skip
    id: int | None = id_column()
    conversation_id: int = link_column("conversation.id")
    patient_id: int = link_column("patient.id")
    place: int
    relation: str = Field(max_length=8)
    guardian_id: int | None = link_column("patient.id", required=False)
    verified_at: datetime | None = time_column(required=False)
    added_at: datetime = time_column()
    ended_at: datetime | None = time_column(required=False)


class Appointment(SQLModel, table=True):
    """A visit, from the hold of a place to what became of it (`appointments.states`).

    It has a seat exactly while it counts. `number` is what the patient shows. `replaces_id` is the
    visit that this one takes the place of once it is sure. `offered`: the place was offered, not asked
    for. `request_key` makes asking twice the same as asking once. `queue_state` is her place in today's
    line, `queue_at` when the calling system last spoke of her; `told_ahead` the last number of people
    before her that she was told.
    """

    __table_args__ = (
        UniqueConstraint("slot_id", "seat", name="one_appointment_a_seat"),
        UniqueConstraint("number", name="one_appointment_a_number"),
        UniqueConstraint("request_key", name="one_appointment_a_request"),
        ForeignKeyConstraint(
            ["slot_id", "capacity"], ["slot.id", "slot.capacity"],
            name="seats_of_the_slot", onupdate="CASCADE",
        ),
        one_of(
            "state", "held", "booked", "checked_in", "done", "no_show", "cancelled",
            "hospital_cancelled", "expired",
        ),
        CheckConstraint("seat BETWEEN 1 AND capacity", name="seat_within_capacity"),
        CheckConstraint(f"(seat IS NOT NULL) = (state IN {_SEATED})", name="a_seat_while_it_counts"),
        CheckConstraint(
            "patient_id IS NOT NULL OR state IN ('held', 'expired', 'cancelled', 'hospital_cancelled')",
            name="somebody_is_booked",
        ),
        CheckConstraint("(held_until IS NOT NULL) = (state = 'held')", name="a_hold_has_an_end"),
        one_of("queue_state", "waiting", "called", "passed", "seen"),
        partial_index("holds_ending", "held_until", where="state = 'held'"),
        partial_index(
            "one_hold_a_conversation", "conversation_id", where="state = 'held' AND NOT offered",
            unique=True,
        ),
        Index("appointments_of_a_patient", "patient_id", "starts_at"),
        Index("appointments_of_a_clinic", "clinic_id", "state"),
        Index("appointments_of_a_conversation", "conversation_id"),
        partial_index("appointments_instead", "replaces_id", where="replaces_id IS NOT NULL"),
        partial_index(
            "appointments_under_way", "starts_at", where="state IN ('booked', 'checked_in')"
        ),
    )  # fmt: skip
    id: int | None = id_column()
    number: str = Field(max_length=12)
    patient_id: int | None = link_column("patient.id", required=False)
    conversation_id: int = link_column("conversation.id")
    clinic_id: int = link_column("clinic.id")
    slot_id: int = Field(sa_type=BigId)
    capacity: int
    seat: int | None = None
    starts_at: datetime = time_column()
    ends_at: datetime = time_column()
    state: str = Field(max_length=20)
    fee_fen: int
    offered: bool = False
    held_until: datetime | None = time_column(required=False)
    replaces_id: int | None = link_column("appointment.id", required=False)
    request_key: str | None = Field(default=None, max_length=80)
    reason: str | None = Field(default=None, max_length=60)
    excused_at: datetime | None = time_column(required=False)
    queue_no: int | None = None
    queue_state: str | None = Field(default=None, max_length=8)
    queue_at: datetime | None = time_column(required=False)
    told_ahead: int | None = None
    version: int = 1
    created_at: datetime = time_column()
    updated_at: datetime = time_column()


class AppointmentChange(SQLModel, table=True):
    """One step of an appointment, kept for good (BK-16); `reported_at` when the HIS took it."""

    __tablename__: ClassVar[str] = "appointment_change"
    __table_args__ = (
        Index("changes_of_an_appointment", "appointment_id", "id"),
        partial_index("changes_to_report", "id", where="reported_at IS NULL"),
    )
    id: int | None = id_column()
    appointment_id: int = link_column("appointment.id")
    at: datetime = time_column()
    old: str = Field(max_length=20)
    new: str = Field(max_length=20)
    actor: str = Field(max_length=60)
    reason: str | None = Field(default=None, max_length=60)
    reported_at: datetime | None = time_column(required=False)
    attempts: int = 0
    next_try_at: datetime | None = time_column(required=False)


class PatientTime(SQLModel, table=True):
    """A quarter of an hour that a patient's visit takes: nobody is in two places (I2).

    `quarter` counts quarters since 1970 in UTC. Gone when the visit no longer counts.
    """

    __tablename__: ClassVar[str] = "patient_time"
    __table_args__ = (Index("times_of_an_appointment", "appointment_id"),)
    patient_id: int = Field(foreign_key="patient.id", sa_type=BigId, primary_key=True)
    quarter: int = Field(sa_type=BigId, primary_key=True)
    appointment_id: int = link_column("appointment.id")


class WaitlistEntry(SQLModel, table=True):
    """Somebody waits for a place in a full clinic (候补), first come first served (BK-09).

    `appointment_id` is the hold that was offered.
    """

    __tablename__: ClassVar[str] = "waitlist_entry"
    __table_args__ = (
        one_of("state", "waiting", "offered", "taken", "left", "lapsed", "closed"),
        partial_index(
            "one_wait_a_patient", "clinic_id", "patient_id",
            where="state IN ('waiting', 'offered')", unique=True,
        ),
        partial_index("waiting_in_order", "clinic_id", "id", where="state = 'waiting'"),
        Index("waits_of_a_conversation", "conversation_id"),
    )  # fmt: skip
    id: int | None = id_column()
    clinic_id: int = link_column("clinic.id")
    patient_id: int = link_column("patient.id")
    conversation_id: int = link_column("conversation.id")
    appointment_id: int | None = link_column("appointment.id", required=False)
    state: str = Field(default="waiting", max_length=8)
    created_at: datetime = time_column()
    updated_at: datetime = time_column()


class ClinicQueue(SQLModel, table=True):
    """What the hospital's calling system last said of a clinic. Silence is noticed by `heard_at`."""

    __tablename__: ClassVar[str] = "clinic_queue"
    clinic_id: int = Field(foreign_key="clinic.id", sa_type=BigId, primary_key=True)
    serving: int = 0
    room: str = Field(default="", max_length=60)
    heard_at: datetime = time_column()


class CallTask(SQLModel, table=True):
    """Somebody that staff should ring: frail, or silent after her visit was cancelled."""

    __tablename__: ClassVar[str] = "call_task"
    __table_args__ = (
        one_of("why", "frail", "silent", "unreachable"),
        UniqueConstraint("appointment_id", "why", name="one_call_a_reason"),
        partial_index("calls_open", "id", where="done_at IS NULL"),
    )
    id: int | None = id_column()
    appointment_id: int = link_column("appointment.id")
    why: str = Field(max_length=12)
    due_at: datetime = time_column()
    done_at: datetime | None = time_column(required=False)
    staff_id: int | None = link_column("staff.id", required=False)
    note: Any = sealed_column("call_task.note")


class OperatorRequest(SQLModel, table=True):
    """A change that an operator's program asked for by a key of its own: asked again, the same answer.

    `key` and `asked` (what, and with which body) are keyed digests; `answer` names no patient.
    """

    __tablename__: ClassVar[str] = "operator_request"
    key: str = Field(max_length=40, primary_key=True)
    asked: str = Field(max_length=40)
    answer: str
    at: datetime = Field(sa_type=UtcDateTime, index=True)
