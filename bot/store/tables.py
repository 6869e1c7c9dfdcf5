"""Every table, with the constraints that carry our guarantees; one metadata.

State columns are short words, checked by the database. Times are UTC. What a patient said, and who
she is, is encrypted. The hot statements (`messages/`, `dialogue/`) are compiled from this page. The
hospital's facts, bookings, reminders and red flags have pages of their own: `hospital_tables`,
`booking_tables`, `reminder_tables`, `urgent_tables`.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.store.booking_tables import (
    Appointment,
    AppointmentChange,
    CallTask,
    Clinic,
    ClinicQueue,
    FamilyMember,
    OperatorRequest,
    Patient,
    PatientTime,
    Slot,
    WaitlistEntry,
)
from bot.store.columns import (
    BigId,
    id_column,
    link_column,
    one_of,
    partial_index,
    sealed_column,
    time_column,
)
from bot.store.hospital_tables import (
    HospitalCampus,
    HospitalDepartment,
    HospitalDoctor,
    HospitalDrug,
    HospitalFact,
    HospitalHoliday,
    HospitalPackage,
    HospitalPreparation,
    HospitalRevision,
    HospitalRoster,
    HospitalService,
    HospitalSymptom,
    HospitalTest,
)
from bot.store.reminder_tables import (
    CarePlan,
    CareTask,
    Dose,
    PatientStatus,
    Reminder,
    ReminderChoice,
    ReminderDecision,
)
from bot.store.urgent_tables import Doubt, RedFlag

__all__ = [
    "Appointment",
    "AppointmentChange",
    "Audit",
    "CallTask",
    "CarePlan",
    "CareTask",
    "Clinic",
    "ClinicQueue",
    "Conversation",
    "DeliveryReceipt",
    "Dose",
    "Doubt",
    "FamilyMember",
    "HandoffCase",
    "HospitalCampus",
    "HospitalDepartment",
    "HospitalDoctor",
    "HospitalDrug",
    "HospitalFact",
    "HospitalHoliday",
    "HospitalPackage",
    "HospitalPreparation",
    "HospitalRevision",
    "HospitalRoster",
    "HospitalService",
    "HospitalSymptom",
    "HospitalTest",
    "Inbox",
    "NoticePermission",
    "OneTimeCode",
    "OperatorRequest",
    "Outbox",
    "Pace",
    "Patient",
    "PatientStatus",
    "PatientTime",
    "Person",
    "RedFlag",
    "Reminder",
    "ReminderChoice",
    "ReminderDecision",
    "SQLModel",
    "Slot",
    "Staff",
    "StaffSession",
    "WaitlistEntry",
]


class Person(SQLModel, table=True):
    """Somebody the hospital knows by name; staff fill this card. Nothing here is readable at rest.

    `channel_order` says which channel this person is reached by first: "wechat sms".
    """

    id: int | None = id_column()
    name: Any = sealed_column("person.name")
    phone: Any = sealed_column("person.phone")
    phone_index: str | None = Field(default=None, max_length=40, index=True)
    channel_order: str | None = Field(default=None, max_length=80)
    document: Any = sealed_column("person.document")
    health_note: Any = sealed_column("person.health_note")
    updated_at: datetime = time_column()


class Conversation(SQLModel, table=True):
    """One address of one channel: its session, and who holds it.

    `holder` is the bot, a desk's queue, or a member of staff; `hold_token` rises with every change
    of hands, so that a decision made under an older one can be refused. `verified_at` is when the
    person proved that this address is theirs. `window_until` and `window_left` are what the patient's
    last message allows us to send, where the platform counts. `unreachable_at` is when the platform
    said that nothing goes here any more.
    """

    __table_args__ = (
        UniqueConstraint("channel", "account", "user_index", name="one_conversation_an_address"),
        one_of("holder", "bot", "desk", "staff"),
        Index("conversations_of_a_person", "person_id"),
    )
    id: int | None = id_column()
    channel: str = Field(max_length=20)
    account: str = Field(max_length=40)
    user: Any = sealed_column("conversation.user", required=True)
    user_index: str = Field(max_length=40)
    person_id: int | None = link_column("person.id", required=False)
    last_seq: int = Field(default=0, sa_type=BigId)
    session: Any = sealed_column("conversation.session")
    holder: str = Field(default="bot", max_length=8)
    hold_token: int = 0
    opted_out_at: datetime | None = time_column(required=False)
    verified_at: datetime | None = time_column(required=False)
    unreachable_at: datetime | None = time_column(required=False)
    window_until: datetime | None = time_column(required=False)
    window_left: int = 0
    created_at: datetime = time_column()
    updated_at: datetime = time_column()


class Inbox(SQLModel, table=True):
    """A message from a patient. The platform's key is unique: a redelivery finds this row.

    `seen_at` is when a member of staff took a dead letter off the list.
    """

    __tablename__: ClassVar[str] = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "account", "key_index", name="one_row_a_message"),
        UniqueConstraint("conversation_id", "seq", name="one_place_in_the_inbox"),
        one_of("state", "new", "handled", "dead"),
        partial_index("inbox_dead", "id", where="state = 'dead' AND seen_at IS NULL"),
        partial_index("inbox_in_order", "conversation_id", "seq", where="state = 'new'"),
        partial_index("inbox_unhandled", "next_try_at", where="state = 'new'"),
    )
    id: int | None = id_column()
    conversation_id: int = link_column("conversation.id")
    seq: int = Field(sa_type=BigId)
    channel: str = Field(max_length=20)
    account: str = Field(max_length=40)
    key_index: str = Field(max_length=40)
    body: Any = sealed_column("inbox.body", required=True)
    state: str = Field(default="new", max_length=8)
    attempts: int = 0
    next_try_at: datetime = time_column()
    received_at: datetime = time_column()
    handled_at: datetime | None = time_column(required=False)
    error: str | None = Field(default=None, max_length=80)
    seen_at: datetime | None = time_column(required=False)


class Outbox(SQLModel, table=True):
    """A message to a patient, from `ready` to what became of it.

    `leased` means nobody was told yet; `sending` means perhaps told, so it is never resent blindly.
    `dropped` was overtaken: a person took the conversation before it left, or it came too late.
    `waiting` goes when the patient writes again: the platform takes nothing before. `progress` is
    how far it came by the platform's receipts; `origin_id` is the message it stands in for, which
    could not go by its own channel. `seen_at` takes what did not arrive off the list of staff: one
    of them saw it, or another message went in its place. `resent_at` is when it was sent a second
    time because the first answer was lost. `way` is how its channel sent it, and why so: a template, a
    notice, a service message. `ahead` goes before other reminders, whatever their number: a dose.
    """

    __tablename__: ClassVar[str] = "outbox"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq", name="one_place_in_the_outbox"),
        UniqueConstraint("dedupe_key", name="one_message_a_cause"),
        one_of(
            "state", "ready", "leased", "sending", "waiting", "sent", "failed", "unknown", "dropped"
        ),
        partial_index("outbox_due", "due_at", where="state = 'ready' AND kind <> 'reminder'"),
        partial_index(
            "outbox_reminders_due", "due_at", where="state = 'ready' AND kind = 'reminder'"
        ),
        partial_index(
            "outbox_unsettled", "due_at", where="state = 'unknown' AND kind = 'reminder'"
        ),
        partial_index("outbox_not_sent", "conversation_id", "seq", where="sent_at IS NULL"),
        partial_index("outbox_in_flight", "lease_until", where="lease_until IS NOT NULL"),
        Index("outbox_answers", "inbox_id"),
        partial_index("outbox_undelivered", "id", where="state = 'failed' AND seen_at IS NULL"),
        partial_index("outbox_in_doubt", "id", where="state = 'unknown' AND seen_at IS NULL"),
        partial_index("outbox_waiting", "conversation_id", where="state = 'waiting'"),
        partial_index("outbox_of_a_provider", "provider_id", where="provider_id IS NOT NULL"),
        partial_index("outbox_stand_ins", "origin_id", where="origin_id IS NOT NULL"),
    )
    id: int | None = id_column()
    conversation_id: int = link_column("conversation.id")
    seq: int = Field(sa_type=BigId)
    inbox_id: int | None = link_column("inbox.id", required=False)
    kind: str = Field(max_length=12)
    body: Any = sealed_column("outbox.body", required=True)
    state: str = Field(max_length=8)
    due_at: datetime = time_column()
    attempts: int = 0
    owner: str | None = Field(default=None, max_length=40)
    lease_until: datetime | None = time_column(required=False)
    dedupe_key: str | None = Field(default=None, max_length=80)
    provider_id: str | None = Field(default=None, max_length=120)
    error: str | None = Field(default=None, max_length=80)
    created_at: datetime = time_column()
    sent_at: datetime | None = time_column(required=False)
    expires_at: datetime | None = time_column(required=False)
    progress: str | None = Field(default=None, max_length=12)
    origin_id: int | None = link_column("outbox.id", required=False)
    seen_at: datetime | None = time_column(required=False)
    resent_at: datetime | None = time_column(required=False)
    way: str | None = Field(default=None, max_length=40)
    ahead: bool = False


class DeliveryReceipt(SQLModel, table=True):
    """What a platform said became of a message: every receipt is kept, once."""

    __tablename__: ClassVar[str] = "delivery_receipt"
    __table_args__ = (
        UniqueConstraint(
            "channel", "account", "reference", "part", "progress", name="one_receipt_a_step"
        ),
        partial_index("receipts_of_a_message", "outbox_id", where="outbox_id IS NOT NULL"),
        partial_index("receipts_unmatched", "at", where="outbox_id IS NULL"),
    )
    id: int | None = id_column()
    channel: str = Field(max_length=20)
    account: str = Field(max_length=40)
    reference: str = Field(max_length=140)
    part: int = 0
    progress: str = Field(max_length=12)
    code: str | None = Field(default=None, max_length=80)
    outbox_id: int | None = link_column("outbox.id", required=False)
    at: datetime = time_column()


class NoticePermission(SQLModel, table=True):
    """How many notices of a kind a patient allowed and did not get yet."""

    __tablename__: ClassVar[str] = "notice_permission"
    __table_args__ = (
        UniqueConstraint("conversation_id", "template", name="one_count_a_template"),
        CheckConstraint("remaining >= 0", name="never_below_zero"),
    )
    id: int | None = id_column()
    conversation_id: int = link_column("conversation.id")
    template: str = Field(max_length=80)
    remaining: int = 0
    last_key: str = Field(max_length=40)
    updated_at: datetime = time_column()


class Pace(SQLModel, table=True):
    """When the next message of an account or an address may go (GCRA): one row for all processes."""

    id: int | None = id_column()
    key: str = Field(max_length=120, unique=True)
    free_at: datetime = time_column()


class OneTimeCode(SQLModel, table=True):
    """A code sent to a phone, to prove that it is in the same hands as a conversation."""

    __tablename__: ClassVar[str] = "one_time_code"
    __table_args__ = (
        Index("codes_of_a_conversation", "conversation_id", "id"),
        Index("codes_of_a_phone", "phone_index", "id"),
        CheckConstraint("tries >= 0", name="tries_counted"),
    )
    id: int | None = id_column()
    conversation_id: int = link_column("conversation.id")
    phone: Any = sealed_column("one_time_code.phone", required=True)
    phone_index: str = Field(max_length=40)
    code_index: str = Field(max_length=40)
    tries: int = 0
    created_at: datetime = time_column()
    expires_at: datetime = time_column()
    ended_at: datetime | None = time_column(required=False)


class HandoffCase(SQLModel, table=True):
    """A conversation passed to people. One live case a conversation; claimed by one of them."""

    __tablename__: ClassVar[str] = "handoff_case"
    __table_args__ = (
        one_of("state", "open", "claimed", "closed"),
        partial_index("one_live_case", "conversation_id", where="state <> 'closed'", unique=True),
        Index("cases_waiting", "state", "priority", "opened_at"),
        Index("cases_of_a_conversation", "conversation_id"),
    )
    id: int | None = id_column()
    conversation_id: int = link_column("conversation.id")
    desk: str = Field(max_length=20)
    reason: str = Field(max_length=40)
    priority: int
    state: str = Field(default="open", max_length=8)
    token: int = 1
    staff_id: int | None = link_column("staff.id", required=False)
    note: Any = sealed_column("handoff_case.note")
    opened_at: datetime = time_column()
    claimed_at: datetime | None = time_column(required=False)
    closed_at: datetime | None = time_column(required=False)


class Staff(SQLModel, table=True):
    """Somebody who may sign in to the console."""

    id: int | None = id_column()
    username: str = Field(max_length=40, unique=True)
    display_name: str = Field(max_length=60)
    role: str = Field(default="agent", max_length=20)
    password_hash: str = Field(max_length=200)
    active: bool = True
    created_at: datetime = time_column()


class StaffSession(SQLModel, table=True):
    """A signed-in browser. Only a digest of its cookie is kept."""

    __tablename__: ClassVar[str] = "staff_session"
    id: int | None = id_column()
    staff_id: int = link_column("staff.id")
    token_index: str = Field(max_length=40, unique=True)
    csrf: str = Field(max_length=64)
    created_at: datetime = time_column()
    seen_at: datetime = time_column()


class Audit(SQLModel, table=True):
    """Who saw or changed what of which patient. Rows are only ever added; triggers refuse the rest."""

    id: int | None = id_column()
    at: datetime = time_column()
    actor: str = Field(max_length=60)
    action: str = Field(max_length=40, index=True)
    conversation_id: int | None = Field(default=None, sa_type=BigId, index=True)
    detail: str | None = Field(default=None, max_length=200)
