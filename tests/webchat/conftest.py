"""A browser, a hospital that can misbehave, and a patient in front of the page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    expect,
)

from tests.helpers.browser import WATCH, browser, playwright
from tests.webchat.faulty_server import Hospital, serving

__all__ = ["browser", "playwright"]


@dataclass
class Patient:
    """Somebody with the chat page open, and everything that went wrong in the browser."""

    page: Page
    hospital: Hospital
    url: str
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Watch the page from its first moment on."""
        self.page.add_init_script(WATCH)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))

    def open(self, lang: str = "zh-CN") -> "Patient":
        self.page.goto(f"{self.url}/chat?lang={lang}")
        return self

    def ask(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def asked(self, text: str = "您好") -> "Patient":
        """Open the page, ask something, wait for the answer and for the stream."""
        self.open()
        self.ask(text)
        expect(self.bot).to_have_count(1)
        self.wait_connected()
        return self

    def wait_connected(self) -> None:
        expect(self.state).to_have_text(re.compile("已连接|Connected"))

    @property
    def box(self) -> Locator:
        return self.page.locator("#text")

    @property
    def state(self) -> Locator:
        return self.page.locator("#state")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def bot(self) -> Locator:
        """What the hospital said: the words alone."""
        return self.page.locator(".message.bot .text, .message.staff .text")

    @property
    def own(self) -> Locator:
        """What the patient said: the words alone."""
        return self.page.locator(".message.patient .text")

    def blocked(self) -> list[str]:
        """Return what the Content-Security-Policy stopped on this page."""
        return list(self.page.evaluate("window.violations"))


@pytest.fixture
def hospital() -> Hospital:
    return Hospital()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 780}, reduced_motion="reduce")
    context.set_default_timeout(5000)
    yield context
    context.close()


@pytest.fixture
def patient(hospital: Hospital, context: BrowserContext) -> Iterator[Patient]:
    """Fails the test when the page threw, asked for a dialog, or broke its security policy."""
    with serving(hospital) as url:
        patient = Patient(context.new_page(), hospital, url)
        yield patient
        assert patient.errors == []
        assert patient.blocked() == []
        context.close()
