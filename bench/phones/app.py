"""The simulated phones around the application: the page, the platforms' APIs, what they post to us.

    page ─ say ─▶ stand-in ─ POST /hooks/… ─▶ application ─▶ channel ─ POST /standins/… ─▶ stand-in

Every call but the first is a real HTTP request in the platform's own format, on this machine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from jinja2 import Environment
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.phones.desk import Known
from bench.phones.page import Page, Time
from bench.phones.stage import Stage
from bench.phones.visitors import NEW_PATIENTS, Visitors
from bench.standins.base import StandIn

#: The account that the simulated phones belong to, on each channel.
ACCOUNT = "demo"
_TRIM = 60.0


class Phones:
    """An ASGI application around another one.

    Args:
        app: the application itself: pages, hooks, and the life span.
        look: returns what the hospital knows of (phone, patient).
        templates: renders the page; its files are in `folder`.
        hospital: returns the hospital's name in a language.
        key: part of the path of the platforms' APIs, so that nobody from outside plays a hospital.
        time: puts the clock forward; without it the page offers no such thing.
    """

    def __init__(
        self,
        app: ASGIApp,
        look: Callable[[str, str], Awaitable[Known]],
        templates: Environment,
        folder: Path,
        languages: tuple[str, ...],
        hospital: Callable[[str], str],
        key: str,
        time: Time | None = None,
    ) -> None:
        self._app = app
        self._key = key
        self._closing = asyncio.Event()
        self._opened = asyncio.Event()
        self._visitors = Visitors(self._forget)
        self.stages = {
            name: Stage(name, partial(self._visitors.playing, name), self._closing)
            for name in NEW_PATIENTS
        }
        self._apis: dict[str, ASGIApp] = {}
        self._hooks: Mapping[str, ASGIApp] = {
            name: stage.around(app) for name, stage in self.stages.items()
        }
        self._page = Page(
            self.stages, self._visitors, look, templates, folder, languages, hospital,
            self._opened, self._closing, time,
        ).app()  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the page and the platforms' APIs; pass everything else on."""
        await self._whose(scope)(scope, receive, send)

    def _whose(self, scope: Scope) -> ASGIApp:
        path = scope.get("path", "")
        parts = [*path.split("/"), "", "", ""]
        if scope["type"] != "http":
            return self._app
        if parts[1] == "phones":
            return self._page
        if parts[1:3] == ["standins", self._key] and parts[3] in self._apis:
            scope["root_path"] = scope.get("root_path", "") + self.path(parts[3])
            return self._apis[parts[3]]
        if parts[1] == "hooks" and ACCOUNT in parts[3:]:
            return self._hooks.get(parts[2], self._app)
        return self._app

    def path(self, name: str) -> str:
        """Return where a platform's API is."""
        return f"/standins/{self._key}/{name}"

    def open(self, name: str, stand_in: StandIn) -> None:
        """Switch a phone on: from now on its platform's API answers at `path`."""
        self._apis[name] = self.stages[name].open(stand_in)

    async def run(self) -> None:
        """Let the platforms do what they do on their own, until cancelled."""
        self._opened.set()
        stand_ins = [stage.stand_in for stage in self.stages.values() if stage.stand_in]
        try:
            async with asyncio.TaskGroup() as group:
                for stand_in in stand_ins:
                    group.create_task(stand_in.run())
                group.create_task(self._trim())
        finally:
            for stage in self.stages.values():
                await stage.end()

    async def _trim(self) -> None:
        while True:
            await asyncio.sleep(_TRIM)
            for stage in self.stages.values():
                stage.trim()

    def close(self) -> None:
        """End every open stream and every call that waits: the server stops."""
        self._closing.set()

    def _forget(self, name: str, patient: str) -> None:
        self.stages[name].wire.forget(patient)
        forget = getattr(self.stages[name].stand_in, "forget", None)
        if forget is not None:
            forget(patient)
