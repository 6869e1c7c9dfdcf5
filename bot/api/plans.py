"""Care plans, what is known of a patient, what became of each reminder: `docs/imports.md`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Path, Query
from sqlalchemy import bindparam, select

from bot.api.desk import Api
from bot.api.guard import OPERATOR
from bot.api.once import Asked, Key, once
from bot.api.plan_cells import window
from bot.api.plan_files import discharge
from bot.api.plan_people import NobodyError, named, patient
from bot.api.plan_rows import RowError
from bot.api.plan_shapes import (
    DischargeSaved,
    NewDischarge,
    NewPlan,
    PlanChange,
    PlanList,
    PlanRead,
    PlanState,
    ReminderList,
    Somebody,
    StatusChange,
    StatusSaved,
)
from bot.care.plans import Plan, Plans
from bot.care.status import Status
from bot.errors import BadInput
from bot.reminders import history
from bot.store.audit import record
from bot.store.booking_tables import Patient
from bot.store.db import Tx
from bot.store.statements import Hot
from scheduler.reminders import Reason

_patient = Patient.__table__  # type: ignore[attr-defined]
_KNOWN = Hot(select(_patient.c.id).where(_patient.c.id == bindparam("patient_id")))
_PURPOSE = "care_plan.source_key"
_LAST_ID = 10**18 - 1
Id = Annotated[int, Path(ge=1, le=_LAST_ID)]


def mount_plans(router: APIRouter, api: Api) -> None:
    """Add the routes."""
    _mount_making(router, api)
    _mount_reading(router, api)
    _mount_ending(router, api)

    @router.post("/patients/status", response_model=StatusSaved)
    async def status(body: StatusChange, key: Key = None) -> Any:
        """Let a patient be admitted, discharged, dead or bereaved; the same again changes nothing.

        A death takes back at once all that waits for her, and ends greetings to her family for good.
        """
        now, care = api.clock(), api.care
        asked = Asked(key, "patients/status", body.model_dump_json())

        def change(tx: Tx) -> Any:
            whom = _Whom(tx, now, api).find(body.who, "who")
            what = Status(body.status)
            if body.undo:
                changed = care.statuses.undo(tx, whom, what, now, actor=OPERATOR)
            else:
                changed = care.statuses.set(tx, whom, what, body.at or now, now, actor=OPERATOR)
            return {"patient": whom, "changed": changed}

        return await api.engine.write(lambda tx: once(tx, asked, now, lambda: change(tx)))


def _mount_making(router: APIRouter, api: Api) -> None:
    @router.post("/plans", response_model=PlanState)
    async def make(body: NewPlan, key: Key = None) -> Any:
        """Make a plan and its reminders, or change the one that `key` names."""
        now, care = api.clock(), api.care
        asked = Asked(key, "plans", body.model_dump_json())

        def change(tx: Tx) -> Any:
            whom = _Whom(tx, now, api)
            care.plans.check(body.kind, body.details)
            _in_order(body.starts_on, body.ends_on)
            own = None
            if body.key is not None:
                own = f"api:{tx.keyring.index(f'{body.kind}{chr(10)}{body.key}', _PURPOSE)}"
            plan = care.plans.create(
                tx, kind=body.kind, details=body.details, zone=_zone(body.zone, care.zone),
                starts_on=body.starts_on, ends_on=body.ends_on, now=now, actor=OPERATOR, source="api",
                patient_id=whom.find(body.who, "who"), source_key=own,
                payer_id=whom.find(body.payer, "payer") if body.payer else None,
            )  # fmt: skip
            return _state(plan)

        return await api.engine.write(lambda tx: once(tx, asked, now, lambda: change(tx)))

    @router.patch("/plans/{plan_id}", response_model=PlanState)
    async def change_plan(plan_id: Id, body: PlanChange, key: Key = None) -> Any:
        """Change what a plan says, pause it, or let it go on."""
        now, plans = api.clock(), api.care.plans
        asked = Asked(key, f"plans/{plan_id}", body.model_dump_json(exclude_unset=True))

        return await api.engine.write(
            lambda tx: once(tx, asked, now, lambda: _changed(tx, plans, plan_id, body, now))
        )

    @router.post("/discharges", response_model=DischargeSaved)
    async def go_home(body: NewDischarge, key: Key = None) -> Any:
        """Tell of a discharge: its day, the follow-up of its level, when to come again."""
        now, care = api.clock(), api.care
        asked = Asked(key, "discharges", body.model_dump_json())
        values = _row_of(body)

        def change(tx: Tx) -> Any:
            patient_id = _Whom(tx, now, api).find(body.who, "who")
            try:
                plans = discharge(tx, care, values, patient_id, now, OPERATOR)
            except RowError as exc:
                raise BadInput(str(exc).removeprefix("column ")) from None
            return {"patient": patient_id, "plans": [_state(plan) for plan in plans]}

        return await api.engine.write(lambda tx: once(tx, asked, now, lambda: change(tx)))


def _row_of(body: NewDischarge) -> dict[str, Any]:
    """Return a discharge as a row of the file has it."""
    said = body.revisit.strip()
    try:
        again = (said, window(said)) if said else None
    except ValueError as exc:
        raise BadInput(f"revisit: {exc}") from None
    given = body.model_dump(exclude={"who"})
    return {
        **given, "level": body.level.upper(), "steps": tuple(body.steps), "revisit": again,
    }  # fmt: skip


def _changed(tx: Tx, plans: Plans, plan_id: int, body: PlanChange, now: datetime) -> dict[str, Any]:
    """Do what a request changes of a plan."""
    given = body.model_dump(exclude_unset=True, exclude={"state", "paused_until"})
    for name in ("details", "starts_on"):
        if name in given and given[name] is None:
            raise BadInput(f"{name}: must not be empty")
    if body.paused_until is not None and body.state != "paused":
        raise BadInput("paused_until: goes with state paused")
    if body.paused_until is not None and body.paused_until <= now:
        raise BadInput("paused_until: must be in the future")
    plan = plans.get(tx, plan_id)
    if plan is None:
        raise BadInput("plan: there is no such plan", 404)
    _in_order(given.get("starts_on", plan.starts_on), given.get("ends_on", plan.ends_on))
    plan = plans.change(tx, plan_id, now, actor=OPERATOR, **given)
    if body.state == "paused":
        plan = plans.pause(tx, plan_id, body.paused_until, now, actor=OPERATOR)
    elif body.state == "active":
        plan = plans.resume(tx, plan_id, now, actor=OPERATOR)
    return _state(plan)


def _mount_reading(router: APIRouter, api: Api) -> None:
    @router.get("/plans", response_model=PlanList)
    async def plans_of(whom: Annotated[int, Query(alias="patient", ge=1, le=_LAST_ID)]) -> Any:
        """Return the plans of a patient, those that ended among them."""
        now = api.clock()

        def read(tx: Tx) -> Any:
            _known(tx, whom)
            record(tx, now, OPERATOR, "plans.read", detail=f"patient {whom}")
            return {"plans": [_read(plan) for plan in api.care.plans.of_patient(tx, whom)]}

        return await api.engine.write(read)

    @router.get("/plans/{plan_id}", response_model=PlanRead)
    async def one_plan(plan_id: Id) -> Any:
        """Return one plan."""
        now = api.clock()

        def read(tx: Tx) -> Any:
            plan = api.care.plans.get(tx, plan_id)
            if plan is None:
                raise BadInput("plan: there is no such plan", 404)
            record(tx, now, OPERATOR, "plan.read", plan.conversation_id, f"{plan.kind} {plan_id}")
            return _read(plan)

        return await api.engine.write(read)

    @router.get("/patients/{patient_id}/reminders", response_model=ReminderList)
    async def reminders(patient_id: Id) -> Any:
        """Return a patient's reminders: why each went, waits, or did not go."""
        now = api.clock()

        def read(tx: Tx) -> Any:
            _known(tx, patient_id)
            record(tx, now, OPERATOR, "reminders.read", detail=f"patient {patient_id}")
            return {"reminders": [_told(one) for one in history.of_patient(tx, patient_id)]}

        return await api.engine.write(read)


def _mount_ending(router: APIRouter, api: Api) -> None:
    @router.delete("/plans/{plan_id}", response_model=PlanState)
    async def end(
        plan_id: Id,
        why: Annotated[
            Literal["stopped", "done"],
            Query(description="done: it was paid, collected, taken care of."),
        ] = "stopped",
    ) -> Any:
        """End a plan for good: nothing more is told of it. The same again changes nothing."""
        now, plans = api.clock(), api.care.plans
        reason = Reason.DONE if why == "done" else Reason.STOPPED
        return await api.engine.write(
            lambda tx: _state(plans.stop(tx, plan_id, reason, now, actor=OPERATOR))
        )


@dataclass(frozen=True, slots=True)
class _Whom:
    """Finds who is meant."""

    tx: Tx
    now: datetime
    api: Api

    def find(self, who: Somebody, field: str) -> int:
        """Return a patient's number. Raises `BadInput` where it is nobody's."""
        if who.patient is not None:
            return _known(self.tx, who.patient)
        if who.document is None or who.document_kind is None:
            raise BadInput(f"{field}: give patient, or document_kind and document")
        today = self.now.astimezone(self.api.care.zone).date()
        try:
            meant = named(who.document_kind, who.document, who.name or "", today)
            found, _ = patient(self.tx, meant, self.now)
        except NobodyError as exc:
            raise BadInput(f"{field}.{exc}") from None
        if found is None:
            raise BadInput(f"{field}: nobody has this document; with a name she is made", 404)
        return found


def _known(tx: Tx, patient_id: int) -> int:
    if tx.one(_KNOWN, patient_id=patient_id) is None:
        raise BadInput("patient: there is no such patient", 404)
    return patient_id


def _zone(name: str | None, hospital: ZoneInfo) -> str:
    try:
        return ZoneInfo(name).key if name else hospital.key
    except (ZoneInfoNotFoundError, ValueError):
        raise BadInput("zone: must be an IANA time zone such as Asia/Shanghai") from None


def _in_order(starts_on: Any, ends_on: Any) -> None:
    if ends_on is not None and ends_on < starts_on:
        raise BadInput("ends_on: is before starts_on")


def _state(plan: Plan) -> dict[str, Any]:
    return {
        "plan": plan.plan_id, "kind": plan.kind, "patient": plan.patient_id, "payer": plan.payer_id,
        "starts_on": plan.starts_on.isoformat(),
        "ends_on": plan.ends_on.isoformat() if plan.ends_on else None, "zone": plan.zone,
        "state": plan.state,
        "paused_until": plan.paused_until.isoformat() if plan.paused_until else None,
        "version": plan.version, "source": plan.source,
    }  # fmt: skip


def _read(plan: Plan) -> dict[str, Any]:
    """Return a plan with what it says: never in an answer that is kept (`once`)."""
    return {**_state(plan), "details": dict(plan.details)}


def _told(one: history.Told) -> dict[str, Any]:
    same = (
        "about", "about_id", "kind", "occurs_at", "due_at", "wall", "zone", "state", "answer",
        "answered_at", "rules",
    )  # fmt: skip
    return {
        "reminder": one.reminder_id,
        **{name: getattr(one, name) for name in same},
        "decisions": [
            {"at": step.at, "decision": step.decision, "reason": step.reason, "until": step.until}
            for step in one.decisions
        ],
        "message": _sent(one.message) if one.message else None,
        "instead": _all(one.instead),
    }


def _all(sent: Sequence[history.Sent]) -> list[dict[str, Any]]:
    return [_sent(one) for one in sent]


def _sent(one: history.Sent) -> dict[str, Any]:
    return {
        "message": one.outbox_id, "conversation": one.conversation_id, "channel": one.channel,
        "state": one.state, "way": one.way, "progress": one.progress, "error": one.error,
        "at": one.at,
    }  # fmt: skip
