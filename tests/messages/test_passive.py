"""Replies in the answer to a platform's own request: once, the same again, never twice by two ways."""

from datetime import timedelta
from typing import Any

import pytest

from bot.channels.base import Limits, Passive
from bot.message import Kind, Template, Worded
from bot.messages import departure, leases, outbox
from bot.messages.delivery import LEASE, SENDING
from bot.store.db import Engine
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import Post

Moving = Any  # the clock of conftest
LIMITS = Limits(text=10, passive=Passive(), counted=True)
HELD = timedelta(seconds=5)


@pytest.fixture
def wechat() -> RecordingChannel:
    return RecordingChannel("wechat", LIMITS)


@pytest.fixture
def post(engine: Engine, clock: Moving, wechat: RecordingChannel) -> Post:
    return Post(engine, clock, wechat)


async def asked(post: Post, *texts: str | Worded, **how: Any) -> int:
    """Let a patient ask, and queue what answers her; return her message's id."""
    stored = await post.writes("u1", channel="wechat")
    inbox_id = stored.accepted.inbox_id
    how = {"due_at": post.clock() + HELD, "inbox_id": inbox_id, **how}
    await post.say("u1", *texts, channel="wechat", **how)
    return inbox_id


async def taken(post: Post, inbox_id: int) -> list[str]:
    """Take what goes in the platform's answer."""
    said = await post.engine.write(
        lambda tx: outbox.take_passive(tx, inbox_id, LIMITS, post.clock())
    )
    return [worded.text for _, worded in said]


async def test_what_the_answer_took_is_sent_and_uses_nothing_up(
    post: Post, wechat: RecordingChannel, clock: Moving
) -> None:
    inbox_id = await asked(post, "一", "二")
    await post.send()
    assert wechat.texts == [], "held for the request"
    assert await taken(post, inbox_id) == ["一", "二"]
    clock.move(seconds=10)
    await post.send()
    assert wechat.texts == []
    rows = await post.letters()
    assert [(row.state, row.provider_id, row.progress) for row in rows] == [
        ("sent", "passive", "sent")
    ] * 2


async def test_a_redelivery_gets_the_same_again(post: Post, clock: Moving) -> None:
    inbox_id = await asked(post, "一", "二")
    first = await taken(post, inbox_id)
    clock.move(hours=1)
    await post.send()
    assert await taken(post, inbox_id) == first == ["一", "二"]


async def test_what_does_not_fit_follows_by_itself(
    post: Post, wechat: RecordingChannel, clock: Moving
) -> None:
    """Ten characters at most: the third would be too much, and goes when its time has come."""
    inbox_id = await asked(post, "一一一", "二二", "三三三")
    await post.set("u1", window_left=5, window_until=clock() + timedelta(days=1))
    assert await taken(post, inbox_id) == ["一一一", "二二"]
    assert await taken(post, inbox_id) == ["一一一", "二二"]
    clock.move(seconds=5)
    await post.send()
    assert wechat.texts == ["三三三"]


@pytest.mark.parametrize("how_far", ["leased", "sending", "sent"])
async def test_what_a_sender_has_is_not_taken(post: Post, clock: Moving, how_far: str) -> None:
    """A reply never goes both ways: not even part of it."""
    inbox_id = await asked(post, "一", "二", due_at=None)

    def claim(tx: Any) -> None:
        leased = leases.claim(tx, "me", clock(), clock() + LEASE, 10)
        if how_far != "leased":
            limits = Limits()
            departure.start(tx, leased, clock(), clock() + SENDING, lambda *_: limits)
        if how_far == "sent":
            leases.finish(tx, leased[0], clock(), state="sent")

    await post.engine.write(claim)
    assert await taken(post, inbox_id) == []


async def test_the_bot_is_silent_in_the_answer_too_while_a_person_holds(post: Post) -> None:
    """I4: what she said before a nurse came is dropped; what concerns her life is said."""
    answer, urgent = Worded("答"), Worded("打120", Kind.EMERGENCY)
    inbox_id = await asked(post, answer, urgent)
    await post.set("u1", holder="staff")
    assert await taken(post, inbox_id) == ["打120"]
    assert [row.state for row in await post.letters()] == ["dropped", "sent"]


async def test_a_template_survives_the_outbox(post: Post) -> None:
    template = Template("visit", {"when": "明天"})
    await post.say("u1", Worded("明天复诊", Kind.REMINDER, template=template), channel="wechat")
    ((_, said),) = await post.engine.read(lambda tx: outbox.after(tx, 1, 0))
    assert said.template == template
    leased = await post.engine.write(
        lambda tx: leases.claim(tx, "me", post.clock(), post.clock() + LEASE, 10)
    )
    assert leased[0].worded == said


ONLY_REPLIES = Limits(
    text=10, passive=Passive(insists=True), counted=True, templates=frozenset({"visit"})
)


@pytest.fixture
def replies_only(wechat: RecordingChannel) -> RecordingChannel:
    """An account whose platform carries nothing but answers."""
    wechat.limits = ONLY_REPLIES
    return wechat


async def carried(post: Post, inbox_id: int) -> list[str]:
    said = await post.engine.write(
        lambda tx: outbox.take_passive(tx, inbox_id, ONLY_REPLIES, post.clock())
    )
    return [worded.text for _, worded in said]


async def test_what_was_too_late_goes_with_the_next_answer_once(
    post: Post, replies_only: RecordingChannel, clock: Moving
) -> None:
    first = await asked(post, "一")
    clock.move(seconds=10)
    await post.send()
    assert replies_only.texts == [], "nobody asks a platform that takes nothing"
    assert [row.state for row in await post.letters()] == ["waiting"]
    second = await asked(post, "二")
    assert await carried(post, second) == ["一", "二"]
    assert await carried(post, second) == ["一", "二"], "a redelivery gets the same"
    assert await carried(post, first) == [], "nor does its own request get it once more"
    clock.move(days=1)
    await post.send()
    assert await carried(post, await asked(post, "三")) == ["三"]
    assert replies_only.texts == []


async def test_what_its_own_request_may_still_take_goes_with_no_other(
    post: Post, replies_only: RecordingChannel
) -> None:
    first = await asked(post, "一")
    assert await carried(post, await asked(post, "二")) == ["二"]
    assert await carried(post, first) == ["一"]
    assert replies_only.texts == []


@pytest.mark.parametrize("how_far", ["ready", "leased", "waiting"])
async def test_what_nobody_was_told_of_goes_with_the_next_answer(
    post: Post, replies_only: RecordingChannel, clock: Moving, how_far: str
) -> None:
    """A nurse's word outside any turn; a sender that held it finds it gone."""
    await post.writes("u1", channel="wechat")
    await post.say("u1", "护", channel="wechat", kind=Kind.STAFF)
    leased = []
    if how_far == "leased":
        leased = await post.engine.write(
            lambda tx: leases.claim(tx, "me", clock(), clock() + LEASE, 10)
        )
    elif how_far == "waiting":
        await post.send()
    assert await carried(post, await asked(post, "答")) == ["护", "答"]
    started = await post.engine.write(
        lambda tx: departure.start(tx, leased, clock(), clock() + SENDING, lambda *_: ONLY_REPLIES)
    )
    assert (started.sending, started.stopped) == ([], [])
    await post.send()
    assert replies_only.texts == []
    assert [row.state for row in await post.letters()] == ["sent", "sent"]


@pytest.mark.usefixtures("replies_only")
async def test_what_waited_never_takes_the_answers_room(post: Post, clock: Moving) -> None:
    await asked(post, "一一一一", "二二二")
    clock.move(seconds=10)
    assert await carried(post, await asked(post, "三三三三三三")) == ["三三三三三三"]
    assert await carried(post, await asked(post, "四四四")) == ["一一一一", "四四四"]
    assert await carried(post, await asked(post, "五五五")) == ["二二二", "五五五"]


@pytest.mark.usefixtures("replies_only")
async def test_an_emergency_goes_alone(post: Post, clock: Moving) -> None:
    await asked(post, "一")
    clock.move(seconds=10)
    assert await carried(post, await asked(post, Worded("打120", Kind.EMERGENCY))) == ["打120"]
    assert await carried(post, await asked(post, "二")) == ["一", "二"]


@pytest.mark.parametrize(
    ("kind", "now", "said"),
    [
        pytest.param(Kind.ANSWER, "held", [], id="the-bot-while-a-person-holds"),
        pytest.param(Kind.STAFF, "held", ["旧"], id="but-not-the-person"),
        pytest.param(Kind.REMINDER, "opted out", ["新"], id="a-reminder-after-opting-out"),
        pytest.param(Kind.ANSWER, "too late", ["新"], id="what-came-too-late"),
    ],
)
@pytest.mark.usefixtures("replies_only")
async def test_what_may_not_be_said_any_more_is_not_carried(
    post: Post, clock: Moving, kind: Kind, now: str, said: list[str]
) -> None:
    ends = clock() + timedelta(seconds=7) if now == "too late" else None
    await asked(post, Worded("旧", kind), expires_at=ends)
    changes = {"held": {"holder": "staff"}, "opted out": {"opted_out_at": clock()}}
    await post.set("u1", **changes.get(now, {}))
    clock.move(seconds=10)
    assert await carried(post, await asked(post, "新")) == said


async def test_a_template_still_goes_by_itself(post: Post, replies_only: RecordingChannel) -> None:
    await post.say(
        "u1", Worded("明天", Kind.REMINDER, template=Template("visit", {})), channel="wechat"
    )
    await post.send()
    assert replies_only.texts == ["明天"]
