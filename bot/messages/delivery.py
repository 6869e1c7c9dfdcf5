"""Delivery: claim, send with no transaction open, record what happened.

The sender has no channel names in it: a channel's error says what may be done next. A message that
reached `sending` without a recorded result becomes `unknown` and is never blindly sent again: a
conversation's answer is told at most once. A slow channel keeps nobody else waiting.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter

from bot.channels.base import Channel, channel_of
from bot.errors import Refused, SendError, StoreError, TryLater, Unknown
from bot.message import Outbound, Sent
from bot.messages import outbox
from bot.messages.outbox import Leased
from bot.store.db import Engine
from scheduler.backoff import retry_at

log = structlog.get_logger()

_OUTCOMES = Counter("daoyi_outbox_total", "Messages to patients by outcome", ["channel", "outcome"])

#: Waits after a refusal that may pass, in seconds; after the last the message has failed.
RETRY_STEPS = (2.0, 10.0, 60.0, 300.0, 1800.0)
LEASE = timedelta(seconds=30)
SENDING = timedelta(seconds=60)
#: How long a channel may take over one message; shorter than `SENDING`, so that we still record it.
PATIENCE = 45.0
_BATCH = 100
_IN_FLIGHT = 500
_GOODBYE = 4.0
#: Waits before a result is recorded again that the database did not take.
_RECORD_WAITS = (0.2, 1.0, 3.0, 8.0)

Sends = list["asyncio.Task[None]"]


class Delivery:
    """Sends what the outbox holds.

    Args:
        owner: names this process in its leases.
        clock: the time, in UTC.
    """

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime],
        owner: str,
    ) -> None:
        self._engine = engine
        self._channels = channels
        self._clock = clock
        self._owner = owner
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Say that there may be something to send; call it on the event loop."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled; look again at each wake-up and at least every second.

        Sending goes on side by side: what is due is taken while others are still under way. Once
        cancelled, nothing new is taken, and what is under way has a moment to end.
        """
        taking: asyncio.Task[bool] | None = None
        try:
            while True:
                self._wake.clear()
                taking = asyncio.create_task(self._take_due())
                if not await asyncio.shield(taking):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), timeout=1.0)
        finally:
            await self._end(taking)

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
        now = self._clock() + (SENDING if alone else timedelta())
        return await self._engine.write(lambda tx: outbox.recover(tx, now))

    async def _take_due(self) -> bool:
        """Start sending what is due; say whether to look again at once. Never raises."""
        room = min(_BATCH, _IN_FLIGHT - len(self._under_way))
        if room <= 0:
            return False
        try:
            taken, _ = await self._take(room)
        except StoreError as exc:
            log.warning("delivery.store_unavailable", error=type(exc).__name__)
            return False
        except Exception as exc:  # noqa: BLE001  (whatever it is, the next look may go well)
            log.error("delivery.failed", error=type(exc).__name__)
            return False
        return taken > 0

    async def _take(self, limit: int) -> tuple[int, Sends]:
        """Lease what is due and start sending it; return how many, and the sends."""
        now = self._clock()
        leased = await self._engine.write(
            lambda tx: outbox.claim(tx, self._owner, now, now + LEASE, limit)
        )
        if not leased:
            return 0, []
        until = self._clock() + SENDING
        sending = await self._engine.write(lambda tx: outbox.start(tx, leased, until))
        sends = [asyncio.create_task(self._send(item, letter)) for item, letter in sending]
        for send in sends:
            self._under_way.add(send)
            send.add_done_callback(self._ended)
        return len(leased), sends

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

    async def _send(self, item: Leased, letter: Outbound) -> None:
        channel = letter.address.channel
        try:
            sent = await self._hand_over(letter)
        except SendError as exc:
            await self._refused(item, channel, exc)
        except Exception as exc:  # noqa: BLE001  (a channel's bug must not stop the others)
            log.error("delivery.channel_failed", channel=channel, error=type(exc).__name__)
            await self._record(item, channel, state="unknown", error=type(exc).__name__)
        else:
            await self._record(item, channel, state="sent", sent=sent)

    async def _hand_over(self, letter: Outbound) -> Sent:
        channel = channel_of(self._channels, letter.address.channel, letter.address.account)
        if channel is None:
            raise Refused("no such channel")
        try:
            async with asyncio.timeout(PATIENCE):
                return await channel.send(letter)
        except TimeoutError as exc:
            raise Unknown("timed out") from exc

    async def _refused(self, item: Leased, channel: str, exc: SendError) -> None:
        now = self._clock()
        again_at = retry_at(now, item.attempt, RETRY_STEPS) if exc.retryable else None
        if isinstance(exc, TryLater) and exc.after is not None and again_at is not None:
            again_at = max(again_at, now + timedelta(seconds=exc.after))
        state = "unknown" if exc.uncertain else "ready" if again_at else "failed"
        await self._record(item, channel, state=state, again_at=again_at, error=exc.code)

    async def _record(
        self,
        item: Leased,
        channel: str,
        *,
        state: str,
        again_at: datetime | None = None,
        sent: Sent | None = None,
        error: str | None = None,
    ) -> None:
        """Record a result; where the database is away for a moment, wait for it."""
        now = self._clock()
        provider_id = sent.provider_id if sent else None
        for wait in (*_RECORD_WAITS, None):
            try:
                await self._engine.write(
                    lambda tx: outbox.finish(
                        tx,
                        item,
                        now,
                        state=state,
                        again_at=again_at,
                        provider_id=provider_id,
                        error=error,
                    )
                )
                break
            except StoreError:
                if wait is None:
                    raise
                await asyncio.sleep(wait)
        _OUTCOMES.labels(channel=channel, outcome="retry" if state == "ready" else state).inc()
