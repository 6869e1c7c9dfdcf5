"""Messages that may or may not have arrived: decided by their kind, never sent blindly twice (I-08)."""

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import Refused, TryLater, Unknown
from bot.message import Kind, Progress, Sent
from bot.store.db import Engine
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import AskedChannel, Post

Moving = Any  # the clock of conftest


@pytest.fixture
def sms() -> AskedChannel:
    return AskedChannel("sms")


@pytest.fixture
def post(engine: Engine, clock: Moving, sms: AskedChannel) -> Post:
    return Post(engine, clock, sms, RecordingChannel("telegram"))


async def lost(post: Post, kind: Kind, channel: str = "sms", times: int = 1, **how: Any) -> int:
    """Send a message whose answer is lost; return its id."""
    post.channels[channel].answers["提醒"] = [Unknown("timed out") for _ in range(times)]
    (letter,) = await post.say("u1", "提醒", channel=channel, kind=kind, **how)
    await post.send()
    assert (await post.letter(letter)).state == "unknown"
    return letter


async def later(post: Post, clock: Moving, **how: float) -> None:
    """Let time pass as in a running application: settling and sending."""
    until = clock() + timedelta(**how)
    while clock() < until:
        clock.move(seconds=10)
        await post.delivery.settle()
        await post.send()


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.REMINDER])
async def test_what_is_no_reminder_is_never_sent_again(
    post: Post, sms: AskedChannel, clock: Moving, kind: Kind
) -> None:
    """An answer twice is worse than an answer staff must look after; a code above all."""
    letter = await lost(post, kind)
    await later(post, clock, minutes=25)
    assert (sms.texts, sms.asked) == (["提醒"], [])
    assert (await post.letter(letter)).state == "unknown"


async def test_a_reminder_the_platform_has_is_sent(
    post: Post, sms: AskedChannel, clock: Moving
) -> None:
    letter = await lost(post, Kind.REMINDER)
    sms.known["提醒"] = Sent("SM1", Progress.DELIVERED)
    await later(post, clock, seconds=20)
    assert sms.asked == [], "its own books need a moment"
    await later(post, clock, minutes=20)
    row = await post.letter(letter)
    assert (row.state, row.provider_id, row.progress) == ("sent", "SM1", "delivered")
    assert (sms.texts, sms.asked) == (["提醒"], ["提醒"])


async def test_a_reminder_the_platform_never_got_is_sent_again(
    post: Post, sms: AskedChannel, clock: Moving
) -> None:
    letter = await lost(post, Kind.REMINDER)
    sms.known["提醒"] = None
    await later(post, clock, minutes=20)
    assert sms.texts == ["提醒", "提醒"]
    row = await post.letter(letter)
    assert (row.state, row.attempts, row.resent_at is not None) == ("sent", 2, True)


async def test_a_platform_that_is_away_is_asked_again(
    post: Post, sms: AskedChannel, clock: Moving
) -> None:
    await lost(post, Kind.REMINDER)
    sms.known["提醒"] = TryLater("busy")
    await later(post, clock, minutes=15)
    assert sms.texts == ["提醒"], "it can be asked: nothing goes blindly"
    assert len(sms.asked) > 5
    sms.known["提醒"] = Sent("SM1")
    await later(post, clock, minutes=2)
    assert [row.state for row in await post.letters()] == ["sent"]


@pytest.mark.parametrize(
    "answer", [Unknown("x"), Refused("x"), ZeroDivisionError()], ids=["unknown", "refused", "a-bug"]
)
async def test_where_nobody_can_say_a_reminder_goes_once_more(
    post: Post, sms: AskedChannel, clock: Moving, answer: Exception
) -> None:
    letter = await lost(post, Kind.REMINDER, times=9)
    sms.known["提醒"] = answer
    await later(post, clock, minutes=9)
    assert len(sms.taken) == 1
    await later(post, clock, minutes=2)
    assert len(sms.taken) == 2
    await later(post, clock, minutes=60)
    assert len(sms.taken) == 2, "and never a third time"
    assert (await post.letter(letter)).state == "unknown", "staff see it"


async def test_a_platform_that_answers_no_questions_is_not_asked(post: Post, clock: Moving) -> None:
    await lost(post, Kind.REMINDER, "telegram")
    await later(post, clock, minutes=11)
    assert post.channels["telegram"].texts == ["提醒", "提醒"]


async def test_what_is_too_late_is_left_alone(post: Post, sms: AskedChannel, clock: Moving) -> None:
    await lost(post, Kind.REMINDER, expires_at=clock() + timedelta(minutes=5))
    sms.known["提醒"] = TryLater("busy")
    await later(post, clock, minutes=5)
    sms.known["提醒"] = None
    await later(post, clock, minutes=20)
    assert sms.texts == ["提醒"]


async def test_two_processes_settle_one_message_once(
    post: Post, sms: AskedChannel, clock: Moving
) -> None:
    await lost(post, Kind.REMINDER)
    sms.known["提醒"] = None
    clock.move(minutes=1)
    other = post.worker("another process")
    assert sorted([await post.delivery.settle(), await other.settle()]) == [0, 1]
    await post.send()
    assert sms.texts == ["提醒", "提醒"]


async def test_a_settler_that_died_is_followed_by_another(
    post: Post, sms: AskedChannel, clock: Moving
) -> None:
    """Restart in the middle: what one had taken to ask about is asked about a minute later."""
    from bot.messages import settlement

    letter = await lost(post, Kind.REMINDER)
    sms.known["提醒"] = None
    clock.move(minutes=1)
    taken = await post.engine.write(lambda tx: settlement._take(tx, "the dead", clock()))
    assert [doubtful.letter.id for doubtful in taken] == [letter]
    assert await post.delivery.settle() == 0
    clock.move(minutes=1)
    assert await post.delivery.settle() == 1


async def test_a_day_later_nothing_is_sent_any_more(
    post: Post, sms: AskedChannel, clock: Moving
) -> None:
    await lost(post, Kind.REMINDER)
    clock.move(hours=25)
    sms.known["提醒"] = None
    await later(post, clock, minutes=2)
    assert sms.texts == ["提醒"]
