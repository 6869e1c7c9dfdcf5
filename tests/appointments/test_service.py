"""What becomes of a visit afterwards: given back, missed, excused, seen; and who may look."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.appointments import seats, steps
from bot.appointments.model import Refusal, Visit
from bot.appointments.states import State
from tests.helpers.booking import at
from tests.helpers.desk import DAY, NOW, Desk

FIVE = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("minutes", "by_desk", "refused"),
    [(0, False, False), (1, False, True), (1, True, False)],
    ids=["in-time", "too-late", "by-the-desk"],
)
def test_a_visit_is_given_back_until_the_cut_off(
    desk: Desk, minutes: int, by_desk: bool, refused: bool
) -> None:
    slot_id = desk.slot()
    booked = desk.booked(slot_id)
    desk.now = at(DAY - timedelta(days=1), "16:00") + timedelta(minutes=minutes)
    cancelled = desk.cancel(booked, by_desk=by_desk, reason="ill", actor="desk:1")
    assert (cancelled is Refusal.TOO_LATE) is refused
    assert (desk.after(booked).state is State.BOOKED) is refused
    assert bool(desk.quarters()) is refused
    again = desk.hold(slot_id, patient_id=desk.her, conversation_id=desk.hers)
    assert (again is Refusal.FULL) is refused


def test_what_is_held_can_be_let_go_at_any_time(desk: Desk) -> None:
    held = desk.held(desk.slot(cancel_until=NOW - timedelta(days=1)))
    assert isinstance(desk.cancel(held), Visit)
    booked = desk.booked(desk.slot(part="afternoon"))
    desk.bookings.release(desk.tx, booked.appointment_id, NOW)
    assert desk.after(booked).state is State.BOOKED, "only what is held"


def test_missed_visits_pause_booking_and_an_appeal_ends_the_pause(desk: Desk) -> None:
    visits = []
    for days in (1, 3, 5):
        desk.now = at(DAY + timedelta(days=days - 1), "10:00")
        visits.append(desk.booked(desk.slot(DAY + timedelta(days=days), cancel_until=NOW)))
        desk.now = at(DAY + timedelta(days=days), "12:00")
        desk.bookings.miss(desk.tx, visits[-1].appointment_id, desk.now, actor="clock")
    told = desk.bookings.missed(desk.tx, desk.me, desk.now)
    last = at(DAY + timedelta(days=5), "08:00")
    assert (told.count, told.blocked_until) == (3, last + timedelta(days=90))
    next_day = desk.slot(DAY + timedelta(days=14))
    assert desk.hold(next_day) is Refusal.BLOCKED
    held = desk.held(next_day, patient_id=None)
    assert desk.assign(held, desk.me) is Refusal.BLOCKED
    excused = desk.bookings.excuse(desk.tx, visits[0].appointment_id, desk.now, actor="staff:1")
    assert isinstance(excused, Visit)
    assert excused.state is State.NO_SHOW
    told = desk.bookings.missed(desk.tx, desk.me, desk.now)
    assert (told.count, told.blocked_until, told.warn) == (2, None, True)
    assert isinstance(desk.assign(held, desk.me), Visit)


def test_what_the_hospital_caused_counts_for_nothing(desk: Desk) -> None:
    booked = desk.booked(desk.slot())
    bookings, tx = desk.bookings, desk.tx
    gone = bookings.hospital_cancel(tx, booked.appointment_id, NOW, reason="停诊", actor="roster")
    assert isinstance(gone, Visit)
    assert (gone.state, gone.reason) == (State.HOSPITAL_CANCELLED, "停诊")
    assert bookings.missed(tx, desk.me, NOW).count == 0
    assert desk.cancel(booked) is Refusal.NO_STEP
    assert isinstance(desk.hold(desk.slot(doctor="doc-2")), Visit), "and for no limit"


def test_the_day_itself(desk: Desk) -> None:
    booked = desk.booked(desk.slot())
    bookings, tx, one = desk.bookings, desk.tx, booked.appointment_id
    assert bookings.miss(tx, one, NOW, actor="clock") is Refusal.NO_STEP, "it has not begun"
    here = at(DAY, "07:45")
    for _ in range(2):
        arrived = bookings.check_in(tx, one, here, actor="patient")
        assert isinstance(arrived, Visit)
        assert arrived.state is State.CHECKED_IN
    desk.now = here
    assert desk.cancel(booked) is Refusal.TOO_LATE
    assert bookings.miss(tx, one, at(DAY, "13:00"), actor="clock") is Refusal.NO_STEP
    assert isinstance(bookings.finish(tx, one, at(DAY, "09:00"), actor="his"), Visit)
    assert bookings.check_in(tx, one, at(DAY, "09:00"), actor="patient") is Refusal.NO_STEP
    assert bookings.excuse(tx, one, at(DAY, "09:00"), actor="staff:1") is Refusal.NO_STEP
    assert [new for _, new, _, _ in desk.changes(booked)] == [
        "held",
        "booked",
        "checked_in",
        "done",
    ]


def test_she_had_come_after_all(desk: Desk) -> None:
    booked = desk.booked(desk.slot())
    bookings, tx = desk.bookings, desk.tx
    bookings.miss(tx, booked.appointment_id, at(DAY, "12:00"), actor="clock")
    assert bookings.missed(tx, desk.me, at(DAY, "12:00")).count == 1
    assert isinstance(
        bookings.finish(tx, booked.appointment_id, at(DAY, "12:30"), actor="d"), Visit
    )
    assert bookings.missed(tx, desk.me, at(DAY, "13:00")).count == 0


@pytest.mark.parametrize("act", ["cancel", "check_in", "finish", "miss", "excuse"])
def test_what_is_not_there_cannot_be_changed(desk: Desk, act: str) -> None:
    assert getattr(desk.bookings, act)(desk.tx, 10**6, NOW, actor="x") is Refusal.NO_STEP
    assert desk.bookings.visit(desk.tx, 10**6) is None
    desk.bookings.release(desk.tx, 10**6, NOW)


def test_a_conversation_touches_only_its_familys_visits(desk: Desk) -> None:
    """I7: by the patients it may book for, and what it holds for nobody yet."""
    booked = desk.booked(desk.slot())
    nobodys = desk.held(desk.slot(DAY + timedelta(days=1)), patient_id=None)

    def may(visit: Visit, conversation_id: int, *patients: int) -> bool:
        return desk.bookings.belongs(desk.tx, visit.appointment_id, conversation_id, patients)

    assert may(booked, desk.mine, desk.me)
    assert may(booked, desk.hers, desk.me), "her daughter's conversation"
    assert not may(booked, desk.hers, desk.her)
    assert not may(booked, desk.mine), "no longer of the family"
    assert may(nobodys, desk.mine)
    assert not may(nobodys, desk.hers, desk.me)
    assert not desk.bookings.belongs(desk.tx, 10**6, desk.mine, [desk.me])
    others = desk.held(desk.slot(DAY + timedelta(days=2)))
    assert desk.bookings.confirm(desk.tx, others.appointment_id, desk.hers, NOW) is Refusal.NOT_HERS
    one, hers = others.appointment_id, desk.hers
    taken = desk.bookings.assign(desk.tx, one, hers, desk.her, NOW, verified=True)
    assert taken is Refusal.NOT_HERS


def test_my_visits(desk: Desk) -> None:
    second = desk.booked(desk.slot(DAY + timedelta(days=1)))
    first = desk.booked(desk.slot())
    hers = desk.booked(desk.slot(doctor="doc-2"), conversation_id=desk.hers, patient_id=desk.her)
    gone = desk.booked(desk.slot(DAY + timedelta(days=3)))
    desk.cancel(gone)

    def ids(*patients: int, now: datetime = NOW, past: bool = False) -> list[int]:
        found = desk.bookings.of_patients(desk.tx, patients, now, past=past)
        return [visit.appointment_id for visit in found]

    assert ids(desk.me) == [first.appointment_id, second.appointment_id]
    assert ids(desk.me, desk.her)[:2] == sorted([first.appointment_id, hers.appointment_id])
    assert ids(desk.me, past=True) == [gone.appointment_id]
    assert ids() == []
    in_clinic, over = at(DAY, "11:59"), at(DAY, "12:01")
    assert ids(desk.me, now=in_clinic)[0] == first.appointment_id, "late, but the clinic is open"
    assert ids(desk.me, now=over) == [second.appointment_id]
    assert ids(desk.me, now=over, past=True) == [gone.appointment_id, first.appointment_id]


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    "change", ["check_in", "finish", "miss", "cancel", "hospital_cancel", "excuse", "release"]
)
def test_every_change_passes_the_gate_before_it_locks_anything(
    desk: Desk, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes that lock in another order wait for each other."""
    booked = desk.booked(desk.slot())
    locked: list[str] = []
    load = steps.load

    def loads(tx: Any, one: int) -> Any:
        locked.append("visit")
        return load(tx, one)

    monkeypatch.setattr(seats, "enter", lambda *_: locked.append("gate"))
    monkeypatch.setattr(steps, "load", loads)
    more = {} if change == "release" else {"actor": "staff:1"}
    more |= {"reason": "stopped"} if change == "hospital_cancel" else {}
    getattr(desk.bookings, change)(desk.tx, booked.appointment_id, NOW, **more)
    assert locked[0] == "gate"
