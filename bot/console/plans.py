"""Plans as staff make and change them: a form a kind, pause, resume, stop. The service audits each."""

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse, Response

from bot.care.plans import Plan
from bot.console import access, patient_access, plan_forms
from bot.console.clinics import Id
from bot.console.desk import Console, Problem
from bot.console.guard import Action, Guard, Visit
from bot.console.pages import Pages
from bot.console.sessions import Signed
from bot.console.told import WINDOWS, Cared, naming
from bot.errors import BadInput
from bot.store.db import Tx
from scheduler.reminders import Reason

#: Why staff end a plan: what they choose, and what it means to what waits.
STOPS = {"done": Reason.DONE, "stopped": Reason.STOPPED, "wrong": Reason.GONE}
_ONCE = re.compile(r"[A-Za-z0-9_-]{8,40}")


class PlanPages:
    """Makes and changes the plans of patients."""

    def __init__(self, console: Console, pages: Pages, cared: Cared) -> None:
        self._console = console
        self._pages = pages
        self._cared = cared

    async def ask(
        self,
        visit: Visit,
        patient_id: int,
        kind: str,
        filled: Mapping[str, str] | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> Response:
        """Return the form for a plan of one kind; what was wrong stands below its field."""
        questions = self._questions(kind)
        person = await self._console.engine.read(
            lambda tx: patient_access.enter(tx, patient_id, visit.signed, visit.now)
        )
        today = visit.now.astimezone(self._console.zone).date()
        return self._pages.render(
            visit.request, "plan", status=422 if problems else 200, person=person, kind=kind,
            questions=questions, filled=filled or {plan_forms.STARTS: today.isoformat()},
            problems=problems or {}, once=(filled or {}).get("once") or secrets.token_urlsafe(12),
            needs_end=kind in WINDOWS, choices=plan_forms.CHOICES, weekdays=plan_forms.WEEKDAYS,
            **naming(self._cared.kinds, self._pages.words(visit.request)),
        )  # fmt: skip

    async def create(self, action: Action, patient_id: int, kind: str) -> Response:
        """Make a plan, or show the form again with what is wrong; the same form twice makes one."""
        questions, form = self._questions(kind), action.form.fields
        signed, now = action.visit.signed, action.visit.now
        starts_on, ends_on, problems = _days(form)
        details = plan_forms.details(form, questions, self._console.zone)
        once = form.get("once", "")
        key = f"console:{signed.staff_id}:{once}" if _ONCE.fullmatch(once) else None
        made = self._cared.plans.kinds[kind]
        problems |= plan_forms.by_field(made.problems(details))
        if problems or starts_on is None:
            return await self.ask(action.visit, patient_id, kind, form, problems)

        def op(tx: Tx) -> None:
            patient_access.enter(tx, patient_id, signed, now)
            if key is not None and self._cared.plans.by_key(tx, key) is not None:
                return  # the same form again
            self._cared.plans.create(
                tx, kind=kind, details=details, zone=str(self._console.zone), starts_on=starts_on,
                ends_on=ends_on, now=now, actor=signed.actor, source="console",
                patient_id=patient_id, source_key=key,
            )  # fmt: skip

        try:
            await self._console.engine.write(op)
        except BadInput as exc:
            if isinstance(exc, Problem):
                raise
            found = plan_forms.by_field(str(exc).split("; "))
            return await self.ask(action.visit, patient_id, kind, form, found)
        self._console.wake()
        return RedirectResponse(f"/console/patients/{patient_id}#plans", 303)

    async def pause(self, action: Action, plan_id: int) -> str:
        """Let a plan rest until a day, or until it is resumed; return the page to go back to."""
        said = action.form.fields.get("until", "")
        until = plan_forms.day(said)
        today = action.visit.now.astimezone(self._console.zone).date()
        if said and (until is None or until <= today):
            raise Problem("needs_later_day")
        at = datetime.combine(until, time(), self._console.zone).astimezone(UTC) if until else None

        def change(tx: Tx, signed: Signed, now: datetime) -> None:
            self._cared.plans.pause(tx, plan_id, at, now, actor=signed.actor)

        return await self._change(action, plan_id, change)

    async def resume(self, action: Action, plan_id: int) -> str:
        """Let a plan go on."""

        def change(tx: Tx, signed: Signed, now: datetime) -> None:
            self._cared.plans.resume(tx, plan_id, now, actor=signed.actor)

        return await self._change(action, plan_id, change)

    async def stop(self, action: Action, plan_id: int) -> str:
        """End a plan, for a reason that must be chosen."""
        reason = STOPS.get(action.form.fields.get("why", ""))
        if reason is None:
            raise Problem("needs_why")

        def change(tx: Tx, signed: Signed, now: datetime) -> None:
            self._cared.plans.stop(tx, plan_id, reason, now, actor=signed.actor)

        return await self._change(action, plan_id, change)

    async def _change(self, action: Action, plan_id: int, change: Any) -> str:
        signed, now = action.visit.signed, action.visit.now

        def op(tx: Tx) -> str:
            plan = self._cared.plans.get(tx, plan_id)
            if plan is None:
                raise Problem("no_page", 404)
            back = self._enter(tx, plan, signed, now)
            change(tx, signed, now)
            return back

        back = await self._console.engine.write(op)
        self._console.wake()
        return back

    def _enter(self, tx: Tx, plan: Plan, signed: Signed, now: datetime) -> str:
        """Return the page of whose plan it is. Raises `Problem` where `signed` may not open that."""
        if plan.patient_id is not None:
            patient_access.enter(tx, plan.patient_id, signed, now)
            return f"/console/patients/{plan.patient_id}#plans"
        if plan.conversation_id is None:
            raise Problem("no_page", 404)
        access.enter(tx, plan.conversation_id, signed, now, self._console.language)
        return f"/console/conversations/{plan.conversation_id}#plans"

    def _questions(self, kind: str) -> Any:
        shape = self._cared.forms.get(kind)
        if shape is None:
            raise Problem("no_page", 404)
        return plan_forms.asked(shape)


def mount_plans(router: APIRouter, plans: PlanPages, guard: Guard) -> None:
    """Add the routes."""

    @router.get("/patients/{patient_id}/plans/new")
    async def ask(
        visit: Annotated[Visit, Depends(guard.page)],
        patient_id: Id,
        kind: Annotated[str, Query(max_length=16)] = "",
    ) -> Response:
        return await plans.ask(visit, patient_id, kind)

    @router.post("/patients/{patient_id}/plans")
    async def create(action: Annotated[Action, Depends(guard.action)], patient_id: Id) -> Response:
        return await plans.create(action, patient_id, action.form.fields.get("kind", ""))

    @router.post("/plans/{plan_id}/pause")
    async def pause(action: Annotated[Action, Depends(guard.action)], plan_id: Id) -> Response:
        return RedirectResponse(await plans.pause(action, plan_id), 303)

    @router.post("/plans/{plan_id}/resume")
    async def resume(action: Annotated[Action, Depends(guard.action)], plan_id: Id) -> Response:
        return RedirectResponse(await plans.resume(action, plan_id), 303)

    @router.post("/plans/{plan_id}/stop")
    async def stop(action: Annotated[Action, Depends(guard.action)], plan_id: Id) -> Response:
        return RedirectResponse(await plans.stop(action, plan_id), 303)


def _days(form: Mapping[str, str]) -> tuple[date | None, date | None, dict[str, str]]:
    """Return when a plan begins and ends, and what is wrong with that, by field (pure)."""
    starts, ends = plan_forms.day(form.get("starts_on", "")), form.get("ends_on", "").strip()
    ends_on = plan_forms.day(ends) if ends else None
    problems = {}
    if starts is None:
        problems[plan_forms.STARTS] = "must be a date such as 2026-03-05"
    if ends and ends_on is None:
        problems[plan_forms.ENDS] = "must be a date such as 2026-03-05"
    elif starts is not None and ends_on is not None and ends_on < starts:
        problems[plan_forms.ENDS] = "must not be before the first day"
    return starts, ends_on, problems
