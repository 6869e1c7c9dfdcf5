"""The ward of the rush: doctors of the demonstration hospital, a day of places, patients of our own."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.app import build
from bot.hospital.files import DEMO, read_folder
from bot.hospital.model import Doctor, Hospital
from bot.settings import Settings, load_settings
from bot.store.booking_tables import Appointment, Clinic, FamilyMember, Patient, Slot
from bot.store.db import Tx
from bot.store.keyring import load_keyring
from bot.store.setup import open_store
from bot.store.tables import Conversation

#: The places of the day are released this instant; every clock of the race stands there.
NOW = datetime(2026, 11, 11, 23, 0, tzinfo=UTC)  # 07:00 in Shanghai
DAY = date(2026, 11, 26)
CHANNEL, ACCOUNT = "webchat", "main"

_STARTS = tuple(time(hour, minute) for hour in (8, 9, 10, 11, 14, 15, 16) for minute in (0, 30))
_NOON = 12
_HALF = timedelta(minutes=30)
_PLENTY = 60
_STEP = 500


@dataclass(frozen=True, slots=True)
class Place:
    """What a patient asks for."""

    doctor: Doctor
    starts: time

    def sentence(self) -> str:
        """Return how she says it."""
        hour, half = self.starts.hour, "半" if self.starts.minute else ""
        part = "上午" if hour < _NOON else "下午"
        said = hour if hour <= _NOON else hour - _NOON
        return f"我要挂{self.doctor.name}医生{DAY.month}月{DAY.day}日{part}{said}点{half}的号"


def place(hospital: Hospital, number: int, slots: int) -> Place:
    """Return what patient `number` asks for: every place is asked for by as many, as near as can be."""
    doctors = hospital.doctors
    nth = number % slots
    return Place(doctors[nth % len(doctors)], _STARTS[nth // len(doctors) % len(_STARTS)])


def settings_at(config: Path, data: Path, store: str) -> Settings:
    """Return the settings of the checkout on another database."""
    return load_settings(config, {"DAOYI_DATABASE_URL": store}, data=data)


def user(number: int) -> str:
    """Return the address of a patient."""
    return f"patient {number}"


def prepare(config: Path, data: Path, store: str, *, patients: int, slots: int) -> None:
    """Fill an empty database: the hospital, the places, the patients; and learn the questions once."""
    settings = settings_at(config, data, store)
    hospital = read_folder(DEMO)

    async def fill() -> None:
        app = await build(settings, clock=lambda: NOW, facts=hospital)
        await app.engine.write(partial(_places, hospital=hospital, slots=slots, settings=settings))
        for first in range(0, patients, _STEP):
            crowd = range(first, min(first + _STEP, patients))
            await app.engine.write(partial(_crowd, numbers=crowd))
        await app.engine.close()

    asyncio.run(fill())


def seats_sold(config: Path, data: Path, store: str) -> tuple[int, int]:
    """Return (seats of the day that are booked, seats and patients that are booked twice)."""
    settings = settings_at(config, data, store)

    async def count() -> tuple[int, int]:
        engine = open_store(settings.store.url, settings.data, load_keyring(settings.key_file))
        rows = await engine.read(_booked)
        await engine.close()
        seats = Counter((row.slot_id, row.seat) for row in rows)
        people = Counter(row.patient_id for row in rows)
        above = sum(row.seat > row.places for row in rows)
        twice = sum(n - 1 for n in (*seats.values(), *people.values()))
        return len(rows), twice + above

    return asyncio.run(count())


def _booked(tx: Tx) -> list[Any]:
    with tx.session() as session:
        query = (
            select(
                Appointment.slot_id,  # type: ignore[call-overload]
                Appointment.seat,
                Appointment.patient_id,
                Slot.capacity.label("places"),  # type: ignore[attr-defined]
            )
            .join(Slot, Slot.id == Appointment.slot_id)
            .where(Appointment.state == "booked")
        )
        return list(session.execute(query))


def _places(tx: Tx, *, hospital: Hospital, slots: int, settings: Settings) -> None:
    """Make the places of the day, and for each doctor plenty on the day after."""
    wanted = Counter(place(hospital, number, slots) for number in range(slots))
    clinics: dict[tuple[str, date, str], int] = {}
    with tx.session() as session:
        for one, capacity in wanted.items():
            for day, many in ((DAY, capacity), (DAY + timedelta(days=1), _PLENTY)):
                part = "morning" if one.starts.hour < _NOON else "afternoon"
                key = one.doctor.code, day, part
                if key not in clinics:
                    clinic = _clinic(hospital, one.doctor, day, part, settings)
                    session.add(clinic)
                    session.flush()
                    clinics[key] = int(clinic.id or 0)
                starts_at = datetime.combine(day, one.starts, settings.zone)
                session.add(
                    Slot(
                        clinic_id=clinics[key], starts_at=starts_at, ends_at=starts_at + _HALF,
                        pool="online", capacity=many,
                    )
                )  # fmt: skip


def _clinic(hospital: Hospital, doctor: Doctor, day: date, part: str, settings: Settings) -> Clinic:
    department = hospital.department_of[doctor.department]
    first, last = (time(8), time(12)) if part == "morning" else (time(14), time(17))
    return Clinic(
        doctor=doctor.code, department=department.code, campus="main", date=day, part=part,
        starts_at=datetime.combine(day, first, settings.zone),
        ends_at=datetime.combine(day, last, settings.zone), room="301", tier=doctor.tier.value,
        fee_fen=int(hospital.fee_of(doctor) * 100), doctor_name=doctor.name,
        doctor_name_en=doctor.name_en, title=doctor.title, title_en=doctor.title_en,
        department_name=department.name, department_name_en=department.name_en,
        place=department.place, place_en=department.place_en, status="on",
        released_at=NOW, cancel_until=datetime.combine(day, time(0), settings.zone),
    )  # fmt: skip


def _crowd(tx: Tx, *, numbers: range) -> None:
    """Make conversations, each with the one patient it books for."""
    with tx.session() as session:
        talks = [
            Conversation(
                channel=CHANNEL, account=ACCOUNT, user=user(number), created_at=NOW,
                user_index=tx.keyring.index(user(number), "conversation.user"), updated_at=NOW,
            )
            for number in numbers
        ]  # fmt: skip
        people = [
            Patient(
                name="王小明", document_kind="passport", document=f"E{number:08}", created_at=NOW,
                document_index=tx.keyring.index(f"bench {number}", "patient.document"),
                updated_at=NOW,
            )
            for number in numbers
        ]  # fmt: skip
        session.add_all([*talks, *people])
        session.flush()
        session.add_all(
            FamilyMember(
                conversation_id=int(talk.id or 0), patient_id=int(person.id or 0), place=1,
                relation="self", added_at=NOW, verified_at=NOW,
            )
            for talk, person in zip(talks, people, strict=True)
        )  # fmt: skip
