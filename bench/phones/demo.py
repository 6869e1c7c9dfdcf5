"""The simulated phones of a running server: its demo accounts, opened on stand-ins of the platforms."""

import asyncio
import importlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bench.phones.app import ACCOUNT, Phones
from bench.phones.clock import DemoClock
from bench.phones.desk import NOBODY, Known, look
from bench.phones.forward import Forward
from bench.standins.base import StandIn
from bot.app import App
from bot.channels.base import Tools
from bot.channels.menu import load_menu
from bot.errors import StoreError
from bot.message import Address
from scheduler.jobs import Job

log = structlog.get_logger()

#: Each stand-in's class, where it posts, and what else it is told.
_STANDINS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "wechat": ("Wechat", f"/hooks/wechat/{ACCOUNT}", {"mode": "secure"}),
    "telegram": ("Telegram", f"/hooks/telegram/{ACCOUNT}", {"mode": "polling"}),
    "sms": ("Kannel", f"/hooks/sms/kannel/{ACCOUNT}", {}),
}


#: What the simulated platform calls our fields: of a visit, of anything else.
_VISIT: Mapping[str, str] = {
    "who": "就诊人", "day": "日期", "window": "时间",
    "department": "科室", "doctor": "医生", "place": "地点",
}  # fmt: skip
_FIELDS: Mapping[str, str] = {
    "what": "事项", "who": "姓名", "medicine": "药品", "day": "日期", "time": "时间", "place": "地点",
}  # fmt: skip


class Demo:
    """Plays the phones beside a server, from when it listens until it stops.

    An account of a channel that the operator configured is never mixed with ours: that phone is off.

    Args:
        url: where this server listens, without a slash at the end.
    """

    def __init__(self, app: App, url: str) -> None:
        self._app = app
        self._url = url
        self._jobs: list[Job] = []
        settings = app.settings
        self._time = (
            Forward(app.clock, settings.zone, app.engine, self._what_happens, app.delivery.wake)
            if isinstance(app.clock, DemoClock)
            else None
        )
        first = settings.hospital.language
        languages = (first, *(lang for lang in app.catalog.languages if lang != first))
        templates = Environment(
            loader=FileSystemLoader(settings.templates),
            undefined=StrictUndefined,
            autoescape=select_autoescape(default=True, default_for_string=True),
        )
        self.http = Phones(
            app.http, self._look, templates, settings.templates / "phones", languages,
            lambda lang: str(app.hospital.info(lang)["name"]), secrets.token_urlsafe(12),
            self._time,
        )  # fmt: skip
        self._playing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Switch the phones on, beside whatever else goes on."""
        self._playing = asyncio.create_task(self._play())

    def close(self) -> None:
        """End what would keep the server from stopping: open streams, polls that wait."""
        self.http.close()

    async def stop(self) -> None:
        """Switch the phones off."""
        self.close()
        if self._time is not None:
            await self._time.stop()
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)

    def _what_happens(self) -> Sequence[Job]:
        """Return the application's jobs, made once."""
        self._jobs = self._jobs or self._app.jobs()
        return self._jobs

    async def _play(self) -> None:
        try:
            await self._open_and_run()
        except Exception as exc:  # noqa: BLE001  (a toy that breaks must not stop the hospital)
            log.error("phones.stopped", error=[type(e).__name__ for e in _causes(exc)])

    async def _open_and_run(self) -> None:
        ours = {one.channel for one in self._app.settings.accounts}
        names = [name for name in _STANDINS if name not in ours]
        await asyncio.to_thread(_load, names)
        tools = self._tools()
        async with asyncio.TaskGroup() as group:
            for name in names:
                stand_in = self._stand_in(name)
                self.http.open(name, stand_in)
                options, hidden = stand_in.account
                if name == "telegram":  # it polls: without a secret nobody can post to its hook
                    hidden = {"token": hidden["token"]}
                module = importlib.import_module(f"bot.channels.{name}")
                channel = module.open_channel(ACCOUNT, options, hidden, tools)
                group.create_task(self._app.join(f"{name}/{ACCOUNT}", channel))
            group.create_task(self.http.run())

    def _stand_in(self, name: str) -> StandIn:
        kind, hook, more = _STANDINS[name]
        module: Any = importlib.import_module(f"bench.standins.{kind.lower()}")
        made: Callable[..., StandIn] = getattr(module, kind)
        if name == "wechat":  # a template for every kind: outside a window nothing else goes
            templates = {
                key: {"id": f"TM-{key}", "fields": _VISIT if kind.about == "visit" else _FIELDS}
                for key, kind in self._app.reminding.kinds.kinds.items()
            }
            more = {**more, "options": {"templates": templates}}
        return made(
            f"{self._url}{hook}",
            self._url + self.http.path(name),
            clock=lambda: self._app.clock().timestamp(),
            **more,
        )

    def _tools(self) -> Tools:
        app = self._app
        settings = app.settings
        first = settings.hospital.language
        languages = sorted(app.catalog.languages, key=lambda lang: (lang != first, lang))
        return Tools(
            app.clock,
            "the simulated phones",
            load_menu(settings.content_folder, languages, app.catalog.knows),
            self._url,
            str(app.hospital.info(first)["name"]),
            settings.hospital.locale or "CN",
        )

    async def _look(self, phone: str, patient: str) -> Known:
        try:
            return await self._app.engine.read(
                lambda tx: look(tx, Address(phone, ACCOUNT, patient))
            )
        except StoreError:
            return NOBODY


def _causes(exc: BaseException) -> list[BaseException]:
    """Return what really went wrong, out of every group."""
    if isinstance(exc, BaseExceptionGroup):
        return [cause for one in exc.exceptions for cause in _causes(one)]
    return [exc]


def _load(names: list[str]) -> None:
    """Import what takes a while, where it keeps nobody waiting."""
    for name in names:
        importlib.import_module(f"bot.channels.{name}")
        importlib.import_module(f"bench.standins.{_STANDINS[name][0].lower()}")
