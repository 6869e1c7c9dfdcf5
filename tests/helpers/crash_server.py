"""A nursery of real servers that are born fast, so that a test may kill dozens of them.

Run as `python -m tests.helpers.crash_server`. It imports the application and reads its words once;
then each line on standard input (JSON, see `Life`) makes a child process that is `daoyi serve` in
every other respect: the same code, its own lock, database, keys, event loop and port. `kill` means
SIGKILL; what a life left on disk is all the next one has.

Beside the chat page a life has one channel that pushes: `file` notes the id of each message it is
handed, durably, as a platform would, before it answers.
"""

import asyncio
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import bot.app
from bot.app import App, Content, read_content, system_clock
from bot.channels.base import HookAnswer, HookRequest, Limits
from bot.commands import serve
from bot.dialogue.wording import Wording
from bot.hospital.files import DEMO, read_files
from bot.hospital.model import Hospital
from bot.logs import set_up
from bot.message import Address, Inbound, Outbound, Sent, Worded
from bot.messages import inbox, leases, outbox
from bot.settings import load_settings
from bot.store.db import Link, Tx
from bot.store.statements import Hot
from bot.store.writer import GroupWriter, _Job
from intents.match import Matcher, build_matcher

_HOST = "127.0.0.1"
#: A hospital of three departments: a life starts fast.
_SMALL = Path(__file__).parents[1] / "hospital" / "small"
#: What is said of a life that never served, or ended in an error.
STILLBORN = "stillborn"
#: How long a platform takes to answer: long enough to be killed in the middle.
_PLATFORM_SECONDS = 0.05
#: How many operations a sinning server answers before it commits any of them.
_HELD_BACK = 150
#: How long after its early answer a sinning server commits.


@dataclasses.dataclass(frozen=True, slots=True)
class Life:
    """One server to be started.

    Attributes:
        minutes: how far its clock is ahead, so that what the last life leased has expired.
        fault: a protection to remove: "", "ack_early" or "blind_requeue".
    """

    port: int
    data: str
    database_url: str = ""
    minutes: int = 0
    fault: str = ""


class FileChannel:
    """A platform that keeps a list of everything it was ever handed."""

    name = "file"
    limits = Limits(text=4_000, buttons=0, pull=False)

    def __init__(self, path: Path) -> None:
        self._path = path

    def verify(self, request: HookRequest) -> str:
        """Return who the request says it is from."""
        return request.headers["x-user"]

    def parse(self, request: HookRequest, user: str) -> list[Inbound]:
        """Return the one message of a request."""
        posted = json.loads(request.body)
        address = Address(self.name, request.account, user)
        return [Inbound(address, f"{user}:{posted['id']}", posted["text"])]

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:  # noqa: ARG002
        """Return nothing: answers are pushed."""
        return HookAnswer(b"{}")

    async def send(self, letter: Outbound) -> Sent:
        """Note the message for good, then take a moment to answer."""
        note = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(note, f"{letter.id}\n".encode())
        os.fsync(note)
        os.close(note)
        await asyncio.sleep(_PLATFORM_SECONDS)
        return Sent(str(letter.id))


@dataclasses.dataclass(frozen=True, slots=True)
class Nursery:
    """What every life shares: read once, changed by nobody."""

    config: Path
    content: Content
    matcher: Matcher
    facts: Hospital

    @classmethod
    def of(cls, config: Path) -> "Nursery":
        content = read_content(load_settings(config, {}))
        sheets = {path.stem: path.read_bytes() for path in _SMALL.glob("*.csv")}
        facts = read_files((DEMO / "hospital.toml").read_bytes(), sheets)
        wording = Wording(load_settings(config, {}).templates / "replies", content.catalog)
        wording.check(answers=False)  # read once: every life has it from here
        return cls(config, content, build_matcher(content.catalog.examples()), facts)

    def live(self, life: Life) -> None:
        """Serve until killed, or until asked to leave."""
        settings = load_settings(
            self.config, {"DAOYI_DATABASE_URL": life.database_url}, data=Path(life.data)
        )
        set_up("error", "json")
        build = bot.app.build
        channel = FileChannel(settings.data / "handed-over")

        def clock() -> datetime:
            return system_clock() + timedelta(minutes=life.minutes)

        async def build_it(*_: Any, **__: Any) -> App:
            app = await build(
                settings, clock=clock, channels={FileChannel.name: channel},
                facts=self.facts, content=self.content, matcher=self.matcher,
            )  # fmt: skip
            _mount(app, channel)
            _FAULTS[life.fault]()
            return app

        bot.app.build = build_it
        serve._run(serve._serve(settings, _HOST, life.port))


def _mount(app: App, channel: FileChannel) -> None:
    """Add the hook of the pushing channel, and a look at the books."""
    from fastapi import Request

    @app.http.post("/push")
    async def push(request: Request) -> dict[str, Any]:
        hook = HookRequest("main", await request.body(), dict(request.headers))
        (inbound,) = channel.parse(hook, channel.verify(hook))
        accepted = await app.turns.accept(inbound)
        await app.turns.answer(accepted, inbound.text)
        return {"duplicate": accepted.duplicate}

    @app.http.get("/books")
    async def books() -> dict[str, dict[str, int]]:
        def count(tx: Tx) -> dict[str, dict[str, int]]:
            return {"inbox": inbox.counts(tx), "outbox": outbox.counts(tx)}

        return await app.engine.read(count)


def _ack_early() -> None:
    """Answer at once, commit many operations later: the sin that the kill test must find.

    It counts operations, not seconds: what was answered last is not on disk, on a slow machine too.
    """
    held = 0

    def commit(self: GroupWriter, batch: list[_Job]) -> None:
        nonlocal held
        link: Link = self._link or self._connect()
        self._link = link
        if held > _HELD_BACK:
            link.commit()
            held = 0
        if not held:
            link.begin()
        held += len(batch)
        for job in batch:
            self._step(link, job, alone=False)

    GroupWriter._commit = commit  # type: ignore[method-assign]


def _blind_requeue() -> None:
    """Send again whatever has no recorded result: the sin that the delivery test must find."""
    from sqlalchemy import bindparam, update

    table = leases._outbox
    leases._LOST = Hot(
        update(table)
        .where(table.c.state == "sending", leases._is_over)
        .values(state="ready", lease_until=None, due_at=bindparam("due_at_"))
    )


_FAULTS = {"": lambda: None, "ack_early": _ack_early, "blind_requeue": _blind_requeue}


def main() -> None:
    """Take orders until standard input ends; then nobody is left."""
    nursery = Nursery.of(Path(sys.argv[1]))
    tell = partial(print, flush=True)
    tell("nursery")
    child = 0
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "start":
            child = os.fork()
            if child == 0:
                sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123  (kept for life)
                try:
                    nursery.live(Life(**json.loads(rest)))
                except BaseException:
                    tell(STILLBORN)
                    raise
                return
        else:
            os.kill(child, signal.SIGKILL if word == "kill" else signal.SIGINT)
            _, status = os.waitpid(child, 0)
            child = 0
            tell(f"gone {os.waitstatus_to_exitcode(status)}")
    if child:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
