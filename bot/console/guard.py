"""Who is asking, and whether the request really comes from our own page."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from bot.appointments import calls
from bot.console import sessions
from bot.console.desk import Console, Problem, SignInFirst
from bot.console.sessions import Signed
from bot.message import clean_text
from bot.reminders import to_ring
from bot.store.db import Tx

SIGN_IN_COOKIE = "daoyi_sign_in"
_MAX_FORM = 64 * 1024
_MAX_FIELDS = 30
_PAGES = re.compile(
    r"/console(/(conversations|clinics|visits|patients)/\d{1,18}|/dead-letters|/clinics|/calls"
    r"|/reminders(/kinds)?)?"
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in."""

    request: Request
    signed: Signed
    now: datetime


@dataclass(frozen=True, slots=True)
class Form:
    """What was filled in; every field is there once, as text."""

    fields: Mapping[str, str] = field(repr=False)

    def text(self, name: str, longest: int, shortest: int = 0) -> str:
        """Return a field without what no screen can carry.

        Raises:
            Problem: it is too short or too long.
        """
        text = clean_text(self.fields.get(name, ""))
        if len(text) < shortest:
            raise Problem("too_short", 422, shortest=shortest)
        if len(text) > longest:
            raise Problem("too_long", 422, longest=longest)
        return text

    def number(self, name: str) -> int:
        """Return a number our own page filled in. Raises `Problem` where it is none."""
        value = self.fields.get(name, "")
        if not re.fullmatch(r"[0-9]{1,18}", value):
            raise Problem("bad_form", 400)
        return int(value)


@dataclass(frozen=True, slots=True)
class Action:
    """A form sent by somebody who is signed in, from our own page."""

    visit: Visit
    form: Form


class Guard:
    """Answers "who is it, and may this request count" for every route."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def page(self, request: Request) -> Visit:
        """Return who opens a page. Raises `SignInFirst`."""
        return await self._visit(request, wanted=page_or_none(request.url.path) or "")

    async def live(self, request: Request) -> Visit:
        """Return whose page asks for news; that keeps no session alive. Raises `SignInFirst`."""
        signed = await self.signed(request)
        if signed is None:
            raise SignInFirst(None)
        return Visit(request, signed, self._console.clock())

    async def action(self, request: Request) -> Action:
        """Return what somebody sent.

        Raises:
            SignInFirst: nobody is signed in. Problem: the form is not from our own page (403).
        """
        visit = await self._visit(request, wanted="")
        form = await own_form(request, visit.signed.csrf)
        return Action(visit, form)

    async def signed(self, request: Request) -> Signed | None:
        """Return who is signed in in this browser, or None."""
        token = request.cookies.get(sessions.COOKIE)
        if not token:
            return None
        now = self._console.clock()

        def op(tx: Tx) -> tuple[Signed | None, int]:
            found = sessions.find(tx, token, now)
            return found, (calls.count(tx) + to_ring.count(tx)) if found else 0

        signed, request.state.to_ring = await self._console.engine.read(op)
        request.state.signed = signed
        return signed

    def sign_in_token(self, request: Request) -> tuple[str, str]:
        """Return the cookie and the form's token of a browser that is not signed in yet."""
        cookie = request.cookies.get(SIGN_IN_COOKIE) or secrets.token_urlsafe(24)
        return cookie, self._console.engine.keyring.sign(cookie, "console.sign_in")

    async def sign_in_form(self, request: Request) -> Form:
        """Return the form of somebody who signs in. Raises `Problem` (403) when it is not ours."""
        has_cookie = SIGN_IN_COOKIE in request.cookies
        _, token = self.sign_in_token(request)
        return await own_form(request, token if has_cookie else secrets.token_hex())

    async def _visit(self, request: Request, wanted: str) -> Visit:
        signed = await self.signed(request)
        if signed is None:
            raise SignInFirst(wanted)
        now = self._console.clock()
        if sessions.is_stale(signed, now):
            await self._console.engine.write(lambda tx: sessions.touch(tx, signed, now))
        return Visit(request, signed, now)


async def own_form(request: Request, csrf: str) -> Form:
    """Read a form that carries our token and comes from our own page.

    Raises:
        Problem: it does not (403), or is no form (400, 413).
    """
    if not is_same_origin(request.headers):
        raise Problem("foreign_form", 403)
    form = Form(await _fields(request))
    if not compare_digest(form.fields.get("csrf", "").encode(), csrf.encode()):
        raise Problem("foreign_form", 403)
    return form


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Say whether a browser's own headers allow that the request comes from our page (pure)."""
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def page_or_none(path: str) -> str | None:
    """Return `path` when it is one of our pages: nothing else is ever redirected to."""
    return path if _PAGES.fullmatch(path) else None


async def _fields(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            raise Problem("too_long", 413, longest=_MAX_FORM)
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS
        )
    except ValueError as exc:
        raise Problem("bad_form", 400) from exc
    return dict(pairs)
