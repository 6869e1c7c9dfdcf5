"""Polling: nothing is confirmed before it is stored, and nothing bad costs its neighbours."""

import asyncio
import json
from collections.abc import Callable, Sequence

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from bench.standins.telegram import Telegram as Platform
from bot.channels import telegram
from bot.channels.telegram import Telegram
from bot.errors import StoreError
from bot.message import Address, Arrival, Button, Form, Inbound, Outbound, Worded
from tests.channels.telegram.shared import PAYLOADS, Judge, Kept, running, until

Opens = Callable[..., Telegram]
LI, WANG = "7000000001", "7000000002"


def texts(arrivals: Sequence[Arrival]) -> list[str]:
    return [item.text for item in arrivals if isinstance(item, Inbound)]


def keys(arrivals: Sequence[Arrival]) -> set[str]:
    return {item.key for item in arrivals if isinstance(item, Inbound)}


def waiting(platform: Platform) -> int:
    return len(platform._queue)


async def test_what_was_written_meanwhile_is_there_and_what_comes_is_heard_at_once(
    platform: Platform, bot: Opens, kept: Kept, judge: Judge
) -> None:
    early = [asyncio.create_task(platform.say(LI, f"第{n}句")) for n in range(3)]
    async with running(bot().run(kept)):
        await asyncio.gather(*early)
        await platform.say(WANG, "停车多少钱")
        await platform.voice(LI)
        await until(lambda: len(kept.arrivals) == 5)
    assert texts(kept.arrivals) == ["第0句", "第1句", "第2句", "停车多少钱", ""]
    assert [a.form for a in kept.arrivals if isinstance(a, Inbound)][-1] is Form.VOICE
    assert waiting(platform) == 0
    for method, told in platform.calls:
        assert judge.about("call", told, method) == "", method
    for update in platform.posted:
        assert judge.about("update", update) == ""


async def test_updates_are_confirmed_only_once_they_are_stored(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    """The database is away for a while: Telegram keeps them, and gives the same again."""
    kept.errors = [StoreError("away")] * 3
    early = [asyncio.create_task(platform.say(LI, text)) for text in "一二三"]
    await until(lambda: waiting(platform) == 3)
    async with running(bot().run(kept)):
        await asyncio.gather(*early)
    assert texts(kept.arrivals) == ["一", "二", "三"]
    assert len({tuple(sorted(keys(batch))) for batch in kept.batches}) == 1
    assert len(kept.batches) == 4


async def test_a_poller_that_dies_before_confirming_leaves_them_at_telegram(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    early = [asyncio.create_task(platform.say(LI, text)) for text in "一二三"]
    await until(lambda: waiting(platform) == 3)
    died = asyncio.Event()

    async def store_and_die(arrivals: Sequence[Arrival]) -> None:
        await kept(arrivals)
        died.set()
        await asyncio.Event().wait()

    async with running(bot().run(store_and_die)):
        await died.wait()
    assert waiting(platform) == 3
    async with running(bot().run(kept)):
        await asyncio.gather(*early)
    assert texts(kept.arrivals) == ["一", "二", "三"] * 2
    assert len(keys(kept.arrivals)) == 3, "the second time they have the keys of the first"


async def test_one_bad_update_never_drops_its_neighbours(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    """The library alone refuses the whole batch for a callback query without its chat_instance."""
    tap = json.loads((PAYLOADS / "tap.json").read_text("utf-8"))["update"]["callback_query"]
    bad = {"callback_query": {k: v for k, v in tap.items() if k != "chat_instance"}}
    pushed = [
        asyncio.create_task(work)
        for work in (
            platform.say(LI, "前"),
            platform.push(bad),
            platform.push({"message": {"text": 1}}),
            platform.say(LI, "后"),
        )
    ]
    await until(lambda: waiting(platform) == 4)
    async with running(bot().run(kept)):
        await asyncio.gather(*pushed)
        await until(lambda: waiting(platform) == 0)
    assert texts(kept.arrivals) == ["前", "后"]


async def test_one_that_cannot_be_stored_never_keeps_its_neighbours_out(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    async def picky(arrivals: Sequence[Arrival]) -> None:
        if "坏" in texts(arrivals):
            raise ValueError("no column for this")
        await kept(arrivals)

    early = [asyncio.create_task(platform.say(LI, text)) for text in "前坏后"]
    await until(lambda: waiting(platform) == 3)
    async with running(bot().run(picky)):
        await asyncio.gather(*early)
    assert texts(kept.arrivals) == ["前", "后"]


async def test_numbers_may_start_anew(platform: Platform, bot: Opens, kept: Kept) -> None:
    """After a quiet week they do, anywhere: lower ones are no older."""
    async with running(bot().run(kept)):
        for start in (900_000_000, 5, 700):
            platform.start_numbers_at(start)
            await platform.say(LI, f"从{start}")
        await until(lambda: len(keys(kept.arrivals)) == 3)
        await until(lambda: waiting(platform) == 0)
    assert texts(kept.arrivals) == ["从900000000", "从5", "从700"]


@pytest.mark.parametrize("fault", ["duplicate", "retry_storm"])
async def test_what_comes_again_has_the_same_key(
    platform: Platform, bot: Opens, kept: Kept, fault: str
) -> None:
    setattr(platform.faults, fault, True)
    async with running(bot().run(kept)):
        await platform.say(LI, "停车")
        await until(lambda: len(kept.arrivals) >= 2)
        platform.faults.retry_storm = False
        await until(lambda: waiting(platform) == 0)
    assert len(keys(kept.arrivals)) == 1


async def test_the_other_order_is_taken_as_it_comes(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    platform.faults.out_of_order = True
    async with running(bot().run(kept)):
        await platform.say(LI, "一")
        await platform.say(LI, "二")
        await until(lambda: len(kept.arrivals) == 2)
    assert texts(kept.arrivals) == ["二", "一"]


OUTAGES = [
    ("conflict", 409, "Conflict: terminated by other getUpdates request", {}),
    ("token", 401, "Unauthorized", {}),
    ("network", 502, "Bad Gateway", {}),
    ("network", 500, "Internal Server Error", {}),
    ("busy", 429, "Too Many Requests: retry after 1", {"retry_after": 1}),
]


@pytest.mark.parametrize(
    ("trouble", "code", "description", "more"), OUTAGES, ids=[f"{o[0]} {o[1]}" for o in OUTAGES]
)
async def test_an_outage_is_waited_out_and_told_once(
    platform: Platform,
    bot: Opens,
    kept: Kept,
    capsys: pytest.CaptureFixture[str],
    trouble: str,
    code: int,
    description: str,
    more: dict[str, int],
) -> None:
    times = 1 if more else 4
    platform.refuse("getUpdates", code, description, times=times, more=more)
    channel = bot()
    async with running(channel.run(kept)) as poller:
        await until(lambda: platform.calls and platform.calls[-1][0] == "getupdates")
        await platform.say(LI, "还在吗")
        assert not poller.done()
    assert texts(kept.arrivals) == ["还在吗"]
    said = "".join(capsys.readouterr())
    assert said.count("channel.fails") == 1
    assert trouble in said
    assert said.count("channel.works_again") == 1
    assert "还在吗" not in said


@pytest.mark.parametrize("answer", ["html", "no list", "null"])
async def test_an_answer_that_is_none_is_waited_out(
    platform: Platform, bot: Opens, kept: Kept, answer: str
) -> None:
    odd = {
        "html": PlainTextResponse("<html>"),
        "no list": JSONResponse({"ok": True, "result": 7}),
        "null": JSONResponse({"ok": True, "result": None}),
    }
    platform.answer_with("getUpdates", odd[answer])
    async with running(bot().run(kept)):
        await platform.say(LI, "停车")
    assert texts(kept.arrivals) == ["停车"]


async def test_two_pollers_of_one_bot_lose_nothing_between_them(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    """Telegram ends the older one's poll with 409 whenever the newer asks; both wait and go on."""
    first, second = bot(), bot()
    async with running(first.run(kept)), running(second.run(kept)):
        for n in range(8):
            await platform.say(LI, f"第{n}句")
        await until(lambda: len(keys(kept.arrivals)) == 8)
        troubles = [finding.sentence for c in (first, second) for finding in c._trouble.findings()]
        assert all("another program" in sentence for sentence in troubles)
    assert list(dict.fromkeys(texts(kept.arrivals))) == [f"第{n}句" for n in range(8)]


async def test_a_webhook_left_from_before_is_removed_first(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    platform._hook = {"url": "http://127.0.0.1:9/gone"}
    async with running(bot().run(kept)):
        await until(lambda: not platform._hook)
        await platform.say(LI, "停车")
    assert texts(kept.arrivals) == ["停车"]
    assert ("getupdates") in [method for method, _ in platform.calls]


async def test_a_pressed_button_stops_waiting_at_once(
    platform: Platform, bot: Opens, kept: Kept, judge: Judge
) -> None:
    channel = bot()
    async with running(channel.run(kept)):
        await channel.send(_offer())
        await platform.say(LI, "#3.1")
        await until(lambda: not platform._queries)
    assert texts(kept.arrivals) == ["#3.1"]
    answered = [told for method, told in platform.calls if method == "answerCallbackQuery"]
    assert judge.about("call", answered[0], "answerCallbackQuery") == ""


async def test_a_tap_that_is_too_old_to_be_answered_is_still_a_tap(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    platform.refuse("answerCallbackQuery", 400, "Bad Request: query is too old", times=2)
    channel = bot()
    async with running(channel.run(kept)) as poller:
        await channel.send(_offer())
        await platform.say(LI, "#3.1")
        await platform.say(LI, "停车")
        assert not poller.done()
    assert texts(kept.arrivals) == ["#3.1", "停车"]
    assert channel._trouble.findings() == []


async def test_a_slow_answer_to_a_tap_keeps_nobody_waiting(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    never = asyncio.Event()

    async def hang(_: object) -> None:
        await never.wait()

    channel = bot()
    channel._answer = hang  # type: ignore[method-assign,assignment]
    async with running(channel.run(kept)):
        await channel.send(_offer())
        await platform.say(LI, "#3.1")
        await platform.say(WANG, "停车")
    assert texts(kept.arrivals) == ["#3.1", "停车"]


async def test_the_menu_becomes_the_commands_of_each_language(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    platform.refuse("setMyCommands", 500, "Internal Server Error", times=2)
    async with running(bot().run(kept)):
        await until(lambda: "en" in platform.commands)
    words = {code: [c["command"] for c in found] for code, found in platform.commands.items()}
    chinese = ["book", "menu", "label_only", "tapped"]
    assert words == {"": chinese, "zh": chinese, "en": ["book", "menu"]}
    assert platform.commands[""][0]["description"] == "怎么挂号"


async def test_leaving_closes_every_connection_but_not_under_a_message_on_its_way(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    platform.faults.slow_answer, platform.slow = True, 0.3
    channel = bot()
    async with running(channel.run(kept)):
        await until(lambda: platform.calls)
        sending = asyncio.create_task(channel.send(_offer()))
        await until(lambda: platform.screen(LI))
    assert (await sending).provider_id == "1"
    assert channel._wire._client.is_closed


async def test_a_server_that_never_waits_is_not_asked_without_end(
    platform: Platform, bot: Opens, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram, "LONG_POLL", 0)
    monkeypatch.setattr(telegram, "BREATH", 0.05)
    async with running(bot().run(kept)):
        await asyncio.sleep(0.5)
    assert sum(method == "getupdates" for method, _ in platform.calls) <= 12


def _offer() -> Outbound:
    worded = Worded("请选", buttons=(Button("停车", "#3.1"),))
    return Outbound(7, Address("telegram", "main", LI), worded)
