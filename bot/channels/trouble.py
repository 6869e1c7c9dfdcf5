"""What goes wrong with an account: waited out, told to operators once, never at a neighbour's cost."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from prometheus_client import Counter

from bot.channels.base import Finding, Store
from bot.errors import StoreError
from bot.message import Arrival

log = structlog.get_logger()

T = TypeVar("T")

_SKIPPED = Counter(
    "daoyi_channel_skipped_total",
    "What a platform sent and nobody can read",
    ["channel", "account"],
)

#: Waits after the first failure in a row, the second …, in seconds; the last for all that follow.
PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)

#: What an error means to an operator: a short word for the log, and a sentence that says what to do.
Told = tuple[str, str]
_DATABASE: Told = ("database", "the database takes nothing; what patients write waits meanwhile")
_UNEXPECTED: Told = ("unexpected", "the platform answers what we do not understand; see the log")


class Trouble:
    """What keeps one account from working now, and what of its messages cannot be read.

    Args:
        kinds: what each kind of error means; the first that fits is told.
        after: how long the platform itself wants to be left alone after an error, in seconds.
    """

    def __init__(
        self,
        channel: str,
        account: str,
        kinds: Mapping[type[Exception], Told],
        after: Callable[[Exception], float],
    ) -> None:
        self._who = {"channel": channel, "account": account}
        self._kinds = {**kinds, StoreError: _DATABASE}
        self._after = after
        self._now: dict[str, Told] = {}

    def finding(self, what: str, exc: Exception) -> Finding:
        """Return an error as an operator reads it."""
        return Finding(what, False, self._told(exc)[1])

    def findings(self) -> list[Finding]:
        """Return all that is wrong now."""
        return [Finding(what, False, sentence) for what, (_, sentence) in self._now.items()]

    def words(self) -> str:
        """Return all that is wrong now, in a few words."""
        return ", ".join(f"{what}: {word}" for what, (word, _) in self._now.items())

    async def repeat(
        self, what: str, step: Callable[[], Awaitable[object]], *, once: bool = False
    ) -> None:
        """Take a step again and again, with growing waits while it fails.

        Args:
            what: which of the account's duties it is, in a word.
            once: end when it went well.
        """
        failures = 0
        while True:
            try:
                await step()
            except Exception as exc:  # noqa: BLE001  (an outage is waited out, whatever it is)
                failures += 1
                await self._wait(what, exc, failures)
                continue
            failures = 0
            if self._now.pop(what, None):
                log.info("channel.works_again", **self._who, what=what)
            if once:
                return

    def read_each(self, raws: Iterable[Any], read: Callable[[Any], T | None]) -> list[T]:
        """Return what `read` finds in each; what it cannot read is skipped and counted."""
        found = []
        for raw in raws:
            try:
                item = read(raw)
            except Exception as exc:  # noqa: BLE001  (nobody knows what may be in there)
                self._skip(exc)
            else:
                found += [item] if item is not None else []
        return found

    async def store(self, store: Store, arrivals: Sequence[Arrival]) -> None:
        """Store what came together; what alone cannot be stored never keeps its neighbours out.

        Raises:
            StoreError: the database did not take all: everything must come again.
        """
        try:
            if arrivals:
                await store(arrivals)
        except StoreError:
            raise
        except Exception as exc:  # noqa: BLE001  (it is one of them: which, shows when each comes alone)
            if len(arrivals) == 1:
                self._skip(exc)
            else:
                for arrival in arrivals:
                    await self.store(store, [arrival])

    async def _wait(self, what: str, exc: Exception, failures: int) -> None:
        told = self._told(exc)
        if self._now.get(what) != told:
            self._now[what] = told
            log.warning("channel.fails", **self._who, what=what, trouble=told[0])
        await asyncio.sleep(max(PAUSES[min(failures, len(PAUSES)) - 1], self._after(exc)))

    def _skip(self, exc: Exception) -> None:
        _SKIPPED.labels(**self._who).inc()
        log.warning("channel.skipped", **self._who, error=type(exc).__name__)

    def _told(self, exc: Exception) -> Told:
        found = (told for kind, told in self._kinds.items() if isinstance(exc, kind))
        return next(found, _UNEXPECTED)
