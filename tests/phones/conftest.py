"""The page of simulated phones in a real browser, on platforms of no name or on the real server."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    expect,
)
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bench.phones.app import Phones
from bench.phones.desk import NOBODY, Known
from bot.channels.base import MenuItem
from tests.helpers.browser import WATCH, browser, playwright
from tests.phones.fakes import CHOICES, FakePlatform

__all__ = ["browser", "playwright"]

TEMPLATES = Path(__file__).parents[2] / "templates"
NAMES = ("wechat", "telegram", "sms")
MENU = (
    MenuItem("预约", items=(MenuItem("挂号", "我想挂号"), MenuItem("改期", "我想改期"))),
    MenuItem("转人工", "人工"),
)


@dataclass
class Bench:
    """Phones on platforms of no name, and what the hospital is made to know."""

    known: Known = field(default_factory=lambda: dict(NOBODY))
    platforms: dict[str, FakePlatform] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.platforms = {
            "wechat": FakePlatform("wechat", note="passive reply", menu=MENU),
            "telegram": FakePlatform("telegram", CHOICES),
            "sms": FakePlatform("sms", note="2 parts, UCS-2"),
        }

    def phones(self) -> Phones:
        """Put the page together around an application that knows a hook and the chat's files."""

        async def look(_phone: str, _patient: str) -> Known:
            return self.known

        async def hook(_request: object) -> PlainTextResponse:
            return PlainTextResponse("success")

        app = Starlette(
            routes=[
                Mount("/webchat/assets", StaticFiles(directory=TEMPLATES / "webchat")),
                Route("/hooks/wechat/demo", hook, methods=["POST"]),
            ]
        )
        templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=select_autoescape(default=True, default_for_string=True),
        )
        phones = Phones(
            app, look, templates, TEMPLATES / "phones", ("zh-CN", "en"), lambda _: "道一医院", "key"
        )
        for name, platform in self.platforms.items():
            phones.open(name, platform)
        return phones


@contextmanager
def serving(make: Callable[[], Phones]) -> Iterator[str]:
    """Serve the phones from a thread; yield the address."""
    began: threading.Event = threading.Event()
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        phones = make()
        config = uvicorn.Config(phones, port=0, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        servers.append(server)
        playing = asyncio.create_task(phones.run())
        serve = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
            await asyncio.sleep(0.01)
        began.set()
        while not server.should_exit:  # noqa: ASYNC110  (set from another thread)
            await asyncio.sleep(0.02)
        phones.close()
        await serve
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert began.wait(20)
    try:
        yield f"http://127.0.0.1:{servers[0].servers[0].sockets[0].getsockname()[1]}"
    finally:
        servers[0].should_exit = True
        thread.join(20)


@dataclass
class Handset:
    """One phone of the page, as somebody in front of it sees it."""

    page: Page
    name: str

    @property
    def station(self) -> Locator:
        return self.page.locator(f"#{self.name}")

    @property
    def said(self) -> Locator:
        """The words of the hospital."""
        return self.station.locator(".said.hospital .words")

    @property
    def own(self) -> Locator:
        """The words of the patient."""
        return self.station.locator(".said.patient .words")

    @property
    def notes(self) -> Locator:
        return self.station.locator(".note")

    @property
    def taps(self) -> Locator:
        return self.station.locator(".tap")

    @property
    def wire(self) -> Locator:
        return self.station.locator(".passed li")

    @property
    def desk(self) -> Locator:
        return self.station.locator(".desk")

    def write(self, text: str) -> None:
        box = self.station.locator(".text")
        box.fill(text)
        box.press("Enter")

    def switch(self, fault: str, *, on: bool = True) -> None:
        self.station.locator(f"input[name={fault}]").set_checked(on)

    def reset(self) -> None:
        before = self.station.locator(".patient-id").inner_text()
        self.station.locator(".reset").click()
        expect(self.station.locator(".patient-id")).not_to_have_text(before)


@dataclass
class Trial:
    """Somebody in front of three phones, and everything that went wrong in the browser."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(WATCH)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, lang: str = "zh-CN") -> "Trial":
        self.page.goto(f"{self.url}/phones?lang={lang}")
        expect(self.page.locator(".patient-id:not(:empty)")).to_have_count(len(NAMES))
        return self

    def phone(self, name: str) -> Handset:
        return Handset(self.page, name)

    def all(self) -> list[Handset]:
        return [self.phone(name) for name in NAMES]

    def ask_all(self, text: str) -> None:
        self.page.fill("#all-text", text)
        self.page.press("#all-text", "Enter")

    def check(self) -> None:
        """Nothing was thrown, nothing broke the security policy."""
        assert self.errors == []
        assert self.page.evaluate("window.violations") == []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1360, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def trial(bench: Bench, context: BrowserContext) -> Iterator[Trial]:
    """Somebody in front of the page on platforms of no name."""
    with serving(bench.phones) as url:
        trial = Trial(context.new_page(), url)
        yield trial
        trial.check()
        context.close()
