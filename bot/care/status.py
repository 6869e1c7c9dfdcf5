"""What changes whom may be reminded of what: admitted, discharged, dead, bereaved (I-13).

The engine asks for it at the second of sending, so what is deferred or due meanwhile is decided by it:
outpatient reminders rest while she is in hospital and go on afterwards by themselves. A death takes back
at once all that waits, of plans and of visits, and lets her family mourn: no greeting, ever.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO UPDATE

from bot.care.mourning import kin, status_of
from bot.care.plans import ABOUT, Plans
from bot.errors import BadInput
from bot.reminders.rows import reminder
from bot.store.audit import record
from bot.store.booking_tables import Appointment
from bot.store.db import Tx
from bot.store.reminder_tables import PatientStatus
from bot.store.statements import Hot
from scheduler.reminders import Reason

_status = PatientStatus.__table__  # type: ignore[attr-defined]
_appointment = Appointment.__table__  # type: ignore[attr-defined]
_NAMES = ("admitted_at", "discharged_at", "died_at", "bereaved_at", "updated_at")

_new = insert(_status).values(
    patient_id=bindparam("patient_id"), **{name: bindparam(name) for name in _NAMES}
)
_KEEP = Hot(
    _new.on_conflict_do_update(
        index_elements=[_status.c.patient_id],
        set_={name: _new.excluded[name] for name in _NAMES},
    )
)
_VISITS = Hot(
    select(_appointment.c.id).where(
        _appointment.c.patient_id == bindparam("patient_id"),
        or_(_appointment.c.state == "booked", _appointment.c.state == "checked_in"),
    )
)
_REVIVE = Hot(
    update(reminder)
    .where(
        reminder.c.about == bindparam("about_"),
        reminder.c.about_id == bindparam("about_id_"),
        reminder.c.state == "skipped",
        reminder.c.reason == Reason.DEAD.value,
        reminder.c.due_at > bindparam("now_"),
    )
    .values(state="pending", reason=None, decided_at=None)
)


class Status(StrEnum):
    """What the hospital says of a patient."""

    ADMITTED = "admitted"
    DISCHARGED = "discharged"
    DIED = "died"
    BEREAVED = "bereaved"


@dataclass(frozen=True, slots=True)
class Statuses:
    """Keeps them, and does what follows from them."""

    plans: Plans

    def set(
        self, tx: Tx, patient_id: int, status: Status, at: datetime, now: datetime, *, actor: str
    ) -> bool:
        """Let a status hold since `at`; say whether that is news.

        Raises:
            BadInput: `at` is not over yet.
        """
        if at > now:
            raise BadInput("at: must not be in the future")
        known = self._known(tx, patient_id)
        changed = _changed(known, status, at)
        if not changed:
            return False
        self._keep(tx, patient_id, {**known, **changed}, now)
        record(tx, now, actor, f"patient.{status}", detail=f"patient {patient_id}")
        if status is Status.DIED:
            self._forget(tx, patient_id, now)
            for other in kin(tx, patient_id):
                self.set(tx, other, Status.BEREAVED, at, now, actor=actor)
        return True

    def undo(self, tx: Tx, patient_id: int, status: Status, now: datetime, *, actor: str) -> bool:
        """Take back a status that was an error, and what followed from it; say whether it held."""
        known, name = self._known(tx, patient_id), f"{status}_at"
        at = known[name]
        if at is None:
            return False
        self._keep(tx, patient_id, {**known, name: None}, now)
        record(tx, now, actor, f"patient.undo_{status}", detail=f"patient {patient_id}")
        if status is Status.DIED:
            for other in kin(tx, patient_id):
                if self._known(tx, other)["bereaved_at"] == at:
                    self.undo(tx, other, Status.BEREAVED, now, actor=actor)
            self._remember(tx, patient_id, now)
        return True

    def _forget(self, tx: Tx, patient_id: int, now: datetime) -> None:
        """Take back all that waits to be told of somebody who is dead."""
        planner = self.plans.planner
        for plan in self.plans.of_patient(tx, patient_id):
            planner.drop(tx, ABOUT, plan.plan_id, Reason.DEAD, now)
        for visit in tx.rows(_VISITS, patient_id=patient_id):
            planner.drop(tx, "visit", visit.id, Reason.DEAD, now)

    def _remember(self, tx: Tx, patient_id: int, now: datetime) -> None:
        """Let all that is still to come be told after all."""
        for plan in self.plans.of_patient(tx, patient_id):
            if not plan.is_over:
                self.plans.replan(tx, plan.plan_id, Reason.DEAD, now)
        for visit in tx.rows(_VISITS, patient_id=patient_id):
            tx.run(_REVIVE, about_="visit", about_id_=visit.id, now_=now)

    def _known(self, tx: Tx, patient_id: int) -> dict[str, Any]:
        row = status_of(tx, patient_id)
        return {name: getattr(row, name, None) for name in _NAMES}

    def _keep(self, tx: Tx, patient_id: int, values: dict[str, Any], now: datetime) -> None:
        tx.run(_KEEP, patient_id=patient_id, **{**values, "updated_at": now})


def _changed(known: dict[str, Any], status: Status, at: datetime) -> dict[str, Any]:
    """Return what a status changes; nothing where it is no news."""
    admitted, discharged = known["admitted_at"], known["discharged_at"]
    is_in = admitted is not None and (discharged is None or discharged < admitted)
    match status:
        case Status.ADMITTED:
            return {} if is_in else {"admitted_at": at, "discharged_at": None}
        case Status.DISCHARGED:
            return {"discharged_at": at} if is_in and at >= admitted else {}
        case Status.DIED:
            return {} if known["died_at"] is not None else {"died_at": at}
        case Status.BEREAVED:
            return {} if known["bereaved_at"] is not None else {"bereaved_at": at}
