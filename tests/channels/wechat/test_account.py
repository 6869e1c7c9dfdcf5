"""The account: its settings, its menu, what an operator is told of it."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from bench.standins.wechat import APP_ID
from bench.standins.wechat import Wechat as StandIn
from bot.channels import wechat_api
from bot.channels.base import MenuItem, Tells, Tools
from bot.channels.wechat import open_channel
from bot.errors import NeedsOperator, SettingsError
from tests.helpers.wechat import NOW, SECRETS, beside, channel, until

WHERE = "config.toml: channels.wechat.main"
TOOLS = Tools(lambda: NOW, WHERE)
GOOD: Mapping[str, Any] = {"app_id": APP_ID}
MENU: tuple[MenuItem, ...] = (
    MenuItem("看病", items=(MenuItem("看哪个科", "挂什么科"), MenuItem("怎么挂号", "怎么预约挂号"))),
    MenuItem("人工", "人工"),
)  # fmt: skip


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn("http://127.0.0.1/hook", "http://wechat.test", clock=NOW.timestamp)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({}, f"{WHERE}.app_id is missing"),
        ({**GOOD, "mode": "safe"}, f"{WHERE}.mode must be plain, compatible or secure"),
        ({**GOOD, "mode": 1}, f"{WHERE}.mode must be a text"),
        ({**GOOD, "modus": "plain"}, f"{WHERE}.modus is not a known key"),
        ({**GOOD, "max_age_s": "5"}, f"{WHERE}.max_age_s must be a whole number"),
        ({**GOOD, "templates": "TM-1"}, f"{WHERE}.templates must be a section"),
        ({**GOOD, "templates": {"visit": 7}}, f"{WHERE}.templates.visit must be a template's id"),
        ({**GOOD, "templates": {"visit": {}}}, f"{WHERE}.templates.visit.id is missing"),
        (
            {**GOOD, "templates": {"visit": {"id": "1", "u": ""}}},
            f"{WHERE}.templates.visit.u is not",
        ),
        (
            {**GOOD, "notices": {"a": "1", "b": "1"}},
            f"{WHERE}.notices.b has the id of another name",
        ),
        (
            {**GOOD, "notices": {"a": "1"}, "templates": {"a": "2"}},
            f"{WHERE}.notices.a is also in templates",
        ),
    ],
)
def test_a_wrong_setting_is_named(config: Mapping[str, Any], named: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        open_channel("main", config, SECRETS, TOOLS)
    assert named in str(wrong.value)


@pytest.mark.parametrize("name", ["token", "secret", "aes_key"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_secret_is_named(name: str, value: str | None) -> None:
    given = {key: known for key, known in SECRETS.items() if key != name}
    with pytest.raises(SettingsError, match=f"DAOYI_WECHAT_EAST_WING_{name.upper()} is not set"):
        open_channel("east_wing", GOOD, given | ({name: value} if value is not None else {}), TOOLS)


@pytest.mark.parametrize("key", ["short", "a" * 42, "a" * 44, "ä" * 43, "!" * 43])
def test_a_key_of_another_length_is_named_and_never_shown(key: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        open_channel("main", GOOD, {**SECRETS, "aes_key": key}, TOOLS)
    assert "DAOYI_WECHAT_MAIN_AES_KEY must be the 43 letters and digits" in str(wrong.value)
    assert key not in str(wrong.value)


def test_plain_mode_needs_no_key() -> None:
    given = {"token": "t", "secret": "s"}
    assert open_channel("main", {**GOOD, "mode": "plain"}, given, TOOLS)


async def test_the_menu_is_set_when_it_is_another_one_and_only_then(stand_in: StandIn) -> None:
    for _ in range(2):
        await beside(stand_in, menu=MENU)._api.set_menu(MENU)
    calls = [call for call in stand_in.platform.calls if call.startswith("menu")]
    assert calls == ["menu/get", "menu/create", "menu/get"]
    assert stand_in.menu == MENU
    await beside(stand_in)._api.set_menu(MENU[:1])
    assert stand_in.menu == MENU[:1]


async def test_running_sets_the_menu_and_waits(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform is away at first: that is waited out."""
    monkeypatch.setattr(wechat_api, "_MENU_WAITS", (0.0, 0.001))
    stand_in.faults.gateway_dead = True
    account = beside(stand_in, menu=MENU)
    running = asyncio.create_task(account.run(_nothing))
    await until(lambda: len(stand_in.platform.calls) >= 4)
    stand_in.faults.gateway_dead = False
    await until(lambda: stand_in.menu == MENU)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not account._api.is_open


async def test_a_menu_the_platform_refuses_is_not_asked_for_again(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wechat_api, "_MENU_WAITS", (0.0,))
    stand_in.platform.errors["menu/create"] = 40018
    await beside(stand_in)._api.keep_menu(MENU, "main")
    assert stand_in.platform.calls == ["stable_token", "menu/get", "menu/create"]


async def test_trouble_with_token_or_menu_is_told_until_it_is_over(stand_in: StandIn) -> None:
    account = beside(stand_in, menu=MENU)
    assert isinstance(account, Tells)
    assert account.trouble() == ""
    stand_in.platform.errors["stable_token"] = 40164
    with pytest.raises(NeedsOperator):
        await account._api.token()
    assert account.trouble() == "token: wechat 40164"
    del stand_in.platform.errors["stable_token"]
    stand_in.platform.errors["menu/create"] = 40018
    await account._api.keep_menu(MENU, "main")
    assert account.trouble() == "menu: wechat 40018"
    del stand_in.platform.errors["menu/create"]
    await account._api.keep_menu(MENU, "main")
    assert account.trouble() == ""


async def test_without_a_menu_nothing_is_asked(stand_in: StandIn) -> None:
    running = asyncio.create_task(beside(stand_in).run(_nothing))
    await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert stand_in.platform.calls == []


def test_a_menu_is_cut_to_what_the_platform_takes() -> None:
    many = tuple(MenuItem(f"{n}", f"{n}") for n in range(9))
    made = wechat_api.buttons(
        (*(MenuItem("很长很长很长的名字", items=many) for _ in range(4)), many[0])
    )
    assert len(made) == 3
    assert {len(group["sub_button"]) for group in made} == {5}
    assert {group["name"] for group in made} == {"很长很长很"}
    assert wechat_api.buttons((MenuItem("no value", command="/book"),)) == []


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (40013, "app_id is not known"),
        (40125, "the secret is not right"),
        (40164, "IP white list"),
        (45009, "quota"),
        (-1, "WeChat refuses (wechat -1)"),
    ],
)
async def test_an_operator_is_told_what_to_do(code: int, told: str, stand_in: StandIn) -> None:
    stand_in.platform.errors["stable_token"] = code
    findings = await beside(stand_in, menu=MENU).check()
    assert [found.what for found in findings] == ["mode", "hook", "credentials"]
    assert not findings[-1].ok
    assert told in findings[-1].sentence


async def test_an_account_in_order_is_told_so_and_nothing_is_changed(stand_in: StandIn) -> None:
    await beside(stand_in, menu=MENU)._api.set_menu(MENU)
    account = beside(stand_in, menu=MENU)
    findings = await account.check()
    assert [(found.what, found.ok) for found in findings] == [
        ("mode", True), ("hook", False), ("credentials", True), ("menu", True),
    ]  # fmt: skip
    assert "menu/create" not in stand_in.platform.calls[3:]
    assert not account._api.is_open
    assert not any(secret in f"{findings}" for secret in stand_in.account[1].values())


async def test_another_menu_and_a_refused_one_are_told(stand_in: StandIn) -> None:
    found = (await beside(stand_in, menu=MENU).check())[-1]
    assert (found.what, found.ok) == ("menu", True)
    assert "set when the server runs" in found.sentence
    stand_in.platform.errors["menu/get"] = 48001
    found = (await beside(stand_in, menu=MENU).check())[-1]
    assert "no permission" in found.sentence


async def test_plain_mode_is_told_to_be_the_weaker_one() -> None:
    found = (await channel("plain", transport=httpx.MockTransport(_gone)).check())[0]
    assert (found.what, found.ok) == ("mode", False)


def test_the_library_is_loaded_only_for_this_channel() -> None:
    program = (
        "import sys, bot.app, bot.channels.base; "
        "assert not {name for name in sys.modules if name.startswith(('wechatpy', 'requests'))}"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


async def _nothing(_: Any) -> None:
    """Store nothing."""


def _gone(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("gone")
