"""From due to told: what goes, what does not and why, each once, on both engines."""

from datetime import timedelta

import pytest

from bot.store.reminder_tables import PatientStatus, ReminderChoice
from tests.helpers.reminding import Station, all_at_once, shanghai

DAY = timedelta(days=1)


async def at(station: Station, day: str, clock: str) -> int:
    """Sweep at a time by the hospital's clocks."""
    station.clock.now = shanghai(day, clock)
    return await station.sweep.run()


async def test_a_visit_is_reminded_of_three_times_each_once(station: Station) -> None:
    whom = await station.person("u1")
    visit = await station.add(whom, "visit", "心内科", starts=shanghai("2026-11-26", "09:30"))
    for day, clock in (("11-23", "09:30"), ("11-25", "09:30"), ("11-26", "08:00")):
        await at(station, f"2026-{day}", clock)
        await station.sweep.run()
    assert await station.states(visit) == [
        ("three_days", "sent", None), ("day_before", "sent", None), ("two_hours", "sent", None),
    ]  # fmt: skip
    assert set(await station.deliver()) == {"心内科@11月26日 周四 09:30"}
    assert len(station.errands.told_of) == 3


async def test_several_sweepers_tell_each_once(station: Station, another: Station) -> None:
    visits = [
        await station.add(
            await station.person(f"u{n}"), "visit", f"科{n}", starts=shanghai("2026-11-20", "09:30")
        )
        for n in range(30)
    ]
    station.clock.now = shanghai("2026-11-19", "09:30")
    await all_at_once(station.sweep, another.sweep, station.sweep, another.sweep)
    for visit in visits:
        assert ("day_before", "sent", None) in await station.states(visit)
    assert len(await station.outbox()) == len(visits)
    assert len(await station.deliver()) == len(visits)
