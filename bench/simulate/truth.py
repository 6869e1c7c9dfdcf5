"""What is true of visits, plans and people: the oracle's own record, written down as things happen.

Visits follow the record of their steps, which is only ever added to; everything else is what the
simulated people and the hospital did, noted when they did it. No row of a reminder is read here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from bench.simulate.people import Course, Someone
from bot.store.booking_tables import Appointment, AppointmentChange
from bot.store.reminder_tables import CarePlan, Dose
from bot.store.statements import Hot

_change: Any = AppointmentChange.__table__  # type: ignore[attr-defined]
_visit: Any = Appointment.__table__  # type: ignore[attr-defined]
_plan: Any = CarePlan.__table__  # type: ignore[attr-defined]
_dose: Any = Dose.__table__  # type: ignore[attr-defined]

_STEPS = Hot(
    select(
        _change.c.id, _change.c.appointment_id, _change.c.at, _change.c.new, _change.c.reason,
        _visit.c.starts_at, _visit.c.ends_at, _visit.c.slot_id, _visit.c.capacity,
        _visit.c.patient_id, _visit.c.conversation_id,
    )
    .join_from(_change, _visit, _change.c.appointment_id == _visit.c.id)
    .where(_change.c.id > bindparam("after"))
    .order_by(_change.c.id)
)  # fmt: skip

_STATE = Hot(select(_plan.c.state).where(_plan.c.id == bindparam("plan_id")))
_DOSES = Hot(
    select(_dose.c.occurs_at, _dose.c.state).where(
        _dose.c.plan_id == bindparam("plan_id"), _dose.c.answered_at >= bindparam("since")
    )
)
SEATED = frozenset({"held", "booked", "checked_in", "done", "no_show"})
COMING = frozenset({"booked", "checked_in"})
Rows = Callable[..., Sequence[Any]]


@dataclass(slots=True)
class VisitTruth:
    """One visit: what its steps say."""

    visit_id: int
    patient_id: int | None
    conversation_id: int
    slot_id: int
    starts_at: datetime
    ends_at: datetime
    state: Course[str]
    reason: str | None = None
    booked_at: datetime | None = None


@dataclass(slots=True)
class PlanTruth:
    """One plan as whoever made it meant it.

    Attributes:
        times: of a medicine, on local clocks, from `starts_on` to `ends_on`; `at_night` are those that
            she is asked about first.
        state: "active", "stopped" or "done"; a pause is until `paused_until`.
        answered: doses of which she said something that ends their reminding, and when.
    """

    plan_id: int
    kind: str
    someone: Someone
    patient_id: int | None
    zone: str
    state: Course[str]
    starts_on: date
    ends_on: date | None = None
    times: tuple[time, ...] = ()
    at_night: tuple[time, ...] = ()
    made_at: datetime | None = None
    paused_until: Course[datetime | None] = field(default_factory=lambda: Course(None))
    answered: dict[datetime, datetime] = field(default_factory=dict)


class Truth:
    """Everything that is true.

    Attributes:
        seat_twice: what was booked twice, in a sentence each.
    """

    def __init__(self, people: Sequence[Someone]) -> None:
        self.people = people
        self.visits: dict[int, VisitTruth] = {}
        self.plans: dict[int, PlanTruth] = {}
        self.dead: dict[int, datetime] = {}
        self.admitted: dict[int, Course[bool]] = defaultdict(lambda: Course(False))
        self.bereaved: dict[int, datetime] = {}
        self.down: list[tuple[datetime, datetime]] = []
        self.odd: list[tuple[datetime, datetime]] = []
        self.seat_twice: list[str] = []
        self._by_place = {
            conversation: one for one in people for _, _, conversation in one.places()
        }
        self._by_patient = {patient: one for one in people for patient in one.patients}
        self._by_user = {(name, user): one for one in people for name, user, _ in one.places()}
        self._seats: dict[int, set[int]] = defaultdict(set)
        self._of_patient: dict[int, set[int]] = defaultdict(set)
        self._plans_of: dict[int, list[PlanTruth]] = defaultdict(list)
        self._last = 0

    def at(self, conversation_id: int) -> Someone | None:
        """Return who writes in a conversation."""
        return self._by_place.get(conversation_id)

    def called(self, channel: str, user: str) -> Someone:
        """Return who has an address."""
        return self._by_user[channel, user]

    def of_patient(self, patient_id: int) -> Someone:
        """Return who books for a patient."""
        return self._by_patient[patient_id]

    def visits_of(self, one: Someone) -> Iterator[VisitTruth]:
        """Return the visits of somebody and her child."""
        for patient_id in one.patients:
            for visit_id in sorted(self._of_patient[patient_id]):
                yield self.visits[visit_id]

    def add_plan(self, plan: PlanTruth) -> None:
        """Note a new plan."""
        self.plans[plan.plan_id] = plan
        self._plans_of[plan.someone.number].append(plan)

    def read_answers(self, rows: Rows, one: Someone, now: datetime) -> None:
        """Note what the record says she ended, or said of a dose, by what she just wrote."""
        for plan in self._plans_of[one.number]:
            if plan.state.now != "active":
                continue
            (row,) = rows(_STATE, plan_id=plan.plan_id)
            if row.state in ("done", "stopped"):
                plan.state.set(now, row.state)
            if plan.kind == "medication":
                for dose in rows(_DOSES, plan_id=plan.plan_id, since=now - timedelta(days=2)):
                    if dose.state in ("taken", "skipped"):
                        plan.answered.setdefault(dose.occurs_at, now)

    def was_down(self, first: datetime, last: datetime) -> bool:
        """Say whether the process was down at any time between two instants."""
        return any(since < last and until > first for since, until in (*self.down, *self.odd))

    def read_steps(self, rows: Rows, now: datetime) -> list[VisitTruth]:
        """Follow what happened to visits since; return those that changed.

        The true time counts, whatever the clock of the process says.
        """
        changed: dict[int, VisitTruth] = {}
        for row in rows(_STEPS, after=self._last):
            self._last = row.id
            changed[row.appointment_id] = self._step(row, now)
        return list(changed.values())

    def _step(self, row: Any, now: datetime) -> VisitTruth:
        visit = self.visits.get(row.appointment_id)
        if visit is None:
            visit = self.visits[row.appointment_id] = VisitTruth(
                row.appointment_id, row.patient_id, row.conversation_id, row.slot_id,
                row.starts_at, row.ends_at, Course(""),
            )  # fmt: skip
        visit.patient_id = row.patient_id
        visit.reason = row.reason
        visit.state.set(now, row.new)
        if row.new == "booked":
            visit.booked_at = now
            self._of_patient[row.patient_id].add(visit.visit_id)
            self._check_times(visit)
        seats = self._seats[visit.slot_id]
        (seats.add if row.new in SEATED else seats.discard)(visit.visit_id)
        if len(seats) > row.capacity:
            self.seat_twice.append(f"slot {visit.slot_id} has {len(seats)} of {row.capacity}")
        return visit

    def _check_times(self, visit: VisitTruth) -> None:
        for other_id in self._of_patient[visit.patient_id or 0]:
            other = self.visits[other_id]
            if (
                other_id != visit.visit_id
                and other.state.now in COMING
                and other.starts_at < visit.ends_at
                and visit.starts_at < other.ends_at
            ):
                self.seat_twice.append(f"visits {other_id} and {visit.visit_id} at one time")
