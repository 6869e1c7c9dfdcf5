"""Whatever is sent: a clear 4xx or a kind reply, nothing lost, no traceback, no 5xx."""

import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import pytest

from bot.app import App, Content, build
from bot.errors import StoreError
from bot.hospital.model import Hospital
from bot.message import MAX_TEXT
from bot.messages import inbox
from bot.settings import Limits, Settings
from bot.store.db import Engine, Tx
from bot.store.keyring import Keyring
from intents.match import Matcher
from tests.conftest import Clock
from tests.helpers.live import LiveServer
from tests.helpers.world import ChatPage

T = TypeVar("T")
ALARM = "我胸口疼得厉害，喘不上气"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def page(web: httpx.AsyncClient) -> ChatPage:
    return await ChatPage.open(web)


def body(text: object, key: object = "k") -> bytes:
    return json.dumps({"id": key, "text": text}).encode()


# What is said

STRANGE_TEXTS = {
    "emoji only": "😀😷🏥",
    "a family of one character": "👨‍👩‍👧‍👦",
    "flags": "🇨🇳🇬🇧",
    "zero-width only": "\u200b\u200d\ufeff",
    "right to left override": "\u202eEPACSE\u202c停车",
    "Arabic": "أين موقف السيارات",
    "Hebrew": "איפה החניה",
    "Russian": "Сколько стоит парковка?",
    "Japanese": "駐車場はどこですか",
    "stacked accents": "a" + "\u0301" * 500,
    "unknown tokens": "qwrtplk zxcvbn asdfgh",
    "one letter": "x",
    "punctuation": "？！。，、；：",
    "only digits": "99999999999999999999999999999999",
    "a full-width digit": "１",
    "a circled digit": "①",
    "a very old button": "#999999999.99",
    "a button that never was": "#0.0",
    "a command that never was": "#drop_table",
    "private use": "\ue000\uf8ff",
    "not a character": "\uffff\ufffe",
    "tags": "\U000e0041\U000e0042",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "SQL": "'; DROP TABLE inbox; --",
    "a template": "{{ h.name.__class__ }}{% for i in range(10**9) %}x{% endfor %}",
    "a format string": "%s%n{0}{}$(reboot)`reboot`",
    "a path": "../../../../etc/passwd\\..\\..",
    "a link": "http://169.254.169.254/latest/meta-data",
    "JSON": '{"id": "x", "text": "y"}',
    "lines": "停车\r\n多少\n\n\n\n钱\u2028\u2029\x85",
    "as long as may be": "停" * MAX_TEXT,
    "a long word": "a" * MAX_TEXT,
    "many words": "挂号 " * (MAX_TEXT // 3),
    "repeated regex fuel": "(" * 2000 + "a" * 2000,
    "four bytes each": "𠮷" * MAX_TEXT,
}


@pytest.mark.parametrize("text", STRANGE_TEXTS.values(), ids=STRANGE_TEXTS.keys())
async def test_any_text_gets_a_kind_reply(text: str, page: ChatPage, house: Any) -> None:
    said = await page.post(text)
    assert said[-1].text
    assert said[-1].kind.value in ("answer", "question", "notice")
    assert await house.app.engine.read(inbox.counts) == {"handled": 1}


@pytest.mark.parametrize(
    "text",
    [
        "停\u200b车\u200b多\u200b少\u200b钱",
        "\u202d停车多少钱\u202c",
        "  停车多少钱  ",
        "停车多少钱😀😀",
        "停 车 多 少 钱",
        "停车多少钱！！！！！！！！",
        "\ufeff停车多少钱",
        "停車多少錢",
    ],
    ids=ascii,
)
async def test_tricks_with_characters_hide_no_question(text: str, page: ChatPage) -> None:
    said = await page.post(text)
    assert "4元" in said[-1].text


@pytest.mark.parametrize(
    "text",
    ["我\u200b胸\u200b口疼得厉害，喘不上气", "\u202e" + ALARM, ALARM + "\x00\ud83d", "啊" * 3_000 + "。" + ALARM],
    ids=["zero-width", "override", "nul and half an emoji", "long"],
)
async def test_tricks_with_characters_hide_no_emergency(text: str, page: ChatPage) -> None:
    answer = await page.http.post(
        "/webchat/messages", content=body(text), headers={**page.headers, **JSON}
    )
    assert answer.json()["replies"][0]["kind"] == "emergency"


async def test_half_an_emoji_becomes_a_sign_that_something_was_there(page: ChatPage) -> None:
    content = b'{"id": "1", "text": "\\ud83d \\u505c\\u8f66\\u591a\\u5c11\\u94b1"}'
    answer = await page.http.post(
        "/webchat/messages", content=content, headers={**page.headers, **JSON}
    )
    assert answer.status_code == 200
    lines = (await page.http.get("/webchat/history", headers=page.headers)).json()["messages"]
    assert lines[0]["text"] == "� 停车多少钱"


# How it is sent

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
async def test_a_body_that_cannot_be_used_is_a_clear_4xx(case: str, page: ChatPage, house: Any) -> None:
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
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "a/b; charset=utf-7", "x" * 500],
    ids=["text", "form", "multipart", "none", "utf-7", "long"],
)
async def test_the_name_of_the_content_does_not_matter(kind: str, page: ChatPage) -> None:
    answer = await page.http.post(
        "/webchat/messages", content=body("停车多少钱"), headers={**page.headers, "Content-Type": kind}
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
    headers: dict[str, str], web: httpx.AsyncClient, house: Any
) -> None:
    answer = await web.post("/webchat/messages", content=body("a"), headers=headers)
    assert answer.status_code == 401
    assert "token" in answer.json()["error"]
    assert await house.app.engine.read(inbox.counts) == {}


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_token_changed_in_any_character_is_refused(web: httpx.AsyncClient, backend: str) -> None:
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


# Too much, and nothing behind it


class Fragile:
    """An engine whose database can be taken away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name: str = engine.name
        self.keyring: Keyring = engine.keyring
        self.gone = False

    async def write(self, op: Callable[[Tx], T]) -> T:
        self._check()
        return await self._engine.write(op)

    async def read(self, op: Callable[[Tx], T]) -> T:
        self._check()
        return await self._engine.read(op)

    async def close(self) -> None:
        await self._engine.close()

    def _check(self) -> None:
        if self.gone:
            raise StoreError("the database cannot be reached")


@dataclass(slots=True)
class Ward:
    """An application of its own, with a low limit and a fragile database."""

    app: App
    store: Fragile
    http: httpx.AsyncClient


@pytest.fixture
async def ward(
    engine: Engine, settings: Settings, clock: Clock, content: Content, matcher: Matcher,
    demonstration: Hospital,
) -> AsyncIterator[Ward]:  # fmt: skip
    store = Fragile(engine)
    strict = replace(settings, limits=Limits(flood=5, flood_seconds=3_600))
    app = await build(
        strict, clock=clock, engine=store, content=content, matcher=matcher, facts=demonstration
    )
    transport = httpx.ASGITransport(app=app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Ward(app, store, http)


async def test_a_flood_is_slowed_others_are_served_and_its_red_flag_is_answered(ward: Ward) -> None:
    flooder, other = await ChatPage.open(ward.http), await ChatPage.open(ward.http)
    for _ in range(5):
        await flooder.post("停车多少钱")
    for number in range(20):
        answer = await ward.http.post(
            "/webchat/messages", content=body("停车多少钱", f"x{number}"), headers=flooder.headers
        )
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "3600"
        assert "replies" not in answer.json()
    assert "4元" in (await other.post("停车多少钱"))[-1].text
    urgent = await ward.http.post(
        "/webchat/messages", content=body(ALARM, "y"), headers=flooder.headers
    )
    assert urgent.status_code == 429
    (reply,) = urgent.json()["replies"]
    assert reply["kind"] == "emergency"
    assert "120" in reply["text"]
    assert await ward.app.engine.read(inbox.counts) == {"handled": 6}
    reading = await ward.http.get("/webchat/messages", headers=flooder.headers)
    assert reading.status_code == 200


async def test_without_a_database_it_says_so_and_an_emergency_is_answered(ward: Ward) -> None:
    page = await ChatPage.open(ward.http)
    await page.post("谢谢")
    ward.store.gone = True
    answer = await ward.http.post(
        "/webchat/messages", content=body("停车多少钱", "a"), headers=page.headers
    )
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json() == {"error": "the database cannot be reached"}
    for text, number in ((ALARM, "120"), ("I have crushing chest pain and can't breathe", "120")):
        urgent = await ward.http.post(
            "/webchat/messages", content=body(text, "b"), headers=page.headers
        )
        assert urgent.status_code == 503
        (reply,) = urgent.json()["replies"]
        assert (reply["kind"], number in reply["text"]) == ("emergency", True)
    for path in ("/webchat/messages", "/webchat/history"):
        assert (await ward.http.get(path, headers=page.headers)).status_code == 503
    assert (await ward.http.get("/healthz")).status_code == 200
    assert (await ward.http.get("/metrics")).status_code == 200
    assert (await ward.http.get("/chat")).status_code == 200
    ready = await ward.http.get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (503, "unavailable")
    ward.store.gone = False
    assert (await ward.http.get("/readyz")).status_code == 200
    again = await ward.http.post(
        "/webchat/messages", content=body("停车多少钱", "a"), headers=page.headers
    )
    assert "4元" in again.json()["replies"][-1]["text"], "sent again, it is answered"


async def test_a_database_lost_between_storing_and_answering_loses_nothing(
    ward: Ward, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await ChatPage.open(ward.http)
    write, writes = ward.store.write, 0

    async def once(op: Callable[[Tx], T]) -> T:
        nonlocal writes
        writes += 1
        ward.store.gone = writes > 1
        return await write(op)

    monkeypatch.setattr(ward.store, "write", once)
    answer = await ward.http.post(
        "/webchat/messages", content=body("停车多少钱", "a"), headers=page.headers
    )
    assert answer.status_code == 503
    monkeypatch.undo()
    ward.store.gone = False
    clock.move(seconds=10)
    await ward.app.turns.sweep()
    assert await ward.app.engine.read(inbox.counts) == {"handled": 1}
    assert "4元" in (await page.news())[-1].text


# Over a real connection


def raw(server: LiveServer, data: bytes) -> bytes:
    """Send bytes as they are; return everything that comes back."""
    parts = urlsplit(server.url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), 10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


RAW = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 5, (b"400", b"")),
    "half a request": (b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\n", (b"",)),
    "a line too long": (b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n", (b"400", b"404", b"414", b"431", b"")),
    "two lengths": (
        b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        (b"400", b""),
    ),
    "length and chunks": (
        b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        (b"400", b"401", b""),
    ),
    "a length of 50 digits": (
        b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 50 + b"\r\n\r\n",
        (b"400", b"413"),
    ),
    "a NUL in a header": (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", (b"400", b"200")),
    "1,000 headers": (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
        (b"200", b"400", b"431"),
    ),
    "1 MB in chunks": (
        b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + (b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 32,
        (b"413",),
    ),
    "a broken chunk": (
        b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        (b"400", b""),
    ),
    "an unknown method": (b"BREW /pot HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (b"400", b"404", b"405")),
}


@pytest.mark.parametrize("case", RAW)
def test_bytes_that_are_no_request_never_make_a_5xx(case: str, live_server: LiveServer) -> None:
    data, expected = RAW[case]
    try:
        answer = raw(live_server, data)
    except (ConnectionResetError, BrokenPipeError):
        answer = b""
    status = answer.partition(b" ")[2][:3]
    assert status in (*expected, b"") if b"" in expected else status in expected
    assert httpx.get(f"{live_server.url}/healthz").json() == {"status": "alive"}
    assert "Traceback" not in "".join(live_server.log)
