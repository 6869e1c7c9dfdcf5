"""Long texts go in several messages, and what one turn says in one: nothing is lost, nothing torn."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import Limits
from bot.channels.split import fitted, join, split, split_text
from bot.message import Button, Kind, Template, Worded


def utf8(text: str) -> int:
    return len(text.encode())


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def sms_parts(text: str) -> int:
    """Count as a phone does: one part of 70, several of 67."""
    return 1 if len(text) <= 70 else -(-len(text) // 67)


MEASURES: list[Callable[[str], int]] = [len, utf8, utf16]
SPACE = re.compile(r"\s+")
WORDS = st.text(st.sampled_from("停车费多少。！？，a b.\n\t 😀é👍🏽\u200d\u0301🇨🇳0"), max_size=300)
A_FAMILY = "👨\u200d👩\u200d👧"
LINK = "https://example.org/map?x=1&y=%E5%8C%BB"


@pytest.mark.parametrize("measure", MEASURES)
@given(text=st.one_of(WORDS, st.text(st.characters(exclude_categories=["Cs"]), max_size=300)),
       most=st.integers(30, 120))  # fmt: skip
def test_every_part_fits_and_nothing_but_white_space_is_lost(
    measure: Callable[[str], int], text: str, most: int
) -> None:
    parts = split_text(text, lambda part: measure(part) <= most)
    assert all(measure(part) <= most for part in parts)
    assert SPACE.sub("", "".join(parts)) == SPACE.sub("", text)
    assert all(parts) or parts == [text] or not text.strip()
    for part in parts:
        part.encode()


@given(text=WORDS)
def test_a_text_that_fits_is_left_as_it_is(text: str) -> None:
    assert split_text(text, lambda part: len(part) <= 300) == [text]


@given(text=st.text(min_size=1, max_size=20))
def test_a_limit_that_nothing_fits_ends_all_the_same(text: str) -> None:
    parts = split_text(text, lambda part: not part)
    assert SPACE.sub("", "".join(parts)) == SPACE.sub("", text)


#: What is shown: the text, how long a part may be, the parts.
CUTS: dict[str, tuple[str, int, list[str]]] = {
    "paragraphs first": ("一二三四。\n\n五六七八。九十", 10, ["一二三四。", "五六七八。九十"]),
    "then lines": ("一二三四。五六\n七八。九十", 10, ["一二三四。五六", "七八。九十"]),
    "then sentences": ("一二三四。五六。七八九十", 10, ["一二三四。五六。", "七八九十"]),
    "with their quotation marks": ("他说“一二三。”五六七八九", 10, ["他说“一二三。”", "五六七八九"]),
    "then commas": ("一二三四，五六七八九十一", 10, ["一二三四，", "五六七八九十一"]),
    "a full stop, no decimal point": (
        "It costs 3.50 yuan. Pay there.", 20, ["It costs 3.50 yuan.", "Pay there."],
    ),
    "then words": ("parking garage", 10, ["parking", "garage"]),
    "a word that just fits": ("parking  garage", 7, ["parking", "garage"]),
    "anywhere, where nothing else is left": ("一二三四五六七八", 4, ["一二三四", "五六七八"]),
    "no tiny first part": ("一。二三四五六七八九十一", 10, ["一。二三四五六七八九", "十一"]),
    "a family is one sign": (f"一二三{A_FAMILY}四五", 6, ["一二三", f"{A_FAMILY}四", "五"]),
    "a flag is one sign": ("一二三🇨🇳🇬🇧", 4, ["一二三", "🇨🇳🇬🇧"]),
    "an accent stays on its letter": ("一二三e\u0301", 4, ["一二三", "e\u0301"]),
    "a hand keeps its colour": ("一二三👍🏽", 4, ["一二三", "👍🏽"]),
    "a link is not torn": (f"地图见{LINK}。好", len(LINK) + 2, ["地图见", f"{LINK}。好"]),
    "unless it alone is too long": (LINK, len(LINK) - 1, [LINK[:-1], LINK[-1]]),
}  # fmt: skip


@pytest.mark.parametrize("case", CUTS)
def test_where_it_is_cut(case: str) -> None:
    text, most, parts = CUTS[case]
    assert split_text(text, lambda part: len(part) <= most) == parts


def test_a_limit_in_sms_parts_holds() -> None:
    text = "请空腹来抽血，前一天晚上十点以后不要吃东西。" * 20
    limits = Limits(text=3, measure=sms_parts)
    parts = split(Worded(text), limits)
    assert [sms_parts(part.text) <= 3 for part in parts] == [True] * len(parts)
    assert "".join(part.text for part in parts) == text
    assert all(part.text.endswith("。") for part in parts)


def test_buttons_and_template_stay_with_the_last_part() -> None:
    worded = Worded("一二三。四五六。", Kind.REMINDER, (Button("好", "1"),), Template("visit"))
    first, last = split(worded, Limits(text=4))
    assert (first.text, first.kind, first.buttons, first.template) == (
        "一二三。", Kind.REMINDER, (), None,
    )  # fmt: skip
    assert (last.text, last.buttons, last.template) == (
        "四五六。", worded.buttons, worded.template,
    )  # fmt: skip


def test_what_goes_as_a_template_is_not_cut() -> None:
    worded = Worded("一二三。四五六。", template=Template("visit"))
    assert split(worded, Limits(text=4, templates=frozenset({"visit"}))) == [worded]


def test_one_turn_is_one_message_where_the_channel_wants_it() -> None:
    said = [
        Worded("欢迎。", Kind.NOTICE),
        Worded("每小时4元。", buttons=(Button("人工", "#person"),)),
    ]
    assert join(said, Limits(buttons=3)) == said
    (joined,) = join(said, Limits(buttons=3, join=True))
    assert joined == Worded("欢迎。\n\n每小时4元。", Kind.ANSWER, said[1].buttons)


@pytest.mark.parametrize(
    ("kinds", "whole"),
    [
        ((Kind.NOTICE, Kind.ANSWER), Kind.ANSWER),
        ((Kind.ANSWER, Kind.NOTICE), Kind.NOTICE),
        ((Kind.QUESTION, Kind.NOTICE), Kind.QUESTION),
        ((Kind.EMERGENCY, Kind.QUESTION), Kind.EMERGENCY),
        ((Kind.ANSWER, Kind.EMERGENCY), Kind.EMERGENCY),
    ],
)
def test_the_whole_is_the_weightiest_of_its_parts(kinds: tuple[Kind, ...], whole: Kind) -> None:
    (joined,) = join([Worded("话", kind) for kind in kinds], Limits(join=True))
    assert joined.kind is whole


def test_too_many_buttons_stay_apart() -> None:
    said = [Worded("一", buttons=(Button("甲", "1"),)), Worded("二", buttons=(Button("乙", "2"),))]
    assert join(said, Limits(buttons=1, join=True)) == said
    assert len(join(said, Limits(buttons=2, join=True))) == 1


def test_templates_stay_apart() -> None:
    said = [Worded("一", template=Template("visit")), Worded("二")]
    assert join(said, Limits(join=True)) == said


@given(texts=st.lists(WORDS.filter(str.strip), min_size=1, max_size=4))
def test_what_is_joined_and_cut_again_says_the_same(texts: list[str]) -> None:
    parts = fitted([Worded(text) for text in texts], Limits(text=60, measure=utf8, join=True))
    assert all(utf8(part.text) <= 60 for part in parts)
    assert SPACE.sub("", "".join(p.text for p in parts)) == SPACE.sub("", "".join(texts))
