"""Whatever happens in whatever order, the promises hold: I1, I2 and I7, on both databases.

A machine books, moves, cancels, stops, crashes and turns the clock as it likes. After every step the
tables themselves are read and must add up.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot.appointments.model import Refusal, Visit
from bot.appointments.options import BookingOptions
from bot.appointments.service import Bookings
from bot.appointments.states import LIVE, NEXT, SEATED, State
from bot.store.booking_tables import (
    Appointment,
    AppointmentChange,
    Clinic,
    PatientTime,
    Slot,
    WaitlistEntry,
)
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Audit
from tests.helpers.booking import ZONE, add_clinic, add_conversation, add_patient
from tests.helpers.desk import DAY, NOW

_appointment = Appointment.__table__  # type: ignore[attr-defined]
_slot = Slot.__table__  # type: ignore[attr-defined]
_change = AppointmentChange.__table__  # type: ignore[attr-defined]
_time = PatientTime.__table__  # type: ignore[attr-defined]
_wait = WaitlistEntry.__table__  # type: ignore[attr-defined]
_clinic = Clinic.__table__  # type: ignore[attr-defined]
_audit = Audit.__table__  # type: ignore[attr-defined]

_ALL = {
    table.name: Hot(sa.select(table).order_by(*table.primary_key))
    for table in (_appointment, _slot, _change, _time, _wait, _audit)
}
#: Who may book for whom: two conversations share a grandmother.
FAMILIES = ((0, 1), (1, 2), (3,))
OPTIONS = BookingOptions(per_week=4, no_show_count=2, no_show_warn_at=1)
_QUARTER = timedelta(minutes=15)
which = st.integers(0, 40)
crashes = st.sampled_from([False, False, False, True])


class Hospital(RuleBasedStateMachine):
    """Three conversations, four patients, a few clinics, one clock."""

    def __init__(self, tx: Tx) -> None:
        super().__init__()
        self.tx = tx
        self.raw = tx._link.raw
        self.raw.execute("SAVEPOINT example")
        self.bookings = Bookings(OPTIONS, ZONE)
        self.now = NOW
        self.conversations = [add_conversation(tx, f"c{n}", NOW) for n in range(len(FAMILIES))]
        self.patients = [add_patient(tx, f"人{n}", NOW) for n in range(4)]
        self.slots: list[int] = []
        self.clinics: list[int] = []
        self.made = 0
        self.open_clinic(0, 1)
        self.open_clinic(0, 2)

    def teardown(self) -> None:
        self.raw.execute("ROLLBACK TO SAVEPOINT example")

    def rows(self, table: Any) -> list[Any]:
        return self.tx.rows(_ALL[table.name])

    def ids(self) -> list[int]:
        return [row.id for row in self.rows(_appointment)]

    def one(self, number: int) -> int | None:
        ids = self.ids()
        return ids[number % len(ids)] if ids else None

    def family(self, number: int) -> list[int]:
        return [self.patients[place] for place in FAMILIES[number % len(FAMILIES)]]

    def speaker(self, number: int) -> int:
        return self.conversations[number % len(FAMILIES)]

    def may(self, appointment_id: int | None, who: int) -> bool:
        return appointment_id is not None and self.bookings.belongs(
            self.tx, appointment_id, self.speaker(who), self.family(who)
        )

    def do(self, op: Callable[[], Any], crash: bool) -> Any:
        """Run one operation; a crash comes after its changes and before they are kept."""
        before = self.rows(_appointment)
        self.raw.execute("SAVEPOINT op")
        result = op()
        if crash:
            self.raw.execute("ROLLBACK TO SAVEPOINT op")
            assert self.rows(_appointment) == before
            return None
        after = {row.id: row for row in self.rows(_appointment)}
        if isinstance(result, Refusal):
            changed = [row for row in before if after[row.id] != row]
            assert len(after) == len(before), "a refusal makes nothing"
            assert all(row.state == "held" and row.held_until <= self.now for row in changed), (
                "a refusal changes nothing but holds that had ended"
            )
        return result

    @rule(slot=which, who=which, whom=which, crash=crashes, again=st.booleans())
    def hold(self, slot: int, who: int, whom: int, crash: bool, again: bool) -> None:
        family = [*self.family(who), None]
        asked: dict[str, Any] = {"patient_id": family[whom % len(family)]}
        if again:
            asked["request_key"] = f"k{whom % 5}:{who % len(FAMILIES)}"
        slot_id = self.slots[slot % len(self.slots)]
        before = self.rows(_appointment)
        known = {row.request_key: row.id for row in before if row.request_key}

        def op() -> Any:
            return self.bookings.hold(self.tx, slot_id, self.speaker(who), self.now, **asked)

        held = self.do(op, crash)
        if isinstance(held, Visit):
            first = known.get(asked.get("request_key"))
            assert first in (None, held.appointment_id)
            assert first or held.slot_id == slot_id
            if not crash:
                assert self.do(op, crash=False) == held, "asking twice is asking once"

    @rule(slot=which, who=which, whom=which, crash=crashes)
    def offer(self, slot: int, who: int, whom: int, crash: bool) -> None:
        family, slot_id = self.family(who), self.slots[slot % len(self.slots)]
        self.do(
            lambda: self.bookings.hold(
                self.tx, slot_id, self.speaker(who), self.now, offered=True, minutes=15,
                patient_id=family[whom % len(family)],
            ),
            crash,
        )  # fmt: skip

    @rule(slot=which, who=which, number=which, crash=crashes)
    def move(self, slot: int, who: int, number: int, crash: bool) -> None:
        one, slot_id = self.one(number), self.slots[slot % len(self.slots)]
        if self.may(one, who):
            self.do(
                lambda: self.bookings.hold(
                    self.tx, slot_id, self.speaker(who), self.now, replaces_id=one
                ),
                crash,
            )

    @rule(number=which, who=which, whom=which, crash=crashes)
    def assign(self, number: int, who: int, whom: int, crash: bool) -> None:
        one, family = self.one(number), self.family(who)
        if one is not None and self.may(one, who):
            self.do(
                lambda: self.bookings.assign(
                    self.tx, one, self.speaker(who), family[whom % len(family)], self.now,
                    verified=bool(whom % 2),
                ),
                crash,
            )  # fmt: skip

    @rule(number=which, who=which, crash=crashes)
    def confirm(self, number: int, who: int, crash: bool) -> None:
        one = self.one(number)
        if one is not None:
            self.confirm_one(one, self.speaker(who), crash)

    @rule(who=which, crash=crashes)
    def confirm_mine(self, who: int, crash: bool) -> None:
        """The likely tap: what I hold."""
        held = [row for row in self.rows(_appointment) if row.state == "held"]
        mine = [row.id for row in held if row.conversation_id == self.speaker(who)]
        if mine:
            self.confirm_one(mine[-1], self.speaker(who), crash)

    def confirm_one(self, one: int, speaker: int, crash: bool) -> None:
        def op() -> Any:
            return self.bookings.confirm(self.tx, one, speaker, self.now)

        booked = self.do(op, crash)
        if isinstance(booked, Visit):
            assert booked.conversation_id == speaker
            assert booked.state in LIVE
            assert op() == booked, "tapping twice is tapping once"

    @rule(number=which, who=which, crash=crashes, desk=st.booleans())
    def cancel(self, number: int, who: int, crash: bool, desk: bool) -> None:
        one = self.one(number)
        if one is not None and (desk or self.may(one, who)):
            self.do(
                lambda: self.bookings.cancel(self.tx, one, self.now, actor="x", by_desk=desk), crash
            )

    @rule(
        number=which, crash=crashes, act=st.sampled_from(["check_in", "finish", "miss", "excuse"])
    )
    def on_the_day(self, number: int, crash: bool, act: str) -> None:
        one = self.one(number)
        if one is not None:
            self.do(lambda: getattr(self.bookings, act)(self.tx, one, self.now, actor="x"), crash)

    @rule(number=which, crash=crashes)
    def let_go(self, number: int, crash: bool) -> None:
        one = self.one(number)
        if one is not None:
            self.do(lambda: self.bookings.release(self.tx, one, self.now), crash)

    @rule(minutes=st.sampled_from([1, 6, 60, 24 * 60, 3 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(crash=crashes)
    def expire(self, crash: bool) -> None:
        over = self.do(lambda: self.bookings.expire(self.tx, self.now), crash)
        if over is not None:
            states = {row.id: row for row in self.rows(_appointment)}
            assert not any(
                row.state == "held" and row.held_until <= self.now for row in states.values()
            )
            assert all(one.state is State.EXPIRED for one in over)

    @rule(number=which, crash=crashes)
    def stop(self, number: int, crash: bool) -> None:
        """A doctor is away: the clinic is stopped and everybody in it is cancelled."""
        clinic_id = self.clinics[number % len(self.clinics)]

        def op() -> None:
            with self.tx.session() as session:
                stopped = sa.update(_clinic).where(_clinic.c.id == clinic_id)
                session.execute(stopped.values(status="stopped"))
            for row in self.rows(_appointment):
                if row.clinic_id == clinic_id and State(row.state) in LIVE | {State.HELD}:
                    self.bookings.hospital_cancel(self.tx, row.id, self.now, reason="r", actor="x")

        self.do(op, crash)

    @rule(days=st.integers(0, 3), capacity=st.integers(1, 2))
    def open_clinic(self, days: int, capacity: int) -> None:
        """New places are released."""
        self.made += 1
        day = max(DAY, self.now.astimezone(ZONE).date()) + timedelta(days=days)
        clinic_id, slots = add_clinic(
            self.tx, day, doctor=f"doc-{self.made}", department=f"dept-{self.made % 3}", slots=2,
            capacity=capacity,
        )  # fmt: skip
        self.clinics.append(clinic_id)
        self.slots += slots

    @rule(number=which, whom=which)
    def wait(self, number: int, whom: int) -> None:
        clinic_id, who = self.clinics[number % len(self.clinics)], whom % len(self.patients)
        waits = {(row.clinic_id, row.patient_id) for row in self.rows(_wait)}
        if (clinic_id, self.patients[who]) not in waits:
            with self.tx.session() as session:
                entry = WaitlistEntry(
                    clinic_id=clinic_id, patient_id=self.patients[who], created_at=NOW,
                    updated_at=NOW, conversation_id=self.conversations[0],
                )  # fmt: skip
                session.add(entry)

    @invariant()
    def seats_add_up(self) -> None:
        """I2: never more than there are, never one twice, and only for what counts."""
        capacity = {row.id: row.capacity for row in self.rows(_slot)}
        seated = [row for row in self.rows(_appointment) if row.seat is not None]
        assert all(1 <= row.seat <= capacity[row.slot_id] for row in seated)
        assert len({(row.slot_id, row.seat) for row in seated}) == len(seated)
        assert {row.id for row in seated} == {
            row.id for row in self.rows(_appointment) if State(row.state) in SEATED
        }

    @invariant()
    def nobody_is_in_two_places(self) -> None:
        """I2: by the visits themselves, and by the quarters that the database holds."""
        visits = {row.id: row for row in self.rows(_appointment)}
        sure = [row for row in visits.values() if State(row.state) in SEATED - {State.HELD}]
        for patient_id in self.patients:
            mine = sorted(
                (row for row in sure if row.patient_id == patient_id), key=lambda row: row.starts_at
            )
            assert all(first.ends_at <= second.starts_at for first, second in pairwise(mine))
            days = Counter(row.starts_at.astimezone(ZONE).date() for row in mine)
            assert max(days.values(), default=0) <= OPTIONS.per_day
        owner = {(row.patient_id, row.quarter): row.appointment_id for row in self.rows(_time)}
        for (patient_id, _), one in owner.items():
            assert visits[one].patient_id == patient_id
            assert State(visits[one].state) in SEATED
        for row in visits.values():
            if State(row.state) in SEATED and row.patient_id is not None:
                others = {owner.get((row.patient_id, one)) for one in quarters(row)} - {row.id}
                gone = {None, row.replaces_id} if row.state == "held" else set()
                assert others <= gone

    @invariant()
    def changes_add_up(self) -> None:
        """Every state was come to step by step, each of the table, each on record and audited."""
        at: dict[int, str] = {}
        steps = self.rows(_change)
        for step in steps:
            assert step.old == at.get(step.appointment_id, "")
            assert step.old == "" or State(step.new) in NEXT[State(step.old)]
            at[step.appointment_id] = step.new
        assert at == {row.id: row.state for row in self.rows(_appointment)}
        told = Counter(row.action for row in self.rows(_audit))
        assert Counter(f"appointment.{step.new}" for step in steps) == Counter(
            {act: n for act, n in told.items() if act not in _NO_STEPS}
        )

    @invariant()
    def nobody_sees_anothers_visit(self) -> None:
        """I7: a conversation's list, and what it may touch, is its family's and nobody else's."""
        for who, speaker in enumerate(self.conversations):
            family = self.family(who)
            seen = [
                visit
                for past in (False, True)
                for visit in self.bookings.of_patients(self.tx, family, self.now, past=past)
            ]
            assert all(visit.patient_id in family for visit in seen)
            theirs = {row.id for row in self.rows(_appointment) if row.patient_id in family}
            assert {visit.appointment_id for visit in seen} == theirs
            for row in self.rows(_appointment):
                own = row.patient_id is None and row.conversation_id == speaker
                assert self.may(row.id, who) is (row.id in theirs or own)


_NO_STEPS = {"appointment.assigned", "appointment.excused"}


def quarters(row: Any) -> range:
    """Count quarters by walking them, not as the code does."""
    zero = datetime(1970, 1, 1, tzinfo=NOW.tzinfo)
    first = (row.starts_at - zero) // _QUARTER
    return range(first, first + -(-(row.ends_at - row.starts_at) // _QUARTER))


def test_any_order_of_events_keeps_the_promises(tx: Tx, backend: str) -> None:
    """Fewer on PostgreSQL: there the same statements run, only slower."""
    many = 40 if backend == "sqlite" else 6
    run_state_machine_as_test(
        lambda: Hospital(tx),  # type: ignore[arg-type]
        settings=settings(max_examples=many, stateful_step_count=25, deadline=None),
    )
