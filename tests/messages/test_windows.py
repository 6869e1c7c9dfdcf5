"""What a platform counts is counted at the instant of sending: never one too many, none lost."""

from datetime import timedelta
from typing import Any

import pytest

from bot.channels.base import Limits
from bot.errors import Refused, TryLater, Unknown, WaitForUser
from bot.message import Address, Kind, Permission, Template, Worded
from bot.store.db import Engine
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import GRANT, Post

Moving = Any  # the clock of conftest
LIMITS = Limits(
    counted=True, templates=frozenset({"visit", "notice"}), permitted=frozenset({"notice"})
)
WHERE = Address("wechat", "main", "u1")


@pytest.fixture
def wechat() -> RecordingChannel:
    return RecordingChannel("wechat", LIMITS)


@pytest.fixture
def post(engine: Engine, clock: Moving, wechat: RecordingChannel) -> Post:
    return Post(engine, clock, wechat)


async def states(post: Post) -> list[str]:
    return [row.state for row in await post.letters()]


async def test_five_go_and_the_sixth_waits_until_she_writes(
    post: Post, wechat: RecordingChannel, clock: Moving
) -> None:
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.say("u1", *"一二三四五六七", channel="wechat")
    await post.send()
    assert wechat.texts == list("一二三四五")
    assert await states(post) == ["sent"] * 5 + ["waiting"] * 2
    clock.move(hours=47)
    await post.delivery.recover()
    await post.send()
    assert len(wechat.taken) == 5
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.send()
    assert wechat.texts == list("一二三四五六七"), "in the old order"
    assert (await post.conversation("u1")).window_left == 3
    assert (await post.letters())[6].attempts == 1, "waiting used no attempt up"


async def test_after_the_window_nothing_goes(
    post: Post, wechat: RecordingChannel, clock: Moving
) -> None:
    await post.writes("u1", channel="wechat", grant=GRANT)
    clock.move(hours=48)
    await post.say("u1", "太迟", channel="wechat")
    await post.send()
    assert (wechat.texts, await states(post)) == ([], ["waiting"])


async def test_what_waits_lets_the_next_conversation_pass(
    post: Post, wechat: RecordingChannel
) -> None:
    await post.say("u1", "等着", channel="wechat")
    await post.writes("u2", channel="wechat", grant=GRANT)
    await post.say("u2", "去吧", channel="wechat")
    await post.send()
    assert wechat.texts == ["去吧"]


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        pytest.param(None, 4, id="taken"),
        pytest.param(Refused("bad"), 5, id="refused"),
        pytest.param(TryLater("busy"), 5, id="not-taken"),
        pytest.param(Unknown("timed out"), 4, id="perhaps-taken"),
        pytest.param(WaitForUser("45047"), 0, id="the-platform-counts-otherwise"),
    ],
)
async def test_a_message_is_given_back_only_when_it_was_certainly_not_taken(
    post: Post, wechat: RecordingChannel, answer: Exception | None, left: int
) -> None:
    if answer is not None:
        wechat.answers["甲"] = [answer]
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.say("u1", "甲", channel="wechat")
    await post.send()
    assert (await post.conversation("u1")).window_left == left


async def test_a_refusal_is_given_back_to_its_own_window_only(
    post: Post, wechat: RecordingChannel, clock: Moving
) -> None:
    """She wrote while it was under way: her new five stay five."""
    wechat.held, wechat.answers["甲"] = {"甲"}, [TryLater("busy")]
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.say("u1", "甲", channel="wechat")
    _, sends = await post.delivery._take(10)
    await wechat.took("甲")
    clock.move(seconds=1)
    await post.writes("u1", channel="wechat", grant=GRANT)
    wechat.let_go()
    for send in sends:
        await send
    assert (await post.conversation("u1")).window_left == 5


async def test_the_platform_says_wait_and_the_message_goes_when_she_writes(
    post: Post, wechat: RecordingChannel
) -> None:
    wechat.answers["甲"] = [WaitForUser("45015")]
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.say("u1", "甲", "乙", channel="wechat")
    await post.send()
    assert wechat.texts == ["甲"], "the next one is not even tried"
    assert await states(post) == ["waiting", "waiting"]
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.send()
    assert wechat.texts == ["甲", "甲", "乙"]


async def test_who_wrote_while_it_was_refused_need_not_write_again(
    post: Post, wechat: RecordingChannel, clock: Moving
) -> None:
    """The refusal is about the old window; the message goes again in the new one."""
    wechat.held, wechat.answers["甲"] = {"甲"}, [WaitForUser("45015")]
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.say("u1", "甲", channel="wechat")
    _, sends = await post.delivery._take(10)
    await wechat.took("甲")
    clock.move(seconds=1)
    await post.writes("u1", channel="wechat", grant=GRANT)
    wechat.let_go()
    for send in sends:
        await send
    await post.send()
    assert wechat.texts == ["甲", "甲"]
    assert await states(post) == ["sent"]


async def test_a_template_needs_no_window(post: Post, wechat: RecordingChannel) -> None:
    await post.say(
        "u1", Worded("复诊", Kind.REMINDER, template=Template("visit")), channel="wechat"
    )
    await post.say(
        "u2", Worded("别的", Kind.REMINDER, template=Template("unknown")), channel="wechat"
    )
    await post.send()
    assert (wechat.texts, await states(post)) == (["复诊"], ["sent", "waiting"])


async def test_a_notice_uses_one_permission_up(post: Post, wechat: RecordingChannel) -> None:
    notice = Worded("取号", Kind.REMINDER, template=Template("notice"))
    await post.arrive(Permission(WHERE, "k", "notice", allowed=True))
    await post.say("u1", notice, notice, channel="wechat")
    await post.send()
    assert (len(wechat.taken), await states(post)) == (1, ["sent", "failed"])
    assert (await post.letters())[1].error == "no permission for this notice"


async def test_a_permission_is_given_back_when_the_notice_goes_later(
    post: Post, wechat: RecordingChannel, clock: Moving
) -> None:
    wechat.answers["取号"] = [TryLater("busy")]
    await post.arrive(Permission(WHERE, "k", "notice", allowed=True))
    await post.say(
        "u1", Worded("取号", Kind.REMINDER, template=Template("notice")), channel="wechat"
    )
    await post.send()
    clock.move(seconds=2)
    await post.send()
    assert (len(wechat.taken), await states(post)) == (2, ["sent"])


@pytest.mark.parametrize(
    ("kind", "change", "state", "reason"),
    [
        pytest.param(Kind.REMINDER, {"opted_out_at": 0}, "dropped", "opted out", id="opted-out"),
        pytest.param(Kind.ANSWER, {"opted_out_at": 0}, "sent", None, id="an-answer-she-asked-for"),
        pytest.param(
            Kind.ANSWER, {"unreachable_at": 0}, "failed", "unreachable", id="nobody-there"
        ),
        pytest.param(Kind.ANSWER, {"holder": "staff"}, "dropped", "held by staff", id="held"),
    ],
)
async def test_what_changed_meanwhile_counts_at_the_instant_of_sending(
    engine: Engine,
    clock: Moving,
    kind: Kind,
    change: dict[str, Any],
    state: str,
    reason: str | None,
) -> None:
    post = Post(engine, clock, RecordingChannel())
    (letter,) = await post.say("u1", "甲", kind=kind)
    await post.set("u1", **{name: value or clock() for name, value in change.items()})
    await post.send()
    row = await post.letter(letter)
    assert (row.state, row.error) == (state, reason)


async def test_what_came_too_late_is_never_sent(engine: Engine, clock: Moving) -> None:
    post = Post(engine, clock, channel := RecordingChannel())
    ids = await post.say("u1", "甲", expires_at=clock() + timedelta(minutes=5))
    ids += await post.say("u2", "乙", expires_at=clock() + timedelta(minutes=5, seconds=1))
    clock.move(minutes=5)
    await post.send()
    assert channel.texts == ["乙"]
    assert [(await post.letter(one)).error for one in ids] == ["too late", None]


async def test_nothing_goes_before_it_is_due(engine: Engine, clock: Moving) -> None:
    post = Post(engine, clock, channel := RecordingChannel())
    await post.say("u1", "甲", due_at=clock() + timedelta(minutes=1))
    await post.say("u2", "急", kind=Kind.EMERGENCY, due_at=clock() + timedelta(minutes=1))
    await post.send()
    assert channel.texts == []
    clock.move(minutes=1)
    await post.send()
    assert sorted(channel.texts) == ["急", "甲"]
