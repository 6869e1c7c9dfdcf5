"""A real Kannel (bearerbox, smsbox) between our channel and a real SMPP server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.channels.base import HookAnswer, HookRequest, Tools
from bot.channels.sms import Sms, parts
from bot.channels.sms_providers.base import Encoding
from bot.message import Arrival, Inbound, Progress, Receipt, Sent
from tests.channels.sms.conftest import PASSWORD, Gateway, Processes, start_operator, started
from tests.channels.sms.shared import NOW, NUMBER, SECRET, letter, opened, outcome
from tests.channels.sms.table import Fault

#: What a gateway's URL may never quote.
_QUOTED = "secret words"


def kannel(gateway: Gateway, **more: Any) -> Sms:
    secrets = {"password": PASSWORD, "hook_secret": SECRET, **more.pop("secrets", {})}
    config = {
        "provider": "kannel", "api_base_url": gateway.url, "username": "daoyi", "sender": "10690000",
        "callback_url": gateway.hook.base, **more,
    }  # fmt: skip
    return opened(config, secrets, Tools(lambda: NOW, "config.toml", region="CN"))


class Desk:
    """Our side of the hook: verifies, parses, stores each key once, answers.

    Attributes:
        away: so many requests are answered 503 before anything is stored, as without a database.
    """

    def __init__(self, channel: Sms) -> None:
        self.channel = channel
        self.stored: dict[str, Arrival] = {}
        self.away = 0

    async def take(self, request: HookRequest) -> HookAnswer:
        """Do what the application does, in its order."""
        if self.away:
            self.away -= 1
            return HookAnswer(b"", "text/plain", 503)
        for item in self.channel.parse(request, self.channel.verify(request)):
            self.stored[item.key if isinstance(item, Inbound) else repr(item)] = item
        return self.channel.ack(request, [])

    @property
    def heard(self) -> list[Inbound]:
        """The messages."""
        return [item for item in self.stored.values() if isinstance(item, Inbound)]

    @property
    def receipts(self) -> list[Receipt]:
        """The receipts."""
        return [item for item in self.stored.values() if isinstance(item, Receipt)]


@pytest.fixture
async def desk(gateway: Gateway) -> AsyncIterator[Desk]:
    made = Desk(kannel(gateway))
    await gateway.taken(0)
    gateway.hook.handled_by(made.take)
    yield made
    gateway.hook.reset()


async def test_a_chinese_text_of_two_parts_goes_out_and_its_receipt_comes_back(
    gateway: Gateway, desk: Desk
) -> None:
    text = "您好，您的复诊已预约，请提前十分钟到门诊二楼的分诊台报到。" * 3
    cost = parts(text)
    assert (cost.encoding, cost.parts) == (Encoding.UCS2, 2)
    assert await desk.channel.send(letter(text)) == Sent(None, Progress.ACCEPTED)
    first, second = await gateway.taken(2)
    assert first["text"] + second["text"] == text
    assert [part["coding"] for part in (first, second)] == [8, 8]
    assert [(part["part"], part["parts"]) for part in (first, second)] == [(1, 2), (2, 2)]
    assert [part["udh"][:4] for part in (first, second)] == ["0003", "0003"], "a concatenation"
    assert {part["to"] for part in (first, second)} == {NUMBER.removeprefix("+")}
    assert [part["receipt"] for part in (first, second)] == [17, 0], "only the first is asked for"
    await gateway.hook.got(1)
    await gateway.order("report", id=first["id"])
    await gateway.hook.got(2)
    assert desk.receipts == [
        Receipt("sms", "main", Progress.SENT, 7, first["id"], part=1),
        Receipt("sms", "main", Progress.DELIVERED, 7, first["id"], part=1),
    ]


async def test_a_receipt_that_tells_why_it_failed_quotes_nothing(
    gateway: Gateway, desk: Desk
) -> None:
    await desk.channel.send(letter("明天见", id=8))
    (taken,) = await gateway.taken(1)
    await gateway.hook.got(1)
    await gateway.order("report", id=taken["id"], state="UNDELIV", err="051")
    requests = await gateway.hook.got(2)
    assert desk.receipts[-1] == Receipt(
        "sms", "main", Progress.UNDELIVERED, 8, taken["id"], code="error_51"
    )
    urls = " ".join(request.url for request in requests).replace("+", " ")
    assert _QUOTED not in urls, "what the operator quotes in its receipt is not asked for"


async def test_a_text_that_the_operator_refuses_has_failed(gateway: Gateway, desk: Desk) -> None:
    await gateway.order("rule", refuse=0x45)
    try:
        assert await desk.channel.send(letter("1", id=9)) == Sent(None, Progress.ACCEPTED)
        await gateway.hook.got(1)
    finally:
        await gateway.order("rule", refuse=0)
    assert desk.receipts == [Receipt("sms", "main", Progress.FAILED, 9, "", code="centre_refused")]


#: Every character of GSM 03.38 but escape and form feed, which nobody types.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TEXTS = [
    pytest.param("Tomorrow 10:00, room 2 + 3 (100%) & more", 0, 1, id="plain Latin"),
    pytest.param(_BASIC.replace("\r", ""), 0, 1, id="the whole GSM alphabet"),
    pytest.param("€[]{}~^\\|", 0, 1, id="characters that take two septets"),
    pytest.param("x" * 460, 0, 4, id="four parts of Latin"),
    pytest.param("复诊：明天十点😀", 8, 1, id="an emoji"),
    pytest.param("中" * 402, 8, 6, id="six parts of Chinese"),
    pytest.param("a，b", 8, 1, id="one full-width comma"),
    pytest.param(" 前后 ", 8, 1, id="spaces around it"),
    pytest.param("第一行\n第二行", 8, 1, id="two lines"),
    pytest.param("100%d %F 5+5", 0, 1, id="what looks like Kannel's escapes"),
]


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(("text", "coding", "count"), TEXTS)
async def test_what_we_count_is_what_goes_out(
    gateway: Gateway, desk: Desk, text: str, coding: int, count: int, method: str
) -> None:
    assert parts(text).parts == count
    assert (parts(text).encoding is Encoding.UCS2) is (coding == 8)
    await kannel(gateway, method=method).send(letter(text))
    taken = await gateway.taken(count)
    assert "".join(part["text"] for part in taken) == text
    assert {part["coding"] for part in taken} == {coding}
    assert {part["parts"] for part in taken} == {count}
    await gateway.hook.got(1)
    assert desk.receipts[0].progress is Progress.SENT


SAID = [
    pytest.param("hello & 100% + more", id="plain Latin"),
    pytest.param("你好，停车多少钱？", id="Chinese"),
    pytest.param("a😀b", id="an emoji"),
    pytest.param("退订", id="two characters"),
    pytest.param("1", id="a digit"),
    pytest.param("１", id="a full-width digit"),
]


@pytest.mark.parametrize("text", SAID)
async def test_a_reply_comes_in(gateway: Gateway, desk: Desk, text: str) -> None:
    await gateway.order("say", **{"from": NUMBER, "to": "10690000", "text": text})
    await gateway.hook.got(1)
    (inbound,) = desk.heard
    assert (inbound.text, inbound.address.user) == (text, NUMBER)
    assert inbound.key


async def test_kannel_repeats_what_we_could_not_store_and_it_is_stored_once(
    gateway: Gateway, desk: Desk
) -> None:
    desk.away = 2
    await gateway.order("say", **{"from": NUMBER, "to": "10690000", "text": "还在吗"})
    requests = await gateway.hook.got(3)
    assert len({request.query["id"] for request in requests}) == 1, "the same %I each time"
    (inbound,) = desk.heard
    assert inbound.text == "还在吗"


async def test_a_receipt_that_we_could_not_store_comes_again(gateway: Gateway, desk: Desk) -> None:
    desk.away = 1
    await desk.channel.send(letter("1", id=10))
    await gateway.taken(1)
    await gateway.hook.got(2)
    assert [receipt.progress for receipt in desk.receipts] == [Progress.SENT]


async def test_nothing_of_our_answer_goes_to_the_patient(gateway: Gateway, desk: Desk) -> None:
    await gateway.order("say", **{"from": NUMBER, "to": "10690000", "text": "谢谢"})
    await gateway.hook.got(1)
    await desk.channel.send(letter("后来的一条", id=11))
    taken = await gateway.taken(1)
    assert [message["text"] for message in taken] == ["后来的一条"]


async def test_many_at_once_all_arrive_with_their_own_receipts(
    gateway: Gateway, desk: Desk
) -> None:
    await asyncio.gather(
        *(desk.channel.send(letter(f"第{number}号", id=100 + number)) for number in range(20))
    )
    taken = await gateway.taken(20)
    assert sorted(message["text"] for message in taken) == sorted(f"第{n}号" for n in range(20))
    await gateway.hook.got(20)
    assert {receipt.message_id for receipt in desk.receipts} == set(range(100, 120))


FAULTS = [
    pytest.param(
        {"secrets": {"password": "wrong"}}, NUMBER, "NeedsOperator", "kannel_403", id="password"
    ),
    pytest.param({"username": "nobody"}, NUMBER, "NeedsOperator", "kannel_403", id="user"),
    pytest.param({"path": "/elsewhere"}, NUMBER, "NeedsOperator", "kannel_404", id="path"),
]


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(("more", "to", "kind", "code"), FAULTS)
async def test_what_kannel_itself_refuses(
    gateway: Gateway, more: dict[str, Any], to: str, kind: str, code: str, method: str
) -> None:
    channel = kannel(gateway, method=method, **more)
    Fault(kind, code, why="").check(await outcome(channel, letter("1", to=to)))


async def test_looking_whether_it_works_sends_nothing(gateway: Gateway, desk: Desk) -> None:
    found = await desk.channel.check()
    assert [finding.ok for finding in found] == [True, True]
    wrong = await kannel(gateway, secrets={"password": "wrong"}).check()
    assert [finding.ok for finding in wrong] == [True, False]
    assert await gateway.taken(0) == []


async def test_an_operator_that_is_away_gets_it_later_and_a_dead_kannel_takes_nothing(
    tmp_path: Path,
) -> None:
    with Processes(tmp_path) as processes, started(processes) as own:
        desk = Desk(kannel(own))
        own.hook.handled_by(desk.take)
        processes.stop("operator")
        await asyncio.to_thread(processes.until, lambda: is_away(tmp_path), "Kannel did not notice")
        assert await desk.channel.send(letter("稍后", id=21)) == Sent(None, Progress.QUEUED)
        _, own.operator = await asyncio.to_thread(start_operator, processes, own.smpp)
        (taken,) = await own.taken(1)
        assert taken["text"] == "稍后"
        await own.hook.got(1)
        assert [(one.progress, one.message_id) for one in desk.receipts] == [(Progress.SENT, 21)]
        processes.stop("smsbox")
        processes.stop("bearerbox")
        fault = Fault("TryLater", "kannel_unreachable", whole=True)
        fault.check(await outcome(desk.channel, letter(id=22)))


def is_away(folder: Path) -> bool:
    """Say whether bearerbox saw that its operator is gone."""
    log = (folder / "bearerbox.log").read_text("utf-8", "replace")
    return "connect failed" in log.lower() or "couldn't connect" in log.lower()
