"""A stand-in of Kannel and the phones behind it: its sendsms interface, its callbacks, its receipts.

It speaks what a real Kannel 1.4.5 was seen to speak: `202 0: Accepted for delivery` without an id,
`%b` in UTF-16BE for anything but plain letters, the same `%I` however often it repeats, receipts 8
and then 1.
"""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from bench.standins.base import Faults, Screen, Shown
from bot.channels.sms import parts

#: The number that the hospital writes from.
OURS = "10690000"
_USER = "daoyi"
#: Our channel waits so long for an answer; a slow gateway takes longer. In seconds.
_PATIENCE, _SLOW = 2.0, 3.0
#: Like http-request-retry and http-queue-delay of a real one.
_TRIES, _PAUSE = 10, 1.0
_STORM = 6
#: How long a message waits to be overtaken, in seconds.
_HELD = 4.0
_SENT, _DELIVERED, _UNDELIVERED = 8, 1, 2


@dataclass(frozen=True, slots=True)
class _Report:
    """A receipt on its way: where to, what about."""

    url: str
    kind: int
    smsc_id: str


class Kannel:
    """`StandIn` for one sendsms user.

    Args:
        hook: where our application takes what Kannel posts.
        base: where `api` is mounted, as our channel is told it.
        clock: seconds since 1970, for what phones show.
    """

    name = "sms"

    def __init__(self, hook: str, base: str, *, clock: Callable[[], float] = time.time) -> None:
        self.faults = Faults()
        self._hook = hook
        self._base = base
        self._password, self._secret = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
        self._screens: dict[str, Screen] = defaultdict(lambda: Screen(clock))
        self._reports: asyncio.Queue[_Report] = asyncio.Queue()
        self._held: asyncio.Future[None] | None = None
        self._count = 0
        routes = [Route("/cgi-bin/sendsms", self._sendsms, methods=["GET", "POST"])]
        self._api = Starlette(routes=routes)

    @property
    def api(self) -> ASGIApp:
        """Smsbox's sendsms interface."""
        return self._api

    @property
    def account(self) -> tuple[Mapping[str, object], Mapping[str, str]]:
        """The options and secrets of our channel on this stand-in."""
        options = {
            "provider": "kannel", "api_base_url": self._base, "username": _USER, "sender": OURS,
            "callback_url": self._hook.partition("/hooks/")[0], "timeout": _PATIENCE,
            "method": "GET",  # the page shows whose request it was by its URL
        }  # fmt: skip
        return options, {"password": self._password, "hook_secret": self._secret}

    def screen(self, user: str) -> Sequence[Shown]:
        """Return what this number's phone shows."""
        return self._screens[user].shown if user in self._screens else ()

    def forget(self, user: str) -> None:
        """Throw a phone away."""
        self._screens.pop(user, None)

    async def say(self, user: str, text: str) -> None:
        """Let a phone write to the hospital; returns when it is delivered, or given up."""
        self._screens[user].add("patient", text, note=_cost(text))
        url = self._inbound(user, text)
        if self.faults.out_of_order and self._held is None:
            self._held = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._held}, timeout=_HELD)
            self._held = None
            await self._deliver(url)
            return
        times = _STORM if self.faults.retry_storm else 2 if self.faults.duplicate else 1
        await asyncio.gather(*(self._deliver(url) for _ in range(times)))
        if self._held is not None and not self._held.done():
            self._held.set_result(None)

    async def run(self) -> None:
        """Hand out receipts, until cancelled."""
        while True:
            reports = [await self._reports.get()]
            while not self._reports.empty():
                reports.append(self._reports.get_nowait())
            if self.faults.out_of_order:
                reports.reverse()
            for report in reports:
                for _ in range(2 if self.faults.duplicate else 1):
                    await self._deliver(_filled(report))

    async def _sendsms(self, request: Request) -> PlainTextResponse:
        fields = await _fields(request)
        if self.faults.gateway_dead:
            return PlainTextResponse("Temporal failure, try again later.", 503)
        given = (fields.get("username", "") + "\n" + fields.get("password", "")).encode()
        wanted = f"{_USER}\n{self._password}".encode()
        if self.faults.token_expired or not compare_digest(given, wanted):
            return PlainTextResponse("Authorization failed for sendsms", 403)
        to = fields.get("to", "")
        if not to.removeprefix("+").isdecimal():
            return PlainTextResponse("Missing receiver number, rejected", 400)
        self._take(to, fields)
        if self.faults.slow_answer:
            await asyncio.sleep(_SLOW)
        return PlainTextResponse("0: Accepted for delivery", 202)

    def _take(self, to: str, fields: Mapping[str, str]) -> None:
        self._count += 1
        text = fields.get("text", "")
        if not self.faults.blocked:
            self._screens[to].add("hospital", text, note=_cost(text))
        url = fields.get("dlr-url")
        if url:
            last = _UNDELIVERED if self.faults.blocked else _DELIVERED
            for kind in (_SENT, last):
                self._reports.put_nowait(_Report(url, kind, f"stand-in-{self._count}"))

    def _inbound(self, user: str, text: str) -> str:
        is_plain = text.isascii()
        raw = text.encode() if is_plain else text.encode("utf-16-be")
        asked = {
            "secret": self._secret, "id": str(uuid4()), "from": user, "to": OURS, "smsc": "stand-in",
            "charset": "UTF-8" if is_plain else "UTF-16BE", "text": raw,
        }  # fmt: skip
        return f"{self._hook}?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in asked.items())

    async def _deliver(self, url: str) -> None:
        """Ask a callback until it is taken: 5xx and silence are tried again, like smsbox does."""
        for _ in range(_TRIES):
            try:
                async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
                    answer = await client.get(url)
            except httpx.HTTPError:
                await asyncio.sleep(_PAUSE)
                continue
            if answer.status_code < 500:
                return
            await asyncio.sleep(_PAUSE)


async def _fields(request: Request) -> dict[str, str]:
    """Return what a sendsms request says, in its URL or in X-Kannel headers."""
    if request.method == "GET":
        return dict(request.query_params)
    prefix = "x-kannel-"
    found = {
        name.removeprefix(prefix): value
        for name, value in request.headers.items()
        if name.startswith(prefix)
    }
    return found | {"text": (await request.body()).decode("utf-8", "replace")}


def _filled(report: _Report) -> str:
    meta = (
        f"?orig_msg?dlr_mask=31&?smpp?dlr_err={'%03%003' if report.kind == _UNDELIVERED else ''}&"
    )
    values: dict[str, Any] = {"%d": report.kind, "%F": report.smsc_id, "%D": meta}
    url = report.url
    for escape, value in values.items():
        url = url.replace(f"={escape}", f"={quote(str(value), safe='')}")
    return url


def _cost(text: str) -> str:
    cost = parts(text)
    return f"{cost.parts} part{'s' if cost.parts > 1 else ''}, {cost.encoding.value.upper()}"
