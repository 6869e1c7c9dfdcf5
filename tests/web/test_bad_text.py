"""Whatever is written gets a kind reply; no trick with characters hides a question or an emergency."""

import pytest

from bot.message import MAX_TEXT
from bot.messages import inbox
from tests.helpers.house import House
from tests.helpers.world import ChatPage
from tests.web.conftest import ALARM, JSON, body

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
async def test_any_text_gets_a_kind_reply(text: str, page: ChatPage, house: House) -> None:
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
    [
        "我\u200b胸\u200b口疼得厉害，喘不上气",
        "\u202e" + ALARM,
        ALARM + "\x00\ud83d",
        "啊" * 3_000 + "。" + ALARM,
    ],
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
