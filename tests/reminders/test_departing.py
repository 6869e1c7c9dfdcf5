"""Between stored and sent: nothing stale leaves, however long it waited, and nothing is lost (RM-05)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.base import Limits, Rate
from bot.errors import Refused, Unknown, WaitForUser
from bot.messages import departure, leases
from bot.messages.pace import Pacer, account_key
from bot.reminders import claims
from bot.store.db import Tx
from bot.store.reminder_tables import PatientStatus, ReminderChoice
from tests.helpers.reminding import Station, shanghai

AT = shanghai("2026-11-20", "15:00")
DAY_BEFORE = shanghai("2026-11-19", "15:00")
OLD, NEW = "内科@11月20日 周五 15:00", "内科@11月24日 周二 10:00"


async def visit_of(
    station: Station, whom: tuple[int, int] | None = None
) -> tuple[tuple[int, int], int]:
    """Make a visit whose reminder of the day before is due now."""
    whom = whom or await station.person("u1")
    visit = await station.add(whom, "visit", "内科", starts=AT)
    station.clock.now = DAY_BEFORE
    return whom, visit


async def test_moved_while_it_is_leased(station: Station) -> None:
    """The sweeper that leased it finds that it is not its own any more."""
    _, visit = await visit_of(station)
    leased = await station.port.claim(10)
    await station.move(visit, starts=shanghai("2026-11-24", "10:00"))
    assert await station.port.dispatch(leased, alone=False) == 0
    await station.sweep.run()
    assert await station.outbox() == []
    states = await station.states(visit)
    assert states[:3].count(("day_before", "skipped", "moved")) == 1
    station.clock.now = shanghai("2026-11-23", "10:00")
    await station.sweep.run()
    assert await station.deliver() == [NEW]


async def test_moved_and_the_reminders_were_forgotten(station: Station) -> None:
    """A reminder of an older version never goes, even where nobody took it back."""
    _, visit = await visit_of(station)
    thing = station.errands.things[visit]
    station.errands.things[visit] = replace(thing, version=2)
    await station.sweep.run()
    assert ("day_before", "skipped", "moved") in await station.states(visit)


async def test_cancelled_a_second_before_it_is_due(station: Station) -> None:
    _, visit = await visit_of(station)
    station.clock.now = DAY_BEFORE - timedelta(seconds=1)
    await station.cancel(visit)
    station.clock.now = DAY_BEFORE
    await station.sweep.run()
    assert await station.deliver() == []
    assert {reason for _, _, reason in await station.states(visit)} == {"cancelled"}


Change = Callable[[Station, tuple[int, int], int], Awaitable[None]]


async def _moved(station: Station, whom: tuple[int, int], visit: int) -> None:  # noqa: ARG001
    await station.move(visit, starts=shanghai("2026-11-24", "10:00"))


async def _cancelled(station: Station, whom: tuple[int, int], visit: int) -> None:  # noqa: ARG001
    await station.cancel(visit)


async def _died(station: Station, whom: tuple[int, int], visit: int) -> None:  # noqa: ARG001
    now = station.clock()
    await station.keep(PatientStatus(patient_id=whom[1], died_at=now, updated_at=now))


async def _stopped(station: Station, whom: tuple[int, int], visit: int) -> None:  # noqa: ARG001
    await station.change(whom[0], opted_out_at=station.clock())


async def _held(station: Station, whom: tuple[int, int], visit: int) -> None:  # noqa: ARG001
    await station.change(whom[0], holder="staff")


async def _muted(station: Station, whom: tuple[int, int], visit: int) -> None:  # noqa: ARG001
    now = station.clock()
    await station.keep(ReminderChoice(conversation_id=whom[0], muted_on=now.date(), updated_at=now))


async def _night(station: Station, whom: tuple[int, int], visit: int) -> None:  # noqa: ARG001
    station.clock.now = shanghai("2026-11-19", "21:30")


async def _too_late(station: Station, whom: tuple[int, int], visit: int) -> None:  # noqa: ARG001
    station.clock.now = AT + timedelta(minutes=1)


#: (what happens while it stands in the outbox, what becomes of the reminder, for which reason)
MEANWHILE: Mapping[str, tuple[Change, str, str]] = {
    "moved": (_moved, "skipped", "moved"),
    "cancelled": (_cancelled, "skipped", "cancelled"),
    "died": (_died, "skipped", "dead"),
    "opted out": (_stopped, "skipped", "opted_out"),
    "held by staff": (_held, "pending", "held"),
    "no more today": (_muted, "pending", "muted"),
    "night fell": (_night, "pending", "quiet_hours"),
    "too late": (_too_late, "skipped", "too_late"),
}


async def _take_the_pace(station: Station) -> None:
    """Let the account have sent all that it may for a while."""
    now = station.clock()

    def take(tx: Tx) -> None:
        pacer = Pacer(tx, now)
        rates, soon = station.push.limits.rates(""), now + timedelta(seconds=30)
        pacer.pause(account_key("push", "main"), rates, soon)
        pacer.save()

    await station.engine.write(take)


@pytest.mark.parametrize("waits", ["ready", "leased", "paced"])
@pytest.mark.parametrize("name", MEANWHILE)
async def test_what_happens_while_it_stands_in_the_outbox(
    station: Station, name: str, waits: str
) -> None:
    change, state, reason = MEANWHILE[name]
    whom, visit = await visit_of(station)
    await station.sweep.run()
    (stored,) = await station.outbox()
    now = station.clock()
    if waits == "paced":
        rates = (Rate("account", 1, 30),)
        station.push.limits = Limits(text=4_000, buttons=0, rates=lambda _: rates)
        await _take_the_pace(station)
        assert await station.deliver() == []
        station.clock.move(seconds=60)
    leased = await station.engine.write(
        lambda tx: (
            leases.claim(tx, "me", now, now + timedelta(seconds=30), 10)
            if waits == "leased"
            else []
        )
    )
    await change(station, whom, visit)
    if leased:
        now = station.clock()
        started = await station.engine.write(
            lambda tx: departure.start(
                tx, leased, now, now, lambda *_: station.push.limits, station.rechecks.goes
            )
        )
        assert started.sending == []
    assert await station.deliver() == []
    states = {kind: (is_now, why) for kind, is_now, why in reversed(await station.states(visit))}
    assert states["day_before"] == (state, reason if state == "skipped" else None)
    (dropped,) = [row for row in await station.outbox() if row.id == stored.id]
    assert (dropped.state, dropped.error, dropped.dedupe_key) == ("dropped", reason, None)
    assert ("withdrawn", reason) in await station.decisions()


async def test_what_was_held_up_goes_when_nothing_holds_it_any_more(station: Station) -> None:
    whom, _ = await visit_of(station)
    await station.sweep.run()
    await station.change(whom[0], holder="staff")
    assert await station.deliver() == []
    await station.change(whom[0], holder="bot")
    station.clock.move(minutes=10)
    await station.sweep.run()
    assert await station.deliver() == [OLD]


async def test_of_a_digest_what_is_still_true_goes_again(station: Station) -> None:
    whom, visit = await visit_of(station)
    station.clock.now = DAY_BEFORE - timedelta(minutes=5)
    other = await station.add(whom, "visit", "眼科", starts=AT + timedelta(hours=1))
    station.clock.now = DAY_BEFORE
    await station.sweep.run()
    await station.cancel(visit)
    assert await station.deliver() == []
    await station.sweep.run()
    assert await station.deliver() == ["眼科@11月20日 周五 16:00"]
    assert ("day_before", "sent", None) in await station.states(other)


async def test_a_later_reminder_overtakes_one_that_waited(station: Station) -> None:
    """I-15 also in the outbox: the sender was away from the day before until two hours before."""
    _, visit = await visit_of(station)
    await station.sweep.run()
    station.clock.now = AT - timedelta(hours=2)
    await station.sweep.run()
    assert await station.deliver() == [OLD]
    assert [state[1:] for state in await station.states(visit)] == [
        ("skipped", "newer"), ("sent", None),
    ]  # fmt: skip


async def test_an_unanswered_send_is_repeated_once_and_asked_about_before(station: Station) -> None:
    """Nobody can say whether it came: once more after ten minutes, and then staff hear of it."""
    _, visit = await visit_of(station)
    await station.sweep.run()
    (stored,) = await station.outbox()
    said = (await stored_text(station)).pop()
    station.push.answers[said] = [Unknown("timed out"), Unknown("timed out")]
    await station.deliver()
    for minutes in (1, 5, 5, 1, 10, 10):
        station.clock.move(minutes=minutes)
        await station.delivery.settle()
        await station.deliver()
    assert station.push.texts == [said, said]
    assert await station.tasks() == [("unreachable", "day_before")]
    assert ("day_before", "sent", None) in await station.states(visit)
    assert stored.id == (await station.outbox())[0].id


async def test_a_doubtful_one_is_not_repeated_once_it_is_stale(station: Station) -> None:
    """It may have arrived: it goes no second time, and is not said anew."""
    whom, visit = await visit_of(station)
    await station.sweep.run()
    said = (await stored_text(station)).pop()
    station.push.answers[said] = [Unknown("timed out")]
    await station.deliver()
    await station.change(whom[0], holder="staff")
    for _ in range(4):
        station.clock.move(minutes=6)
        await station.delivery.settle()
        await station.deliver()
    await station.change(whom[0], holder="bot")
    station.clock.move(minutes=10)
    await station.sweep.run()
    assert station.push.texts == [said]
    assert ("day_before", "sent", None) in await station.states(visit)


async def stored_text(station: Station) -> list[str]:
    """Return the texts of what stands in the outbox."""
    return [row.body["text"] for row in await station.outbox()]


async def test_what_fails_for_good_is_told_to_staff(station: Station) -> None:
    """RM-06: she has no other address; somebody should ring her before the visit."""
    await visit_of(station)
    await station.sweep.run()
    station.push.answers[(await stored_text(station))[0]] = [Refused("nobody there")]
    await station.deliver()
    assert await station.tasks() == [("unreachable", "day_before")]


async def test_what_fails_goes_by_her_next_channel(station: Station) -> None:
    whom = await station.person("u1")
    await station.person("u1b", "other", beside=whom[0])
    await visit_of(station, whom)
    await station.sweep.run()
    station.push.answers[(await stored_text(station))[0]] = [Refused("nobody there")]
    assert await station.deliver() == [OLD, OLD]
    assert await station.tasks() == []


async def test_what_waits_in_vain_for_her_to_write_ends(station: Station) -> None:
    _, visit = await visit_of(station)
    await station.sweep.run()
    station.push.answers[(await stored_text(station))[0]] = [WaitForUser("window closed")]
    await station.deliver()
    assert [row.state for row in await station.outbox()] == ["waiting"]
    station.clock.now = AT
    assert await station.port.never_fetched() == 1
    assert ("day_before", "skipped", "too_late") in await station.states(visit)


async def test_a_lease_that_ran_out_is_decided_once(station: Station, another: Station) -> None:
    """A sweeper that slept is told that its lease is somebody else's."""
    await visit_of(station)
    slept = await station.port.claim(10)
    station.clock.move(minutes=6)
    await another.sweep.run()
    assert await station.port.dispatch(slept, alone=False) == 0
    assert len(await station.outbox()) == 1


async def test_what_a_dead_sweeper_leased_is_due_again(station: Station) -> None:
    await visit_of(station)
    await station.port.claim(10)
    await station.sweep.run()
    assert await station.outbox() == []
    await station.port.recover(alone=True)
    await station.sweep.run()
    assert len(await station.outbox()) == 1
    assert await station.engine.read(lambda tx: claims.backlog(tx, station.clock())) == 0
