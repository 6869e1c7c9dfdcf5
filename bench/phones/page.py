"""HTTP of the page: the page itself, its files, a small JSON API, server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from bench.phones.desk import NOBODY, Known
from bench.phones.stage import FAULTS, Stage
from bench.phones.visitors import Visit, Visitors

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_MEDIA = {".js": "text/javascript", ".css": "text/css"}
_MOST_BODY = 16 * 1024
_MOST_TEXT = 4_000
#: Seconds between two looks at what changed, at what the hospital knows, and between two heartbeats.
_LOOK, _ASK, _HEARTBEAT = 0.1, 0.8, 15.0

Look = Callable[[str, str], Awaitable[Known]]


class Time(Protocol):
    """A clock that the page shows and puts forward: `bench.phones.forward.Forward`."""

    def state(self) -> dict[str, Any]:
        """Return what the page shows; JSON."""
        ...

    async def begin(self, action: str, to: str = "") -> str:
        """Begin to go forward; return a word where that cannot be."""
        ...


class Page:
    """The page of simulated phones.

    Args:
        look: returns what the hospital knows of (phone, patient).
        values: returns the hospital's name and the languages, by language.
        opened: set once the phones are on.
        closing: set when the server stops: open streams end.
        time: the clock, where it can be put forward.
    """

    def __init__(
        self,
        stages: Mapping[str, Stage],
        visitors: Visitors,
        look: Look,
        templates: Environment,
        folder: Path,
        languages: tuple[str, ...],
        hospital: Callable[[str], str],
        opened: asyncio.Event,
        closing: asyncio.Event,
        time: Time | None = None,
    ) -> None:
        self._time = time
        self._stages = stages
        self._visitors = visitors
        self._look = look
        self._templates = templates
        self._folder = folder
        self._languages = languages
        self._hospital = hospital
        self._opened = opened
        self._closing = closing

    def app(self) -> Starlette:
        """Return the application under /phones."""
        act = "/phones/api/{visit}/{phone}"
        return Starlette(
            routes=[
                Route("/phones", self._page),
                Route("/phones/assets/{name}", self._asset),
                Route("/phones/api/visits", self._visits, methods=["POST"]),
                Route("/phones/api/{visit}/events", self._events),
                Route("/phones/api/{visit}/clock", self._clock, methods=["POST"]),
                Route(f"{act}/say", self._say, methods=["POST"]),
                Route(f"{act}/gesture", self._gesture, methods=["POST"]),
                Route(f"{act}/fault", self._fault, methods=["POST"]),
                Route(f"{act}/reset", self._reset, methods=["POST"]),
            ]
        )

    async def _page(self, request: Request) -> Response:
        asked = request.query_params.get("lang", "")
        lang = asked if asked in self._languages else self._preferred(request)
        words = json.loads((self._folder / "words" / f"{lang}.json").read_text("utf-8"))
        html = self._templates.get_template("phones/page.html.j2").render(
            lang=lang, words=words, hospital_name=self._hospital(lang),
            phones=list(self._stages), faults=FAULTS, time=self._time and self._time.state(),
        )  # fmt: skip
        return HTMLResponse(html, headers=_HEADERS)

    def _preferred(self, request: Request) -> str:
        accepted = request.headers.get("accept-language", "").lower()
        first = min(
            (place, lang)
            for lang in self._languages
            if (place := accepted.find(lang[:2].lower())) >= 0 or (place := len(accepted) + 1)
        )
        return first[1]

    async def _asset(self, request: Request) -> Response:
        path = self._folder / request.path_params["name"]
        media = _MEDIA.get(path.suffix)
        if media is None or not path.is_file():
            return _refused("there is no such file", 404)
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return FileResponse(path, media_type=f"{media}; charset=utf-8", headers=headers)

    async def _visits(self, request: Request) -> Response:
        """Begin a visit, or take up the one that is named."""
        body = await _body(request)
        if body is None:
            return _refused("the body must be a small JSON object", 400)
        await self._opened.wait()
        visit = self._visitors.find(str(body.get("visit", ""))) or self._visitors.begin()
        return JSONResponse({"visit": visit.token}, headers={"Cache-Control": "no-store"})

    async def _events(self, request: Request) -> Response:
        visit = self._visitors.find(request.path_params["visit"])
        if visit is None:
            return _refused("this visit was forgotten", 404)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._stream(visit), media_type="text/event-stream", headers=headers
        )

    async def _stream(self, visit: Visit) -> AsyncIterator[str]:
        """Yield the state of each phone whenever it changed."""
        clock = asyncio.get_running_loop().time
        told: dict[str, str] = {}
        known: dict[tuple[str, str], Known] = {}
        asked, beat, moved = -_ASK, clock(), ""
        yield "retry: 1000\n\n"
        while not self._closing.is_set() and self._visitors.find(visit.token) is not None:
            if clock() - asked >= _ASK:
                known = {
                    (phone, patient): await self._look(phone, patient)
                    for phone, patient in visit.patients.items()
                }
                asked = clock()
            if self._time is not None and moved != (now := json.dumps(self._time.state())):
                moved = now
                yield f"event: clock\ndata: {now}\n\n"
            for phone, stage in self._stages.items():
                patient = visit.patients[phone]
                state = {**stage.state(patient), "desk": known.get((phone, patient), NOBODY)}
                data = json.dumps(state, ensure_ascii=False)
                if told.get(phone) != data:
                    told[phone] = data
                    beat = clock()
                    yield f"event: phone\ndata: {data}\n\n"
            if clock() - beat >= _HEARTBEAT:
                beat = clock()
                yield ": still here\n\n"
            await asyncio.sleep(_LOOK)

    async def _clock(self, request: Request) -> Response:
        """Put the clock forward, for everybody who looks at the page."""
        body = await _body(request)
        if body is None:
            return _refused("the body must be a small JSON object", 400)
        if self._visitors.find(request.path_params["visit"]) is None:
            return _refused("this visit was forgotten", 404)
        if self._time is None:
            return _refused("this clock is the system's", 409)
        why = await self._time.begin(str(body.get("action", "")), str(body.get("to", ""))[:40])
        if why:
            return _refused(why, 409 if why == "moving" else 422)
        return JSONResponse({}, 202, headers={"Cache-Control": "no-store"})

    async def _say(self, request: Request) -> Response:
        def do(stage: Stage, visit: Visit, body: dict[str, Any]) -> bool:
            text = body.get("text")
            if not isinstance(text, str) or not text.strip() or len(text) > _MOST_TEXT:
                return False
            stage.say(visit.patients[stage.name], text)
            return True

        return await self._act(request, do)

    async def _gesture(self, request: Request) -> Response:
        return await self._act(
            request,
            lambda stage, visit, body: stage.gesture(
                visit.patients[stage.name],
                str(body.get("action", "")),
                str(body.get("value", ""))[:_MOST_TEXT],
            ),
        )

    async def _fault(self, request: Request) -> Response:
        return await self._act(
            request,
            lambda stage, visit, body: stage.fault(
                visit.patients[stage.name], str(body.get("name", "")), on=body.get("on") is True
            ),
        )

    async def _reset(self, request: Request) -> Response:
        def do(stage: Stage, visit: Visit, _: dict[str, Any]) -> bool:
            self._visitors.renew(visit, stage.name)
            return True

        return await self._act(request, do)

    async def _act(
        self, request: Request, do: Callable[[Stage, Visit, dict[str, Any]], bool]
    ) -> Response:
        body = await _body(request)
        visit = self._visitors.find(request.path_params["visit"])
        stage = self._stages.get(request.path_params["phone"])
        if body is None:
            return _refused("the body must be a small JSON object", 400)
        if visit is None or stage is None:
            return _refused("this visit was forgotten", 404)
        if stage.stand_in is None:
            return _refused("this phone is off", 409)
        if not do(stage, visit, body):
            return _refused("this phone cannot do that", 422)
        return JSONResponse({}, 202, headers={"Cache-Control": "no-store"})


async def _body(request: Request) -> dict[str, Any] | None:
    """Return a small JSON object, or None for anything else."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return None  # no form of another site can say this
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MOST_BODY:
            return None
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _refused(sentence: str, status: int) -> Response:
    return JSONResponse({"error": sentence}, status)
