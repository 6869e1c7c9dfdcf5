"""What a patient named: the hospital's things, a day, a part of the day."""

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intents.entities import Entities, Vocabulary, find

WEDNESDAY = date(2026, 3, 4)
VOCABULARY = Vocabulary(
    {
        "department": {
            "derm": ["皮肤科", "dermatology"],
            "cardio": ["心内科", "心血管内科", "cardiology"],
            "internal": ["内科"],
        },
        "doctor": {"wang1": ["王建国", "王医生", "Dr Wang"], "wang2": ["王丽", "王医生"]},
        "drug": {"阿莫西林": ["amoxicillin"], "布洛芬": ["ibuprofen"]},
        "test": {"ct": ["CT", "胸部CT"], "blood": ["血常规"]},
        "package": {"basic": ["基础体检套餐"]},
        "service": {"wheelchair": ["租轮椅", "wheelchair"]},
        "symptom": {"头痛": ["头疼", "headache"]},
    },
)


def named(text: str) -> Entities:
    return find(text, VOCABULARY, WEDNESDAY)


@pytest.mark.parametrize(
    ("text", "kind", "keys"),
    [
        pytest.param("皮肤科周三有号吗", "departments", ("derm",), id="department"),
        pytest.param("皮膚科", "departments", ("derm",), id="traditional"),
        pytest.param("心内科怎么走", "departments", ("cardio",), id="not the name within it"),
        pytest.param(
            "内科还是心血管内科", "departments", ("cardio", "internal"), id="longest first"
        ),
        pytest.param("王医生在吗", "doctors", ("wang1", "wang2"), id="a shared name is both"),
        pytest.param("is dr wang in", "doctors", ("wang1",), id="english name"),
        pytest.param("阿莫西林多少钱", "drugs", ("阿莫西林",), id="the key is a name"),
        pytest.param("做个CT要多久", "tests", ("ct",), id="latin name in chinese"),
        pytest.param("doctor active", "tests", (), id="never a part of a word"),
        pytest.param("基础体检套餐有啥", "packages", ("basic",), id="package"),
        pytest.param("a wheelchair", "services", ("wheelchair",), id="service"),
        pytest.param("头疼三天了", "symptoms", ("头痛",), id="symptom"),
    ],
)
def test_names_are_found(text: str, kind: str, keys: tuple[str, ...]) -> None:
    assert getattr(named(text), kind) == keys


@pytest.mark.parametrize(
    ("text", "kind", "word", "key"),
    [
        pytest.param("阿莫西灵多少钱", "drug", "阿莫西灵", "阿莫西林", id="wrong character"),
        pytest.param("布络芬有吗", "drug", "布络芬", "布洛芬", id="wrong character in the middle"),
        pytest.param("price of amoxicilin", "drug", "amoxicilin", "阿莫西林", id="missing letter"),
        pytest.param("ibuprofins?", "drug", "ibuprofins", "布洛芬", id="letters too many"),
        pytest.param("心肉科", "department", "心肉科", "cardio", id="department"),
    ],
)
def test_a_misspelt_name_is_only_near(text: str, kind: str, word: str, key: str) -> None:
    found = named(text)
    assert found.near == {kind: (key,)}
    assert found.near_words == {word: (key,)}
    assert not found.drugs
    assert not found.departments


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("挂号费多少钱", id="nothing like a name"),
        pytest.param("buprenorphine", id="another word that shares letters"),
        pytest.param("皮肤科 阿莫西灵", id="something else was named"),
        pytest.param(
            "我上周在你们医院看病，医生给我开了阿莫西灵，现在想问问还能不能再开一点", id="long"
        ),
    ],
)
def test_nothing_is_guessed_where_it_would_only_annoy(text: str) -> None:
    assert named(text).near == {}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("今天", (2026, 3, 4), id="today"),
        pytest.param("明天上午", (2026, 3, 5), id="tomorrow"),
        pytest.param("后天", (2026, 3, 6), id="in two days"),
        pytest.param("大后天", (2026, 3, 7), id="in three days"),
        pytest.param("今晚", (2026, 3, 4), id="tonight"),
        pytest.param("周三", (2026, 3, 4), id="this weekday is today"),
        pytest.param("星期五", (2026, 3, 6), id="later this week"),
        pytest.param("星期六日", (2026, 3, 7), id="the weekend"),
        pytest.param("礼拜天", (2026, 3, 8), id="sunday"),
        pytest.param("周二", (2026, 3, 10), id="a past weekday is the next one"),
        pytest.param("这周二", (2026, 3, 10), id="even if this week was said"),
        pytest.param("下周三", (2026, 3, 11), id="next week"),
        pytest.param("下下周一", (2026, 3, 16), id="the week after next"),
        pytest.param("3月5号", (2026, 3, 5), id="month and day"),
        pytest.param("３月５日", (2026, 3, 5), id="full width"),
        pytest.param("十二月二十一日", (2026, 12, 21), id="numerals"),
        pytest.param("3月3日", (2027, 3, 3), id="passed this year"),
        pytest.param("2月29日", (2028, 2, 29), id="the next leap year"),
        pytest.param("5号", (2026, 3, 5), id="day of the month"),
        pytest.param("三号", (2026, 4, 3), id="passed this month"),
        pytest.param("下个月1号", (2026, 4, 1), id="next month"),
        pytest.param("2026-03-09", (2026, 3, 9), id="iso"),
        pytest.param("2026年3月9日", (2026, 3, 9), id="with its year"),
        pytest.param("今天不行，明天吧", (2026, 3, 5), id="a refused day is passed over"),
        pytest.param("tomorrow", (2026, 3, 5), id="tomorrow, english"),
        pytest.param("the day after tomorrow", (2026, 3, 6), id="in two days, english"),
        pytest.param("Wednesday", (2026, 3, 4), id="weekday, english"),
        pytest.param("next Wednesday", (2026, 3, 11), id="next week, english"),
        pytest.param("on Sun", (2026, 3, 8), id="short weekday"),
        pytest.param("this Monday", (2026, 3, 9), id="past weekday, english"),
        pytest.param("March 5", (2026, 3, 5), id="month first"),
        pytest.param("5 March", (2026, 3, 5), id="day first"),
        pytest.param("the 20th", (2026, 3, 20), id="ordinal"),
        pytest.param("Dec 31st", (2026, 12, 31), id="short month"),
    ],
)
def test_days(text: str, day: tuple[int, int, int]) -> None:
    assert named(text).day == date(*day)


@pytest.mark.parametrize(
    "text",
    [
        *("2月30号", "32号", "13月1号", "5号楼怎么走", "3号窗口", "第5号", "周一到周五几点上班"),
        *(
            "每周三",
            "后天性免疫",
            "上周三来过",
            "周三不行",
            "打印一日清单",
            "2020-01-01",
            "昨天",
            "一天三次",
        ),
        *("Monday to Friday", "every Wednesday", "sun allergy", "I may come", "3rd floor"),
        *("the 3rd floor", "march in"),
    ],
)
def test_no_day(text: str) -> None:
    assert named(text).day is None


@pytest.mark.parametrize(
    ("text", "session"),
    [
        pytest.param("周三上午", "morning", id="morning"),
        pytest.param("明早", "morning", id="tomorrow morning"),
        pytest.param("9am", "morning", id="am"),
        pytest.param("下午有号吗", "afternoon", id="afternoon"),
        pytest.param("3pm", "afternoon", id="pm"),
        pytest.param("7:30 pm", "evening", id="late pm"),
        pytest.param("晚上", "evening", id="evening"),
        pytest.param("tonight", "evening", id="tonight"),
        pytest.param("I am here", None, id="am, the verb"),
        pytest.param("挂号", None, id="none"),
    ],
)
def test_sessions(text: str, session: str | None) -> None:
    assert named(text).session == session


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(codec=None), max_size=60)
    | st.text(alphabet="周下一三五十月日号天明后0123459-/ marchonthe阿莫西灵", max_size=20),
    st.dates(),
)
@example("明天下周三", date.max)
@example("the day after tomorrow", date.max)
def test_any_text_on_any_date_is_read_and_no_day_lies_in_the_past(text: str, today: date) -> None:
    day = find(text, VOCABULARY, today).day
    assert day is None or day >= today
