"""A provider's API that answers exactly what a test tells it, over real HTTP."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came over the wire; header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        """The body as a form."""
        return parse_qs(self.body.decode(), keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Says:
    """One answer. Status 0: read the request and hang up. `hang`: never answer."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False


class Scripted:
    """A server on loopback.

    Attributes:
        asked: every request, in order.
        script: the next answers, in order; the last one stays.
        live: answers in place of the script, where a test needs a memory.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.script: list[Says] = []
        self.live: Callable[[Asked], Says] | None = None
        self._over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                outer._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()
        self.base = f"http://127.0.0.1:{self._server.server_port}"

    def says(self, *answers: Says) -> None:
        """Answer the next requests so."""
        self.asked.clear()
        self.script = list(answers)

    def reset(self) -> None:
        """Forget everything."""
        self.says()
        self.live = None

    def close(self) -> None:
        """Stop; whoever still waits for an answer gets none."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        asked = Asked(
            handler.command, url.path, parse_qs(url.query, keep_blank_values=True),
            {name.lower(): value for name, value in handler.headers.items()}, body,
        )  # fmt: skip
        self.asked.append(asked)
        handler.close_connection = True
        if self.live is not None:
            says = self.live(asked)
        else:
            says = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if says.hang:
            self._over.wait(20)
            return
        if says.status == 0:
            return
        raw = says.body.encode()
        handler.send_response(says.status)
        for name, value in says.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)
