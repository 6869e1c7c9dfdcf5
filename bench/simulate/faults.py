"""What goes wrong: kills, downtimes, clocks that jump, platforms that fail, receipts that come late."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bench.simulate.channels import ACCOUNT, SMS, TELEGRAM, WECHAT, Trouble
from bench.simulate.world import World
from bot.errors import NeedsOperator, Refused, SendError, TryLater, Unknown, Unreachable
from bot.message import Outbound, Progress, Receipt

_PLATFORMS = (WECHAT, TELEGRAM, SMS)
_DOWN = (timedelta(minutes=4), timedelta(minutes=20), timedelta(hours=1), timedelta(hours=9))
#: What may happen to a message, each up to its own share.
_KILLED, _UNKNOWN, _BUSY, _REFUSED, _BLOCKED = 0.004, 0.02, 0.03, 0.032, 0.033
_LONG = timedelta(days=3)


@dataclass(slots=True)
class Faults:
    """Lets things go wrong.

    Attributes:
        rush: so many times as often as usual.
        dead_until: platforms that take nothing until then.
    """

    world: World
    rush: float = 1.0
    dead_until: dict[str, datetime] = field(default_factory=dict)

    def begin(self) -> None:
        """Write down what goes wrong first."""
        self.world.trouble = self.trouble
        self.world.twice = lambda: self.world.random.random() < 0.03
        self._every(4.0, "the process is killed", self._kill)
        self._every(10.0, "the process is down", self._down)
        self._every(8.0, "a platform fails", self._platform)
        self._every(60.0, "three days down", partial(self._down, _LONG))
        self._every(30.0, "the clock jumps", self._jump)

    def _every(self, days: float, what: str, act: object) -> None:
        wait = timedelta(days=self.world.random.expovariate(self.rush / days))

        async def again() -> None:
            self._every(days, what, act)
            await act()  # type: ignore[operator]

        self.world.agenda.add(self.world.clock.now + wait, what, again)

    async def _kill(self) -> None:
        """Kill the process at one of its next changes, before or after that is on disk."""
        engine, random = self.world.process.engine, self.world.random
        engine.late = random.random() < 0.5
        engine.kill_in = random.randrange(60)

    async def _down(self, span: timedelta | None = None) -> None:
        await self.world.down(span or self.world.random.choice(_DOWN))

    async def _platform(self) -> None:
        name = self.world.random.choice(_PLATFORMS)
        hours = self.world.random.choice((0.2, 1, 5, 30))
        self.dead_until[name] = self.world.clock.now + timedelta(hours=hours)
        self.world.counts["outages"] += 1

    async def _jump(self) -> None:
        clock = self.world.clock
        off = self.world.random.choice((1, -1)) * timedelta(hours=1)
        clock.off = off
        self.world.truth.odd.append(
            (clock.now - timedelta(hours=2), clock.now + timedelta(hours=3))
        )
        self.world.counts["clock_jumps"] += 1
        self.world.later(30, "the clock is right again", self._right)

    async def _right(self) -> None:
        self.world.clock.off = timedelta()

    def trouble(self, letter: Outbound) -> Trouble | None:
        """Say what goes wrong with a message on its way."""
        world, channel = self.world, letter.address.channel
        random = world.random
        if self.dead_until.get(channel, world.clock.now) > world.clock.now:
            return self._noted(letter, random.choice((TryLater("down"), NeedsOperator("balance"))))
        luck = random.random()
        if luck < _KILLED:
            return Trouble(killed=self._killed)
        if luck < _UNKNOWN:
            return Trouble(Unknown("timed out"), taken=random.random() < 0.5)
        if (error := self._refusal(luck)) is not None:
            if error.unreachable:
                one = world.truth.called(channel, letter.address.user)
                one.unreachable.set(world.clock.now, True)
            return self._noted(letter, error)
        minutes = random.choice((0.1, 3, 600))
        world.later(minutes, "a receipt", partial(self._receipt, letter))
        return None

    def _refusal(self, luck: float) -> SendError | None:
        if luck < _BUSY:
            return TryLater("busy", after=30)
        if luck < _REFUSED:
            return Refused("bad")
        return Unreachable("blocked") if luck < _BLOCKED else None

    def _noted(self, letter: Outbound, error: SendError) -> Trouble:
        self.world.expecting.trouble(letter.id)
        return Trouble(error)

    def _killed(self) -> None:
        self.world.process.engine.kill()

    async def _receipt(self, letter: Outbound) -> None:
        """Deliver a receipt, sometimes twice; now and then it says that nothing arrived."""
        arrived = self.world.random.random() > 0.01
        progress = Progress.DELIVERED if arrived else Progress.UNDELIVERED
        if not arrived:
            self.world.oracle.undo(letter.id)
            self.world.expecting.trouble(letter.id)
        receipt = Receipt(letter.address.channel, ACCOUNT, progress, message_id=letter.id)
        many = 2 if self.world.random.random() < 0.3 else 1
        await self.world.app.intake.receive([receipt] * many)
