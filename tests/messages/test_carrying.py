"""How a message leaves where there is a choice: window × template × permission × kind, in one table."""

from datetime import timedelta
from typing import Any

import pytest

from bot.channels.base import Limits, Passive
from bot.errors import Unknown
from bot.message import Address, Kind, Permission, Template, Worded
from bot.messages.carrying import LAST, SPARED, By, as_carried, choose
from bot.store.db import Engine
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import GRANT, Post

Moving = Any  # the clock of conftest

ACCOUNT = Limits(
    text=20,
    counted=True,
    templates=frozenset({"visit", "notice"}),
    permitted=frozenset({"notice"}),
)
WHERE = Address("wechat", "main", "u1")

#: The template of a reminder, whether she allowed one, what is left of her window → how it goes.
#: The window is the conversation's: where a template or a notice says it as well, two are left for an
#: answer and a nurse; where nothing else says it, the last one is.
TABLE = [
    # reminder's template, allowed, left → as what, why
    ("visit", False, 5, By.WORDS, "window open"),
    ("visit", False, 3, By.WORDS, "window open"),
    ("visit", False, 2, By.TEMPLATE, "window spared"),
    ("visit", False, 1, By.TEMPLATE, "window spared"),
    ("visit", False, 0, By.TEMPLATE, "no window"),
    ("notice", True, 5, By.WORDS, "window open"),
    ("notice", True, 2, By.NOTICE, "allowed once, window spared"),
    ("notice", True, 0, By.NOTICE, "allowed once, no window"),
    ("notice", False, 5, By.WORDS, "window open"),
    ("notice", False, 2, By.WORDS, "window open"),
    ("notice", False, 1, By.NOTHING, "window spared"),
    ("notice", False, 0, By.NOTHING, "no window"),
    ("none", False, 5, By.WORDS, "window open"),
    ("none", False, 2, By.WORDS, "window open"),
    ("none", False, 1, By.NOTHING, "window spared"),
    ("none", False, 0, By.NOTHING, "no window"),
]


@pytest.mark.parametrize(("template", "allowed", "left", "by", "why"), TABLE)
def test_a_reminder(template: str, allowed: bool, left: int, by: By, why: str) -> None:
    said = Worded("明天复诊", Kind.REMINDER, template=Template(template))
    way = choose(said, ACCOUNT, left, lambda: allowed)
    assert way is not None
    assert (way.by, way.why) == (by, why)
    assert len(str(way)) <= 40, "as it is stored"


@pytest.mark.parametrize("kind", [Kind.ANSWER, Kind.QUESTION, Kind.NOTICE, Kind.STAFF])
@pytest.mark.parametrize("left", [1, 2, 5])
def test_what_is_no_reminder_uses_the_window_to_the_last(kind: Kind, left: int) -> None:
    for template in (None, Template("visit")):
        way = choose(Worded("好", kind, template=template), ACCOUNT, left, lambda: False)
        assert way is not None
        assert way.by is By.WORDS


def test_an_emergency_waits_for_nothing() -> None:
    way = choose(Worded("打120", Kind.EMERGENCY), ACCOUNT, 0, lambda: False)
    assert way is not None
    assert way.by is By.WORDS


def test_words_that_are_too_long_go_as_a_template() -> None:
    said = Worded("长" * 21, Kind.REMINDER, template=Template("visit"))
    way = choose(said, ACCOUNT, 5, lambda: False)
    assert way is not None
    assert way.by is By.TEMPLATE


def test_an_account_that_only_answers_sends_templates() -> None:
    replies = Limits(counted=True, passive=Passive(insists=True), templates=frozenset({"visit"}))
    known = choose(Worded("明天", Kind.REMINDER, template=Template("visit")), replies, 5, bool)
    other = choose(Worded("明天", Kind.REMINDER), replies, 5, bool)
    assert known is not None
    assert other is not None
    assert (known.by, other.by) == (By.TEMPLATE, By.NOTHING)


def test_elsewhere_there_is_no_choice() -> None:
    assert choose(Worded("明天", Kind.REMINDER), Limits(), 0, bool) is None
    approved = Limits(free_text=False, templates=frozenset({"visit"}))
    assert choose(Worded("明天", template=Template("visit")), approved, 0, bool) is None


def test_what_was_chosen_is_what_the_channel_is_handed() -> None:
    said = Worded("明天", Kind.REMINDER, template=Template("visit"))
    assert as_carried(said, "service message: window open").template is None
    for way in ("template: no window", "notice: allowed once, no window", None):
        assert as_carried(said, way) == said


# ---- at the instant of sending, with what the database holds


@pytest.fixture
def wechat() -> RecordingChannel:
    return RecordingChannel("wechat", ACCOUNT)


@pytest.fixture
def post(engine: Engine, clock: Moving, wechat: RecordingChannel) -> Post:
    return Post(engine, clock, wechat)


async def remind(post: Post, *templates: str) -> None:
    said = [Worded(name, Kind.REMINDER, template=Template(name)) for name in templates]
    await post.say("u1", *said, channel="wechat")
    await post.send()


async def ways(post: Post) -> list[str | None]:
    return [row.way for row in await post.letters()]


async def test_reminders_leave_room_for_the_conversation(
    post: Post, wechat: RecordingChannel
) -> None:
    await post.writes("u1", channel="wechat", grant=GRANT)
    await remind(post, *["visit"] * 6)
    assert [one.worded.template is None for one in wechat.taken] == [True] * 3 + [False] * 3
    assert (await post.conversation("u1")).window_left == SPARED
    assert (
        await ways(post) == ["service message: window open"] * 3 + ["template: window spared"] * 3
    )


async def test_without_a_template_the_last_one_is_left(post: Post) -> None:
    await post.writes("u1", channel="wechat", grant=GRANT)
    await remind(post, *["none"] * 6)
    assert (await post.conversation("u1")).window_left == LAST
    assert [row.state for row in await post.letters()] == ["sent"] * 4 + ["waiting"] * 2
    await post.say("u1", "护士在", channel="wechat", kind=Kind.STAFF)
    await post.send()
    assert (await post.letters())[-1].state == "sent"


async def test_a_permission_is_kept_while_words_can_go(post: Post, clock: Moving) -> None:
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.arrive(Permission(WHERE, "k", "notice", allowed=True))
    await remind(post, "notice")
    clock.move(hours=49)
    await remind(post, "notice", "notice")
    assert await ways(post) == [
        "service message: window open",
        "notice: allowed once, no window",
        None,
    ]
    assert [row.state for row in await post.letters()] == ["sent", "sent", "failed"]


async def test_what_may_have_gone_in_words_is_not_taken_for_a_template(
    post: Post, wechat: RecordingChannel
) -> None:
    """A template that is asked for again comes once; words would come twice."""
    wechat.answers["visit"] = [Unknown("timed out")]
    await post.writes("u1", channel="wechat", grant=GRANT)
    await remind(post, "visit")
    (letter,) = await post.letters()
    assert (letter.state, letter.way) == ("unknown", "service message: window open")


async def test_how_it_went_is_kept_where_there_is_no_choice(engine: Engine, clock: Moving) -> None:
    sms = RecordingChannel("sms", Limits(carrier="text message"))
    page = RecordingChannel("webchat", Limits(pull=True))
    post = Post(engine, clock, sms, page)
    await post.say("u1", "甲", channel="sms")
    await post.say("u2", "乙", channel="webchat")
    await post.send()
    assert await ways(post) == ["text message", "page"]


async def test_what_she_writes_in_this_moment_opens_the_window(post: Post, clock: Moving) -> None:
    await remind(post, "none")
    clock.move(seconds=int(timedelta(minutes=1).total_seconds()))
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.send()
    assert [row.state for row in await post.letters()] == ["sent"]
