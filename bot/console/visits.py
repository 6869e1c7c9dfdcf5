"""The patients of a clinic, and one visit with all that happened to it; what the desk does about them.

A list shows names masked (PR-04). A visit's own page shows whose it is. Every look is audited (I9).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import bindparam, or_, select

from bot.appointments import finding
from bot.appointments.desk import REASONS, Act, Why
from bot.appointments.model import Refusal
from bot.appointments.model import Visit as Appointed
from bot.appointments.rows import VISIT, appointment, clinic, patient, visit_of
from bot.appointments.states import LIVE, State
from bot.console.clinics import Booked, Id
from bot.console.desk import Console, Problem
from bot.console.guard import Action, Guard, Visit
from bot.console.masks import masked_name, masked_phone
from bot.console.pages import Pages
from bot.console.told import Cared, naming
from bot.reminders import history, to_ring
from bot.reminders.history import Told
from bot.reminders.to_ring import Task
from bot.store.audit import record
from bot.store.booking_tables import AppointmentChange, Patient
from bot.store.db import Tx
from bot.store.statements import Hot

_change = AppointmentChange.__table__  # type: ignore[attr-defined]
_patient = Patient.__table__  # type: ignore[attr-defined]
_LISTED = ("held", "booked", "checked_in", "done", "no_show", "hospital_cancelled")
_STEPS_SHOWN = 40

_OF_CLINIC = Hot(
    select(*VISIT)
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .join(patient, appointment.c.patient_id == patient.c.id, isouter=True)
    .where(
        appointment.c.clinic_id == bindparam("clinic_id"),
        or_(*(appointment.c.state == state for state in _LISTED)),
    )
    .order_by(appointment.c.starts_at, appointment.c.seat, appointment.c.id)
)
_PHONE = Hot(
    select(_patient.c.phone, _patient.c.frail).where(_patient.c.id == bindparam("patient_id"))
)
_STEPS = Hot(
    select(_change.c.at, _change.c.old, _change.c.new, _change.c.actor, _change.c.reason)
    .where(_change.c.appointment_id == bindparam("appointment_id"))
    .order_by(_change.c.id.desc())
    .limit(bindparam("limit"))
)
_EXCUSED = Hot(
    select(appointment.c.excused_at).where(appointment.c.id == bindparam("appointment_id"))
)
#: Which state lets which be done.
_POSSIBLE = {
    State.BOOKED: (Act.CHECK_IN, Act.DONE, Act.MISSED, Act.CANCEL),
    State.CHECKED_IN: (Act.DONE, Act.CANCEL),
    State.NO_SHOW: (Act.DONE, Act.EXCUSE),
}
#: A missed visit is excused by a supervisor: it lifts a pause (BK-08).
_FOR_SUPERVISORS = frozenset({Act.EXCUSE})
#: Not shown before the day of the visit.
_ON_THE_DAY = frozenset({Act.CHECK_IN, Act.DONE, Act.MISSED})


@dataclass(frozen=True, slots=True)
class Shown:
    """One visit on its own page.

    Attributes:
        phone: of the patient; the whole of it, for staff who must ring.
        told: its reminders, and what became of each.
        tasks: why staff should ring about it.
    """

    visit: Appointed
    phone: str = field(repr=False)
    frail: bool
    excused_at: datetime | None
    steps: Sequence[Any]
    acts: Sequence[Act]
    told: Sequence[Told]
    tasks: Sequence[Task]


class Visits:
    """Shows visits to staff and changes them."""

    def __init__(self, console: Console, pages: Pages, booked: Booked, cared: Cared) -> None:
        self._console = console
        self._pages = pages
        self._booked = booked
        self._cared = cared

    async def of_clinic(self, visit: Visit, clinic_id: int) -> Response:
        """Return who is booked with a clinic, masked."""

        def op(tx: Tx) -> tuple[Any, list[Appointed]]:
            view = finding.clinic_of(tx, clinic_id)
            if view is None:
                raise Problem("no_page", 404)
            record(tx, visit.now, visit.signed.actor, "clinic.view", detail=f"clinic {clinic_id}")
            return view, [visit_of(row) for row in tx.rows(_OF_CLINIC, clinic_id=clinic_id)]

        view, visits = await self._console.engine.write(op)
        return self._pages.render(
            visit.request, "clinic", clinic=view, visits=visits, at=self.at,
            masked=lambda name: masked_name(name) if name else "",
            live={state.value for state in LIVE},
            is_early=visit.now.astimezone(self._console.zone).date() < view.date,
        )  # fmt: skip

    async def one(self, visit: Visit, appointment_id: int) -> Response:
        """Return one visit with whose it is; the look is audited."""

        def op(tx: Tx) -> Shown:
            found = self._booked.desk.bookings.visit(tx, appointment_id)
            if found is None:
                raise Problem("no_page", 404)
            record(
                tx, visit.now, visit.signed.actor, "visit.view", found.conversation_id,
                f"visit {appointment_id}",
            )  # fmt: skip
            return self._shown(tx, found, visit)

        shown = await self._console.engine.write(op)
        return self._pages.render(
            visit.request, "visit", shown=shown, at=self.at, reasons=REASONS,
            masked_phone=masked_phone, told=shown.told,
            **naming(self._cared.kinds, self._pages.words(visit.request)),
        )  # fmt: skip

    def _shown(self, tx: Tx, found: Appointed, visit: Visit) -> Shown:
        about = tx.one(_PHONE, patient_id=found.patient_id) if found.patient_id else None
        excused_at = tx.one(_EXCUSED, appointment_id=found.appointment_id).excused_at
        is_early = visit.now.astimezone(self._console.zone).date() < found.clinic.date
        acts = [
            act
            for act in _POSSIBLE.get(found.state, ())
            if (visit.signed.supervises or act not in _FOR_SUPERVISORS)
            and not (is_early and act in _ON_THE_DAY)
            and not (act is Act.EXCUSE and excused_at is not None)
        ]
        return Shown(
            found,
            (about.phone if about else None) or "",
            bool(about and about.frail),
            excused_at,
            tx.rows(_STEPS, appointment_id=found.appointment_id, limit=_STEPS_SHOWN),
            acts,
            history.of_visit(tx, found.appointment_id),
            to_ring.of_visit(tx, found.appointment_id, visit.now),
        )

    async def do(self, action: Action, appointment_id: int, act: Act) -> int:
        """Do one thing to one visit; return its clinic.

        Raises:
            Problem: it cannot be done any more (409), or only a supervisor does it (403).
        """
        signed, now = action.visit.signed, action.visit.now
        if act in _FOR_SUPERVISORS and not signed.supervises:
            raise Problem("only_supervisors", 403)
        why = _why(action, act)

        def op(tx: Tx) -> int:
            found = self._booked.desk.bookings.visit(tx, appointment_id)
            if found is None:
                raise Problem("no_page", 404)
            done = self._booked.desk.do(tx, appointment_id, act, why, now, signed.actor)
            if isinstance(done, Refusal):
                key = "clinic_is_stopped" if done is Refusal.STOPPED else "visit_cannot"
                raise Problem(key, 409)
            return found.clinic.clinic_id

        clinic_id = await self._console.engine.write(op)
        self._console.wake()
        return clinic_id

    def at(self, moment: datetime) -> str:
        """Return the hospital's time of day."""
        return f"{moment.astimezone(self._console.zone):%H:%M}"


def mount_visits(router: APIRouter, visits: Visits, guard: Guard) -> None:
    """Add the routes."""

    @router.get("/clinics/{clinic_id}")
    async def of_clinic(visit: Annotated[Visit, Depends(guard.page)], clinic_id: Id) -> Response:
        return await visits.of_clinic(visit, clinic_id)

    @router.get("/visits/{appointment_id}")
    async def one(visit: Annotated[Visit, Depends(guard.page)], appointment_id: Id) -> Response:
        return await visits.one(visit, appointment_id)

    def on(act: Act) -> None:
        @router.post(f"/visits/{{appointment_id}}/{act.value.replace('_', '-')}", name=act.value)
        async def do(
            action: Annotated[Action, Depends(guard.action)], appointment_id: Id
        ) -> Response:
            clinic_id = await visits.do(action, appointment_id, act)
            if action.form.fields.get("back") == "clinic":
                return RedirectResponse(f"/console/clinics/{clinic_id}", 303)
            return RedirectResponse(f"/console/visits/{appointment_id}", 303)

    for act in Act:
        on(act)


def _why(action: Action, act: Act) -> Why | None:
    """Return why it is done, where that must be said. Raises `Problem` where it was not chosen."""
    if act not in REASONS:
        return None
    try:
        why = Why(action.form.fields.get("why", ""))
    except ValueError as exc:
        raise Problem("needs_why", 422) from exc
    if why not in REASONS[act]:
        raise Problem("needs_why", 422)
    return why
