"""A small clinic world in a database: clinics with slots, conversations, patients; made by hand."""

from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from bot.store.booking_tables import Clinic, FamilyMember, Patient, Slot
from bot.store.db import Tx
from bot.store.tables import Conversation

ZONE = ZoneInfo("Asia/Shanghai")
_HOURS = {"morning": (8, 12), "afternoon": (14, 17), "evening": (18, 20)}
_documents = count(1)


def at(day: date, clock: str) -> datetime:
    """Return an instant by the hospital's clock: `at(day, "09:30")`."""
    return datetime.combine(day, time.fromisoformat(clock), ZONE)


def add_clinic(
    tx: Tx,
    day: date,
    *,
    doctor: str = "doc-1",
    part: str = "morning",
    slots: int = 1,
    capacity: int = 1,
    pool: str = "online",
    **more: Any,
) -> tuple[int, list[int]]:
    """Make a clinic whose slots of half an hour begin with it; return its id and theirs."""
    first, last = _HOURS[part]
    starts_at = at(day, f"{first:02}:00")
    values: dict[str, Any] = {
        "doctor": doctor, "department": "dept-heart", "campus": "main", "date": day, "part": part,
        "starts_at": starts_at, "ends_at": at(day, f"{last:02}:00"), "room": "301", "tier": "expert",
        "fee_fen": 2200, "doctor_name": f"李{doctor}", "doctor_name_en": f"Li {doctor}",
        "title": "主任医师", "title_en": "Chief Physician", "department_name": "心血管内科",
        "department_name_en": "Cardiology", "place": "门诊楼三层东区", "place_en": "Building 3F east",
        "status": "on", "released_at": starts_at - timedelta(days=14),
        "cancel_until": at(day - timedelta(days=1), "16:00"), "version": 1,
    }  # fmt: skip
    with tx.session() as session:
        clinic = Clinic(**{**values, **more})
        session.add(clinic)
        session.flush()
        clinic_id = int(clinic.id or 0)
        made = [
            Slot(
                clinic_id=clinic_id, pool=pool, capacity=capacity,
                starts_at=starts_at + timedelta(minutes=30 * number),
                ends_at=starts_at + timedelta(minutes=30 * number + 30),
            )
            for number in range(slots)
        ]  # fmt: skip
        session.add_all(made)
        session.flush()
        return clinic_id, [int(slot.id or 0) for slot in made]


def add_conversation(tx: Tx, user: str, now: datetime) -> int:
    """Make a conversation of the chat page; return its id."""
    with tx.session() as session:
        made = Conversation(
            channel="webchat", account="main", user=user, created_at=now, updated_at=now,
            user_index=tx.keyring.index(user, "conversation.user"),
        )  # fmt: skip
        session.add(made)
        session.flush()
        return int(made.id or 0)


def add_patient(tx: Tx, name: str, now: datetime, conversation_id: int | None = None) -> int:
    """Make a patient, with a conversation that books for her; return her id."""
    document = f"P{next(_documents):07}"
    with tx.session() as session:
        made = Patient(
            name=name, document_kind="passport", document=document, created_at=now, updated_at=now,
            document_index=tx.keyring.index(f"passport:{document}", "patient.document"),
        )  # fmt: skip
        session.add(made)
        session.flush()
        if conversation_id is not None:
            member = FamilyMember(
                conversation_id=conversation_id, patient_id=int(made.id or 0), place=1,
                relation="self", verified_at=now, added_at=now,
            )  # fmt: skip
            session.add(member)
        return int(made.id or 0)
