"""What stands in for a message goes only to whom it was meant, while she wants it (I7, RM-07)."""

from typing import Any

import pytest

from bot.channels.base import Limits
from bot.errors import Refused, TryLater, WaitForUser
from bot.message import Kind, Progress, Receipt
from bot.patients import binding
from bot.store.db import Engine
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import Post

Moving = Any  # the clock of conftest
WECHAT, TELEGRAM = ("wechat", "w1"), ("telegram", "t1")


@pytest.fixture
def wechat() -> RecordingChannel:
    return RecordingChannel("wechat")


@pytest.fixture
def telegram() -> RecordingChannel:
    return RecordingChannel("telegram", Limits())


@pytest.fixture
def post(
    engine: Engine, clock: Moving, wechat: RecordingChannel, telegram: RecordingChannel
) -> Post:
    return Post(engine, clock, wechat, telegram)


async def test_words_of_an_unproven_address_go_nowhere_else(
    post: Post, wechat: RecordingChannel, telegram: RecordingChannel
) -> None:
    """Staff only believe whose it is: its answers are not shown to whom they believe her to be."""
    wechat.answers["检查结果"] = [Refused("48001")]
    await post.is_one_person(WECHAT, TELEGRAM)
    await post.set("w1", verified_at=None)
    await post.say("w1", "检查结果", channel="wechat", kind=Kind.STAFF)
    await post.send()
    assert telegram.texts == []


@pytest.mark.parametrize("kind", [Kind.NOTICE, Kind.STAFF, Kind.ANSWER])
async def test_who_wants_no_messages_there_gets_no_stand_in(
    post: Post, clock: Moving, wechat: RecordingChannel, telegram: RecordingChannel, kind: Kind
) -> None:
    wechat.answers["甲"] = [Refused("48001")]
    await post.is_one_person(WECHAT, TELEGRAM)
    await post.set("t1", opted_out_at=clock())
    await post.say("w1", "甲", channel="wechat", kind=kind)
    await post.send()
    assert telegram.texts == []


async def test_an_emergency_asks_for_no_wish(
    post: Post, clock: Moving, wechat: RecordingChannel, telegram: RecordingChannel
) -> None:
    wechat.answers["打120"] = [Refused("48001")]
    await post.is_one_person(WECHAT, TELEGRAM)
    await post.set("t1", opted_out_at=clock())
    await post.say("w1", "打120", channel="wechat", kind=Kind.EMERGENCY)
    await post.send()
    assert telegram.texts == ["打120"]


async def test_a_reminder_she_wants_no_more_has_no_stand_in(
    post: Post, clock: Moving, telegram: RecordingChannel
) -> None:
    """She said stop where it was sent; hours later a receipt says that it never arrived."""
    await post.is_one_person(WECHAT, TELEGRAM)
    (letter,) = await post.say("w1", "复诊", channel="wechat", kind=Kind.REMINDER)
    await post.send()
    await post.set("w1", opted_out_at=clock())
    await post.arrive(Receipt("wechat", "main", Progress.UNDELIVERED, message_id=letter))
    await post.send()
    assert telegram.texts == []


@pytest.mark.parametrize("unlinked", ["t1", "w1"], ids=["where-it-goes", "where-it-came-from"])
async def test_a_stand_in_does_not_outlive_the_link(
    post: Post, clock: Moving, wechat: RecordingChannel, telegram: RecordingChannel, unlinked: str
) -> None:
    """Who unlinks an address gets nothing of the other there, also not what was on its way."""
    wechat.answers["检查结果"] = [Refused("48001")]
    telegram.answers["检查结果"] = [TryLater("busy")]
    await post.is_one_person(WECHAT, TELEGRAM)
    await post.say("w1", "检查结果", channel="wechat", kind=Kind.STAFF)
    await post.send()
    assert telegram.texts == ["检查结果"]
    await post.set(unlinked, person_id=None, verified_at=None)
    clock.move(seconds=3)
    await post.send()
    assert telegram.texts == ["检查结果"]
    assert (await post.letters())[1].state == "failed", "and staff see it"


async def test_who_unlinks_finds_nothing_that_waited_for_her_to_write(
    post: Post, clock: Moving, wechat: RecordingChannel, telegram: RecordingChannel
) -> None:
    """However it would have gone: an account that only answers takes along what waits."""
    wechat.answers["检查结果"] = [Refused("48001")]
    telegram.answers["检查结果"] = [WaitForUser("closed")]
    await post.is_one_person(WECHAT, TELEGRAM)
    await post.say("w1", "检查结果", channel="wechat", kind=Kind.STAFF)
    await post.send()
    there = (await post.conversation("t1")).id or 0
    assert await post.engine.write(lambda tx: binding.unlink(tx, there, clock()))
    assert [row.state for row in await post.letters()] == ["failed", "dropped"]
