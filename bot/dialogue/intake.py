"""Taking what platforms deliver, by a hook or a poll: stored first, then answered.

Whoever writes faster than anybody can is stored like everybody else, but her turns are left to the
sweep: a refusal would lose her message on platforms that never repeat, and stop the messages of
others on those that repeat in order. So nothing is lost, what a flood costs us is one row a message,
and its red flags are answered at once. Where nothing can be stored, a red flag is answered from
memory (EM-12).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from prometheus_client import Counter

from bot.channels.base import Channel, channel_of
from bot.channels.split import fitted
from bot.dialogue.turn import Replies
from bot.dialogue.turns import Turns
from bot.errors import SendError, StoreError
from bot.message import Arrival, Inbound, Outbound, Worded
from bot.messages.arrivals import Stored

log = structlog.get_logger()

_DEFERRED = Counter("daoyi_deferred_total", "Messages of a flood, stored and answered later")
_FROM_MEMORY = Counter(
    "daoyi_urgent_from_memory_total", "Red flags answered without a database", ["outcome"]
)
#: So many messages are remembered that were answered from memory: a repetition is not answered again.
_REMEMBERED = 1_000
_GOODBYE = 4.0


@dataclass(frozen=True, slots=True)
class Started:
    """A stored message and its turn; None where no turn runs now."""

    stored: Stored
    turn: "asyncio.Task[Replies | None] | None"


class Intake:
    """Stores what arrives and starts its turns.

    Args:
        channels: by name; says what each can carry.
        flood: messages one address may send within `flood_seconds` before her turns wait.
    """

    def __init__(
        self, turns: Turns, channels: Mapping[str, Channel], flood: int, flood_seconds: int
    ) -> None:
        self._turns = turns
        self._channels = channels
        self._flood = RateLimitItemPerSecond(flood, flood_seconds)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._told: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._telling: set[asyncio.Task[None]] = set()

    async def receive(self, arrived: Sequence[Arrival]) -> list[Started]:
        """Store what arrived in one transaction, then start the turns; returns after the commit.

        Raises:
            StoreError: nothing was stored. Red flags are answered all the same, by `send`, where
                the channel has no other way.
        """
        if not arrived:
            return []
        try:
            stored = await self._turns.store(arrived)
        except StoreError:
            self._tell_urgent(arrived)
            raise
        return [Started(item, self._start(item)) for item in stored]

    def urgent(self, inbound: Inbound) -> list[Worded]:
        """Return the reply to a red flag, as the channel carries it, without any database."""
        channel = self._channel(inbound)
        if channel is None or not inbound.text:
            return []
        worded = self._turns.urgent_reply(inbound.text, channel.limits)
        return fitted([worded], channel.limits) if worded else []

    async def finish(self) -> None:
        """Wait a moment for what is being told from memory."""
        if self._telling:
            await asyncio.wait(set(self._telling), timeout=_GOODBYE)

    def _start(self, item: Stored) -> "asyncio.Task[Replies | None] | None":
        inbound, accepted = item.inbound, item.accepted
        channel = self._channel(inbound)
        waits = channel is not None and channel.limits.passive is not None
        if accepted.handled or (accepted.duplicate and not waits):
            return None  # of a turn that a crash cut short the sweep takes care
        if not accepted.duplicate and self._is_flood(inbound) and not self.urgent(inbound):
            _DEFERRED.inc()
            return None
        return self._turns.start(accepted, inbound.text, inbound.form)

    def _is_flood(self, inbound: Inbound) -> bool:
        address = inbound.address
        return not self._limiter.hit(self._flood, address.channel, address.account, address.user)

    def _tell_urgent(self, arrived: Sequence[Arrival]) -> None:
        """Send the replies to red flags by the platform's own API: once a message, in the background."""
        for item in arrived:
            if not isinstance(item, Inbound):
                continue
            channel, said = self._channel(item), self.urgent(item)
            if channel is None or not said or channel.limits.passive or channel.limits.pull:
                continue
            key = (item.address.channel, item.address.account, item.key)
            if key in self._told:
                continue
            self._told[key] = None
            while len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)
            task = asyncio.create_task(_tell(channel, item, said))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def _channel(self, inbound: Inbound) -> Channel | None:
        return channel_of(self._channels, inbound.address.channel, inbound.address.account)


async def _tell(channel: Channel, inbound: Inbound, said: Sequence[Worded]) -> None:
    outcome = "sent"
    try:
        for worded in said:
            await channel.send(Outbound(0, inbound.address, worded))
    except SendError as exc:
        outcome = exc.code
    except Exception as exc:  # noqa: BLE001  (nobody waits for this task: what went wrong is logged)
        outcome = type(exc).__name__
    log.critical("urgent.from_memory", channel=inbound.address.channel, outcome=outcome)
    _FROM_MEMORY.labels(outcome="sent" if outcome == "sent" else "failed").inc()
