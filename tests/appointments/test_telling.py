"""A visit is told with all that matters, alike everywhere, in both languages."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.appointments.model import ClinicView, FreeSlot, Visit
from bot.appointments.states import State
from bot.appointments.telling import (
    clinic_values,
    day_words,
    moment,
    money,
    slot_values,
    visit_values,
)
from tests.helpers.booking import ZONE, at

DAY = date(2026, 11, 25)
CLINIC = ClinicView(
    clinic_id=1, doctor="doc-0101", department="dept-cardiology", campus="main", date=DAY,
    part="morning", starts_at=at(DAY, "08:00"), ends_at=at(DAY, "12:00"), room="301-1",
    tier="expert", fee=Decimal(22), doctor_name="李明远", doctor_name_en="Li Mingyuan",
    title="主任医师", title_en="Chief Physician", department_name="心血管内科",
    department_name_en="Cardiology", place="门诊楼三层东区", place_en="Outpatient Building 3F, east",
    status="on", reason=None, released_at=at(DAY - timedelta(days=14), "07:00"),
    cancel_until=at(date(2026, 11, 24), "16:00"),
)  # fmt: skip
#: In UTC, as the database gives it.
SLOT = FreeSlot(
    slot_id=7, starts_at=datetime(2026, 11, 25, 1, 0, tzinfo=UTC), left=3, clinic=CLINIC,
    ends_at=datetime(2026, 11, 25, 1, 30, tzinfo=UTC),
)  # fmt: skip
VISIT = Visit(
    appointment_id=5, number="48213907", state=State.HELD, conversation_id=1, patient_id=2,
    told="王桂英", slot_id=7, starts_at=SLOT.starts_at, ends_at=SLOT.ends_at, fee=Decimal("22.5"),
    clinic=CLINIC, held_at=at(date(2026, 11, 18), "10:00"),
    held_until=at(date(2026, 11, 18), "10:05"),
)  # fmt: skip


def test_a_visit_in_chinese() -> None:
    told = visit_values(VISIT, "zh-CN", ZONE)
    assert told == {
        "who": "王桂英", "doctor": "李明远", "title": "主任医师", "department": "心血管内科",
        "place": "门诊楼三层东区301-1诊室", "date": DAY, "weekday": "周三", "day": "11月25日周三",
        "window": "09:00–09:30", "part": "上午", "fee": "22.50", "tier": "专家",
        "number": "48213907", "cancel_until": "11月24日周二 16:00", "hold_until": "10:05",
        "hold_minutes": 5, "state": "held", "reason": "", "queue_no": None,
        "line": "11月25日周三 09:00–09:30 心血管内科 李明远 主任医师",
        "label": "周三11/25 9:00 李明远 ¥22.50", "cancellable": True,
    }  # fmt: skip


def test_after_the_cut_off_a_visit_cannot_be_said_to_be_cancellable() -> None:
    late = CLINIC.cancel_until + timedelta(minutes=1)
    assert visit_values(VISIT, "zh-CN", ZONE, CLINIC.cancel_until)["cancellable"]
    assert not visit_values(VISIT, "zh-CN", ZONE, late)["cancellable"]


def test_a_visit_in_english() -> None:
    told = visit_values(VISIT, "en", ZONE)
    assert told["who"] == "王桂英"
    assert told["line"] == "Wed 25 Nov 09:00–09:30 Cardiology Li Mingyuan Chief Physician"
    assert told["place"] == "Outpatient Building 3F, east, room 301-1"
    assert told["cancel_until"] == "Tue 24 Nov 16:00"
    assert told["label"] == "Wed 25 Nov 9:00 Li Mingyuan ¥22.50"
    assert (told["part"], told["tier"], told["weekday"]) == ("morning", "expert", "Wed")


def test_a_free_place_names_its_fee_and_what_is_left() -> None:
    assert slot_values(SLOT, "zh-CN", ZONE)["label"] == "周三11/25 9:00 李明远 ¥22 余3"
    assert slot_values(SLOT, "en", ZONE)["label"] == "Wed 25 Nov 9:00 Li Mingyuan ¥22 3 left"
    assert slot_values(SLOT, "zh-CN", ZONE)["left"] == 3
    long = replace(SLOT, clinic=replace(CLINIC, doctor_name_en="Maximilian Ouyang"))
    assert slot_values(long, "en", ZONE)["label"] == "Wed 25 Nov 9:00 Maximilian Ouyang ¥22"


def test_both_have_the_same_values_so_that_texts_serve_both() -> None:
    both = set(visit_values(VISIT, "en", ZONE)), set(slot_values(SLOT, "en", ZONE))
    assert both[0] - both[1] == set()
    assert set(clinic_values(CLINIC, "en", ZONE)) >= {"line", "day", "doctor", "released", "status"}


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("doctor", ["李", "李明远", "阿卜杜热合曼·买买提"])
def test_a_label_fits_a_button_unless_the_name_is_longer(lang: str, doctor: str) -> None:
    clinic = replace(CLINIC, doctor_name=doctor, doctor_name_en=doctor, fee=Decimal("122.50"))
    label = slot_values(replace(SLOT, clinic=clinic), lang, ZONE)["label"]
    assert doctor in label
    assert "9:00" in label
    assert len(label) <= max({"zh-CN": 24, "en": 40}[lang], 14 + len(doctor))


def test_what_is_left_of_a_hold() -> None:
    later = at(date(2026, 11, 18), "10:02") + timedelta(seconds=1)
    assert visit_values(VISIT, "en", ZONE, later)["hold_minutes"] == 3
    assert visit_values(VISIT, "en", ZONE, later + timedelta(hours=1))["hold_minutes"] == 0
    booked = replace(VISIT, state=State.BOOKED, held_until=None, held_at=None, told=None)
    told = visit_values(booked, "en", ZONE)
    assert (told["hold_until"], told["hold_minutes"], told["who"]) == ("", 0, "")


@pytest.mark.parametrize(
    ("fee", "told"),
    [("22", "22"), ("22.5", "22.50"), ("0", "0"), ("22.00", "22"), ("1200", "1200")],
)
def test_money(fee: str, told: str) -> None:
    assert money(Decimal(fee)) == told


def test_days_and_moments_are_the_hospitals() -> None:
    late = datetime(2026, 12, 31, 17, 5, tzinfo=UTC)
    assert moment(late, "zh-CN", ZONE) == "1月1日周五 01:05"
    assert moment(late, "en", ZONE) == "Fri 1 Jan 01:05"
    assert day_words(date(2026, 2, 28), "en") == "Sat 28 Feb"
