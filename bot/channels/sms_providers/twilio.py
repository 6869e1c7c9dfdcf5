"""Twilio Programmable Messaging, by its official client: free text both ways, receipts, look-up.

In Twilio's console the number's "a message comes in" points to
https://<public_url>/hooks/sms/twilio/<account>; receipts are asked for with every message. What Twilio
posts is signed with the account's auth token over the URL as Twilio knows it, so `server.public_url`
(or `callback_url`) must be exactly what stands in the console.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from bot.channels.base import Finding, HookAnswer, HookRequest, Tools
from bot.channels.options import read_options
from bot.channels.sms_providers.base import (
    Caps,
    Heard,
    Options,
    OutboundSms,
    check_source,
    hook_finding,
    hook_url,
    id_of,
    in_thread,
    networks,
    never_sent,
    number_of,
    secret_of,
    settled,
    short_code,
    wait_of,
)
from bot.errors import (
    BadInput,
    NeedsOperator,
    NotSigned,
    Refused,
    SendError,
    SettingsError,
    TryLater,
    Unknown,
    Unreachable,
)
from bot.message import Form, Progress, Receipt, Sent, Template

#: What Twilio says became of a message. "scheduled" waits for its hour; "accepted" for a number.
PROGRESS: Mapping[str, Progress] = {
    "scheduled": Progress.QUEUED,
    "accepted": Progress.ACCEPTED,
    "queued": Progress.ACCEPTED,
    "sending": Progress.ACCEPTED,
    "sent": Progress.SENT,
    "delivered": Progress.DELIVERED,
    "read": Progress.DELIVERED,
    "undelivered": Progress.UNDELIVERED,
    "partially_delivered": Progress.UNDELIVERED,
    "failed": Progress.FAILED,
    "canceled": Progress.FAILED,
}
_WORDLESS: frozenset[str] = frozenset({"partially_delivered", "canceled"})

#: Twilio's error codes, by what may be done next; any other goes by its HTTP status.
UNREACHABLE = frozenset({21610})  # opted out: Twilio blocks the number itself
REFUSED = frozenset({21211, 21214, 21217, 21421, 21604, 21612, 21614, 21617, 21619, 21635})
LATER = frozenset({20429, 21611, 30001})  # too many at once; the queue is full
OPERATOR = frozenset({
    20003, 20005, 20006, 20404, 21212, 21408, 21601, 21603, 21606, 21608, 21659, 21660, 21703, 21705,
    30002, 63038,
})  # fmt: skip

#: Our clock and Twilio's differ by less.
_SKEW = timedelta(minutes=2)
#: So many of a number's last messages are looked through.
_LAST = 50
_FORMS: Mapping[str, Form] = {"image": Form.IMAGE, "audio": Form.VOICE, "video": Form.VIDEO}
#: The library writes requests, numbers included, to its log; to this one nobody listens.
_SILENT = logging.Logger("daoyi.twilio", logging.CRITICAL + 1)  # noqa: LOG001


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioOptions(Options):
    """What an account at Twilio says in config.toml.

    Attributes:
        sender: our number in E.164, or a word where the country allows it.
        messaging_service: the id of a messaging service, in place of `sender`.
        api_key: the id of an API key, in place of the auth token for sending (secret: API_SECRET).
    """

    account_sid: str
    sender: str = ""
    messaging_service: str = ""
    api_key: str = ""


class _Http(TwilioHttpClient):  # type: ignore[misc]
    """The library's transport, aimed where `api_base_url` points; says how long a 429 lasts."""

    def __init__(self, base: str, timeout: float) -> None:
        super().__init__(timeout=timeout, logger=_SILENT)
        self._base = urlsplit(base)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if self._base.netloc:
            path = self._base.path.rstrip("/") + urlsplit(url).path
            query = urlsplit(url).query
            url = urlunsplit((self._base.scheme, self._base.netloc, path, query, ""))
        answer = super().request(method, url, *args, **kwargs)
        if answer.status_code == 429:  # noqa: PLR2004
            after = wait_of((answer.headers or {}).get("Retry-After"))
            raise TryLater("twilio_429", after, whole_account=True)
        return answer


class _Form(dict[str, list[str]]):
    """A posted form; the library's validator asks it for every value of a name."""

    def getlist(self, name: str) -> list[str]:
        return self[name]

    def first(self, name: str) -> str:
        return self.get(name, [""])[0]


class Twilio:
    """`Provider` for one account."""

    name = "twilio"

    def __init__(
        self, account: str, options: TwilioOptions, secrets: Mapping[str, str], tools: Tools
    ) -> None:
        self.options, self.caps = options, Caps(free_text=True)
        self._account, self._clock = account, tools.clock
        token = secret_of(account, secrets, "auth_token", tools.where)
        self._login = (options.account_sid, token)
        if options.api_key:
            key_secret = secret_of(account, secrets, "api_secret", tools.where)
            self._login = (options.api_key, key_secret)
        self._validator = RequestValidator(token)
        self._hook = hook_url(options, tools, account)
        self._sources = networks(options.sources, tools.where)

    def verify(self, request: HookRequest) -> None:
        """Return where Twilio signed the URL it was told, with the form.

        Raises:
            NotSigned: it did not.
        """
        check_source(request, self._sources)
        signature = request.headers.get("x-twilio-signature", "")
        form: _Form | str = _form(request.body) if request.method == "POST" else _Form()
        if "bodySHA256" in request.query:
            form = request.body.decode("utf-8", "replace")
        try:
            is_signed = bool(signature) and self._validator.validate(
                self._told(request), form, signature
            )
        except ValueError:  # a URL or a form that cannot be
            is_signed = False
        if not is_signed:
            raise NotSigned("the signature is not Twilio's over this account's URL", 403)

    def _told(self, request: HookRequest) -> str:
        """Return the URL as Twilio was told it; what the request says of its host decides nothing."""
        query = urlsplit(request.url).query
        return f"{self._hook}?{query}" if self._hook and query else self._hook or request.url

    def parse(self, request: HookRequest) -> list[Heard | Receipt]:
        """Return the one message or receipt of a callback.

        Raises:
            BadInput: it is neither.
        """
        form = _form(request.body if request.method == "POST" else _query(request))
        sid = form.first("MessageSid") or form.first("SmsSid")
        if not sid:
            raise BadInput("MessageSid: is missing", 400)
        status = (form.first("MessageStatus") or form.first("SmsStatus")).lower()
        if status in PROGRESS:
            return [self._receipt(request, form, status, sid)]
        if status not in ("", "received", "receiving"):
            return []  # a state that Twilio added since
        heard = Heard(form.first("From"), f"{sid}", form.first("Body"), _kind(form))
        return [heard]

    def _receipt(self, request: HookRequest, form: _Form, status: str, sid: str) -> Receipt:
        code = short_code(form.first("ErrorCode")) or (status if status in _WORDLESS else "")
        our_id = number_of(request.query.get("id", ""))
        return Receipt("sms", self._account, PROGRESS[status], our_id, id_of(sid), code=code)

    def ack(self, request: HookRequest) -> HookAnswer:  # noqa: ARG002
        """Return empty TwiML: nothing is to be said in this answer."""
        return HookAnswer(b"<Response/>", "text/xml", 200)

    def words_of(self, template: Template) -> str:  # noqa: ARG002
        """Return nothing: texts go as they are."""
        return ""

    async def send(self, sms: OutboundSms) -> Sent:
        """Create a message.

        Raises:
            SendError: see `_fault`.
        """
        fields: dict[str, Any] = {"to": sms.to, "body": sms.text}
        if self.options.messaging_service:
            fields["messaging_service_sid"] = self.options.messaging_service
        else:
            fields["from_"] = self.options.sender
        if self._hook:
            fields["status_callback"] = f"{self._hook}?id={sms.id}"
        made = await self._ask(lambda client: client.messages.create(**fields))
        return _sent(made)

    async def look_up(self, sms: OutboundSms) -> Sent | None:
        """Look through the number's last messages for this text, since it was stored.

        Not by Twilio's DateSent: a message that still waits has none, and would be sent twice.

        Raises:
            SendError: it cannot be told now.
        """
        since = settled(sms, self._clock()) - _SKEW
        listed = await self._ask(lambda client: client.messages.list(to=sms.to, limit=_LAST))
        for message in listed:
            made: datetime | None = message.date_created
            if message.body == sms.text and made is not None and made >= since:
                return _sent(message)
        return None

    async def check(self) -> list[Finding]:
        """Ask for the account's state."""
        found = [hook_finding(self._hook)]
        try:
            state = await self._ask(lambda client: client.api.accounts(self._sid).fetch())
        except NeedsOperator as exc:
            sentence = f"Twilio refuses account_sid with its secret ({exc.code})"
            return [*found, Finding("credentials", False, sentence)]
        except SendError as exc:
            return [*found, Finding("gateway", False, f"Twilio does not answer ({exc.code})")]
        is_active = str(state.status) == "active"
        sentence = f"Twilio says the account is {short_code(state.status)}"
        return [*found, Finding("credentials", is_active, sentence)]

    async def _ask(self, call: Callable[[Any], Any]) -> Any:
        return await in_thread(lambda: call(self._client), _fault)

    @property
    def _sid(self) -> str:
        return self.options.account_sid

    @cached_property
    def _client(self) -> Any:
        http = _Http(self.options.api_base_url, self.options.timeout)
        return Client(*self._login, account_sid=self._sid, http_client=http)


def _sent(message: Any) -> Sent:
    return Sent(id_of(message.sid), PROGRESS.get(str(message.status), Progress.ACCEPTED))


def _fault(error: Exception) -> SendError:
    status, number = _told(error)
    if not status:
        if never_sent(error):
            return TryLater("twilio_unreachable", whole_account=True)
        return Unknown("twilio_no_answer")
    code = f"twilio_{number or status}"
    if number in UNREACHABLE:
        return Unreachable(code)
    if number in LATER or status in (429, 503):
        return TryLater(code, whole_account=True)
    if number in OPERATOR or (status in (401, 403, 404) and number not in REFUSED):
        return NeedsOperator(code)
    return Unknown(code) if status // 100 == 5 else Refused(code)  # noqa: PLR2004


def _told(error: Exception) -> tuple[int, int]:
    """Return the status and Twilio's code of an error; 0 and 0 where there was no answer."""
    if isinstance(error, TwilioRestException):
        return error.status, error.code or 0
    for answer in error.args:  # lists fail with the answer beside a sentence
        if isinstance(answer, Response):
            try:
                told = json.loads(answer.text)
            except ValueError:
                told = {}
            return answer.status_code, number_of(told.get("code")) if isinstance(told, dict) else 0
    return 0, 0


def _kind(form: _Form) -> Form:
    if not number_of(form.first("NumMedia") or "0"):
        return Form.TEXT
    return _FORMS.get(form.first("MediaContentType0").partition("/")[0], Form.FILE)


def _form(raw: bytes) -> _Form:
    """Return a posted form; a name may come twice.

    Raises:
        BadInput: it is none.
    """
    form = _Form()
    try:
        pairs = parse_qsl(
            raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=500
        )
    except ValueError as exc:
        raise BadInput("the body must be a form", 400) from exc
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def _query(request: HookRequest) -> bytes:
    return urlsplit(request.url).query.encode("utf-8", "replace")


def open_provider(
    account: str, config: Mapping[str, Any], secrets: Mapping[str, str], tools: Tools
) -> Twilio:
    """Open an account at Twilio.

    Raises:
        SettingsError: names the file, the key and what is expected.
    """
    options = read_options(TwilioOptions, config, tools.where)
    if bool(options.sender) == bool(options.messaging_service):
        raise SettingsError(f"{tools.where} needs either sender or messaging_service")
    return Twilio(account, options, secrets, tools)
