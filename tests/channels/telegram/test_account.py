"""An account: its section, its webhook, what an operator is told about it."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from bench.standins.bot_api import TOKEN
from bench.standins.telegram import SECRET
from bench.standins.telegram import Telegram as Platform
from bot.channels.base import Checks, HookRequest, Runs, Tells, Tools
from bot.channels.telegram import Telegram, open_channel
from bot.errors import NotSigned, SettingsError
from tests.channels.telegram.shared import Judge, Kept, opened, running, until
from tests.channels.telegram.test_contract import HEADER, post, update

Opens = Callable[..., Telegram]
HERE = "https://hospital.example"
TOOLS = Tools(lambda: datetime(2026, 11, 18, tzinfo=UTC), "config.toml: channels.telegram.main")


@pytest.mark.parametrize(
    ("config", "secrets", "named"),
    [
        ({}, {}, "DAOYI_TELEGRAM_MAIN_TOKEN is not set"),
        ({}, {"token": "notoken"}, "DAOYI_TELEGRAM_MAIN_TOKEN"),
        ({}, {"token": "1:a/../b"}, "DAOYI_TELEGRAM_MAIN_TOKEN"),
        ({"mode": "webhook"}, {"token": "1:a"}, "DAOYI_TELEGRAM_MAIN_HOOK_SECRET is not set"),
        ({}, {"token": "1:a", "hook_secret": "a b"}, "DAOYI_TELEGRAM_MAIN_HOOK_SECRET"),
        ({}, {"token": "1:a", "hook_secret": "x" * 257}, "DAOYI_TELEGRAM_MAIN_HOOK_SECRET"),
        ({"mode": "push"}, {"token": "1:a"}, ".mode must be"),
        ({"mode": 1}, {"token": "1:a"}, ".mode must be a text"),
        ({"api_base_url": "telegram.org"}, {"token": "1:a"}, ".api_base_url must begin"),
        ({"token": "1:a"}, {"token": "1:a"}, ".token is not a known key"),
    ],
)
def test_a_section_that_is_not_right_is_named(
    config: dict[str, object], secrets: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError) as wrong:
        open_channel("main", config, secrets, TOOLS)
    assert named in str(wrong.value)
    assert "config.toml: channels.telegram.main" in str(wrong.value)
    assert not any(value in str(wrong.value) for value in secrets.values() if len(value) > 3)


def test_an_account_needs_no_more_than_its_token() -> None:
    channel = open_channel("main", {}, {"token": "1:a"}, TOOLS)
    assert isinstance(channel, Runs)
    assert isinstance(channel, Checks)
    assert "1:a" not in repr(channel)


def test_without_a_secret_nothing_can_be_posted() -> None:
    channel = open_channel("main", {}, {"token": "1:a"}, TOOLS)
    with pytest.raises(NotSigned):
        channel.verify(HookRequest("main", b"{}", {HEADER: ""}))


async def test_the_webhook_is_set_with_its_secret_and_posts_in_order(
    platform: Platform, bot: Opens, kept: Kept, judge: Judge
) -> None:
    channel = bot("webhook", HERE)
    async with running(channel.run(kept)):
        await until(lambda: platform._hook)
    assert platform._hook == {
        "url": f"{HERE}/hooks/telegram/main",
        "secret_token": SECRET,
        "max_connections": "1",
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
    }
    for method, told in platform.calls:
        assert judge.about("call", told, method) == "", method
    assert "getupdates" not in [method for method, _ in platform.calls]


async def test_without_a_public_url_the_webhook_is_left_as_it_is(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    async with running(bot("webhook").run(kept)) as task:
        await until(lambda: "en" in platform.commands)
        assert not task.done()
    assert platform._hook == {}


async def test_a_webhook_is_set_once_telegram_can_be_reached(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    platform.refuse("setWebhook", 502, "Bad Gateway", times=3)
    async with running(bot("webhook", HERE).run(kept)):
        await until(lambda: platform._hook)


def test_the_answer_to_a_tap_ends_its_waiting_sign() -> None:
    channel = opened(mode="webhook")
    tap = {"update_id": 5, "callback_query": {"id": "77", "data": "#3.1"}}
    assert channel.ack(post(tap), []).body == (
        b'{"method": "answerCallbackQuery", "callback_query_id": "77"}'
    )
    assert channel.ack(post(update("停车")), []).body == b"{}"
    assert channel.ack(HookRequest("main", b"\xff"), []).body == b"{}"


async def found(channel: Telegram) -> dict[str, tuple[bool, str]]:
    return {finding.what: (finding.ok, finding.sentence) for finding in await channel.check()}


async def test_an_account_that_is_right_is_told_so(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    channel = bot()
    async with running(channel.run(kept)):
        await until(lambda: "en" in platform.commands)
        said = await found(channel)
    assert {what: ok for what, (ok, _) in said.items()} == {
        "credentials": True, "hook": True, "commands": True,
    }  # fmt: skip
    assert "@daoyi_stand_in_bot" in said["credentials"][1]
    assert said["commands"][1] == "4 commands are set"
    assert "sendMessage" not in [method for method, _ in platform.calls]


async def test_what_is_wrong_with_an_account_is_told(platform: Platform, bot: Opens) -> None:
    assert "set when the server runs" in (await found(bot()))["commands"][1]
    platform._hook = {"url": "https://elsewhere.example"}
    assert "a webhook is set" in (await found(bot()))["hook"][1]
    assert "does not post here" in (await found(bot("webhook", HERE)))["hook"][1]
    platform._hook = {"url": f"{HERE}/hooks/telegram/main"}
    assert (await found(bot("webhook", HERE)))["hook"][0] is True
    platform._hook_error = {"last_error_date": 1, "last_error_message": "Wrong response"}
    platform._queue = [({"update_id": 1}, None)]  # type: ignore[list-item]
    assert "1 updates wait" in (await found(bot("webhook", HERE)))["hook"][1]
    platform._queue = []
    platform.faults.token_expired = True
    ((what, (ok, sentence)),) = (await found(bot())).items()
    assert (what, ok) == ("credentials", False)
    assert "BotFather" in sentence
    assert TOKEN not in sentence
    ((_, (ok, sentence)),) = (await found(opened("http://127.0.0.1:9"))).items()
    assert not ok
    assert "cannot be reached" in sentence


async def test_a_poll_that_others_disturb_is_told(
    platform: Platform, bot: Opens, kept: Kept
) -> None:
    platform.refuse("getUpdates", 409, "Conflict", times=500)
    channel = bot()
    async with running(channel.run(kept)):
        await until(channel._trouble.findings)
        assert "another program" in (await found(channel))["polling"][1]
        assert isinstance(channel, Tells)
        assert channel.trouble() == "polling: conflict"


@pytest.mark.parametrize(("mode", "alone"), [("polling", True), ("webhook", False)])
def test_only_a_poll_must_be_alone(bot: Opens, mode: str, *, alone: bool) -> None:
    assert bot(mode).runs_alone is alone


async def test_the_library_says_nothing_of_tokens_or_texts(
    platform: Platform, bot: Opens, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    """At the level the server logs at; below it the library would log every call."""
    caplog.set_level("WARNING")
    platform.refuse("getUpdates", 500, "胸痛")
    async with running(bot().run(kept)):
        await platform.say("7000000001", "胸痛")
    assert "胸痛" not in caplog.text
    assert TOKEN not in caplog.text
    assert httpx.__name__ not in {record.name for record in caplog.records}
