"""An official account of the tests: its channel, and posts as WeChat signs them, written by us."""

import asyncio
import hashlib
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.standins.wechat import APP_ID, OURS, Seal
from bench.standins.wechat import Wechat as StandIn
from bot.channels.base import HookRequest, MenuItem, Tools
from bot.channels.wechat import Wechat
from bot.errors import SendError
from bot.message import Address, Kind, Outbound, Template, Worded

TOKEN, SECRET = "wechat-token", "wechat-secret"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SECRETS = {"token": TOKEN, "secret": SECRET, "aes_key": AES_KEY}
USER = "oTest0Patient0000000000000001"
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
CREATED = int(NOW.timestamp())
PAYLOADS = Path(__file__).parents[1] / "channels" / "payloads" / "wechat"
PEERS = Path(__file__).parents[1] / "peers"
KEPT = {
    "visit": {
        "id": "TM-1",
        "fields": {"patient": "thing1", "time": "time2"},
        "url": "http://127.0.0.1/v",
    }
}
MODES = ("plain", "compatible", "secure")
SEAL = Seal(TOKEN, AES_KEY, APP_ID)


class Wire(httpx.ASGITransport):
    """A way to an application that takes a moment, so that calls overlap as on a network."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on after a moment."""
        await asyncio.sleep(0.002)
        return await super().handle_async_request(request)


def channel(
    mode: str = "plain",
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Any = lambda: NOW,
    menu: tuple[MenuItem, ...] = (),
    **options: Any,
) -> Wechat:
    """Open the account."""
    tools = Tools(clock, "config.toml: channels.wechat.main", {"zh-CN": menu} if menu else {})
    config = {"app_id": APP_ID, "mode": mode, **options}
    return Wechat("main", config, SECRETS, tools, transport)


def beside(stand_in: StandIn, clock: Any = lambda: NOW, **options: Any) -> Wechat:
    """Open the account on a stand-in of the platform, its API reached without a network."""
    given, hidden = stand_in.account
    menu = options.pop("menu", ())
    tools = Tools(clock, "config.toml: channels.wechat.main", {"zh-CN": menu} if menu else {})
    transport = Wire(stand_in.api)
    return Wechat("main", {**given, **options}, hidden, tools, transport)


def xml(text: str = "停车多少钱", number: int = 24_000_000_000_000_001, user: str = USER) -> str:
    """Return a text message as WeChat writes it."""
    escaped = text.replace("]]>", "]]]]><![CDATA[>")
    return (
        f"<xml><ToUserName><![CDATA[{OURS}]]></ToUserName>"
        f"<FromUserName><![CDATA[{user}]]></FromUserName><CreateTime>{CREATED}</CreateTime>"
        f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{escaped}]]></Content>"
        f"<MsgId>{number}</MsgId></xml>"
    )


def query(*, stamp: object = CREATED, nonce: str = "486131", token: str = TOKEN) -> dict[str, str]:
    """Return what WeChat adds to our address, signed."""
    parts = "".join(sorted((token, str(stamp), nonce)))
    return {
        "signature": hashlib.sha1(parts.encode()).hexdigest(),  # noqa: S324
        "timestamp": str(stamp),
        "nonce": nonce,
        "openid": USER,
    }


def post(body: str | bytes, mode: str = "plain", **how: Any) -> HookRequest:
    """Return a message as WeChat posts it in this mode."""
    asked = query(**how)
    raw = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    if mode == "plain":
        return HookRequest("main", raw, query=asked)
    sealed = SEAL.seal(raw.decode())
    return HookRequest("main", *enveloped(sealed, raw if mode == "compatible" else b"", asked))


def enveloped(
    sealed: str, beside: bytes, asked: dict[str, str]
) -> tuple[bytes, dict[str, str], dict[str, str]]:
    """Return body, headers and query of an encrypted post."""
    signature = SEAL.sign(asked["timestamp"], asked["nonce"], sealed)
    asked = asked | {"encrypt_type": "aes", "msg_signature": signature}
    plain = beside.decode().removeprefix("<xml>").removesuffix("</xml>")
    to = "" if beside else f"<ToUserName><![CDATA[{OURS}]]></ToUserName>"
    body = f"<xml>{plain}{to}<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return body.encode(), {}, asked


def payload(name: str) -> str:
    """Return a recorded form of a post, anonymous and written by us."""
    return (PAYLOADS / f"{name}.xml").read_text("utf-8")


def letter(text: str = "您好", template: Template | None = None, **how: Any) -> Outbound:
    """Return a message on its way."""
    worded = Worded(text, Kind.REMINDER if template else Kind.ANSWER, template=template)
    return Outbound(how.pop("id", 7), Address("wechat", "main", USER), worded, **how)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  (nothing tells us)
            await asyncio.sleep(0.005)


def scripted(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> Wechat:
    """Open the account on a platform that gives a token and then what it is told to."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("stable_token"):
            return httpx.Response(200, json={"access_token": "tok", "expires_in": 7200})
        return answer(request)

    return channel(transport=httpx.MockTransport(handle), **options)


async def error_of(account: Wechat, **how: Any) -> SendError:
    """Send a message that is not taken; return why."""
    with pytest.raises(SendError) as refused:
        await account.send(letter(**how))
    return refused.value


class Peer:
    """The libraries of npm that seal and open beside ours."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", "--no-deprecation", str(PEERS / "wechat_seal.js")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, library: str, action: str, **what: str) -> dict[str, str]:
        """Let one of them seal or open."""
        assert self._process.stdin
        assert self._process.stdout
        asked = {"token": TOKEN, "aes_key": AES_KEY, "app_id": APP_ID, **what}
        self._process.stdin.write(json.dumps(asked | {"library": library, "action": action}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, str] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End its process."""
        self._process.communicate()
