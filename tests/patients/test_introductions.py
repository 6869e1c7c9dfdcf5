"""Names and documents as people send them, in any order; and what is plainly no name."""

from datetime import date

import pytest

from bot.patients.documents import Fault
from bot.patients.introductions import birthday, read
from bot.patients.names import names_in, same_name
from tests.helpers.papers import resident

TODAY = date(2026, 11, 18)
ADULT, WOMAN = resident(date(1990, 3, 7), 123), resident(date(1950, 5, 1), 222)
CHILD = resident(date(2018, 6, 1), 335)


@pytest.mark.parametrize(
    ("text", "name", "relation"),
    [
        (f"张三 {ADULT} 13800138000", "张三", None),
        (f"13800138000张三{ADULT}", "张三", None),
        (f"{ADULT}，张三，13800138000", "张三", None),
        (f"姓名：张三 身份证：{ADULT}", "张三", None),
        (f"姓名 张三，证件号码 {ADULT}，电话 13800138000", "张三", None),
        (f"我叫张三，{ADULT}", "张三", "self"),
        (f"我是张三 身份证号{ADULT} 谢谢", "张三", "self"),
        (f"本人张三{ADULT}", "张三", "self"),
        (f"张三的身份证号码是{ADULT}", "张三", None),
        (f"就诊人是王小明，身份证{ADULT}", "王小明", None),
        (f"张 三 {ADULT}", "张三", None),
        (f"欧阳娜娜 {WOMAN} 女", "欧阳娜娜", None),
        (f"阿卜杜拉·买买提 {ADULT}", "阿卜杜拉·买买提", None),
        (f"阿卜杜拉•买买提{ADULT}", "阿卜杜拉·买买提", None),
        (f"阿依古丽 {WOMAN}", "阿依古丽", None),
        (f"我妈 李桂兰 {WOMAN}", "李桂兰", "parent"),
        (f"妈妈李桂兰{WOMAN}", "李桂兰", "parent"),
        (f"给我妈妈李桂兰加上 {WOMAN}", "李桂兰", "parent"),
        (f"我婆婆 王兰 {WOMAN}", "王兰", "other"),
        (f"我爸 李桂兰 {WOMAN}", "李桂兰", "other"),
        (f"爱人 张三 {ADULT}", "张三", "spouse"),
        (f"我儿子叫张小宝,{CHILD}", "张小宝", "child"),
        (f"孩子 张小宝 {CHILD}", "张小宝", "other"),
        ("name: John Smith, passport X1234567", "John Smith", None),
        ("I'm John Smith, passport X1234567, born 1980-03-02", "John Smith", "self"),
        ("my mother Anna van der Berg, passport no. X1234567", "Anna van der Berg", "parent"),
        ("john smith passport X1234567", "John Smith", None),
        ("护照 E12345678 李雷", "李雷", None),
        (f"挂号 {ADULT}", None, None),
        (f"不知道 {ADULT}", None, None),
        (f"明天 {ADULT}", None, None),
    ],
)
def test_an_introduction_in_any_order(text: str, name: str | None, relation: str | None) -> None:
    said = read(text, TODAY)
    assert said.document is not None
    assert (said.name, said.relation) == (name, relation)


NO_NAMES = (
    "挂号，不知道，明天，周三，下周三，明天上午，高血压，王医生，算了，方便吗，我忘了，"
    "没有，等一下，随便，谢谢，时间，安排，马上，"
    "not now，what is this，I don't know，Tomorrow Morning，no，Dr Wang，1，"
)


@pytest.mark.parametrize("text", NO_NAMES.split("，"))
def test_what_is_plainly_no_name(text: str) -> None:
    assert names_in(text, sure=False) == []


@pytest.mark.parametrize("text", ["张三", "欧阳锋", "我叫胜男", "买买提·艾力", "John Smith"])
def test_a_name_alone(text: str) -> None:
    assert len(names_in(text, sure=False)) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"张小宝 {CHILD}，监护人张三 {ADULT}",
        f"张小宝 {CHILD} 张三 {ADULT}",
        f"张三 {ADULT} 张小宝 {CHILD}",
        f"监护人张三{ADULT}，孩子张小宝{CHILD}",
    ],
)
def test_a_child_and_who_accompanies_it(text: str) -> None:
    said = read(text, TODAY)
    assert said.document is not None
    assert said.guardian_document is not None
    assert (said.name, said.document.number) == ("张小宝", CHILD)
    assert (said.guardian_name, said.guardian_document.number) == ("张三", ADULT)


def test_a_child_without_a_document_of_its_own() -> None:
    said = read(f"女儿林小小，出生证 T320012345，监护人是我 林晓 {ADULT}", TODAY)
    assert said.document is not None
    assert (said.name, said.document.number, said.relation) == ("林小小", "T320012345", "child")
    assert (said.guardian_name, said.guardian_is_self) == ("林晓", True)


def test_two_grown_ups_at_once_are_not_guessed_apart() -> None:
    assert (
        read(f"张三 {ADULT} 李桂兰 {resident(date(1989, 1, 1), 200)}", TODAY).fault is Fault.SEVERAL
    )


def test_a_wrong_number_keeps_the_name() -> None:
    said = read(f"我叫王丽，身份证{ADULT[:-1]}", TODAY)
    assert (said.name, said.fault) == ("王丽", Fault.TOO_SHORT)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("张三", "张 三", True),
        ("阿卜杜拉·买买提", "阿卜杜拉•买买提", True),
        ("John Smith", "SMITH John", True),
        ("José García", "Jose Garcia", True),
        ("张三", "张三丰", False),
        ("John Smith", "John Smyth", False),
    ],
)
def test_the_same_name_written_otherwise(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same


@pytest.mark.parametrize(
    "text",
    ["1980-03-02", "2 March 1980", "March 2nd, 1980", "19800302", "1980年3月2日", "1980/3/2"],
)
def test_a_date_of_birth_as_people_write_it(text: str) -> None:
    assert birthday(text, TODAY) == date(1980, 3, 2)
