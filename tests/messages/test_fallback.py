"""Another way to the same person: her own addresses, each once, nothing for others' eyes (I7, I8)."""

from datetime import timedelta
from typing import Any

import pytest

from bot.channels.base import Limits
from bot.errors import Refused, TryLater, Unknown, Unreachable, WaitForUser
from bot.message import Button, Kind, Progress, Receipt, Worded
from bot.store.db import Engine
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import COUNTED, Post

Moving = Any  # the clock of conftest
NEUTRAL = "zh-CN: 您有一条新消息"


@pytest.fixture
def wechat() -> RecordingChannel:
    return RecordingChannel("wechat")


@pytest.fixture
def telegram() -> RecordingChannel:
    return RecordingChannel("telegram")


@pytest.fixture
def sms() -> RecordingChannel:
    return RecordingChannel("sms", Limits(text=70, private=False))


@pytest.fixture
def post(
    engine: Engine,
    clock: Moving,
    wechat: RecordingChannel,
    telegram: RecordingChannel,
    sms: RecordingChannel,
) -> Post:
    return Post(engine, clock, wechat, telegram, sms)


WECHAT, TELEGRAM, SMS = ("wechat", "w1"), ("telegram", "t1"), ("sms", "+8613800000001")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(Refused("48001"), "failed", id="refused"),
        pytest.param(Unreachable("blocked"), "failed", id="blocked"),
        pytest.param(WaitForUser("45015"), "waiting", id="nothing-until-she-writes"),
    ],
)
async def test_what_cannot_go_goes_by_text_message_without_its_words(
    post: Post, wechat: RecordingChannel, sms: RecordingChannel, answer: Exception, state: str
) -> None:
    """Whoever holds the phone learns that there is a message, not what of."""
    wechat.answers["妇科复诊"] = [answer]
    await post.is_one_person(WECHAT, SMS)
    (letter,) = await post.say("w1", "妇科复诊", channel="wechat", kind=Kind.REMINDER)
    await post.send()
    assert sms.texts == [NEUTRAL]
    first, stand_in = await post.letters()
    assert (first.state, stand_in.state, stand_in.origin_id) == (state, "sent", letter)
    assert first.seen_at is not None, "another took its place: off the list"


async def test_where_nobody_else_reads_the_words_themselves_go(
    post: Post, wechat: RecordingChannel, telegram: RecordingChannel
) -> None:
    wechat.answers["妇科复诊"] = [WaitForUser("45015")]
    await post.is_one_person(WECHAT, TELEGRAM)
    said = Worded("妇科复诊", Kind.REMINDER, (Button("好", "1"),))
    await post.say("w1", said, channel="wechat")
    await post.send()
    assert telegram.texts == ["妇科复诊"]
    assert telegram.taken[0].worded.buttons == (), "no question is open there"
    assert (await post.letters())[0].state == "dropped", "it does not follow when she writes"


async def test_an_emergency_keeps_its_words_everywhere(
    post: Post, wechat: RecordingChannel, sms: RecordingChannel
) -> None:
    wechat.answers["马上拨打120"] = [Refused("bad")]
    await post.is_one_person(WECHAT, SMS)
    await post.say("w1", "马上拨打120", channel="wechat", kind=Kind.EMERGENCY)
    await post.send()
    assert sms.texts == ["马上拨打120"]


@pytest.mark.parametrize(
    ("order", "first"),
    [
        pytest.param(None, "telegram", id="the-hospital's-order"),
        pytest.param("sms telegram", "sms", id="her-own"),
        pytest.param("webchat", "telegram", id="a-channel-that-is-not-set-up"),
    ],
)
async def test_addresses_are_tried_in_order_each_once(
    post: Post, order: str | None, first: str
) -> None:
    """When the first also fails, the next; never the same twice, never back to where it began."""
    texts = {"wechat": "提醒", "telegram": "提醒", "sms": NEUTRAL}
    for name, channel in post.channels.items():
        channel.answers[texts[name]] = [Refused("no")] * 5
    await post.is_one_person(WECHAT, TELEGRAM, SMS, order=order)
    await post.say("w1", "提醒", channel="wechat", kind=Kind.REMINDER)
    await post.send()
    assert [len(channel.taken) for channel in post.channels.values()] == [1, 1, 1]
    rows = await post.letters()
    tried = (await post.conversation("t1")).id if first == "telegram" else None
    assert tried in (None, rows[1].conversation_id)
    assert [row.origin_id for row in rows] == [None, rows[0].id, rows[0].id]
    assert [row.seen_at is None for row in rows] == [False, False, True], "the last is listed"
    assert rows[2].conversation_id in post.rung, "staff are told"


@pytest.mark.parametrize(
    "spoils",
    [
        pytest.param({"verified_at": None}, id="not-proven"),
        pytest.param({"unreachable_at": 0}, id="unreachable"),
        pytest.param({"opted_out_at": 0}, id="opted-out"),
        pytest.param({"person_id": None}, id="somebody-else"),
        pytest.param({"account": "gone"}, id="account-not-set-up"),
    ],
)
async def test_an_address_that_may_not_be_used_is_not(
    post: Post, wechat: RecordingChannel, sms: RecordingChannel, spoils: dict[str, Any]
) -> None:
    wechat.answers["提醒"] = [Refused("no")]
    post.channels["sms/main"] = post.channels.pop("sms")
    await post.is_one_person(WECHAT, SMS)
    now = post.clock()
    await post.set(SMS[1], **{name: now if value == 0 else value for name, value in spoils.items()})
    (letter,) = await post.say("w1", "提醒", channel="wechat", kind=Kind.REMINDER)
    await post.send()
    row = await post.letter(letter)
    assert (sms.texts, row.state, row.error, row.seen_at) == ([], "failed", "no", None)
    assert row.conversation_id in post.rung


async def test_what_waits_again_is_not_told_again(engine: Engine, clock: Moving) -> None:
    """She writes, but the window is too small: her text message told her already."""
    wechat, telegram = RecordingChannel("wechat", COUNTED), RecordingChannel("telegram")
    sms = RecordingChannel("sms", Limits(private=False))
    post = Post(engine, clock, wechat, sms, telegram)
    await post.is_one_person(WECHAT, SMS, TELEGRAM, order="sms")
    await post.say("w1", "结果出来了", channel="wechat", kind=Kind.NOTICE)
    await post.send()
    for _ in range(2):
        await post.writes("w1", channel="wechat")
        await post.send()
    assert (sms.texts, telegram.texts) == ([NEUTRAL], [])


async def test_who_has_one_address_only_fails_visibly(post: Post, wechat: RecordingChannel) -> None:
    wechat.answers["甲"] = [Refused("no")]
    (letter,) = await post.say("w1", "甲", channel="wechat")
    await post.send()
    assert ((await post.letter(letter)).state, len(await post.letters())) == ("failed", 1)


async def test_a_code_never_goes_elsewhere(post: Post, sms: RecordingChannel) -> None:
    """It proves the very phone it was sent to."""
    sms.answers["123456"] = [Refused("no")]
    await post.is_one_person(WECHAT, SMS)
    await post.say(SMS[1], "123456", channel="sms", kind=Kind.NOTICE, only_here=True)
    await post.send()
    assert len(await post.letters()) == 1


async def test_what_may_have_arrived_does_not_go_elsewhere(
    post: Post, wechat: RecordingChannel, sms: RecordingChannel
) -> None:
    wechat.answers["甲"] = [Unknown("timed out")]
    await post.is_one_person(WECHAT, SMS)
    await post.say("w1", "甲", channel="wechat")
    await post.send()
    assert sms.texts == []


async def test_what_may_still_go_does_not_go_elsewhere_yet(
    post: Post, wechat: RecordingChannel, sms: RecordingChannel, clock: Moving
) -> None:
    """After the last try it does."""
    wechat.answers["甲"] = [TryLater("busy") for _ in range(6)]
    await post.is_one_person(WECHAT, SMS)
    await post.say("w1", "甲", channel="wechat", kind=Kind.STAFF)
    for wait in (0, 2, 10, 60, 300):
        clock.move(seconds=wait)
        await post.send()
        assert sms.texts == []
    clock.move(seconds=1800)
    await post.send()
    assert sms.texts == [NEUTRAL]


@pytest.mark.parametrize("kind", [Kind.REMINDER, Kind.NOTICE, Kind.STAFF, Kind.EMERGENCY])
async def test_an_undelivered_message_goes_by_another_channel(
    post: Post, telegram: RecordingChannel, kind: Kind
) -> None:
    """The platform took it, then could not deliver it: once, however often it says so."""
    await post.is_one_person(SMS, TELEGRAM)
    (letter,) = await post.say(SMS[1], "提醒", channel="sms", kind=kind)
    await post.send()
    for progress in (Progress.UNDELIVERED, Progress.UNDELIVERED, Progress.FAILED):
        await post.arrive(Receipt("sms", "main", progress, message_id=letter))
        await post.send()
    assert telegram.texts == ["提醒"]
    assert (await post.letter(letter)).state == "failed"


async def test_an_undelivered_answer_is_only_listed(post: Post, telegram: RecordingChannel) -> None:
    """An hour later nobody wants the answer to a question on another channel."""
    await post.is_one_person(SMS, TELEGRAM)
    (letter,) = await post.say(SMS[1], "答案", channel="sms")
    await post.send()
    await post.arrive(Receipt("sms", "main", Progress.UNDELIVERED, message_id=letter))
    await post.send()
    row = await post.letter(letter)
    assert (telegram.texts, row.state, row.seen_at) == ([], "failed", None)


async def test_a_stand_in_expires_with_its_message(
    post: Post, wechat: RecordingChannel, sms: RecordingChannel, clock: Moving
) -> None:
    wechat.answers["提醒"] = [Refused("no")]
    sms.answers[NEUTRAL] = [TryLater("busy")]
    await post.is_one_person(WECHAT, SMS)
    await post.say(
        "w1", "提醒", channel="wechat", kind=Kind.REMINDER,
        expires_at=clock() + timedelta(minutes=1),
    )  # fmt: skip
    await post.send()
    clock.move(minutes=1)
    await post.send()
    assert (len(sms.taken), (await post.letters())[1].error) == (1, "too late")


async def test_a_page_nobody_may_look_at_takes_nothing_off_the_list(
    engine: Engine, clock: Moving
) -> None:
    """A stand-in on the chat page is stored, but whether she looks is not known."""
    page, push = RecordingChannel("webchat", Limits(pull=True)), RecordingChannel("telegram")
    push.answers["提醒"] = [Refused("no")]
    post = Post(engine, clock, push, page)
    post.delivery = post.worker("me", order=("telegram", "webchat"))
    await post.is_one_person(("telegram", "t1"), ("webchat", "v1"))
    await post.say("t1", "提醒", channel="telegram", kind=Kind.REMINDER)
    await post.send()
    first, stand_in = await post.letters()
    assert (stand_in.state, first.seen_at) == ("sent", None)
    assert set(post.rung) == {first.conversation_id, stand_in.conversation_id}


async def test_without_a_neutral_text_nothing_reaches_other_eyes(
    post: Post, wechat: RecordingChannel, sms: RecordingChannel
) -> None:
    wechat.answers["提醒"] = [Refused("no")]
    post.delivery = post.worker("me", neutral=None)
    await post.is_one_person(WECHAT, SMS)
    await post.say("w1", "提醒", channel="wechat")
    await post.send()
    assert sms.texts == []


async def test_a_window_that_is_used_up_is_reason_enough(engine: Engine, clock: Moving) -> None:
    """What waits for her to write reaches her otherwise; where it could not say all, it still waits."""
    wechat = RecordingChannel("wechat", COUNTED)
    sms = RecordingChannel("sms", Limits(private=False))
    post = Post(engine, clock, wechat, sms)
    await post.is_one_person(WECHAT, SMS)
    (letter,) = await post.say("w1", "结果出来了", channel="wechat", kind=Kind.NOTICE)
    await post.send()
    assert (wechat.texts, sms.texts) == ([], [NEUTRAL])
    assert (await post.letter(letter)).state == "waiting"
