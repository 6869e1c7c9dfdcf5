"""The clinics of a day: who is on, what is taken, what is off; and stopping one (停诊).

Nobody is named here, so looking is not audited; every change is.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Date, bindparam, func, or_, select

from bot.appointments import finding
from bot.appointments.desk import Desk
from bot.appointments.model import ClinicView
from bot.appointments.rows import appointment, clinic
from bot.console.desk import Console, Problem
from bot.console.guard import Action, Form, Guard, Visit
from bot.console.pages import Pages
from bot.hospital import roster
from bot.hospital.day_list import day_list
from bot.hospital.problems import HospitalDataError
from bot.store.db import Tx
from bot.store.statements import Hot

Id = Annotated[int, Path(ge=1, lt=2**62)]
Day = Annotated[date | None, Query()]

REASON_SHORTEST, REASON_LONGEST = 2, 120
#: The roster keeps reasons readable, so they must not carry what is sealed elsewhere.
_NUMBER = re.compile(r"\d[\d\s-]{5,}\d")
_LIVE = ("booked", "checked_in")

_SAME_DAY = Hot(
    select(clinic.c.id, clinic.c.part, clinic.c.status, clinic.c.starts_at)
    .where(clinic.c.doctor == bindparam("doctor"), clinic.c.date == bindparam("day", type_=Date))
    .order_by(clinic.c.starts_at)
)
_BOOKED = Hot(
    select(func.count().label("n")).where(
        appointment.c.clinic_id == bindparam("clinic_id"),
        or_(*(appointment.c.state == state for state in _LIVE)),
    )
)


@dataclass(frozen=True, slots=True)
class Booked:
    """What the pages about visits need beside the console.

    Attributes:
        changed: called after the roster of days changed: their clinics follow it.
    """

    desk: Desk
    changed: Callable[[Sequence[date]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Part:
    """One clinic of a doctor's day, as the form for stopping shows it."""

    part: str
    is_on: bool
    booked: int


class Clinics:
    """Shows the clinics of a day and changes them."""

    def __init__(self, console: Console, pages: Pages, booked: Booked) -> None:
        self._console = console
        self._pages = pages
        self._booked = booked

    async def day(self, visit: Visit, day: date | None, department: str) -> Response:
        """Return all clinics of a day, or those of one department."""
        shown = day or visit.now.astimezone(self._console.zone).date()

        def op(tx: Tx) -> dict[str, Any]:
            every = day_list(tx, shown)
            return {
                "every": every,
                "silent": self._booked.desk.queue.silent(tx, visit.now),
            }

        read = await self._console.engine.read(op)
        departments = {one["department"]: one for one in read["every"]}
        rows = [one for one in read["every"] if department in ("", one["department"])]
        return self._pages.render(
            visit.request,
            "clinics",
            day=shown,
            before=shown - timedelta(days=1),
            after=shown + timedelta(days=1),
            department=department,
            departments=list(departments.values()),
            groups=[(key, list(of)) for key, of in groupby(rows, lambda one: one["department"])],
            at=self._at,
            silent=read["silent"],
        )

    async def ask_stop(self, visit: Visit, clinic_id: int) -> Response:
        """Return the form that says how many will be told, before anything happens."""

        def op(tx: Tx) -> tuple[ClinicView, list[Part]]:
            view = _clinic(tx, clinic_id)
            rows = tx.rows(_SAME_DAY, doctor=view.doctor, day=view.date)
            parts = [
                Part(row.part, row.status == "on", int(tx.one(_BOOKED, clinic_id=row.id).n))
                for row in rows
            ]
            return view, parts

        view, parts = await self._console.engine.read(op)
        return self._pages.render(
            visit.request, "stop", clinic=view, parts=parts, at=self._at,
            whole_day=sum(part.booked for part in parts if part.is_on),
            longest=REASON_LONGEST, shortest=REASON_SHORTEST,
        )  # fmt: skip

    async def stop(self, action: Action, clinic_id: int) -> date:
        """Stop a clinic, or all of its doctor's day; return the day."""
        reason = action.form.text("reason", REASON_LONGEST, REASON_SHORTEST)
        if _NUMBER.search(reason):
            raise Problem("reason_has_number")
        now, actor = action.visit.now, action.visit.signed.actor
        is_day = _scope(action.form)

        def change(tx: Tx, view: ClinicView) -> None:
            part = None if is_day else view.part
            roster.stop(tx, view.doctor, view.date, part, reason, now, actor)

        return await self._change(clinic_id, change)

    async def resume(self, action: Action, clinic_id: int) -> date:
        """Let a stopped clinic be held after all; whoever was cancelled stays so."""
        now, actor = action.visit.now, action.visit.signed.actor

        def change(tx: Tx, view: ClinicView) -> None:
            roster.resume(tx, view.doctor, view.date, view.part, now, actor)

        return await self._change(clinic_id, change)

    async def add_place(self, action: Action, clinic_id: int) -> date:
        """Give a clinic one more place of its doctor's own (加号); only a supervisor does."""
        if not action.visit.signed.supervises:
            raise Problem("only_supervisors", 403)
        now, actor = action.visit.now, action.visit.signed.actor

        def change(tx: Tx, view: ClinicView) -> None:
            roster.add_place(tx, view.doctor, view.date, view.part, now, actor)

        return await self._change(clinic_id, change)

    async def _change(self, clinic_id: int, change: Callable[[Tx, ClinicView], None]) -> date:
        def op(tx: Tx) -> date:
            view = _clinic(tx, clinic_id)
            change(tx, view)
            return view.date

        try:
            day = await self._console.engine.write(op)
        except HospitalDataError as exc:
            raise Problem("clinic_cannot", 409) from exc
        await self._booked.changed((day,))
        self._console.wake()
        return day

    def _at(self, moment: datetime | str) -> str:
        """Return the hospital's time of day."""
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return f"{at.astimezone(self._console.zone):%H:%M}"


def mount_clinics(router: APIRouter, clinics: Clinics, guard: Guard) -> None:
    """Add the routes."""

    @router.get("/clinics")
    async def day(
        visit: Annotated[Visit, Depends(guard.page)],
        day: Day = None,
        department: Annotated[str, Query(max_length=32)] = "",
    ) -> Response:
        return await clinics.day(visit, day, department)

    @router.get("/clinics/{clinic_id}/stop")
    async def ask_stop(visit: Annotated[Visit, Depends(guard.page)], clinic_id: Id) -> Response:
        return await clinics.ask_stop(visit, clinic_id)

    def on(name: str, act: Callable[[Action, int], Awaitable[date]]) -> None:
        @router.post(f"/clinics/{{clinic_id}}/{name}", name=name)
        async def do(action: Annotated[Action, Depends(guard.action)], clinic_id: Id) -> Response:
            day = await act(action, clinic_id)
            return RedirectResponse(f"/console/clinics?day={day.isoformat()}", 303)

    on("stop", clinics.stop)
    on("resume", clinics.resume)
    on("add-place", clinics.add_place)


def _scope(form: Form) -> bool:
    """Say whether the whole day is meant. Raises `Problem` where neither was chosen."""
    scope = form.fields.get("scope", "part")
    if scope not in ("part", "day"):
        raise Problem("bad_form", 400)
    return scope == "day"


def _clinic(tx: Tx, clinic_id: int) -> ClinicView:
    found = finding.clinic_of(tx, clinic_id)
    if found is None:
        raise Problem("no_page", 404)
    return found
