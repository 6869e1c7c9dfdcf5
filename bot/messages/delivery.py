"""Delivery: claim, send with no transaction open, record what happened.

The sender has no channel names in it: a channel's error says what may be done next (`outcomes`). A
message that reached `sending` without a recorded result becomes `unknown` and is never blindly sent
again: a conversation's answer is told at most once (`settlement` decides about the others). A slow
channel keeps nobody else waiting.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

import structlog
from prometheus_client import Counter, Gauge

from bot.channels.base import Channel, channel_of
from bot.errors import Refused, SendError, StoreError, Unknown
from bot.message import Outbound, Sent, Worded
from bot.messages import departure, fallback, leases, outcomes, receipts
from bot.messages.departure import Departing, Started, StillGoes, any_goes
from bot.messages.fallback import Elsewhere, Neutral, Ways
from bot.messages.leases import Leased
from bot.messages.outcomes import NO_CHANNEL, OPERATOR, RETRY_STEPS, Outcome
from bot.messages.recorder import Recorder
from bot.messages.settlement import Settlement
from bot.store.db import Engine, Tx

__all__ = ["LEASE", "RETRY_STEPS", "SENDING", "Delivery"]

log = structlog.get_logger()

_OUTCOMES = Counter("daoyi_outbox_total", "Messages to patients by outcome", ["channel", "outcome"])
_OK = Gauge(
    "daoyi_channel_ok", "Whether an account works: 0 calls for an operator", ["channel", "account"]
)

LEASE = timedelta(seconds=30)
SENDING = timedelta(seconds=60)
#: How long a channel may take over one message; shorter than `SENDING`, so that we still record it.
PATIENCE = 45.0
#: How long to wait for a wake-up; shorter while messages wait for their account's pace.
_LOOK_EVERY, _LOOK_OFTEN = 1.0, 0.05
_BATCH = 100
_IN_FLIGHT = 500
_GOODBYE = 4.0

Sends = list["asyncio.Task[None]"]


class Delivery:
    """Sends what the outbox holds.

    Args:
        owner: names this process in its leases.
        clock: the time, in UTC.
        order: by which channel a person is reached first, where she named none.
        neutral: words what may be read by others; without it nothing goes where they may read.
        said: hears of every conversation in which something was said, or could not go.
        lang: what is spoken where a conversation does not say.
        elsewhere: what is special about reminders that must go by another channel.
        still_goes: decides about a reminder once more as it leaves.
    """

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime],
        owner: str,
        *,
        order: Sequence[str] = (),
        neutral: Neutral | None = None,
        said: Callable[[int], None] = lambda _: None,
        lang: str = "zh-CN",
        elsewhere: Elsewhere | None = None,
        still_goes: StillGoes = any_goes,
    ) -> None:
        self._engine = engine
        self._channels = channels
        self._clock = clock
        self._owner = owner
        self._ways = Ways(channels, order, neutral, said, lang, elsewhere or Elsewhere())
        self._settlement = Settlement(
            engine, channels, clock, owner, self._ways.elsewhere.unreached
        )
        self._still_goes = still_goes
        self._wake = asyncio.Event()
        self._runs = False
        self._recorder = Recorder(engine, self._ways, clock)
        self._under_way: set[asyncio.Task[None]] = set()
        self._paced_until: datetime | None = None
        self._health: dict[str, str] = {}
        for name in channels:
            channel, _, account = name.partition("/")
            if account:
                _OK.labels(channel=channel, account=account).set(1)

    def health(self) -> dict[str, str]:
        """Return each account that calls for an operator, with the code of its last failure."""
        return dict(self._health)

    def wake(self) -> None:
        """Say that there may be something to send; call it on the event loop."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled; look again at each wake-up and at least every second.

        Sending goes on side by side: what is due is taken while others are still under way. Once
        cancelled, nothing new is taken, and what is under way has a moment to end.
        """
        taking: asyncio.Task[bool] | None = None
        self._runs = True
        try:
            while True:
                self._wake.clear()
                taking = asyncio.create_task(self._take_due())
                if not await asyncio.shield(taking):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(
                            self._patience()
                        ):  # `wait_for` may lose a cancel
                            await self._wake.wait()
        finally:
            self._runs = False
            await self._end(taking)

    @property
    def room(self) -> int:
        """How many more messages may be under way now; none while nothing is sent here."""
        return max(0, _IN_FLIGHT - len(self._under_way)) if self._runs else 0

    def leave(self, tx: Tx, stored: Mapping[int, Worded], now: datetime) -> None:
        """Let messages that were decided about in this transaction leave as soon as it is durable.

        As many as there is room for; the others wait in the outbox for their turn.
        """
        going = dict(islice(stored.items(), self.room))
        if not going:
            return
        started = departure.at_once(
            tx, going, self._owner, now, now + SENDING, self._ways.limits_of
        )
        self._stand_in(tx, started, now)
        tx.after_commit.append(partial(self._went, started))

    def _went(self, started: Started) -> None:
        self._go(started)

    async def drain(self) -> int:
        """Send one batch of what is due and wait for it; return how many were taken."""
        taken, sends = await self._take(_BATCH)
        await asyncio.gather(*sends)
        return taken

    async def recover(self, *, alone: bool = False) -> tuple[int, int]:
        """Free what dead senders held; return (made ready again, now unknown).

        Args:
            alone: no other sender lives, so that no lease needs to run out first.
        """
        now = self._clock()
        ended = now + (SENDING if alone else timedelta())
        return await self._engine.write(lambda tx: leases.recover(tx, ended, now))

    async def settle(self) -> int:
        """Decide about reminders that may or may not have arrived, and match late receipts.

        Returns how many were decided or matched.
        """
        now = self._clock()
        matched = await self._engine.write(lambda tx: receipts.match_late(tx, now))
        decided = await self._settlement.run()
        if matched or decided:
            self._wake.set()
        return matched + decided

    async def _take_due(self) -> bool:
        """Start sending what is due; say whether to look again at once. Never raises.

        Where a platform that hangs has all there is in flight, red flags still go.
        """
        room = min(_BATCH, _IN_FLIGHT - len(self._under_way))
        try:
            taken, _ = await self._take(room if room > 0 else _BATCH, urgent=room <= 0)
        except StoreError as exc:
            log.warning("delivery.store_unavailable", error=type(exc).__name__)
            return False
        except Exception as exc:  # noqa: BLE001  (whatever it is, the next look may go well)
            log.error("delivery.failed", error=type(exc).__name__)
            return False
        return taken > 0

    async def _take(self, limit: int, *, urgent: bool = False) -> tuple[int, Sends]:
        """Lease what is due and start sending it; return how many, and the sends."""
        now = self._clock()
        leased = await self._engine.write(
            lambda tx: leases.claim(tx, self._owner, now, now + LEASE, limit, urgent=urgent)
        )
        if not leased:
            return 0, []
        now = self._clock()
        started = await self._engine.write(lambda tx: self._start(tx, leased, now))
        return len(leased), self._go(started)

    def _go(self, started: Started) -> Sends:
        """Send what is marked as being sent, each by itself."""
        self._note_stopped(started)
        sends = [asyncio.create_task(self._send(departing)) for departing in started.sending]
        for send in sends:
            self._under_way.add(send)
            send.add_done_callback(self._ended)
        return sends

    def _start(self, tx: Tx, leased: Sequence[Leased], now: datetime) -> Started:
        started = departure.start(
            tx, leased, now, now + SENDING, self._ways.limits_of, self._still_goes
        )
        self._stand_in(tx, started, now)
        return started

    def _stand_in(self, tx: Tx, started: Started, now: datetime) -> None:
        for stopped in started.stopped:
            if stopped.state in ("failed", "waiting"):
                fallback.stand_in(tx, self._ways, stopped.item, stopped.state, now)

    def _note_stopped(self, started: Started) -> None:
        for stopped in started.stopped:
            outcome = "paced" if stopped.state == "ready" else stopped.state
            _OUTCOMES.labels(channel=stopped.channel, outcome=outcome).inc()
            if stopped.due_at is not None:
                self._paced_until = max(self._paced_until or stopped.due_at, stopped.due_at)
            self._wake.set()

    def _patience(self) -> float:
        """Return how long to wait for a wake-up, in seconds."""
        if self._paced_until is not None and self._clock() <= self._paced_until:
            return _LOOK_OFTEN
        self._paced_until = None
        return _LOOK_EVERY

    def _ended(self, send: "asyncio.Task[None]") -> None:
        self._under_way.discard(send)
        if not send.cancelled() and (exc := send.exception()) is not None:
            log.error("delivery.not_recorded", error=type(exc).__name__)
        self._wake.set()  # the next of its conversation may go now

    async def _end(self, taking: "asyncio.Task[bool] | None") -> None:
        """Let what is under way end, and cut off what takes too long: that becomes `unknown`."""
        if taking is not None:
            await asyncio.wait({taking}, timeout=_GOODBYE)
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=_GOODBYE)
        for send in self._under_way:
            send.cancel()

    async def _send(self, departing: Departing) -> None:
        letter = departing.letter
        answer: Sent | Exception
        try:
            answer = await self._hand_over(letter)
        except SendError as exc:
            answer = exc
        except Exception as exc:  # noqa: BLE001  (a channel's bug must not stop the others)
            log.error(
                "delivery.channel_failed", channel=letter.address.channel, error=type(exc).__name__
            )
            answer = exc
        outcome = outcomes.outcome_of(answer, departing.item.attempt, self._clock())
        self._note(departing, outcome)
        await self._record(departing, outcome)

    async def _hand_over(self, letter: Outbound) -> Sent:
        channel = channel_of(self._channels, letter.address.channel, letter.address.account)
        if channel is None:
            raise Refused(NO_CHANNEL)
        try:
            async with asyncio.timeout(PATIENCE):
                return await channel.send(letter)
        except TimeoutError as exc:
            raise Unknown("timed out") from exc

    def _note(self, departing: Departing, outcome: Outcome) -> None:
        """Remember whether an account works, for operators."""
        address = departing.letter.address
        name = f"{address.channel}/{address.account}"
        code = (outcome.error or "").removeprefix(OPERATOR)
        if not outcome.operator and outcome.state != "sent":
            return
        _OK.labels(channel=address.channel, account=address.account).set(not outcome.operator)
        if not outcome.operator:
            self._health.pop(name, None)
        elif self._health.get(name) != code:
            self._health[name] = code
            log.error(
                "delivery.needs_operator",
                channel=address.channel,
                account=address.account,
                error=code,
            )

    async def _record(self, departing: Departing, outcome: Outcome) -> None:
        """Record a result; where the database is away for a moment, wait for it."""
        await self._recorder.record(departing, outcome)
        word = "retry" if outcome.state == "ready" else outcome.state
        _OUTCOMES.labels(channel=departing.letter.address.channel, outcome=word).inc()
