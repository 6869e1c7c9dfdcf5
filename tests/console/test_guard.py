"""What every route of the console holds to; routes are found in the route table, not in a list."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bot.app import App
from bot.console.guard import is_same_origin
from tests.conftest import Clock
from tests.console.conftest import ORIGIN, Browser, filled, hidden, routes_of, text_of

PUBLIC = {
    ("GET", "/console/login"),
    ("POST", "/console/login"),
    ("GET", "/console/assets/{name:path}"),
}
SAFE = {"GET", "HEAD", "OPTIONS"}
TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "console"


async def test_nobody_gets_anywhere_without_signing_in(
    app: App, browse: Callable[[], Browser]
) -> None:
    browser = browse()
    for method, path in routes_of(app.http):
        if (method, path) in PUBLIC:
            continue
        answer = await browser.http.request(method, filled(path))
        assert answer.status_code in (303, 401), (method, path)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/console/login"), (method, path)


async def test_no_form_counts_without_our_token(app: App, li: Browser, waiting: int) -> None:
    good = hidden(li.last, "csrf")
    unsafe = [(m, p) for m, p in routes_of(app.http) if m not in SAFE]
    assert len(unsafe) >= 9
    for method, path in unsafe:
        for token in ("", "x" * len(good), good[:-1], "页面"):
            fields = {"csrf": token, "text": "您好", "reason": "核实投诉", "flag": "1"}
            answer = await li.http.request(method, filled(path, waiting), data=fields)
            assert answer.status_code == 403, (method, path, token)
        empty = await li.http.request(method, filled(path, waiting))
        assert empty.status_code == 403, (method, path)


async def test_no_form_counts_from_another_site_even_with_our_token(
    app: App, li: Browser, waiting: int
) -> None:
    fields = {"csrf": hidden(li.last, "csrf")}
    for method, path in routes_of(app.http):
        if method in SAFE:
            continue
        for foreign in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": ORIGIN + ":81"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
        ):
            answer = await li.http.request(
                method, filled(path, waiting), data=fields, headers=foreign
            )
            assert answer.status_code == 403, (method, path, foreign)


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        pytest.param({"host": "h"}, True, id="an old browser that says nothing"),
        pytest.param({"host": "h", "origin": "https://h"}, True, id="behind a TLS proxy"),
        pytest.param({"host": "h", "sec-fetch-site": "same-origin"}, True, id="same origin"),
        pytest.param({"host": "h", "sec-fetch-site": "none"}, False, id="typed in"),
        pytest.param({"host": "h", "origin": "http://h.evil.example"}, False, id="a longer name"),
        pytest.param({"host": "h", "origin": ""}, False, id="an empty origin"),
    ],
)
def test_where_a_form_comes_from(headers: dict[str, str], is_ours: bool) -> None:
    assert is_same_origin(headers) is is_ours


async def test_the_address_with_a_slash_leads_to_the_queue(li: Browser) -> None:
    assert (await li.get("/console/")).headers["location"] == "/console"


async def test_every_answer_carries_the_strict_headers(app: App, li: Browser, waiting: int) -> None:
    for method, path in routes_of(app.http):
        if path == "/console/events":
            continue  # a stream; its headers are seen in the browser test
        answer = await li.http.request(method, filled(path, waiting))
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'"), path
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        if "assets" not in path:
            assert answer.headers["cache-control"] == "no-store"


async def test_what_is_not_there_is_a_page_that_says_so(li: Browser) -> None:
    for path in (
        "/console/nothing",
        "/console/conversations/0",
        "/console/conversations/999999",
        "/console/conversations/99999999999999999999999",
        "/console/conversations/one",
        "/console/conversations/-1/log",
        "/console/conversations/1/claim",
        "/console/assets/%2e%2e/%2e%2e/config.toml",
        "/console/assets/base.html.j2",
        "/console/assets/words/zh-CN.json",
    ):
        answer = await li.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"].startswith("text/html"), path
        assert "没有" in text_of(answer), path


async def test_streams_end_when_the_server_leaves_or_the_session_is_over(
    app: App, li: Browser, clock: Clock
) -> None:
    """Nobody has to be waited for; and no stream outlives the right to see it."""
    waiting = asyncio.create_task(li.http.get("/console/events"))
    await asyncio.sleep(0.2)
    clock.move(minutes=31)
    app.feed.said(1)
    gone = await waiting
    assert "event: hint" in gone.text
    assert gone.text.endswith("event: gone\ndata: {}\n\n")
    assert (await li.http.get("/console/events")).status_code == 401
    await li.sign_in("nurse.li")
    waiting = asyncio.create_task(li.http.get("/console/events?conversation=999"))
    await asyncio.sleep(0.2)
    app.feed.close()
    assert "event: hint" in (await waiting).text


async def test_an_error_of_ours_is_a_page_without_a_trace(
    li: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("小林 13812345678")

    monkeypatch.setattr("bot.console.views.waiting", broken)
    answer = await li.get("/console")
    assert answer.status_code == 500
    assert "系统出错" in text_of(answer)
    assert not any(word in answer.text for word in ("RuntimeError", "Traceback", "13812345678"))


async def test_a_form_that_is_too_large_or_broken_is_refused_kindly(
    li: Browser, waiting: int
) -> None:
    path = f"/console/conversations/{waiting}/reply"
    large = await li.http.post(path, content=b"text=" + b"x" * 70_000)
    assert large.status_code == 413
    many = await li.http.post(path, content=b"&".join(b"f%d=1" % n for n in range(50)))
    assert many.status_code == 400
    await li.open(waiting)
    no_number = await li.do("claim", waiting, case="one", seen="1")
    assert (no_number.status_code, "刷新" in text_of(no_number)) == (400, True)


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_the_console_speaks_both_languages_and_remembers(li: Browser, lang: str) -> None:
    page = await li.get(f"/console?lang={lang}")
    word = {"zh-CN": "等待接手", "en": "Waiting"}[lang]
    assert word in text_of(page)
    assert word in text_of(await li.get("/console"))
    other = {"zh-CN": "en", "en": "zh-CN"}[lang]
    assert f'<html lang="{lang}">' in page.text
    assert f'href="/console?lang={other}"' in page.text


async def test_a_browser_that_prefers_english_gets_it(browse: Callable[[], Browser]) -> None:
    page = await browse().get("/console/login", headers={"Accept-Language": "en-GB,zh;q=0.5"})
    assert "Sign in" in text_of(page)


def test_no_template_marks_anything_as_safe_or_carries_script_or_style() -> None:
    for path in TEMPLATES.glob("*.j2"):
        text = path.read_text("utf-8")
        assert "|safe" not in text.replace(" ", ""), path.name
        assert "style=" not in text, path.name
        assert " on" + "click" not in text, path.name
        assert text.count("<script") == text.count('<script type="module" src='), path.name
    for path in TEMPLATES.glob("*.js"):
        text = path.read_text("utf-8")
        assert "innerHTML" not in text, path.name
        assert "://" not in text, path.name


async def test_unknown_languages_and_hostile_cookies_are_ignored(li: Browser) -> None:
    li.http.cookies.set("daoyi_console_lang", "../../etc", path="/console")
    answer = await li.get("/console?lang=xx")
    assert answer.status_code == httpx.codes.OK
