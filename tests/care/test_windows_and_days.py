"""When plans remind: windows, anniversaries, levels of follow-up, festivals; as tables."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.api.plan_cells import window
from bot.care.checkup import due_after
from bot.care.festivals import load_festivals, yearly
from bot.care.follow_up import FollowUpKind
from bot.care.greeting import GreetingKind
from bot.care.levels import Levels, load_levels, read_levels
from bot.care.plans import Plan, Plans
from bot.care.revisit import RevisitKind
from bot.errors import StartError
from bot.reminders.kinds import Kinds
from bot.reminders.planning import Planner

ZONE = "Asia/Shanghai"
CONTENT = Path(__file__).parents[2] / "intents" / "content"
PLANS = Plans(Planner(Kinds("", {})), {})
FESTIVALS = load_festivals(CONTENT)
LEVELS = load_levels(CONTENT)


def plan(
    starts_on: date, ends_on: date | None = None, kind: str = "revisit", **details: Any
) -> Plan:
    return Plan(1, kind, 1, None, None, details, ZONE, starts_on, ends_on, "active", None, 1, "csv")


def local(at: datetime) -> date:
    return at.astimezone(ZoneInfo(ZONE)).date()


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("建议1-2周内复诊", (7, 14)),
        ("一至两周后复查", (7, 14)),
        ("2~3个月复诊", (60, 90)),
        ("1周到1个月", (7, 30)),
        ("7-14天", (7, 14)),
        ("2周后复诊", (14, 17)),
        ("一个月复查", (30, 37)),
        ("半年后", (182, 227)),
        ("10天内复诊", (5, 10)),
        ("两周之内", (7, 14)),
        ("in 2-4 weeks", (14, 28)),
        ("within 2 weeks", (7, 14)),
        ("3 months", (90, 112)),
    ],
)
def test_a_window_is_read_as_doctors_write_it(said: str, days: tuple[int, int]) -> None:
    assert window(said) == days


@pytest.mark.parametrize("said", ["", "不适随诊", "尽快", "2-1周", "0天", "3-200年"])
def test_what_is_no_window_is_said_to_be_none(said: str) -> None:
    with pytest.raises(ValueError, match="stretch of time"):
        window(said)


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("12-01", "12-08", "open 12-01, middle 12-04, close 12-08"),
        ("12-01", "12-03", "open 12-01, middle 12-02, close 12-03"),
        ("12-01", "12-02", "open 12-01, close 12-02"),
        ("12-01", "12-01", "close 12-01"),
        ("12-01", None, "close 12-01"),
        ("11-20", "12-11", "open 11-20, middle 11-30, close 12-11"),
    ],
)
def test_a_window_is_told_of_once_a_day(first: str, last: str | None, days: str) -> None:
    kind = RevisitKind(PLANS, lambda *_: False)
    one = plan(
        date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last}") if last else None
    )
    found = kind.moments(one, datetime(2026, 11, 1, tzinfo=UTC))
    assert ", ".join(f"{name} {local(at):%m-%d}" for name, at in found.items()) == days


@pytest.mark.parametrize(
    ("had", "after", "due"),
    [
        ("2026-05-20", "2026-11-18", "2027-05-20"),
        ("2025-12-01", "2026-11-18", "2026-12-01"),
        ("2026-11-18", "2026-11-18", "2027-11-18"),
        ("2025-11-18", "2026-11-17", "2026-11-18"),
        ("2025-11-18", "2026-11-18", "2027-11-18"),
        ("2024-02-29", "2026-11-18", "2027-02-28"),
        ("2024-02-29", "2027-12-31", "2028-02-29"),
        ("2020-06-01", "2026-11-18", "2027-06-01"),
        ("2027-01-05", "2026-11-18", "2028-01-05"),
    ],
)
def test_a_check_up_comes_again_each_year(had: str, after: str, due: str) -> None:
    found = due_after(plan(date.fromisoformat(had), kind="checkup"), date.fromisoformat(after))
    assert found is not None
    assert found.isoformat() == due


@given(st.dates(date(1980, 1, 1), date(2060, 1, 1)), st.dates(date(1980, 1, 1), date(2060, 1, 1)))
def test_an_anniversary_is_the_first_one_that_comes(had: date, after: date) -> None:
    due = due_after(plan(had, kind="checkup"), after)
    assert due is not None
    assert due > after
    assert due.year > had.year
    assert due.month == had.month
    if due.year - 1 > had.year:
        assert due_after(plan(had, kind="checkup"), date(due.year - 2, 12, 31)) != due


@given(st.dates(date(1920, 1, 1), date(2030, 1, 1)), st.dates(date(1920, 1, 1), date(2060, 1, 1)))
def test_a_birthday_is_the_first_on_or_after_a_day(born: date, after: date) -> None:
    day = yearly(born, max(born, after))
    assert day >= after
    assert day.month == born.month
    assert abs((day - max(born, after)).days) <= 366


def test_the_levels_of_follow_up_are_those_that_were_agreed() -> None:
    """Nobody is asked later than on day 7 for the first time, so level C is asked then as well."""
    days = {name: list(level.days) for name, level in LEVELS.levels.items()}
    assert days == {"A": [1, 3, 7, 14, 21, 28, 35], "B": [7, 30], "C": [7, 30]}


@pytest.mark.parametrize(
    ("now", "due"),
    [("2026-11-18", "2026-11-19"), ("2026-11-20", "2026-11-21"), ("2026-11-22", "2026-11-25"),
     ("2026-12-23", "2026-12-23"), ("2026-12-24", None)],
)  # fmt: skip
def test_follow_up_comes_on_its_next_day(now: str, due: str | None) -> None:
    kind = FollowUpKind(PLANS, LEVELS)
    one = plan(date(2026, 11, 18), kind="follow_up", level="A")
    found = kind.moments(one, datetime.fromisoformat(f"{now}T09:00:00+08:00"))
    assert {name: local(at).isoformat() for name, at in found.items()} == (
        {"due": due} if due else {}
    )


def test_every_day_of_a_level_is_asked_once_in_its_order() -> None:
    kind = FollowUpKind(PLANS, LEVELS)
    one = plan(date(2026, 11, 18), kind="follow_up", level="A")
    at, days = kind.moments(one, datetime(2026, 11, 18, 1, tzinfo=UTC)).get("due"), []
    while at is not None:
        days.append((local(at) - one.starts_on).days)
        at = kind.next_moment(one, "due", at)
    assert days == [1, 3, 7, 14, 21, 28, 35]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"levels": {"A": {"days": []}}}, "levels.A: `days`"),
        ({"levels": {"A": {"days": [0]}}}, "levels.A: `days`"),
        ({"levels": {"A": {"days": [1, 1], "questions": {}}}}, "levels.A: each day once"),
        (
            {"levels": {"A": {"days": [1], "questions": {"zh-CN": ["问"]}}}},
            "levels.A: `questions.en`",
        ),
        ({"first_by": "soon"}, "`first_by`"),
        ({"levles": {}}, "`levles` is not known"),
    ],
)
def test_a_table_of_follow_up_that_is_wrong_says_where(table: dict[str, Any], says: str) -> None:
    _, problems = read_levels(table)
    assert problems
    assert problems[0].startswith(says)


def test_a_level_that_begins_late_is_asked_by_the_first_day_as_well() -> None:
    questions = {"zh-CN": ["一", "二"], "en": ["one", "two"]}
    levels, problems = read_levels(
        {"first_by": 5, "levels": {"X": {"days": [40], "questions": questions}}}
    )
    assert (problems, list(levels.levels["X"].days)) == ([], [5, 40])
    assert [levels.levels["X"].question(n, "en") for n in (-1, 0, 1, 9)] == [
        "one",
        "one",
        "two",
        "two",
    ]


@pytest.mark.parametrize(
    ("details", "now", "day"),
    [
        ({"festivals": True}, "2026-11-18", "2027-01-01"),
        ({"festivals": True}, "2027-01-01", "2027-01-01"),
        ({"festivals": True}, "2027-01-02", "2027-02-06"),
        ({"birthday": "1960-12-03", "festivals": True}, "2026-11-18", "2026-12-03"),
        ({"birthday": "1960-02-29"}, "2026-11-18", "2027-02-28"),
        ({"after_care_on": "2026-12-01"}, "2026-11-18", "2026-12-01"),
        ({"after_care_on": "2026-11-01"}, "2026-11-18", None),
        ({}, "2026-11-18", None),
    ],
)
def test_greetings_come_on_their_days(details: dict[str, Any], now: str, day: str | None) -> None:
    kind = GreetingKind(PLANS, FESTIVALS)
    one = plan(date(2026, 11, 1), kind="greeting", **details)
    found = kind.moments(one, datetime.fromisoformat(f"{now}T09:00:00+08:00"))
    assert {name: local(at).isoformat() for name, at in found.items()} == (
        {"day": day} if day else {}
    )


def test_festivals_are_known_for_some_years_to_come() -> None:
    for one in FESTIVALS.festivals.values():
        assert one.on_or_after(date(2030, 1, 1)) is not None
        assert list(one.dates) == sorted(set(one.dates))
    assert FESTIVALS.name(date(2027, 2, 6), "en") == "Spring Festival"
    assert FESTIVALS.name(date(2027, 2, 7), "en") == ""


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('[a]\nnames = { zh-CN = "一" }\ndates = [2026-01-01]', "`names`"),
        ('[a]\nnames = { zh-CN = "一", en = "one" }', "`dates` or `every_year`"),
        ('[a]\nnames = { zh-CN = "一", en = "one" }\nevery_year = "13-01"', "`every_year`"),
        ("[a]\nday = 1", "expected"),
        ("[a", "cannot be read"),
    ],
)
def test_festivals_that_are_wrong_say_where(tmp_path: Path, written: str, says: str) -> None:
    (tmp_path / "festivals.toml").write_text(written, "utf-8")
    with pytest.raises(StartError, match=says):
        load_festivals(tmp_path)


def test_no_table_is_no_follow_up() -> None:
    assert FollowUpKind(PLANS, Levels()).problems({"level": "A"}) != ()
