"""The simulated world: its clock, what is to come, the application in it, the oracle beside it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import bindparam, select

from bench.simulate.channels import ACCOUNT, WEB, Platform, Trouble, limits
from bench.simulate.checks import Oracle
from bench.simulate.clock import Agenda, Clock
from bench.simulate.lost import Expecting
from bench.simulate.people import Someone
from bench.simulate.process import Parts, Process
from bench.simulate.rules import read_rules
from bench.simulate.truth import Truth, VisitTruth
from bot.app import App
from bot.channels.base import Channel
from bot.message import Address, Inbound, Outbound, Worded
from bot.messages.outbox import worded
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox

_outbox: Any = Outbox.__table__  # type: ignore[attr-defined]
_conversation: Any = Conversation.__table__  # type: ignore[attr-defined]

_ON_PAGES = Hot(
    select(
        _outbox.c.id, _outbox.c.kind, _outbox.c.body, _outbox.c.state, _conversation.c.channel,
        _conversation.c.user,
    )
    .join_from(_outbox, _conversation, _outbox.c.conversation_id == _conversation.c.id)
    .where(_outbox.c.id > bindparam("after"))
    .order_by(_outbox.c.id)
)  # fmt: skip
#: Who writes this wants no more messages, or wants them again.
STOP, START = "退订", "开启"
_BEAT = timedelta(hours=1)


@dataclass(slots=True)
class World:
    """One run.

    Attributes:
        trouble: what goes wrong with a message on its way; faults set it. `twice`: whether a platform
            delivers what she writes twice.
        reacts: hears of what somebody was told; patients set it.
        heard: what somebody was told since she last wrote.
        counts: what happened, for the report.
    """

    random: Random
    clock: Clock
    agenda: Agenda
    people: Sequence[Someone]
    parts: Parts
    end: datetime
    truth: Truth = field(init=False)
    oracle: Oracle = field(init=False)
    expecting: Expecting = field(init=False)
    process: Process = field(init=False)
    platforms: dict[str, Platform] = field(init=False)
    trouble: Callable[[Outbound], Trouble | None] = lambda _: None
    reacts: Callable[[Someone, int, Worded], None] = lambda *_: None
    booked: Callable[[VisitTruth], None] = lambda _: None
    heard: dict[int, list[Worded]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    figures: dict[str, Any] = field(default_factory=dict)
    twice: Callable[[], bool] = lambda: False
    _posting: Inbound | None = None
    _said: int = 0
    _seen: int = 0

    def __post_init__(self) -> None:
        """Put the platforms and the process in place."""
        self.platforms = {
            name: Platform(name, limit, self._hears, self._troubled, lambda: self.clock.now)
            for name, limit in limits().items()
        }  # fmt: skip
        channels: Mapping[str, Channel] = dict(self.platforms)
        self.process = Process(self.parts, self.clock, channels)

    def ready(self) -> None:
        """Put the oracle in place, once everybody has a conversation."""
        self.truth = Truth(self.people)
        rules = read_rules(self.parts.settings.content_folder)

        def rows(hot: Hot, **values: object) -> Sequence[Any]:
            return self.process.engine.rows(hot, **values)

        self.oracle = Oracle(self.truth, rules, self.clock, rows)
        self.expecting = Expecting(self.oracle)

    @property
    def app(self) -> App:
        """The application that lives."""
        return self.process.app

    def later(self, minutes: float, what: str, act: Callable[[], Awaitable[None]]) -> None:
        """Let something happen some minutes from now."""
        self.agenda.add(self.clock.now + timedelta(minutes=minutes), what, act)

    async def write(self, op: Callable[[Tx], Any]) -> Any:
        """Change something through the application's own functions, as its API does."""
        return await self.app.engine.write(op)

    async def says(self, one: Someone, text: str) -> None:
        """Let somebody write, and be answered."""
        self._said += 1
        key = f"in-{self._said}"
        self.heard[one.number].clear()
        platform = self.platforms.get(one.channel)
        grant = platform.wrote(one.user) if platform else None
        inbound = Inbound(Address(one.channel, ACCOUNT, one.user), key, text, grant=grant)
        await self._post(inbound)
        if self.twice():
            await self._post(inbound)
        await self.process.quiet()
        self.look()
        self.truth.read_answers(self.oracle.rows, one, self.clock.now)

    async def _post(self, inbound: Inbound) -> None:
        self._posting = inbound
        started = await self.app.intake.receive([inbound])
        await asyncio.gather(*(item.turn for item in started if item.turn is not None))
        self._posting = None
        if inbound.text in (STOP, START):
            one = self.truth.called(inbound.address.channel, inbound.address.user)
            one.opted_out.set(self.clock.now, inbound.text == STOP)

    async def happens(self, what: str, act: Callable[[], Awaitable[object]]) -> bool:
        """Let something happen, then judge; False where the process died of it."""
        self.oracle.happens(what)
        alive = await self.process.do(act)
        if not alive:
            self.oracle.died()
        self.look()
        for visit in self.truth.read_steps(self.oracle.rows, self.clock.now):
            self.expecting.changed(visit)
            if visit.state.now == "booked":
                self.booked(visit)
        self.oracle.booked()
        return alive

    async def live(self, tick: Callable[[datetime], None]) -> None:
        """Live until the end, from one thing that happens to the next."""
        beat = self.clock.now
        while self.clock.now < self.end:
            until = min(filter(None, (self.agenda.next_at(), self._due(), beat, self.end)))
            self.clock.now = max(self.clock.now, until)
            while event := self.agenda.take(self.clock.now):
                self.counts["events"] += 1
                await self._safely(event.what, event.act, again=event.again)
            if self.clock.now >= beat:
                beat = self._next_beat()
                await self._safely("every job", self.process.beat)
            else:
                await self._safely("what was due", self.process.quiet)
            self.expecting.settle()
            tick(self.clock.now)

    async def down(self, span: timedelta) -> None:
        """Let the process be down for a while; whoever wants something of it waits."""
        self.process.close()
        since, self.clock.now = self.clock.now, self.clock.now + span
        self.truth.down.append((since, self.clock.now))
        self.counts["downtimes"] += 1
        await self.process.open()

    async def _safely(
        self, what: str, act: Callable[[], Awaitable[object]], *, again: bool = False
    ) -> None:
        after = act if again else self._redeliver
        while not await self.happens(what, act):
            await self._bury()
            self.counts["kills"] += 1
            await self.down(timedelta(seconds=self.random.choice((1, 5, 30, 120))))
            act, what = after, f"after a kill in: {what}"

    async def _redeliver(self) -> None:
        """Let a platform post again what was not acknowledged, as it was."""
        if self._posting is not None:
            await self._post(self._posting)
        await self.process.quiet()

    async def _bury(self) -> None:
        """Let nothing of a dead process run on."""
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _due(self) -> datetime | None:
        due = self.process.next_due()
        return due - self.clock.off if due is not None else None

    def _next_beat(self) -> datetime:
        now = self.clock.now.replace(minute=0, second=0, microsecond=0)
        return now + _BEAT

    def _troubled(self, letter: Outbound) -> Trouble | None:
        return self.trouble(letter)

    def _hears(self, letter: Outbound, sure: bool) -> None:
        self._told(letter.id, letter.address, letter.worded, sure=sure)

    def look(self) -> None:
        """See what stands on the pages of those who read theirs."""
        for row in self.oracle.rows(_ON_PAGES, after=self._seen):
            self._seen = row.id
            if row.channel == WEB and row.state != "dropped":
                self._told(row.id, Address(WEB, ACCOUNT, row.user), worded(row), sure=True)

    def _told(self, message_id: int, address: Address, said: Worded, *, sure: bool) -> None:
        self.oracle.handed(message_id, address, said, sure=sure)
        one = self.truth.called(address.channel, address.user)
        self.heard[one.number].append(said)
        self.reacts(one, message_id, said)


def at_hour(world: World, day: datetime, first: int, last: int) -> datetime:
    """Return a random minute of a day between two hours in Shanghai."""
    start = day.replace(hour=0, minute=0, second=0, microsecond=0)
    minutes = world.random.randrange(first * 60, last * 60) - 8 * 60
    return start + timedelta(minutes=minutes)
