"""The application as one process: opened, driven until quiet, killed, opened again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select

from bench.simulate.clock import Clock
from bench.simulate.engine import Inline, as_engine, open_inline
from bot.app import App, Content, build
from bot.channels.base import Channel
from bot.dialogue.learning import learnt_folder, matcher_for
from bot.hospital.model import Hospital
from bot.settings import Limits, Settings
from bot.store.booking_tables import Appointment
from bot.store.keyring import Keyring
from bot.store.reminder_tables import Reminder
from bot.store.statements import Hot
from bot.store.tables import Inbox, Outbox
from intents.match import Matcher

_reminder: Any = Reminder.__table__  # type: ignore[attr-defined]
_outbox: Any = Outbox.__table__  # type: ignore[attr-defined]
_inbox: Any = Inbox.__table__  # type: ignore[attr-defined]
_visit: Any = Appointment.__table__  # type: ignore[attr-defined]


def _soonest(column: Any, *where: Any) -> Any:
    return select(func.min(column)).where(*where).scalar_subquery()


_UNDER_WAY = or_(_outbox.c.state == "leased", _outbox.c.state == "sending")
_IN_DOUBT = (_outbox.c.state == "unknown", _outbox.c.kind == "reminder")
_DUE = Hot(
    select(
        _soonest(_reminder.c.due_at, _reminder.c.state == "pending").label("reminders"),
        _soonest(_reminder.c.lease_until, _reminder.c.state == "leased").label("leases"),
        _soonest(_outbox.c.due_at, _outbox.c.state == "ready", _outbox.c.kind != "reminder").label(
            "said"
        ),
        _soonest(_outbox.c.due_at, _outbox.c.state == "ready", _outbox.c.kind == "reminder").label(
            "reminding"
        ),
        _soonest(_outbox.c.lease_until, _outbox.c.lease_until.is_not(None), _UNDER_WAY).label(
            "lost"
        ),
        _soonest(_inbox.c.next_try_at, _inbox.c.state == "new").label("unhandled"),
        _soonest(_visit.c.held_until, _visit.c.state == "held").label("holds"),
    )
)
_DOUBTS = Hot(
    select(_outbox.c.due_at, _outbox.c.lease_until, _outbox.c.expires_at).where(*_IN_DOUBT)
)

#: Which of `_DUE` calls for which job; what stands in neither runs whenever anything is due.
_FOR = {
    "unhandled messages": "unhandled",
    "lost deliveries": "lost",
    "deliveries in doubt": "doubts",
    "holds that ended": "holds",
}
#: Jobs that need no second of their own: they run with every beat, and after what calls for them.
_ON_BEAT = frozenset(
    {
        "hospital facts and clinics", "clinics that are off", "waitlists", "patients to ring",
        "visits that are over", "missed visits", "silent calling systems",
        "reports to the hospital's system",
    }
)  # fmt: skip
_MOST_ROUNDS, _SAME_AGAIN = 500, 3
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Parts:
    """What every life of the process is put together from."""

    settings: Settings
    content: Content
    matcher: Matcher
    facts: Hospital
    keyring: Keyring
    folder: Path
    url: str = "sqlite"

    @classmethod
    def of(
        cls,
        settings: Settings,
        content: Content,
        matcher: Matcher | None,
        facts: Hospital,
        folder: Path,
        url: str,
    ) -> "Parts":
        """Return them; the questions are learnt once, where nobody brings what learnt them."""
        calm = replace(settings, limits=Limits(flood=10**9), accounts=(), data=folder)
        matcher = matcher or matcher_for(content.catalog, learnt_folder())
        return cls(calm, content, matcher, facts, Keyring([b"k" * 32], b"i" * 32), folder, url)


class Process:
    """One application after another on one database.

    Attributes:
        app: the one that lives; only to be used between `open` and the next kill.
        born: how many there were.
        changed: called on each application that is put together; a test breaks it there.
    """

    def __init__(self, parts: Parts, clock: Clock, channels: Mapping[str, Channel]) -> None:
        self._parts, self._clock, self._channels = parts, clock, channels
        self.app: App
        self.engine: Inline
        self.born = 0
        self.changed: Callable[[App], None] = lambda _: None
        self._stuck_until: datetime | None = None

    async def open(self) -> None:
        """Put an application together and let it find what an earlier one left."""
        parts = self._parts
        if self.born:
            self.engine = self.engine.again()
        else:
            self.engine = open_inline(parts.url, parts.folder, parts.keyring)
        self.app = await build(
            parts.settings, clock=self._clock, channels=self._channels, facts=parts.facts,
            engine=as_engine(self.engine), content=parts.content, matcher=parts.matcher,
            serves=False,
        )  # fmt: skip
        self.changed(self.app)
        self.born += 1
        self._jobs = self.app.jobs()  # what its ticker would run
        await self.app.delivery.recover(alone=self.engine.name == "sqlite")
        await self.app.reminding.port.recover(alone=self.engine.name == "sqlite")
        zone = parts.settings.zone
        await self.app.hospital.open_clinics(as_engine(self.engine), zone, self._clock())

    def close(self) -> None:
        """End the process, however it stands."""
        self.engine.end()

    def leave(self) -> None:
        """End the process for good."""
        self.close()
        self.engine.shut()

    @property
    def dead(self) -> bool:
        """Whether it was killed."""
        return self.engine.dead

    async def do(self, act: Callable[[], Awaitable[object]]) -> bool:
        """Let something happen in the process; False where it died of it, whichever part did."""
        died = asyncio.get_running_loop().create_future()
        self.engine.dies = partial(_set, died)
        acting = asyncio.ensure_future(act())
        await asyncio.wait({acting, died}, return_when=asyncio.FIRST_COMPLETED)
        if self.engine.dead:
            acting.cancel()
            await asyncio.gather(acting, return_exceptions=True)
            return False
        await acting
        return True

    async def beat(self) -> None:
        """Run every job once."""
        for job in self._jobs:
            await job.run()
        await self.quiet()

    async def run(self, *names: str) -> None:
        """Run the jobs of these names now."""
        for job in self._jobs:
            if job.name in names:
                await job.run()

    async def quiet(self) -> None:
        """Let all that is due be done, until nothing more is."""
        before, again = None, 0
        for _ in range(_MOST_ROUNDS):
            now, due = self._clock(), self._due()
            names = {name for name, at in due.items() if at is not None and at <= now}
            if not names:
                self._stuck_until = None
                return
            await self._round(names)
            again = again + 1 if due == before else 0
            if again == _SAME_AGAIN:  # what is due waits for something that time alone brings
                self._stuck_until = now + _MINUTE
                return
            before = due
        raise RuntimeError(f"the application finds no rest: {self._due()} at {self._clock()}")

    async def _round(self, names: set[str]) -> None:
        for job in self._jobs:
            wanted = _FOR.get(job.name)
            if job.name in _ON_BEAT or (wanted is not None and wanted not in names):
                continue
            await job.run()
        if names & {"said", "reminding", "reminders"}:
            await self.app.delivery.drain()

    def next_due(self) -> datetime | None:
        """Return when the process has something to do next, by its own clock."""
        now = self._clock()
        ahead = [at for at in self._due().values() if at is not None and at > now]
        if self._stuck_until is not None:
            ahead.append(max(self._stuck_until, now + _MINUTE))
        return min(ahead, default=None)

    def _due(self) -> dict[str, datetime | None]:
        row: Any = self.engine.rows(_DUE)[0]
        return {**row._asdict(), "doubts": self._doubts()}

    def _doubts(self) -> datetime | None:
        """Return when a delivery in doubt is to be looked at."""
        now, times = self._clock(), []
        for row in self.engine.rows(_DOUBTS):
            since: Any = row
            over = since.expires_at is not None and since.expires_at <= now
            if not over and since.due_at > now - _DAY:
                at = since.due_at + timedelta(seconds=30)
                times.append(max(at, since.lease_until) if since.lease_until else at)
        return min(times, default=None)


def _set(died: "asyncio.Future[None]") -> None:
    if not died.done():
        died.set_result(None)
