"""Whom staff should ring: the frail, the silent, those no message reaches; done with a note.

Two lists on one page: visits that were cancelled, and reminders that came to nothing.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from bot.appointments import calls
from bot.console.clinics import Id
from bot.console.desk import Console
from bot.console.guard import Action, Guard, Visit
from bot.console.masks import masked_name, masked_phone
from bot.console.pages import Pages
from bot.console.told import Cared, naming
from bot.reminders import to_ring
from bot.store.audit import record
from bot.store.db import Tx

NOTE_LONGEST = 300


class Calls:
    """Shows whom to ring, and takes off the list who was rung."""

    def __init__(self, console: Console, pages: Pages, cared: Cared) -> None:
        self._console = console
        self._pages = pages
        self._cared = cared

    async def list(self, visit: Visit) -> Response:
        """Return the list; names and phones are masked, each is read in full on its visit's page."""

        def op(tx: Tx) -> dict[str, Any]:
            today = visit.now.astimezone(self._console.zone).date()
            found = calls.open_calls(tx, visit.now)
            tasks = to_ring.open_tasks(tx, visit.now)
            if found or tasks:
                detail = f"{len(found) + len(tasks)} calls"
                record(tx, visit.now, visit.signed.actor, "calls.view", detail=detail)
            return {
                "calls": found,
                "reinstated": calls.reinstated(tx, today),
                "urgent": [task for task in tasks if task.is_urgent],
                "tasks": [task for task in tasks if not task.is_urgent],
            }

        values = await self._console.engine.write(op)
        return self._pages.render(
            visit.request, "calls", note_longest=NOTE_LONGEST, masked_phone=masked_phone,
            masked=lambda name: masked_name(name) if name else "",
            **naming(self._cared.kinds, self._pages.words(visit.request)), **values,
        )  # fmt: skip

    async def done(self, action: Action, call_id: int) -> None:
        """Note that somebody was rung. Raises `BadInput` (404, 409)."""
        note = action.form.text("note", NOTE_LONGEST) or None
        signed, now = action.visit.signed, action.visit.now

        def op(tx: Tx) -> None:
            calls.close_call(
                tx, call_id, now, staff_id=signed.staff_id, actor=signed.actor, note=note
            )

        await self._console.engine.write(op)

    async def task_done(self, action: Action, task_id: int) -> None:
        """Note that somebody was rung about a reminder. Raises `BadInput` (404, 409)."""
        note = action.form.text("note", NOTE_LONGEST) or None
        signed, now = action.visit.signed, action.visit.now

        def op(tx: Tx) -> None:
            to_ring.close_task(
                tx, task_id, now, staff_id=signed.staff_id, actor=signed.actor, note=note
            )

        await self._console.engine.write(op)


def mount_calls(router: APIRouter, pages: Calls, guard: Guard) -> None:
    """Add the routes."""

    @router.get("/calls")
    async def show(visit: Annotated[Visit, Depends(guard.page)]) -> Response:
        return await pages.list(visit)

    @router.post("/calls/{call_id}/done")
    async def done(action: Annotated[Action, Depends(guard.action)], call_id: Id) -> Response:
        await pages.done(action, call_id)
        return RedirectResponse("/console/calls", 303)

    @router.post("/tasks/{task_id}/done")
    async def task_done(action: Annotated[Action, Depends(guard.action)], task_id: Id) -> Response:
        await pages.task_done(action, task_id)
        return RedirectResponse("/console/calls", 303)
