"""A patient on WeChat and the whole application: what her phone shows, and what it does not."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from prometheus_client import REGISTRY

from bench.standins.wechat import BROKEN
from bot.message import Template
from tests.channels.wechat.conftest import HOOK, Ward
from tests.helpers.wechat import MODES, USER, payload, query, until, xml

Open = Callable[..., Awaitable[Ward]]

PARKING = "停车多少钱"
PASSIVE, PUSHED = "passive reply", "customer-service message"


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("daoyi_refused_total", {"reason": reason}) or 0.0


@pytest.mark.parametrize("mode", MODES)
async def test_a_question_is_answered_in_the_platforms_own_request(
    open_ward: Open, mode: str
) -> None:
    ward = await open_ward(mode)
    assert await ward.platform.handshake()
    await ward.platform.say(USER, PARKING)
    ((text, note),) = ward.shown
    assert note == PASSIVE
    assert "元" in text
    await ward.settle()
    assert ward.platform.platform.calls == [], "what was said once is not pushed again"
    assert (await ward.outgoing()).get("sent", 0) >= 1


async def test_all_of_a_turn_is_one_message(ward: Ward) -> None:
    await ward.platform.follow(USER)
    await ward.platform.say(USER, "你好")
    await ward.platform.say(USER, "人工")
    await ward.settle()
    assert len(ward.shown) == 3
    assert all(len(text.encode()) <= 2_048 for text, _ in ward.shown)


async def test_the_same_post_again_is_answered_with_the_same_bytes(ward: Ward) -> None:
    asked = ward.platform.request(
        USER, ward.platform.xml(USER, {"MsgType": "text", "Content": PARKING})
    )
    answers = [await ward.platform.post(*asked) for _ in range(3)]
    assert answers[0]
    assert answers == [answers[0]] * 3
    assert await ward.stored() == 1


async def test_a_tap_on_the_menu_says_its_words(ward: Ward) -> None:
    await ward.platform.say(USER, PARKING)
    await ward.platform.choose(USER, PARKING)
    (said, _), (tapped, _) = ward.shown
    assert said.endswith(tapped), "before its first answer it introduces itself"


async def test_a_voice_is_read_where_wechat_wrote_it_down(ward: Ward) -> None:
    await ward.platform.say(USER, PARKING)
    await ward.platform.voice(USER, PARKING)
    await ward.platform.voice(USER)
    said, heard, asked = (text for text, _ in ward.shown)
    assert said.endswith(heard)
    assert asked not in ("", heard)


async def test_whoever_follows_is_welcomed_and_whoever_leaves_is_left_alone(ward: Ward) -> None:
    await ward.platform.follow(USER, "lobby")
    assert len(ward.shown) == 1
    await ward.platform.unfollow(USER)
    await ward.tell("提醒您明天来复诊")
    await ward.settle()
    assert len(ward.shown) == 1
    assert (await ward.row("提醒您明天来复诊")).state == "failed"
    assert ward.platform.platform.calls == [], "an address that left is not tried"
    await ward.platform.follow(USER)
    await ward.tell("欢迎回来")
    await ward.settle(1)
    assert ("欢迎回来", PUSHED) in ward.shown


async def test_whoever_left_unseen_is_found_out_by_the_first_message(ward: Ward) -> None:
    await ward.platform.say(USER, PARKING)
    ward.platform.faults.blocked = True
    await ward.tell("一", "二")
    await ward.settle()
    assert [(await ward.row(text)).state for text in "一二"] == ["failed", "failed"]
    assert ward.platform.platform.calls == ["stable_token", "message/custom/send"]


async def test_an_answer_that_is_late_comes_as_a_customer_service_message(ward: Ward) -> None:
    ward.hurry(wait=0.2, until=0.3)
    ward.store.shut()
    await ward.platform.say(USER, PARKING)
    assert ward.shown == []
    assert ward.notices == []
    ward.store.open()
    await ward.settle()
    ((text, note),) = ward.shown
    assert note == PUSHED
    assert "元" in text


async def test_without_customer_service_the_repetitions_join_the_turn(open_ward: Open) -> None:
    ward = await open_ward(customer_service=False)
    ward.hurry(until=10.0, insists=True)
    ward.platform.patience = 0.5
    ward.store.shut()
    saying = asyncio.create_task(ward.platform.say(USER, PARKING))
    await until(lambda: len(ward.platform.posted) == 3)
    ward.store.open()
    await saying
    ((text, note),) = ward.shown
    assert note == PASSIVE
    assert "元" in text
    assert await ward.stored() == 1
    assert ward.notices == []


@pytest.mark.parametrize("mode", MODES)
async def test_without_customer_service_what_was_too_late_goes_with_the_next_answer(
    open_ward: Open, mode: str
) -> None:
    ward = await open_ward(mode, customer_service=False)
    ward.hurry(until=10.0, insists=True)
    await ward.platform.say(USER, "你好")
    await ward.tell("检查改到三楼")
    await ward.settle()
    assert (await ward.row("检查改到三楼")).state == "waiting"
    asked = ward.platform.request(
        USER, ward.platform.xml(USER, {"MsgType": "text", "Content": PARKING})
    )
    answers = [await ward.platform.post(*asked) for _ in range(3)]
    assert answers == [answers[0]] * 3, "WeChat's repetitions get the same"
    await ward.platform.say(USER, PARKING)
    texts = [text for text, note in ward.shown if note == PASSIVE]
    assert not any("三楼" in text for text in texts), "and the next answer does not say it again"
    await ward.settle()
    assert ward.platform.platform.calls == []
    assert (await ward.row("检查改到三楼")).state == "sent"


async def test_five_messages_go_and_the_sixth_waits_for_her(ward: Ward) -> None:
    await ward.platform.say(USER, PARKING)
    texts = [f"第{n}条" for n in range(1, 7)]
    await ward.tell(*texts)
    await ward.settle()
    assert [text for text, note in ward.shown if note == PUSHED] == texts[:5]
    assert (await ward.row("第6条")).state == "waiting"
    assert ward.platform.platform.calls.count("message/custom/send") == 5, "counted, not tried"
    await ward.platform.say(USER, "好")
    await ward.settle(1)
    assert ("第6条", PUSHED) in ward.shown


async def test_when_the_platform_counts_otherwise_it_waits_too(ward: Ward) -> None:
    await ward.platform.say(USER, PARKING)
    ward.platform._windows[USER] = 0.0, 0
    await ward.tell("您的报告好了")
    await ward.settle()
    assert (await ward.row("您的报告好了")).state == "waiting"
    await ward.platform.say(USER, "好")
    await ward.settle(1)
    assert ("您的报告好了", PUSHED) in ward.shown


async def test_after_two_days_only_a_template_goes_and_its_receipt_is_kept(ward: Ward) -> None:
    await ward.platform.say(USER, PARKING)
    await ward.settle(49 * 3600)
    await ward.tell("复诊提醒", template=Template("visit", {"time": "明天 8:30"}))
    await ward.tell("随便说说")
    await ward.settle()
    assert ward.shown[1:] == [("time: 明天 8:30", "template message")]
    assert (await ward.row("随便说说")).state == "waiting"
    reminder = await ward.row("复诊提醒")
    assert (reminder.state, reminder.progress) == ("sent", "delivered")


async def test_a_notice_goes_as_often_as_she_allowed_it(ward: Ward) -> None:
    await ward.platform.say(USER, PARKING)
    await ward.platform.allow(USER, "NT-1", "NT-OTHER")
    await ward.settle()
    ward.clock.move(hours=49)  # nothing else is open by then
    for text in ("改期一", "改期二"):
        await ward.tell(text, template=Template("moved", {"time1": "周五"}))
        await ward.settle()
    notes = [note for _, note in ward.shown]
    assert notes == [PASSIVE, "subscription notice"]
    assert (await ward.row("改期二")).state == "failed"


@pytest.mark.parametrize("fault", ["retry_storm", "duplicate"])
async def test_a_message_that_comes_often_is_answered_once(ward: Ward, fault: str) -> None:
    setattr(ward.platform.faults, fault, True)
    await ward.platform.say(USER, PARKING)
    await ward.settle()
    assert len(ward.shown) == 1
    assert await ward.stored() == 1


async def test_messages_in_the_wrong_order_are_both_answered(ward: Ward) -> None:
    ward.platform.faults.out_of_order = True
    await ward.platform.say(USER, PARKING)
    await ward.platform.say(USER, "几点开门")
    await ward.settle()
    assert len(ward.shown) == 2
    assert "元" in ward.shown[1][0]


@pytest.mark.parametrize("fault", ["gateway_dead", "token_expired"])
async def test_what_cannot_go_now_goes_later(ward: Ward, fault: str) -> None:
    await ward.platform.say(USER, PARKING)
    await ward.tell("先说一句")
    await ward.settle(1)
    setattr(ward.platform.faults, fault, True)
    await ward.tell("您的号快到了")
    await ward.settle(1)
    ward.platform.faults.gateway_dead = False
    await ward.settle(30)
    assert [text for text, _ in ward.shown][1:] == ["先说一句", "您的号快到了"]
    assert (await ward.row("您的号快到了")).state == "sent"


async def test_a_database_that_is_away_is_a_503_and_the_repetition_is_answered(ward: Ward) -> None:
    ward.store.gone = True
    await ward.platform.say(USER, PARKING)
    assert ward.notices == [BROKEN]
    assert len(ward.platform.posted) == 3
    ward.store.gone = False
    answer = await ward.platform.post(*ward.platform.posted[0])
    assert answer
    assert "元" in ward.platform.reply(USER, answer)


async def test_an_emergency_is_answered_even_then(ward: Ward) -> None:
    ward.store.gone = True
    await ward.platform.say(USER, "胸口剧痛喘不上气")
    ((text, note),) = ward.shown
    assert "120" in text
    assert note == PASSIVE


@pytest.mark.parametrize("name", ["view", "location_event", "publish", "text_empty", "mass_sent"])
async def test_what_needs_no_answer_is_acknowledged_and_not_stored(
    open_ward: Open, name: str
) -> None:
    ward = await open_ward("plain")
    query, _ = ward.platform.request(USER, "")
    assert await ward.platform.post(query, payload(name).encode()) == b"success"
    assert await ward.stored() == 0


@pytest.mark.parametrize("mode", MODES)
async def test_what_is_not_signed_or_no_message_is_counted_and_not_stored(
    open_ward: Open, mode: str
) -> None:
    ward = await open_ward(mode)
    good, body = ward.platform.request(USER, xml())
    name = "signature" if mode == "plain" else "msg_signature"
    attempts = [
        ({}, body, 403),
        ({**good, name: "0" * 40}, body, 403),
        (query(token="another"), xml().encode(), 403),
        (good, b"<xml>" + b" " * 70_000, 403 if mode != "plain" else 413),
        (ward.platform.request(USER, "<html/>")[0], b"<html/>", 400 if mode == "plain" else 403),
    ]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(ward.app.http)) as wire:
        for asked, raw, status in attempts:
            before = refused(str(status))
            answer = await wire.post(HOOK, params=asked, content=raw)
            assert answer.status_code == status
            assert refused(str(status)) == before + 1
            assert "停车" not in answer.text
        assert (await wire.get(HOOK, params={"echostr": "1"})).status_code == 403
        assert (await wire.post(HOOK.replace("main", "other"), content=body)).status_code == 404
    assert await ward.stored() == 0
