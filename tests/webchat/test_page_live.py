"""The chat page on the real server and the demonstration hospital, as a visitor meets it."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.helpers.live import LiveServer
from tests.webchat.conftest import Patient
from tests.webchat.faulty_server import PAGE, Hospital

LANGUAGES = ["zh-CN", "en"]


@pytest.fixture
def visitor(live_server: LiveServer, context: BrowserContext) -> Iterator[Patient]:
    """Somebody new in front of the real page."""
    visitor = Patient(context.new_page(), Hospital(), live_server.url)
    yield visitor
    assert visitor.errors == []
    assert visitor.blocked() == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_page_offers_is_understood(visitor: Patient, lang: str) -> None:
    """Each question offered on the first screen gets an answer, and a person can be asked for."""
    words = json.loads((PAGE / "words" / f"{lang}.json").read_text("utf-8"))
    visitor.open(lang)
    said: list[str] = []
    answers: list[str] = []
    buttons = [
        visitor.page.locator("#starters").get_by_role("button", name=name)
        for name in words["starters"]
    ]
    for button in [*buttons, visitor.page.locator("#person")]:
        button.click()
        expect(visitor.page.locator(".unsent")).to_have_count(0)
        expect(visitor.page.locator("#typing")).to_be_hidden()
        said_now = visitor.bot.all_inner_texts()
        assert len(said_now) > len(said), button
        answers.append(said_now[len(said)])  # what follows may be our own question, asked again
        said = said_now
    assert len(set(answers)) == len(answers)


@pytest.mark.parametrize(
    ("lang", "words"), [("zh-CN", "我胸口痛得厉害,喘不上气"), ("en", "crushing chest pain")]
)
def test_an_emergency_is_answered_first(visitor: Patient, lang: str, words: str) -> None:
    visitor.open(lang)
    visitor.ask(words)
    alert = visitor.page.get_by_role("alert")
    expect(alert).to_have_count(1)
    expect(alert.locator("a[href^='tel:']").first).to_be_visible()


def test_the_conversation_is_there_on_the_next_visit(visitor: Patient) -> None:
    visitor.open()
    visitor.ask("你们医院在哪里")
    visitor.wait_connected()
    expect(visitor.page.locator(".unsent")).to_have_count(0)
    expect(visitor.bot.first).to_be_visible()
    said = visitor.bot.all_inner_texts()
    visitor.page.reload()
    visitor.wait_connected()
    expect(visitor.own).to_have_text(["你们医院在哪里"])
    assert visitor.bot.all_inner_texts() == said
