"""What a hospital is made of: frozen values, and `Hospital`, one immutable snapshot of them all.

Texts come in pairs: `name` is what the hospital writes in Chinese, `name_en` the same in English.
A `code` is the hospital's own short id for a thing and never changes; names may.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

#: The languages every text of the hospital exists in.
LANGUAGES = ("zh-CN", "en")

#: A fact about the hospital: a text, an amount in yuan, or a number.
Fact = str | int | Decimal


class Tier(StrEnum):
    """The three kinds of clinic: 普通, 专家, 特需."""

    GENERAL = "general"
    EXPERT = "expert"
    SPECIAL = "special"


class Session(StrEnum):
    """A part of the clinic day, in the order of the day."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class Status(StrEnum):
    """Whether a clinic takes patients: yes, no longer (full), or not at all (stopped, 停诊)."""

    ON = "on"
    FULL = "full"
    STOPPED = "stopped"


class Insurance(StrEnum):
    """How the basic medical insurance lists an item: 甲类, 乙类, or 自费."""

    A = "A"
    B = "B"
    SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A clinical department and what it treats."""

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    place: str
    place_en: str
    phone: str
    treats: str
    treats_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """A doctor; `fee` is their own registration fee, none where the fee of the tier holds."""

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    title: str
    title_en: str
    department: str
    tier: Tier
    fee: Decimal | None = None
    specialty: str
    specialty_en: str
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRule:
    """One line of the roster: a weekly clinic (`weekday`, 1 = Monday) or one date (`date`).

    A dated rule beats the weekly one of the same doctor and session; what it leaves out (room,
    tier, capacity) it inherits. Without `session` it holds for the doctor's whole day, without
    `doctor` for every doctor. A weekly rule holds from `starts` to `ends`, both included.
    """

    doctor: str | None
    weekday: int | None = None
    date: dt.date | None = None
    session: Session | None
    room: str = ""
    tier: Tier | None = None
    capacity: int | None = None
    left: int | None = None
    status: Status = Status.ON
    starts: dt.date | None = None
    ends: dt.date | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Whether a weekly rule means a clinic on that day."""
        after_start = self.starts is None or self.starts <= day
        return after_start and (self.ends is None or day <= self.ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicSession:
    """One doctor in one room on one part of one day. `left` never exceeds `capacity`."""

    date: dt.date
    session: Session
    doctor: Doctor
    department: Department
    room: str
    tier: Tier
    fee: Decimal
    capacity: int
    left: int
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPrice:
    """A test or examination: its price, who does it, how to prepare, when the price was checked."""

    __test__ = False

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    price: Decimal
    unit: str
    unit_en: str
    department: str
    prepare: str
    prepare_en: str
    insurance: Insurance
    checked: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugPrice:
    """One pack of a drug and its price. Packs of one `generic` are asked for together."""

    code: str
    name: str
    name_en: str
    generic: str
    generic_en: str
    aliases: tuple[str, ...] = ()
    pack: str
    pack_en: str
    unit: str
    unit_en: str
    price: Decimal
    insurance: Insurance
    rx: bool
    checked: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePrice:
    """A check-up package: what it holds and whom it suits."""

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    price: Decimal
    items: tuple[str, ...]
    items_en: tuple[str, ...]
    suits: str
    suits_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something the hospital does for people beside treating them: escorts, wheelchairs, post."""

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    place: str
    place_en: str
    hours: str
    hours_en: str
    fee: str
    fee_en: str
    note: str = ""
    note_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomDepartment:
    """One approved line of the table symptom → department. A symptom may have several lines."""

    symptom: str
    symptom_en: str
    aliases: tuple[str, ...] = ()
    department: str
    note: str = ""
    note_en: str = ""


@dataclass(frozen=True, kw_only=True)
class Hospital:
    """Everything told about the hospital, at one moment. Nothing in it ever changes.

    `info` holds the facts of `facts.FACTS` by language and dotted key (`hours.lab`).
    """

    info: Mapping[str, Mapping[str, Fact]]
    departments: tuple[Department, ...] = ()
    doctors: tuple[Doctor, ...] = ()
    roster: tuple[RosterRule, ...] = ()
    tests: tuple[TestPrice, ...] = ()
    drugs: tuple[DrugPrice, ...] = ()
    packages: tuple[PackagePrice, ...] = ()
    services: tuple[Service, ...] = ()
    symptoms: tuple[SymptomDepartment, ...] = ()
    _week: Mapping[int, tuple[RosterRule, ...]] = field(init=False, repr=False, compare=False)
    _dates: Mapping[dt.date, tuple[RosterRule, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the roster by weekday and by date once, so that a day is cheap to look up."""
        week: dict[int, list[RosterRule]] = defaultdict(list)
        dates: dict[dt.date, list[RosterRule]] = defaultdict(list)
        for rule in self.roster:
            if rule.date is not None:
                dates[rule.date].append(rule)
            elif rule.weekday is not None:
                week[rule.weekday].append(rule)
        object.__setattr__(self, "_week", {day: tuple(rules) for day, rules in week.items()})
        object.__setattr__(self, "_dates", {day: tuple(rules) for day, rules in dates.items()})

    def __hash__(self) -> int:
        """Equal hospitals hash alike."""
        return hash(self.version)

    @cached_property
    def version(self) -> str:
        """A short digest of the content: the same facts have the same version everywhere."""
        facts = {lang: sorted(texts.items()) for lang, texts in sorted(self.info.items())}
        parts = [repr(facts), *(repr(getattr(self, kind)) for kind in KINDS)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

    @cached_property
    def department_of(self) -> Mapping[str, Department]:
        """Departments by code."""
        return {department.code: department for department in self.departments}

    @cached_property
    def doctor_of(self) -> Mapping[str, Doctor]:
        """Doctors by code."""
        return {doctor.code: doctor for doctor in self.doctors}

    def fee_of(self, doctor: Doctor, tier: Tier | None = None) -> Decimal:
        """Return the registration fee of a doctor, in the doctor's own tier unless one is named."""
        if doctor.fee is not None and tier in (None, doctor.tier):
            return doctor.fee
        return Decimal(self.info[LANGUAGES[0]][f"fee.registration_{tier or doctor.tier}"])

    def sessions(
        self, day: dt.date, doctors: Container[str] | None = None
    ) -> tuple[ClinicSession, ...]:
        """All clinics of a day, stopped ones too, by department, doctor and hour.

        With `doctors` (codes), only theirs.
        """
        weekly = {
            (rule.doctor, rule.session): rule
            for rule in self._week.get(day.isoweekday(), ())
            if rule.holds_on(day)
        }
        dated = {(rule.doctor, rule.session): rule for rule in self._dates.get(day, ())}
        planned = {
            (doctor, session)
            for doctor, session in (*weekly, *dated)
            if doctor is not None and session is not None
            if doctors is None or doctor in doctors
        }
        found = (self._session(day, *key, weekly, dated) for key in planned)
        return tuple(sorted(found, key=self._order))

    def upcoming(self, doctor: str, today: dt.date, days: int = 28) -> Iterator[ClinicSession]:
        """Yield the clinics of a doctor from today on, stopped ones left out."""
        for ahead in range(days):
            for session in self.sessions(today + dt.timedelta(days=ahead), {doctor}):
                if session.status is not Status.STOPPED:
                    yield session

    def _session(
        self,
        day: dt.date,
        doctor_code: str,
        session: Session,
        weekly: Mapping[tuple[str | None, Session | None], RosterRule],
        dated: Mapping[tuple[str | None, Session | None], RosterRule],
    ) -> ClinicSession:
        """Return the clinic that the weekly rule makes and the dated rules change."""
        usual = weekly.get((doctor_code, session))
        keys = ((doctor_code, session), (doctor_code, None), (None, session), (None, None))
        changes = (dated[key] for key in keys if key in dated)
        rule = next(changes, usual) or RosterRule(doctor=doctor_code, session=session)
        doctor = self.doctor_of[doctor_code]
        tier = rule.tier or (usual.tier if usual else None) or doctor.tier
        capacity = _first(rule.capacity, usual.capacity if usual else None)
        left = capacity if rule.left is None else min(rule.left, capacity)
        return ClinicSession(
            date=day,
            session=session,
            doctor=doctor,
            department=self.department_of[doctor.department],
            room=rule.room or (usual.room if usual else ""),
            tier=tier,
            fee=self.fee_of(doctor, tier),
            capacity=capacity,
            left=left if rule.status is Status.ON else 0,
            status=rule.status,
        )

    @cached_property
    def _rank(self) -> Mapping[str, int]:
        """Doctors' places in the list: by department, then as listed."""
        order = {department.code: place for place, department in enumerate(self.departments)}
        ranked = sorted(self.doctors, key=lambda doctor: order[doctor.department])
        return {doctor.code: place for place, doctor in enumerate(ranked)}

    def _order(self, session: ClinicSession) -> tuple[int, int]:
        return self._rank[session.doctor.code], list(Session).index(session.session)


#: The kinds of rows a hospital has, each a field of `Hospital` and a CSV file of that name.
KINDS = tuple(
    item.name for item in fields(Hospital) if item.name != "info" and not item.name.startswith("_")
)


def _first(*numbers: int | None) -> int:
    return next((number for number in numbers if number is not None), 0)
