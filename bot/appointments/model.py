"""What booking speaks of: clinics, free slots, visits; frozen values, without a database in them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from bot.appointments.states import State


class Refusal(StrEnum):
    """Why something cannot be done; each has its own kind words and a way on."""

    FULL = "full"
    STOPPED = "stopped"
    UNRELEASED = "unreleased"
    CLOSED = "closed"  # too late to book it online
    CLASH = "clash"  # she has another visit at that time
    SAME_DEPARTMENT = "same_department"
    PER_DAY = "per_day"
    PER_WEEK = "per_week"
    PER_QUARTER = "per_quarter"
    BLOCKED = "blocked"  # too many missed visits
    UNVERIFIED = "unverified"
    EXPIRED = "expired"  # the hold ended
    LAPSED_OFTEN = "lapsed_often"  # places kept for nobody ran out again and again
    NOT_HERS = "not_hers"
    TOO_LATE = "too_late"  # only the desk can cancel now (BK-07)
    NO_STEP = "no_step"  # not from the state it is in


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicView:
    """One clinic as it is told; names in both languages."""

    clinic_id: int
    doctor: str
    department: str
    campus: str
    date: date
    part: str
    starts_at: datetime
    ends_at: datetime
    room: str
    tier: str
    fee: Decimal
    doctor_name: str
    doctor_name_en: str
    title: str
    title_en: str
    department_name: str
    department_name_en: str
    place: str
    place_en: str
    status: str
    reason: str | None
    released_at: datetime
    cancel_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeSlot:
    """A slot with online places left; `left` is already without those who wait for one."""

    slot_id: int
    starts_at: datetime
    ends_at: datetime
    left: int
    clinic: ClinicView


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One appointment as it is told.

    Attributes:
        number: what the patient shows.
        held_until: until when a hold keeps the place, since `held_at`.
        since: when it became what it is; None where nobody asked.
        told: her name; for the eyes of whoever may book for her, nobody else.
    """

    appointment_id: int
    number: str
    state: State
    conversation_id: int
    patient_id: int | None
    told: str | None = field(repr=False)
    slot_id: int
    starts_at: datetime
    ends_at: datetime
    fee: Decimal
    clinic: ClinicView
    held_until: datetime | None = None
    held_at: datetime | None = None
    replaces_id: int | None = None
    offered: bool = False
    reason: str | None = None
    queue_no: int | None = None
    queue_state: str | None = None
    version: int = 1
    since: datetime | None = None
