"""Sending: what Telegram is told, and what each of its refusals allows us to do next."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bench.standins.telegram import Telegram as Platform
from bot import errors
from bot.channels import telegram
from bot.channels.telegram import Telegram
from bot.message import Address, Button, Outbound, Worded
from tests.channels.telegram.shared import Judge, opened

Opens = Callable[..., Telegram]
USER = "7000000001"


def letter(text: str = "您好", *buttons: Button, user: str = USER) -> Outbound:
    return Outbound(7, Address("telegram", "main", user), Worded(text, buttons=buttons))


async def test_a_message_is_plain_text_with_its_buttons_below(
    platform: Platform, bot: Opens, judge: Judge
) -> None:
    sent = await bot().send(letter("*请* <b>选</b> https://example.org", Button("停车", "#3.1")))
    ((method, told),) = platform.calls
    assert judge.about("call", told, method) == ""
    assert told["text"] == "*请* <b>选</b> https://example.org"
    assert told["link_preview_options"] == {"is_disabled": True}
    assert "parse_mode" not in told
    (shown,) = platform.screen(USER)
    assert (shown.text, shown.buttons) == (told["text"], (("停车", "#3.1"),))
    assert sent.provider_id == "1"


REFUSALS: list[tuple[str, Any, type[errors.SendError], float | None]] = [
    ("flood", (429, "Too Many Requests: retry after 7", {"retry_after": 7}), errors.TryLater, 7.0),
    ("flood without a time", (429, "Too Many Requests", {}), errors.TryLater, None),
    ("blocked", (403, "Forbidden: bot was blocked by the user", {}), errors.Unreachable, None),
    ("deactivated", (403, "Forbidden: user is deactivated", {}), errors.Unreachable, None),
    (
        "kicked",
        (403, "Forbidden: bot was kicked from the group chat", {}),
        errors.Unreachable,
        None,
    ),
    ("nobody", (400, "Bad Request: chat not found", {}), errors.Unreachable, None),
    ("no peer", (400, "Bad Request: PEER_ID_INVALID", {}), errors.Unreachable, None),
    ("too long", (400, "Bad Request: message is too long", {}), errors.Refused, None),
    ("odd button", (400, "Bad Request: BUTTON_DATA_INVALID", {}), errors.Refused, None),
    ("other 400", (400, "Bad Request: 您好", {}), errors.Refused, None),
    ("too large", (413, "Request Entity Too Large", {}), errors.Refused, None),
    ("unauthorized", (401, "Unauthorized", {}), errors.NeedsOperator, None),
    ("not found", (404, "Not Found", {}), errors.NeedsOperator, None),
    ("own 500", (500, "Internal Server Error: restart", {}), errors.TryLater, None),
    ("own 503", (503, "Service Unavailable", {}), errors.TryLater, None),
    ("gateway 502", (502, "Bad Gateway", {}), errors.Unknown, None),
    ("gateway 504", (504, "Gateway Timeout", {}), errors.Unknown, None),
]


@pytest.mark.parametrize(
    ("refusal", "kind", "after"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
async def test_a_refusal_says_what_may_be_done(
    platform: Platform,
    bot: Opens,
    refusal: tuple[int, str, dict[str, int]],
    kind: type[errors.SendError],
    after: float | None,
) -> None:
    code, description, more = refusal
    platform.refuse("sendMessage", code, description, more=more)
    channel = bot()
    with pytest.raises(errors.SendError) as refused:
        await channel.send(letter())
    assert type(refused.value) is kind
    if isinstance(refused.value, errors.TryLater):
        assert refused.value.after == after
        assert not refused.value.whole_account, "a refusal for one chat stops no other"
    for secret in ("您好", USER, "A_bot", "100200300"):
        assert secret not in f"{refused.value!r} {refused.value.code}"
    assert platform.screen(USER) == []
    await channel.send(letter())


async def test_a_chat_that_moved_is_told_with_its_new_number(
    platform: Platform, bot: Opens
) -> None:
    platform.migrate("-9000000001", -1009000000001)
    with pytest.raises(errors.ChatMoved) as moved:
        await bot().send(letter(user="-9000000001"))
    assert moved.value.user == "-1009000000001"
    assert moved.value.retryable


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("<html>ok</html>"),
        JSONResponse({"ok": True, "result": {}}),
        JSONResponse({"ok": True}),
        JSONResponse([]),
        PlainTextResponse("[" * 90_000),
        JSONResponse({"ok": True, "result": 7}),
    ],
    ids=["html", "empty", "no result", "a list", "deep", "a number"],
)
async def test_an_answer_nobody_can_read_may_mean_that_it_was_taken(
    platform: Platform, bot: Opens, answer: Response, caplog: pytest.LogCaptureFixture
) -> None:
    platform.answer_with("sendMessage", answer)
    with pytest.raises(errors.Unknown):
        await bot().send(letter())
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_an_answer_that_comes_too_late_leaves_it_unknown(
    platform: Platform, bot: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did arrive: sent again, she would have it twice."""
    monkeypatch.setattr(telegram, "READ_TIMEOUT", 0.2)
    platform.faults.slow_answer, platform.slow = True, 5.0
    with pytest.raises(errors.Unknown) as unknown:
        await bot().send(letter())
    assert unknown.value.uncertain
    assert len(platform.screen(USER)) == 1


async def test_a_connection_that_was_never_made_leaves_nothing_in_doubt() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(errors.TryLater) as later:
        await opened(url).send(letter())
    assert later.value.code == "no connection"


async def test_a_connection_cut_after_the_request_leaves_it_unknown() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(errors.Unknown):
            await opened(f"http://127.0.0.1:{port}").send(letter())


@pytest.mark.parametrize("fault", ["token_expired", "gateway_dead", "blocked"])
async def test_the_faults_of_the_phones_are_the_platforms_own(
    platform: Platform, bot: Opens, fault: str
) -> None:
    kinds = {"token_expired": errors.NeedsOperator, "gateway_dead": errors.TryLater}
    setattr(platform.faults, fault, True)
    with pytest.raises(kinds.get(fault, errors.Unreachable)):
        await bot().send(letter())


@pytest.mark.parametrize(
    ("value", "carried"),
    [
        ("x" * 64, True),
        ("门" * 21, True),
        ("x" * 65, False),
        ("门" * 22, False),
        ("", False),
    ],
    ids=["64 bytes", "21 Chinese", "65 bytes", "22 Chinese", "nothing"],
)
async def test_a_button_that_telegram_would_refuse_is_a_line_to_type(
    platform: Platform, bot: Opens, value: str, *, carried: bool
) -> None:
    """The message always goes: a value of more than 64 bytes costs the button, not the text."""
    await bot().send(letter("请选", Button("停车", value), Button("转人工", "#person")))
    (shown,) = platform.screen(USER)
    assert shown.buttons[-1] == ("转人工", "#person")
    assert shown.text == ("请选" if carried else "请选\n· 停车")
    assert len(shown.buttons) == (2 if carried else 1)


@pytest.mark.parametrize(
    ("text", "length"), [("a" * 5, 5), ("好" * 5, 5), ("😀" * 5, 10), ("\ud83d", 1)]
)
def test_a_text_is_measured_in_utf_16(text: str, length: int) -> None:
    assert Telegram.limits.measure(text) == length


async def test_the_longest_text_goes_and_one_unit_more_does_not(
    platform: Platform, bot: Opens
) -> None:
    longest = "😀" * 2_048
    await bot().send(letter(longest))
    with pytest.raises(errors.Refused) as refused:
        await bot().send(letter(longest + "."))
    assert refused.value.code == "400 message is too long"
    assert len(platform.screen(USER)) == 1


def test_a_group_is_written_to_less_often_than_a_person() -> None:
    rates = Telegram.limits.rates
    assert [(r.scope, r.messages, r.seconds) for r in rates(USER)] == [
        ("account", 30, 1.0),
        ("address", 1, 1.0),
    ]
    assert [(r.scope, r.messages, r.seconds) for r in rates("-1009000000001")] == [
        ("account", 30, 1.0),
        ("address", 20, 60.0),
    ]
