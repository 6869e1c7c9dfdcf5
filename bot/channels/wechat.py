"""A WeChat official account: signed XML in three modes, replies in the answer, and the platform's API.

wechatpy reads and renders the XML and does the cryptography; its HTTP layer is not used (on a dead
token it never stops asking). In plain mode WeChat's signature does not cover the message; here it is
good for one message, and still: use the secure mode wherever the platform's console allows it.
"""

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from prometheus_client import Counter
from wechatpy.crypto import PrpCrypto
from wechatpy.events import EVENT_TYPES
from wechatpy.parser import parse_message
from wechatpy.replies import TextReply

from bot.channels.base import (
    Channel,
    Finding,
    HookAnswer,
    HookRequest,
    Limits,
    Passive,
    Store,
    Tools,
)
from bot.channels.options import read_options, secret
from bot.channels.replays import Signatures
from bot.channels.wechat_api import WechatApi, forms_from
from bot.errors import BadInput, NotSigned, SettingsError, TryLater, Unknown, WaitForUser
from bot.message import (
    MAX_TEXT,
    Address,
    Arrival,
    Form,
    Grant,
    Inbound,
    Outbound,
    Permission,
    Progress,
    Receipt,
    Sent,
    Worded,
    clean_text,
)

_IGNORED = Counter("daoyi_wechat_ignored_total", "Events that need nothing of us", ["event"])

MAX_BODY = 64 * 1024
#: Bytes of one text, both ways; of a longer one the API says 45002.
MAX_BYTES = 2_048
#: A message has some 40 tags, and each `<` that a patient typed looks like one: more is a bomb.
_MAX_TAGS, _MAX_USER, _LONGEST = MAX_TEXT + 200, 64, 20
_NOT_XML = re.compile("[\ufffe\uffff]")
_ROOT = re.compile("\ufeff?\\s*(?:<\\?xml[^<>]*\\?>\\s*)?<xml>")  # nothing else before: no DTD
_ENCRYPTED = re.compile(r"<Encrypt>(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?</Encrypt>")
_FORMS = {
    "text": Form.TEXT, "voice": Form.VOICE, "image": Form.IMAGE, "video": Form.VIDEO,
    "shortvideo": Form.VIDEO, "location": Form.LOCATION, "link": Form.LINK, "file": Form.FILE,
}  # fmt: skip
_WORDS = {"text": "Content", "voice": "Recognition"}
#: She came, perhaps by a code.
_OPENS = ("subscribe", "subscribe_scan", "subscribe_scan_product", "scan")
#: What a message, and what a tap on the menu, a follow or a scan allows (since 2023-06-12).
_BY_MESSAGE, _BY_EVENT = Grant(5, 48 * 3600), Grant(3, 60)
#: So long a template is sent once however often it is asked for; the first attempts fit into it.
_ONCE_FOR, _ONCE_ATTEMPTS = timedelta(minutes=10), 4


@dataclass(frozen=True, slots=True)
class Options:
    """The section `[channels.wechat.<account>]`.

    Attributes:
        mode: "plain", "compatible" or "secure", as in WeChat's console.
        customer_service: the account may send customer-service messages (a verified one may).
        templates: the platform's ids of template messages, by our names; or a section with fields.
        notices: the same for subscription notices, which a patient allows one by one.
        max_age_s: how old a post may be, in seconds; 0 for any age.
        strict: in plain mode a signature is good for one body only; simulators sign many alike.
    """

    app_id: str
    mode: str = "secure"
    api_base_url: str = "https://api.weixin.qq.com"
    customer_service: bool = True
    templates: Mapping[str, Any] = field(default_factory=dict)
    notices: Mapping[str, Any] = field(default_factory=dict)
    max_age_s: int = 300
    strict: bool = False


def open_channel(
    account: str, config: Mapping[str, Any], secrets: Mapping[str, str], tools: Tools
) -> Channel:
    """Open an official account.

    Raises:
        SettingsError: names what is missing or wrong.
    """
    return Wechat(account, config, secrets, tools)


class Wechat:
    """`Channel` for one official account.

    Args:
        transport: how the platform's API is reached, in place of the network.
    """

    name = "wechat"

    def __init__(
        self, account: str, config: Mapping[str, Any], secrets: Mapping[str, str], tools: Tools,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        self._options = options = read_options(Options, config, tools.where)
        if options.mode not in ("plain", "compatible", "secure"):
            raise SettingsError(f"{tools.where}.mode must be plain, compatible or secure")
        self._account, self._tools, self._signatures = account, tools, Signatures()

        def read(name: str) -> str:
            return secret(secrets, name, tools.where, f"DAOYI_WECHAT_{account}_{name}".upper())

        self._token, app_secret = read("token"), read("secret")
        self._aes = (
            b"" if options.mode == "plain" else _aes_key(read("aes_key"), tools.where, account)
        )
        self._templates = forms_from(options.templates, f"{tools.where}.templates")
        self._notices = forms_from(options.notices, f"{tools.where}.notices")
        if twice := set(self._templates) & set(self._notices):
            raise SettingsError(f"{tools.where}.notices.{min(twice)} is also in templates")
        self._api = WechatApi(
            options.api_base_url, options.app_id, app_secret, tools.clock, transport
        )
        self.trouble = self._api.trouble
        self._menu = next(iter(tools.menu.values()), ())
        self.limits = Limits(
            text=MAX_BYTES, measure=_bytes, join=True, counted=True,
            passive=Passive() if options.customer_service else Passive(until=14.0, insists=True),
            templates=frozenset((*self._templates, *self._notices)),
            permitted=frozenset(self._notices),
        )  # fmt: skip

    def verify(self, request: HookRequest) -> str:
        """Check the signature and its age; return nothing: the body says who writes.

        Raises:
            NotSigned: not from this account's platform, or too old.
        """
        if self._aes and request.method != "GET":
            if self._encrypted(request) is None:
                raise NotSigned("msg_signature is not right", 403)
        elif not self._is_signed(request, "signature"):
            raise NotSigned("signature is not right", 403)
        stamp, oldest = _digits(request.query.get("timestamp")), self._options.max_age_s
        if oldest and abs(self._tools.clock().timestamp() - int(stamp or 0)) > oldest:
            raise NotSigned("timestamp is too old, or this server's clock is wrong", 403)
        strict = self._options.strict and not self._aes
        if strict and not self._signatures.covers(request.query["signature"], request.body):
            raise NotSigned("signature came with another message before", 403)
        return ""

    def parse(self, request: HookRequest, user: str) -> Sequence[Arrival]:  # noqa: ARG002
        """Return the message, or what an event means to us.

        Raises:
            BadInput: it is not WeChat's XML, in this account's mode.
        """
        if request.method == "GET":
            return []
        post, key = self._read(request)
        where = Address(self.name, request.account, _text(post, "FromUserName"))
        kind = _text(post, "MsgType").lower()
        if kind == "event" or kind.startswith("device_"):
            return self._event(post, key, where)
        form = _FORMS.get(kind, Form.OTHER)
        text = _text(post, _WORDS.get(kind, ""))[:MAX_TEXT].strip()
        if form is Form.TEXT and not text:
            return []
        return [Inbound(where, key, text, form, _BY_MESSAGE)]

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:
        """Return the echo of a handshake, a reply in this account's mode, or `success`."""
        if request.method == "GET":
            return HookAnswer(request.query.get("echostr", "").encode(), "text/plain")
        text = _fit("\n\n".join(worded.text for _, worded in said))
        if not text:
            return HookAnswer(b"success", "text/plain")
        post, _ = self._read(request)
        stamp = _digits(post.get("CreateTime")) or "0"
        source, target = _cdata(_text(post, "ToUserName")), _cdata(_text(post, "FromUserName"))
        xml = TextReply(
            source=source, target=target, time=int(stamp), content=_cdata(text)
        ).render()
        body = self._seal(xml, stamp) if self._aes else xml
        return HookAnswer(body.encode(), "application/xml")

    async def send(self, letter: Outbound) -> Sent:
        """Send a template where the account has it, else a customer-service message.

        Raises:
            SendError: says what may be done next.
        """
        to, template = letter.address.user, letter.worded.template
        if template and (form := self._notices.get(template.name)):
            return Sent(await self._api.send_notice(to, form, template.values))
        if template and (form := self._templates.get(template.name)):
            try:
                return Sent(await self._api.send_template(to, form, template.values, letter.id))
            except Unknown as exc:
                if letter.attempt > _ONCE_ATTEMPTS:
                    raise
                raise TryLater(exc.code) from None  # asked again, it still comes once
        if not self._options.customer_service:
            raise WaitForUser("replies only")
        await self._api.send_text(to, clean_text(letter.worded.text))
        return Sent()

    async def look_up(self, letter: Outbound) -> Sent | None:
        """Return None for a fresh template: sent again, it still comes once.

        Raises:
            Unknown: WeChat cannot be asked.
        """
        name = letter.worded.template.name if letter.worded.template else ""
        if name in self._templates and letter.at and self._tools.clock() - letter.at < _ONCE_FOR:
            return None
        raise Unknown("wechat cannot be asked")

    async def run(self, store: Store) -> None:  # noqa: ARG002
        """Give the account its menu, then wait."""
        try:
            if self._menu:
                await self._api.keep_menu(self._menu, self._account)
            await asyncio.Event().wait()
        finally:
            await self._api.close()

    async def check(self) -> list[Finding]:
        """Look at mode, hook, credentials and menu; asks the platform, changes nothing."""
        mode, url = self._options.mode, self._tools.public_url
        enter = f"enter {url or 'https://…'}/hooks/wechat/{self._account} in WeChat's console"
        unsigned = "plain: WeChat signs no message in it; secure does"
        return [
            Finding("mode", bool(self._aes), mode if self._aes else unsigned),
            Finding("hook", url.startswith("https://"), enter),
            *await self._api.look(self._menu),
        ]

    def _event(self, post: Mapping[str, Any], key: str, where: Address) -> list[Arrival]:
        """Return what an event means: somebody came, left or tapped; a receipt; a permission."""
        event = _text(post, "Event").lower()
        if event in _OPENS:
            return [Inbound(where, key, "", Form.FOLLOWED, _BY_EVENT)]
        if event == "unsubscribe":
            return [Inbound(where, key, "", Form.LEFT)]
        if event == "click":
            text = _text(post, "EventKey")[:MAX_TEXT].strip()
            return [Inbound(where, key, text, Form.TEXT, _BY_EVENT)] if text else []
        if event in ("templatesendjobfinish", "subscribe_msg_sent_event"):
            items = [post, *_items(post, "SubscribeMsgSentEvent")]
            return [receipt for item in items if (receipt := _receipt(where, item))]
        if event in ("subscribe_msg_popup_event", "subscribe_msg_change_event"):
            return self._permissions(post, key, where)
        _IGNORED.labels(event=event if event in EVENT_TYPES else "other").inc()
        return []

    def _permissions(self, post: Mapping[str, Any], key: str, where: Address) -> list[Arrival]:
        """Return what was allowed and refused, by our names of the notices; others are not ours."""
        ours = {kept.id: name for name, kept in self._notices.items()}
        part = "Popup" if "popup" in _text(post, "Event").lower() else "Change"
        items = enumerate(_items(post, f"SubscribeMsg{part}Event"))
        return [
            Permission(where, f"{key}-{place}", ours[kind], status == "accept")
            for place, item in items
            if (kind := _text(item, "TemplateId")) in ours
            and (status := _text(item, "SubscribeStatusString")) in ("accept", "reject")
        ]

    def _is_signed(self, request: HookRequest, name: str, *more: str) -> bool:
        stamp, nonce = request.query.get("timestamp", ""), request.query.get("nonce", "")
        given = request.query.get(name, "").encode("utf-8", "replace")
        return hmac.compare_digest(_sign(self._token, stamp, nonce, *more).encode(), given)

    def _encrypted(self, request: HookRequest) -> str | None:
        """Return the ciphertext that is signed; whatever else the body says is not trusted."""
        found = _ENCRYPTED.findall(request.body[:MAX_BODY].decode("utf-8", "replace"))
        return next((c for c in found if self._is_signed(request, "msg_signature", c)), None)

    def _read(self, request: HookRequest) -> tuple[dict[str, Any], str]:
        """Open and read a post, with its key; three libraries' complaints come out as one of ours."""
        if len(request.body) > MAX_BODY:
            raise BadInput(f"a message may have {MAX_BODY // 1024} KB at most", 413)
        try:
            xml = request.body.decode()
            if self._aes:
                xml = PrpCrypto(self._aes).decrypt(self._encrypted(request), self._options.app_id)
            xml = _clean(xml)  # better without a character than not at all
            fits = _ROOT.match(xml) is not None and xml.count("<") <= _MAX_TAGS
            post = parse_message(xml)._data if fits else {}  # noqa: SLF001
            if 0 < len(_text(post, "FromUserName")) <= _MAX_USER:
                return post, _key(post, xml, request.query)
        except Exception:  # noqa: BLE001, S110  (whatever it is: its text may be a patient's words)
            pass
        raise BadInput("this is no message of WeChat's in the mode of this account", 400)

    def _seal(self, xml: str, stamp: str) -> str:
        """Return an encrypted reply; of the same reply, the same bytes."""
        chance = hmac.digest(self._aes, xml.encode(), "sha256")
        crypto, nonce = PrpCrypto(self._aes), chance[16:].hex()[:16]
        crypto.get_random_string = lambda: chance[:16]
        sealed = crypto.encrypt(xml, self._options.app_id).decode()
        return (
            f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt>"
            f"<MsgSignature>{_sign(self._token, stamp, nonce, sealed)}</MsgSignature>"
            f"<TimeStamp>{stamp}</TimeStamp><Nonce>{nonce}</Nonce></xml>"
        )


def _aes_key(key: str, where: str, account: str) -> bytes:
    with suppress(ValueError):
        if len(made := base64.b64decode(key + "=", validate=True)) == 32:  # noqa: PLR2004
            return made
    name = f"DAOYI_WECHAT_{account}_AES_KEY".upper()
    raise SettingsError(f"{where}: {name} must be the 43 letters and digits of WeChat's console")


def _key(post: Mapping[str, Any], xml: str, query: Mapping[str, str]) -> str:
    """Return WxJava's key; where a simulator leaves out what is in it, one of this very post."""
    user, number = _text(post, "FromUserName"), _digits(post.get("MsgId"))
    created = _digits(post.get("CreateTime"))
    stamp = created or clean_text(f"{query.get('timestamp')}.{query.get('nonce')}")
    if "Event" in post:
        return f"{stamp}-{user}-{_text(post, 'EventKey')}-{_text(post, 'Event')}"
    digest = hashlib.sha256(xml.encode()).hexdigest()[:16]
    return f"{number}-{created}-{user}" if number else f"{digest}-{stamp}-{user}"


def _text(data: Mapping[str, Any], name: str) -> str:
    """Return a field; one that came twice, or with others in it, counts as missing."""
    value = data.get(name)
    return clean_text(value) if isinstance(value, str) else ""


def _digits(value: Any) -> str:
    is_number = isinstance(value, str) and value.isascii() and value.isdecimal()
    return value if is_number and len(value) <= _LONGEST else ""


def _items(post: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the items of an event: a single one is a dictionary, several are a list."""
    listed = part.get("List") if isinstance(part := post.get(name), dict) else None
    items = listed if isinstance(listed, list) else [listed]
    return [item for item in items if isinstance(item, dict)]


def _receipt(where: Address, post: Mapping[str, Any]) -> Receipt | None:
    told = (_text(post, "Status") or _text(post, "ErrorCode")).lower()
    if not told or not (message_id := _text(post, "MsgID")):
        return None
    if told in ("success", "0"):
        return Receipt(where.channel, where.account, Progress.DELIVERED, provider_id=message_id)
    progress = Progress.FAILED if "system" in told else Progress.UNDELIVERED
    code = told.removeprefix("failed:").strip()[:40]
    return Receipt(where.channel, where.account, progress, provider_id=message_id, code=code)


def _sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode("utf-8", "replace")).hexdigest()  # noqa: S324  (WeChat's rule)


def _cdata(text: str) -> str:
    return text.replace("]]>", "]]]]><![CDATA[>")  # wechatpy would let a text end its section


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _clean(text: str) -> str:
    return _NOT_XML.sub("", clean_text(text))


def _fit(text: str) -> str:
    """Return what XML can carry of a text, cut where the platform would refuse the rest."""
    text = _clean(text)
    if _bytes(text) <= MAX_BYTES:
        return text
    return text.encode()[: MAX_BYTES - 3].decode(errors="ignore") + "…"
