"""Telegram: one bot, by long polling or by webhook; types and client are python-telegram-bot's.

The library's own updater confirms updates before anyone has them, and drops a whole batch for one it
cannot read. Here an update is confirmed only once it is stored, and each is read by itself. Only private
chats are read: health is nobody's business in a group, so the bot is silent there and stores nothing.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest
from typing import Any

import httpx
import structlog
import telegram as tg
from telegram.error import InvalidToken, NetworkError, RetryAfter, TelegramError

from bot import errors
from bot.channels.base import Finding, HookAnswer, HookRequest, Limits, MenuItem, Rate, Store, Tools
from bot.channels.options import read_options, secret
from bot.channels.trouble import Trouble
from bot.message import MAX_TEXT, Address, Form, Inbound, Moved, Outbound, Sent, Worded, clean_text

log = structlog.get_logger()

#: How long Telegram may hold a question for news, and answer anything else, in seconds.
LONG_POLL = 25
READ_TIMEOUT = 10.0
#: A server that answers at once, where Telegram waits, is asked this often.
BREATH = 0.1
#: The most that a message has, in UTF-16 units, and a button's value, in bytes.
TEXT, VALUE = 4_096, 64

_ASKED = ("message", "edited_message", "callback_query", "my_chat_member")
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@[A-Za-z0-9_]+)?(?:\s+(.*))?", re.DOTALL)
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")
#: What a message is, by the field that says so; the first that is there.
_FORMS = {
    "voice": Form.VOICE, "audio": Form.VOICE, "photo": Form.IMAGE, "video": Form.VIDEO,
    "video_note": Form.VIDEO, "animation": Form.VIDEO, "document": Form.FILE,
    "sticker": Form.STICKER, "location": Form.LOCATION, "contact": Form.CONTACT,
}  # fmt: skip
#: The connection was never made, so the request was never heard.
_UNHEARD = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NOBODY = ("chat not found", "user not found", "peer_id_invalid", "user is deactivated")
_KNOWN = ("message is too long", "message text is empty", "button_data_invalid")
#: What is wrong with an account, and what to do about it.
_TOLD = {
    tg.error.Conflict: ("conflict", "another program polls this bot or has a webhook set"),
    InvalidToken: ("token", "Telegram does not know this token; set the one that BotFather shows"),
    RetryAfter: ("busy", "Telegram asks to slow down; this passes by itself"),
    NetworkError: ("network", "Telegram cannot be reached; look at network, proxy, api_base_url"),
}

# The library warns at every RetryAfter unless this is asked for; both kinds are read below.
os.environ.setdefault("PTB_TIMEDELTA", "true")


@dataclass(frozen=True, slots=True)
class Options:
    """`[channels.telegram.<account>]`: "polling" or "webhook", and where the Bot API is."""

    mode: str = "polling"
    api_base_url: str = "https://api.telegram.org"


def open_channel(
    account: str, config: Mapping[str, Any], secrets: Mapping[str, str], tools: Tools
) -> "Telegram":
    """Return the channel of one bot; connects nowhere yet.

    Raises:
        SettingsError: names the key or the environment's variable, and what is expected.
    """
    where, variable = tools.where, f"DAOYI_TELEGRAM_{account.upper()}_"
    options = read_options(Options, config, where)
    token = secret(secrets, "token", where, f"{variable}TOKEN")
    hook_secret = secrets.get("hook_secret", "").strip()
    if options.mode == "webhook":
        hook_secret = secret(secrets, "hook_secret", where, f"{variable}HOOK_SECRET")
    for right, sentence in (
        (options.mode in ("polling", "webhook"), '.mode must be "polling" or "webhook"'),
        (re.match("https?://.", options.api_base_url), ".api_base_url must begin with https://"),
        (_TOKEN.fullmatch(token), f": {variable}TOKEN is no token of BotFather's"),
        (_SECRET.fullmatch(hook_secret), f": {variable}HOOK_SECRET may have A-Z a-z 0-9 _ -"),
    ):
        if not right:
            raise errors.SettingsError(where + sentence)
    return Telegram(account, options, token, hook_secret, tools)


def units(text: str) -> int:
    """Return the length of a text as Telegram counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def rates(user: str) -> tuple[Rate, ...]:
    """Return how fast may be sent to a chat; a group's id is negative."""
    in_chat = Rate("address", 20, 60.0) if user.startswith("-") else Rate("address", 1, 1.0)
    return (Rate("account", 30, 1.0), in_chat)


class Telegram:
    """`Channel` for one bot; it also runs (polls, or registers its webhook) and checks itself."""

    name = "telegram"
    limits = Limits(text=TEXT, measure=units, buttons=8, rates=rates)

    def __init__(
        self, account: str, options: Options, token: str, hook_secret: str, tools: Tools
    ) -> None:
        self._account = account
        self._polls = options.mode == "polling"
        self._hook_secret = hook_secret
        self._hook = f"{tools.public_url}/hooks/{self.name}/{account}" if tools.public_url else ""
        self._menu = {lang: dict(_commands(items)) for lang, items in tools.menu.items()}
        self._wire = _Wire(read_timeout=READ_TIMEOUT)
        base = options.api_base_url.rstrip("/")
        self._bot = tg.Bot(token, f"{base}/bot", f"{base}/file/bot", self._wire, self._wire)
        self._trouble = Trouble(self.name, account, _TOLD, _seconds)
        self.trouble, self.runs_alone = self._trouble.words, self._polls
        self._offset: int | None = None
        self._users = 0

    def verify(self, request: HookRequest) -> str:
        """Return nothing: the body says who wrote.

        Raises:
            NotSigned: it does not carry our secret, or we never gave one.
        """
        shown = request.headers.get("x-telegram-bot-api-secret-token", "").encode()
        if not self._hook_secret or not compare_digest(shown, self._hook_secret.encode()):
            raise errors.NotSigned("this does not carry the secret that Telegram was given", 403)
        return ""

    def parse(self, request: HookRequest, user: str) -> list[Inbound | Moved]:  # noqa: ARG002
        """Return the one thing an update holds, or nothing.

        An update that cannot be read holds nothing: refused, Telegram would only post it again.

        Raises:
            BadInput: the body is no update.
        """
        raw = _json(request.body)
        if raw is None or type(raw.get("update_id")) is not int:
            raise errors.BadInput("the body must be an update of the Bot API, in JSON", 400)
        return self._trouble.read_each([raw], self._read)

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:  # noqa: ARG002
        """Return what ends the waiting sign on a pressed button, or nothing of interest."""
        query = _query(_json(request.body))
        answer = {"method": "answerCallbackQuery", "callback_query_id": query} if query else {}
        return HookAnswer(json.dumps(answer).encode())

    async def send(self, letter: Outbound) -> Sent:
        """Send one message as plain text, its buttons below it.

        Raises:
            SendError: what Telegram refused, and whether it can have been taken.
        """
        told: dict[str, Any] = {"chat_id": letter.address.user, **_carried(letter.worded)}
        try:
            async with self._opened() as bot:
                taken = await bot.do_api_request("sendmessage", told)
            return Sent(str(taken["message_id"]))
        except TelegramError as exc:
            raise _refusal(exc) from None
        except Exception:  # noqa: BLE001  (perhaps it was taken: only the answer cannot be read)
            raise errors.Unknown("unreadable answer") from None

    async def run(self, store: Store) -> None:
        """Poll, or have updates posted to us, until cancelled."""
        async with self._opened(), asyncio.TaskGroup() as group:
            group.create_task(self._trouble.repeat("commands", self._set_commands, once=True))
            if self._polls:
                group.create_task(self._poll(store, group))
            elif self._hook:
                group.create_task(self._trouble.repeat("hook", self._set_hook, once=True))
            await asyncio.Event().wait()

    async def check(self) -> list[Finding]:
        """Ask Telegram for the bot, its webhook and its commands; sends nothing, never raises."""
        try:
            async with self._opened() as bot:
                me = await bot.do_api_request("getme")
                hook = await bot.do_api_request("getwebhookinfo")
                there = len(await bot.do_api_request("getmycommands"))
            ours = len(next(iter(self._menu.values()), {}))
            missing = "" if there >= ours else "; the others are set when the server runs"
            found = [
                Finding("credentials", True, f"the bot is @{me.get('username', '?')}"),
                self._about_hook(hook.get("url") or "", hook),
                Finding("commands", True, f"{there} commands are set{missing}"),
            ]
        except Exception as exc:  # noqa: BLE001  (whatever it is, an operator reads it)
            found = [self._trouble.finding("credentials", exc)]
        return found + self._trouble.findings()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tg.Bot]:
        """Lend the client, and close it when nobody uses it any more: what is under way ends well."""
        self._users += 1
        try:
            await self._wire.initialize()
            yield self._bot
        finally:
            self._users -= 1
            if not self._users:
                await self._wire.shutdown()

    def _about_hook(self, url: str, info: Mapping[str, Any]) -> Finding:
        waiting = f"{info.get('pending_update_count') or 0} updates wait at Telegram"
        if self._polls and url:
            return Finding("hook", False, "a webhook is set; start the server once, or end its use")
        if not self._polls and (not url or (self._hook and url != self._hook)):
            return Finding("hook", False, "Telegram does not post here; set server.public_url")
        if info.get("pending_update_count") and info.get("last_error_message"):
            return Finding("hook", False, f"Telegram could not post to us: {waiting}")
        return Finding("hook", True, f"{'we poll' if self._polls else 'Telegram posts'}; {waiting}")

    async def _set_hook(self) -> None:
        """Have updates posted one at a time: only so they come in order."""
        await self._bot.set_webhook(
            self._hook, max_connections=1, allowed_updates=_ASKED, secret_token=self._hook_secret
        )

    async def _set_commands(self) -> None:
        """Set each language's commands; the hospital's own are everybody else's, too."""
        codes: dict[str | None, str] = {None: next(iter(self._menu), "")} | {
            lang[:2]: lang for lang in self._menu
        }
        for code, lang in codes.items():
            commands = self._menu.get(lang, {}).items()
            if told := [tg.BotCommand(word, label) for word, (label, _) in commands]:
                await self._bot.set_my_commands(told, language_code=code)

    async def _poll(self, store: Store, group: asyncio.TaskGroup) -> None:
        await self._trouble.repeat("polling", self._bot.delete_webhook, once=True)
        await self._trouble.repeat("polling", lambda: self._take(store, group))

    async def _take(self, store: Store, group: asyncio.TaskGroup) -> None:
        """Ask for updates, store them, and only then let Telegram forget those below the offset.

        Methods may be written in small letters: where the library has one of its own, it warns of
        asking for the raw answer by its name.
        """
        asked = {"timeout": LONG_POLL, "allowed_updates": list(_ASKED), "offset": self._offset}
        patience = LONG_POLL + READ_TIMEOUT
        batch = await self._bot.do_api_request("getupdates", asked, read_timeout=patience)
        await self._trouble.store(store, self._trouble.read_each(batch, self._read))
        for query in filter(None, map(_query, batch)):
            group.create_task(self._answer(query))
        numbers = [raw.get("update_id") for raw in batch if isinstance(raw, dict)]
        last = next((number for number in reversed(numbers) if type(number) is int), None)
        if last is None:
            await asyncio.sleep(BREATH)
        else:  # after the last, not after the highest: numbers start anew
            self._offset = last + 1

    async def _answer(self, query: str) -> None:
        """End the waiting sign on a pressed button; "query is too old" is no harm."""
        try:
            await self._bot.answer_callback_query(query)
        except Exception as exc:  # noqa: BLE001  (only a sign on a button)
            log.debug("telegram.tap_not_answered", account=self._account, error=type(exc).__name__)

    def _read(self, raw: Any) -> Inbound | Moved | None:
        """Return what a patient did in a private chat; or that a group has moved; else nothing."""
        update = tg.Update.de_json(raw)
        message = update.message or update.edited_message
        if message is not None:
            chat, stamp = message.chat, f"{message.message_id}:{message.edit_date or message.date}"
            if message.migrate_to_chat_id:
                address = Address(self.name, self._account, f"{chat.id:d}")
                return Moved(address, f"{message.migrate_to_chat_id:d}")
            said, form = self._said(message)
        elif (query := update.callback_query) is not None:
            # The button of a message that is too old to be shown tells no chat: its presser's it is.
            chat = query.message.chat if query.message else tg.Chat(query.from_user.id, "private")
            said, form, stamp = query.data or "", Form.TEXT, query.id
        elif (member := update.my_chat_member) is not None:
            chat, said, stamp = member.chat, "", str(member.date)
            left = member.new_chat_member.status == tg.constants.ChatMemberStatus.BANNED
            form = Form.LEFT if left else Form.FOLLOWED
        else:
            return None
        text = clean_text(said)[:MAX_TEXT].strip()
        wordless = not text and (form is Form.TEXT or update.edited_message is not None)
        if chat.type != tg.constants.ChatType.PRIVATE or wordless:
            return None
        address = Address(self.name, self._account, f"{chat.id:d}")
        # Numbers start anew after a quiet week: by themselves they might hide another message.
        return Inbound(address, f"{update.update_id:d}:{stamp}", text, form)

    def _said(self, message: tg.Message) -> tuple[str, Form]:
        """Return the words of a message and its form; a service message has neither."""
        if not message.text:
            other = Form.OTHER if message.effective_attachment else Form.TEXT
            found = (form for name, form in _FORMS.items() if getattr(message, name))
            return message.caption or "", next(found, other)
        command = _COMMAND.fullmatch(message.text.strip())
        if command is None:
            return message.text, Form.TEXT
        word, rest = command[1].lower(), command[2] or ""
        if word == "start":
            return ("", Form.FOLLOWED) if _PAYLOAD.fullmatch(rest) else (rest, Form.TEXT)
        spoken = (message.from_user and message.from_user.language_code) or ""
        order = sorted(self._menu, key=lambda lang: lang[:2] != spoken[:2])
        values = (self._menu[lang][word][1] for lang in order if word in self._menu[lang])
        value = next(values, word)
        return f"{word if rest and value.startswith('#') else value} {rest}", Form.TEXT


class _Wire(tg.request.HTTPXRequest):
    """The library's client; keeps apart what that makes one error of, and logs no answer."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Return status and body, where the library knows what to make of them; else raise `_Down`."""
        code, payload = await super().do_request(*args, **kwargs)
        if code not in (200, 400, 401, 403, 404, 409, 429 if b"retry_after" in payload else 0):
            raise _Down(str(code))
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Return the answer; the library would log one that it cannot read."""
        if (answer := _json(payload)) is None:
            raise TelegramError("unreadable answer")
        return answer


class _Down(NetworkError):
    """Somebody answered, with this status, that the Bot API does not work now."""


def _refusal(exc: TelegramError) -> errors.SendError:  # noqa: PLR0911  (one for each outcome)
    """Return what an error of the library's means for the message that was to be sent."""
    if isinstance(exc, tg.error.BadRequest):
        known = next((words for words in (*_NOBODY, *_KNOWN) if words in exc.message.lower()), "")
        return (errors.Unreachable if known in _NOBODY else errors.Refused)(f"400 {known}".strip())
    if isinstance(exc, tg.error.ChatMigrated):
        return errors.ChatMoved(str(exc.new_chat_id))
    if isinstance(exc, RetryAfter):
        return errors.TryLater("429", _seconds(exc))
    if isinstance(exc, _Down) and exc.message not in ("502", "504"):
        # A gateway's own 502 or 504 says nothing of what lies behind it: that is unknown, below.
        return (errors.Refused if "400" < exc.message < "429" else errors.TryLater)(exc.message)
    if isinstance(exc.__cause__, _UNHEARD):
        return errors.TryLater("no connection")
    if isinstance(exc, tg.error.Forbidden | InvalidToken):
        refused = isinstance(exc, InvalidToken)
        return errors.NeedsOperator("401") if refused else errors.Unreachable("403")
    return errors.Unknown("timed out" if isinstance(exc, tg.error.TimedOut) else "no answer")


def _seconds(exc: Exception) -> float:
    after = exc.retry_after if isinstance(exc, RetryAfter) else 0
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


def _commands(items: Sequence[MenuItem]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Give (command, (label, value)) of every entry that can be typed."""
    for item in items:
        if item.command:
            yield item.command.lstrip("/").lower(), (item.label[:256], item.value or item.label)
        yield from _commands(item.items)


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _query(raw: Any) -> str:
    try:
        return str(raw["callback_query"]["id"])
    except (KeyError, TypeError):
        return ""


def _carried(worded: Worded) -> dict[str, Any]:
    """Return what to send; a button that Telegram would not take is a line that may be typed."""
    fits = [b for b in worded.buttons if b.label and 0 < len(b.value.encode()) <= VALUE]
    typed = "".join(f"\n· {b.label}" for b in worded.buttons if b.label and b not in fits)
    text = worded.text + typed if units(worded.text + typed) <= TEXT else worded.text
    rows = [[tg.InlineKeyboardButton(b.label, callback_data=b.value)] for b in fits]
    below = {"reply_markup": tg.InlineKeyboardMarkup(rows)} if rows else {}
    return {"text": text, "link_preview_options": tg.LinkPreviewOptions(is_disabled=True), **below}
