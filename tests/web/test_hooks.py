"""The hooks: verify → parse → store → turn → ack, for platforms that wait and those that do not."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from bot.channels.base import Passive
from bot.message import Kind
from tests.helpers.platforms import KEY, Phone
from tests.helpers.ward import Ward
from tests.web.conftest import ALARM

#: Short waits, so that what is too late is so soon.
QUICK = Passive(wait=0.2, until=0.3)
INSISTS = Passive(wait=0.2, until=1.0, insists=True)


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("daoyi_refused_total", {"reason": reason}) or 0.0


async def test_a_reply_in_time_goes_in_the_answer_and_nowhere_else(ward: Ward) -> None:
    answer = await ward.waiting_phone.says("停车多少钱")
    assert answer.status_code == 200
    (text,) = answer.json()
    assert "智能助手" in text
    assert "4元" in text, "all of a turn is one message here"
    ward.later(minutes=5)
    await ward.settle()
    assert ward.passive.sent == []
    assert await ward.outgoing() == {"sent": 1}


async def test_a_reply_too_late_is_pushed_once_and_a_repetition_hears_nothing(ward: Ward) -> None:
    ward.passive.limits = replace(ward.passive.limits, passive=QUICK)
    phone = ward.waiting_phone
    ward.store.shut()
    late = await phone.says("停车多少钱")
    assert (late.status_code, late.json()) == (200, [])
    ward.store.open()
    await ward.settle()
    assert ward.passive.sent == [], "the platform's own request may still take it"
    ward.later(seconds=1)
    await ward.settle()
    assert ["4元" in text for text in ward.passive.texts] == [True]
    assert (await phone.says("停车多少钱", key="m1")).json() == []
    await ward.settle()
    assert len(ward.passive.sent) == 1


async def test_a_redelivery_gets_the_same_bytes_and_no_second_turn(ward: Ward) -> None:
    phone = ward.waiting_phone
    first = await phone.says("停车多少钱")
    turns = ward.store.turns
    await phone.says("谢谢")
    again = await phone.says("停车多少钱", key="m1")
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert await ward.counts() == {"handled": 2}
    assert await ward.outgoing() == {"sent": 2}
    assert turns == 1


async def test_three_attempts_at_once_are_one_turn_and_one_answer(ward: Ward) -> None:
    ward.store.shut()
    phone = ward.waiting_phone
    attempts = [asyncio.create_task(phone.says("停车多少钱", key="k")) for _ in range(3)]
    await ward.store.has_turns(1)
    ward.store.open()
    answers = await asyncio.gather(*attempts)
    assert {answer.content for answer in answers} == {answers[0].content}
    assert "4元" in answers[0].text
    assert await ward.counts() == {"handled": 1}
    assert await ward.outgoing() == {"sent": 1}


async def test_a_crash_between_taking_and_answering_costs_nothing(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, ack = ward.waiting_phone, ward.passive.ack

    def crash(*_: object) -> None:
        raise SystemError("killed")

    monkeypatch.setattr(ward.passive, "ack", crash)
    with pytest.raises(SystemError):
        await phone.says("停车多少钱")
    monkeypatch.setattr(ward.passive, "ack", ack)
    again = await phone.says("停车多少钱", key="m1")
    assert "4元" in again.text
    assert (await phone.says("停车多少钱", key="m1")).content == again.content
    assert await ward.outgoing() == {"sent": 1}


async def test_where_nothing_else_carries_a_reply_a_later_attempt_gets_it(ward: Ward) -> None:
    """The platform repeats a request that is not answered; its third is answered, come what may."""
    ward.passive.limits = replace(ward.passive.limits, passive=INSISTS)
    phone = ward.waiting_phone
    ward.store.shut()
    first = await phone.says("停车多少钱")
    assert first.status_code == 503, "an acknowledgement would end the repetitions"
    ward.later(seconds=0.3)
    ward.store.open()
    second = await phone.says("停车多少钱", key="m1")
    assert second.status_code == 200
    assert "4元" in second.text
    ward.later(seconds=60)
    await ward.settle()
    assert ward.passive.sent == []


async def test_the_last_attempt_is_acknowledged_and_the_reply_goes_with_the_next(
    ward: Ward,
) -> None:
    ward.passive.limits = replace(ward.passive.limits, passive=INSISTS)
    phone = ward.waiting_phone
    ward.store.shut()
    await phone.says("停车多少钱")
    ward.later(seconds=2.2)
    last = await phone.says("停车多少钱", key="m1")
    assert (last.status_code, last.json()) == (200, []), "she is not told that nobody is there"
    ward.store.open()
    ward.later(seconds=1)
    await ward.settle()
    assert ward.passive.sent == [], "nothing but an answer may carry it"
    assert await ward.outgoing() == {"waiting": 1}
    ward.passive.limits = replace(ward.passive.limits, passive=replace(INSISTS, until=10.0))
    next_one = await phone.says("谢谢", key="m2")
    assert ["4元" in text for text in next_one.json()] == [True, False], "she gets both"
    assert (await phone.says("谢谢", key="m2")).content == next_one.content
    assert (await phone.says("停车多少钱", key="m1")).json() == [], "not once more"
    await ward.settle()
    assert await ward.outgoing() == {"sent": 2}


async def test_a_silent_turn_is_acknowledged_at_once(ward: Ward) -> None:
    phone = ward.waiting_phone
    await phone.says("人工")
    answer = await phone.says("我的报告丢了")
    assert (answer.status_code, answer.json()) == (200, []), "a person answers this"


async def test_a_platform_that_is_sent_replies_is_acknowledged_after_the_commit(ward: Ward) -> None:
    ward.store.shut()
    phone = ward.pushed_phone
    answer = await phone.says("停车多少钱")
    assert (answer.status_code, answer.json()) == (200, [])
    assert await ward.counts() == {"new": 1}, "acknowledged, stored, not yet answered"
    ward.store.open()
    await ward.settle()
    assert ["4元" in text for text in ward.push.texts] == [False, True]
    await phone.says("停车多少钱", key="m1")
    await ward.settle()
    assert len(ward.push.sent) == 2


async def test_several_messages_of_one_post_are_stored_together_and_answered_in_order(
    ward: Ward,
) -> None:
    me, other = f"u{ward.number}", f"other{ward.number}"
    items = [
        {"from": me, "id": "a", "text": "停车多少钱"},
        {"from": other, "id": "b", "text": "谢谢"},
        {"from": me, "id": "c", "text": "再见"},
    ]
    assert (await ward.pushed_phone.posts(items)).status_code == 200
    await ward.settle()
    assert await ward.counts() == {"handled": 3}
    mine = [letter.worded.text for letter in ward.push.sent if letter.address.user == me]
    assert ["4元" in text for text in mine] == [False, True, False]


WRONG: dict[str, tuple[str, bytes, dict[str, str], int]] = {
    "no signature": ("/hooks/push/main", b'{"items": []}', {}, 403),
    "a wrong signature": ("/hooks/push/main", b'{"items": []}', {"x-key": "wrong"}, 403),
    "ill-formed": ("/hooks/push/main", b"<xml>", {"x-key": KEY}, 400),
    "what breaks the parser": ("/hooks/push/main", b'{"items": [7]}', {"x-key": KEY}, 400),
    "too long": ("/hooks/push/main", b" " * 300_000, {"x-key": KEY}, 413),
    "no such account": ("/hooks/push/other", b"{}", {"x-key": KEY}, 404),
    "no such channel": ("/hooks/pigeon/main", b"{}", {"x-key": KEY}, 404),
    "not for hooks": ("/hooks/webchat/main", b"{}", {"x-key": KEY}, 404),
    "another provider": ("/hooks/sms/twilio/main", b"{}", {"x-key": KEY}, 404),
    "no provider": ("/hooks/sms/main", b"{}", {"x-key": KEY}, 404),
    "a provider where there is none": ("/hooks/push/kannel/main", b"{}", {"x-key": KEY}, 404),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_not_right_is_4xx_and_counted_and_nothing_is_stored(
    case: str, ward: Ward
) -> None:
    path, content, headers, status = WRONG[case]
    before = refused(str(status))
    answer = await ward.http.post(path, content=content, headers=headers)
    assert answer.status_code == status
    assert await ward.counts() == {}
    if path != "/hooks/push/kannel/main":  # no route at all
        assert answer.json()["error"]
        assert refused(str(status)) == before + 1


async def test_a_body_that_never_ends_is_cut_off(ward: Ward) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 10_000

    answer = await ward.http.post("/hooks/push/main", content=endless(), headers={"x-key": KEY})
    assert answer.status_code == 413


async def test_a_handshake_is_verified_and_answered(ward: Ward) -> None:
    signed = await ward.http.get("/hooks/push/main?echo=42", headers={"x-key": KEY})
    assert (signed.status_code, signed.text) == (200, "42")
    assert (await ward.http.get("/hooks/push/main?echo=42")).status_code == 403
    sms = await ward.http.get("/hooks/sms/kannel/main?echo=7", headers={"x-key": KEY})
    assert sms.text == "7"


async def test_a_channel_sees_the_request_as_the_platform_signed_it(ward: Ward) -> None:
    await ward.http.post(
        "/hooks/push/main?a=%E5%81%9C&b=1&b=2", content=b'{"items": []}',
        headers={"X-Key": KEY, "Host": "evil.example"},
    )  # fmt: skip
    (request,) = ward.push.seen
    assert request.url == "https://bot.example.org/hooks/push/main?a=%E5%81%9C&b=1&b=2"
    assert request.query == {"a": "停", "b": "2"}
    assert request.headers["x-key"] == KEY
    assert (request.method, request.account, request.source) == ("POST", "main", "127.0.0.1")


async def test_without_a_database_the_platform_is_asked_to_come_back(ward: Ward) -> None:
    ward.store.gone = True
    for phone in (ward.waiting_phone, ward.pushed_phone):
        answer = await phone.says("停车多少钱")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
    ward.store.gone = False
    again = await ward.waiting_phone.says("停车多少钱", key="m1")
    assert "4元" in again.text


async def test_without_a_database_an_emergency_is_answered_on_every_channel(ward: Ward) -> None:
    ward.store.gone = True
    taken = await ward.waiting_phone.says(ALARM)
    assert taken.status_code == 200
    assert "120" in taken.text
    phone = ward.pushed_phone
    assert (await phone.says(ALARM)).status_code == 503, "the platform brings it again"
    assert (await phone.says(ALARM, key="m1")).status_code == 503
    await ward.app.intake.finish()
    assert [letter.worded.kind for letter in ward.push.sent] == [Kind.EMERGENCY]
    ward.store.gone = False
    assert (await phone.says(ALARM, key="m1")).status_code == 200
    await ward.settle()
    assert await ward.counts() == {"handled": 1}


async def test_a_slow_turn_does_not_keep_an_emergency_back(ward: Ward) -> None:
    ward.passive.limits = replace(ward.passive.limits, passive=QUICK)
    ward.store.shut()
    answer = await ward.waiting_phone.says(ALARM)
    assert answer.status_code == 200
    assert "120" in answer.text


async def test_a_flood_is_stored_and_answered_later_and_its_red_flag_at_once(ward: Ward) -> None:
    flooder, other = ward.pushed_phone, Phone(ward.http, "/hooks/push/main", f"other{ward.number}")
    for _ in range(5):
        await flooder.says("停车多少钱")
    await ward.settle()
    for _ in range(20):
        assert (await flooder.says("停车多少钱")).status_code == 200
    await flooder.says(ALARM)
    await other.says("停车多少钱")
    await ward.settle()
    assert await ward.counts() == {"handled": 7, "new": 20}
    assert "120" in next(w.worded.text for w in ward.push.sent if w.worded.kind is Kind.EMERGENCY)
    ward.later(seconds=10)
    while (await ward.counts()).get("new"):
        await ward.app.turns.sweep()
    assert await ward.counts() == {"handled": 27}


async def test_every_account_is_named_where_operators_look(ward: Ward) -> None:
    ready = (await ward.http.get("/readyz")).json()
    assert ready == {
        "database": "ready", "webchat": "ready",
        "passive/main": "ready", "push/main": "ready", "sms/main": "ready",
    }  # fmt: skip
