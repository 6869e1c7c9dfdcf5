"""What goes over the wire between a platform's stand-in and us, for people to learn from.

Only what is safe to show is kept: the method, the path without its secrets, and what was answered.
"""

import asyncio
import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: How much of a body is looked at to see whose it is.
_LOOK = 64 * 1024
_KEPT = 60
#: What may be shown of a query: it says what kind of call it is, and is no secret.
_TELLING = frozenset({"type", "encrypt_type", "status"})
_BOT = re.compile(r"^/bot[^/]+")
#: Our own number of a message, as a gateway gives it back in a receipt that names no patient.
_REFERENCE = re.compile(rb"dlr(?:=|%3D)(\d+)")
_MOST_REFERENCES = 1_000
#: A platform's way of saying that there is nothing yet: no menu.
_NOTHING_YET = frozenset({46003})
#: A platform's idle polls are no news.
_IDLE = frozenset({b'{"ok":true,"result":[]}', b'{"ok": true, "result": []}'})


@dataclass(frozen=True, slots=True)
class Passed:
    """One exchange.

    Attributes:
        sender: "platform" (it posted to our hook) or "hospital" (we called its API).
        what: method, path and kind of call.
        result: the status and, of an API, its own code.
        ms: how long it took, in milliseconds.
    """

    id: int
    sender: str
    what: str
    result: str
    ok: bool
    ms: int


class Wire:
    """The last exchanges of one platform, by patient; under "" what concerns the account."""

    def __init__(self) -> None:
        self._by_patient: dict[str, deque[Passed]] = defaultdict(lambda: deque(maxlen=_KEPT))
        self._ids = count(1)
        self._references: dict[bytes, str] = {}

    def whose(self, exchange: bytes, patients: Iterable[str]) -> str:
        """Return the patient whom an exchange is about, or "" where it names none."""
        references = _REFERENCE.findall(exchange)
        for patient in patients:
            if patient.lstrip("+").encode() in exchange:
                for reference in references:
                    self._references[reference] = patient
                while len(self._references) > _MOST_REFERENCES:
                    del self._references[next(iter(self._references))]
                return patient
        return next((self._references.get(reference, "") for reference in references), "")

    def add(self, patient: str, sender: str, what: str, result: str, *, ok: bool, ms: int) -> None:
        """Remember an exchange."""
        passed = Passed(next(self._ids), sender, what, result, ok, ms)
        self._by_patient[patient].append(passed)

    def of(self, patient: str) -> list[Passed]:
        """Return what concerns a patient or the whole account, oldest first."""
        found = [*self._by_patient.get("", ()), *self._by_patient.get(patient, ())]
        return sorted(found, key=lambda passed: passed.id)[-_KEPT:]

    def forget(self, patient: str) -> None:
        """Drop what was remembered of a patient."""
        self._by_patient.pop(patient, None)


class Recorded:
    """An application whose exchanges are remembered.

    Args:
        sender: who calls it: "platform" or "hospital".
        patients: returns who is being played now.
        closing: set when the server stops: whoever still waits for an answer gets none.
    """

    def __init__(
        self,
        app: ASGIApp,
        wire: Wire,
        sender: str,
        patients: Callable[[], Iterable[str]],
        closing: asyncio.Event,
    ) -> None:
        self._app = app
        self._wire = wire
        self._sender = sender
        self._patients = patients
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and remember it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        heard, told = bytearray(scope["query_string"]), bytearray()
        status = 0

        async def listening() -> Message:
            message = await receive()
            heard.extend(message.get("body", b"")[:_LOOK])
            return message

        async def telling(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            told.extend(message.get("body", b"")[:_LOOK])
            await send(message)

        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            await self._unless_closing(scope, listening, telling)
        finally:
            self._remember(
                scope, bytes(heard), bytes(told), status, int(1000 * (clock() - started))
            )

    async def _unless_closing(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = asyncio.ensure_future(self._app(scope, receive, send))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({answering, closing}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
                return
        finally:
            closing.cancel()
            answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        if self._sender == "hospital":  # only a poll or a slow answer is cut off: nothing began yet
            await Response(status_code=503)(scope, receive, send)

    def _remember(self, scope: Scope, heard: bytes, told: bytes, status: int, ms: int) -> None:
        if told in _IDLE:
            return
        patient = self._wire.whose(heard + told, self._patients())
        result, ok = _result(status, told, ours=self._sender == "platform")
        self._wire.add(patient, self._sender, _what(scope), result, ok=ok, ms=ms)


def _what(scope: Scope) -> str:
    path = _BOT.sub("/bot…", scope["path"].removeprefix(scope.get("root_path", "")))
    query = parse_qsl(scope["query_string"].decode("latin-1"))
    telling = [f"{name}={value[:20]}" for name, value in query if name in _TELLING]
    return " ".join([scope["method"], path, *telling])


def _result(status: int, body: bytes, *, ours: bool) -> tuple[str, bool]:
    """Return a line about an answer, and whether all is well; nothing of a message is in it."""
    if status == 0:
        return "no answer", False
    if ours:
        passive = " · passive reply" if body.startswith(b"<xml") else ""
        return f"{status}{passive}", status < 400
    try:
        answer = json.loads(body)
    except ValueError:
        return f"{status} · {_words(body)}".rstrip(" ·"), status < 400
    if not isinstance(answer, dict):
        return str(status), status < 400
    code = answer.get("errcode") or answer.get("error_code") or 0
    why = str(answer.get("errmsg") or answer.get("description") or "").partition(" rid:")[0][:60]
    ok = status < 400 and (not code or code in _NOTHING_YET)
    return (
        f"{status} · ok" if ok and not code else f"{status} · {code or ''} {why}".rstrip(" ·")
    ), ok


def _words(body: bytes) -> str:
    """Return what a gateway says in its own words: "0: Accepted for delivery"."""
    return re.sub(r"[^\x20-\x7e]", "", body[:60].decode("utf-8", "replace")).strip()
