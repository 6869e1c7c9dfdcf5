"""What a provider of text messages offers, and what all of them need.

A provider speaks one company's protocol for one account. It knows numbers, texts and receipts;
`bot/channels/sms.py` makes a channel of it.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address, ip_network
from typing import Any, Protocol, TypeVar

from bot.channels.base import Finding, HookAnswer, HookRequest, Tools
from bot.channels.options import secret
from bot.errors import NotSigned, SendError, SettingsError, TryLater
from bot.message import Form, Receipt, Sent, Template

T = TypeVar("T")

#: A gateway answers in this many seconds, or the message may have been taken.
TIMEOUT = 10.0
#: The longest wait a provider may ask of us, in seconds.
MAX_WAIT = 3_600.0
#: This long after a message was stored a provider's list of messages may not show it yet, in seconds.
SETTLING = 60.0

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,200}")
_CODE = re.compile(r"[^A-Za-z0-9_.:-]")
_UNPRINTABLE = re.compile(r"[^!-~]")
#: What HTTP libraries call a connection that never stood: nothing was sent over it.
_NEVER_STOOD = {
    "ClientConnectorError", "ConnectError", "ConnectTimeout", "ConnectTimeoutError",
    "ConnectionRefusedError", "ConnectionTimeoutError", "NameResolutionError", "NewConnectionError",
    "PoolTimeout", "gaierror",
}  # fmt: skip


class Encoding(StrEnum):
    """How the characters of a text message travel."""

    GSM7 = "gsm-7"
    UCS2 = "ucs-2"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a text costs.

    Attributes:
        units: septets in GSM-7 (a few characters take two), 16-bit units in UCS-2.
        parts: how many text messages it is; operators bill each.
    """

    encoding: Encoding
    units: int
    parts: int


@dataclass(frozen=True, slots=True)
class Caps:
    """What a provider can carry.

    Attributes:
        templates: our names of the approved templates this account can send.
        max_parts: more parts than this are cut off or refused.
    """

    free_text: bool
    templates: frozenset[str] = frozenset()
    inbound: bool = True
    receipts: bool = True
    max_parts: int = 10


@dataclass(frozen=True, slots=True)
class OutboundSms:
    """One message to one number.

    Attributes:
        id: our own id; providers give it back where they can.
        to: the number in E.164: +8613…
        text: with the signature; empty where only the template counts.
        parts: what the text costs; None where a template's words are not known here.
        at: when it was stored.
    """

    id: int
    to: str = field(repr=False)
    text: str = field(repr=False)
    parts: Parts | None = None
    template: Template | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """One message from a phone, as the provider gave it: neither number nor text is cleaned yet."""

    number: str = field(repr=False)
    key: str = field(repr=False)
    text: str = field(repr=False)
    form: Form = Form.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What every account of text messages may say in config.toml.

    Attributes:
        signature: the hospital's short name; goes before each text as 【…】 and is counted.
        max_parts: a longer text goes as several messages.
        per_second: messages a second, over all processes.
        sources: addresses or networks our hook takes requests from; empty: any that knows the secret.
        callback_url: where the provider reaches us, if not at `server.public_url`.
        timeout: seconds until an answer counts as lost.
    """

    provider: str
    signature: str = ""
    max_parts: int = 6
    per_second: int = 10
    sources: tuple[str, ...] = ()
    callback_url: str = ""
    api_base_url: str = ""
    timeout: float = TIMEOUT


class Provider(Protocol):
    """One account at one company."""

    name: str
    options: Options
    caps: Caps

    def verify(self, request: HookRequest) -> None:
        """Return where the request is from the provider.

        Raises:
            NotSigned: it is not.
        """
        ...

    def parse(self, request: HookRequest) -> Sequence[Heard | Receipt]:
        """Return what is in a verified request; a malformed item is left out.

        Raises:
            BadInput: nothing in it can be read.
        """
        ...

    def ack(self, request: HookRequest) -> HookAnswer:
        """Return the answer that ends the provider's own repetitions."""
        ...

    def words_of(self, template: Template) -> str:
        """Return a template's text as it will arrive; empty where its words are not known here."""
        ...

    async def send(self, sms: OutboundSms) -> Sent:
        """Hand one message over.

        Raises:
            SendError: it was not taken, or may not have been.
        """
        ...

    async def look_up(self, sms: OutboundSms) -> Sent | None:
        """Return what became of a message, or None where the provider never got it.

        Raises:
            SendError: it cannot be told now (`TryLater`), or not at all (`Unknown`).
        """
        ...

    async def check(self) -> list[Finding]:
        """Look whether the account works; sends nothing, never raises."""
        ...


#: Opens a provider: account, its section of config.toml, its secrets, what the application lends.
OpenProvider = Callable[[str, Mapping[str, Any], Mapping[str, str], Tools], Provider]


def secret_of(account: str, secrets: Mapping[str, str], name: str, where: str) -> str:
    """Return a secret of an account.

    Raises:
        SettingsError: it is not set; names the variable.
    """
    return secret(secrets, name, where, variable_of(account, name))


def variable_of(account: str, name: str) -> str:
    """Return the environment's name of a secret."""
    return f"DAOYI_SMS_{account}_{name}".upper()


class Gate:
    """Lets in what knows our secret and comes from where the provider is.

    Providers that sign nothing get a URL with a secret in it: `?secret=…`. Beside it, `sources`.
    """

    def __init__(
        self, account: str, secrets: Mapping[str, str], options: Options, where: str
    ) -> None:
        self.secret = secret_of(account, secrets, "hook_secret", where)
        if not _SECRET.fullmatch(self.secret):
            raise SettingsError(
                f"{where}: the environment variable {variable_of(account, 'hook_secret')} is not usable "
                "(expected 16 to 200 of letters, digits, - and _: it goes into a URL)"
            )
        self._sources = networks(options.sources, where)

    def check(self, request: HookRequest) -> None:
        """Return where the request may come in.

        Raises:
            NotSigned: wrong secret, or from elsewhere.
        """
        given = request.query.get("secret", "").encode("utf-8", "surrogatepass")
        if not compare_digest(given, self.secret.encode()):
            raise NotSigned("the secret in the URL is not this account's", 403)
        check_source(request, self._sources)


def networks(sources: Sequence[str], where: str) -> list[Any]:
    """Return the networks that `sources` names.

    Raises:
        SettingsError: one of them is none.
    """
    try:
        return [ip_network(source, strict=False) for source in sources]
    except (ValueError, TypeError) as exc:
        raise SettingsError(
            f"{where}.sources must list addresses or networks, such as 127.0.0.1 or 10.0.0.0/8"
        ) from exc


def check_source(request: HookRequest, allowed: Sequence[Any]) -> None:
    """Return where a request comes from an allowed network, or any is.

    Raises:
        NotSigned: it comes from elsewhere.
    """
    if not allowed:
        return
    try:
        source = ip_address(request.source)
    except ValueError:
        source = None
    if source is None or not any(source in network for network in allowed):
        raise NotSigned("this address is not one of the account's sources", 403)


def hook_url(options: Options, tools: Tools, account: str) -> str:
    """Return where the provider reaches this account; empty where nobody told us."""
    base = (options.callback_url or tools.public_url).rstrip("/")
    return f"{base}/hooks/sms/{options.provider}/{account}" if base else ""


def hook_finding(url: str) -> Finding:
    """Say whether receipts and replies can reach us."""
    if url:
        return Finding("hook", True, f"replies and receipts are expected at {url}")
    return Finding(
        "hook",
        False,
        "nobody can reach us: set server.public_url, or callback_url in this account's section",
    )


def short_code(raw: object) -> str:
    """Return a provider's code as a short word that is safe to store and show."""
    return _CODE.sub("_", str(raw))[:40]


def id_of(raw: object) -> str:
    """Return a provider's id of a message, the same wherever it is told: printable ASCII."""
    return _UNPRINTABLE.sub("_", str(raw))[:100]


def number_of(raw: object) -> int:
    """Return one of our ids that a provider gives back; 0 where it is none of ours."""
    digits = str(raw)
    is_ours = digits.isascii() and digits.isdigit() and len(digits) <= 18  # noqa: PLR2004
    return int(digits) if is_ours else 0


def key_of(*what: object) -> str:
    """Return a key for a message that its provider numbers nowhere."""
    return sha256("\x1f".join(map(str, what)).encode("utf-8", "replace")).hexdigest()[:40]


def wait_of(raw: str | None) -> float | None:
    """Return the seconds of a Retry-After header; None where there is no such number."""
    try:
        return max(0.0, min(float(int(raw or "")), MAX_WAIT))
    except ValueError:
        return None


def never_sent(error: BaseException) -> bool:
    """Say whether a connection never stood, so that certainly nothing was sent.

    Looks through what libraries wrap around it: causes, contexts, arguments, reasons.
    """
    seen: set[int] = set()
    stack: list[object] = [error]
    while stack:
        one = stack.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        if type(one).__name__ in _NEVER_STOOD:
            return True
        inner = [getattr(one, name, None) for name in ("reason", "inner_exception")]
        stack += [one.__cause__, one.__context__, *inner, *one.args]
    return False


async def in_thread(call: Callable[[], T], fault: Callable[[Exception], SendError]) -> T:
    """Run a blocking SDK call beside the event loop; `fault` names what its errors mean.

    Raises:
        SendError: the SDK raised; never with its own words, which may quote the message.
    """
    try:
        return await asyncio.to_thread(call)
    except SendError:
        raise
    except Exception as exc:  # noqa: BLE001  (SDKs raise what they like)
        raise fault(exc) from None


def settled(sms: OutboundSms, now: datetime) -> datetime:
    """Return when a message was stored, once a list that lacks it proves something.

    Raises:
        TryLater: it is too early to tell.
    """
    if sms.at is None:
        raise TryLater("not_stored")
    age = (now - sms.at).total_seconds()
    if age < SETTLING:
        raise TryLater("too_early", SETTLING - age)
    return sms.at
