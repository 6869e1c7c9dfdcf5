"""Clinics and slots follow the roster, on both databases; what is taken stays taken."""

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from bot.appointments.options import BookingOptions
from bot.hospital import places, roster, schedule, service
from bot.hospital.model import Hospital, RosterRule, Status
from bot.hospital.problems import HospitalDataError
from bot.store.db import Engine, Tx
from bot.store.tables import Appointment, Audit, Clinic, Slot
from tests.helpers.booking import ZONE, add_conversation, add_patient, at

RULES = BookingOptions()
MONDAY = dt.date(2026, 11, 23)
#: A Wednesday at ten.
NOW = at(dt.date(2026, 11, 18), "10:00")
LI, WU = ("li", MONDAY, "morning"), ("wu", MONDAY, "morning")


@pytest.fixture
async def kept(engine: Engine, small: Hospital) -> Engine:
    """A database with the small hospital and its clinics of one Monday."""

    def fill(tx: Tx) -> None:
        with tx.session() as session:
            service.save(session, small, NOW)
        schedule.publish(tx, small, RULES, ZONE, NOW, days=(MONDAY,))

    await engine.write(fill)
    return engine


def clinics(tx: Tx) -> dict[tuple[str, dt.date, str], Clinic]:
    with tx.session() as session:
        return {(row.doctor, row.date, row.part): row for row in session.exec(select(Clinic))}


def slots(tx: Tx, key: tuple[str, dt.date, str], pool: str = "online") -> list[int]:
    with tx.session() as session:
        rows = session.exec(
            select(Slot)
            .join(Clinic)
            .where(Clinic.doctor == key[0], Clinic.part == key[2], Slot.pool == pool)
            .order_by(Slot.starts_at)  # type: ignore[arg-type]
        )
        return [row.capacity for row in rows]


def book(tx: Tx, key: tuple[str, dt.date, str], *seats: int, state: str = "booked") -> None:
    """Take these seats of the first slot of a clinic."""
    clinic_id = clinics(tx)[key].id
    conversation = add_conversation(tx, f"u{seats}", NOW)
    with tx.session() as session:
        slot = session.exec(
            select(Slot).where(Slot.clinic_id == clinic_id).order_by(Slot.starts_at)  # type: ignore[arg-type]
        ).first()
        assert slot is not None
        assert slot.id is not None
    for seat in seats:
        patient = add_patient(tx, f"王{seat}", NOW)
        with tx.session() as session:
            session.add(
                Appointment(
                    number=f"A{seat}", patient_id=patient, conversation_id=conversation,
                    clinic_id=slot.clinic_id, slot_id=slot.id, capacity=slot.capacity, seat=seat,
                    starts_at=slot.starts_at, ends_at=slot.ends_at, state=state, fee_fen=2200,
                    created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip


def with_rule(small: Hospital, **change: Any) -> Hospital:
    """Return the hospital whose first weekly clinic (Li, Monday morning) is changed."""
    first, *others = small.roster
    return replace(small, roster=(replace(first, **change), *others))


def publish(small: Hospital, days: tuple[dt.date, ...] = (MONDAY,)) -> Callable[[Tx], int]:
    return lambda tx: schedule.publish(tx, small, RULES, ZONE, NOW, days=days)


async def test_a_clinic_and_its_slots_are_as_the_roster_says(kept: Engine) -> None:
    found = await kept.read(clinics)
    assert sorted(found) == sorted(
        [LI, WU, ("wu", MONDAY, "afternoon"), ("li2", MONDAY, "evening")]
    )
    li = found[LI]
    assert (li.starts_at, li.ends_at) == (at(MONDAY, "08:00"), at(MONDAY, "12:00"))
    assert (li.released_at, li.cancel_until) == (
        at(dt.date(2026, 11, 9), "07:00"), at(dt.date(2026, 11, 22), "16:00"),
    )  # fmt: skip
    assert (li.fee_fen, li.room, li.status, li.version) == (2200, "301", "on", 1)
    assert await kept.read(lambda tx: slots(tx, LI)) == [3, 3, 3, 3, 2, 2, 2, 2]


async def test_doing_it_again_writes_nothing(kept: Engine, small: Hospital) -> None:
    before = await kept.read(clinics)
    assert await kept.write(publish(small)) == 0
    assert await kept.read(clinics) == before


async def test_a_new_room_fee_or_pool_changes_the_clinic_and_its_version(
    kept: Engine, small: Hospital
) -> None:
    changed = with_rule(small, room="305", added=2, window=8)
    doctor = replace(small.doctors[0], fee=small.fee_of(small.doctors[0]) + 8)
    changed = replace(changed, doctors=(doctor, *small.doctors[1:]))
    assert await kept.write(publish(changed)) == 1
    li = (await kept.read(clinics))[LI]
    assert (li.room, li.fee_fen, li.version) == ("305", 3000, 2)
    assert await kept.read(lambda tx: slots(tx, LI, "added")) == [1, 1]
    assert await kept.read(lambda tx: slots(tx, LI, "window")) == [1] * 8
    assert await kept.write(publish(changed)) == 0


@pytest.mark.parametrize(
    ("capacity", "seats", "left"),
    [
        pytest.param(40, (), [5] * 8, id="more"),
        pytest.param(8, (), [1] * 8, id="fewer"),
        pytest.param(8, (1, 3), [3, 1, 1, 1, 1, 1, 0, 0], id="not below the highest seat"),
        pytest.param(0, (2,), [2, 0, 0, 0, 0, 0, 0, 0], id="none left to give"),
    ],
)
async def test_other_numbers_of_places_leave_what_is_taken(
    kept: Engine, small: Hospital, capacity: int, seats: tuple[int, ...], left: list[int]
) -> None:
    await kept.write(lambda tx: book(tx, LI, *seats))
    changed = with_rule(small, capacity=capacity)
    assert await kept.write(publish(changed)) == 1
    assert await kept.read(lambda tx: slots(tx, LI)) == left
    assert await kept.write(publish(changed)) == 0


async def test_slots_of_another_length_keep_those_with_somebody_in_them(
    kept: Engine, small: Hospital
) -> None:
    """Half hours become hours from the full hour on: the second half hour is nobody's start now."""
    await kept.write(lambda tx: book(tx, LI, 1, 2))
    changed = with_rule(small, minutes=60)
    assert await kept.write(publish(changed)) == 1
    counts = await kept.read(lambda tx: slots(tx, LI))
    assert counts == [5, 0, 5, 0, 5, 0, 5, 0]
    assert await kept.write(publish(changed)) == 0


async def test_a_clinic_that_left_the_roster_is_stopped_and_one_that_came_back_is_on(
    kept: Engine, small: Hospital
) -> None:
    away = with_rule(small, weekday=2)
    assert await kept.write(publish(away)) == 1
    li = (await kept.read(clinics))[LI]
    assert (li.status, li.version, li.stopped_at is not None) == ("stopped", 2, True)
    assert await kept.write(publish(away)) == 0
    assert await kept.write(publish(small)) == 1
    li = (await kept.read(clinics))[LI]
    assert (li.status, li.stopped_at, li.version) == ("on", None, 3)


async def test_days_that_passed_are_left_alone_and_one_more_than_released_is_kept(
    kept: Engine, small: Hospital
) -> None:
    later = at(dt.date(2026, 11, 24), "10:00")
    nobody = replace(small, roster=())
    days = await kept.read(lambda tx: schedule.days_ahead(tx, RULES, ZONE, later))
    assert (days[0], days[-1]) == (dt.date(2026, 11, 24), dt.date(2026, 12, 9))
    assert await kept.write(lambda tx: schedule.publish(tx, nobody, RULES, ZONE, later)) == 0
    assert (await kept.read(clinics))[LI].status == "on"


async def test_facts_that_are_no_longer_the_newest_change_nothing(
    kept: Engine, small: Hospital
) -> None:
    old = with_rule(small, room="999")
    done = await kept.write(
        lambda tx: schedule.publish(tx, old, RULES, ZONE, NOW, revision=7, days=(MONDAY,))
    )
    assert done == 0
    assert (await kept.read(clinics))[LI].room == "301"


async def test_what_is_left_is_what_can_be_booked(kept: Engine) -> None:
    await kept.write(lambda tx: book(tx, LI, 1, 3))
    left = await kept.read(lambda tx: places.left(tx, NOW))
    assert (left[LI], left[WU]) == (18, 12)
    during = at(MONDAY, "10:55")
    today = await kept.read(lambda tx: places.standings(tx, during, 10))
    assert today[LI] == places.Standing(4), "the slots that end later than in ten minutes"
    over = await kept.read(lambda tx: places.standings(tx, at(MONDAY, "11:55"), 10))
    assert over[LI] == places.Standing(0, over=True)
    far = at(dt.date(2026, 11, 1), "10:00")
    assert (await kept.read(lambda tx: places.left(tx, far)))[LI] == 0, "not released yet"
    [shown] = [
        clinic for clinic in await kept.read(lambda tx: places.day(tx, MONDAY))
        if (clinic["doctor"], clinic["part"]) == LI[::2]
    ]  # fmt: skip
    assert shown["pools"]["online"] == {"places": 20, "taken": 2}
    assert (shown["fee"], shown["waiting"]) == ("22.00", 0)


async def test_a_doctor_who_is_away_stops_everywhere_at_once(kept: Engine) -> None:
    await kept.write(lambda tx: book(tx, LI, 1, 2))
    revision = await kept.read(lambda tx: places.mark(tx)[0])
    stopped = await kept.write(
        lambda tx: roster.stop(tx, "李明", MONDAY, None, "生病", NOW, "daoyi roster")
    )
    li = (await kept.read(clinics))[LI]
    assert stopped == [li.id]
    assert (li.status, li.reason, li.settled_at, li.version) == ("stopped", "生病", None, 2)
    assert await kept.read(lambda tx: schedule.lost_visits(tx, NOW)) == 2
    assert LI not in await kept.read(lambda tx: places.left(tx, NOW))
    facts = await kept.read(_facts)
    assert [c.status.value for c in facts.sessions(MONDAY, {"li"})] == ["stopped"]
    assert await kept.read(lambda tx: places.mark(tx)[0]) == revision + 1
    assert await kept.write(publish(facts)) == 0, "the roster says the same"
    again = await kept.write(
        lambda tx: roster.stop(tx, "li", MONDAY, "morning", "x", NOW, "daoyi roster")
    )
    assert again == []
    assert (await kept.read(_audit)) == ["李明 2026-11-23 生病"]


async def test_a_doctor_who_comes_after_all(kept: Engine, small: Hospital) -> None:
    def stop_and_resume(tx: Tx) -> tuple[list[int], list[int]]:
        stopped = roster.stop(tx, None, MONDAY, None, None, NOW, "x")
        return stopped, roster.resume(tx, "wu", MONDAY, "afternoon", NOW, "x")

    stopped, resumed = await kept.write(stop_and_resume)
    assert (len(stopped), len(resumed)) == (4, 1)
    states = {key: row.status for key, row in (await kept.read(clinics)).items()}
    assert [key for key, status in states.items() if status == "on"] == [
        ("wu", MONDAY, "afternoon")
    ]
    facts = await kept.read(_facts)
    assert await kept.write(publish(facts)) == 0
    await kept.write(lambda tx: roster.resume(tx, None, MONDAY, None, NOW, "x"))
    facts = await kept.read(_facts)
    assert facts.roster == small.roster, "lines that only stopped a clinic are gone again"


async def test_coming_after_all_beats_a_line_for_everybody(engine: Engine, small: Hospital) -> None:
    closed = RosterRule(doctor=None, date=MONDAY, session=None, status=Status.STOPPED)
    hospital = replace(small, roster=(*small.roster, closed))

    def act(tx: Tx) -> list[str]:
        with tx.session() as session:
            service.save(session, hospital, NOW)
        roster.resume(tx, "li", MONDAY, "morning", NOW, "x")
        with tx.session() as session:
            facts = service.load(session)
        assert facts is not None
        return [f"{c.doctor.code} {c.status}" for c in facts.sessions(MONDAY)]

    assert await engine.write(act) == ["li on", "wu stopped", "wu stopped", "li2 stopped"]


@pytest.mark.parametrize(
    ("doctor", "day", "part", "said"),
    [
        ("李大明", MONDAY, None, "is not a doctor's code or name"),
        ("li", dt.date(2026, 11, 24), None, "no clinic of li on 2026-11-24"),
        ("li", MONDAY, "evening", "no clinic of li on 2026-11-23, evening"),
        (None, dt.date(2026, 11, 29), None, "no clinic of anybody on 2026-11-29"),
    ],
)
async def test_nobody_to_stop_is_said_and_nothing_changes(
    kept: Engine, doctor: str | None, day: dt.date, part: str | None, said: str
) -> None:
    with pytest.raises(HospitalDataError, match=said):
        await kept.write(lambda tx: roster.stop(tx, doctor, day, part, None, NOW, "x"))
    assert await kept.read(_audit) == []
    assert {row.status for row in (await kept.read(clinics)).values()} == {"on"}


async def test_the_roster_of_some_days_is_replaced(kept: Engine, small: Hospital) -> None:
    sheet = "doctor,date,session,status,capacity\n李明,2026-11-25,上午,出诊,6\n".encode()
    first, last = dt.date(2026, 11, 25), dt.date(2026, 11, 26)
    await kept.write(lambda tx: roster.save_days(tx, sheet, first, last, NOW))
    facts = await kept.read(_facts)
    assert [(c.doctor.code, c.left) for c in facts.sessions(first, {"li"})] == [("li", 6)]
    assert [c.status.value for c in facts.sessions(last, {"wu"})] == ["on"], "that line is gone"
    assert facts.roster[:14] == small.roster[:14], "the weekly ones stay"
    wrong = "doctor,date,session\nli,2026-11-27,上午\n吴某,2026-11-25,上午\n".encode()
    with pytest.raises(HospitalDataError) as refused:
        await kept.write(lambda tx: roster.save_days(tx, wrong, first, last, NOW, "days.csv"))
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "days.csv row 2, column date", "days.csv row 3, column doctor",
    ]  # fmt: skip
    assert await kept.read(_facts) == facts


def _facts(tx: Tx) -> Hospital:
    with tx.session() as session:
        found = service.load(session)
    assert found is not None
    return found


def _audit(tx: Tx) -> list[str | None]:
    with tx.session() as session:
        rows = session.exec(select(Audit).where(text("action LIKE 'roster.%'")))
        return [row.detail for row in rows]


async def test_several_processes_publish_at_once_and_once_is_enough(
    open_engine: Callable[[], Engine], small: Hospital
) -> None:
    engines = [open_engine() for _ in range(3)]

    def fill(tx: Tx) -> None:
        with tx.session() as session:
            service.save(session, small, NOW)

    await engines[0].write(fill)
    try:
        changed = await asyncio.gather(*(each.write(publish(small)) for each in engines))
        assert sorted(changed) == [0, 0, 4]
        fewer = with_rule(small, capacity=8)
        await engines[0].write(lambda tx: book(tx, LI, 3))
        changed = await asyncio.gather(*(each.write(publish(fewer)) for each in engines))
        assert sorted(changed) == [0, 0, 1]
        assert await engines[0].read(lambda tx: slots(tx, LI)) == [3, 1, 1, 1, 1, 1, 0, 0]
    finally:
        for each in engines:
            await each.close()
