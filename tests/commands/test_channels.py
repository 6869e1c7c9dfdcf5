"""`daoyi channels check`: what is configured, missing, reachable, in a sentence each, secrets never."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from bench.standins.base import StandIn
from bench.standins.kannel import Kannel
from bench.standins.telegram import Telegram
from bench.standins.wechat import Wechat
from tests.commands.conftest import Said, Shop

PUBLIC = '[server]\nport = 0\npublic_url = "https://bot.example.org"\n'


class Platforms:
    """The three platforms on one port of this machine."""

    def __init__(self, url: str) -> None:
        self.stand_ins: dict[str, StandIn] = {
            "wechat": Wechat("", f"{url}/wechat"),
            "telegram": Telegram("", f"{url}/telegram", mode="polling"),
            "sms": Kannel(f"{url}/hooks/sms/kannel/main", f"{url}/sms"),
        }

    def app(self) -> Starlette:
        async def silence(_: Request) -> Response:
            await asyncio.sleep(60)
            return Response()

        return Starlette(
            routes=[
                *(Mount(f"/{name}", one.api) for name, one in self.stand_ins.items()),
                Route("/silent/{rest:path}", silence, methods=["GET", "POST"]),
            ]
        )

    def configure(
        self, shop: Shop, *names: str, change: Mapping[str, object] | None = None
    ) -> dict[str, str]:
        """Write these accounts, named main, into a shop's settings; return its environment."""
        environment: dict[str, str] = {}
        text = shop.config.read_text("utf-8").replace("[server]\nport = 0\n", PUBLIC)
        for name in names:
            options, hidden = self.stand_ins[name].account
            text += f"[channels.{name}.main]\n"
            for key, value in {**options, **(change or {})}.items():
                text += f"{key} = {_toml(value)}\n"
            environment |= {f"DAOYI_{name}_MAIN_{k}".upper(): v for k, v in hidden.items()}
        shop.config.write_text(text, "utf-8")
        return environment


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


@pytest.fixture(scope="module")
def platforms() -> Iterator[Platforms]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Platforms(f"http://127.0.0.1:{listening.getsockname()[1]}")
        config = uvicorn.Config(
            made.app(), lifespan="off", log_config=None, timeout_graceful_shutdown=0
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield made
        server.should_exit = True
        thread.join()


@pytest.fixture
def check(shop: Shop) -> Callable[[Mapping[str, str]], Said]:
    """A function that runs the command as an operator does, and sees that no secret is printed."""

    def run(environment: Mapping[str, str]) -> Said:
        said = shop.inside("channels", "check", "--json", environment=environment)
        for value in environment.values():
            assert value not in said.out + said.err
        assert "Traceback" not in said.err
        return said

    return run


def found(said: Said, account: str) -> dict[str, tuple[bool, str]]:
    """Return what was found out about an account: by what, whether it is right, and the sentence."""
    accounts = {one["account"]: one["findings"] for one in said.json["accounts"]}
    return {one["what"]: (one["ok"], one["sentence"]) for one in accounts[account]}


def wrong(said: Said) -> str:
    """Return every sentence about something that is not right."""
    findings: list[dict[str, Any]] = [f for one in said.json["accounts"] for f in one["findings"]]
    return "\n".join(finding["sentence"] for finding in findings if not finding["ok"])


def test_nothing_is_configured(shop: Shop) -> None:
    said = shop("channels", "check")
    assert said.status == 0
    for part in ("[channels.telegram.main]", "DAOYI_TELEGRAM_MAIN_TOKEN", "/phones"):
        assert part in said.out
    assert not shop.data.exists(), "no database was needed, none was made"


def test_all_is_well(shop: Shop, platforms: Platforms, check: Callable[..., Said]) -> None:
    environment = platforms.configure(shop, "wechat", "sms")
    said = check(environment)
    assert not wrong(said), "a menu that is set when the server runs is nothing wrong"
    assert said.status == 0
    for account, address in (("wechat/main", "wechat/main"), ("sms/main", "sms/kannel/main")):
        ok, sentence = found(said, account)["address"]
        assert ok
        assert f"https://bot.example.org/hooks/{address} " in sentence
        assert found(said, account)["credentials"][0]
    assert not shop.data.exists()


def test_it_is_a_table_for_people(shop: Shop, platforms: Platforms) -> None:
    environment = platforms.configure(shop, "sms")
    said = shop("channels", "check", environment=environment)
    assert said.status == 0, said
    assert "sms/main" in said.out
    assert "https://bot.example.org/hooks/sms/kannel/main" in said.out
    assert not any(secret in said.out for secret in environment.values())


def test_a_bot_that_polls_needs_no_address(
    shop: Shop, platforms: Platforms, check: Callable[..., Said]
) -> None:
    said = check(platforms.configure(shop, "telegram"))
    assert found(said, "telegram/main")["address"] == (
        True, "none is needed: this bot is asked for its messages",
    )  # fmt: skip
    assert found(said, "telegram/main")["credentials"][0]


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("wechat", "DAOYI_WECHAT_MAIN_SECRET"),
        ("telegram", "DAOYI_TELEGRAM_MAIN_TOKEN"),
        ("sms", "DAOYI_SMS_MAIN_PASSWORD"),
    ],
)
def test_a_secret_that_is_wrong(
    shop: Shop, platforms: Platforms, check: Callable[..., Said], name: str, variable: str
) -> None:
    environment = platforms.configure(shop, name)
    assert variable in environment
    environment[variable] = "1:" + "another" * 5
    said = check(environment)
    assert said.status == 1
    assert not found(said, f"{name}/main")["credentials"][0]


@pytest.mark.parametrize("name", ["wechat", "telegram", "sms"])
def test_secrets_that_are_missing_are_all_named(
    shop: Shop, platforms: Platforms, check: Callable[..., Said], name: str
) -> None:
    needed = set(platforms.configure(shop, name))
    if name == "telegram":
        needed.remove("DAOYI_TELEGRAM_MAIN_HOOK_SECRET")  # of a webhook
    said = check({})
    assert said.status == 1
    ok, sentence = found(said, f"{name}/main")["secrets"]
    assert not ok
    assert set(sentence.partition(": ")[2].split(", ")) == needed


@pytest.mark.parametrize("name", ["wechat", "telegram", "sms"])
def test_a_gateway_that_is_down_and_others_that_are_not(
    shop: Shop, platforms: Platforms, check: Callable[..., Said], name: str
) -> None:
    platforms.stand_ins[name].faults.gateway_dead = True
    try:
        said = check(platforms.configure(shop, "wechat", "telegram", "sms"))
    finally:
        platforms.stand_ins[name].faults.gateway_dead = False
    assert said.status == 1
    for one in ("wechat", "telegram", "sms"):
        sound = all(ok for ok, _ in found(said, f"{one}/main").values())
        assert sound is (one != name), found(said, f"{one}/main")


@pytest.mark.parametrize("name", ["wechat", "telegram", "sms"])
def test_nobody_listens(
    shop: Shop, platforms: Platforms, check: Callable[..., Said], name: str
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        said = check(platforms.configure(shop, name, change={"api_base_url": url}))
    assert said.status == 1
    assert wrong(said)


def test_a_platform_that_never_answers_is_not_waited_for(
    shop: Shop, platforms: Platforms, check: Callable[..., Said]
) -> None:
    options, _ = platforms.stand_ins["telegram"].account
    silent = str(options["api_base_url"]).replace("/telegram", "/silent")
    said = check(platforms.configure(shop, "telegram", change={"api_base_url": silent}))
    assert said.status == 1
    assert wrong(said)


@pytest.mark.parametrize(
    ("section", "parts"),
    [
        pytest.param("[channels.fax.main]\n", ("channels.fax", "sms, telegram, wechat"), id="channel"),
        pytest.param('[channels.sms.main]\nprovider = "pigeon"\n', ("provider", "kannel"),
                     id="provider"),
        pytest.param("[channels.telegram.main]\nspeed = 3\n", ("channels.telegram.main.speed",),
                     id="key"),
        pytest.param('[channels.wechat.main]\napp_id = "wx1"\nmode = "open"\n', (".mode", "secure"),
                     id="mode"),
        pytest.param("[channels.wechat.main]\n", ("app_id is missing",), id="missing-key"),
    ],
)  # fmt: skip
def test_an_option_that_is_wrong_is_named(
    shop: Shop, check: Callable[..., Said], section: str, parts: tuple[str, ...]
) -> None:
    shop.config.write_text(shop.config.read_text("utf-8") + section, "utf-8")
    said = check({})
    assert said.status == 1
    for part in parts:
        assert part in wrong(said)
    assert str(shop.config) in wrong(said)


def test_where_we_are_reached_is_not_known(
    shop: Shop, platforms: Platforms, check: Callable[..., Said]
) -> None:
    environment = platforms.configure(shop, "sms")
    shop.change(shop.config, 'public_url = "https://bot.example.org"\n', "")
    said = check(environment)
    assert said.status == 1
    assert "server.public_url" in found(said, "sms/main")["address"][1]
    assert "/hooks/sms/kannel/main" in found(said, "sms/main")["address"][1]
