"""Whom staff should ring: the frail, the silent, those no message reaches; done with a note."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from bot.appointments import calls
from bot.console.clinics import Id
from bot.console.desk import Console
from bot.console.guard import Action, Guard, Visit
from bot.console.masks import masked_name, masked_phone
from bot.console.pages import Pages
from bot.store.audit import record
from bot.store.db import Tx

NOTE_LONGEST = 300


class Calls:
    """Shows whom to ring, and takes off the list who was rung."""

    def __init__(self, console: Console, pages: Pages) -> None:
        self._console = console
        self._pages = pages

    async def list(self, visit: Visit) -> Response:
        """Return the list; names and phones are masked, each is read in full on its visit's page."""

        def op(tx: Tx) -> dict[str, Any]:
            today = visit.now.astimezone(self._console.zone).date()
            found = calls.open_calls(tx, visit.now)
            if found:
                detail = f"{len(found)} calls"
                record(tx, visit.now, visit.signed.actor, "calls.view", detail=detail)
            return {"calls": found, "reinstated": calls.reinstated(tx, today)}

        values = await self._console.engine.write(op)
        return self._pages.render(
            visit.request, "calls", note_longest=NOTE_LONGEST, masked_phone=masked_phone,
            masked=lambda name: masked_name(name) if name else "", **values,
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


def mount_calls(router: APIRouter, pages: Calls, guard: Guard) -> None:
    """Add the routes."""

    @router.get("/calls")
    async def show(visit: Annotated[Visit, Depends(guard.page)]) -> Response:
        return await pages.list(visit)

    @router.post("/calls/{call_id}/done")
    async def done(action: Annotated[Action, Depends(guard.action)], call_id: Id) -> Response:
        await pages.done(action, call_id)
        return RedirectResponse("/console/calls", 303)
