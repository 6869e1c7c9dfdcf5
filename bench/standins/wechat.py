"""WeChat, as one official account of ours can tell: signed XML to our hook, patients' phones, faults.

The API that our channel calls is in `wechat_api.py`. The cryptography is our own second one, on
purpose: it shares no line with the channel's.
"""

import asyncio
import base64
import hashlib
import os
import secrets
import struct
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any
from xml.etree import ElementTree as ET

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.types import ASGIApp

from bench.standins.base import Faults, Screen, Shown
from bench.standins.wechat_api import PlatformApi
from bot.channels.base import MenuItem

#: How long WeChat waits for an answer, in seconds, and how often it posts in all.
PATIENCE, ATTEMPTS = 5.0, 3
BROKEN = "该公众号提供的服务出现故障，请稍后再试"
OURS = "gh_standin000000"
APP_ID = "wx0000000000000001"
_STORM = 6
_LOOK = 0.2
_BLOCK = 32
_MESSAGE, _EVENT = (5, 48 * 3600.0), (3, 60.0)

Fields = Mapping[str, Any]


class Seal:
    """Encrypts and opens as WeChat does in its secure mode."""

    def __init__(self, token: str, aes_key: str, app_id: str) -> None:
        self._token, self._app_id = token, app_id.encode()
        self._key = base64.b64decode(aes_key + "=")

    def sign(self, *parts: str) -> str:
        """Return a signature over the token and these parts."""
        return hashlib.sha1("".join(sorted((self._token, *parts))).encode()).hexdigest()  # noqa: S324

    def seal(self, xml: str) -> str:
        """Return a message as ciphertext."""
        raw = xml.encode()
        raw = os.urandom(16) + struct.pack(">I", len(raw)) + raw + self._app_id
        pad = _BLOCK - len(raw) % _BLOCK
        cipher = self._cipher().encryptor()
        return base64.b64encode(
            cipher.update(raw + bytes([pad]) * pad) + cipher.finalize()
        ).decode()

    def open(self, sealed: str) -> str:
        """Return what a ciphertext says. Raises `ValueError` where it is not for this account."""
        cipher = self._cipher().decryptor()
        raw = cipher.update(base64.b64decode(sealed, validate=True)) + cipher.finalize()
        raw = raw[16 : -raw[-1]]
        length = struct.unpack(">I", raw[:4])[0]
        if raw[4 + length :] != self._app_id:
            raise ValueError("for another account")
        return raw[4 : 4 + length].decode()

    def _cipher(self) -> "Cipher[modes.CBC]":
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))


class Wechat:
    """The platform for one account of ours.

    Args:
        hook: where it posts.
        api: where its API is mounted, without a slash at the end.
        mode: "plain", "compatible" or "secure".
        clock: seconds since 1970.
        transport: how the hook is reached, in place of the network.
        options: more of our account's options: templates, notices …

    Attributes:
        patience: how long it waits for an answer, in seconds.
        posted: every request it made, (query, body), for tests.
    """

    name = "wechat"

    def __init__(
        self,
        hook: str,
        api: str,
        *,
        mode: str = "secure",
        clock: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self.faults = Faults()
        self.patience = PATIENCE
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.clock = clock
        self._hook, self._mode, self._transport = hook, mode, transport
        self._options = {"app_id": APP_ID, "mode": mode, "api_base_url": api, **(options or {})}
        self._secrets = {
            "token": secrets.token_hex(12),
            "secret": secrets.token_hex(16),
            "aes_key": base64.b64encode(os.urandom(32)).decode().rstrip("="),
        }
        self.seal = Seal(self._secrets["token"], self._secrets["aes_key"], APP_ID)
        self._http: httpx.AsyncClient | None = None
        self._screens: dict[str, Screen] = defaultdict(lambda: Screen(clock))
        self._ids = count(24_000_000_000_000_001)
        self._held: dict[str, str] = {}
        self._gone: set[str] = set()
        self._windows: dict[str, tuple[float, int]] = {}
        self.reports: asyncio.Queue[tuple[str, Fields]] = asyncio.Queue()
        self.platform = PlatformApi(self, APP_ID, self._secrets["secret"])

    @property
    def api(self) -> ASGIApp:
        """The platform's API."""
        return self.platform.app

    @property
    def account(self) -> tuple[Mapping[str, object], Mapping[str, str]]:
        """Options and secrets of our channel."""
        return self._options, self._secrets

    @property
    def menu(self) -> tuple[MenuItem, ...]:
        """The menu that was set."""
        return self.platform.menu

    def screen(self, user: str) -> Sequence[Shown]:
        """Return what a patient's phone shows."""
        return self._screens[user].shown

    def forget(self, user: str) -> None:
        """Drop what is known of a patient."""
        for known in (self._screens, self._held, self._windows):
            known.pop(user, None)
        self._gone.discard(user)

    async def run(self) -> None:
        """Report what became of templates and notices, and who unfollowed, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._report_all())
                group.create_task(self._watch())
        finally:
            await self.close()

    async def _report_all(self) -> None:
        while True:
            user, fields = await self.reports.get()
            await self.event(user, fields.get("Event", ""), fields)

    async def _watch(self) -> None:
        """Let everybody unfollow when the fault is switched on, and follow again after it."""
        left: list[str] = []
        while True:
            await asyncio.sleep(_LOOK)
            if self.faults.blocked and not left:
                left = [user for user in self._screens if user not in self._gone]
                for user in left:
                    await self.event(user, "unsubscribe", {"EventKey": ""})
            elif left and not self.faults.blocked:
                for user in left:
                    await self.event(user, "subscribe", {"EventKey": ""})
                left = []

    async def report(self) -> None:
        """Report what is due now, for whoever does not `run`."""
        while not self.reports.empty():
            user, fields = self.reports.get_nowait()
            await self.event(user, fields.get("Event", ""), fields)

    async def close(self) -> None:
        """Close the connections to the hook."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def say(self, user: str, text: str) -> None:
        """Let a patient write."""
        self._screens[user].add("patient", text)
        await self._send(user, {"MsgType": "text", "Content": text})

    async def choose(self, user: str, value: str) -> None:
        """Let a patient tap the menu."""
        self._screens[user].add("patient", value, note="menu")
        await self.event(user, "CLICK", {"EventKey": value})

    async def voice(self, user: str, recognition: str = "") -> None:
        """Let a patient speak; WeChat writes it down where the account has that on."""
        self._screens[user].add("patient", recognition, note="voice message")
        fields = {
            "MsgType": "voice",
            "MediaId": "media-1",
            "Format": "amr",
        }
        await self._send(user, fields | ({"Recognition": recognition} if recognition else {}))

    async def photo(self, user: str) -> None:
        """Let a patient send a photograph."""
        self._screens[user].add("patient", "", note="photo")
        url = "http://127.0.0.1/photo"
        await self._send(user, {"MsgType": "image", "PicUrl": url, "MediaId": "media-3"})

    async def location(self, user: str) -> None:
        """Let a patient send where she is."""
        self._screens[user].add("patient", "", note="location")
        place = {"Location_X": "23.13", "Location_Y": "113.35", "Scale": "16", "Label": "人民路"}
        await self._send(user, {"MsgType": "location", **place})

    async def follow(self, user: str, scene: str = "") -> None:
        """Let a patient follow the account, by a poster's code where `scene` names one."""
        self._gone.discard(user)
        await self.event(user, "subscribe", {"EventKey": f"qrscene_{scene}" if scene else ""})

    async def unfollow(self, user: str) -> None:
        """Let a patient unfollow the account."""
        self._gone.add(user)
        await self.event(user, "unsubscribe", {"EventKey": ""})

    async def allow(self, user: str, *templates: str, accept: bool = True) -> None:
        """Let a patient allow one notice of each of these, or refuse them."""
        status = "accept" if accept else "reject"
        for template in templates:
            self.platform.allowed[user, template] += accept
        items = [
            {"TemplateId": t, "SubscribeStatusString": status, "PopupScene": "1"} for t in templates
        ]
        await self.event(
            user, "subscribe_msg_popup_event", {"SubscribeMsgPopupEvent": {"List": items}}
        )

    async def event(self, user: str, event: str, fields: Fields) -> None:
        """Post an event."""
        await self._send(user, {"MsgType": "event", "Event": event, **fields})

    def may_be_sent(self, user: str) -> int:
        """Return 0 and count one customer-service message, or the error code that refuses it."""
        until, left = self._windows.get(user, (0.0, 0))
        if self.has_left(user):
            return 43004
        if self.clock() >= until:
            return 45015
        if left <= 0:
            return 45047
        self._windows[user] = until, left - 1
        return 0

    def has_left(self, user: str) -> bool:
        """Say whether a patient does not follow the account any more."""
        return user in self._gone or self.faults.blocked

    def show(self, user: str, text: str, note: str) -> None:
        """Show what the hospital sent."""
        self._screens[user].add("hospital", text, note=note)

    async def _send(self, user: str, fields: Fields) -> None:
        xml = self.xml(user, fields)
        event = fields.get("Event", "")
        if event in ("", "CLICK", "subscribe", "SCAN"):
            messages, seconds = _EVENT if event else _MESSAGE
            self._windows[user] = self.clock() + seconds, messages
        if not self.faults.out_of_order and user not in self._held:
            await self._deliver(user, xml)
        elif user not in self._held:
            self._held[user] = xml
        else:
            for one in (xml, self._held.pop(user)):
                await self._deliver(user, one)

    def xml(self, user: str, fields: Fields) -> str:
        """Return a message as WeChat writes it."""
        head = {"ToUserName": OURS, "FromUserName": user, "CreateTime": int(self.clock())}
        last = {} if fields["MsgType"] == "event" else {"MsgId": next(self._ids)}
        return f"<xml>{_elements({**head, **fields, **last})}</xml>"

    async def _deliver(self, user: str, xml: str) -> None:
        if self.faults.retry_storm:
            query, body = self.request(user, xml)
            answers = await asyncio.gather(*(self.post(query, body) for _ in range(_STORM)))
            self._show_each(user, answers)
        elif self.faults.duplicate:
            self._show_each(user, [await self.post(*self.request(user, xml)) for _ in range(2)])
        else:
            query, body = self.request(user, xml)
            for _ in range(ATTEMPTS):
                answer = await self.post(query, body)
                if answer is not None:
                    self._show(user, answer)
                    return
            self._screens[user].add("platform", BROKEN)

    def request(self, user: str, xml: str) -> tuple[dict[str, str], bytes]:
        """Return a message as it is posted: signed, and encrypted in the account's mode."""
        stamp, nonce = str(int(self.clock())), str(secrets.randbelow(10**9))
        query = {
            "signature": self.seal.sign(stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": user,
        }
        if self._mode == "plain":
            return query, xml.encode()
        sealed = self.seal.seal(xml)
        query |= {"encrypt_type": "aes", "msg_signature": self.seal.sign(stamp, nonce, sealed)}
        envelope = _elements({"ToUserName": OURS, "Encrypt": sealed})
        beside = xml.removeprefix("<xml>").removesuffix("</xml>") if self._mode != "secure" else ""
        return query, f"<xml>{beside or ''}{envelope}</xml>".encode()

    async def handshake(self) -> bool:
        """Ask whether the hook is ours, as the console does when its address is entered."""
        query, _ = self.request("", "")
        query = {name: query[name] for name in ("signature", "timestamp", "nonce")}
        answer = await self._client().get(self._hook, params=query | {"echostr": "5837"})
        return answer.text == "5837"

    async def post(self, query: Mapping[str, str], body: bytes) -> bytes | None:
        """Post once; return the answer, None where there was none."""
        self.posted.append((dict(query), body))
        headers = {"content-type": "text/xml"}
        try:
            async with asyncio.timeout(self.patience):
                answer = await self._client().post(
                    self._hook, params=query, content=body, headers=headers
                )
        except (TimeoutError, httpx.HTTPError):
            return None
        return answer.content if answer.status_code == httpx.codes.OK else None

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(transport=self._transport, timeout=None)  # noqa: S113
        return self._http

    def _show_each(self, user: str, answers: Sequence[bytes | None]) -> None:
        """Show what several posts of one message were answered; the same reply is one reply."""
        for answer in dict.fromkeys(a for a in answers if a is not None):
            self._show(user, answer)

    def _show(self, user: str, answer: bytes) -> None:
        if answer in (b"", b"success"):
            return
        try:
            self._screens[user].add("hospital", self.reply(user, answer), note="passive reply")
        except (ValueError, ET.ParseError, KeyError, struct.error, IndexError):
            self._screens[user].add("platform", BROKEN)

    def reply(self, user: str, answer: bytes) -> str:
        """Return what a passive reply says. Raises `ValueError` and others where WeChat could not."""
        found = _fields(answer.decode())
        if self._mode != "plain":
            signed = self.seal.sign(found["TimeStamp"], found["Nonce"], found["Encrypt"])
            if signed != found["MsgSignature"]:
                raise ValueError("not signed")
            found = _fields(self.seal.open(found["Encrypt"]))
        if (found["ToUserName"], found["FromUserName"], found["MsgType"]) != (user, OURS, "text"):
            raise ValueError("not an answer to this patient")
        return found["Content"]


def _elements(fields: Fields) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{_elements(value)}</{name}>"
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    escaped = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{escaped}]]></{name}>"


def _fields(xml: str) -> dict[str, str]:
    root = ET.fromstring(xml)  # noqa: S314  (our own hospital's answer)
    return {element.tag: element.text or "" for element in root}
