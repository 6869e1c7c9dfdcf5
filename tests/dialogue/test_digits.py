"""A digit is a choice however it is written, and only as a whole message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.choices import choice
from intents.normalize import normalize

ONE = (
    "1", "１", "①", "⑴", "⒈", "❶", "➀", "➊", "⓵", "㊀", "㈠", "一", "壹", "1️⃣", "第一个",
    "第1个", "第１個", "第一",
    "第一项", "第一條", "头一个", "选1", "选一", "我选1", "我要第一个", "就第一个", "选第一个吧",
    "一号", "1号", "1 号", "1.", "1、",
    "1。", "1)", "（1）", "[1]", "【1】", "“1”", "1！", "1吧", "1谢谢", "1，谢谢", "回复1", "按1",
    "no. 1", "No.1", "no 1", "№1",
    "#1", "number 1", "option 1", "Option one", "the first", "the first one", "First", "1st",
    "one", "ONE.", "1 please",
    "I'll take the first one", "choice 1", "1\n", " 1 ", "1\u200b",
)  # fmt: skip
OTHERS = (
    ("2", 2), ("两", 2), ("俩", 2), ("二", 2), ("贰", 2), ("貳", 2), ("第二个", 2),
    ("the second one", 2), ("2nd", 2), ("3", 3),
    ("叁", 3), ("參", 3), ("third", 3), ("肆", 4), ("伍", 5), ("five", 5), ("陸", 6), ("⑦", 7),
    ("捌", 8), ("9", 9), ("九", 9),
    ("十", 10), ("0", 0), ("０", 0), ("⓪", 0), ("零", 0), ("〇", 0), ("0.", 0), ("٣", 3),
)  # fmt: skip
NONE = (
    "", "10", "12", "1 2", "-1", "1个月", "1岁", "一点", "两天", "1号楼", "第一人民医院",
    "第一次来", "1楼在哪", "the first time",
    "one day", "2 options", "option", "no", "no.", "第", "个", "选", "1/2", "½", "1.5", "1:30",
    "九点", "三甲", "#1.2", "1元", "1" * 50,
    "周一", "一号线", "第一个月", "one of these", "i", "Ⅰ", "a", "#",
)  # fmt: skip


@pytest.mark.parametrize("text", ONE, ids=ascii)
def test_every_way_to_write_one_is_one(text: str) -> None:
    assert choice(normalize(text).strip()) == 1


@pytest.mark.parametrize(("text", "number"), OTHERS, ids=ascii)
def test_the_other_numbers_are_as_free(text: str, number: int) -> None:
    assert choice(normalize(text).strip()) == number


@pytest.mark.parametrize("text", NONE, ids=ascii)
def test_a_number_inside_something_else_is_no_choice(text: str) -> None:
    assert choice(normalize(text).strip()) is None


@given(text=st.text(st.characters(codec=None), max_size=60))
def test_no_text_breaks_it_and_a_choice_is_small(text: str) -> None:
    number = choice(normalize(text).strip())
    assert number is None or 0 <= number <= 10
