"""Everything under /console: put together, mounted on the server."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import FileResponse, RedirectResponse, Response

from bot.console.actions import Actions
from bot.console.calls import Calls, mount_calls
from bot.console.clinics import Booked, Clinics, mount_clinics
from bot.console.desk import Console, Problem
from bot.console.feed import mount_feed
from bot.console.guard import Action, Form, Guard, Visit
from bot.console.pages import Pages, route_class
from bot.console.patients import Patients, mount_patients
from bot.console.plans import PlanPages, mount_plans
from bot.console.reminders import Reminders, mount_reminders
from bot.console.rules import Rules, mount_rules
from bot.console.signin import SignIn, mount_sign_in
from bot.console.told import Cared
from bot.console.views import Id, Views, mount_views
from bot.console.visits import Visits, mount_visits

__all__ = ["Booked", "Cared", "Console", "mount_console"]

_ASSETS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def mount_console(http: FastAPI, console: Console, booked: Booked, cared: Cared) -> None:
    """Add the console to `http`, under /console."""
    pages, guard = Pages(console), Guard(console)
    router = APIRouter(prefix="/console", include_in_schema=False, route_class=route_class(pages))
    _mount_assets(router, console)
    mount_sign_in(router, SignIn(console, pages, guard), guard)
    mount_views(router, Views(console, pages, cared), guard)
    mount_feed(router, console, guard)
    mount_clinics(router, Clinics(console, pages, booked), guard)
    mount_visits(router, Visits(console, pages, booked, cared), guard)
    mount_calls(router, Calls(console, pages, cared), guard)
    mount_patients(router, Patients(console, pages, cared), guard)
    mount_plans(router, PlanPages(console, pages, cared), guard)
    mount_rules(router, Rules(console, pages, cared), guard)
    mount_reminders(router, Reminders(console, pages, cared), guard)
    _mount_actions(router, console, guard)
    _mount_nowhere(router, guard)
    http.router.routes.extend(router.routes)  # flat: one table that tests and operators can read


def _mount_assets(router: APIRouter, console: Console) -> None:
    @router.get("/assets/{name:path}")
    async def asset(name: str) -> FileResponse:
        try:
            path = (console.assets / name).resolve()
            known = path.is_relative_to(console.assets.resolve()) and path.is_file()
        except (OSError, ValueError) as exc:  # too long for a name, or with a NUL in it
            raise Problem("no_page", 404) from exc
        media = _ASSETS.get(path.suffix)
        if media is None or not known:
            raise Problem("no_page", 404)
        return FileResponse(
            path, media_type=f"{media}; charset=utf-8", headers={"Cache-Control": "no-cache"}
        )


def _mount_actions(router: APIRouter, console: Console, guard: Guard) -> None:
    """Add one route an action: do it, then show what came of it."""

    def on(name: str, act: Callable[[Actions, int, Form], Awaitable[None]], after: str) -> None:
        @router.post(f"/conversations/{{conversation_id}}/{name}", name=name)
        async def do(
            action: Annotated[Action, Depends(guard.action)], conversation_id: Id
        ) -> Response:
            visit = action.visit
            await act(Actions(console, visit.signed, visit.now), conversation_id, action.form)
            return RedirectResponse(after.format(id=conversation_id), 303)

    page = "/console/conversations/{id}"
    on("claim", Actions.claim, page)
    on("take-over", Actions.take_over, page)
    on("reply", Actions.reply, page + "#composer")
    on("give-back", Actions.give_back, "/console")
    on("acknowledge", Actions.acknowledge, page)
    on("card", Actions.write_card, page + "#card")
    on("break-glass", Actions.break_glass, page)
    on("seen", Actions.seen, "/console/dead-letters")


def _mount_nowhere(router: APIRouter, guard: Guard) -> None:
    @router.get("/{rest:path}")
    async def nowhere(_: Annotated[Visit, Depends(guard.page)], rest: str) -> Response:
        if not rest:
            return RedirectResponse("/console", 303)
        raise Problem("no_page", 404)
