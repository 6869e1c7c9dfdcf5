"""Delivery: claim, send with no transaction open, record what happened.

The sender has no channel names in it: a channel's error says what may be done next. A message that
reached `sending` without a recorded result becomes `unknown` and is never blindly sent again: a
conversation's answer is told at most once.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter

from bot.channels.base import Channel
from bot.errors import SendError, StoreError, TryLater
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
_BATCH = 100


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

    def wake(self) -> None:
        """Say that there may be something to send; call it on the event loop."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled; look again at each wake-up and at least every second."""
        while True:
            try:
                busy = await self.drain()
            except StoreError as exc:
                log.warning("delivery.store_unavailable", error=type(exc).__name__)
                busy = 0
            if not busy:
                try:
                    await asyncio.wait_for(self._wake.wait(), timeout=1.0)
                except TimeoutError:
                    pass
                self._wake.clear()

    async def drain(self) -> int:
        """Send one batch of what is due; return how many were taken."""
        now = self._clock()
        leased = await self._engine.write(
            lambda tx: outbox.claim(tx, self._owner, now, now + LEASE, _BATCH)
        )
        if leased:
            until = self._clock() + SENDING
            sending = await self._engine.write(lambda tx: outbox.start(tx, leased, until))
            await asyncio.gather(*(self._send(item, letter) for item, letter in sending))
        return len(leased)

    async def recover(self) -> tuple[int, int]:
        """Free what dead senders held; return (made ready again, now unknown)."""
        now = self._clock()
        return await self._engine.write(lambda tx: outbox.recover(tx, now))

    async def _send(self, item: Leased, letter: Outbound) -> None:
        channel = letter.address.channel
        try:
            sent = await self._channels[channel].send(letter)
        except SendError as exc:
            await self._refused(item, channel, exc)
        except Exception as exc:  # noqa: BLE001  (a channel's bug must not stop the others)
            log.error("delivery.channel_failed", channel=channel, error=type(exc).__name__)
            await self._record(item, channel, state="unknown", error=type(exc).__name__)
        else:
            await self._record(item, channel, state="sent", sent=sent)

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
        now = self._clock()
        provider_id = sent.provider_id if sent else None
        await self._engine.write(
            lambda tx: outbox.finish(
                tx, item, now, state=state, again_at=again_at, provider_id=provider_id, error=error
            )
        )
        _OUTCOMES.labels(channel=channel, outcome="retry" if state == "ready" else state).inc()
