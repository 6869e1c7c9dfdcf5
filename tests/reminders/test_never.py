"""Whatever happens in whatever order: nothing stale, nothing twice, nothing at night, nothing lost."""

import asyncio
import re
from collections import Counter
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.messages import leases
from scheduler.hours import wall
from tests.helpers.reminding import ZONE, Station

_SAID = re.compile(r"(t\d+)(?:@\S+ \S+)? (\d\d:\d\d)")
_PEOPLE = count(1)

DAYS, HOURS, PLACES = st.integers(0, 5), st.integers(7, 19), st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("plan"), DAYS, HOURS),
        st.tuples(st.just("move"), PLACES, DAYS, HOURS),
        st.tuples(st.just("cancel"), PLACES),
        st.tuples(st.just("sweep")),
        st.tuples(st.just("wait until one is due")),
        st.tuples(st.just("wait until one is due")),
        st.tuples(st.just("deliver")),
        st.tuples(st.just("jump"), st.sampled_from([1, 20, 60, 300, 1440, 4000])),
        st.tuples(st.just("sweeper dies")),
        st.tuples(st.just("sender dies")),
        st.tuples(st.just("staff"), st.booleans()),
    ),
    min_size=4,
    max_size=24,
)


class Hospital:
    """One patient, her visits, and all that can happen to them; looks at every message that arrives."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.visits: list[int] = []
        self.seen = len(station.push.taken)

    async def open(self) -> None:
        self.whom = await self.station.person(f"p{next(_PEOPLE)}")

    async def run(self, step: tuple[Any, ...]) -> None:
        """Let something happen."""
        what, *with_ = step
        await getattr(self, f"_{what.replace(' ', '_')}")(*with_)

    async def _plan(self, days: int, hour: int) -> None:
        name, starts = f"t{next(_PEOPLE)}", self._at(days, hour)
        self.visits.append(await self.station.add(self.whom, "visit", name, starts=starts))

    async def _move(self, place: int, days: int, hour: int) -> None:
        for visit in self._one(place):
            await self.station.move(visit, starts=self._at(days, hour))

    async def _cancel(self, place: int) -> None:
        for visit in self._one(place):
            await self.station.cancel(visit)

    def _one(self, place: int) -> list[int]:
        """Return one of her visits, if there is one that still takes place."""
        visits = self.visits and [self.visits[place % len(self.visits)]]
        return [one for one in visits if self.station.errands.things[one].over is None]

    async def _sweep(self) -> None:
        await self.station.sweep.run()

    async def _wait_until_one_is_due(self) -> None:
        """Let the next reminder be due, and stand in the outbox."""
        rows = [row for visit in self.visits for row in await self.station.rows(visit)]
        if waiting := [row.due_at for row in rows if row.state == "pending"]:
            self.station.clock.now = max(self.station.clock(), min(waiting))
            await self.station.sweep.run()

    async def _jump(self, minutes: int) -> None:
        self.station.clock.move(minutes=minutes)

    async def _sweeper_dies(self) -> None:
        await self.station.port.claim(10)
        await self.station.port.recover(alone=True)

    async def _sender_dies(self) -> None:
        station, now = self.station, self.station.clock()
        await station.engine.write(lambda tx: leases.claim(tx, "dead", now, now, 10))
        await station.delivery.recover()

    async def _staff(self, hold: bool) -> None:
        await self.station.change(self.whom[0], holder="staff" if hold else "bot")

    def _at(self, days: int, hour: int) -> datetime:
        local = wall(self.station.clock(), ZONE)
        day = local.date() + timedelta(days=days)
        return datetime.combine(day, time(hour), ZONE)

    async def _deliver(self) -> None:
        """Send what is due; nothing of it may be stale or come at night."""
        station = self.station
        await station.deliver()
        new, self.seen = station.push.taken[self.seen :], len(station.push.taken)
        shown = wall(station.clock(), ZONE)
        names = {t.values("")["what"]: t for t in station.errands.things.values()}
        for letter in new:
            assert time(8) <= shown.time() < time(21), "told at night"
            said = _SAID.findall(letter.worded.text)
            assert said, letter.worded.text
            for name, clock in said:
                thing = names[name]
                assert thing.over is None, "told of what was cancelled"
                starts = thing.moments["starts"]
                assert f"{wall(starts, ZONE):%H:%M}" == clock, "told of the old time"
                assert starts > station.clock(), "told of what is over"

    async def close(self) -> None:
        """Let all come to rest, and count."""
        station = self.station
        await station.change(self.whom[0], holder="bot")
        for _ in range(8):
            station.clock.move(hours=25)
            await station.sweep.run()
            await self._deliver()
        rows = [row for visit in self.visits for row in await station.rows(visit)]
        assert {row.state for row in rows} <= {"sent", "skipped"}, "lost: it waits for ever"
        messages = {row.id: row for row in await station.outbox()}
        handed = Counter(letter.id for letter in station.push.taken)
        for row in rows:
            if row.state == "sent":
                assert row.outbox_id is not None
                assert messages[row.outbox_id].state == "sent"
                assert handed[row.outbox_id] == 1
            else:
                assert row.reason is not None
        causes = Counter(row.cause for row in rows)
        assert not causes or max(causes.values()) == 1


@settings(
    max_examples=25,
    suppress_health_check=[*HealthCheck],
    deadline=None,
)
@given(steps=STEPS)
def test_never(loop_station: tuple[asyncio.AbstractEventLoop, Station], steps: Any) -> None:
    loop, station = loop_station

    async def play() -> None:
        hospital = Hospital(station)
        await hospital.open()
        for step in steps:
            await hospital.run(step)
        await hospital.close()

    loop.run_until_complete(play())
