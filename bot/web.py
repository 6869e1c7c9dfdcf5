"""Public HTTP: the chat page and its API, health, metrics.

One way in for every message: verify → parse → accept (stored durably) → turn → ack.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from jinja2 import Environment
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.channels.base import HookRequest
from bot.channels.webchat import MAX_BODY, Webchat, reply
from bot.dialogue.turns import Turns
from bot.edge import REFUSED, read_body
from bot.errors import BadInput, StoreError
from bot.message import Address, Inbound, Worded
from bot.messages import history, outbox
from bot.messages.feed import Feed
from bot.store.db import Engine, Tx

_ACCOUNT = "main"
_HEARTBEAT = 15.0
_ID_DIGITS = 18
_LAST_ID = 10**_ID_DIGITS - 1
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_ASSETS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Public:
    """What the public side needs.

    Attributes:
        page: returns the template values of the chat page in one language.
        flood: messages one visitor may send within `flood_seconds`.
        accounts: says of each account of a platform whether it works.
    """

    engine: Engine
    turns: Turns
    webchat: Webchat
    feed: Feed
    templates: Environment
    assets: Path
    page: Callable[[str], Mapping[str, Any]]
    languages: tuple[str, ...]
    flood: int
    flood_seconds: int
    accounts: Callable[[], Mapping[str, str]] = dict


def page_values(
    folder: Path, info: Callable[[str], Mapping[str, Any]], emergency: Sequence[str]
) -> Callable[[str], Mapping[str, Any]]:
    """Return what the chat page shows, by language: its words, the hospital's name, the numbers."""

    def values(lang: str) -> Mapping[str, Any]:
        return {
            "words": json.loads((folder / "words" / f"{lang}.json").read_text("utf-8")),
            "hospital_name": info(lang)["name"],
            "emergency_numbers": list(emergency),
        }

    return values


def mount(app: FastAPI, public: Public) -> None:
    """Add the public routes to `app`."""
    app.add_exception_handler(BadInput, _bad_input)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(StoreError, _unavailable)
    _mount_health(app, public)
    _mount_page(app, public)
    _mount_messages(app, public)
    _mount_reading(app, public)


def _mount_health(app: FastAPI, public: Public) -> None:
    @app.get("/healthz", tags=["operation"])
    async def healthz() -> dict[str, str]:
        """Say that the process is alive."""
        return {"status": "alive"}

    @app.get("/readyz", tags=["operation"])
    async def readyz() -> JSONResponse:
        """Say whether messages can be stored, and of each account whether it works."""
        accounts = public.accounts()
        try:
            async with asyncio.timeout(2):
                await public.engine.write(lambda _: None)  # a commit, and nothing that grows
        except (StoreError, TimeoutError):
            return JSONResponse({"database": "unavailable", "webchat": "ready", **accounts}, 503)
        return JSONResponse({"database": "ready", "webchat": "ready", **accounts})

    @app.get("/metrics", tags=["operation"], response_class=Response)
    async def metrics() -> Response:
        """Return counters in Prometheus' text format; none names a patient."""
        public.accounts()  # looks at each, and sets its gauge
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _mount_page(app: FastAPI, public: Public) -> None:
    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse("/chat")

    @app.get("/chat", include_in_schema=False)
    async def chat(request: Request) -> HTMLResponse:
        asked = request.query_params.get("lang", "")
        lang = asked if asked in public.languages else _preferred(request, public.languages)
        template = public.templates.get_template("webchat/page.html.j2")
        html = template.render(lang=lang, **public.page(lang))
        return HTMLResponse(
            html,
            headers={
                "Content-Security-Policy": _PAGE_POLICY,
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            },
        )

    @app.get("/webchat/assets/{name:path}", include_in_schema=False)
    async def asset(name: str) -> FileResponse:
        path = _asset(public.assets, name)
        media = _ASSETS.get(path.suffix) if path else None
        if path is None or media is None:
            raise BadInput("there is no such file", 404)
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return FileResponse(path, media_type=f"{media}; charset=utf-8", headers=headers)


def _asset(folder: Path, name: str) -> Path | None:
    """Return a file below `folder`, or None for whatever else a name may say."""
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError):  # too long for a name, or with a NUL in it
        return None


def _mount_messages(app: FastAPI, public: Public) -> None:
    limiter = FixedWindowRateLimiter(MemoryStorage())
    flood = RateLimitItemPerSecond(public.flood, public.flood_seconds)

    @app.post("/webchat/sessions", tags=["webchat"])
    async def open_session() -> dict[str, str]:
        """Start a conversation; keep the token, it is the only way back to it."""
        return {"token": public.webchat.open_session()}

    @app.post("/webchat/messages", tags=["webchat"], openapi_extra=_POSTED, responses=_REPLIES)
    async def post_message(request: Request) -> Response:
        """Say something. 200 means it is stored; the same id again gives the same replies."""
        hook = await _hook(request)
        user = public.webchat.verify(hook)
        (inbound,) = public.webchat.parse(hook, user)
        if not limiter.hit(flood, user):
            return _too_many(public, inbound)
        try:
            accepted = await public.turns.accept(inbound)
            if not accepted.same:
                raise BadInput("id: was used for another message; give each its own", 409)
            said = await public.turns.answer(accepted, inbound.text)
        except StoreError as exc:
            return _not_stored(public, inbound, exc)
        if not said and (urgent := public.turns.urgent_reply(inbound.text, public.webchat.limits)):
            said = [(0, urgent)]
        answer = public.webchat.ack(hook, said)
        return Response(answer.body, answer.status, media_type=answer.media_type)


def _mount_reading(app: FastAPI, public: Public) -> None:
    @app.get("/webchat/messages", tags=["webchat"], responses=_REPLIES)
    async def read_messages(
        request: Request, after: Annotated[int, Query(ge=0, le=_LAST_ID)] = 0
    ) -> Response:
        """Return what was said to this visitor after reply `after`."""
        hook = HookRequest(_ACCOUNT, b"", dict(request.headers), method="GET")
        address = Address(Webchat.name, _ACCOUNT, public.webchat.verify(hook))
        _, said = await public.engine.read(lambda tx: _news(tx, address, after))
        answer = public.webchat.ack(hook, said)
        return Response(answer.body, media_type=answer.media_type)

    @app.get("/webchat/history", tags=["webchat"])
    async def read_history(request: Request) -> dict[str, Any]:
        """Return the conversation, both sides, oldest first."""
        address = _visitor(public, request)
        return {"messages": await public.engine.read(lambda tx: _history(tx, address))}

    @app.get("/webchat/stream", tags=["webchat"], response_class=StreamingResponse)
    async def stream(request: Request) -> StreamingResponse:
        """Send what is said later as server-sent events; `Last-Event-ID` resumes."""
        address = _visitor(public, request)
        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdecimal() and len(last) <= _ID_DIGITS else -1
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            _events(public, address, after), media_type="text/event-stream", headers=headers
        )


async def _events(public: Public, address: Address, after: int) -> AsyncIterator[str]:
    """Yield what is said after message `after`; from now on where the reader names none (-1).

    Where the database is gone the stream ends: the page comes back and names what it has.
    """
    yield ": welcome\n\n"
    try:
        async for event in _live(public, address, after):
            yield event
    except StoreError:
        REFUSED.labels(reason="stream").inc()


async def _live(public: Public, address: Address, after: int) -> AsyncIterator[str]:
    if after < 0:
        after = await public.engine.read(partial(_last_id, address=address))
    conversation_id = None
    while not public.feed.closed:
        key = conversation_id or Feed.EVERYTHING
        news = asyncio.create_task(public.feed.wait(key, _HEARTBEAT))
        try:
            await asyncio.sleep(0)  # it listens from here on: what is said while we read is heard
            conversation_id, said = await public.engine.read(
                partial(_news, address=address, after=after)
            )
            for message_id, worded in said:
                data = json.dumps(reply(message_id, worded), ensure_ascii=False)
                yield f"event: message\nid: {message_id}\ndata: {data}\n\n"
                after = message_id
            if not await news:
                yield ": still here\n\n"
        finally:
            news.cancel()


def _news(tx: Tx, address: Address, after: int) -> tuple[int | None, list[tuple[int, Worded]]]:
    conversation_id = history.conversation_of(tx, address)
    said = outbox.after(tx, conversation_id, after) if conversation_id else []
    return conversation_id, said


def _last_id(tx: Tx, address: Address) -> int:
    conversation_id = history.conversation_of(tx, address)
    return outbox.last_id(tx, conversation_id) if conversation_id else 0


def _history(tx: Tx, address: Address) -> list[dict[str, Any]]:
    conversation_id = history.conversation_of(tx, address)
    lines = history.lines(tx, conversation_id) if conversation_id else []
    return [
        {
            "id": line.id,
            "from": line.who,
            "text": line.text,
            "buttons": [{"label": b.label, "value": b.value} for b in line.buttons],
            "kind": line.kind,
            "at": line.at.isoformat(),
        }
        for line in lines
    ]


def _visitor(public: Public, request: Request) -> Address:
    user = public.webchat.verify(HookRequest(_ACCOUNT, b"", dict(request.headers)))
    return Address(Webchat.name, _ACCOUNT, user)


async def _hook(request: Request) -> HookRequest:
    return HookRequest(_ACCOUNT, await read_body(request, MAX_BODY), dict(request.headers))


def _too_many(public: Public, inbound: Inbound) -> Response:
    """Slow a flood down; an emergency in it is answered all the same (EM-07)."""
    REFUSED.labels(reason="flood").inc()
    said = public.turns.urgent_reply(inbound.text, public.webchat.limits)
    body: dict[str, Any] = {
        "error": "too many messages at once; wait a few seconds and send it again"
    }
    if said is not None:
        body["replies"] = [reply(0, said)]
    return JSONResponse(body, 429, headers={"Retry-After": str(public.flood_seconds)})


def _not_stored(public: Public, inbound: Inbound, exc: StoreError) -> Response:
    """Say that nothing was stored; what cannot wait is said anyway (EM-12)."""
    said = public.turns.urgent_reply(inbound.text, public.webchat.limits)
    body: dict[str, Any] = {"error": str(exc)}
    if said is not None:
        body["replies"] = [reply(0, said)]
    return JSONResponse(body, 503, headers={"Retry-After": "1"})


async def _bad_input(_request: Request, exc: Exception) -> JSONResponse:
    status = exc.status if isinstance(exc, BadInput) else 400
    REFUSED.labels(reason=str(status)).inc()
    return JSONResponse({"error": str(exc)}, status)


async def _not_valid(_request: Request, exc: Exception) -> JSONResponse:
    """Name the field and what is expected, never what was sent."""
    first: Any = {"loc": (), "msg": ""}
    if isinstance(exc, RequestValidationError):
        first = exc.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "request"
    REFUSED.labels(reason="422").inc()
    return JSONResponse({"error": f"{where}: {first['msg'].lower()}"}, 422)


async def _unavailable(_request: Request, exc: Exception) -> JSONResponse:
    return JSONResponse({"error": str(exc)}, 503, headers={"Retry-After": "1"})


def _preferred(request: Request, languages: tuple[str, ...]) -> str:
    accepted = request.headers.get("accept-language", "").lower()
    first_zh, first_en = accepted.find("zh"), accepted.find("en")
    if first_en >= 0 and (first_zh < 0 or first_en < first_zh) and "en" in languages:
        return "en"
    return languages[0]


_POSTED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["id", "text"],
                    "properties": {
                        "id": {"type": "string", "minLength": 1, "maxLength": 100},
                        "text": {"type": "string", "minLength": 1, "maxLength": 4000},
                    },
                }
            }
        },
    }
}
_REPLIES: dict[int | str, dict[str, Any]] = {
    200: {"description": '{"replies": [{"id", "text", "buttons": [{"label", "value"}], "kind"}]}'},
    401: {"description": "no token, or one that is not ours"},
    413: {"description": "longer than a message may be"},
    429: {"description": "too many at once; Retry-After says how long to wait"},
    503: {"description": "not stored; send it again. May carry the reply to an emergency"},
}
