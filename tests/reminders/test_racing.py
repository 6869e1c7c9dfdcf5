"""Several processes at one burst, and patients who move and cancel while it is swept."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.store.db import Tx
from scheduler.reminders import Reason
from tests.helpers.reminding import Station, all_at_once, shanghai

AT = shanghai("2026-11-20", "15:00")
DUE = shanghai("2026-11-19", "15:00")
PEOPLE = 60


async def _burst(station: Station) -> list[tuple[tuple[int, int], int]]:
    """Make patients with a visit each, whose reminders are due now."""
    whoms = await asyncio.gather(*(station.person(f"u{n}") for n in range(PEOPLE)))
    visits = await asyncio.gather(
        *(station.add(whom, "visit", f"科{n}", starts=AT) for n, whom in enumerate(whoms))
    )
    station.clock.now = DUE
    return list(zip(whoms, visits, strict=True))


def _small(*stations: Station) -> None:
    for station in stations:
        station.sweep._chunk, station.sweep._batch, station.sweep._ahead = 5, 10, 20


async def test_two_sweepers_share_a_burst(station: Station, another: Station) -> None:
    await _burst(station)
    _small(station, another)
    taken = await asyncio.gather(station.sweep.run(), another.sweep.run())
    assert sum(taken) == PEOPLE
    assert min(taken) >= PEOPLE // 6, "one of them had nothing to do"
    told = await station.deliver()
    assert len(told) == len(set(told)) == PEOPLE


async def test_moves_and_cancels_while_it_is_swept(station: Station, another: Station) -> None:
    """A turn keeps its conversation, then reminders; whoever loses a race begins again."""
    burst = await _burst(station)
    _small(station, another)
    chosen = random.Random(7).sample(burst, PEOPLE // 2)  # noqa: S311  (the same each time)
    changed, ended = {visit for _, visit in chosen}, {visit for _, visit in chosen[::2]}

    async def turns() -> None:
        for whom, visit in chosen:
            await _turn(another, whom[0], visit, ends=visit in ended)

    with capture_logs() as logs:
        await asyncio.gather(station.sweep.run(), another.sweep.run(), turns())
        await all_at_once(station.sweep, another.sweep)
        told = await station.deliver()
    assert [one for one in logs if one["log_level"] in ("warning", "error")] == []
    assert len(told) == len(set(told))
    for row in await station.rows():
        if row.kind != "day_before":
            continue
        if row.about_id not in changed:
            assert row.state == "sent"
        elif row.about_id in ended:
            assert (row.state, row.reason) == ("skipped", "cancelled")
        else:
            is_old = row.occurs_at == AT
            assert (row.state, row.reason) == (
                ("skipped", "moved") if is_old else ("pending", None)
            )


async def _turn(station: Station, conversation_id: int, visit: int, *, ends: bool) -> None:
    """Cancel or move a visit as a turn does: in one transaction, the conversation kept first."""
    things = station.errands.things
    old = things[visit]
    over = replace(old, over=Reason.CANCELLED)
    moved = replace(old, version=2, moments={"starts": AT + timedelta(days=5)})

    def op(tx: Tx) -> None:
        station.sending.notices.session(tx, conversation_id, DUE)
        if ends:
            station.planner.drop(tx, "plan", visit, Reason.CANCELLED, DUE)
        else:
            station.planner.replan(tx, moved, Reason.MOVED, DUE)
        things[visit] = over if ends else moved

    await station.engine.write(op)


@pytest.mark.parametrize("days", [1, -1])
async def test_a_clock_that_jumps_neither_repeats_nor_keeps_leases(
    station: Station, another: Station, days: int
) -> None:
    """A sweeper died with leases, and its clock was wrong by a day."""
    whom = await station.person("u1")
    visit = await station.add(whom, "visit", "内科", starts=AT)
    medicine = await station.add(whom, "medication", "甲", dose=DUE, every=timedelta(days=1))
    station.clock.now = DUE
    await another.port.claim(10)
    station.clock.move(days=-days)
    assert await station.sweep.run() == 0 or days < 0
    station.clock.now = DUE + timedelta(minutes=6)
    await station.sweep.run()
    await station.deliver()
    station.clock.move(days=-1)
    await station.sweep.run()
    await station.deliver()
    station.clock.move(days=1, minutes=1)
    await station.sweep.run()
    told = Counter(await station.deliver())
    assert max(told.values()) == 1
    assert [row.state for row in await station.rows(visit) if row.kind == "day_before"] == [
        "sent"
    ] or (days < 0)
    doses = [row for row in await station.rows(medicine) if row.kind == "dose"]
    assert sum(row.state in ("pending", "leased") for row in doses) == 1
    assert not any(row.state == "leased" for row in await station.rows())


async def test_a_lease_of_a_clock_that_was_put_back_is_over(
    station: Station, another: Station
) -> None:
    whom = await station.person("u1")
    await station.add(whom, "visit", "内科", starts=AT)
    station.clock.now = DUE + timedelta(hours=20)
    assert len(await another.port.claim(10)) == 1
    station.clock.now = DUE
    await station.sweep.run()
    assert await station.deliver() == ["内科@11月20日 周五 15:00"]
