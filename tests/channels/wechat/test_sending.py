"""What is sent, what became of it, what each answer of the platform allows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bench.standins.wechat import Wechat as StandIn
from bot.channels import wechat_api
from bot.channels.wechat import Wechat
from bot.errors import (
    NeedsOperator,
    Refused,
    SendError,
    TryLater,
    Unknown,
    Unreachable,
    WaitForUser,
)
from bot.message import Sent, Template
from tests.conftest import Clock
from tests.helpers.wechat import SECRET, USER, beside, channel, error_of, letter, scripted

SEND, TEMPLATE, NOTICE = "message/custom/send", "message/template/send", "message/subscribe/bizsend"
VISIT = Template("visit", {"patient": "张*", "time": "明天 8:30"})
MOVED = Template("moved", {"time1": "明天"})


async def test_a_text_goes_as_a_customer_service_message(
    account: Wechat, stand_in: StandIn
) -> None:
    assert await account.send(letter("您好，\n请问")) == Sent()
    (shown,) = stand_in.screen(USER)
    assert (shown.text, shown.note) == ("您好，\n请问", "customer-service message")
    assert stand_in.platform.calls == ["stable_token", SEND]


async def test_words_go_as_they_are_and_never_as_escapes() -> None:
    """The platform refuses a character written as its number (40033)."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"errcode": 0})

    await scripted(answer).send(letter("胸痛 😀"))
    assert "胸痛 😀" in seen[0].content.decode()
    assert USER not in str(seen[0].url)
    assert "胸痛" not in str(seen[0].url)


async def test_a_template_goes_with_our_number_under_the_platforms_names(
    account: Wechat, stand_in: StandIn
) -> None:
    sent = await account.send(letter(template=VISIT, id=41))
    again = await account.send(letter(template=VISIT, id=41, attempt=2))
    other = await account.send(letter(template=VISIT, id=42))
    assert sent == again != other
    assert sent.provider_id
    assert [shown.text for shown in stand_in.screen(USER)] == ["thing1: 张*\ntime2: 明天 8:30"] * 2


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("thing1", "字" * 20, "字" * 20),
        ("thing1", "字" * 21, "字" * 19 + "…"),
        ("thing12", "第一行\n第二行", "第一行 第二行"),
        ("name2", "欧阳" * 10, "欧阳" * 4 + "欧…"),
        ("phrase3", "已经预约成功", "已经预约…"),
        ("character_string4", "A" * 40, "A" * 31 + "…"),
        ("time5", "2026年11月18日 08:30~09:00", "2026年11月18日 08:30~09:00"),
        ("first", "字" * 200, "字" * 200),
    ],
)
async def test_a_value_is_made_to_fit_its_field(
    name: str, value: str, sent: str, stand_in: StandIn
) -> None:
    """The platform refuses a longer one, and one of two lines (47003)."""
    account = beside(stand_in, templates={"visit": "TM-1"})
    await account.send(letter(template=Template("visit", {name: value})))
    assert [shown.text for shown in stand_in.screen(USER)] == [f"{name}: {sent}"]


async def test_a_notice_goes_once_for_each_permission(account: Wechat, stand_in: StandIn) -> None:
    assert (await error_of(account, template=MOVED)).code == "wechat 43101"
    stand_in.platform.allowed[USER, "NT-1"] = 1
    await account.send(letter(template=MOVED))
    assert [shown.note for shown in stand_in.screen(USER)] == ["subscription notice"]
    assert isinstance(await error_of(account, template=MOVED), Refused)


async def test_a_template_the_account_does_not_have_goes_in_words(
    account: Wechat, stand_in: StandIn
) -> None:
    await account.send(letter("请按时服药", template=Template("medicine")))
    assert [shown.text for shown in stand_in.screen(USER)] == ["请按时服药"]


def test_the_limits_say_what_the_account_has(account: Wechat) -> None:
    limits = account.limits
    assert limits.templates == {"visit", "moved"}
    assert limits.permitted == {"moved"}
    assert (limits.text, limits.measure("字"), limits.join, limits.counted) == (
        2_048,
        3,
        True,
        True,
    )
    assert limits.passive
    assert (limits.passive.wait, limits.passive.insists) == (4.5, False)
    alone = channel(customer_service=False).limits.passive
    assert alone
    assert alone.insists


async def test_without_customer_service_only_templates_go(stand_in: StandIn) -> None:
    account = beside(stand_in, customer_service=False, templates={"visit": "TM-1"})
    assert isinstance(await error_of(account), WaitForUser)
    assert stand_in.platform.calls == []
    await account.send(letter(template=VISIT))


async def test_the_window_and_its_five_messages(
    account: Wechat, stand_in: StandIn, clock: Clock
) -> None:
    for _ in range(5):
        await account.send(letter())
    assert isinstance(await error_of(account), WaitForUser)
    stand_in._windows[USER] = clock().timestamp() + 60, 3
    clock.now += timedelta(seconds=61)
    assert (await error_of(account)).code == "wechat 45015"


CODES: dict[int, type[SendError]] = {
    -1: TryLater, -1000: TryLater, 45011: TryLater, 45066: TryLater, 43108: TryLater,
    40001: NeedsOperator, 40014: NeedsOperator, 42001: NeedsOperator, 40002: NeedsOperator,
    40013: NeedsOperator, 40125: NeedsOperator, 40164: NeedsOperator, 40243: NeedsOperator,
    41001: NeedsOperator, 41002: NeedsOperator, 41004: NeedsOperator, 45009: NeedsOperator,
    48001: NeedsOperator, 48004: NeedsOperator, 48006: NeedsOperator, 40037: NeedsOperator,
    43107: NeedsOperator, 89503: NeedsOperator,
    43004: Unreachable, 43019: Unreachable, 46004: Unreachable, 48002: Unreachable,
    50002: Unreachable, 50005: Unreachable,
    45015: WaitForUser, 45047: WaitForUser,
    43101: Refused, 40003: Refused, 40008: Refused, 40033: Refused, 44004: Refused, 45002: Refused,
    45168: Refused, 47001: Refused, 47003: Refused, 99999: Refused,
}  # fmt: skip
WHOLE = {45011, 45066, 40001, 40014, 42001, 40002, 40013, 40125, 40164, 40243, 41001, 41002, 41004,
         45009, 48004, 48006, 89503}  # fmt: skip


@pytest.mark.parametrize("code", CODES)
async def test_an_error_code_allows(code: int, account: Wechat, stand_in: StandIn) -> None:
    stand_in.platform.errors[SEND] = code
    error = await error_of(account, text="胸痛")
    assert type(error) is CODES[code]
    assert error.code == str(error) == f"wechat {code}"
    assert getattr(error, "whole_account", False) is (code in WHOLE)
    assert stand_in.screen(USER) == []


@pytest.mark.parametrize("code", [45009, 45011])
async def test_of_too_much_is_said_when_to_try_again(
    code: int, account: Wechat, stand_in: StandIn
) -> None:
    stand_in.platform.errors[SEND] = code
    error = await error_of(account)
    assert isinstance(error, TryLater)
    assert error.after == (60.0 if code == 45011 else 3600.0)


async def test_a_template_that_was_sent_before_was_sent(account: Wechat, stand_in: StandIn) -> None:
    stand_in.platform.errors[TEMPLATE] = 45065
    assert await account.send(letter(template=VISIT)) == Sent()


LOST: dict[str, tuple[Any, type[SendError]]] = {
    "no connection": (httpx.ConnectError("x"), TryLater),
    "no connection in time": (httpx.ConnectTimeout("x"), TryLater),
    "all connections taken": (httpx.PoolTimeout("x"), TryLater),
    "too many requests": (httpx.Response(429, headers={"retry-after": "17"}), TryLater),
    "a dead server": (httpx.Response(500), TryLater),
    "a dead gateway": (httpx.Response(502, text="<html>Bad Gateway"), TryLater),
    "maintenance": (httpx.Response(503), TryLater),
    "a gateway that heard nothing": (httpx.Response(504), Unknown),
    "no answer in time": (httpx.ReadTimeout("x"), Unknown),
    "a connection that broke": (httpx.ReadError("x"), Unknown),
    "half a request": (httpx.WriteError("x"), Unknown),
    "a hang-up": (httpx.RemoteProtocolError("x"), Unknown),
    "a web page": (httpx.Response(200, text="<html>welcome"), Unknown),
    "a list": (httpx.Response(200, json=[]), Unknown),
    "a deep answer": (httpx.Response(200, text="[" * 100_000), Unknown),
    "no number": (httpx.Response(200, json={"errcode": "zero"}), Unknown),
    "somebody else": (httpx.Response(404), NeedsOperator),
    "a proxy that wants a password": (httpx.Response(407), NeedsOperator),
    "another address": (httpx.Response(302, headers={"location": "http://x"}), NeedsOperator),
}


@pytest.mark.parametrize("name", LOST)
async def test_of_a_lost_answer_is_said_whether_it_may_have_been_sent(name: str) -> None:
    answer, kind = LOST[name]

    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    account = scripted(handle, templates={"visit": "TM-1"})
    error = await error_of(account, text="胸痛")
    assert type(error) is kind
    if name == "too many requests":
        assert isinstance(error, TryLater)
        assert (error.after, error.whole_account) == (17.0, True)
    early = await error_of(account, template=VISIT)
    assert type(early) is (TryLater if kind is Unknown else kind), "the platform sends it only once"
    late = await error_of(account, template=VISIT, attempt=5)
    assert type(late) is kind, "when we try again, the platform may have forgotten it"


async def test_no_error_names_a_patient_a_token_or_a_word(
    account: Wechat, stand_in: StandIn
) -> None:
    errors = []
    for code in CODES:
        stand_in.platform.errors[SEND] = code
        errors.append(await error_of(account, text="胸痛"))
    for answer, _ in LOST.values():
        if isinstance(answer, Exception):
            errors.append(await error_of(scripted(_raise(answer)), text="胸痛"))
    for error in errors:
        told = f"{error!r} {error} {error.code} {error.__cause__!r}"
        assert not any(word in told for word in (USER, "胸痛", "tok", SECRET, "rid"))
        assert len(error.code) <= 80


def _raise(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def handle(_: httpx.Request) -> httpx.Response:
        raise error

    return handle


async def test_an_api_that_did_it_and_answers_too_late(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a real connection: what was done and what is unknown of it are two things."""
    from tests.helpers.wechat_server import served

    monkeypatch.setattr(wechat_api, "_TIMEOUT", httpx.Timeout(0.2))
    stand_in.platform.slow = 0.6
    stand_in.faults.slow_answer = True
    with served(stand_in.api) as url:
        account = channel(api_base_url=url, templates={"visit": "TM-1"})
        account._api._keys |= {"secret": stand_in.account[1]["secret"]}
        assert isinstance(await error_of(account), Unknown)
        assert isinstance(await error_of(account, template=VISIT), TryLater)
        stand_in.faults.slow_answer = False
        await account.send(letter(template=VISIT, attempt=2))
        await account._api.close()
    notes = [shown.note for shown in stand_in.screen(USER)]
    assert notes == ["customer-service message", "template message"], (
        "one template, asked for twice"
    )


async def test_a_platform_that_is_not_there() -> None:
    account = channel(api_base_url="http://127.0.0.1:9")
    error = await error_of(account)
    await account._api.close()
    assert isinstance(error, TryLater)
    assert error.code == "no connection"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("blocked", Unreachable), ("gateway_dead", TryLater)],
)
async def test_a_fault_of_the_platform(
    fault: str, kind: type, account: Wechat, stand_in: StandIn
) -> None:
    setattr(stand_in.faults, fault, True)
    assert isinstance(await error_of(account), kind)
    setattr(stand_in.faults, fault, False)
    await account.send(letter())


async def test_a_fresh_template_may_be_sent_again_and_nothing_else_can_be_asked_about(
    account: Wechat, clock: Clock
) -> None:
    fresh = letter(template=VISIT, at=clock())
    assert await account.look_up(fresh) is None
    for other in (letter(at=clock()), letter(template=MOVED, at=clock()), letter(template=VISIT)):
        with pytest.raises(Unknown):
            await account.look_up(other)
    clock.now += timedelta(minutes=10)
    with pytest.raises(Unknown):
        await account.look_up(fresh)
