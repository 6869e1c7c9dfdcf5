"""A web chat server that misbehaves on request: what the patient's page must survive.

It speaks the web chat API, keeps everything in memory, and fails exactly as the test asks.
"""

import asyncio
import contextlib
import json
import mimetypes
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

PAGE = Path(__file__).resolve().parents[2] / "templates" / "webchat"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
Reply = dict[str, Any]


@dataclass
class Fault:
    """One refused POST: what it answers instead of doing its work."""

    status: int
    error: str
    replies: list[Reply]
    retry_after: int | None
    store: bool
    language: str


@dataclass
class Hospital:
    """What the server knows, and the switches a test may turn."""

    answers: dict[str, list[Reply]] = field(default_factory=dict)
    replied: dict[str, list[Reply]] = field(default_factory=dict)
    received: list[tuple[str, str]] = field(default_factory=list)
    attempts: list[tuple[str, str]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict)
    sessions: int = 0
    streams: int = 0
    delay: float = 0.0
    also_by_stream: bool = True
    muted: bool = False
    _ids: Iterator[int] = field(default_factory=lambda: count(1))
    _queues: list[asyncio.Queue[Reply | None]] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop | None = None

    def fail(
        self,
        status: int,
        *,
        times: int = 1,
        error: str = "",
        replies: tuple[Reply, ...] = (),
        retry_after: int | None = None,
        store: bool = False,
        language: str = "zh-CN",
    ) -> None:
        """Refuse the next `times` messages; with `store` only the answer is lost, not the work."""
        fault = Fault(status, error, list(replies), retry_after, store, language)
        self.faults += [fault] * times

    def push(
        self, text: str, kind: str = "staff", buttons: tuple[tuple[str, str], ...] = ()
    ) -> Reply:
        """Say something nobody asked for, by the stream."""
        reply = self._remember({"text": text, "kind": kind, "buttons": _buttons(buttons)})
        self._to_streams(reply)
        return reply

    def cut_streams(self) -> None:
        """End every open stream, as a proxy or a lost network would."""
        self._to_streams(None)

    def forget_everyone(self) -> None:
        """Every token becomes unknown, and so does what was said."""
        self.tokens.clear()
        self.history.clear()
        self.replied.clear()
        self._ids = count(1)
        self.cut_streams()

    def accept(self, message_id: str, text: str) -> list[Reply]:
        """Store a message once; the same id gets the same replies again."""
        if message_id not in self.replied:
            self.received.append((message_id, text))
            self.history.append(
                {"id": message_id, "from": "patient", "text": text, "at": _now()},
            )
            wanted = self.answers.get(text, [{"text": f"收到:{text}"}])
            self.replied[message_id] = [self._remember(reply) for reply in wanted]
            if self.also_by_stream:
                for reply in self.replied[message_id]:
                    self._to_streams(reply)
        return self.replied[message_id]

    def after(self, last: int) -> list[Reply]:
        """Return replies newer than `last`."""
        return [
            said for said in self.history if said["from"] != "patient" and int(said["id"]) > last
        ]

    def _remember(self, reply: Reply) -> Reply:
        kind = reply.get("kind", "answer")
        said = {
            "id": str(next(self._ids)),
            "from": "staff" if kind == "staff" else "bot",
            "text": reply["text"],
            "kind": kind,
            "buttons": reply.get("buttons", []),
            "at": _now(),
        }
        self.history.append(said)
        return said

    def _to_streams(self, reply: Reply | None) -> None:
        if self._loop is not None and not (self.muted and reply):
            for queue in list(self._queues):
                self._loop.call_soon_threadsafe(queue.put_nowait, reply)

    async def events(self, last: int) -> AsyncIterator[str]:
        """Yield the events of one page, until the stream is cut."""
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Reply | None] = asyncio.Queue()
        missed = self.after(last)
        self._queues.append(queue)
        self.streams += 1
        try:
            yield ": open\n\n"
            for reply in missed:
                yield _event(reply)
            while (said := await queue.get()) is not None:
                yield _event(said)
        finally:
            self._queues.remove(queue)


def choice(text: str, *buttons: tuple[str, str], kind: str = "question") -> Reply:
    """Make a reply with buttons, each a (label, value)."""
    return {"text": text, "kind": kind, "buttons": _buttons(buttons)}


def _buttons(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"label": label, "value": value} for label, value in pairs]


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).isoformat()


def _event(reply: Reply) -> str:
    return f"event: message\nid: {reply['id']}\ndata: {json.dumps(reply)}\n\n"


class Routes:
    """The web chat API over one `Hospital`."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        loader = FileSystemLoader(PAGE)
        self.templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)

    def app(self) -> Starlette:
        """Everything under one ASGI application."""
        return Starlette(
            routes=[
                Route("/chat", self.page),
                Route("/webchat/assets/{name}", self.asset),
                Route("/webchat/sessions", self.open_session, methods=["POST"]),
                Route("/webchat/messages", self.post, methods=["POST"]),
                Route("/webchat/messages", self.later),
                Route("/webchat/history", self.history),
                Route("/webchat/stream", self.stream),
            ],
        )

    async def page(self, request: Request) -> Response:
        lang = request.query_params.get("lang", "zh-CN")
        names = {"zh-CN": "明溪市第一医院", "en": "Mingxi First Hospital"}
        words = json.loads((PAGE / "words" / f"{lang}.json").read_text("utf-8"))
        body = self.templates.get_template("page.html.j2").render(
            lang=lang,
            hospital_name=names[lang],
            emergency_numbers=["120", "0571-5550 0120"],
            words=words,
            link_hosts=["hospital.example"],
        )
        return HTMLResponse(body, headers={"Content-Security-Policy": POLICY})

    async def asset(self, request: Request) -> Response:
        path = PAGE / request.path_params["name"]
        return Response(path.read_bytes(), media_type=mimetypes.guess_type(path.name)[0])

    async def open_session(self, _request: Request) -> Response:
        self.hospital.sessions += 1
        token = f"token-{self.hospital.sessions}"
        self.hospital.tokens.add(token)
        return JSONResponse({"token": token})

    async def post(self, request: Request) -> Response:
        if refusal := self._unknown(request):
            return refusal
        said = await request.json()
        hospital = self.hospital
        hospital.headers = dict(request.headers)
        hospital.attempts.append((said["id"], said["text"]))
        await asyncio.sleep(hospital.delay)
        fault = hospital.faults.pop(0) if hospital.faults else None
        if fault is None or fault.store:
            replies = hospital.accept(said["id"], said["text"])
            if fault is None:
                return JSONResponse({"replies": replies})
        headers = {"Content-Language": fault.language}
        if fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        body = {"error": fault.error, "replies": fault.replies}
        return JSONResponse(body, status_code=fault.status, headers=headers)

    async def later(self, request: Request) -> Response:
        after = int(request.query_params.get("after", "0"))
        return self._unknown(request) or JSONResponse({"replies": self.hospital.after(after)})

    async def history(self, request: Request) -> Response:
        return self._unknown(request) or JSONResponse({"messages": self.hospital.history})

    async def stream(self, request: Request) -> Response:
        last = int(request.headers.get("Last-Event-ID", "0"))
        events = self.hospital.events(last)
        return self._unknown(request) or StreamingResponse(events, media_type="text/event-stream")

    def _unknown(self, request: Request) -> Response | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.hospital.tokens:
            return None
        return JSONResponse({"error": "unknown token"}, status_code=401)


@contextlib.contextmanager
def serving(hospital: Hospital) -> Iterator[str]:
    """Serve `hospital` from a thread on a free port; yields its address."""
    config = uvicorn.Config(
        Routes(hospital).app(),
        port=0,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive(), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        hospital.cut_streams()
        server.should_exit = True
        thread.join(5)
