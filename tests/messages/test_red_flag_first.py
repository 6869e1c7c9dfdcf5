"""Nothing of ours delays a red flag: no pace, no window, no backlog (I5); no reminder an answer."""

from typing import Any

import pytest

from bot.channels.base import Limits, Rate
from bot.errors import TryLater, WaitForUser
from bot.message import Kind
from bot.store.db import Engine
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import COUNTED, GRANT, Post

Moving = Any  # the clock of conftest


def paced(*rates: Rate) -> RecordingChannel:
    return RecordingChannel("push", Limits(rates=lambda _: rates))


@pytest.mark.parametrize(
    "rate",
    [
        pytest.param(Rate("address", 1, 3600.0), id="of-the-address"),
        pytest.param(Rate("account", 1, 3600.0), id="of-the-account"),
    ],
)
async def test_a_red_flag_waits_for_no_pace(engine: Engine, clock: Moving, rate: Rate) -> None:
    channel = paced(rate)
    post = Post(engine, clock, channel)
    await post.say("u1", "一", "二")
    await post.send()
    await post.say("u1", "打120", kind=Kind.EMERGENCY)
    await post.send()
    assert channel.texts == ["一", "打120"]


async def test_a_red_flag_counts_all_the_same(engine: Engine, clock: Moving) -> None:
    """It goes, but what goes after it waits for it too."""
    channel = paced(Rate("account", 1, 1.0))
    post = Post(engine, clock, channel)
    await post.say("u1", "打120", kind=Kind.EMERGENCY)
    await post.send()
    await post.say("u2", "答")
    await post.send()
    assert channel.texts == ["打120"]
    clock.move(seconds=1)
    await post.send()
    assert channel.texts == ["打120", "答"]


async def test_a_red_flag_is_tried_while_its_account_has_a_break(
    engine: Engine, clock: Moving
) -> None:
    channel = paced()
    channel.answers["甲"] = [TryLater("45009", 3600.0, whole_account=True)]
    post = Post(engine, clock, channel)
    await post.say("u1", "甲")
    await post.send()
    await post.say("u2", "打120", kind=Kind.EMERGENCY)
    await post.send()
    assert channel.texts == ["甲", "打120"]


async def test_a_red_flag_waits_for_no_window(engine: Engine, clock: Moving) -> None:
    """Our count may be wrong; the platform alone says that it takes no more."""
    wechat = RecordingChannel("wechat", COUNTED)
    post = Post(engine, clock, wechat)
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.say("u1", *"一二三四五六", channel="wechat")
    await post.send()
    await post.say("u1", "打120", channel="wechat", kind=Kind.EMERGENCY)
    await post.send()
    assert "打120" in wechat.texts


async def test_a_red_flag_the_platform_does_not_take_waits_like_any_other(
    engine: Engine, clock: Moving
) -> None:
    wechat = RecordingChannel("wechat", COUNTED)
    wechat.answers["打120"] = [WaitForUser("45015")]
    post = Post(engine, clock, wechat)
    (letter,) = await post.say("u1", "打120", channel="wechat", kind=Kind.EMERGENCY)
    await post.send()
    assert (await post.letter(letter)).state == "waiting"
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.send()
    assert (await post.letter(letter)).state == "sent"


async def test_an_answer_waits_for_no_reminder_of_its_conversation(
    engine: Engine, clock: Moving
) -> None:
    """A reminder may stand in a long queue; who asks meanwhile is answered."""
    channel = paced(Rate("account", 10, 1.0))
    post = Post(engine, clock, channel)
    for patient in range(30):
        await post.say(f"r{patient}", "提醒", kind=Kind.REMINDER)
    await post.say("u1", "她的提醒", kind=Kind.REMINDER)
    await post.send()
    clock.move(seconds=0.2)
    await post.say("u1", "答")
    await post.send()
    assert "答" in channel.texts
    assert "她的提醒" not in channel.texts
    for _ in range(200):
        clock.move(seconds=0.05)
        await post.send()
    assert channel.texts.count("她的提醒") == 1


async def test_reminders_of_a_conversation_keep_their_order(engine: Engine, clock: Moving) -> None:
    channel = paced()
    post = Post(engine, clock, channel)
    channel.answers["先"] = [TryLater("busy")]
    await post.say("u1", "先", "后", kind=Kind.REMINDER)
    await post.send()
    assert channel.texts == ["先"]
    clock.move(seconds=3)
    await post.send()
    assert channel.texts == ["先", "先", "后"]


async def test_a_platform_that_hangs_with_all_there_is_delays_no_red_flag(
    engine: Engine, clock: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.messages.delivery._IN_FLIGHT", 0)
    channel = paced()
    post = Post(engine, clock, channel)
    await post.say("u1", "答")
    await post.say("u2", "打120", kind=Kind.EMERGENCY)
    await post.delivery._take_due()
    await post.delivery._end(None)
    assert channel.texts == ["打120"]


async def test_who_waits_for_her_own_pace_holds_up_no_other_reminder(
    engine: Engine, clock: Moving
) -> None:
    """One address is full for an hour; the others' reminders do not queue up behind it."""
    channel = paced(Rate("account", 10, 1.0), Rate("address", 1, 3600.0))
    post = Post(engine, clock, channel)
    await post.say("u1", "答")
    await post.send()
    clock.move(seconds=1)
    await post.say("u1", "一小时后", kind=Kind.REMINDER)
    for patient in range(20):
        await post.say(f"r{patient}", "提醒", kind=Kind.REMINDER)
    for _ in range(100):
        await post.send()
        clock.move(seconds=0.05)
    assert channel.texts.count("提醒") == 20
    clock.move(hours=1)
    await post.send()
    assert channel.texts[-1] == "一小时后"
