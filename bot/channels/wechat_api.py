"""The API of a WeChat official account over httpx: one token for all tasks, errors that say what next.

Part of the channel in `wechat.py`, without its wire format: nothing here knows XML or wechatpy.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, repeat
from string import digits
from typing import Any

import httpx
import structlog

from bot.channels.base import Finding, MenuItem
from bot.channels.options import read_options
from bot.errors import (
    NeedsOperator,
    Refused,
    SendError,
    SettingsError,
    TryLater,
    Unknown,
    Unreachable,
    WaitForUser,
)
from bot.message import clean_text

log = structlog.get_logger()

_DEAD_TOKEN = (40001, 40014, 42001)
_SENT_BEFORE, _NO_MENU = 45065, 46003
_NO_CREDENTIALS = (
    *_DEAD_TOKEN, 40002, 40013, 40125, 40164, 40243, 41001, 41002, 41004, 48004, 48006, 50007, 89501,
    89503, 89506, 89507,
)  # fmt: skip
#: What the platform's error codes allow; every other refuses this one message.
_POLICY: tuple[tuple[tuple[int, ...], Callable[[str], SendError]], ...] = (
    ((-1000, -1, 43108), TryLater),
    ((45011, 45066), lambda code: TryLater(code, 60.0, whole_account=True)),
    ((45009,), lambda code: NeedsOperator(code, 3600.0, whole_account=True)),
    (_NO_CREDENTIALS, lambda code: NeedsOperator(code, whole_account=True)),
    ((40037, 41030, 43107, 48001, 48003, 48008), NeedsOperator),  # one template, or one API
    ((43004, 43005, 43019, 46004, 48002, 50002, 50005), Unreachable),
    ((45015, 45047), WaitForUser),
)
_ADVICE = {
    "wechat 40001": "the secret is not right",
    "wechat 40013": "app_id is not known to WeChat",
    "wechat 40125": "the secret is not right",
    "wechat 40164": "add this server's address to the IP white list in WeChat's console",
    "wechat 40243": "the secret is frozen; thaw it in WeChat's console",
    "wechat 45009": "today's quota is used up",
    "wechat 48001": "the account has no permission for this",
    "no connection": "WeChat cannot be reached from here",
}

_TOO_MANY, _SERVER_ERROR, _GATEWAY_TIMEOUT = 429, 500, 504
#: Three calls of this length fit into the patience of the outbox (45 s).
_TIMEOUT = httpx.Timeout(10.0, connect=3.0)
#: A token is renewed so many seconds before its end: from then on the platform hands out the next.
_EARLY = 300.0
#: The menu's most buttons, and bytes of a label: of the bar, and of what opens above it.
_BAR, _ABOVE = (3, 16), (5, 60)
#: Characters that a kind of field takes, in template messages and notices: thing1, name2 …
_WIDTHS = {"thing": 20, "name": 10, "phrase": 5, "character_string": 32}
_MENU_WAITS = (5.0, 30.0, 120.0, 600.0, 3600.0)


def refusal(code: int) -> SendError:
    """Return what an error code of the platform means for a message."""
    for codes, made in _POLICY:
        if code in codes:
            return made(f"wechat {code}")
    return Refused(f"wechat {code}")


def advice(error: SendError) -> str:
    """Return what an operator should know of an error, in a sentence without secrets."""
    return _ADVICE.get(error.code, "WeChat refuses") + f" ({error.code})"


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """A template as the platform knows it.

    Attributes:
        fields: its names for our values; where empty, ours are its own.
        url: what it opens.
    """

    id: str
    fields: Mapping[str, str] = field(default_factory=dict)
    url: str = ""

    def filled(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Return what is sent of it with these values of ours."""
        names = self.fields or {name: name for name in values}
        data = {to: {"value": _fitting(to, values.get(name, ""))} for name, to in names.items()}
        return {"template_id": self.id, "data": data} | ({"url": self.url} if self.url else {})


def _fitting(field_name: str, text: str) -> str:
    """Return a value as its kind of field takes it (47003 otherwise): one line, and not too long."""
    text, most = (
        " ".join(clean_text(text).split()),
        _WIDTHS.get(field_name.rstrip(digits), len(text)),
    )
    return text if len(text) <= most else text[: most - 1] + "…"


def forms_from(section: Mapping[str, Any], where: str) -> dict[str, TemplateForm]:
    """Read a section of templates: an id, or a `TemplateForm`, by our names.

    Raises:
        SettingsError: names what is missing or wrong, or two names of one template.
    """
    forms: dict[str, TemplateForm] = {}
    for name, value in section.items():
        if not isinstance(value, str | dict):
            raise SettingsError(f"{where}.{name} must be a template's id, or a section with it")
        options = {"id": value} if isinstance(value, str) else value
        form = read_options(TemplateForm, options, f"{where}.{name}")
        if form.id in {other.id for other in forms.values()}:
            raise SettingsError(f"{where}.{name} has the id of another name")
        forms[name] = form
    return forms


class WechatApi:
    """The platform as one account sees it. Connections are opened when needed and kept until `close`.

    Args:
        clock: the time, in UTC.
        transport: how the platform is reached, in place of the network.
    """

    def __init__(
        self,
        base: str,
        app_id: str,
        secret: str,
        clock: Callable[[], datetime],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base = f"{base.rstrip('/')}/cgi-bin"
        self._keys = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
        self._clock, self._transport = clock, transport
        self._http: httpx.AsyncClient | None = None
        self._lock = asyncio.Lock()
        self._token, self._number, self._fetches = "", 0, 0
        self._until: datetime | None = None
        self._failure: SendError | None = None
        self._menu_failure: SendError | None = None

    @property
    def is_open(self) -> bool:
        """Whether connections may be open."""
        return self._http is not None

    def trouble(self) -> str:
        """Return what keeps token or menu from working now, by their codes."""
        now = {"token": self._failure, "menu": self._menu_failure}
        return ", ".join(f"{what}: {exc.code}" for what, exc in now.items() if exc)

    async def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def call(
        self, path: str, body: Mapping[str, Any] | None = None, fine: int = _SENT_BEFORE
    ) -> dict[str, Any]:
        """GET `path` of the API, or POST `body` to it; return the answer.

        A dead token is renewed once, for all tasks, and the call made once more: three requests at
        most.

        Args:
            fine: an error code that is none here.

        Raises:
            SendError: what may be done next; names a code, never the platform's words.
        """
        token, number = await self.token()
        answer = await self._ask(path, body, token)
        if _code(answer) in _DEAD_TOKEN:
            token, _ = await self.token(refused=number)
            answer = await self._ask(path, body, token)
        if (code := _code(answer)) not in (0, fine):
            raise refusal(code)
        return answer

    async def token(self, refused: int = 0) -> tuple[str, int]:
        """Return a token that is good by now, and its number; one task fetches it for all.

        Args:
            refused: the number of one that the platform refused: a newer one is wanted.

        Raises:
            TryLater: it could not be fetched, by this task or by the one it waited for.
        """
        fetches = self._fetches
        if not self._is_good(refused):
            async with self._lock:
                if not self._is_good(refused):
                    if self._fetches != fetches and self._failure is not None:
                        raise self._failure
                    await self._renew()
        return self._token, self._number

    def _is_good(self, refused: int) -> bool:
        return self._number > refused and self._until is not None and self._clock() < self._until

    async def _renew(self) -> None:
        started, self._failure = self._clock(), None
        try:
            answer = await self._ask("stable_token", self._keys)
            token, seconds = answer.get("access_token"), answer.get("expires_in")
            if not isinstance(token, str) or not token or not isinstance(seconds, int):
                raise refusal(_code(answer) or -1)
        except SendError as exc:  # a lost answer is no harm here: nothing was sent yet
            self._failure = TryLater(exc.code) if isinstance(exc, Unknown) else exc
            raise self._failure from None
        finally:
            self._fetches += 1
        self._token, self._number = token, self._number + 1
        self._until = started + timedelta(seconds=max(seconds - _EARLY, seconds / 2))

    async def _ask(
        self, path: str, body: Mapping[str, Any] | None, token: str = ""
    ) -> dict[str, Any]:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=_TIMEOUT, transport=self._transport)
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            response = await self._http.request(
                "GET" if body is None else "POST",
                f"{self._base}/{path}",
                params={"access_token": token} if token else None,
                content=content,
                headers={"content-type": "application/json"},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise TryLater("no connection") from None
        except httpx.HTTPError as exc:  # it holds the request: token, address and words
            raise Unknown(f"no answer: {type(exc).__name__}") from None
        if response.status_code != httpx.codes.OK:
            raise _not_ok(response)
        try:
            answer = json.loads(response.content.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise Unknown("no answer: not JSON")
        return answer

    async def send_text(self, to: str, text: str) -> None:
        """Send a customer-service message. Raises `SendError`."""
        body = {"touser": to, "msgtype": "text", "text": {"content": text}}
        await self.call("message/custom/send", body)

    async def send_template(
        self, to: str, form: TemplateForm, values: Mapping[str, str], number: int
    ) -> str | None:
        """Send a template message; of the same number and user only one within ten minutes.

        Returns:
            the platform's id of it. Raises `SendError`.
        """
        body = {"touser": to, "client_msg_id": str(number), **form.filled(values)}
        return _id(await self.call("message/template/send", body))

    async def send_notice(
        self, to: str, form: TemplateForm, values: Mapping[str, str]
    ) -> str | None:
        """Send a subscription notice; return the platform's id, if it gives one. Raises `SendError`."""
        body = {"touser": to, **form.filled(values)}
        return _id(await self.call("message/subscribe/bizsend", body))

    async def look(self, items: Sequence[MenuItem]) -> list[Finding]:
        """Return what is right and wrong with credentials and menu; never raises."""
        was_open, found = self.is_open, []
        try:
            await self.token()
            found.append(Finding("credentials", ok=True, sentence="WeChat takes them"))
            fits = not items or await self.has_menu(items)
            told = "as it should be" if fits else "not ours yet: it is set when the server runs"
            found.append(Finding("menu", ok=True, sentence=told))
        except SendError as exc:
            found.append(
                Finding("menu" if found else "credentials", ok=False, sentence=advice(exc))
            )
        if not was_open:
            await self.close()
        return found

    async def set_menu(self, items: Sequence[MenuItem]) -> None:
        """Give the account this menu, unless it has it already. Raises `SendError`."""
        if not await self.has_menu(items):
            await self.call("menu/create", {"button": buttons(items)})

    async def keep_menu(self, items: Sequence[MenuItem], account: str) -> None:
        """Set the menu, again and again while the platform cannot; log each error's code."""
        for wait in chain(_MENU_WAITS, repeat(_MENU_WAITS[-1])):
            try:
                await self.set_menu(items)
            except SendError as exc:
                self._menu_failure = exc
                log.warning("wechat.menu", account=account, error=exc.code)
                if not exc.retryable and not exc.uncertain:
                    return
            else:
                self._menu_failure = None
                return
            await asyncio.sleep(wait)

    async def has_menu(self, items: Sequence[MenuItem]) -> bool:
        """Say whether the account shows this menu. Raises `SendError`."""
        menu = (await self.call("menu/get", fine=_NO_MENU)).get("menu")
        return _shape(menu.get("button") if isinstance(menu, dict) else None) == _shape(
            buttons(items)
        )


def _not_ok(response: httpx.Response) -> SendError:
    status = response.status_code
    if status == _GATEWAY_TIMEOUT:  # somebody passed it on, and did not hear what came of it
        return Unknown(f"http {status}")
    if status == _TOO_MANY:
        after = response.headers.get("retry-after", "")
        seconds = float(after) if after.isascii() and after.isdecimal() else None
        return TryLater(f"http {status}", seconds, whole_account=True)
    if status >= _SERVER_ERROR:
        return TryLater(f"http {status}")
    return NeedsOperator(f"http {status}", whole_account=True)


def _id(answer: Mapping[str, Any]) -> str | None:
    return str(answer["msgid"]) if answer.get("msgid") else None


def _code(answer: Mapping[str, Any]) -> int:
    code = answer.get("errcode", 0)
    if isinstance(code, int):
        return code
    raise Unknown("no answer: no error code")


def buttons(items: Sequence[MenuItem], most: tuple[int, int] = _BAR) -> list[dict[str, Any]]:
    """Return a menu as the platform takes it: at most three entries, each with at most five."""
    made: list[dict[str, Any]] = []
    for item in items:
        name = item.label.encode()[: most[1]].decode(errors="ignore")
        if item.items and most is _BAR:
            made.append({"name": name, "sub_button": buttons(item.items, _ABOVE)})
        elif item.value:
            made.append({"type": "click", "name": name, "key": item.value})
    return made[: most[0]]


def _shape(listed: Any) -> list[Any]:
    """Return what counts of a menu: the platform adds empty fields of its own."""
    return [
        (entry.get("name"), entry.get("type"), entry.get("key"), _shape(entry.get("sub_button")))
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict)
    ]
