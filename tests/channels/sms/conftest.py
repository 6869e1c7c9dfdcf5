"""Peers of the text message tests: a scripted API, and a real Kannel before a real SMPP server."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from bot.channels.base import HookAnswer, HookRequest
from tests.channels.sms.scripted import Scripted
from tests.channels.sms.shared import SECRET
from tests.helpers.peers import need

PEERS = Path(__file__).parents[2] / "peers"
_BEARERBOX, _SMSBOX = Path("/usr/sbin/bearerbox"), Path("/usr/sbin/smsbox")
_PATIENCE = 30.0
PASSWORD = "of-the-tests"


@pytest.fixture(scope="session")
def scripted_server() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def scripted(scripted_server: Scripted) -> Scripted:
    """A provider's API, with nothing to say yet."""
    scripted_server.reset()
    return scripted_server


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Hook:
    """Where Kannel posts: hands each request to the running test, or refuses it.

    Attributes:
        taken: every request, in order.
    """

    def __init__(self) -> None:
        self.taken: list[HookRequest] = []
        self._handle: Callable[[HookRequest], Awaitable[HookAnswer]] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._take(self)

            def do_POST(self) -> None:
                outer._take(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def handled_by(self, handle: Callable[[HookRequest], Awaitable[HookAnswer]]) -> None:
        """From now on, answer with this, in the event loop of whoever calls."""
        self._handle, self._loop = handle, asyncio.get_running_loop()
        self.taken.clear()

    def reset(self) -> None:
        """Take everything and do nothing."""
        self._handle = self._loop = None
        self.taken.clear()

    async def got(self, count: int) -> list[HookRequest]:
        """Wait for that many requests."""
        await asyncio.to_thread(self._wait, lambda: len(self.taken) >= count)
        return list(self.taken)

    def _wait(self, enough: Callable[[], bool]) -> None:
        with self._news:
            if not self._news.wait_for(enough, _PATIENCE):
                raise AssertionError(f"only {len(self.taken)} requests came")

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        query = dict(parse_qsl(urlsplit(handler.path).query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = HookRequest(
            "main", body, headers, query, handler.command, f"{self.base}{handler.path}", "127.0.0.1"
        )
        answer = HookAnswer(b"", "text/plain", 200)
        if self._handle is not None and self._loop is not None:
            asked = asyncio.run_coroutine_threadsafe(_awaited(self._handle(request)), self._loop)
            answer = asked.result(_PATIENCE)
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.media_type)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)
        with self._news:
            self.taken.append(request)
            self._news.notify_all()


async def _awaited(asked: Awaitable[HookAnswer]) -> HookAnswer:
    return await asked


@dataclass(slots=True)
class Gateway:
    """A running Kannel, the operator behind it, and the hook before it.

    Attributes:
        url: smsbox's sendsms interface, without the path.
        operator: the SMPP server's control interface.
        smpp: its port.
    """

    url: str
    operator: str
    hook: Hook
    smpp: str
    _seen: int = field(default=0)

    async def order(self, what: str, **said: Any) -> Any:
        """Tell the operator something; return its answer."""
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{self.operator}/{what}", json=said)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def taken(self, count: int) -> list[dict[str, Any]]:
        """Wait for that many submit_sm since the last look, and return them."""
        deadline = time.monotonic() + _PATIENCE
        while len(found := (await self.order("taken"))[self._seen :]) < count:
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.05)
        self._seen += len(found)
        return list(found)


class Processes:
    """Processes of ours, ended by their own ids; what they print goes to files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._started)):
            self.stop(name)

    def start(self, name: str, *command: object, where: Path | None = None) -> Path:
        """Start one; return the file it prints to."""
        out = self.folder / f"{name}.out"
        with out.open("wb") as file:
            self._started[name] = subprocess.Popen(
                [str(word) for word in command], cwd=where or self.folder,
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return out

    def stop(self, name: str) -> None:
        """End one, gently and then not."""
        process = self._started.pop(name)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def until(self, ready: Callable[[], bool], why: str) -> None:
        """Wait until something holds; a process that ended, or too long a wait, is an error."""
        deadline = time.monotonic() + _PATIENCE
        while not ready():
            ended = [name for name, one in self._started.items() if one.poll() is not None]
            if ended or time.monotonic() > deadline:
                told = [
                    path.read_text("utf-8", "replace")[-1_500:]
                    for path in self.folder.glob("*.out")
                ]
                raise AssertionError(f"{why}: {ended} {told}")
            time.sleep(0.05)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Kannel with its own configuration and ports, bound to an SMPP server on npm `smpp`."""
    with Processes(tmp_path_factory.mktemp("kannel")) as processes, started(processes) as made:
        yield made


@contextlib.contextmanager
def started(processes: Processes) -> Iterator[Gateway]:
    """Start a Kannel, the operator behind it and the hook before it."""
    need("Kannel (apt-get install kannel)", _BEARERBOX.exists() and _SMSBOX.exists())
    need("Node.js (apt-get install nodejs)", shutil.which("node") is not None)
    need("npm's smpp (scripts/peers)", (PEERS / "node_modules/smpp").exists())
    config = processes.folder / "kannel.conf"
    (processes.folder / "store").mkdir()
    hook = Hook()
    with contextlib.closing(hook):
        smpp, operator = start_operator(processes)
        send = free_port()
        write_config(config, smpp, send, hook.base)
        processes.start("bearerbox", _BEARERBOX, "-v", "1", config)
        processes.until(lambda: is_bound(operator), "bearerbox did not bind")
        processes.start("smsbox", _SMSBOX, "-v", "1", config)
        url = f"http://127.0.0.1:{send}"
        processes.until(lambda: is_up(f"{url}/cgi-bin/sendsms"), "smsbox did not start")
        yield Gateway(url, operator, hook, smpp)


def start_operator(processes: Processes, port: str = "0") -> tuple[str, str]:
    """Start the SMPP server; return its port and the URL that it takes orders at."""
    printed = processes.start("operator", "node", "smsc.js", port, where=PEERS)
    processes.until(lambda: "ready" in printed.read_text(), "the SMPP server did not start")
    smpp, control = printed.read_text().split()[1:3]
    return smpp, f"http://127.0.0.1:{control}"


def write_config(path: Path, smpp_port: str, send_port: int, hook: str) -> None:
    """Fill in the template."""
    get_url = (
        f'get-url = "{hook}/hooks/sms/kannel/main?secret={SECRET}'
        '&id=%I&from=%p&to=%P&time=%t&smsc=%i&charset=%C&text=%b"'
    )
    template = (PEERS / "kannel.conf.in").read_text("utf-8")
    path.write_text(
        template.format(
            admin_port=free_port(), box_port=free_port(), send_port=send_port, smpp_port=smpp_port,
            folder=path.parent, secret=PASSWORD, get_url=get_url,
        )
    )  # fmt: skip


def is_bound(operator: str) -> bool:
    """Say whether a gateway is bound to the SMPP server."""
    return bool(httpx.get(f"{operator}/links").json()["links"])


def is_up(url: str) -> bool:
    """Say whether something answers."""
    try:
        httpx.get(url)
    except httpx.HTTPError:
        return False
    return True
