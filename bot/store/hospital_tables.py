"""The hospital's facts: departments, doctors, clinics, prices, services. Replaced as a whole.

Lists are lines of one text; amounts are whole fen; `position` keeps the hospital's own order. Nothing
private refers to these rows: who must remember a fee keeps a copy of it.
"""

import datetime as dt
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from bot.store.columns import id_column, one_of, time_column


def _code(target: str | None = None, *, required: bool = True, primary: bool = False) -> Any:
    if target is None:
        return Field(max_length=32, primary_key=primary)
    return Field(foreign_key=target, max_length=32, nullable=not required)


class HospitalRevision(SQLModel, table=True):
    """How many times the hospital's facts were saved. One row; none before the first time."""

    __tablename__: ClassVar[str] = "hospital_revision"
    __table_args__ = (CheckConstraint("id = 1", name="one_revision"),)
    id: int = Field(default=1, primary_key=True)
    revision: int
    saved_at: datetime = time_column()


class HospitalFact(SQLModel, table=True):
    """One fact in one language: `hours.lab`, `fee.escort`."""

    __tablename__: ClassVar[str] = "hospital_fact"
    key: str = Field(max_length=60, primary_key=True)
    lang: str = Field(max_length=8, primary_key=True)
    value: str


class HospitalCampus(SQLModel, table=True):
    """A place where the hospital sees patients (院区)."""

    __tablename__: ClassVar[str] = "hospital_campus"
    code: str = _code(primary=True)
    position: int
    name: str
    name_en: str
    aliases: str = ""
    address: str
    address_en: str
    map_url: str = ""


class HospitalHoliday(SQLModel, table=True):
    """A day that the state moved: off, or a working day (调休) on which a weekday's clinics are held."""

    __tablename__: ClassVar[str] = "hospital_holiday"
    __table_args__ = (
        one_of("kind", "off", "work"),
        CheckConstraint("works_as BETWEEN 1 AND 7", name="works_as_known"),
    )
    date: dt.date = Field(primary_key=True)
    position: int
    kind: str = Field(max_length=4)
    works_as: int | None = None
    name: str
    name_en: str


class HospitalDepartment(SQLModel, table=True):
    """A clinical department; `campus` is the code of where it is, empty where there is only one."""

    __tablename__: ClassVar[str] = "hospital_department"
    code: str = _code(primary=True)
    position: int
    campus: str = Field(default="", max_length=32)
    name: str
    name_en: str
    aliases: str = ""
    place: str
    place_en: str
    phone: str
    treats: str
    treats_en: str


class HospitalDoctor(SQLModel, table=True):
    """A doctor; without a fee of their own the fee of the tier holds."""

    __tablename__: ClassVar[str] = "hospital_doctor"
    __table_args__ = (
        one_of("tier", "general", "expert", "special"),
        CheckConstraint("fee_fen >= 0", name="fee_not_negative"),
    )
    code: str = _code(primary=True)
    position: int
    name: str
    name_en: str
    aliases: str = ""
    title: str
    title_en: str
    department: str = _code("hospital_department.code")
    tier: str = Field(max_length=8)
    fee_fen: int | None = None
    specialty: str
    specialty_en: str
    languages: str = ""


class HospitalRoster(SQLModel, table=True):
    """A weekly clinic, or what holds on one date. No doctor means every doctor."""

    __tablename__: ClassVar[str] = "hospital_roster"
    __table_args__ = (
        one_of("session", "morning", "afternoon", "evening"),
        one_of("tier", "general", "expert", "special"),
        one_of("status", "on", "full", "stopped"),
        CheckConstraint("(weekday IS NULL) <> (date IS NULL)", name="weekday_or_date"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_known"),
        CheckConstraint("capacity >= 0", name="capacity_not_negative"),
    )
    id: int | None = id_column()
    position: int
    doctor: str | None = _code("hospital_doctor.code", required=False)
    weekday: int | None = None
    date: dt.date | None = Field(default=None, index=True)
    session: str | None = Field(default=None, max_length=12)
    room: str = ""
    tier: str | None = Field(default=None, max_length=8)
    capacity: int | None = None
    window: int | None = None
    added: int | None = None
    minutes: int | None = None
    left: int | None = None
    status: str = Field(default="on", max_length=8)
    starts: dt.date | None = None
    ends: dt.date | None = None


class HospitalTest(SQLModel, table=True):
    """The price of a test or examination."""

    __tablename__: ClassVar[str] = "hospital_test"
    __table_args__ = (
        one_of("insurance", "A", "B", "self"),
        CheckConstraint("price_fen >= 0", name="price_not_negative"),
    )
    code: str = _code(primary=True)
    position: int
    name: str
    name_en: str
    aliases: str = ""
    price_fen: int
    unit: str
    unit_en: str
    department: str = _code("hospital_department.code")
    prepare: str
    prepare_en: str
    insurance: str = Field(max_length=4)
    checked: dt.date


class HospitalDrug(SQLModel, table=True):
    """The price of one pack of a drug."""

    __tablename__: ClassVar[str] = "hospital_drug"
    __table_args__ = (
        one_of("insurance", "A", "B", "self"),
        CheckConstraint("price_fen >= 0", name="price_not_negative"),
    )
    code: str = _code(primary=True)
    position: int
    name: str
    name_en: str
    generic: str = Field(index=True)
    generic_en: str
    aliases: str = ""
    pack: str
    pack_en: str
    unit: str
    unit_en: str
    price_fen: int
    insurance: str = Field(max_length=4)
    rx: bool
    checked: dt.date


class HospitalPackage(SQLModel, table=True):
    """A check-up package and its price."""

    __tablename__: ClassVar[str] = "hospital_package"
    __table_args__ = (CheckConstraint("price_fen >= 0", name="price_not_negative"),)
    code: str = _code(primary=True)
    position: int
    name: str
    name_en: str
    aliases: str = ""
    price_fen: int
    items: str
    items_en: str
    suits: str
    suits_en: str


class HospitalService(SQLModel, table=True):
    """A service beside treatment."""

    __tablename__: ClassVar[str] = "hospital_service"
    code: str = _code(primary=True)
    position: int
    name: str
    name_en: str
    aliases: str = ""
    place: str
    place_en: str
    hours: str
    hours_en: str
    fee: str
    fee_en: str
    note: str = ""
    note_en: str = ""


class HospitalPreparation(SQLModel, table=True):
    """What a visit asks of the patient before it: hours without food, or what is told when."""

    __tablename__: ClassVar[str] = "hospital_preparation"
    __table_args__ = (
        one_of("session", "morning", "afternoon", "evening"),
        CheckConstraint(
            "(fasting_hours IS NULL) <> (days_before IS NULL)", name="fasting_or_a_step"
        ),
    )
    id: int | None = id_column()
    position: int
    department: str | None = _code("hospital_department.code", required=False)
    doctor: str | None = _code("hospital_doctor.code", required=False)
    session: str | None = Field(default=None, max_length=12)
    fasting_hours: int | None = None
    days_before: int | None = None
    at: str = Field(default="", max_length=5)
    text: str = ""
    text_en: str = ""


class HospitalSymptom(SQLModel, table=True):
    """One approved line: a symptom and the department suggested for it."""

    __tablename__: ClassVar[str] = "hospital_symptom"
    symptom: str = Field(primary_key=True)
    department: str = Field(foreign_key="hospital_department.code", max_length=32, primary_key=True)
    position: int
    symptom_en: str
    aliases: str = ""
    note: str = ""
    note_en: str = ""
