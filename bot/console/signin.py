"""Signing in and out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response
from prometheus_client import Counter
from sqlalchemy import bindparam, select
from starlette.requests import Request

from bot.console import sessions
from bot.console.auth import Attempts, Passwords
from bot.console.desk import Console
from bot.console.guard import SIGN_IN_COOKIE, Action, Form, Guard, page_or_none
from bot.console.pages import SIGN_IN, Pages
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Staff

_TRIES = Counter("daoyi_console_sign_ins_total", "Tries to sign in to the console", ["outcome"])

_staff = Staff.__table__  # type: ignore[attr-defined]
_ACCOUNT = Hot(
    select(_staff.c.id, _staff.c.username, _staff.c.password_hash).where(
        _staff.c.username == bindparam("username"), _staff.c.active.is_(True)
    )
)
_FIELD_LONGEST = 1_000
_MINUTE = 60


class SignIn:
    """Checks who somebody is, and remembers it."""

    def __init__(self, console: Console, pages: Pages, guard: Guard) -> None:
        self._console = console
        self._pages = pages
        self._guard = guard
        self._passwords = Passwords()
        self._attempts = Attempts()

    def page(self, request: Request, *, status: int = 200, error: str | None = None) -> Response:
        """Return the form; the same for every wrong try, whoever was named."""
        cookie, token = self._guard.sign_in_token(request)
        response = self._pages.render(
            request,
            "login",
            status=status,
            headers={"Retry-After": str(_MINUTE)} if status == 429 else None,  # noqa: PLR2004
            csrf=token,
            next=page_or_none(request.query_params.get("next", "")) or "",
            error=error,
        )
        response.set_cookie(
            SIGN_IN_COOKIE,
            cookie,
            path=SIGN_IN,
            httponly=True,
            samesite="lax",
            secure=_is_safe(request),
        )
        return response

    async def enter(self, request: Request, form: Form) -> Response:
        """Sign somebody in, or say that name and password do not belong together."""
        username = form.text("username", _FIELD_LONGEST).lower()
        address = request.client.host if request.client else ""
        if not self._attempts.begin(username, address):
            return self._refused(request, 429, "too_many")
        row = await self._console.engine.read(lambda tx: tx.one(_ACCOUNT, username=username))
        known = row.password_hash if row else None
        if not await self._passwords.match(known, form.fields.get("password", "")):
            return self._refused(request, 401, "wrong")
        self._attempts.was_right(username, address)
        _TRIES.labels(outcome="right").inc()
        return await self._welcome(request, form, row)

    def _refused(self, request: Request, status: int, outcome: str) -> Response:
        _TRIES.labels(outcome=outcome).inc()
        return self.page(request, status=status, error=outcome)

    async def _welcome(self, request: Request, form: Form, row: Any) -> Response:
        now = self._console.clock()
        before = request.cookies.get(sessions.COOKIE)

        def op(tx: Tx) -> str:
            record(tx, now, f"staff:{row.username}", "staff.sign_in")
            return sessions.start(tx, row.id, now, instead_of=before)

        token = await self._console.engine.write(op)
        response = RedirectResponse(page_or_none(form.fields.get("next", "")) or "/console", 303)
        response.set_cookie(
            sessions.COOKIE,
            token,
            path="/console",
            httponly=True,
            samesite="lax",
            secure=_is_safe(request),
        )
        response.delete_cookie(SIGN_IN_COOKIE, path=SIGN_IN)
        return response

    async def leave(self, action: Action) -> Response:
        """End the session of this browser."""
        visit = action.visit
        token = visit.request.cookies[sessions.COOKIE]

        def op(tx: Tx) -> None:
            sessions.end(tx, token)
            record(tx, visit.now, visit.signed.actor, "staff.sign_out")

        await self._console.engine.write(op)
        response = RedirectResponse(SIGN_IN, 303)
        response.delete_cookie(sessions.COOKIE, path="/console")
        return response


def mount_sign_in(router: APIRouter, sign_in: SignIn, guard: Guard) -> None:
    """Add the routes by which somebody comes and goes."""

    @router.get("/login")
    async def sign_in_page(request: Request) -> Response:
        if await guard.signed(request) is not None:
            return RedirectResponse("/console", 303)
        return sign_in.page(request)

    @router.post("/login")
    async def enter(
        request: Request, form: Annotated[Form, Depends(guard.sign_in_form)]
    ) -> Response:
        return await sign_in.enter(request, form)

    @router.post("/logout")
    async def leave(action: Annotated[Action, Depends(guard.action)]) -> Response:
        return await sign_in.leave(action)


def _is_safe(request: Request) -> bool:
    return request.url.scheme == "https"
