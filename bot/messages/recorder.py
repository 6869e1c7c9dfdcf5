"""Recording what became of messages: what comes in together is written together.

Everybody waits for the write that holds theirs. One that cannot be recorded fails alone.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.errors import StoreError
from bot.messages import outcomes
from bot.messages.departure import Departing
from bot.messages.fallback import Ways
from bot.messages.outcomes import Outcome
from bot.store.db import Engine, Tx

#: Waits before a result is recorded again that the database did not take.
_WAITS = (0.2, 1.0, 3.0, 8.0)
_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class _Result:
    departing: Departing
    outcome: Outcome
    at: datetime
    done: "asyncio.Future[None]"


class Recorder:
    """Records results."""

    def __init__(self, engine: Engine, ways: Ways, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._ways = ways
        self._clock = clock
        self._waiting: list[_Result] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, departing: Departing, outcome: Outcome) -> None:
        """Return when a result is on disk; where the database is away for a moment, wait for it.

        Raises:
            StoreError: it stayed away.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Result(departing, outcome, self._clock(), done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._waiting:
            results, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            try:
                await self._write(results)
            except Exception as exc:  # noqa: BLE001  (whose fault it is shows when each is alone)
                if len(results) == 1 or isinstance(exc, StoreError):
                    _tell(results, exc)
                else:
                    await self._each(results)
            else:
                _tell(results, None)

    async def _each(self, results: Sequence[_Result]) -> None:
        for one in results:
            try:
                await self._write([one])
            except Exception as exc:  # noqa: BLE001  (the others must be recorded)
                _tell([one], exc)
            else:
                _tell([one], None)

    async def _write(self, results: Sequence[_Result]) -> None:
        def op(tx: Tx) -> None:
            outcomes.record_all(
                tx, self._ways, [(one.departing, one.outcome, one.at) for one in results]
            )

        for wait in (*_WAITS, None):
            try:
                await self._engine.write(op)
            except StoreError:
                if wait is None:
                    raise
                await asyncio.sleep(wait)
            else:
                return


def _tell(results: Sequence[_Result], error: Exception | None) -> None:
    for one in results:
        if one.done.done():
            continue  # whoever waited was cut off
        if error is None:
            one.done.set_result(None)
        else:
            one.done.set_exception(error)
