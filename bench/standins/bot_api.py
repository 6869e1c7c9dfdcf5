"""The Bot API as a server: methods, updates by long polling or webhook, refusals, and its moods.

What the emulators leave out is what this is for: polls that wait, updates that come again until they
are confirmed, the secret of a webhook, and every refusal the real one knows.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bench.standins.base import Faults
from bench.standins.bot_wire import ApiError, Params, buttons, now, read_params

TOKEN = "100200300:AAE-a_bot_that_only_exists_in_this_house"  # noqa: S105  (of nobody's bot)
BOT = {"id": 100200300, "is_bot": True, "first_name": "导医", "username": "daoyi_stand_in_bot"}

#: How long a patient waits to see her message delivered, in seconds.
PATIENCE = 10.0
#: Waits before an update is posted again, and how often an impatient platform repeats one.
AGAIN = (0.2, 0.5, 1.0, 2.0, 5.0)
STORM = 5
_LONGEST, _LONGEST_DATA, _MOST = 4_096, 64, 100
_TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
_SAME = "Bad Request: message is not modified: specified new content is exactly the same"
_KINDS = ("message", "edited_message", "callback_query", "my_chat_member")


class BotApi(ABC):
    """The Bot API for one bot. A subclass plays the people who write to it.

    Attributes:
        calls: every call of the bot, in order: method and parameters.
        posted: every update handed to the bot, as often as it was.
        slow: how long the API takes while it is slow, in seconds.
        commands: what the bot has set, by language; "" for all others.
    """

    def __init__(self, http: httpx.AsyncClient | None = None) -> None:
        self.faults = Faults()
        self.calls: list[tuple[str, Params]] = []
        self.posted: list[Any] = []
        self.slow = 15.0
        self.commands: dict[str, list[Params]] = {}
        self.blocked: set[str] = set()
        self.messages: dict[tuple[str, int], Params] = {}
        self._http = http
        self._queue: list[tuple[Any, asyncio.Event]] = []
        self._held: Callable[[], Sequence[asyncio.Event]] | None = None
        self._news = asyncio.Event()
        self._update_number, self._message_number, self._poll = 731_000_000, 0, 0
        self._hook: Params = {}
        self._hook_error: Params = {}
        self._queries: set[str] = set()
        self._moved: dict[str, int] = {}
        self._refusals: dict[tuple[str, str], deque[ApiError | Response]] = defaultdict(deque)

    @property
    def api(self) -> ASGIApp:
        """The Bot API, under /bot<token>/<method>."""
        return Starlette(
            routes=[Route("/bot{token}/{method}", self._answer, methods=["GET", "POST"])]
        )

    @abstractmethod
    def show(self, user: str, message: Params, note: str = "") -> None:
        """Show a message of the bot's on somebody's phone."""

    @abstractmethod
    def chat(self, user: str) -> Params:
        """Return somebody's private chat."""

    async def push(self, update: Any) -> None:
        """Queue an update as it is, however odd, with the next number if it has none."""
        if isinstance(update, dict):
            update.setdefault("update_id", self._number())
        await self._delivered(self._enqueue(update))

    def migrate(self, chat: str, new: int) -> None:
        """Make a group a supergroup: what is sent to the old chat is refused with the new one."""
        self._moved[chat] = new

    def start_numbers_at(self, number: int) -> None:
        """Let numbers start anew, as after a week without any update."""
        self._update_number = number

    def refuse(
        self,
        method: str,
        code: int,
        description: str,
        *,
        chat: str = "",
        times: int = 1,
        more: Mapping[str, int] | None = None,
    ) -> None:
        """Refuse the next calls of a method, to one chat or to all."""
        error = ApiError(code, description, **(more or {}))
        self._refusals[method.lower(), chat].extend([error] * times)

    def answer_with(self, method: str, response: Response) -> None:
        """Answer the next call of a method with whatever comes out of a gateway on the way."""
        self._refusals[method.lower(), ""].append(response)

    async def run(self) -> None:
        """Post updates to the webhook, one at a time and in order, until cancelled."""
        http = self._http or httpx.AsyncClient(trust_env=False)
        try:
            while True:
                self._news.clear()
                if self._queue and self._hook:
                    await self._post(http, *self._queue[0])
                    self._queue.pop(0)
                else:
                    await self._news.wait()
        finally:
            await http.aclose()

    async def _post(self, http: httpx.AsyncClient, update: Params, taken: asyncio.Event) -> None:
        """Post one update until it is taken; more often while impatient."""
        times = STORM if self.faults.retry_storm else 1
        failures = 0
        while times:
            self.posted.append(update)
            secret = {"X-Telegram-Bot-Api-Secret-Token": self._hook.get("secret_token", "")}
            status = "no answer"
            with suppress(httpx.HTTPError):
                answer = await http.post(self._hook["url"], json=update, headers=secret, timeout=60)
                status = str(answer.status_code)
                if answer.is_success:
                    times -= 1
                    await self._do_as_answered(answer)
                    continue
            self._hook_error = {
                "last_error_date": now(),
                "last_error_message": f"Wrong response from the webhook: {status}",
            }
            await asyncio.sleep(AGAIN[min(failures, len(AGAIN) - 1)])
            failures += 1
        taken.set()

    async def _do_as_answered(self, answer: httpx.Response) -> None:
        """Carry out the method that a webhook's answer may hold; nobody hears of its result."""
        with suppress(ValueError, ApiError):
            params = answer.json()
            if isinstance(params, dict) and "method" in params:
                await self._call(str(params.pop("method")), params)

    async def queue(self, kind: str, make: Callable[[], Params]) -> None:
        """Queue an update; numbers are given in the order of the queue."""
        allowed = self._hook.get("allowed_updates") or _KINDS
        if kind not in allowed:
            return

        def put() -> Sequence[asyncio.Event]:
            update = {"update_id": self._number(), kind: make()}
            copies = 2 if self.faults.duplicate else 1
            return [self._enqueue(update) for _ in range(copies)]

        if self.faults.out_of_order and self._held is None:
            self._held = put
            return
        events = [*put(), *(self._held() if self._held else ())]
        self._held = None
        for event in events:
            await self._delivered(event)

    def _enqueue(self, update: Params) -> asyncio.Event:
        taken = asyncio.Event()
        self._queue.append((update, taken))
        self._news.set()
        return taken

    def _number(self) -> int:
        self._update_number += 1
        return self._update_number - 1

    async def _delivered(self, taken: asyncio.Event) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(taken.wait(), PATIENCE)

    async def _answer(self, request: Request) -> Response:
        method, token = request.path_params["method"], request.path_params["token"]
        params = await read_params(request)
        self.calls.append((method, params))
        try:
            if self.faults.token_expired or token != TOKEN:
                raise ApiError(401, "Unauthorized")  # noqa: TRY301
            if self.faults.gateway_dead:
                raise ApiError(503, "Service Unavailable")  # noqa: TRY301
            result = await self._call(method, params)
        except ApiError as exc:
            return exc.answer()
        return (
            result if isinstance(result, Response) else JSONResponse({"ok": True, "result": result})
        )

    async def _call(self, method: str, params: Params) -> Any:
        """Return the result of a method; methods may be written in any letters."""
        name, chat = method.lower(), str(params.get("chat_id", ""))
        for key in ((name, chat), (name, "")):
            if self._refusals[key]:
                refusal = self._refusals[key].popleft()
                if isinstance(refusal, ApiError):
                    raise refusal
                return refusal
        if name not in _METHODS:
            raise ApiError(404, "Not Found: method not found")
        result = _METHODS[name](self, params)
        if asyncio.iscoroutine(result):
            result = await result
        if self.faults.slow_answer and name == "sendmessage":
            await asyncio.sleep(self.slow)
        return result

    def _get_me(self, _: Params) -> Params:
        return {**BOT, "can_join_groups": False, "can_read_all_group_messages": False}

    async def _get_updates(self, params: Params) -> list[Any]:
        if self._hook:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook",
            )
        self._poll += 1
        mine = self._poll
        self._news.set()
        self._confirm(int(params.get("offset") or 0))
        until = asyncio.get_running_loop().time() + float(params.get("timeout") or 0)
        while True:
            if mine != self._poll:
                raise ApiError(409, "Conflict: terminated by other getUpdates request")
            left = until - asyncio.get_running_loop().time()
            if self._queue or left <= 0:
                break
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)
        limit = int(params.get("limit") or _MOST)
        batch = [update for update, _ in self._queue[:limit]]
        self.posted += batch
        return batch

    def _confirm(self, offset: int) -> None:
        """Forget what lies before the offset; one that points into the future points nowhere."""
        numbers = [update.get("update_id", 0) for update, _ in self._queue]
        exact = [place for place, number in enumerate(numbers) if number == offset - 1]
        below = [place for place, number in enumerate(numbers) if number < offset]
        last = max(exact or (below if offset <= self._update_number else []), default=-1)
        gone, self._queue = self._queue[: last + 1], self._queue[last + 1 :]
        for update, taken in gone:
            taken.set()
            if self.faults.retry_storm and sum(other is update for other in self.posted) < STORM:
                self._enqueue(update)

    def _send_message(self, params: Params) -> Params:
        user = self._addressed(params)
        text = str(params.get("text", ""))
        if not text.strip():
            raise ApiError(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > _LONGEST:
            raise ApiError(400, "Bad Request: message is too long")
        if any(
            not 0 < len(button.get("callback_data", "").encode()) <= _LONGEST_DATA
            for button in buttons(params)
        ):
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
        message = self.new_message(user, {"text": text}, {**BOT})
        if markup := params.get("reply_markup"):
            message["reply_markup"] = markup
        self.messages[user, message["message_id"]] = message
        self.show(user, message)
        return message

    def _edit(self, params: Params) -> Params:
        user = self._addressed(params)
        message = self.messages.get((user, int(params.get("message_id", 0))))
        if message is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        new: Params = {key: params[key] for key in ("text", "reply_markup") if key in params}
        if all(message.get(key) == value for key, value in new.items()):
            raise ApiError(400, _SAME)
        message.update({**new, "edit_date": now()})
        self.show(user, message, "edited")
        return message

    def _addressed(self, params: Params) -> str:
        user = self.user(str(params.get("chat_id", "")))
        if user in self._moved:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self._moved[user],
            )
        if self.faults.blocked or user in self.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if not user:
            raise ApiError(400, "Bad Request: chat not found")
        return user

    def user(self, chat_id: str) -> str:
        """Return whose chat it is; empty where there is nobody."""
        return chat_id

    def new_message(self, user: str, content: Params, sender: Params) -> Params:
        """Return a new message in somebody's chat."""
        self._message_number += 1
        return {
            "message_id": self._message_number,
            "from": sender,
            "chat": self.chat(user),
            "date": now(),
            **content,
        }

    def _answer_query(self, params: Params) -> bool:
        query = str(params.get("callback_query_id", ""))
        if query not in self._queries:
            raise ApiError(400, _TOO_OLD)
        self._queries.discard(query)
        return True

    def new_query(self) -> str:
        """Return the id of a pressed button's call; it can be answered once."""
        query = f"{4_000_000_000_000_000_000 + len(self.posted) + self._update_number}"
        self._queries.add(query)
        return query

    def _set_hook(self, params: Params) -> bool:
        if not str(params.get("url", "")).startswith(("http://", "https://")):
            raise ApiError(400, "Bad Request: bad webhook: invalid webhook URL specified")
        self._hook, self._hook_error = params, {}
        self._news.set()
        return True

    def _delete_hook(self, _: Params) -> bool:
        self._hook, self._hook_error = {}, {}
        return True

    def _hook_info(self, _: Params) -> Params:
        return {
            "url": self._hook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self._queue),
            "max_connections": int(self._hook.get("max_connections", 40)),
            **self._hook_error,
        }

    def _set_commands(self, params: Params) -> bool:
        self.commands[str(params.get("language_code", ""))] = params["commands"]
        return True

    def _get_commands(self, params: Params) -> list[Params]:
        return self.commands.get(str(params.get("language_code", "")), [])


_METHODS: Mapping[str, Callable[[BotApi, Params], Any]] = {
    "getme": BotApi._get_me,  # noqa: SLF001
    "getupdates": BotApi._get_updates,  # noqa: SLF001
    "sendmessage": BotApi._send_message,  # noqa: SLF001
    "editmessagetext": BotApi._edit,  # noqa: SLF001
    "editmessagereplymarkup": BotApi._edit,  # noqa: SLF001
    "answercallbackquery": BotApi._answer_query,  # noqa: SLF001
    "sendchataction": lambda api, params: bool(api._addressed(params)),  # noqa: SLF001
    "setwebhook": BotApi._set_hook,  # noqa: SLF001
    "deletewebhook": BotApi._delete_hook,  # noqa: SLF001
    "getwebhookinfo": BotApi._hook_info,  # noqa: SLF001
    "setmycommands": BotApi._set_commands,  # noqa: SLF001
    "getmycommands": BotApi._get_commands,  # noqa: SLF001
}
