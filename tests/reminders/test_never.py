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
        station, (what, *with_) = self.station, step
        if what == "plan":
            starts = self._at(*with_)
            name = f"t{next(_PEOPLE)}"
            self.visits.append(await station.add(self.whom, "visit", name, starts=starts))
        elif what in ("move", "cancel") and self.visits:
            visit = self.visits[with_[0] % len(self.visits)]
            if station.errands.things[visit].over is None:
                if what == "move":
                    await station.move(visit, starts=self._at(*with_[1:]))
                else:
                    await station.cancel(visit)
        elif what == "sweep":
            await station.sweep.run()
        elif what == "deliver":
            await self.deliver()
        elif what == "jump":
            station.clock.move(minutes=with_[0])
        elif what == "sweeper dies":
            await station.port.claim(10)
            await station.port.recover(alone=True)
        elif what == "sender dies":
            await self._lease_and_die()
        elif what == "staff":
            await station.change(self.whom[0], holder="staff" if with_[0] else "bot")

    async def _lease_and_die(self) -> None:
        station, now = self.station, self.station.clock()
        await station.engine.write(lambda tx: leases.claim(tx, "dead", now, now, 10))
        await station.delivery.recover()

    def _at(self, days: int, hour: int) -> datetime:
        local = wall(self.station.clock(), ZONE)
        day = local.date() + timedelta(days=days)
        return datetime.combine(day, time(hour), ZONE)

    async def deliver(self) -> None:
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
            await self.deliver()
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
