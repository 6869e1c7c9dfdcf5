"""The demonstration hospital holds together, and nobody real can be reached through it."""

import datetime as dt
import re
from dataclasses import fields

import pytest

from bot.hospital.facts import FACTS
from bot.hospital.model import KINDS, LANGUAGES, Hospital, Session
from bot.hospital.vocabulary import vocabulary

_FICTIONAL = re.compile(r"0799-555-0\d{3}")


def test_it_is_as_large_as_a_city_hospital(demo: Hospital) -> None:
    least = {
        "campuses": 2,
        "departments": 28,
        "doctors": 60,
        "holidays": 39,
        "roster": 200,
        "tests": 90,
        "drugs": 120,
        "packages": 12,
        "services": 16,
        "symptoms": 150,
        "preparations": 5,
    }
    assert {kind: len(getattr(demo, kind)) >= least[kind] for kind in KINDS} == dict.fromkeys(
        KINDS, True
    )


def test_every_phone_number_is_fictional(demo: Hospital) -> None:
    facts = {demo.info[lang][key] for lang in LANGUAGES for key in FACTS if "phone" in key}
    numbers = {str(fact) for fact in facts} | {department.phone for department in demo.departments}
    assert [number for number in numbers if not _FICTIONAL.fullmatch(number)] == []


def test_every_doctor_sits_in_a_clinic_within_a_fortnight(demo: Hospital) -> None:
    today = dt.date(2027, 3, 1)
    idle = [
        doctor.name for doctor in demo.doctors if not any(demo.upcoming(doctor.code, today, 14))
    ]
    assert idle == []


@pytest.mark.parametrize("day", [dt.date(2027, 3, 1) + dt.timedelta(days=n) for n in range(7)])
def test_nobody_is_in_two_rooms_and_no_room_holds_two(demo: Hospital, day: dt.date) -> None:
    sessions = demo.sessions(day)
    rooms = [(clinic.room, clinic.session) for clinic in sessions]
    assert len(set(rooms)) == len(rooms)
    assert all(clinic.capacity > 0 for clinic in sessions)


def test_children_can_be_seen_every_day_and_on_weekday_evenings(demo: Hospital) -> None:
    monday = dt.date(2027, 3, 1)
    held = [
        {c.session for c in demo.sessions(monday + dt.timedelta(n)) if c.department.name == "儿科"}
        for n in range(7)
    ]
    assert all(held)
    assert all(Session.EVENING in sessions for sessions in held[:5])


def test_every_text_is_there_in_both_languages(demo: Hospital) -> None:
    missing = [
        (kind, item.name, value)
        for kind in KINDS
        for value in getattr(demo, kind)
        for item in fields(value)
        if item.name.endswith("_en")
        and bool(getattr(value, item.name)) != bool(getattr(value, item.name[:-3]))
    ]
    assert missing == []


def test_english_texts_are_english(demo: Hospital) -> None:
    han = re.compile("[\u3000-\u9fff\uff00-\uffef]")
    wrong = [
        getattr(value, item.name)
        for kind in KINDS
        for value in getattr(demo, kind)
        for item in fields(value)
        if item.name.endswith("_en") and han.search(str(getattr(value, item.name)))
    ]
    wrong += [fact for fact in demo.info["en"].values() if han.search(str(fact))]
    assert wrong == []


@pytest.mark.parametrize(
    ("words", "department"),
    [
        ("拉肚子", "消化内科"),
        ("心慌", "心血管内科"),
        ("睡不着", "精神心理科"),
        ("后背疼", "骨科"),
        ("小孩发烧", "儿科"),
        ("糖尿病", "内分泌科"),
        ("高血压", "心血管内科"),
        ("diarrhoea", "消化内科"),
        ("insomnia", "精神心理科"),
        ("dog bite", "预防接种门诊"),
    ],
)
def test_everyday_words_lead_to_a_department(demo: Hospital, words: str, department: str) -> None:
    keys = [key for key, names in vocabulary(demo)["symptom"].items() if words in (key, *names)]
    codes = {line.department for line in demo.symptoms if line.symptom in keys}
    assert {demo.department_of[code].name for code in codes} == {department}


def test_no_drug_goes_by_the_name_of_a_complaint(demo: Hospital) -> None:
    names = vocabulary(demo)
    drugs = {name.lower() for entry in names["drug"].values() for name in entry}
    symptoms = {name.lower() for entry in names["symptom"].values() for name in entry}
    assert drugs & symptoms == set()
    assert [
        name for name in drugs if re.search(r"退烧药|止咳药|止痛药|安眠药|降压药|消炎药$", name)
    ] == []


def test_names_are_long_enough_to_be_told_from_other_words(demo: Hospital) -> None:
    short = [
        name
        for entries in vocabulary(demo).values()
        for key, names in entries.items()
        for name in (key, *names)
        if len(name) < 2
    ]
    assert short == []


def test_doctors_are_known_by_how_they_are_addressed(demo: Hospital) -> None:
    doctors = vocabulary(demo)["doctor"]
    assert [key for key, names in doctors.items() if "李主任" in names] == ["doc-0101"]
    assert [key for key, names in doctors.items() if "Dr Wei" in names] == ["doc-2001"]
