"""A move keeps the old visit until the new one is sure, and neither clashes with the other."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.appointments.model import Refusal, Visit
from bot.appointments.service import MOVED
from bot.appointments.states import State
from bot.store.booking_tables import Clinic
from tests.helpers.booking import at
from tests.helpers.desk import DAY, Desk

FIVE = timedelta(minutes=5)


def test_a_move_keeps_the_old_visit_until_the_new_one_is_sure(desk: Desk) -> None:
    old = desk.booked(desk.slot())
    later = desk.slot(DAY + timedelta(days=1))
    new = desk.held(later, patient_id=None, replaces_id=old.appointment_id)
    assert new.patient_id == desk.me, "a move is for whoever the visit is"
    assert desk.after(old).state is State.BOOKED
    assert isinstance(desk.confirm(new), Visit)
    assert desk.after(old).state is State.CANCELLED
    assert desk.changes(old)[-1] == ("booked", "cancelled", "patient", MOVED)
    assert desk.quarters() == {new.appointment_id: 2}


def test_a_move_that_is_not_confirmed_changes_nothing(desk: Desk) -> None:
    old = desk.booked(desk.slot())
    desk.held(desk.slot(DAY + timedelta(days=1)), replaces_id=old.appointment_id)
    desk.now += FIVE
    desk.bookings.expire(desk.tx, desk.now)
    assert desk.after(old).state is State.BOOKED
    assert desk.quarters() == {old.appointment_id: 2}


def test_a_move_to_an_overlapping_time_and_the_same_day(desk: Desk) -> None:
    """The old visit neither clashes nor counts; its time goes over in one step."""
    old = desk.booked(desk.slot())
    slot_id = desk.slot(doctor="doc-2")
    new = desk.held(slot_id, replaces_id=old.appointment_id)
    assert desk.quarters() == {old.appointment_id: 2}
    assert isinstance(desk.confirm(new), Visit)
    assert desk.quarters() == {new.appointment_id: 2}


def test_the_old_visit_is_cancelled_while_the_new_one_is_held(desk: Desk) -> None:
    """Its time is free in between; whoever takes it is no victim of the move."""
    old = desk.booked(desk.slot())
    new = desk.held(desk.slot(doctor="doc-2"), replaces_id=old.appointment_id)
    desk.cancel(old)
    assert isinstance(desk.confirm(new), Visit)
    assert desk.quarters() == {new.appointment_id: 2}
    assert desk.after(old).reason is None


def test_a_move_after_the_cut_off_is_for_the_desk(desk: Desk) -> None:
    old = desk.booked(desk.slot())
    later = desk.slot(DAY + timedelta(days=1))
    new = desk.held(later, replaces_id=old.appointment_id, minutes=10_000)
    desk.now = at(DAY - timedelta(days=1), "16:00") + timedelta(seconds=1)
    other = desk.hold(later, replaces_id=old.appointment_id, conversation_id=desk.hers)
    assert other is Refusal.TOO_LATE
    assert desk.confirm(new) is Refusal.TOO_LATE
    assert desk.after(old).state is State.BOOKED


def test_a_stopped_clinic_can_be_moved_away_from_at_any_time(desk: Desk) -> None:
    old = desk.booked(desk.slot())
    other = desk.slot(doctor="doc-2")
    desk.now = at(DAY, "07:00")
    stopped = sa.update(Clinic).where(sa.column("doctor") == "doc-1").values(status="stopped")
    with desk.tx.session() as session:
        session.execute(stopped)
    new = desk.held(other, replaces_id=old.appointment_id, offered=True)
    assert isinstance(desk.confirm(new), Visit)


@pytest.mark.parametrize(
    "become", ["check_in", "finish", "miss"], ids=["checked-in", "done", "no-show"]
)
def test_a_visit_that_is_under_way_or_over_is_not_moved(desk: Desk, become: str) -> None:
    old = desk.booked(desk.slot())
    desk.now = at(DAY, "08:30")
    getattr(desk.bookings, become)(desk.tx, old.appointment_id, desk.now, actor="desk:1")
    later = desk.slot(DAY + timedelta(days=1))
    assert desk.hold(later, replaces_id=old.appointment_id) is Refusal.NO_STEP


def test_nobody_moves_another_patients_visit(desk: Desk) -> None:
    old = desk.booked(desk.slot())
    later = desk.slot(DAY + timedelta(days=1))
    asked = {"patient_id": desk.her, "conversation_id": desk.hers}
    assert desk.hold(later, replaces_id=old.appointment_id, **asked) is Refusal.NOT_HERS
    new = desk.held(later, replaces_id=old.appointment_id)
    assert desk.assign(new, desk.her) is Refusal.NOT_HERS
