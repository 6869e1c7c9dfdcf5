"""Asking the hospital's facts: pure functions of a snapshot and of what a patient named.

An answer in the content files names one of `LOOKUPS`; its template sees `h` (`info`) and what was
found. Everything comes in the language that was asked for.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from bot.hospital.clinic_rows import campus_row, is_over, roster_row
from bot.hospital.model import (
    ClinicSession,
    Department,
    Doctor,
    Hospital,
    Session,
    SymptomDepartment,
)
from bot.hospital.prices import Service
from bot.hospital.query import LIMIT, Found, Query, found, say
from bot.hospital.rows import (
    DepartmentForRow,
    DepartmentRow,
    DoctorRow,
    DrugRow,
    PackageRow,
    PreparationRow,
    ServiceRow,
    TestRow,
    listing,
)
from bot.hospital.told import BookingRules, rules_told
from bot.hospital.vocabulary import vocabulary
from bot.hospital.words import (
    clinic_words,
    insurance_word,
    is_chinese,
    spoken_words,
    tier_word,
    week_words,
)

__all__ = [
    "LIMIT",
    "LOOKUPS",
    "Found",
    "Lookup",
    "Query",
    "info",
    "preparations",
    "told",
    "vocabulary",
]

#: How far ahead a doctor's or a department's clinics are looked for when no day is named.
_AHEAD = 14
_MANDARIN = "zh"


Lookup = Callable[[Hospital, Query], Found]


@lru_cache(maxsize=16)
def info(hospital: Hospital, lang: str) -> Mapping[str, Any]:
    """Return what templates call `h`: the facts, nested (`h.hours.lab`), services and campuses."""
    zh = is_chinese(lang)
    nested: dict[str, Any] = {}
    for key, value in hospital.info["zh-CN" if zh else "en"].items():
        group, _, name = key.rpartition(".")
        (nested.setdefault(group, {}) if group else nested)[name] = value
    frozen = {
        key: MappingProxyType(value) if isinstance(value, dict) else value
        for key, value in nested.items()
    }
    services = tuple(_service_row(service, zh=zh) for service in hospital.services)
    campuses = tuple(campus_row(campus, zh=zh) for campus in hospital.campuses)
    return MappingProxyType(frozen | {"services": services, "campuses": campuses})


def told(hospital: Hospital, lang: str, rules: BookingRules) -> Mapping[str, Any]:
    """Return `info` with the rules of booking, as they are enforced."""
    facts = dict(info(hospital, lang))
    for group, words in rules_told(rules, lang).items():
        facts[group] = MappingProxyType({**facts.get(group, {}), **words})
    return MappingProxyType(facts)


def _departments(hospital: Hospital, query: Query) -> Found:
    """Return the departments named, also by one of their doctors; all with clinics if none was."""
    wanted = _chosen_departments(hospital, query)
    staffed = {doctor.department for doctor in hospital.doctors}
    shown = wanted[:LIMIT] or [item for item in hospital.departments if item.code in staffed]
    weeks = _weeks(hospital, query.today)
    rows = [
        DepartmentRow(
            key=department.code,
            name=say(department, "name", zh=query.zh),
            place=hospital.place_of(department, zh=query.zh),
            phone=department.phone,
            treats=say(department, "treats", zh=query.zh),
            clinic_days=week_words(weeks.get(department.code, {}), zh=query.zh),
        )
        for department in shown
    ]
    return found(hospital, query, "departments", rows, [row.name for row in rows if wanted])


def _weeks(hospital: Hospital, today: dt.date) -> Mapping[str, Mapping[int, set[Session]]]:
    """Return the usual week of every department, as the roster has it now."""
    weeks: dict[str, dict[int, set[Session]]] = {}
    for rule in hospital.roster:
        if rule.doctor and rule.weekday and rule.session and rule.holds_on(today):
            week = weeks.setdefault(hospital.doctor_of[rule.doctor].department, {})
            week.setdefault(rule.weekday, set()).add(rule.session)
    return weeks


def _chosen_departments(hospital: Hospital, query: Query) -> list[Department]:
    doctors = [hospital.doctor_of[code] for code in query.doctors if code in hospital.doctor_of]
    codes = query.departments or tuple(doctor.department for doctor in doctors)
    known = hospital.department_of
    return [known[code] for code in dict.fromkeys(codes) if code in known]


def _department_for(hospital: Hospital, query: Query) -> Found:
    """Return what the approved table suggests for the symptoms named, in their order."""
    lines = [line for key in query.symptoms for line in hospital.symptoms if line.symptom == key]
    rows = [_symptom_row(hospital, line, zh=query.zh) for line in dict.fromkeys(lines)]
    return found(hospital, query, "symptoms", rows[:LIMIT], [row.symptom for row in rows])


def _symptom_row(hospital: Hospital, line: SymptomDepartment, *, zh: bool) -> DepartmentForRow:
    department = hospital.department_of[line.department]
    return DepartmentForRow(
        key=department.code,
        symptom=say(line, "symptom", zh=zh),
        department=say(department, "name", zh=zh),
        place=hospital.place_of(department, zh=zh),
        note=say(line, "note", zh=zh),
    )


def _chosen_doctors(hospital: Hospital, query: Query) -> tuple[list[Doctor], list[str]]:
    """Return the doctors meant and what was named: doctors, or departments with all their doctors.

    A department told beside a name several doctors share says which of them is meant.
    """
    doctors = [hospital.doctor_of[code] for code in query.doctors if code in hospital.doctor_of]
    if doctors:
        narrowed = [doctor for doctor in doctors if doctor.department in query.departments]
        chosen = narrowed or doctors
        return chosen, [say(doctor, "name", zh=query.zh) for doctor in chosen]
    codes = [code for code in query.departments if code in hospital.department_of]
    if not codes:
        lines = (line for line in hospital.symptoms if line.symptom in query.symptoms)
        codes = list(dict.fromkeys(line.department for line in lines))
    chosen = [doctor for code in codes for doctor in hospital.doctors if doctor.department == code]
    return chosen, [say(hospital.department_of[code], "name", zh=query.zh) for code in codes]


def _doctors(hospital: Hospital, query: Query) -> Found:
    """Return the doctors named, or those of a department, soonest clinic first.

    If neither is named: those who see patients in more languages than Mandarin.
    """
    chosen, named = _chosen_doctors(hospital, query)
    if not named:
        chosen = [doctor for doctor in hospital.doctors if set(doctor.languages) - {_MANDARIN}]
    next_of = {
        doctor.code: next(
            (
                item
                for item in hospital.upcoming(doctor.code, query.today)
                if not is_over(item, query)
            ),
            None,
        )
        for doctor in chosen
    }

    def soonest(doctor: Doctor) -> dt.date:
        clinic = next_of[doctor.code]
        return clinic.date if clinic else dt.date.max

    ordered = chosen if query.doctors or not named else sorted(chosen, key=soonest)
    rows = [
        _doctor_row(hospital, doctor, next_of[doctor.code], zh=query.zh)
        for doctor in ordered[:LIMIT]
    ]
    return found(hospital, query, "doctors departments", rows, named)


def _doctor_row(
    hospital: Hospital, doctor: Doctor, clinic: ClinicSession | None, *, zh: bool
) -> DoctorRow:
    return DoctorRow(
        key=doctor.code,
        name=say(doctor, "name", zh=zh),
        title=say(doctor, "title", zh=zh),
        department=say(hospital.department_of[doctor.department], "name", zh=zh),
        specialty=say(doctor, "specialty", zh=zh),
        fee=clinic.fee if clinic else hospital.fee_of(doctor),
        fee_tier=tier_word(clinic.tier if clinic else doctor.tier, zh=zh),
        languages=spoken_words(doctor.languages, zh=zh),
        next_clinic=clinic_words(clinic, zh=zh) if clinic else "",
    )


def _roster(hospital: Hospital, query: Query) -> Found:
    """Return the clinics of a department or a doctor on the day named.

    If no day is named: a doctor's next clinics, or a department's on the first day it has any,
    today included.
    """
    chosen, named = _chosen_doctors(hospital, query)
    codes = {doctor.code for doctor in chosen}
    days = [query.day] if query.day else [query.today + dt.timedelta(n) for n in range(_AHEAD)]
    clinics: list[ClinicSession] = []
    for day in days:
        if not codes or len(clinics) >= LIMIT or (clinics and not query.doctors):
            break
        held = hospital.sessions(day, codes)
        clinics += [clinic for clinic in held if query.session in (None, clinic.session)]
    rows = [roster_row(clinic, query) for clinic in clinics[:LIMIT]]
    answer = found(hospital, query, "doctors departments", rows, named)
    return replace(answer, holiday=hospital.closed_for(query.day, zh=query.zh))


def _test_price(hospital: Hospital, query: Query) -> Found:
    """Return the tests named."""
    rows = [
        TestRow(
            key=test.code,
            name=say(test, "name", zh=query.zh),
            price=test.price,
            unit=say(test, "unit", zh=query.zh),
            department=say(hospital.department_of[test.department], "name", zh=query.zh),
            prepare=say(test, "prepare", zh=query.zh),
            insurance=insurance_word(test.insurance, zh=query.zh),
            checked=test.checked,
        )
        for test in hospital.tests
        if test.code in query.tests
    ]
    return found(hospital, query, "tests", rows[:LIMIT], [row.name for row in rows])


def _drug_price(hospital: Hospital, query: Query) -> Found:
    """Return all packs of the drugs named."""
    drugs = [drug for key in query.drugs for drug in hospital.drugs if drug.generic == key]
    rows = [
        DrugRow(
            key=drug.code,
            name=say(drug, "name", zh=query.zh),
            generic=say(drug, "generic", zh=query.zh),
            pack=say(drug, "pack", zh=query.zh),
            unit=say(drug, "unit", zh=query.zh),
            price=drug.price,
            insurance=insurance_word(drug.insurance, zh=query.zh),
            checked=drug.checked,
            rx=drug.rx,
        )
        for drug in dict.fromkeys(drugs)
    ]
    return found(hospital, query, "drugs", rows[:LIMIT], [row.generic for row in rows])


def _package_price(hospital: Hospital, query: Query) -> Found:
    """Return the packages named; if none is, the first ones of the hospital's list."""
    chosen = [package for package in hospital.packages if package.code in query.packages]
    rows = [
        PackageRow(
            key=package.code,
            name=say(package, "name", zh=query.zh),
            price=package.price,
            items=listing(package.items if query.zh else package.items_en, zh=query.zh),
            suits=say(package, "suits", zh=query.zh),
        )
        for package in (chosen or hospital.packages)[:LIMIT]
    ]
    return found(hospital, query, "packages", rows, [row.name for row in rows if chosen])


def _services(hospital: Hospital, query: Query) -> Found:
    """Return the services named; if none is, all of them."""
    chosen = [service for service in hospital.services if service.code in query.services]
    rows = [_service_row(service, zh=query.zh) for service in chosen or hospital.services]
    shown = rows[:LIMIT] if chosen else rows
    return found(hospital, query, "services", shown, [row.name for row in shown if chosen])


def _service_row(service: Service, *, zh: bool) -> ServiceRow:
    texts = ("name", "place", "hours", "fee", "note")
    return ServiceRow(service.code, *(say(service, text, zh=zh) for text in texts))


def preparations(
    hospital: Hospital, department: str, doctor: str, part: str, lang: str
) -> tuple[PreparationRow, ...]:
    """Return what a visit at a department, with a doctor, in a part of the day asks for before it."""
    zh = is_chinese(lang)
    return tuple(
        PreparationRow(line.fasting_hours, line.days_before, line.at, say(line, "text", zh=zh))
        for line in hospital.preparations
        if line.department in (None, department)
        and line.doctor in (None, doctor)
        and line.session in (None, part)
    )


#: The look-ups an answer may name.
LOOKUPS: Mapping[str, Lookup] = MappingProxyType(
    {
        "departments": _departments,
        "department_for": _department_for,
        "doctors": _doctors,
        "roster": _roster,
        "test_price": _test_price,
        "drug_price": _drug_price,
        "package_price": _package_price,
        "services": _services,
    }
)
