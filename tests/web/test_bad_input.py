"""Whatever is sent: a clear 4xx, nothing lost, no traceback, no 5xx."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.message import MAX_TEXT
from bot.messages import inbox
from tests.helpers.house import House
from tests.helpers.world import ChatPage
from tests.web.conftest import JSON, body

BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "not JSON": (b"hello", 400),
    "half of it": (b'{"id": "1", "te', 400),
    "a comma too many": (b'{"id": "1", "text": "a",}', 400),
    "single quotes": (b"{'id': '1', 'text': 'a'}", 400),
    "not UTF-8": (b'{"id": "1", "text": "\xff\xfe"}', 400),
    "a NUL": (b'{"id": "1", "text": "a\x00"}', 400),
    "a form": (b"id=1&text=hello", 400),
    "XML": (b"<xml><Content>hello</Content></xml>", 400),
    "deep lists": (b"[" * 30_000 + b"]" * 30_000, 400),
    "deep objects": (b'{"text":' * 7_000 + b"1" + b"}" * 7_000, 400),
    "deep inside": (b'{"id": "1", "text": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", 400),
    "a number of 5,000 digits": (b'{"id": "1", "text": ' + b"9" * 5_000 + b"}", 400),
    "a list": (b'[{"id": "1", "text": "a"}]', 422),
    "null": (b"null", 422),
    "no id": (b'{"text": "a"}', 422),
    "no text": (b'{"id": "1"}', 422),
    "an empty id": (body("a", ""), 422),
    "a long id": (body("a", "i" * 101), 422),
    "a number as id": (body("a", 7), 422),
    "a number as text": (body(7), 422),
    "true as text": (body(True), 422),
    "null as text": (body(None), 422),
    "a list as text": (body(["a"]), 422),
    "NaN": (b'{"id": "1", "text": NaN}', 422),
    "an empty text": (body(""), 422),
    "only blanks": (body(" \t\r\n\u3000"), 422),
    "only NULs": (body("\x00\x00"), 422),
    "a text too long": (body("a" * (MAX_TEXT + 1)), 413),
    "1 MB": (body("停" * 350_000), 413),
    "1 MB of blanks": (b" " * 1_000_000, 413),
}


@pytest.mark.parametrize("case", BODIES)
async def test_a_body_that_cannot_be_used_is_a_clear_4xx(
    case: str, page: ChatPage, house: House
) -> None:
    content, status = BODIES[case]
    answer = await page.http.post(
        "/webchat/messages", content=content, headers={**page.headers, **JSON}
    )
    assert answer.status_code == status
    sentence = answer.json()["error"]
    assert 5 < len(sentence) < 200
    assert "Traceback" not in sentence
    assert await house.app.engine.read(inbox.counts) == {}
    assert (await page.post("停车多少钱"))[-1].text, "the next message is answered"


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "a/b; charset=utf-7",
        "x" * 500,
    ],
    ids=["text", "form", "multipart", "none", "utf-7", "long"],
)
async def test_the_name_of_the_content_does_not_matter(kind: str, page: ChatPage) -> None:
    answer = await page.http.post(
        "/webchat/messages",
        content=body("停车多少钱"),
        headers={**page.headers, "Content-Type": kind},
    )
    assert answer.status_code == 200


async def test_keys_that_stand_twice_are_read_once(page: ChatPage) -> None:
    content = '{"id": "1", "id": "2", "text": "谢谢", "text": "停车多少钱"}'.encode()
    answer = await page.http.post("/webchat/messages", content=content, headers=page.headers)
    assert "4元" in answer.json()["replies"][-1]["text"]


async def test_a_stream_of_1_mb_without_a_length_is_cut_off(page: ChatPage) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 1
            yield b" " * 1_000

    answer = await page.http.post("/webchat/messages", content=chunks(), headers=page.headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["-1", "1e9", "x", "", "9" * 18, "9" * 5_000, "65537", "1, 2"])
async def test_a_length_that_is_none_is_refused(length: str, page: ChatPage) -> None:
    answer = await page.http.post(
        "/webchat/messages", content=body("a"), headers={**page.headers, "Content-Length": length}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("after=0", 200),
        ("after=999999999999999999", 200),
        ("", 200),
        ("after=-1", 422),
        ("after=1000000000000000000", 422),
        ("after=9223372036854775808", 422),
        ("after=" + "9" * 6_000, 422),
        ("after=x", 422),
        ("after=", 422),
        ("after=1.5", 422),
        ("after=NaN", 422),
        ("after=%00", 422),
        ("after=%FF", 422),
        ("after=1&after=x", 422),
        ("before=1", 200),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_reading_after_what_is_no_message(query: str, status: int, page: ChatPage) -> None:
    answer = await page.http.get(f"/webchat/messages?{query}", headers=page.headers)
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["error"].startswith("after: ")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/webchat/sessions", 405),
        ("PUT", "/webchat/messages", 405),
        ("DELETE", "/webchat/messages", 405),
        ("PATCH", "/webchat/history", 405),
        ("POST", "/webchat/stream", 405),
        ("POST", "/healthz", 405),
        ("TRACE", "/", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/webchat", 404),
        ("GET", "/webchat/messages/../../etc/passwd", 404),
        ("GET", "/webchat/assets/../../config.toml", 404),
        ("GET", "/webchat/assets/%2e%2e/%2e%2e/config.toml", 404),
        ("GET", "/webchat/assets/%00.js", 404),
        ("GET", "/webchat/assets/", 404),
        ("GET", "/webchat/assets/page.html.j2", 404),
        ("GET", "/webchat/assets/" + "a" * 5_000 + ".js", 404),
        ("GET", "/docs", 404),
        ("GET", "/" + "%F0%9F%98%80" * 50, 404),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_way_that_leads_nowhere(
    method: str, path: str, status: int, web: httpx.AsyncClient
) -> None:
    assert (await web.request(method, path)).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer ."},
        {"Authorization": "Bearer " + "a" * 8_000},
        {"Authorization": "Bearer a.b.c.d"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer null"},
        {"Authorization": b"Bearer \xff\xfe.\xfd"},
        {"Cookie": "token=abc"},
    ],
    ids=ascii,
)
async def test_nobody_speaks_without_a_token(
    headers: dict[str, str], web: httpx.AsyncClient, house: House
) -> None:
    answer = await web.post("/webchat/messages", content=body("a"), headers=headers)
    assert answer.status_code == 401
    assert "token" in answer.json()["error"]
    assert await house.app.engine.read(inbox.counts) == {}


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_token_changed_in_any_character_is_refused(
    web: httpx.AsyncClient, backend: str
) -> None:
    page = await ChatPage.open(web)
    for place, letter in enumerate(page.token):
        changed = page.token[:place] + ("A" if letter != "A" else "B") + page.token[place + 1 :]
        headers = {"Authorization": f"Bearer {changed}"}
        assert (await web.get("/webchat/history", headers=headers)).status_code == 401, backend
    assert (await web.get("/webchat/history", headers=page.headers)).status_code == 200


async def test_an_id_used_for_other_words_is_a_conflict_and_nothing_is_lost(page: ChatPage) -> None:
    first = await page.http.post(
        "/webchat/messages", content=body("停车多少钱"), headers=page.headers
    )
    other = await page.http.post("/webchat/messages", content=body("谢谢"), headers=page.headers)
    again = await page.http.post(
        "/webchat/messages", content=body("停车多少钱"), headers=page.headers
    )
    assert (first.status_code, other.status_code, again.status_code) == (200, 409, 200)
    assert again.content == first.content, "byte for byte"


async def test_one_visitor_s_id_is_not_another_s(web: httpx.AsyncClient) -> None:
    for _ in range(2):
        page = await ChatPage.open(web)
        answer = await web.post("/webchat/messages", content=body("谢谢"), headers=page.headers)
        assert len(answer.json()["replies"]) == 2
