"""What somebody chose is kept as she chose it, each thing by itself; on both engines."""

from datetime import UTC, date, datetime, time, timedelta

from bot.reminders.choices import Choice, choice_of, choose
from bot.store.db import Engine
from tests.helpers.booking import add_conversation

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)


async def test_who_chose_nothing_has_the_hospitals_defaults(engine: Engine) -> None:
    who = await engine.write(lambda tx: add_conversation(tx, "u1", NOW))
    assert await engine.read(lambda tx: choice_of(tx, who)) == Choice()


async def test_each_choice_stays_when_another_changes(engine: Engine) -> None:
    who = await engine.write(lambda tx: add_conversation(tx, "u1", NOW))
    other = await engine.write(lambda tx: add_conversation(tx, "u2", NOW))
    week = NOW + timedelta(days=7)

    await engine.write(
        lambda tx: choose(tx, who, NOW, zone="Asia/Tokyo", muted_on=date(2026, 11, 18))
    )
    await engine.write(lambda tx: choose(tx, who, NOW, best=(time(9), time(11, 30))))
    await engine.write(
        lambda tx: choose(tx, who, NOW, paused_until=week, off=frozenset({"fee", "visit"}))
    )
    told = await engine.write(lambda tx: choose(tx, who, NOW, greetings_at=NOW, muted_on=None))

    expected = Choice(
        "Asia/Tokyo", (time(9), time(11, 30)), week, None, NOW, frozenset({"fee", "visit"})
    )
    assert told == expected
    assert await engine.read(lambda tx: choice_of(tx, who)) == expected
    assert await engine.read(lambda tx: choice_of(tx, other)) == Choice()


def test_a_pause_is_on_from_its_first_day_to_the_day_reminders_come_again() -> None:
    day = timedelta(days=1)
    ahead = Choice(paused_from=NOW + day, paused_until=NOW + 3 * day)
    assert ahead.pause(NOW) is None
    assert ahead.pause(NOW + day) == NOW + 3 * day
    assert ahead.pause(NOW + 3 * day) is None
    assert Choice(paused_until=NOW + day).pause(NOW) == NOW + day


def test_a_kind_is_turned_off_by_its_name_or_by_what_it_is_about() -> None:
    choice = Choice(off=frozenset({"checkup", "visit_two_hours"}))
    assert not choice.wants("checkup", "checkup")
    assert not choice.wants("visit", "visit_two_hours")
    assert choice.wants("visit", "visit_day_before")
