"""A dose is not late because thousands of others are told of something that may wait."""

from datetime import timedelta

from bot.channels.base import Limits, Rate
from tests.helpers.reminding import Station, shanghai

AT = shanghai("2026-11-19", "09:00")
#: An account that takes one message in two seconds, and an address that takes any number.
SLOW = Limits(text=4_000, buttons=0, rates=lambda _: (Rate("account", 30, 60),))


async def _routine(station: Station, whom: tuple[int, int], name: str) -> None:
    await station.add(whom, "fee", name, due=AT)


async def _minutes(station: Station, count: int) -> list[str]:
    """Let minutes go by, and return all that was told."""
    for _ in range(count * 6):
        station.clock.move(seconds=10)
        await station.sweep.run()
        await station.deliver()
    return station.push.texts


async def test_a_dose_goes_before_routine_reminders_that_wait_for_their_turn(
    station: Station,
) -> None:
    station.push.limits = SLOW
    for number in range(60):
        await _routine(station, await station.person(f"u{number}"), f"费{number}")
    whom = await station.person("dose")
    await station.add(whom, "medication", "甲", dose=AT + timedelta(minutes=1))
    station.clock.now = AT
    await station.sweep.run()
    await station.deliver()
    assert len(station.push.texts) < 20, "the others must wait"
    told = await _minutes(station, 1)
    assert [text.partition("\n")[0] for text in told].count("甲@11月19日 周四 09:01") == 1
    assert len(told) < 60


async def test_a_dose_does_not_wait_behind_a_routine_reminder_of_hers(station: Station) -> None:
    """What waits for the account's pace in her own conversation holds no dose up."""
    station.push.limits = SLOW
    for number in range(40):
        await _routine(station, await station.person(f"u{number}"), f"费{number}")
    whom = await station.person("dose")
    await _routine(station, whom, "她的费")
    await station.add(whom, "medication", "甲", dose=AT + timedelta(minutes=1))
    station.clock.now = AT
    await station.sweep.run()
    await station.deliver()
    assert not any("她的费" in text for text in station.push.texts)
    station.clock.move(seconds=60)
    await station.sweep.run()
    await station.deliver()
    assert any(text.startswith("甲") for text in station.push.texts)
    assert not any("她的费" in text for text in station.push.texts)
    assert [row.ahead for row in await station.outbox()].count(True) == 1


async def test_everything_goes_in_the_end_and_within_the_pace(station: Station) -> None:
    station.push.limits = SLOW
    for number in range(20):
        whom = await station.person(f"u{number}")
        await _routine(station, whom, f"费{number}")
        await station.add(whom, "medication", f"药{number}", dose=AT)
    station.clock.now = AT
    await station.sweep.run()
    told = await _minutes(station, 4)
    assert len(told) == len(set(told)) == 40
    doses = [place for place, text in enumerate(told) if text.startswith("药")]
    assert max(doses) < 30, "doses first"
