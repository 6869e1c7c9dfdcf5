"""The hospital's own app, or another messenger's gateway: JSON in, JSON out, both signed.

It posts {"id", "user", "text", "form"?} or {"receipt", "progress", "code"?} to /hooks/relay/<account>;
`send_url` is sent {"id", "user", "text", "kind", "buttons"}. Both sides sign with one key: the header
x-daoyi-signature is the HMAC-SHA256, in small hex digits, of what x-daoyi-timestamp says (seconds
since 1970), a full stop, and the body. It is good for 300 seconds; a post that comes again counts once.

The receiver promises to show each of our ids once, however often it comes. Only therefore is a message
whose answer was lost sent again. 410 means that this user is gone; 404 only that `send_url` is wrong.
"""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ssl import SSLContext
from typing import Any
from uuid import uuid4

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot import errors
from bot.channels.base import Finding, HookAnswer, HookRequest, Limits, Tools
from bot.channels.options import read_options, secret
from bot.message import (
    MAX_TEXT,
    Address,
    Form,
    Inbound,
    Outbound,
    Progress,
    Receipt,
    Sent,
    Worded,
    clean_text,
)

#: For how long a signature is good, in seconds; the two clocks may differ by as much.
MAX_AGE = 300
_NAME = r"^[A-Za-z0-9_.:@+-]{1,100}$"
_OURS = r"^[0-9]{1,18}-[0-9a-f]{1,32}$"
_HERE = ("127.0.0.1", "::1", "localhost")
_URL = r"https?://([A-Za-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?"


@dataclass(frozen=True, slots=True)
class Options:
    """`[channels.relay.<account>]`: `text` in characters, `timeout` in seconds."""

    send_url: str
    buttons: int = 8
    text: int = MAX_TEXT
    private: bool = True
    timeout: float = 10.0


class Written(BaseModel):
    """What a patient did. Other keys are refused, so a message of ours cannot be posted back as hers."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(pattern=_NAME)
    user: str = Field(pattern=_NAME)
    text: str = ""
    form: Form = Field(Form.TEXT, strict=False)


class Reported(BaseModel):
    """What became of a message of ours."""

    model_config = ConfigDict(extra="forbid", strict=True)

    receipt: str = Field(pattern=_OURS)
    progress: Progress = Field(strict=False)
    code: str = Field("", pattern=r"^[A-Za-z0-9_.-]{0,40}$")


class Relay:
    """`Channel` for one app or gateway; it also `Checks` itself."""

    name = "relay"

    def __init__(self, account: str, options: Options, key: str, tools: Tools) -> None:
        self.limits = Limits(text=options.text, buttons=options.buttons, private=options.private)
        self._account, self._options, self._key = account, options, key.encode()
        self._clock, self._url = tools.clock, httpx.URL(options.send_url)

    def verify(self, request: HookRequest) -> str:
        """Return nothing: the body says who wrote.

        Raises:
            NotSigned: not with our key, or not now.
        """
        stamp = request.headers.get("x-daoyi-timestamp", "")
        shown = request.headers.get("x-daoyi-signature", "")
        if not hmac.compare_digest(shown.encode(), self._sign(stamp, request.body).encode()):
            raise errors.NotSigned("x-daoyi-signature is not that of this body and time", 403)
        age = self._clock().timestamp() - int(stamp) if re.fullmatch("[0-9]{1,12}", stamp) else None
        if age is None or abs(age) > MAX_AGE:
            raise errors.NotSigned(f"x-daoyi-timestamp is not within {MAX_AGE} s of our clock", 403)
        return ""

    def parse(self, request: HookRequest, user: str) -> list[Inbound | Receipt]:  # noqa: ARG002
        """Return the one message or receipt of a post.

        Raises:
            BadInput: it is neither; the app's makers read why.
        """
        posted = _read(request.body)
        if isinstance(posted, Reported):
            ours, code = int(posted.receipt.partition("-")[0]), posted.code
            receipt = Receipt(self.name, self._account, posted.progress, ours, code=code)
            return [receipt] if ours else []
        text = clean_text(posted.text)
        if len(text) > MAX_TEXT or not (text or posted.form is not Form.TEXT):
            raise errors.BadInput(f"text: must have 1 to {MAX_TEXT} characters")
        address = Address(self.name, self._account, posted.user)
        return [Inbound(address, f"{posted.user} {posted.id}", text, posted.form)]

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:  # noqa: ARG002
        """Return that it is stored."""
        return HookAnswer(b"{}")

    async def send(self, letter: Outbound) -> Sent:
        """Post one message.

        Raises:
            SendError: it was not taken, or will be recognised by its id when it comes again.
        """
        worded = letter.worded
        buttons = [{"label": button.label, "value": button.value} for button in worded.buttons]
        message = {"id": _id(letter), "user": letter.address.user, "text": worded.text}
        try:
            answer = await self._ask("POST", {**message, "kind": worded.kind, "buttons": buttons})
        except httpx.HTTPError as exc:
            away = isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout)
            raise errors.TryLater("relay_no_answer", whole_account=away) from None
        if not answer.is_success:
            raise _refusal(answer)
        return Sent(_their_id(answer))

    async def check(self) -> list[Finding]:
        """Ask the receiver for its options; look whether others could read what is sent."""
        host = self._url.host
        sealed = self._url.scheme == "https" or host in _HERE
        told = "is closed" if sealed else "can be read: use https://, or else private = false"
        found = [Finding("privacy", sealed or not self.limits.private, f"the way to {host} {told}")]
        try:
            status = (await self._ask("OPTIONS")).status_code
        except httpx.HTTPError:
            return [*found, Finding("receiver", False, f"nobody answers at {host}")]
        return [*found, Finding("receiver", status < 500, f"{host} answers {status}")]  # noqa: PLR2004

    async def _ask(self, method: str, message: Mapping[str, Any] | None = None) -> httpx.Response:
        body = json.dumps(message).encode() if message else b""
        stamp = str(int(self._clock().timestamp()))
        headers = {
            "content-type": "application/json",
            "x-daoyi-timestamp": stamp, "x-daoyi-signature": self._sign(stamp, body),
        }  # fmt: skip
        timeout = self._options.timeout
        async with httpx.AsyncClient(verify=self._tls, timeout=timeout, trust_env=False) as client:
            return await client.request(method, self._url, content=body, headers=headers)

    def _sign(self, stamp: str, body: bytes) -> str:
        return hmac.new(self._key, f"{stamp}.".encode() + body, "sha256").hexdigest()

    @cached_property
    def _tls(self) -> SSLContext:
        return httpx.create_ssl_context()


def open_channel(
    account: str, config: Mapping[str, Any], secrets: Mapping[str, str], tools: Tools
) -> Relay:
    """Open an account; connects nowhere yet.

    Raises:
        SettingsError: names the key or the environment's variable, and what is expected.
    """
    where, variable = tools.where, f"DAOYI_RELAY_{account.upper()}_KEY"
    options = read_options(Options, config, where)
    key = secret(secrets, "key", where, variable)
    for right, sentence in (
        (re.fullmatch(_URL, options.send_url), ".send_url must be https://…"),
        (0 <= options.buttons <= 20, ".buttons must be 0 to 20"),  # noqa: PLR2004
        (70 <= options.text <= MAX_TEXT, f".text must be 70 to {MAX_TEXT}"),  # noqa: PLR2004
        (1 <= options.timeout <= 30, ".timeout must be 1 to 30 seconds"),  # noqa: PLR2004
        (len(key) >= 32, f": {variable} must have 32 characters or more"),  # noqa: PLR2004
    ):
        if not right:
            raise errors.SettingsError(where + sentence)
    return Relay(account, options, key, tools)


def _id(letter: Outbound) -> str:
    """Return an id that no other message of ours has: not of another database, nor one never stored."""
    stored = int(letter.at.timestamp()) if letter.at else uuid4().int
    return f"{letter.id}-{stored:x}"


def _read(body: bytes) -> Written | Reported:
    try:
        data = json.loads(body)
        return (Reported if "receipt" in data else Written).model_validate(data)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise errors.BadInput(f"{clean_text(where)[:40]}: {first['msg'].lower()}") from None
    except (ValueError, TypeError, RecursionError):
        raise errors.BadInput('the body must be JSON: {"id", "user", "text"}', 400) from None


def _refusal(answer: httpx.Response) -> errors.SendError:
    status, code = answer.status_code, f"relay_{answer.status_code}"
    if status in (429, 503):
        after = answer.headers.get("retry-after", "")
        seconds = float(after) if re.fullmatch("[0-9]{1,4}", after) else None
        return errors.TryLater(code, seconds, whole_account=True)
    if status >= 500 or status == 408:  # noqa: PLR2004  (taken or not: the id comes again)
        return errors.TryLater(code)
    if status in (401, 403, 404, 405) or status < 400:  # noqa: PLR2004  (key, send_url, redirect)
        return errors.NeedsOperator(code)
    return errors.Unreachable(code) if status == 410 else errors.Refused(code)  # noqa: PLR2004


def _their_id(answer: httpx.Response) -> str | None:
    try:
        found = str(answer.json()["id"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if re.fullmatch(_NAME, found) else None
