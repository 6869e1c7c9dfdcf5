"""Appointments as the desk and the hospital's system see them: one, its steps, today's calls."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import bindparam, select

from bot.api.desk import Api
from bot.api.guard import OPERATOR
from bot.api.once import Asked, Key, once
from bot.api.shapes import (
    Called,
    Calls,
    SilentClinics,
    StateChange,
    Steps,
    VisitState,
    Waiting,
)
from bot.appointments.day.queue import News, Word
from bot.appointments.day.queue_rules import QueueState
from bot.appointments.desk import Act, Why
from bot.appointments.his import reporter as his
from bot.appointments.his.http import as_json
from bot.appointments.model import Refusal, Visit
from bot.appointments.rows import appointment, clinic
from bot.errors import BadInput
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.statements import Hot

_FIND = Hot(select(appointment.c.id).where(appointment.c.number == bindparam("number")))
_CLINIC = Hot(select(clinic.c.id).where(clinic.c.id == bindparam("clinic_id")))
_CLINIC_OF = Hot(
    select(clinic.c.id).where(
        clinic.c.doctor == bindparam("doctor"),
        clinic.c.date == bindparam("day"),
        clinic.c.part == bindparam("part"),
    )
)
_LONGEST = 500
_LAST_ID = 10**18 - 1
#: What the desk does for each state, and why where that goes without saying.
_ACTS = {
    "checked_in": (Act.CHECK_IN, None),
    "done": (Act.DONE, None),
    "no_show": (Act.MISSED, None),
    "cancelled": (Act.CANCEL, None),
    "hospital_cancelled": (Act.CANCEL, Why.HOSPITAL),
}
Number = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,12}$")]


def mount_visits(router: APIRouter, api: Api) -> None:
    """Add the routes."""
    _mount_states(router, api)
    _mount_changes(router, api)
    _mount_calls(router, api)


def _mount_states(router: APIRouter, api: Api) -> None:
    @router.get("/appointments/{number}", response_model=VisitState)
    async def read_appointment(number: Number) -> Any:
        """Return one appointment, without a name."""
        now = api.clock()

        def read(tx: Tx) -> Any:
            visit = _visit(tx, api, number)
            record(tx, now, OPERATOR, "appointment.read", visit.conversation_id, visit.number)
            return _state(visit)

        return await api.engine.write(read)

    @router.post("/appointments/{number}/state", response_model=VisitState)
    async def change_state(number: Number, body: StateChange, key: Key = None) -> Any:
        """Let an appointment become what the desk knows of it; the same again changes nothing.

        409 where it cannot become that any more.
        """
        now = api.clock()
        asked = Asked(key, f"appointments/{number}/state", body.model_dump_json())

        def change(tx: Tx) -> Any:
            visit = _visit(tx, api, number)
            done = _become(tx, api, visit, body, now)
            if isinstance(done, Refusal):
                raise BadInput(
                    f"state: an appointment that is {visit.state} cannot become {body.state} "
                    f"({done})", 409,
                )  # fmt: skip
            return _state(done)

        return await api.engine.write(lambda tx: once(tx, asked, now, lambda: change(tx)))


def _become(tx: Tx, api: Api, visit: Visit, body: StateChange, now: datetime) -> Visit | Refusal:
    """Do the step that was asked for; return the visit as it is then."""
    if visit.state.value == body.state:
        return visit
    act, why = _ACTS[body.state]
    if act is Act.CANCEL and why is None:
        why = Why(body.reason or Why.ASKED)
    done = api.desk.do(tx, visit.appointment_id, act, why, now, OPERATOR)
    if isinstance(done, Refusal):
        return done
    found = api.desk.bookings.visit(tx, visit.appointment_id)
    return found if found is not None and found.state.value == body.state else Refusal.NO_STEP


def _mount_changes(router: APIRouter, api: Api) -> None:
    @router.get("/changes", response_model=Steps, response_model_by_alias=True)
    async def changes(
        after: Annotated[int, Query(ge=0, le=_LAST_ID)] = 0,
        limit: Annotated[int, Query(ge=1, le=_LONGEST)] = 100,
    ) -> Any:
        """Return the steps of appointments after step `after`, in their order, without a name."""
        now = api.clock()
        found = await api.engine.read(lambda tx: his.changes_after(tx, after, limit))
        last = found[-1].change_id if found else after
        if found:
            told = f"{found[0].change_id} to {last}"
            await api.engine.write(
                lambda tx: record(tx, now, OPERATOR, "changes.read", detail=told)
            )
        return {"changes": [as_json(one) for one in found], "last": last}


def _mount_calls(router: APIRouter, api: Api) -> None:
    @router.post("/queue", response_model=Called)
    async def calls(body: Calls, key: Key = None) -> Any:
        """Take what the calling system says; patients hear what matters to them, each thing once."""
        now = api.clock()
        asked = Asked(key, "queue", body.model_dump_json())

        def take(tx: Tx) -> Any:
            clinic_id = _clinic(tx, body)
            news = News(
                body.at,
                body.serving,
                body.room,
                tuple(_word(*each) for each in enumerate(body.patients)),
            )
            outcome = api.desk.queue.heard(tx, clinic_id, news, now)
            return {
                "clinic": clinic_id, "late": outcome.is_late, "known": outcome.known,
                "strangers": outcome.strangers, "told": outcome.told,
            }  # fmt: skip

        return await api.engine.write(lambda tx: once(tx, asked, now, lambda: take(tx)))

    @router.get("/queue/silent", response_model=SilentClinics)
    async def silent() -> Any:
        """Return the clinics under way with people waiting of which nothing is heard."""
        now = api.clock()
        found = await api.engine.read(lambda tx: api.desk.queue.silent(tx, now))
        return {
            "clinics": [
                {
                    "clinic": one.clinic_id, "doctor": one.doctor_name,
                    "department": one.department_name, "part": one.part,
                    "waiting": one.waiting, "heard_at": one.heard_at,
                }
                for one in found
            ]
        }  # fmt: skip


def _visit(tx: Tx, api: Api, number: str) -> Visit:
    row = tx.one(_FIND, number=number)
    visit = api.desk.bookings.visit(tx, row.id) if row else None
    if visit is None:
        raise BadInput("number: there is no such appointment", 404)
    return visit


def _clinic(tx: Tx, body: Calls) -> int:
    """Return the clinic that is spoken of. Raises `BadInput` where there is none."""
    if body.clinic is not None:
        row = tx.one(_CLINIC, clinic_id=body.clinic)
    elif body.doctor and body.date and body.part:
        row = tx.one(_CLINIC_OF, doctor=body.doctor, day=body.date, part=body.part)
    else:
        raise BadInput("clinic: give its id, or doctor, date and part")
    if row is None:
        raise BadInput("clinic: there is no such clinic", 404)
    return int(row.id)


def _word(place: int, said: Waiting) -> Word:
    if said.appointment is None and said.queue_no is None:
        raise BadInput(f"patients.{place}: give appointment or queue_no")
    return Word(QueueState(said.state), said.appointment or "", said.queue_no, said.room)


def _state(visit: Visit) -> dict[str, Any]:
    where = visit.clinic
    return {
        "appointment": visit.number, "state": visit.state.value, "patient": visit.patient_id,
        "clinic": where.clinic_id, "doctor": where.doctor, "department": where.department,
        "date": where.date.isoformat(), "part": where.part,
        "starts_at": visit.starts_at.isoformat(), "ends_at": visit.ends_at.isoformat(),
        "queue_no": visit.queue_no, "version": visit.version,
    }  # fmt: skip
