"""What a hospital is made of: frozen values, and `Hospital`, one immutable snapshot of them all.

Texts come in pairs: `name` is what the hospital writes in Chinese, `name_en` the same in English.
A `code` is the hospital's own short id for a thing and never changes; names may.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from bot.hospital.calendar import Calendar
from bot.hospital.prices import DrugPrice, PackagePrice, Service, TestPrice

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


class MovedKind(StrEnum):
    """What the state made of a day: a day off, or a working day (调休)."""

    OFF = "off"
    WORK = "work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campus:
    """A place where the hospital sees patients (院区); `map_url` shows the way.

    The first one is where patients go unless they are told another: only the others are named.
    """

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    address: str
    address_en: str
    map_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedDay:
    """A day off, or a working day on which the clinics of the weekday `works_as` are held."""

    date: dt.date
    kind: MovedKind
    works_as: int | None = None
    name: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A clinical department and what it treats; `campus` is empty where there is only one."""

    code: str
    campus: str = ""
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

    A dated rule beats the weekly one of the same doctor and session, and a holiday; what it leaves
    out (room, tier, capacity) it inherits from the next broader one. Without `session` it holds for
    the doctor's whole day, without `doctor` for every doctor. A weekly rule holds from `starts` to
    `ends`, both included.

    `capacity` are the places booked online, `window` those of the desk, `added` those that the doctor
    keeps (加号); a slot lasts `minutes`. `left` is how many of the online places there are to sell,
    where the hospital sold some elsewhere.
    """

    doctor: str | None
    weekday: int | None = None
    date: dt.date | None = None
    session: Session | None
    room: str = ""
    tier: Tier | None = None
    capacity: int | None = None
    window: int | None = None
    added: int | None = None
    minutes: int | None = None
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
    """One doctor in one room on one part of one day. `left` never exceeds `capacity`.

    `minutes` is how long a slot lasts, where the roster says.
    """

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
    window: int = 0
    added: int = 0
    minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomDepartment:
    """One approved line of the table symptom → department. A symptom may have several lines."""

    symptom: str
    symptom_en: str
    aliases: tuple[str, ...] = ()
    department: str
    note: str = ""
    note_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What is asked of a patient before a visit at all that the line names.

    Either nothing is eaten for `fasting_hours`, or `text` is told `days_before`, `at` an hour ("20:00").
    """

    department: str | None = None
    doctor: str | None = None
    session: Session | None = None
    fasting_hours: int | None = None
    days_before: int | None = None
    at: str = ""
    text: str = ""
    text_en: str = ""


@dataclass(frozen=True, kw_only=True)
class Hospital:
    """Everything told about the hospital, at one moment. Nothing in it ever changes.

    `info` holds the facts of `facts.FACTS` by language and dotted key (`hours.lab`).
    """

    info: Mapping[str, Mapping[str, Fact]]
    campuses: tuple[Campus, ...] = ()
    departments: tuple[Department, ...] = ()
    doctors: tuple[Doctor, ...] = ()
    holidays: tuple[MovedDay, ...] = ()
    roster: tuple[RosterRule, ...] = ()
    tests: tuple[TestPrice, ...] = ()
    drugs: tuple[DrugPrice, ...] = ()
    packages: tuple[PackagePrice, ...] = ()
    services: tuple[Service, ...] = ()
    symptoms: tuple[SymptomDepartment, ...] = ()
    preparations: tuple[Preparation, ...] = ()
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
    def calendar(self) -> Calendar:
        """Which days are worked, and as which weekday."""
        return Calendar(
            {
                day.date: day.works_as or day.date.isoweekday()
                if day.kind is MovedKind.WORK
                else None
                for day in self.holidays
            }
        )

    def closed_for(self, day: dt.date | None, *, zh: bool) -> str | None:
        """Return the name of the holiday on a day off; none on any other day."""
        off = (moved for moved in self.holidays if moved.date == day)
        names = (
            moved.name if zh else moved.name_en for moved in off if moved.kind is MovedKind.OFF
        )
        return next(names, None)

    @cached_property
    def campus_of(self) -> Mapping[str, Campus]:
        """Campuses by code."""
        return {campus.code: campus for campus in self.campuses}

    @cached_property
    def department_of(self) -> Mapping[str, Department]:
        """Departments by code."""
        return {department.code: department for department in self.departments}

    @cached_property
    def doctor_of(self) -> Mapping[str, Doctor]:
        """Doctors by code."""
        return {doctor.code: doctor for doctor in self.doctors}

    def place_of(self, department: Department, *, zh: bool) -> str:
        """Return where a department is, with its campus unless that is the first one."""
        place = department.place if zh else department.place_en
        campus = self.campus_of.get(department.campus)
        if campus is None or campus is self.campuses[0]:
            return place
        return f"{campus.name} {place}" if zh else f"{campus.name_en}, {place}"

    def fee_of(self, doctor: Doctor, tier: Tier | None = None) -> Decimal:
        """Return the registration fee of a doctor, in the doctor's own tier unless one is named."""
        if doctor.fee is not None and tier in (None, doctor.tier):
            return doctor.fee
        return Decimal(self.info[LANGUAGES[0]][f"fee.registration_{tier or doctor.tier}"])

    def sessions(
        self, day: dt.date, doctors: Container[str] | None = None
    ) -> tuple[ClinicSession, ...]:
        """All clinics of a day, stopped ones too, by department, doctor and hour.

        With `doctors` (codes), only theirs. On a day off only those that the roster has for its date.
        """
        held_as = self.calendar.held_as(day)
        weekly = {
            (rule.doctor, rule.session): rule
            for rule in self._week.get(held_as or day.isoweekday(), ())
            if rule.holds_on(day)
        }
        dated = {(rule.doctor, rule.session): rule for rule in self._dates.get(day, ())}
        usual = weekly if held_as else [key for key in weekly if _opened(dated.get((key[0], None)))]
        planned = {
            (doctor, session)
            for doctor, session in (*usual, *dated)
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
        keys = ((doctor_code, session), (doctor_code, None), (None, session), (None, None))
        rules = [
            *(dated[key] for key in keys if key in dated),
            *(weekly[key] for key in keys[:1] if key in weekly),
        ]
        rule = rules[0]
        doctor = self.doctor_of[doctor_code]
        tier = next((each.tier for each in rules if each.tier), doctor.tier)
        capacity = _first(each.capacity for each in rules)
        left = min(_left(rules, capacity), capacity)
        return ClinicSession(
            date=day,
            session=session,
            doctor=doctor,
            department=self.department_of[doctor.department],
            room=next((each.room for each in rules if each.room), ""),
            tier=tier,
            fee=self.fee_of(doctor, tier),
            capacity=capacity,
            left=left if rule.status is Status.ON else 0,
            status=rule.status,
            window=_first(each.window for each in rules),
            added=_first(each.added for each in rules),
            minutes=_first(each.minutes for each in rules) or None,
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


def _opened(rule: RosterRule | None) -> bool:
    """Whether a doctor comes on a day off, for the clinics of that weekday."""
    return rule is not None and rule.status is not Status.STOPPED


def _left(rules: Iterable[RosterRule], capacity: int) -> int:
    """Return how many of the places there are to sell: as said beside the capacity that holds."""
    for rule in rules:
        if rule.left is not None:
            return rule.left
        if rule.capacity is not None:
            break
    return capacity


def _first(numbers: Iterable[int | None]) -> int:
    return next((number for number in numbers if number is not None), 0)
