"""A reminder that cannot go where it was said: in its kind's order, at the hours there, no further."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.channels.base import Limits
from bot.errors import Refused, Unreachable
from bot.message import Button, Kind, Template, Worded
from bot.messages.fallback import Elsewhere
from bot.store.db import Engine, Tx
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import Post

Moving = Any  # the clock of conftest

WECHAT, TELEGRAM, SMS = ("wechat", "w1"), ("telegram", "t1"), ("sms", "+8613800000001")
VISIT = Worded(
    "明天复诊，妇科",
    Kind.REMINDER,
    (Button("1 确认会到", "#1.1"), Button("2 改期", "#1.2")),
    Template("visit", {"who": "王芳", "department": "妇科"}, {"who": "王芳", "department": "门诊"}),
    "明天有门诊\n1 确认会到\n2 改期",
)
BLOCKED = "明天复诊，妇科"


class House:
    """One person on three channels, of which WeChat is blocked."""

    def __init__(self, engine: Engine, clock: Moving, sms: Limits | None = None) -> None:
        self.wechat, self.telegram = RecordingChannel("wechat"), RecordingChannel("telegram")
        self.sms = RecordingChannel("sms", sms or Limits(text=70, private=False))
        self.post = Post(engine, clock, self.wechat, self.telegram, self.sms)
        self.wechat.answers[BLOCKED] = [Unreachable("blocked")]
        self.unreached: list[int] = []

    def elsewhere(
        self, orders: Mapping[str, tuple[str, ...]] | None = None, begins: Any = None
    ) -> None:
        def unreached(tx: Tx, outbox_id: int, now: datetime) -> None:  # noqa: ARG001
            self.unreached.append(outbox_id)

        made = Elsewhere(orders or {}, begins or (lambda *given: given[3]), unreached)
        self.post.delivery = self.post.worker("this process", elsewhere=made)

    async def remind(self, **how: Any) -> int:
        (letter,) = await self.post.say("w1", VISIT, channel="wechat", **how)
        await self.post.send()
        return letter


@pytest.fixture
def house(engine: Engine, clock: Moving) -> House:
    made = House(engine, clock)
    made.elsewhere()
    return made


async def test_others_read_the_time_and_nothing_else(house: House) -> None:
    """What was worded for other eyes goes, with the digits that answer it."""
    await house.post.is_one_person(WECHAT, SMS)
    await house.remind()
    assert house.sms.texts == ["明天有门诊\n1 确认会到\n2 改期"]
    first, stand_in = await house.post.letters()
    assert stand_in.way == "stand-in: wechat unreachable"
    assert (first.state, first.seen_at is None) == ("failed", False)


async def test_where_nobody_else_reads_all_of_it_goes_with_its_digits(house: House) -> None:
    await house.post.is_one_person(WECHAT, TELEGRAM)
    await house.remind()
    assert house.telegram.texts == ["明天复诊，妇科\n1 确认会到\n2 改期"]


async def test_an_account_of_templates_gets_the_fields_for_other_eyes(
    engine: Engine, clock: Moving
) -> None:
    approved = Limits(private=False, free_text=False, templates=frozenset({"visit"}))
    house = House(engine, clock, approved)
    house.elsewhere()
    await house.post.is_one_person(WECHAT, SMS)
    await house.remind()
    (letter,) = house.sms.taken
    assert letter.worded.template is not None
    assert letter.worded.template.values == {"who": "王芳", "department": "门诊"}


@pytest.mark.parametrize(
    ("own", "kinds", "first"),
    [
        pytest.param(None, (), "telegram", id="the-hospitals"),
        pytest.param(None, ("sms",), "sms", id="the-kinds"),
        pytest.param("telegram", ("sms",), "telegram", id="her-own-before-all"),
    ],
)
async def test_in_whose_order(
    house: House, own: str | None, kinds: tuple[str, ...], first: str
) -> None:
    house.elsewhere({"visit": kinds})
    await house.post.is_one_person(WECHAT, TELEGRAM, SMS, order=own)
    await house.remind()
    went = {"telegram": house.telegram.texts, "sms": house.sms.texts}
    assert [name for name, texts in went.items() if texts] == [first]


async def test_it_waits_for_the_hours_of_the_other_address(house: House, clock: Moving) -> None:
    opens = clock() + timedelta(hours=9)
    house.elsewhere(begins=lambda *_: opens)
    await house.post.is_one_person(WECHAT, SMS)
    await house.remind(expires_at=clock() + timedelta(hours=12))
    assert house.sms.texts == []
    clock.move(hours=9)
    await house.post.send()
    assert len(house.sms.texts) == 1


async def test_what_would_be_too_late_there_goes_to_nobody(house: House, clock: Moving) -> None:
    house.elsewhere(begins=lambda *_: clock() + timedelta(hours=9))
    await house.post.is_one_person(WECHAT, SMS)
    letter = await house.remind(expires_at=clock() + timedelta(hours=8))
    assert house.sms.texts == []
    assert house.unreached == [letter], "staff hear of it"


async def test_an_address_where_she_wants_none_of_it_is_left_out(house: House) -> None:
    house.elsewhere(begins=lambda *_: None)
    await house.post.is_one_person(WECHAT, SMS)
    letter = await house.remind()
    assert (house.sms.texts, house.unreached) == ([], [letter])


async def test_an_address_that_opted_out_is_left_out(house: House, clock: Moving) -> None:
    await house.post.is_one_person(WECHAT, SMS, TELEGRAM)
    await house.post.set("t1", opted_out_at=clock())
    await house.remind()
    assert (house.telegram.texts, len(house.sms.texts)) == ([], 1)


async def test_the_last_address_gives_up_and_staff_are_told_once(house: House) -> None:
    """Each address once; whoever was reached nowhere is on the list, and the engine hears of it."""
    house.telegram.answers["明天复诊，妇科\n1 确认会到\n2 改期"] = [Unreachable("403")]
    house.sms.answers["明天有门诊\n1 确认会到\n2 改期"] = [Refused("bad_number")]
    await house.post.is_one_person(WECHAT, TELEGRAM, SMS)
    letter = await house.remind()
    assert house.unreached == [letter]
    assert [row.state for row in await house.post.letters()] == ["failed"] * 3
    await house.post.send()
    assert house.unreached == [letter]


async def test_who_has_it_from_elsewhere_is_no_case_for_staff(house: House) -> None:
    await house.post.is_one_person(WECHAT, SMS)
    await house.remind()
    assert house.unreached == []
