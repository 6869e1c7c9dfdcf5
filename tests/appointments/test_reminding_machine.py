"""Whatever happens to visits in whatever order, what waits is exactly what is true of them (RM-05)."""

from collections import defaultdict

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from bot.store.booking_tables import Appointment, Clinic
from bot.store.db import Tx
from bot.store.statements import Hot
from scheduler.reminders import plan
from tests.appointments.test_machine import OPTIONS, Hospital
from tests.helpers.booking import ZONE
from tests.helpers.reminded import KINDS, bookings, reminders

_appointment = Appointment.__table__  # type: ignore[attr-defined]
_clinic = Clinic.__table__  # type: ignore[attr-defined]
_VISITS = Hot(sa.select(_appointment))


class Reminded(Hospital):
    """The hospital of the other machine, where visits are reminded of."""

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx)
        self.bookings = bookings(options=OPTIONS)

    @rule(number=st.integers(0, 40))
    def resume(self, number: int) -> None:
        """A clinic takes place after all; who was cancelled stays so."""
        clinic_id = self.clinics[number % len(self.clinics)]
        with self.tx.session() as session:
            again = sa.update(_clinic).where(_clinic.c.id == clinic_id)
            session.execute(again.values(status="on"))

    @invariant()
    def what_waits_is_what_is_true(self) -> None:
        waits = defaultdict(set)
        for one in reminders(self.tx, "pending"):
            waits[one.appointment_id].add((one.version, one.kind, one.due_at))
        due = {}
        for row in self.tx.rows(_VISITS):
            if row.state == "booked":
                due[row.id] = {
                    (row.version, kind.key, planned.due_at)
                    for kind in KINDS.about("visit")
                    if kind.of == "starts" and kind.only is None
                    for planned in [
                        plan(
                            kind.offset, row.starts_at, ZONE, row.updated_at, quiet=KINDS.quiet,
                            shift=KINDS.shift,
                        )
                    ]
                    if planned is not None
                }  # fmt: skip
        assert dict(waits) == {one: expected for one, expected in due.items() if expected}


def test_reminders_are_those_of_the_visits_there_are(tx: Tx, backend: str) -> None:
    many = 25 if backend == "sqlite" else 5
    run_state_machine_as_test(
        lambda: Reminded(tx),  # type: ignore[arg-type]
        settings=settings(max_examples=many, stateful_step_count=30, deadline=None),
    )
