"""What becomes of an appointment, on both databases: every promise about holding and giving back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.appointments.model import Refusal, Visit
from bot.appointments.options import BookingOptions
from bot.appointments.service import MOVED, Bookings
from bot.appointments.states import State
from bot.store.booking_tables import AppointmentChange, Clinic, PatientTime, Slot, WaitlistEntry
from bot.store.db import Tx
from bot.store.tables import Audit
from tests.helpers.booking import ZONE, add_clinic, add_conversation, add_patient, at

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)  # Wednesday, 10:00 in Shanghai
DAY = date(2026, 11, 25)
FIVE = timedelta(minutes=5)


@dataclass
class Desk:
    """Bookings with a patient or two: `me` in `mine`, `her` in `hers`."""

    tx: Tx
    bookings: Bookings = field(default_factory=lambda: Bookings(BookingOptions(), ZONE))
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.mine = add_conversation(self.tx, "me", NOW)
        self.hers = add_conversation(self.tx, "her", NOW)
        self.me = add_patient(self.tx, "张伟", NOW, self.mine)
        self.her = add_patient(self.tx, "王芳", NOW, self.hers)

    def slot(self, day: date = DAY, **more: Any) -> int:
        return add_clinic(self.tx, day, **more)[1][0]

    def hold(self, slot_id: int, **more: Any) -> Visit | Refusal:
        more = {"patient_id": self.me, **more}
        conversation_id = more.pop("conversation_id", self.mine)
        return self.bookings.hold(self.tx, slot_id, conversation_id, self.now, **more)

    def held(self, slot_id: int, **more: Any) -> Visit:
        held = self.hold(slot_id, **more)
        assert isinstance(held, Visit), held
        return held

    def confirm(self, visit: Visit) -> Visit | Refusal:
        conversation_id, tx = visit.conversation_id, self.tx
        return self.bookings.confirm(tx, visit.appointment_id, conversation_id, self.now)

    def booked(self, slot_id: int, **more: Any) -> Visit:
        booked = self.confirm(self.held(slot_id, **more))
        assert isinstance(booked, Visit), booked
        assert booked.state is State.BOOKED
        return booked

    def assign(self, visit: Visit, patient_id: int, *, verified: bool = True) -> Visit | Refusal:
        return self.bookings.assign(
            self.tx, visit.appointment_id, visit.conversation_id, patient_id, self.now,
            verified=verified,
        )  # fmt: skip

    def cancel(self, visit: Visit, **more: Any) -> Visit | Refusal:
        more = {"actor": "patient", **more}
        return self.bookings.cancel(self.tx, visit.appointment_id, self.now, **more)

    def after(self, visit: Visit) -> Visit:
        found = self.bookings.visit(self.tx, visit.appointment_id)
        assert found is not None
        return found

    def quarters(self) -> dict[int, int]:
        """Return how many quarters each appointment has."""
        with self.tx.session() as session:
            query = sa.select(PatientTime.appointment_id, sa.func.count()).group_by(  # type: ignore[call-overload]
                PatientTime.appointment_id
            )
            return {row[0]: row[1] for row in session.execute(query)}

    def changes(self, visit: Visit) -> list[tuple[str, str, str, str | None]]:
        table = AppointmentChange.__table__  # type: ignore[attr-defined]
        with self.tx.session() as session:
            query = sa.select(table.c.old, table.c.new, table.c.actor, table.c.reason)
            mine = query.where(table.c.appointment_id == visit.appointment_id)
            return [tuple(row) for row in session.execute(mine.order_by(table.c.id))]

    def change(self, table: Any, **values: Any) -> None:
        with self.tx.session() as session:
            session.execute(sa.update(table).values(**values))

    def wait(self, visit_or_clinic: int, patient_id: int, conversation_id: int) -> None:
        with self.tx.session() as session:
            entry = WaitlistEntry(
                clinic_id=visit_or_clinic, patient_id=patient_id, created_at=NOW, updated_at=NOW,
                conversation_id=conversation_id,
            )  # fmt: skip
            session.add(entry)


@pytest.fixture
def desk(tx: Tx) -> Desk:
    return Desk(tx)


def test_a_place_is_held_with_a_visible_end_then_booked(desk: Desk) -> None:
    held = desk.held(desk.slot())
    assert held.state is State.HELD
    assert (held.held_at, held.held_until) == (NOW, NOW + FIVE)
    assert (held.told, held.fee, held.clinic.doctor_name) == ("张伟", 22, "李doc-1")
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
    people = [(add_conversation(desk.tx, f"u{n}", NOW), add_patient(desk.tx, f"人{n}", NOW)) for n in range(4)]  # fmt: skip
    visits = [desk.hold(slot_id, conversation_id=c, patient_id=p) for c, p in people]
    assert [isinstance(visit, Visit) for visit in visits] == [True, True, True, False]
    assert isinstance(visits[1], Visit)
    desk.bookings.release(desk.tx, visits[1].appointment_id, NOW)
    again = desk.held(slot_id, conversation_id=people[3][0], patient_id=people[3][1])
    with desk.tx.session() as session:
        table = sa.table("appointment", sa.column("id"), sa.column("seat"))
        seats = dict(iter(session.execute(sa.select(table.c.id, table.c.seat))))  # type: ignore[arg-type]
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


@pytest.mark.parametrize(("clinic", "asked", "refusal"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED])  # fmt: skip
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
    desk.booked(desk.slot(doctor="doc-2", department="dept-skin", part="evening"), conversation_id=desk.hers)  # fmt: skip
    third = desk.slot(doctor="doc-3", department="dept-lung", part="afternoon")
    assert desk.hold(third, conversation_id=desk.hers) is Refusal.PER_DAY


def test_who_proved_no_phone_books_one_visit(desk: Desk) -> None:
    first = desk.held(desk.slot(), patient_id=None)
    assert isinstance(desk.assign(first, desk.me, verified=False), Visit)
    assert isinstance(desk.confirm(first), Visit)
    second = desk.slot(DAY + timedelta(days=1), doctor="doc-2")
    assert desk.hold(second, verified=False) is Refusal.UNVERIFIED
    assert isinstance(desk.hold(second, verified=True), Visit)


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
    new = desk.held(later, replaces_id=old.appointment_id)
    desk.now = at(DAY - timedelta(days=1), "16:00") + timedelta(seconds=1)
    assert desk.hold(later, replaces_id=old.appointment_id, conversation_id=desk.hers) is Refusal.TOO_LATE  # fmt: skip
    desk.change(
        sa.table("appointment", sa.column("held_until")), held_until=None
    ) if False else None
    assert desk.confirm(new) is Refusal.EXPIRED
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
    desk.change(Clinic, cancel_until=NOW) if False else None
    held = desk.held(desk.slot(cancel_until=NOW - timedelta(days=1)))
    assert isinstance(desk.cancel(held), Visit)
    booked = desk.booked(
        desk.slot(cancel_until=NOW - timedelta(days=1)) if False else desk.slot(part="afternoon")
    )
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
    assigned = desk.bookings.assign(desk.tx, others.appointment_id, desk.hers, desk.her, NOW, verified=True)  # fmt: skip
    assert assigned is Refusal.NOT_HERS


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
    from bot.store.booking_tables import Appointment

    for statement in wrong:
        with pytest.raises(sa.exc.IntegrityError), desk.tx.session() as session:
            session.execute(statement(Appointment.__table__))  # type: ignore[attr-defined]
