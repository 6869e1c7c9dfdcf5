"""What answers a reminder and what is asked of one: tables of sentences, with twice as many traps."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import Content
from bot.reminders.kinds import ANSWERS as TAPPED
from bot.reminders.labels import label
from intents.normalize import normalize
from intents.reminding import (
    ANSWERS,
    WISHES,
    Reminding,
    problems_of_reminding,
    problems_of_zones,
)

HERE, CONTENT = Path(__file__).parent, Path(__file__).parents[2] / "intents" / "content"
SAID: dict[str, list[str]] = tomllib.loads((HERE / "answers.toml").read_text("utf-8"))
WISHED: dict[str, list[str]] = tomllib.loads((HERE / "wishes.toml").read_text("utf-8"))
ABOUT = {
    "别再发体检提醒": "checkup", "节日问候别发了": "greeting", "把缴费提醒关了": "fee",
    "turn off payment reminders": "fee", "不要再提醒我复诊": "revisit",
}  # fmt: skip
ZONES = {
    "我现在在纽约": "America/New_York", "我在美国": "", "把时区改成America/New_York": "America/New_York",
    "set my timezone to Europe/Paris": "Europe/Paris", "use Tokyo time": "Asia/Tokyo",
    "时区改成亚特兰蒂斯": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def words(content: Content) -> Reminding:
    return content.catalog.reminding


@pytest.mark.parametrize("word", list(SAID))
def test_only_a_plain_answer_answers(words: Reminding, word: str) -> None:
    expected = None if word == "none" else word
    found = {text: words.answer(normalize(text)) for text in SAID[word]}
    wrong = {text: said for text, said in found.items() if (said and said.word) != expected}
    assert not wrong


@pytest.mark.parametrize("kind", list(WISHED))
def test_only_a_plain_wish_is_one(words: Reminding, kind: str) -> None:
    expected = None if kind == "none" else kind
    found = {text: words.wish(normalize(text)) for text in WISHED[kind]}
    wrong = {text: wish for text, wish in found.items() if (wish and wish.kind) != expected}
    assert not wrong


def test_the_sentences_are_many() -> None:
    assert sum(map(len, SAID.values())) >= 250
    assert sum(map(len, WISHED.values())) >= 150
    assert len(SAID["none"]) >= 100
    assert set(WISHED) == {*WISHES, "none"}


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_a_tap_can_be_typed_as_it_is_called(words: Reminding, lang: str) -> None:
    typed = {word: words.answer(normalize(label(word, lang))) for word in TAPPED}
    assert {word: said and said.word for word, said in typed.items()} == {w: w for w in TAPPED}
    assert set(TAPPED) < set(ANSWERS)


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("吃了", True), ("会去", True), ("加重了", True), ("taken", True), ("取消", False),
        ("改期", False), ("好的", False), ("ok", False), ("等会", False), ("later", False),
    ],
)  # fmt: skip
def test_what_also_means_something_else_counts_only_right_after(
    words: Reminding, text: str, sure: bool
) -> None:
    said = words.answer(normalize(text))
    assert said is not None
    assert said.sure is sure


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("过20分钟再提醒", 20), ("半小时后再提醒我", 30), ("过一刻钟再提醒", 15),
        ("一小时后再提醒我", 60),
        ("十五分钟后叫我", 15), ("等会再提醒我", None), ("snooze 10 minutes", 10),
        ("remind me in half an hour", 30), ("in an hour", 60),
    ],
)  # fmt: skip
def test_how_long_it_is_put_off(words: Reminding, text: str, minutes: int | None) -> None:
    said = words.answer(normalize(text))
    assert said is not None
    assert (said.word, said.minutes) == ("snooze", minutes)


@pytest.mark.parametrize(("text", "named"), [*ABOUT.items(), *ZONES.items()])
def test_what_a_wish_names(words: Reminding, text: str, named: str | None) -> None:
    wish = words.wish(normalize(text))
    assert (wish.named if wish else None) == named


ANSWERED = st.sampled_from([one for word in SAID if word != "none" for one in SAID[word]])
ASKED = st.sampled_from(
    ["吗", "吗?", "?", "么", "怎么办", "会怎么样", "可以吗", "行不行", "要紧吗"]
)
REFUSED = st.sampled_from(["不要", "别", "没有", "如果", "要是", "我妈说", "医生问我"])


@given(ANSWERED, ASKED)
def test_a_question_never_answers(words: Reminding, said: str, asks: str) -> None:
    assert words.answer(normalize(said + asks)) is None


@given(ANSWERED.filter(lambda one: not one.isascii()), REFUSED)
def test_what_is_refused_or_supposed_is_not_that_answer(
    words: Reminding, said: str, refuses: str
) -> None:
    first, second = words.answer(normalize(said)), words.answer(normalize(refuses + said))
    assert first is not None
    assert second is None or second.word != first.word or second.word in ("skip", "not_yet")


@given(st.text(max_size=60))
def test_any_text_is_read(words: Reminding, text: str) -> None:
    words.answer(normalize(text))
    words.wish(normalize(text))


def tables() -> dict[str, Any]:
    return tomllib.loads((CONTENT / "en" / "reminders.toml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"courtesy": ["[thanks"]}, "brackets must be closed"),
        ({"courtesy": ["{times} thanks"]}, "{times} is not known"),
        ({"courtesy": ["[thanks]"]}, "something of it must always be said"),
        ({"after": [""]}, "not empty"),
        ({"greetings": {}}, "`greetings` is not known"),
        ({"answers": {}}, "`confirm` is missing"),
    ],
)
def test_words_that_cannot_be_used_are_named(change: dict[str, Any], told: str) -> None:
    assert not problems_of_reminding(tables(), "en")
    assert any(told in one for one in problems_of_reminding(tables() | change, "en"))


def test_a_place_that_is_nowhere_or_twice_is_named() -> None:
    wrong = {"Mars/Olympus": ["olympus"], "Asia/Tokyo": ["tokyo"], "Asia/Seoul": ["Tokyo"]}
    told = problems_of_zones(wrong, "zones.toml")
    assert len(told) == 2
    assert "Mars/Olympus" in told[0]
    assert "both" in told[1]
