"""The other side of `crash_server`: starts, kills and restarts it; patients who never give up.

The patients keep a book of what was acknowledged to them. What the book says and what the database
holds after twenty kills must be the same: `tests/crash/test_kill.py` compares.
"""

import asyncio
import contextlib
import json
import random
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.helpers.crash_server import STILLBORN, Life
from tests.helpers.crash_wire import Broken, Wire

ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0
_HOST = "127.0.0.1"
_OK, _UNAVAILABLE = 200, 503

#: How often a patient sends the same twice, or sends and never looks again.
_TWICE, _GIVE_UP = 0.2, 0.04

#: What patients ask, and words that only the right answer has.
QUESTIONS = {
    "门口的猫叫什么名字": "那只橘猫叫馒头",
    "大厅的钢琴能弹吗": "钢琴每天中午可以弹",
    "屋顶花园几点开门": "屋顶花园早上七点开",
}
_ENTRY = """
[[entry]]
intent = "small.{name}"
title = "{title}"
owner = "测试"
review = 2099-01-01
questions = [{questions}]
answer = "{answer}。"
"""


def small_content(folder: Path) -> Path:
    """Write a content folder with three entries and a config.toml that names it; return the latter."""
    ours = ROOT / "intents" / "content"
    faq = folder / "content" / "zh-CN" / "faq"
    faq.mkdir(parents=True)
    for name in ("numbers.toml", "reminders.toml", "zones.toml"):
        shutil.copy(ours / name, folder / "content")
    said = ("phrases.toml", "discreet.toml", "urgent.toml", "requests.toml", "reminders.toml")
    for name in said:
        shutil.copy(ours / "zh-CN" / name, folder / "content" / "zh-CN")
    entries = [
        _ENTRY.format(
            name=f"n{number}",
            title=question,
            answer=answer,
            questions=", ".join(
                f'"{question}{tail}"' for tail in ("", "呢", "啊", "呀", "哦", "哈")
            ),
        )
        for number, (question, answer) in enumerate(QUESTIONS.items())
    ]
    (faq / "small.toml").write_text("".join(entries), "utf-8")
    config = folder / "config.toml"
    config.write_text(
        f'[content]\nfolder = "{folder / "content"}"\ntemplates = "{ROOT / "templates"}"\n'
        '[limits]\nflood = 100000\n[log]\nlevel = "error"\nformat = "json"\n',
        "utf-8",
    )
    return config


class Nursery:
    """Starts and kills lives of one server, all on one port and one data folder."""

    def __init__(
        self, config: Path, data: Path, *, database_url: str = "", fault: str = ""
    ) -> None:
        self._config = config
        self._life = Life(0, str(data), database_url, 0, fault)
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self.said: list[str] = []
        self.up = asyncio.Event()
        self.lives = 0

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.helpers.crash_server", str(self._config), cwd=ROOT,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        await self._expect("nursery")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()
        await self._reader

    @property
    def port(self) -> int:
        """Where the server listens; the same in every life."""
        return self._life.port

    async def start(self) -> None:
        """Start the next life, two minutes later on its clock; wait until it listens."""
        self.lives += 1
        life = asdict(self._life) | {"minutes": 2 * self.lives}
        await self._order(f"start {json.dumps(life)}")
        found = await self._expect(r"http://127\.0\.0\.1:(\d+)/chat")
        self._life = Life(
            int(found[1]), self._life.data, self._life.database_url, 0, self._life.fault
        )
        self.up.set()

    async def kill(self) -> None:
        """Kill the life as a power cut would."""
        self.up.clear()
        await self._order("kill")
        await self._expect("gone -9")

    async def stop(self) -> int:
        """Ask the life to leave, as Ctrl-C does; return its exit status."""
        self.up.clear()
        await self._order("stop")
        return int((await self._expect(r"gone (-?\d+)"))[1])

    async def _order(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def _expect(self, pattern: str) -> "re.Match[str]":
        try:
            async with asyncio.timeout(_PATIENCE):
                while (line := await self._lines.get()) not in ("", f"{STILLBORN}\n"):
                    if found := re.search(pattern, line):
                        return found
        except TimeoutError:
            pass
        raise AssertionError(f"no '{pattern}' came:\n" + "".join(self.said[-30:]))

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace")
            self.said.append(line)
            self._lines.put_nowait(line)
        self._lines.put_nowait("")


@dataclass(slots=True)
class Book:
    """What patients sent, and what was acknowledged to them.

    Attributes:
        acked: by (patient, id): every body that came with a 200, in order.
        asked: by (patient, id): the question.
        order: by patient: ids, each sent only after the one before it was acknowledged.
    """

    acked: dict[tuple[str, str], list[bytes]] = field(default_factory=lambda: defaultdict(list))
    asked: dict[tuple[str, str], str] = field(default_factory=dict)
    order: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    acks: int = 0
    broken: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def ack(self, patient: str, key: str, body: bytes) -> None:
        """Note a 200."""
        self.acked[patient, key].append(body)
        self.acks += 1
        async with self._news:
            self._news.notify_all()

    async def reach(self, acks: int) -> None:
        """Wait until so many were acknowledged in all."""
        async with asyncio.timeout(_PATIENCE), self._news:
            await self._news.wait_for(lambda: self.acks >= acks)


class Patients:
    """Concurrent clients of one nursery, on the chat page's API or on the pushing channel's hook.

    Args:
        seed: decides what they ask, send twice and abandon.
    """

    def __init__(self, nursery: Nursery, seed: int) -> None:
        self._nursery = nursery
        self._random = random.Random(seed)  # noqa: S311  (a test repeats itself)
        self._leave = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._wires = [Wire(_HOST)]
        self.page = Book()
        self.pushed = Book()

    def arrive(self, on_page: int, pushing: int) -> None:
        """Let them begin."""
        self._tasks = [asyncio.create_task(self._on_page(f"w{n}")) for n in range(on_page)]
        self._tasks += [asyncio.create_task(self._pushing(f"p{n}")) for n in range(pushing)]

    async def leave(self) -> None:
        """Let each finish what it waits for; then send much of it again, long after."""
        self._leave.set()
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*self._tasks)
        known = sorted(self.page.acked)
        for patient, key in self._random.sample(known, min(150, len(known))):
            await self._deliver(self._wires[0], self.page, patient, key)

    async def close(self) -> None:
        """Let go of all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for wire in self._wires:
            wire.close()

    async def books(self) -> dict[str, dict[str, int]]:
        """Return the server's own counts."""
        _, body = await self._wires[0].get(self._nursery.port, "/books")
        counts: dict[str, dict[str, int]] = json.loads(body)
        return counts

    async def _on_page(self, name: str) -> None:
        """Chat, one message after the other; now and then go away and come back as somebody new."""
        wire, second = self._wire(), self._wire()
        visit, sent = await self._visit(wire), 0
        while not self._leave.is_set():
            key = f"{name}-{sent}"
            self.page.asked[visit, key] = self._random.choice(list(QUESTIONS))
            if self._random.random() < _GIVE_UP:
                await self._give_up(wire, visit, key)
                visit, sent = await self._visit(wire), 0
                continue
            twice = self._random.random()
            if twice < _TWICE / 2:  # on two connections at once
                both = (self._deliver(each, self.page, visit, key) for each in (wire, second))
                await asyncio.gather(*both)
            else:
                await self._deliver(wire, self.page, visit, key)
            if _TWICE / 2 <= twice < _TWICE:  # an older one again: often after a restart
                old = self._random.choice(self.page.order[visit] or [key])
                await self._deliver(wire, self.page, visit, old)
            self.page.order[visit].append(key)
            sent += 1

    async def _pushing(self, name: str) -> None:
        """Write on the channel that pushes; each message until it is acknowledged."""
        wire, sent = self._wire(), 0
        while not self._leave.is_set():
            key = str(sent)
            self.pushed.asked[name, key] = self._random.choice(list(QUESTIONS))
            for _ in range(2 if self._random.random() < _TWICE else 1):
                await self._deliver(wire, self.pushed, name, key)
            sent += 1

    def _wire(self) -> Wire:
        self._wires.append(Wire(_HOST))
        return self._wires[-1]

    async def _visit(self, wire: Wire) -> str:
        """Open the chat page; return the token."""
        while True:
            await self._nursery.up.wait()
            with contextlib.suppress(*Broken):
                _, body = await wire.post(self._nursery.port, "/webchat/sessions")
                token: str = json.loads(body)["token"]
                return token
            await asyncio.sleep(0)

    async def _deliver(self, wire: Wire, book: Book, patient: str, key: str) -> None:
        """Send one message until it is acknowledged, however often the server dies meanwhile."""
        while True:
            await self._nursery.up.wait()
            try:
                status, body = await self._post(wire, book, patient, key)
            except Broken:
                book.broken += 1
                await asyncio.sleep(0)
                continue
            if status == _OK:
                await book.ack(patient, key, body)
                return
            assert status == _UNAVAILABLE, body

    async def _give_up(self, wire: Wire, patient: str, key: str) -> None:
        """Send a message and look away at once; nobody ever asks for it again."""
        await self._nursery.up.wait()
        with contextlib.suppress(*Broken):
            async with asyncio.timeout(self._random.random() * 0.02):  # TimeoutError is an OSError
                status, body = await self._post(wire, self.page, patient, key)
                if status == _OK:
                    await self.page.ack(patient, key, body)

    async def _post(self, wire: Wire, book: Book, patient: str, key: str) -> tuple[int, bytes]:
        body = {"id": key, "text": book.asked[patient, key]}
        if book is self.page:
            headers = {"Authorization": f"Bearer {patient}"}
            return await wire.post(self._nursery.port, "/webchat/messages", headers, body)
        return await wire.post(self._nursery.port, "/push", {"x-user": patient}, body)


@contextlib.asynccontextmanager
async def patients_at(nursery: Nursery, seed: int) -> AsyncIterator[Patients]:
    """Patients who let go of their connections in the end."""
    patients = Patients(nursery, seed)
    try:
        yield patients
    finally:
        await patients.close()


def replies(body: bytes) -> list[dict[str, Any]]:
    """Return the replies in an acknowledgement."""
    said: list[dict[str, Any]] = json.loads(body)["replies"]
    return said
