"""Kannel, the open SMS gateway: its sendsms interface out, its get-url or post-url in.

The message goes as a POST with X-Kannel headers: a GET would put it into URLs, which proxies and
gateways write down. Gateways that only look like Kannel may want `method = "GET"`.

In Kannel's own configuration (one line; the secret is DAOYI_SMS_<ACCOUNT>_HOOK_SECRET):

    get-url = "http://…/hooks/sms/kannel/main?secret=…&id=%I&from=%p&to=%P&charset=%C&text=%b"

or `post-url = "…?secret=…&id=%I"` with `send-sender = true`; and `max-messages = 0` in that group,
or the body of our answer would go to the patient as a message.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

import httpx

from bot.channels.base import Finding, HookAnswer, HookRequest, Tools
from bot.channels.options import read_options
from bot.channels.sms_providers.base import (
    Caps,
    Encoding,
    Gate,
    Heard,
    Options,
    OutboundSms,
    hook_finding,
    hook_url,
    id_of,
    never_sent,
    number_of,
    secret_of,
    wait_of,
)
from bot.errors import (
    BadInput,
    NeedsOperator,
    Refused,
    SendError,
    SettingsError,
    TryLater,
    Unknown,
)
from bot.message import Progress, Receipt, Sent, Template

#: Kannel's types of receipts. 4: it waits at the operator. 16: the operator's centre refused it.
PROGRESS: Mapping[str, Progress] = {
    "1": Progress.DELIVERED, "2": Progress.UNDELIVERED, "4": Progress.ACCEPTED,
    "8": Progress.SENT, "16": Progress.FAILED,
}  # fmt: skip
_WORDS: Mapping[str, str] = {"2": "undelivered", "4": "buffered", "16": "centre_refused"}
#: Everything Kannel can report.
_MASK = "31"
#: Kannel's user takes ten parts of one message, unless told otherwise.
_MAX_PARTS = 10
#: The operator's error code inside %D, three bytes of SMPP: the kind of network, then the code.
_ERROR = re.compile(rb"dlr_err=.(..)", re.DOTALL)
#: What Kannel must tell us of each message, behind the secret.
_GET_URL = "&id=%I&from=%p&to=%P&charset=%C&text=%b"
_CHARSET = re.compile(r'charset="?([A-Za-z0-9_-]{1,20})')


@dataclass(frozen=True, slots=True, kw_only=True)
class KannelOptions(Options):
    """What an account on Kannel says in config.toml.

    Attributes:
        api_base_url: where smsbox listens: sendsms-port.
        sender: the number or word that phones show.
        method: "POST" (X-Kannel headers) or "GET".
    """

    api_base_url: str = "http://127.0.0.1:13013"
    path: str = "/cgi-bin/sendsms"
    username: str
    sender: str = ""
    method: str = "POST"


class Kannel:
    """`Provider` for one sendsms user.

    Nothing tells what became of a message whose answer was lost: its receipt may still come.
    """

    name = "kannel"

    def __init__(
        self, account: str, options: KannelOptions, password: str, gate: Gate, hook: str
    ) -> None:
        self.options, self.caps = options, Caps(True, receipts=bool(hook), max_parts=_MAX_PARTS)
        self._account, self._password, self._gate, self._hook = account, password, gate, hook
        self._url = options.api_base_url.rstrip("/") + options.path

    def verify(self, request: HookRequest) -> None:
        """See `Gate`."""
        self._gate.check(request)

    def parse(self, request: HookRequest) -> list[Heard | Receipt]:
        """Return the one message or receipt of a callback.

        Raises:
            BadInput: a message has no id, so the get-url lacks `id=%I`.
        """
        if "dlr" in request.query:
            return self._receipt(request)
        key = request.query.get("id", "")
        if not key:
            raise BadInput("id: is missing; Kannel's get-url or post-url needs id=%I", 400)
        if request.method == "POST":
            charset = _CHARSET.search(request.headers.get("content-type", ""))
            text = _decode(request.body, charset[1] if charset else "")
            return [Heard(request.headers.get("x-kannel-from", ""), key, text)]
        text = _decode(_raw(request, "text"), request.query.get("charset", ""))
        return [Heard(request.query.get("from", ""), key, text)]

    def _receipt(self, request: HookRequest) -> list[Heard | Receipt]:
        query, kind = request.query, request.query.get("type", "")
        message_id = number_of(query["dlr"])
        if not message_id or kind not in PROGRESS:
            return []
        # Of a text in several parts Kannel asks and gives the receipt of the first one only.
        part = 1 if number_of(query.get("parts", "1")) > 1 else 0
        smsc, reason = id_of(query.get("smsc", "")), _reason(kind, _raw(request, "meta"))
        return [
            Receipt("sms", self._account, PROGRESS[kind], message_id, smsc, part=part, code=reason)
        ]

    def ack(self, request: HookRequest) -> HookAnswer:  # noqa: ARG002
        """Return an empty body: whatever stood there could reach the patient as a message."""
        return HookAnswer(b"", "text/plain", 200)

    def words_of(self, template: Template) -> str:  # noqa: ARG002
        """Return nothing: Kannel has no templates."""
        return ""

    async def send(self, sms: OutboundSms) -> Sent:
        """Hand a message to smsbox; Kannel gives no id, its receipts come with ours.

        Raises:
            SendError: see `_fault`.
        """
        answer = await self._ask(sms)
        if answer.status_code // 100 == 2:  # noqa: PLR2004
            queued = answer.text.startswith("3:")  # no operator is reachable now; Kannel keeps it
            return Sent(None, Progress.QUEUED if queued else Progress.ACCEPTED)
        raise _fault(answer)

    async def _ask(self, sms: OutboundSms | None) -> httpx.Response:
        """Ask smsbox; without a message it only looks at the password."""
        fields = {"username": self.options.username, "password": self._password}
        text = ""
        if sms is not None:
            fields |= self._fields(sms)
            text = sms.text
        try:
            async with httpx.AsyncClient(
                verify=self._tls, timeout=self.options.timeout, trust_env=False
            ) as client:
                if self.options.method == "GET":
                    extra = {"text": text, "charset": "UTF-8"} if sms else {}
                    return await client.get(self._url, params=fields | extra)
                headers = {f"X-Kannel-{name}": value for name, value in fields.items()}
                headers["Content-Type"] = "text/plain; charset=UTF-8"
                return await client.post(self._url, headers=headers, content=text.encode())
        except httpx.HTTPError as exc:
            if never_sent(exc):
                raise TryLater("kannel_unreachable", whole_account=True) from None
            raise Unknown("kannel_no_answer") from None

    def _fields(self, sms: OutboundSms) -> dict[str, str]:
        needs_ucs2 = sms.parts is None or sms.parts.encoding is Encoding.UCS2
        fields = {"to": sms.to, "coding": "2" if needs_ucs2 else "0"}
        if self.options.sender:
            fields["from"] = self.options.sender
        if self._hook:
            # %A would quote the message's first words in a URL; the operator's code is in %D.
            parts = sms.parts.parts if sms.parts else 1
            fields["dlr-mask"] = _MASK
            fields["dlr-url"] = (
                f"{self._hook}?secret={self._gate.secret}&dlr={sms.id}&parts={parts}"
                "&type=%d&smsc=%F&meta=%D"
            )
        return fields

    @cached_property
    def _tls(self) -> Any:
        return httpx.create_ssl_context()

    async def look_up(self, sms: OutboundSms) -> Sent | None:  # noqa: ARG002
        """Raise: Kannel cannot be asked.

        Raises:
            Unknown: always.
        """
        raise Unknown("kannel_cannot_tell")

    async def check(self) -> list[Finding]:
        """Ask smsbox with the password and without a message, which it refuses either way."""
        found = [hook_finding(self._hook)]
        if self._hook:
            asks = f"{self._hook}; Kannel's get-url adds ?secret=…{_GET_URL}"
            found = [Finding("hook", True, f"replies and receipts are expected at {asks}")]
        try:
            status = (await self._ask(None)).status_code
        except SendError:
            sentence = f"smsbox does not answer at {self._url}: is Kannel running?"
            return [*found, Finding("gateway", False, sentence)]
        if status == 400:  # noqa: PLR2004  (no receiver: it got past the password)
            sentence = f"smsbox takes the password of {self.options.username}"
            return [*found, Finding("credentials", True, sentence)]
        sentence = f"smsbox answers {status}: look at username, password and path"
        return [*found, Finding("credentials", False, sentence)]


def _fault(answer: httpx.Response) -> SendError:
    status, code = answer.status_code, f"kannel_{answer.status_code}"
    if status in (401, 403, 404):
        return NeedsOperator(code)
    if status in (429, 503):  # "Temporal failure, try again later": bearerbox did not take it
        return TryLater(code, wait_of(answer.headers.get("retry-after")), whole_account=True)
    if status // 100 == 5:  # noqa: PLR2004
        return Unknown(code)
    return Refused(code)


def _reason(kind: str, meta: bytes) -> str:
    found = _ERROR.search(unquote_to_bytes(meta))
    number = int.from_bytes(found[1]) if found else 0
    return f"error_{number}" if number else _WORDS.get(kind, "")


def _raw(request: HookRequest, name: str) -> bytes:
    """Return a query value as bytes: %b is UTF-16 as often as not, which no text of ours can hold."""
    for pair in urlsplit(request.url).query.split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            return unquote_to_bytes(value.replace("+", " "))
    return request.query.get(name, "").encode("utf-8", "replace")


def _decode(raw: bytes, charset: str) -> str:
    """Return a text; what cannot be read becomes U+FFFD, never an error."""
    if charset.upper() in ("UTF-16BE", "UTF16-BE", "UCS-2", "UCS2"):
        return raw.decode("utf-16-be", "replace")
    try:
        return raw.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def open_provider(
    account: str, config: Mapping[str, Any], secrets: Mapping[str, str], tools: Tools
) -> Kannel:
    """Open an account on Kannel.

    Raises:
        SettingsError: names the file, the key and what is expected.
    """
    options = read_options(KannelOptions, config, tools.where)
    if options.method not in ("GET", "POST"):
        raise SettingsError(f'{tools.where}.method must be "POST" or "GET"')
    for key, value in (("username", options.username), ("sender", options.sender)):
        if not (value.isascii() and value.isprintable()):
            raise SettingsError(f"{tools.where}.{key} must be plain letters and digits")
    gate = Gate(account, secrets, options, tools.where)
    password = secret_of(account, secrets, "password", tools.where)
    url = hook_url(options, tools, account)
    return Kannel(account, options, password, gate, quote(url, safe=":/"))
