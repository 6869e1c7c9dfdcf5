"""When a visit is told of, and that its reminders follow each of its steps (RM-01 … RM-05)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot.appointments.model import Refusal, Visit
from bot.appointments.reminding.preparing import fast_words
from bot.appointments.reminding.things import over_for
from bot.reminders.choices import choose
from bot.store.booking_tables import Clinic
from scheduler.reminders import Reason
from tests.helpers.booking import ZONE, at
from tests.helpers.desk import DAY, Desk
from tests.helpers.reminded import (
    Asks,
    bookings,
    reminders,
    visit_reminders,
    waiting,
)

THREE, DAY_BEFORE, SOON = "visit_three_days", "visit_day_before", "visit_two_hours"
#: Wednesday 2026-11-25: three days before is a Sunday.
_WEEK_BEFORE = "11-18 10:00"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Two patients whose visits are reminded of."""
    desk.bookings = bookings()
    return desk


def instant(clock: str) -> datetime:
    return datetime.strptime(f"2026-{clock}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE).astimezone(UTC)


MORNING, AFTERNOON, EVENING = "morning", "afternoon", "evening"


@pytest.mark.parametrize(
    ("part", "booked", "expected"),
    [
        pytest.param(
            MORNING, _WEEK_BEFORE,
            [(THREE, "11-22 08:00"), (DAY_BEFORE, "11-24 08:00"), (SOON, "11-24 20:00")],
            id="at eight: two hours before is night, so the evening before",
        ),
        pytest.param(
            AFTERNOON, _WEEK_BEFORE,
            [(THREE, "11-22 14:00"), (DAY_BEFORE, "11-24 14:00"), (SOON, "11-25 12:00")],
            id="in the afternoon: the same hour",
        ),
        pytest.param(
            EVENING, _WEEK_BEFORE,
            [(THREE, "11-22 18:00"), (DAY_BEFORE, "11-24 18:00"), (SOON, "11-25 16:00")],
            id="in the evening",
        ),
        pytest.param(
            AFTERNOON, "11-22 13:59",
            [(THREE, "11-22 14:00"), (DAY_BEFORE, "11-24 14:00"), (SOON, "11-25 12:00")],
            id="a minute before the first",
        ),
        pytest.param(
            AFTERNOON, "11-22 14:00", [(DAY_BEFORE, "11-24 14:00"), (SOON, "11-25 12:00")],
            id="inside three days: dropped, not late",
        ),
        pytest.param(AFTERNOON, "11-24 15:00", [(SOON, "11-25 12:00")], id="the day before"),
        pytest.param(AFTERNOON, "11-25 12:30", [], id="inside two hours"),
        pytest.param(MORNING, "11-24 16:00", [(SOON, "11-24 20:00")], id="the afternoon before"),
        pytest.param(MORNING, "11-24 20:30", [], id="the evening before, too late for it"),
        pytest.param(MORNING, "11-25 05:00", [], id="at night before it"),
    ],
)  # fmt: skip
def test_a_visit_is_told_of_at_these_times(
    desk: Desk, part: str, booked: str, expected: list[tuple[str, str]]
) -> None:
    desk.now = instant(booked)
    visit = desk.booked(desk.slot(part=part))
    assert waiting(desk.tx, visit.appointment_id) == expected


def test_never_later_than_seven_in_the_evening(desk: Desk) -> None:
    late = at(DAY, "19:30")
    slot_id = desk.slot(part=EVENING, slots=4)
    visit = desk.booked(slot_id + 3)
    assert visit.starts_at == late
    assert (DAY_BEFORE, "11-24 19:00") in waiting(desk.tx, visit.appointment_id)


def test_quiet_hours_are_those_where_she_lives(desk: Desk) -> None:
    choose(desk.tx, desk.mine, desk.now, zone="America/New_York")
    visit = desk.booked(desk.slot(part=AFTERNOON))
    there = ZoneInfo("America/New_York")
    for one in reminders(desk.tx, "pending"):
        assert 8 <= one.due_at.astimezone(there).hour < 21, one
        assert one.due_at < visit.starts_at


@pytest.mark.parametrize(
    ("part", "lines", "expected"),
    [
        (MORNING, [Asks(fasting_hours=8)], [("visit_fasting", "11-24 20:00")]),
        (
            AFTERNOON, [Asks(fasting_hours=6)],
            [("visit_fasting", "11-24 20:00"), ("visit_prepare_day", "11-25 08:00")],
        ),
        (
            MORNING,
            [
                Asks(days_before=3, at="18:00", text="a"), Asks(days_before=1, at="10:00", text="b"),
                Asks(days_before=1, at="18:00", text="c"), Asks(days_before=1, at="18:00", text="d"),
            ],
            [
                ("visit_prepare", "11-22 18:00"), ("visit_prepare", "11-24 10:00"),
                ("visit_prepare", "11-24 18:00"),
            ],
        ),
    ],
    ids=["empty stomach", "empty stomach, afternoon", "steps that begin days before"],
)  # fmt: skip
def test_what_is_prepared_for_is_told_in_time(
    desk: Desk, part: str, lines: list[Asks], expected: list[tuple[str, str]]
) -> None:
    desk.bookings = bookings(lines)
    visit = desk.booked(desk.slot(part=part))
    told = [
        one
        for one in waiting(desk.tx, visit.appointment_id)
        if one[0] not in (THREE, DAY_BEFORE, SOON)
    ]
    assert told == expected


@pytest.mark.parametrize(
    ("booked", "lines", "at_once"),
    [
        ("11-24 19:59", [Asks(fasting_hours=8)], False),
        ("11-24 20:30", [Asks(fasting_hours=8)], True),
        ("11-24 23:00", [Asks(fasting_hours=8)], True),
        ("11-22 17:00", [Asks(days_before=3, at="18:00", text="a")], False),
        ("11-23 09:00", [Asks(days_before=3, at="18:00", text="a")], True),
        ("11-24 23:00", [], False),
    ],
)
def test_a_preparation_that_has_begun_is_told_at_booking_at_any_hour(
    desk: Desk, booked: str, lines: list[Asks], at_once: bool
) -> None:
    desk.bookings, desk.now = bookings(lines), instant(booked)
    visit = desk.booked(desk.slot())
    minute = desk.now + timedelta(minutes=1)
    told = [one.due_at for one in reminders(desk.tx, "pending") if one.kind == "visit_prepare_now"]
    assert told == ([minute] if at_once else [])
    values = visit_reminders(lines).thing(desk.tx, visit, minute).values("zh-CN")
    assert values["late_steps"] == [line.text for line in lines if line.text and at_once]


def test_of_steps_that_are_over_nothing_is_told(desk: Desk) -> None:
    lines = [Asks(days_before=3, at="18:00", text="a"), Asks(days_before=1, at="18:00", text="b")]
    desk.bookings, desk.now = bookings(lines), instant("11-23 09:00")
    visit = desk.booked(desk.slot())
    steps = [one for one in waiting(desk.tx, visit.appointment_id) if one[0] == "visit_prepare"]
    assert steps == [("visit_prepare", "11-24 18:00")]


def test_a_visit_that_is_moved_is_told_of_at_its_new_time_only(desk: Desk) -> None:
    old = desk.booked(desk.slot())
    new = desk.held(
        desk.slot(DAY + timedelta(days=2), part=AFTERNOON), replaces_id=old.appointment_id
    )
    assert len(waiting(desk.tx, old.appointment_id)) == 3, "until the new one is sure"
    assert waiting(desk.tx, new.appointment_id) == [], "a place that is held is no visit"
    assert isinstance(desk.confirm(new), Visit)
    assert waiting(desk.tx, old.appointment_id) == []
    assert waiting(desk.tx, new.appointment_id) == [
        (THREE, "11-24 14:00"), (DAY_BEFORE, "11-26 14:00"), (SOON, "11-27 12:00")
    ]  # fmt: skip
    gone = reminders(desk.tx, "skipped")
    assert {(one.appointment_id, one.reason) for one in gone} == {(old.appointment_id, "moved")}


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (lambda desk, one: desk.bookings.cancel(desk.tx, one, desk.now, actor="patient"), "cancelled"),
        (
            lambda desk, one: desk.bookings.cancel(desk.tx, one, desk.now, actor="x", by_desk=True),
            "cancelled",
        ),
        (
            lambda desk, one: desk.bookings.hospital_cancel(
                desk.tx, one, desk.now, reason="away", actor="system"
            ),
            "cancelled",
        ),
        (lambda desk, one: desk.bookings.check_in(desk.tx, one, desk.now, actor="x"), "done"),
        (lambda desk, one: desk.bookings.finish(desk.tx, one, desk.now, actor="x"), "done"),
    ],
    ids=["by herself", "by the desk", "by the hospital", "checked in", "seen"],
)  # fmt: skip
def test_after_a_step_that_ends_it_nothing_waits(desk: Desk, step: object, reason: str) -> None:
    mine, other = desk.booked(desk.slot()), desk.slot(doctor="doc-2")
    hers = desk.booked(other, patient_id=desk.her, conversation_id=desk.hers)
    assert isinstance(step(desk, mine.appointment_id), Visit)  # type: ignore[operator]
    assert waiting(desk.tx, mine.appointment_id) == []
    assert {one.reason for one in reminders(desk.tx, "skipped")} == {reason}
    assert len(waiting(desk.tx, hers.appointment_id)) == 3, "nobody else's are touched"


def test_a_missed_visit_and_one_seen_after_all_have_none(desk: Desk) -> None:
    visit = desk.booked(desk.slot())
    desk.now = visit.starts_at + timedelta(hours=1)
    assert isinstance(desk.bookings.miss(desk.tx, visit.appointment_id, desk.now, actor="x"), Visit)
    assert waiting(desk.tx, visit.appointment_id) == []
    assert isinstance(
        desk.bookings.finish(desk.tx, visit.appointment_id, desk.now, actor="x"), Visit
    )
    assert waiting(desk.tx, visit.appointment_id) == []


def test_what_is_refused_changes_no_reminder(desk: Desk) -> None:
    visit = desk.booked(desk.slot())
    before = reminders(desk.tx)
    desk.now = at(DAY, "07:00").astimezone(UTC)
    assert desk.cancel(visit) is Refusal.TOO_LATE
    assert reminders(desk.tx) == before


def test_confirming_twice_plans_once(desk: Desk) -> None:
    visit = desk.booked(desk.slot())
    before = reminders(desk.tx)
    desk.confirm(visit)
    made = visit_reminders()
    assert made.plan(desk.tx, desk.after(visit), desk.now) == 0
    assert reminders(desk.tx) == before


def test_a_clinic_that_is_off_counts_before_its_patients_were_told(desk: Desk) -> None:
    visit = desk.booked(desk.slot())
    assert over_for(visit) is None
    with desk.tx.session() as session:
        session.execute(sa.update(Clinic).values(status="stopped"))
    assert over_for(desk.after(visit)) is Reason.CANCELLED


def test_a_text_says_where_when_and_whose_and_what_to_eat(desk: Desk) -> None:
    visit = desk.booked(desk.slot())
    made = visit_reminders([Asks(fasting_hours=8)])
    now = at(DAY - timedelta(days=1), "08:00").astimezone(UTC)
    values = made.thing(desk.tx, desk.after(visit), now).values("zh-CN")
    told = {name: values[name] for name in ("who", "day", "window", "doctor", "place", "days")}
    assert told == {
        "who": "张伟", "day": "11月25日周三", "window": "08:00–08:30", "doctor": "李doc-1",
        "place": "门诊楼三层东区301诊室", "days": 1,
    }  # fmt: skip
    assert values["fast_from"] == "今天晚上12点"
    assert values["missed"] == 0


@pytest.mark.parametrize(
    ("clock", "now", "zh", "en"),
    [
        ("11-24 22:00", "11-24 20:00", "今天晚上10点", "22:00 today"),
        ("11-25 00:00", "11-24 20:00", "今天晚上12点", "midnight tonight"),
        ("11-25 00:00", "11-22 08:00", "11月24日周二晚上12点", "midnight after Tue 24 Nov"),
        ("11-25 06:30", "11-24 20:00", "明天早上6点30分", "06:30 tomorrow"),
        ("11-25 00:30", "11-24 20:00", "明天凌晨0点30分", "00:30 tomorrow"),
        ("11-25 12:00", "11-25 08:00", "今天中午12点", "12:00 today"),
        ("11-25 15:00", "11-22 08:00", "11月25日周三下午3点", "15:00 on Wed 25 Nov"),
    ],
)
def test_when_to_stop_eating_is_said_as_people_say_it(
    clock: str, now: str, zh: str, en: str
) -> None:
    assert fast_words(instant(clock), "zh-CN", ZONE, instant(now)) == zh
    assert fast_words(instant(clock), "en", ZONE, instant(now)) == en
