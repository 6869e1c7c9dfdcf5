"""The API of WeChat's stand-in: tokens, customer-service messages, templates, notices, the menu."""

import asyncio
import json
import secrets
from collections import defaultdict
from collections.abc import Mapping
from itertools import count
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.standins.base import Faults
from bot.channels.base import MenuItem

_MAX_BYTES = 2_048
_LIFE, _ONCE = 7_200, 600.0

Answer = dict[str, Any]


class Platform(Protocol):
    """What the API needs of the rest of the platform."""

    faults: Faults
    reports: "asyncio.Queue[tuple[str, Mapping[str, Any]]]"

    def clock(self) -> float:
        """Return seconds since 1970."""

    def may_be_sent(self, user: str) -> int:
        """Return 0 and count one customer-service message, or an error code."""

    def has_left(self, user: str) -> bool:
        """Say whether a patient does not follow the account."""

    def show(self, user: str, text: str, note: str) -> None:
        """Show a message on a phone."""


class PlatformApi:
    """Answers our channel.

    Attributes:
        calls: the path of every call, in order.
        errors: error codes to answer for a path, for as long as they stand here.
        slow: how long an answer takes that comes too late, in seconds.
        allowed: notices that a patient allowed, by (user, template).
    """

    def __init__(self, platform: Platform, app_id: str, secret: str) -> None:
        self._platform, self._keys = platform, (app_id, secret)
        self.calls: list[str] = []
        self.errors: dict[str, int] = {}
        self.slow = 15.0
        self.allowed: dict[tuple[str, str], int] = defaultdict(int)
        self.menu: tuple[MenuItem, ...] = ()
        self._menu: list[Answer] = []
        self._ids = count(2_400_000_000_001)
        self._sent: dict[tuple[str, str], tuple[float, int]] = {}
        self._token, self._until, self._is_new = "", 0.0, False
        self.app = Starlette(
            routes=[Route("/cgi-bin/{path:path}", self._answer, methods=["GET", "POST"])]
        )

    async def _answer(self, request: Request) -> Response:
        path = request.path_params["path"]
        self.calls.append(path)
        if self._platform.faults.gateway_dead:
            return Response("Bad Gateway", 502, media_type="text/html")
        raw = await request.body()
        body = json.loads(raw) if raw else {}
        answer = self._do(path, request.query_params.get("access_token", ""), body)
        if self._platform.faults.slow_answer and path.startswith("message/"):
            await asyncio.sleep(self.slow)
        return JSONResponse({"errcode": 0, "errmsg": "ok", **answer})

    def _do(self, path: str, token: str, body: Answer) -> Answer:
        if path in self.errors:
            return _error(self.errors[path])
        if path == "stable_token":
            return self._give_token(body)
        if not self._is_good(token):
            return _error(40001 if token != self._token else 42001)
        known = {
            "message/custom/send": self._custom,
            "message/template/send": self._template,
            "message/subscribe/bizsend": self._notice,
            "menu/create": self._set_menu,
            "menu/get": self._get_menu,
        }
        return known[path](body) if path in known else _error(48001)

    def _give_token(self, body: Answer) -> Answer:
        if body.get("appid") != self._keys[0]:
            return _error(40013)
        if body.get("secret") != self._keys[1]:
            return _error(40125)
        now, expired = self._platform.clock(), self._platform.faults.token_expired
        if now >= self._until - 300 or (expired and not self._is_new):
            self._token, self._until, self._is_new = secrets.token_urlsafe(30), now + _LIFE, expired
        return {"access_token": self._token, "expires_in": int(self._until - now)}

    def _is_good(self, token: str) -> bool:
        if not self._platform.faults.token_expired:
            self._is_new = False
        elif not self._is_new:
            return False
        return bool(token) and token == self._token and self._platform.clock() < self._until

    def _custom(self, body: Answer) -> Answer:
        user, text = body["touser"], body.get("text", {}).get("content", "")
        if len(text.encode()) > _MAX_BYTES:
            return _error(45002)
        if not text:
            return _error(44004)
        if code := self._platform.may_be_sent(user):
            return _error(code)
        self._platform.show(user, text, "customer-service message")
        return {}

    def _template(self, body: Answer) -> Answer:
        user, once = body["touser"], (body["touser"], body.get("client_msg_id", ""))
        if self._platform.has_left(user):
            return _error(43004)
        now = self._platform.clock()
        sent_at, message_id = self._sent.get(once, (0.0, 0))
        if once[1] and now - sent_at < _ONCE:
            return {"msgid": message_id}
        message_id = next(self._ids)
        self._sent[once] = now, message_id
        self._platform.show(user, _lines(body), "template message")
        fields = {"Event": "TEMPLATESENDJOBFINISH", "MsgID": message_id, "Status": "success"}
        self._platform.reports.put_nowait((user, fields))
        return {"msgid": message_id}

    def _notice(self, body: Answer) -> Answer:
        user, template = body["touser"], body["template_id"]
        if self._platform.has_left(user) or not self.allowed[user, template]:
            return _error(43101)
        self.allowed[user, template] -= 1
        self._platform.show(user, _lines(body), "subscription notice")
        item = {
            "TemplateId": template, "MsgID": next(self._ids), "ErrorCode": "0", "ErrorStatus": "success",
        }  # fmt: skip
        fields = {"Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": item}}
        self._platform.reports.put_nowait((user, fields))
        return {}

    def _set_menu(self, body: Answer) -> Answer:
        if len(body["button"]) > 3 or any(len(b.get("sub_button", ())) > 5 for b in body["button"]):
            return _error(40016)
        self._menu = body["button"]
        self.menu = tuple(_item(button) for button in self._menu)
        return {}

    def _get_menu(self, _body: Answer) -> Answer:
        if not self._menu:
            return _error(46003)
        return {
            "menu": {"button": [{**b, "sub_button": b.get("sub_button", [])} for b in self._menu]}
        }


def _error(code: int) -> Answer:
    return {"errcode": code, "errmsg": f"refused {code} rid: 6530-2b1a-11ff"}


def _lines(body: Answer) -> str:
    filled = {name: field["value"] for name, field in body["data"].items()}
    return "\n".join(f"{name}: {value}" for name, value in filled.items() if value)


def _item(button: Answer) -> MenuItem:
    items = tuple(_item(one) for one in button.get("sub_button", ()))
    return MenuItem(button["name"], button.get("key", ""), items=items)
