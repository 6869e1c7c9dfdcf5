"""Holding and booking, on both databases: one winner a seat, a kind answer for everybody else."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from bot.appointments.model import Refusal, Visit
from bot.appointments.states import State
from bot.store.booking_tables import Appointment, Slot
from bot.store.tables import Audit
from tests.helpers.booking import add_clinic, add_conversation, add_patient
from tests.helpers.desk import DAY, NOW, Desk

FIVE = timedelta(minutes=5)


def test_a_place_is_held_with_a_visible_end_then_booked(desk: Desk) -> None:
    held = desk.held(desk.slot())
    assert held.state is State.HELD
    assert (held.held_at, held.held_until) == (NOW, NOW + FIVE)
    assert (held.told, held.fee, held.clinic.doctor_name) == ("张伟", Decimal(22), "李doc-1")
    assert held.number.isdecimal()
    booked = desk.confirm(held)
    assert isinstance(booked, Visit)
    assert (booked.state, booked.held_until, booked.number) == (State.BOOKED, None, held.number)
    assert desk.changes(booked) == [
        ("", "held", "patient", None), ("held", "booked", "patient", None),
    ]  # fmt: skip
    with desk.tx.session() as session:
        rows = session.execute(sa.select(Audit.action, Audit.conversation_id, Audit.detail))  # type: ignore[call-overload]
        assert sorted(tuple(row) for row in rows) == [
            (f"appointment.{state}", desk.mine, str(booked.appointment_id))
            for state in ("booked", "held")
        ]


def test_the_last_place_has_one_winner_and_a_kind_answer_for_the_other(desk: Desk) -> None:
    slot_id = desk.slot()
    winner = desk.held(slot_id)
    assert desk.hold(slot_id, patient_id=desk.her, conversation_id=desk.hers) is Refusal.FULL
    desk.bookings.release(desk.tx, winner.appointment_id, NOW)
    second = desk.booked(slot_id, patient_id=desk.her, conversation_id=desk.hers)
    assert second.number != winner.number


def test_seats_are_filled_from_below(desk: Desk) -> None:
    slot_id = desk.slot(capacity=3)
    people = [
        (add_conversation(desk.tx, f"u{n}", NOW), add_patient(desk.tx, f"人{n}", NOW))
        for n in range(4)
    ]
    visits = [desk.hold(slot_id, conversation_id=c, patient_id=p) for c, p in people]
    assert [isinstance(visit, Visit) for visit in visits] == [True, True, True, False]
    assert isinstance(visits[1], Visit)
    desk.bookings.release(desk.tx, visits[1].appointment_id, NOW)
    again = desk.held(slot_id, conversation_id=people[3][0], patient_id=people[3][1])
    with desk.tx.session() as session:
        table = sa.table("appointment", sa.column("id"), sa.column("seat"))
        seats = dict(iter(session.execute(sa.select(table.c.id, table.c.seat))))
    assert seats[again.appointment_id] == 2
    assert seats[visits[1].appointment_id] is None


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], Refusal]] = [
    ("stopped", {"status": "stopped"}, {}, Refusal.STOPPED),
    ("not-released", {"released_at": NOW + timedelta(seconds=1)}, {}, Refusal.UNRELEASED),
    ("past", {"day": date(2026, 11, 17)}, {}, Refusal.CLOSED),
    ("too-late-today", {"day": date(2026, 11, 18)}, {}, Refusal.CLOSED),
    ("not-online", {"pool": "window"}, {}, Refusal.CLOSED),
    ("no-such-slot", {}, {"slot_id": 10**6}, Refusal.FULL),
    ("offered-and-stopped", {"status": "stopped"}, {"offered": True}, Refusal.STOPPED),
    ("offered-and-full", {"capacity": 0}, {"offered": True}, Refusal.FULL),
]


@pytest.mark.parametrize(
    ("clinic", "asked", "refusal"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED]
)
def test_what_cannot_be_held(
    desk: Desk, clinic: dict[str, Any], asked: dict[str, Any], refusal: Refusal
) -> None:
    slot_id = desk.slot(**clinic)
    assert desk.hold(**{"slot_id": slot_id, **asked}) is refusal


def test_asking_twice_is_asking_once(desk: Desk) -> None:
    """A tap twice, the same request again, a second confirmation, a second cancellation."""
    slot_id = desk.slot(capacity=2)
    held = desk.held(slot_id, request_key="inbox:1")
    assert desk.held(slot_id) == held
    assert desk.held(slot_id, request_key="inbox:1") == held
    booked = desk.confirm(held)
    assert desk.confirm(held) == booked
    assert desk.held(slot_id, request_key="inbox:1") == booked
    assert desk.hold(slot_id, request_key="inbox:1", conversation_id=desk.hers) is Refusal.NOT_HERS
    cancelled = desk.cancel(held)
    assert desk.cancel(held) == cancelled
    assert [new for _, new, _, _ in desk.changes(held)] == ["held", "booked", "cancelled"]


def test_another_place_lets_the_first_go_and_only_when_it_is_sure(desk: Desk) -> None:
    first, second = desk.slot(), desk.slot(part="afternoon")
    full = desk.slot(doctor="doc-2", capacity=0)
    held = desk.held(first)
    assert desk.hold(full) is Refusal.FULL
    assert desk.after(held).state is State.HELD, "a place that is not to be had costs nothing"
    desk.held(second)
    assert desk.after(held).state is State.CANCELLED
    assert desk.held(first, conversation_id=desk.hers, patient_id=desk.her)


def test_a_hold_for_nobody_yet_is_given_to_somebody(desk: Desk) -> None:
    held = desk.held(desk.slot(), patient_id=None)
    assert held.told is None
    assert desk.confirm(held) is Refusal.NO_STEP
    assert desk.assign(held, desk.her) != Refusal.NOT_HERS
    given = desk.assign(held, desk.me)
    assert isinstance(given, Visit)
    assert (given.patient_id, given.told) == (desk.me, "张伟")
    assert desk.quarters() == {held.appointment_id: 2}
    assert isinstance(desk.confirm(held), Visit)


def test_a_hold_that_ended_is_nobodys(desk: Desk) -> None:
    """I-05: confirmation and end cannot both win."""
    slot_id = desk.slot()
    held = desk.held(slot_id)
    desk.now += FIVE
    assert desk.confirm(held) is Refusal.EXPIRED
    assert desk.assign(held, desk.her) is Refusal.EXPIRED
    assert [one.state for one in desk.bookings.expire(desk.tx, desk.now)] == [State.EXPIRED]
    assert desk.bookings.expire(desk.tx, desk.now) == []
    assert desk.confirm(held) is Refusal.EXPIRED
    assert desk.quarters() == {}
    assert desk.held(slot_id, conversation_id=desk.hers, patient_id=desk.her)


def test_what_was_confirmed_in_time_does_not_end(desk: Desk) -> None:
    booked = desk.booked(desk.slot())
    desk.now += FIVE * 10
    assert desk.bookings.expire(desk.tx, desk.now) == []
    assert desk.after(booked).state is State.BOOKED


def test_nobody_is_in_two_places(desk: Desk) -> None:
    desk.booked(desk.slot())
    elsewhere = desk.slot(doctor="doc-2", department="dept-skin", capacity=5)
    assert desk.hold(elsewhere) is Refusal.CLASH
    assert desk.hold(elsewhere, conversation_id=desk.hers) is Refusal.CLASH, "by any conversation"
    held = desk.held(elsewhere, conversation_id=desk.hers, patient_id=None)
    assert desk.assign(held, desk.me) is Refusal.CLASH
    assert isinstance(desk.assign(held, desk.her), Visit)
    assert desk.assign(held, desk.me) is Refusal.CLASH
    assert desk.after(held).patient_id == desk.her, "refused, it stays as it was"


def test_a_hold_of_hers_that_ended_is_no_clash(desk: Desk) -> None:
    """Nobody waits for the next sweep."""
    held = desk.held(desk.slot())
    desk.now += FIVE
    again = desk.slot(doctor="doc-2", department="dept-skin")
    assert desk.held(again, conversation_id=desk.hers)
    assert desk.after(held).state is State.EXPIRED


def test_limits_count_what_is_held_too(desk: Desk) -> None:
    desk.held(desk.slot())
    other = desk.slot(part="afternoon")
    assert desk.hold(other, conversation_id=desk.hers) is Refusal.SAME_DEPARTMENT
    skin = desk.slot(doctor="doc-2", department="dept-skin", part="evening")
    desk.booked(skin, conversation_id=desk.hers)
    third = desk.slot(doctor="doc-3", department="dept-lung", part="afternoon")
    assert desk.hold(third, conversation_id=desk.hers) is Refusal.PER_DAY


def test_who_proved_no_phone_books_one_visit(desk: Desk) -> None:
    first = desk.held(desk.slot(), patient_id=None)
    assert isinstance(desk.assign(first, desk.me, verified=False), Visit)
    assert isinstance(desk.confirm(first), Visit)
    second = desk.slot(DAY + timedelta(days=1), doctor="doc-2")
    assert desk.hold(second, verified=False) is Refusal.UNVERIFIED
    assert isinstance(desk.hold(second, verified=True), Visit)


def test_those_who_wait_come_before_those_who_ask(desk: Desk) -> None:
    clinic_id, (first, second) = add_clinic(desk.tx, DAY, slots=2)
    desk.wait(clinic_id, desk.her, desk.hers)
    held = desk.held(first)
    stranger = add_conversation(desk.tx, "new", NOW)
    somebody = add_patient(desk.tx, "李四", NOW, stranger)
    asked = {"conversation_id": stranger, "patient_id": somebody}
    assert desk.hold(second, **asked) is Refusal.FULL, "one place is left, and one waits"
    assert desk.held(second).appointment_id != held.appointment_id, "her own place is free for her"
    offer = desk.held(
        first, conversation_id=desk.hers, patient_id=desk.her, offered=True, minutes=15
    )
    assert offer.held_until == NOW + timedelta(minutes=15)
    assert offer.offered


def test_a_place_offered_stands_beside_a_place_asked_for(desk: Desk) -> None:
    held = desk.held(desk.slot())
    offer = desk.held(desk.slot(DAY + timedelta(days=3)), offered=True)
    assert desk.after(held).state is State.HELD
    assert isinstance(desk.confirm(offer), Visit)
    assert isinstance(desk.confirm(held), Visit)


def test_a_full_slot_of_a_bigger_clinic_is_full(desk: Desk) -> None:
    _, (first, second) = add_clinic(desk.tx, DAY, slots=2)
    desk.booked(first)
    assert desk.hold(first, patient_id=desk.her, conversation_id=desk.hers) is Refusal.FULL
    assert isinstance(desk.hold(second, patient_id=desk.her, conversation_id=desk.hers), Visit)


def test_the_database_itself_refuses_what_the_code_never_does(desk: Desk) -> None:
    """I2 by constraint: a seat twice, a seat above the capacity, a visit without its seat."""
    booked = desk.booked(desk.slot())
    other = desk.held(desk.slot(doctor="doc-2"), conversation_id=desk.hers, patient_id=desk.her)
    wrong: list[Callable[[Any], Any]] = [
        lambda t: sa.update(t).where(t.c.id == other.appointment_id).values(slot_id=booked.slot_id),
        lambda t: sa.update(t).where(t.c.id == booked.appointment_id).values(seat=2),
        lambda t: sa.update(t).where(t.c.id == booked.appointment_id).values(seat=None),
        lambda t: sa.update(t).where(t.c.id == booked.appointment_id).values(capacity=5),
        lambda t: sa.update(t).where(t.c.id == booked.appointment_id).values(state="cancelled"),
        lambda t: sa.update(t).where(t.c.id == booked.appointment_id).values(patient_id=None),
        lambda _: sa.update(Slot).values(capacity=0),
    ]
    for statement in wrong:
        with pytest.raises(sa.exc.IntegrityError), desk.tx.session() as session:
            session.execute(statement(Appointment.__table__))  # type: ignore[attr-defined]


def test_whoever_lets_places_run_out_for_nobody_names_somebody_first(desk: Desk) -> None:
    """A place is kept for a stranger three times within an hour, not for ever (BK-15)."""
    slot_id = desk.slot(capacity=1)
    for n in range(3):
        now = NOW + n * 2 * FIVE
        held = desk.bookings.hold(desk.tx, slot_id, desk.mine, now)
        assert isinstance(held, Visit)
        desk.bookings.expire(desk.tx, now + FIVE)
    later = NOW + 6 * FIVE
    assert desk.bookings.hold(desk.tx, slot_id, desk.mine, later) is Refusal.LAPSED_OFTEN
    named = desk.bookings.hold(desk.tx, slot_id, desk.mine, later, patient_id=desk.me)
    assert isinstance(named, Visit), "a name is all that was missing"
    desk.bookings.release(desk.tx, named.appointment_id, later)
    tomorrow = NOW + timedelta(hours=2)
    assert isinstance(desk.bookings.hold(desk.tx, slot_id, desk.mine, tomorrow), Visit)
