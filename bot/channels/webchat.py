"""The chat page on the hospital's site, and whoever else speaks its small JSON API.

A visitor is a random address with our signature; no row is written before the first message. The
page reads its messages from us (`Limits.pull`), so nothing is ever pushed from here.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from hmac import compare_digest
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.channels.base import HookAnswer, HookRequest, Limits
from bot.errors import BadInput, NotSigned, Refused
from bot.message import MAX_TEXT, Address, Inbound, Outbound, Sent, Worded, clean_text

#: Bytes of one posted message; a text of 4,000 four-byte characters, escaped, fits.
MAX_BODY = 64 * 1024


class Posted(BaseModel):
    """The body of `POST /webchat/messages`."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: str = Field(min_length=1, max_length=100)
    text: str


class Webchat:
    """`Channel` for the browser.

    Args:
        sign: makes a signature of a visitor's address that only this hospital can make.
    """

    name = "webchat"
    limits = Limits(text=MAX_TEXT, buttons=8, pull=True)

    def __init__(self, sign: Callable[[str], str]) -> None:
        self._sign = sign

    def open_session(self) -> str:
        """Return a new visitor's token."""
        user = secrets.token_urlsafe(18)
        return f"{user}.{self._sign(user)}"

    def verify(self, request: HookRequest) -> str:
        """Return the visitor of the bearer token.

        Raises:
            NotSigned: there is no token, or it is not one of ours.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user, _, signature = token.strip().rpartition(".")
        if scheme.lower() != "bearer" or not user:
            raise NotSigned("a token is needed: POST /webchat/sessions gives one")
        if not compare_digest(signature.encode(), self._sign(user).encode()):
            raise NotSigned("this token is not known here: POST /webchat/sessions gives a new one")
        return user

    def parse(self, request: HookRequest, user: str) -> list[Inbound]:
        """Return the one message of a request.

        Raises:
            BadInput: the body is no JSON of this form, or empty, or too long.
        """
        if len(request.body) > MAX_BODY:
            raise BadInput(f"a message may have {MAX_BODY // 1024} KB at most", 413)
        posted = _read(request.body)
        text = clean_text(posted.text)
        if len(text) > MAX_TEXT:
            raise BadInput(f"text: at most {MAX_TEXT} characters", 413)
        if not text:
            raise BadInput("text: must say something")
        address = Address(self.name, request.account, user)
        return [Inbound(address, key=f"{user}:{clean_text(posted.id)}", text=text)]

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:  # noqa: ARG002
        """Return the replies as the page reads them."""
        body = json.dumps({"replies": [reply(*item) for item in said]}, ensure_ascii=False)
        return HookAnswer(body.encode())

    async def send(self, letter: Outbound) -> Sent:
        """Refuse: a page reads its messages, nothing is pushed to it."""
        raise Refused(f"{letter.address.channel} is read, not sent to")


def reply(message_id: int, worded: Worded) -> dict[str, Any]:
    """Return one message in the API's form."""
    return {
        "id": str(message_id),
        "text": worded.text,
        "buttons": [{"label": b.label, "value": b.value} for b in worded.buttons],
        "kind": worded.kind.value,
    }


def _read(body: bytes) -> Posted:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise BadInput('the body must be JSON: {"id": …, "text": …}', 400) from exc
    try:
        return Posted.model_validate(data)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadInput(f"{clean_text(where)[:40]}: {first['msg'].lower()}") from exc
