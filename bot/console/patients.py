"""A patient's page: her plans, reminders, calls and status. Every look and every change is audited."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from bot.care.mourning import status_of
from bot.care.plans import Plan
from bot.care.status import Status
from bot.console import patient_access
from bot.console.actions import REASON_LONGEST, REASON_SHORTEST
from bot.console.clinics import Id
from bot.console.desk import Console, Problem
from bot.console.guard import Action, Guard, Visit
from bot.console.pages import Pages
from bot.console.patient_access import Person
from bot.console.told import Cared, naming
from bot.reminders import history, to_ring
from bot.reminders.history import Told
from bot.reminders.to_ring import Task
from bot.store.audit import record
from bot.store.db import Tx

#: What may hold of a patient, in the order the page shows it.
STATUSES = tuple(status.value for status in Status)


@dataclass(frozen=True, slots=True)
class Shown:
    """One patient on her own page.

    Attributes:
        statuses: since when each holds that does.
        adherence: by plan, what she said of its doses, for the clinician.
    """

    person: Person = field(repr=False)
    statuses: dict[str, datetime]
    plans: Sequence[Plan] = field(repr=False)
    adherence: dict[int, Any]
    tasks: Sequence[Task] = field(repr=False)
    told: Sequence[Told]


class Patients:
    """Shows patients to staff, and takes what the hospital says of them."""

    def __init__(self, console: Console, pages: Pages, cared: Cared) -> None:
        self._console = console
        self._pages = pages
        self._cared = cared

    async def show(self, visit: Visit, patient_id: int) -> Response:
        """Return a patient's page; the look is audited."""

        def op(tx: Tx) -> Shown:
            person = patient_access.enter(tx, patient_id, visit.signed, visit.now)
            record(
                tx, visit.now, visit.signed.actor, "patient.view", detail=f"patient {patient_id}"
            )
            plans = self._cared.plans.of_patient(tx, patient_id)
            return Shown(
                person,
                statuses_of(status_of(tx, patient_id)),
                sorted(plans, key=lambda plan: (plan.is_over, -plan.plan_id)),
                self._cared.adherence_of(tx, plans, visit.now),
                to_ring.of_patient(tx, patient_id, visit.now),
                history.of_patient(tx, patient_id),
            )

        shown = await self._console.engine.write(op)
        return self._pages.render(
            visit.request, "patient", shown=shown, told=shown.told, statuses=STATUSES,
            adherence=shown.adherence,
            kinds=list(self._cared.forms),
            **naming(self._cared.kinds, self._pages.words(visit.request)),
        )  # fmt: skip

    async def break_glass(self, action: Action, patient_id: int) -> None:
        """Open a page that is in nobody's hands, for a stated reason."""
        reason = action.form.text("reason", REASON_LONGEST, REASON_SHORTEST)
        signed, now = action.visit.signed, action.visit.now
        await self._console.engine.write(
            lambda tx: patient_access.break_glass(tx, patient_id, reason, signed, now)
        )

    async def say(self, action: Action, patient_id: int) -> None:
        """Take what the hospital says of a patient, once it was confirmed.

        Raises:
            Problem: it was not confirmed, or there is no such status.
        """
        status = _status(action)
        if action.form.fields.get("sure") != "yes":
            raise Problem("needs_sure")
        signed, now = action.visit.signed, action.visit.now

        def op(tx: Tx) -> None:
            patient_access.enter(tx, patient_id, signed, now)
            self._cared.statuses.set(tx, patient_id, status, now, now, actor=signed.actor)

        await self._console.engine.write(op)
        self._console.wake()

    async def undo(self, action: Action, patient_id: int) -> None:
        """Take back what was an error; only a supervisor does. Raises `Problem` (403)."""
        status = _status(action)
        signed, now = action.visit.signed, action.visit.now
        if not signed.supervises:
            raise Problem("only_supervisors", 403)

        def op(tx: Tx) -> None:
            patient_access.enter(tx, patient_id, signed, now)
            self._cared.statuses.undo(tx, patient_id, status, now, actor=signed.actor)

        await self._console.engine.write(op)
        self._console.wake()


def mount_patients(router: APIRouter, patients: Patients, guard: Guard) -> None:
    """Add the routes."""

    @router.get("/patients/{patient_id}")
    async def show(visit: Annotated[Visit, Depends(guard.page)], patient_id: Id) -> Response:
        return await patients.show(visit, patient_id)

    @router.post("/patients/{patient_id}/break-glass")
    async def break_glass(
        action: Annotated[Action, Depends(guard.action)], patient_id: Id
    ) -> Response:
        await patients.break_glass(action, patient_id)
        return RedirectResponse(f"/console/patients/{patient_id}", 303)

    @router.post("/patients/{patient_id}/status")
    async def say(action: Annotated[Action, Depends(guard.action)], patient_id: Id) -> Response:
        await patients.say(action, patient_id)
        return RedirectResponse(f"/console/patients/{patient_id}", 303)

    @router.post("/patients/{patient_id}/status/undo")
    async def undo(action: Annotated[Action, Depends(guard.action)], patient_id: Id) -> Response:
        await patients.undo(action, patient_id)
        return RedirectResponse(f"/console/patients/{patient_id}", 303)


def statuses_of(row: Any) -> dict[str, datetime]:
    """Return since when each status holds; who went home is not in hospital any more (pure)."""
    found = {status: getattr(row, f"{status}_at", None) for status in STATUSES}
    held = {status: at for status, at in found.items() if at is not None}
    if "admitted" in held and held.get("discharged", held["admitted"]) > held["admitted"]:
        del held["admitted"]
    return held


def _status(action: Action) -> Status:
    try:
        return Status(action.form.fields.get("status", ""))
    except ValueError as exc:
        raise Problem("bad_form", 400) from exc
