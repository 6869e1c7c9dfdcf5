"""Simulated time: the application's clock, the order of what happens, and a loop that never waits."""

import asyncio
import heapq
import selectors
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

Act = Callable[[], Awaitable[None]]


class Clock:
    """The application's clock.

    Attributes:
        now: what is really the time.
        off: how far the machine's clock is wrong; the application sees `now + off`.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.off = timedelta()

    def __call__(self) -> datetime:
        """Return the time as the application reads it."""
        return self.now + self.off


@dataclass(order=True, slots=True)
class Event:
    """Something that happens at an instant; `what` says it in a report.

    Attributes:
        again: it is tried again where the process dies of it.
    """

    at: datetime
    order: int
    what: str = field(compare=False)
    act: Act = field(compare=False)
    again: bool = field(default=False, compare=False)


class Agenda:
    """What is still to happen, soonest first; of one instant, in the order it was written down."""

    def __init__(self) -> None:
        self._heap: list[Event] = []
        self._order = count()

    def add(self, at: datetime, what: str, act: Act, *, again: bool = False) -> None:
        """Write something down."""
        heapq.heappush(self._heap, Event(at, next(self._order), what, act, again))

    def next_at(self) -> datetime | None:
        """Return when something happens next."""
        return self._heap[0].at if self._heap else None

    def take(self, now: datetime) -> Event | None:
        """Return the next event that is due, None where there is none."""
        return heapq.heappop(self._heap) if self._heap and self._heap[0].at <= now else None


class _NoWait(selectors.DefaultSelector):
    """Lets waits be over at once; `passed` counts them, in seconds."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout is not None:
            self.passed += max(timeout, 0.0)
        return ready


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose sleeps take no time; nothing in it may wait for another thread."""

    def __init__(self) -> None:
        self._passing = _NoWait()
        super().__init__(self._passing)

    def time(self) -> float:
        """Return the seconds that were slept."""
        return self._passing.passed
