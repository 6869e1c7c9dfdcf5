"""Canaries: one in every encrypted column there is, to look for where nothing must be readable."""

from datetime import UTC, datetime

from bot.message import Address, Inbound, Kind, Worded
from bot.messages import inbox, outbox
from bot.store.booking_tables import Appointment, CallTask, Patient
from bot.store.db import Tx
from bot.store.reminder_tables import CarePlan, CareTask, Dose
from bot.store.tables import Conversation, HandoffCase, OneTimeCode, Person
from tests.helpers.booking import add_clinic

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
NAME, PHONE, DOCUMENT, WORDS = "欧阳雪莉", "13900004711", "110101199003074477", "膝盖肿得像馒头"
CANARIES = (NAME, PHONE, DOCUMENT, WORDS, "canary-visitor", "canary-key-0001", "Zanzibar4711")


def everything(tx: Tx) -> None:
    """Store canaries in every encrypted column there is."""
    words = f"我叫{NAME},电话{PHONE},{WORDS},Zanzibar4711"
    inbound = Inbound(Address("webchat", "main", "canary-visitor"), "canary-key-0001", words)
    accepted = inbox.accept(tx, inbound, NOW)
    outbox.enqueue(
        tx, accepted.conversation_id, 2, Worded(f"{NAME}您好,{WORDS}", Kind.ANSWER), NOW,
        pull=True, inbox_id=accepted.inbox_id,
    )  # fmt: skip
    with tx.session() as session:
        person = Person(
            name=NAME,
            phone=PHONE,
            document=DOCUMENT,
            health_note=WORDS,
            updated_at=NOW,
            phone_index=tx.keyring.index(PHONE, "person.phone"),
        )
        session.add(person)
        session.flush()
        conversation = session.get_one(Conversation, accepted.conversation_id)
        conversation.session = {"named": {"other": [WORDS, NAME, PHONE]}}
        conversation.last_seq = 2
        conversation.person_id = person.id
        session.add(
            HandoffCase(
                conversation_id=accepted.conversation_id,
                desk="general",
                reason="asked",
                priority=2,
                state="open",
                note=f"{NAME} {PHONE} {WORDS}",
                opened_at=NOW,
            )
        )
        session.add(
            OneTimeCode(
                conversation_id=accepted.conversation_id,
                phone=PHONE,
                phone_index=tx.keyring.index(PHONE, "person.phone"),
                code_index=tx.keyring.index("471100", "one_time_code"),
                created_at=NOW,
                expires_at=NOW,
            )
        )
    a_visit(tx, accepted.conversation_id)
    a_plan(tx, accepted.conversation_id)


def a_visit(tx: Tx, conversation_id: int) -> None:
    """Store a visit of somebody whose name and document are canaries, and a call about it."""
    clinic_id, (slot_id,) = add_clinic(tx, NOW.date())
    with tx.session() as session:
        patient = Patient(
            name=NAME,
            document_kind="resident",
            document=DOCUMENT,
            document_index=tx.keyring.index(DOCUMENT, "patient.document"),
            born="1990-03-07",
            phone=PHONE,
            phone_index=tx.keyring.index(PHONE, "person.phone"),
            created_at=NOW,
            updated_at=NOW,
        )
        session.add(patient)
        session.flush()
        visit = Appointment(
            number="10000001",
            patient_id=patient.id,
            conversation_id=conversation_id,
            clinic_id=clinic_id,
            slot_id=slot_id,
            capacity=1,
            seat=1,
            starts_at=NOW,
            ends_at=NOW,
            state="booked",
            fee_fen=0,
            created_at=NOW,
            updated_at=NOW,
        )
        session.add(visit)
        session.flush()
        session.add(
            CallTask(appointment_id=int(visit.id or 0), why="silent", due_at=NOW, note=WORDS)
        )


def a_plan(tx: Tx, conversation_id: int) -> None:
    """Store what somebody is reminded of, why she did not do it, and what staff noted: canaries."""
    with tx.session() as session:
        plan = CarePlan(
            kind="medication",
            conversation_id=conversation_id,
            source="chat",
            details={"medicine": WORDS, "whom": NAME},
            zone="Asia/Shanghai",
            starts_on=NOW.date(),
            created_by="patient",
            created_at=NOW,
            updated_at=NOW,
        )
        session.add(plan)
        session.flush()
        plan_id = int(plan.id or 0)
        session.add(
            Dose(plan_id=plan_id, occurs_at=NOW, state="skipped", reason=WORDS, answered_at=NOW)
        )
        session.add(
            CareTask(cause="one", why="worse", kind="follow_up", due_at=NOW, note=f"{NAME} {WORDS}")
        )
