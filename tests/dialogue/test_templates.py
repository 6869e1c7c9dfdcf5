"""Texts that staff edit: every one renders in every language, and none can do harm."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import Content
from bot.appointments.options import BookingOptions
from bot.dialogue.templates import compile_text, day, environment, money, render
from bot.dialogue.wording import Wording
from bot.errors import WordingError
from bot.hospital.live import LiveHospital
from bot.hospital.model import Hospital
from bot.settings import Settings
from tests.dialogue.booking_texts import BOOKING
from tests.dialogue.family_texts import FAMILY
from tests.dialogue.medication_texts import MEDICATION
from tests.dialogue.queue_texts import QUEUE
from tests.dialogue.reminder_texts import REMINDERS
from tests.dialogue.unasked_texts import STOPPED, WAITLIST
from tests.dialogue.visits_texts import VISITS

ROOT = Path(__file__).parents[2]
REPLIES = ROOT / "templates" / "replies"
LANGUAGES = sorted(path.name for path in REPLIES.iterdir())
TEXTS = sorted(str(path.relative_to(REPLIES)) for path in REPLIES.rglob("*.j2"))
TODAY = date(2026, 11, 18)
OPENS = datetime(2026, 11, 19, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
_NAMED = re.compile(r'"((?:faq|consent|handoff|urgent)/[a-z_]+)"')

#: When an alarm may come: while staff are there, before they come today, on another day, for ever.
HOURS: list[dict[str, Any]] = [
    {"staffed": True, "opens": OPENS, "opens_today": True},
    {"staffed": False, "opens": OPENS, "opens_today": True},
    {"staffed": False, "opens": OPENS, "opens_today": False},
    {"staffed": False, "opens": None, "opens_today": False},
]
#: Every case a text is said in: what its flow hands to it.
TAIL: list[dict[str, Any]] = [{"tail": "0011"}]
WHY = {
    "not_a_number": ("not_mobile", "several", "not_a_number"),
    "wrong": ("wrong", "used_up", "expired", "none"),
}
CHANNEL = [{"channel": "Telegram", "texts": texts} for texts in (True, False)]
CASES: dict[str, list[dict[str, Any]]] = {
    **BOOKING,
    **FAMILY,
    **MEDICATION,
    **QUEUE,
    **REMINDERS,
    **STOPPED,
    **VISITS,
    **WAITLIST,
    **{f"binding/{name}": TAIL for name in ("already", "ask_unlink", "linked")},
    **{f"binding/{name}": CHANNEL for name in ("prefer_needs_link", "preferred")},
    **{
        f"binding/{name}": [{"why": why, "left": left} for why in reasons for left in (1, 4)]
        for name, reasons in WHY.items()
    },
    "binding/code": [{"code": "012345", "minutes": 5}],
    "binding/code_sent": [{"tail": "0011", "minutes": 5}],
    "binding/too_often": [{"minutes": minutes} for minutes in (1, 59)],
    "faq/repeat": [{"said": "停车4元 {{ h.name }} {% raw %}"}],
    "handoff/claimed": [{"staff": "李护士"}],
    "handoff/opened": [
        {"ahead": ahead, "understood": understood, "opens": None, "opens_today": False}
        for ahead in (0, 1, 7)
        for understood in (True, False)
    ],
    "handoff/closed_now": [
        {"ahead": 0, "understood": understood, "opens": opens, "opens_today": today}
        for understood in (True, False)
        for opens, today in ((None, False), (OPENS, False), (OPENS, True))
    ],
}


@pytest.fixture(scope="module")
def wording(content: Content) -> Wording:
    return Wording(REPLIES, content.catalog)


@pytest.fixture(scope="module")
def live(demonstration: Hospital) -> LiveHospital:
    return LiveHospital(demonstration, 0, BookingOptions())


def cases(name: str, content: Content) -> list[dict[str, Any]]:
    if name.startswith("urgent/"):
        kinds = ("chest_pain", "suicide", "poisoning")
        return [
            {"numbers": numbers, "kind": kind, **hours}
            for numbers in content.numbers.values()
            for kind in kinds
            for hours in HOURS
        ]
    return CASES.get(name, [{}])


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_whole_in_every_case_it_is_said_in(
    text: str, wording: Wording, live: LiveHospital, content: Content
) -> None:
    lang, _, name = text.removesuffix(".txt.j2").partition("/")
    for values, private in product(cases(name, content), (True, False)):
        known = {"h": live.info(lang), "today": TODAY, "private": private, **values}
        said = wording.text(name, lang, known)
        assert said == said.strip() != ""
        own = values.get("said", "")
        assert not re.search(r"\{\{|\{%|\}\}|%\}|None|Undefined|<|>", said.replace(own, "")), said
        if lang == "en":
            assert not re.search("[\u4e00-\u9fff]", said.replace(own, "").replace("李护士", "")), (
                said
            )


@pytest.mark.parametrize("text", [text for text in TEXTS if "/urgent/" in text])
def test_an_urgent_text_gives_the_numbers_of_every_place(
    text: str, wording: Wording, live: LiveHospital, content: Content
) -> None:
    lang, _, name = text.removesuffix(".txt.j2").partition("/")
    for numbers in content.numbers.values():
        values = {"h": live.info(lang), "today": TODAY, "numbers": numbers, "kind": "suicide"}
        for hours in HOURS:
            said = wording.text(name, lang, {**values, **hours})
            assert numbers.emergency[0] in said
            if name == "urgent/crisis":
                assert numbers.crisis[0] in said


def test_every_language_has_every_text_that_the_code_says() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "bot").rglob("*.py"))
    said = set(_NAMED.findall(code))
    assert len(said) > 5
    for lang in LANGUAGES:
        there = {
            str(path.relative_to(REPLIES / lang)).removesuffix(".txt.j2")
            for path in (REPLIES / lang).rglob("*.j2")
        }
        assert said <= there, (lang, said - there)


def test_every_answer_is_whole_when_nothing_was_named(wording: Wording, live: LiveHospital) -> None:
    assert wording.check() == []
    assert wording.check_answers(live, TODAY) == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("a\n{{ h.name() }}", "may not use Call (line 2)"),
        ("{{ 'a' * 1000000000 }}", "may not use Mul (line 1)"),
        ("\n\n{{ 1 + 1 }}", "may not use Add (line 3)"),
        ("{{ 2 ** 99999999 }}", "may not use Pow (line 1)"),
        ("{{ 1 // 0 }}", "may not use FloorDiv"),
        ("{{ -h.fee.certificate }}", "may not use Neg"),
        ("{{ ''.__class__.__mro__ }}{{ x() }}", "may not use Call"),
        ("{% for i in range(10) %}x{% endfor %}", "may not use Call"),
        ("{% macro m() %}{% endmacro %}", "may not use Macro"),
        ("{% include 'faq/menu.txt.j2' %}", "may not use Include"),
        ("{% import 'x' as y %}", "may not use Import"),
        ("{% extends 'x' %}", "may not use Extends"),
        ("{% set x = 1 %}", "may not use Assign"),
        ("{% block b %}{% endblock %}", "may not use Block"),
        ("{{ {'a': 1} }}", "may not use Dict"),
        ("{{ h.name | upper }}", "unknown filter 'upper' (line 1)"),
        ("{{ h.name | attr('__class__') }}", "unknown filter 'attr'"),
        ("{{ h.name | map('upper') | join }}", "unknown filter 'map'"),
        ("ok\n{{ h.name", "(line 2)"),
        ("{% if %}", "(line 1)"),
        ("{% if true %}", "(line 1)"),
        ("{{ h.name | nothing }}", "unknown filter 'nothing'"),
        ("{{ x is nothing }}", "nothing"),
    ],
)
def test_what_a_text_may_not_do_is_refused_by_file_and_line(
    source: str, sentence: str, lang: str
) -> None:
    with pytest.raises(WordingError) as refused:
        compile_text(environment(lang), source, "zh-CN/faq/x.txt.j2")
    assert str(refused.value).startswith("zh-CN/faq/x.txt.j2: ")
    assert sentence in str(refused.value)


HARMLESS = {"a": "甲", "many": ["x"] * 10, "h": {"fee": Decimal("12.50")}}


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("{{ nothing }}", "UndefinedError"),
        ("{{ h.nothing }}", "UndefinedError"),
        ("{{ a.b.c }}", "UndefinedError"),
        ("{{ a.__class__ }}", "SecurityError"),
        ("{{ a['__class__'] }}", "SecurityError"),
        ("{{ a | money }}", "InvalidOperation"),
        ("{{ a | day }}", "AttributeError"),
        ("   \n ", "gives 0 characters"),
        ("{{ none }}", "gives 0 characters"),
        (
            "{% for i in many %}" * 4 + "x" + "{% endfor %}" * 4,
            "gives 10000 characters; expected 1 to 3000",
        ),
    ],
)
def test_what_cannot_be_said_names_the_text(source: str, sentence: str) -> None:
    template = compile_text(environment("en"), source, "en/faq/x.txt.j2")
    with pytest.raises(WordingError) as refused:
        render(template, HARMLESS, "en/faq/x")
    assert str(refused.value).startswith("en/faq/x: ")
    assert sentence in str(refused.value)


@given(words=st.text(max_size=80))
def test_what_a_patient_wrote_is_a_value_and_never_a_template(words: str) -> None:
    template = compile_text(environment("en"), "[{{ said }}]", "x")
    assert "".join(render(template, {"said": words}, "x").split()) == "".join(f"[{words}]".split())


@pytest.mark.parametrize(
    ("amount", "zh", "en"),
    [
        (Decimal("12.50"), "12.5元", "¥12.5"),
        (Decimal(4), "4元", "¥4"),
        (Decimal("0.50"), "0.5元", "¥0.5"),
        (Decimal("3000.00"), "3000元", "¥3000"),
        (Decimal("1E+3"), "1000元", "¥1000"),
        (0, "0元", "¥0"),
        ("99.99", "99.99元", "¥99.99"),
    ],
)
def test_money_is_written_as_the_language_does(
    amount: Decimal | int | str, zh: str, en: str
) -> None:
    assert money(amount, "zh-CN") == zh
    assert money(amount, "en") == en


def test_a_day_is_written_as_the_language_does() -> None:
    assert day(date(2026, 3, 5), "zh-CN") == "3月5日 周四"
    assert day(date(2026, 3, 5), "en") == "Thu 5 Mar"
    assert day(datetime(2026, 12, 31, tzinfo=UTC).date(), "en") == "Thu 31 Dec"


def test_a_broken_or_missing_text_is_named(
    content: Content, settings: Settings, tmp_path: Path
) -> None:
    for lang in LANGUAGES:
        (tmp_path / lang / "faq").mkdir(parents=True)
        (tmp_path / lang / "faq" / "miss.txt.j2").write_text("ok", "utf-8")
    (tmp_path / "en" / "faq" / "miss.txt.j2").write_text("ok\n{{ 1 + 1 }}", "utf-8")
    (tmp_path / "zh-CN" / "faq" / "extra.txt.j2").write_text("ok", "utf-8")
    problems = Wording(tmp_path, content.catalog).check()
    assert "en/faq/miss.txt.j2: a text may not use Add (line 2)" in problems
    assert "templates/replies/en/faq/extra.txt.j2: missing" in problems
    assert settings.templates.name == "templates"


def test_a_folder_without_texts_is_a_problem(content: Content, tmp_path: Path) -> None:
    assert Wording(tmp_path / "nowhere", content.catalog).check() != []
