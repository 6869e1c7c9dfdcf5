"""How things are said: buttons or digits, in which language and script."""

from dataclasses import replace

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from bot.app import Content
from bot.appointments.options import BookingOptions
from bot.channels.base import Limits
from bot.dialogue.wording import MOST_TYPED, Wording
from bot.errors import WordingError
from bot.hospital.live import LiveHospital
from bot.hospital.model import Hospital
from bot.message import Button, Kind, Say, clean_text
from tests.dialogue.test_templates import REPLIES

PAGE, PHONE = Limits(buttons=8), Limits(buttons=0)
ASK = Say(
    "faq/candidates",
    Kind.QUESTION,
    options=(Button("停车收费", "intent:a.b"), Button("都不是", "none")),
    shortcuts=(Button("转人工", "#person"),),
)


@pytest.fixture(scope="module")
def wording(content: Content) -> Wording:
    return Wording(REPLIES, content.catalog)


def test_buttons_carry_the_question_they_answer(wording: Wording) -> None:
    worded = wording.word(ASK, "zh-CN", PAGE, {}, ask=12)
    assert worded.kind is Kind.QUESTION
    assert [(b.label, b.value) for b in worded.buttons] == [
        ("1 停车收费", "#12.1"),
        ("2 都不是", "#12.2"),
        ("转人工", "#person"),
    ]
    assert "停车收费" not in worded.text


def test_where_there_are_no_buttons_everything_can_be_typed(wording: Wording) -> None:
    worded = wording.word(ASK, "zh-CN", PHONE, {}, ask=12)
    assert worded.buttons == ()
    assert worded.text.splitlines()[-3:] == ["1 停车收费", "2 都不是", "0 转人工 9 再说一遍"]
    assert "#" not in worded.text


@pytest.mark.parametrize(
    ("lang", "value", "typed"),
    [
        ("zh-CN", "#menu", "菜单"),
        ("zh-CN", "#leave", "返回"),
        ("en", "#menu", "menu"),
        ("en", "#leave", "back"),
        ("en", "#person", "0"),
    ],
)
def test_what_is_typed_is_understood(
    wording: Wording, content: Content, lang: str, value: str, typed: str
) -> None:
    say = Say("faq/thanks", shortcuts=(Button("label", value),))
    assert wording.word(say, lang, PHONE, {}).text.splitlines()[-1] == f"{typed} label"
    assert typed == "0" or content.catalog.act(typed) in ("menu", "back")


def test_a_list_to_be_typed_is_never_long(wording: Wording) -> None:
    options = tuple(Button(f"option {n}", f"intent:a.b{n}") for n in range(MOST_TYPED + 1))
    say = Say("faq/candidates", Kind.QUESTION, options=options)
    with pytest.raises(WordingError, match="at most 5 can be typed"):
        wording.word(say, "en", PHONE, {})
    assert wording.word(replace(say, options=options[:5]), "en", PHONE, {}).text.splitlines()[
        -2:
    ] == [
        "5 option 4",
        "0 a person, 9 repeat",
    ]


def parts(text: str) -> int:
    return len(smsutil.split(text).parts)


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("name", ["faq/welcome", "consent/stopped", "consent/started", "faq/kept"])
def test_what_is_said_often_is_one_text_message(
    wording: Wording, demonstration: Hospital, lang: str, name: str
) -> None:
    known = {"h": LiveHospital(demonstration, 0, BookingOptions()).info(lang)}
    assert parts(wording.word(Say(name), lang, Limits(private=False), known).text) == 1


def test_too_few_buttons_are_none(wording: Wording) -> None:
    assert wording.word(ASK, "zh-CN", Limits(buttons=2), {}).buttons == ()
    assert len(wording.word(ASK, "zh-CN", Limits(buttons=3), {}).buttons) == 3


def test_traditional_reaches_text_and_buttons_but_never_values(wording: Wording) -> None:
    worded = wording.word(ASK, "zh-CN", PAGE, {}, ask=1, traditional=True)
    assert "數字" in worded.text
    assert worded.buttons[0] == Button("1 停車收費", "#1.1")
    assert wording.word(ASK, "en", PAGE, {}, traditional=True).text.startswith("Which of these")


def test_a_text_that_is_not_there_is_named(wording: Wording) -> None:
    with pytest.raises(WordingError, match=r"templates/replies/en/faq/nothing\.txt\.j2: missing"):
        wording.text("faq/nothing", "en", {})


@given(text=st.text(st.characters(codec=None), max_size=100))
def test_cleaning_loses_nothing_a_reader_can_see(text: str) -> None:
    clean = clean_text(text)
    clean.encode()
    assert "\x00" not in clean
    assert clean_text(clean) == clean
    seen = [c for c in text if not "\ud800" <= c <= "\udfff" and c.isprintable() and c != " "]
    assert [c for c in clean if c.isprintable() and c not in " �"] == [c for c in seen if c != "�"]
