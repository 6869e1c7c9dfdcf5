"""Reading a hospital from files: what is accepted, and what is said about what is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.hospital.cells import SPOKEN
from bot.hospital.columns import TABLES
from bot.hospital.files import DEMO, read_files, read_folder, replace_kind
from bot.hospital.model import Hospital
from bot.hospital.problems import HospitalDataError

Change = Callable[[str, str, str], dict[str, bytes]]


def problems_of(texts: bytes, sheets: dict[str, bytes]) -> tuple[str, ...]:
    with pytest.raises(HospitalDataError) as refused:
        read_files(texts, sheets)
    return refused.value.problems


AMOUNT = "is not an amount in yuan (expected like 12.50)"
WEEKDAY = "is not a weekday (expected like 周一, Mon, 1 or 1-5)"
DEPARTMENT = "is not in departments.csv (expected a code or name)"
CLASSES = "a, b, self, 甲类, 乙类, 自费, 甲, 乙, 丙"
TIERS = "general, expert, special, 普通, 专家, 特需, 普通号, 专家号, 特需号"
DAY = "is not a date (expected like 2026-03-05)"

#: What is written in which file instead of what, and the place and the reason that are told.
BAD_CELLS: list[tuple[str, ...]] = [
    ("drugs", "6.80", "3，5元", "row 2, column price", f"'3，5元' {AMOUNT}"),
    ("drugs", "6.80", "-1", "row 2, column price", f"'-1' {AMOUNT}"),
    ("drugs", "6.80", "1.234", "row 2, column price", f"'1.234' {AMOUNT}"),
    ("drugs", "6.80", "", "row 2, column price", "the cell is empty"),
    (
        "drugs",
        "是",
        "也许",
        "row 2, column rx",
        "'也许' is neither yes nor no (expected 是, 否, yes or no)",
    ),
    ("drugs", "2026-10-01", "2026-02-30", "row 2, column checked", f"'2026-02-30' {DAY}"),
    ("drugs", "2026-10-01", "May", "row 2, column checked", f"'May' {DAY}"),
    (
        "drugs",
        "甲类",
        "D",
        "row 2, column insurance",
        f"'D' is not known (expected one of {CLASSES})",
    ),
    ("drugs", "vitc,", "amox1,", "row 4, column code", "'amox1' is already on row 2"),
    (
        "drugs",
        "vitc,",
        "维C,",
        "row 4, column code",
        "'维C' is not a code (expected letters and digits like D0201)",
    ),
    (
        "doctors",
        "Physician,heart",
        "Physician,骨科",
        "row 3, column department",
        f"'骨科' {DEPARTMENT}",
    ),
    (
        "doctors",
        "普通,,",
        "免费,,",
        "row 3, column tier",
        f"'免费' is not known (expected one of {TIERS})",
    ),
    (
        "doctors",
        "zh;en",
        "zh;klingon",
        "row 2, column languages",
        f"'klingon' is not a known language (expected {', '.join(SPOKEN)})",
    ),
    ("roster", "li,周一、周三", "li,周八", "row 2, column weekday", f"'周八' {WEEKDAY}"),
    ("roster", "1-5", "5-1", "row 4, column weekday", f"'5-1' {WEEKDAY}"),
    (
        "roster",
        "li,周一",
        "王五,周一",
        "row 2, column doctor",
        "'王五' is not in doctors.csv (expected a code or name)",
    ),
    (
        "roster",
        "周三,,",
        "周三,2026-11-30,",
        "row 2, column weekday",
        "either a weekday or a date is expected",
    ),
    ("roster", "li,6,,上午", "li,6,,", "row 3, column session", "needed for a weekly clinic"),
    ("roster", "301,,20", "301,,", "row 2, column capacity", "needed for a weekly clinic"),
    (
        "roster",
        "301,,20",
        "301,,二十",
        "row 2, column capacity",
        "'二十' is not a whole number (expected like 20)",
    ),
    ("roster", "li,6,", "*,6,", "row 3, column doctor", "'*' is for a date, not for every week"),
    (
        "roster",
        "上午,,,,,停诊",
        "下午,301,,,,",
        "row 7, column capacity",
        "needed, as there is no weekly clinic then",
    ),
    (
        "symptoms",
        "孩子发烧,儿科",
        "孩子发烧,牙科",
        "row 3, column department",
        f"'牙科' {DEPARTMENT}",
    ),
    ("packages", "older people", "older people,extra", "row 3", "10 cells, but the heading has 9"),
]

BAD_HEADINGS: list[tuple[str, ...]] = [
    ("packages", ",suits_en", "", "packages.csv: column suits_en is missing"),
    ("services", "aliases", "name", "services.csv: column name stands there twice"),
    (
        "symptoms",
        "aliases",
        "alias",
        (
            "symptoms.csv: column 'alias' is not known "
            "(expected symptom, symptom_en, aliases, department, note, note_en)"
        ),
    ),
]


def named(cases: list[tuple[str, ...]]) -> list[Any]:
    return [pytest.param(case, id=f"{case[0]}: {case[2] or 'nothing'}") for case in cases]


@pytest.mark.parametrize("case", named(BAD_CELLS))
def test_a_mistake_is_told_by_file_row_and_column(
    texts: bytes, changed: Change, case: tuple[str, ...]
) -> None:
    kind, old, new, place, why = case
    assert problems_of(texts, changed(kind, old, new)) == (f"{kind}.csv {place}: {why}",)


@pytest.mark.parametrize("case", named(BAD_HEADINGS))
def test_a_mistake_in_the_heading_is_told_by_its_name(
    texts: bytes, changed: Change, case: tuple[str, ...]
) -> None:
    kind, old, new, sentence = case
    assert sentence in problems_of(texts, changed(kind, old, new))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param(
            "parking_hour = 4",
            'parking_hour = "four"',
            f"hospital.toml, fee.parking_hour: 'four' {AMOUNT}",
            id="words for an amount",
        ),
        pytest.param(
            "parking_hour = 4\n",
            "",
            "hospital.toml, fee.parking_hour: missing",
            id="a fact left out",
        ),
        pytest.param(
            'emergency = { zh-CN = "24小时", en = "24 hours a day" }',
            'emergency = { zh-CN = "24小时" }',
            "hospital.toml, hours.emergency: no value for en",
            id="a language left out",
        ),
        pytest.param(
            "[fee]",
            "[fee]\ntips = 5",
            "hospital.toml, fee.tips: not a fact of a hospital (see the list in the documentation)",
            id="an unknown fact",
        ),
        pytest.param(
            'morning = "08:00-12:00"',
            'morning = "8 to 12"',
            "hospital.toml, session.morning: '8 to 12' is not a span of hours "
            "(expected like 08:00-12:00)",
            id="hours in words",
        ),
        pytest.param(
            'phone = "0799-555-0100"',
            "phone = true",
            "hospital.toml, phone: expected a text or a number, not bool",
            id="a switch for a phone",
        ),
        pytest.param(
            "visitors_per_patient = 2",
            "visitors_per_patient = { zh-CN = 2, en = 3 }",
            "hospital.toml, rule.visitors_per_patient: one value for all languages expected, "
            "like visitors_per_patient = …",
            id="a number by language",
        ),
    ],
)
def test_a_mistake_in_the_facts_names_the_fact(
    texts: bytes, sheets: dict[str, bytes], old: str, new: str, sentence: str
) -> None:
    document = texts.decode()
    assert old in document
    assert sentence in problems_of(document.replace(old, new, 1).encode(), sheets)


def test_every_problem_of_every_file_is_told_at_once(texts: bytes, changed: Change) -> None:
    sheets = changed("drugs", "6.80", "six") | {
        "services": changed("services", "一楼", "")["services"],
        "symptoms": changed("symptoms", "儿科", "牙科")["symptoms"],
    }
    told = problems_of(texts.replace(b"parking_hour = 4\n", b""), sheets)
    assert [sentence.partition(",")[0] for sentence in told] == [
        "hospital.toml",
        "drugs.csv row 2",
        "services.csv row 2",
        "symptoms.csv row 3",
    ]


def test_what_refers_to_an_unreadable_file_is_not_blamed(texts: bytes, changed: Change) -> None:
    told = problems_of(texts, changed("departments", "heart,", "心,"))
    assert [sentence.partition(" ")[0] for sentence in told] == ["departments.csv"]


def test_the_message_shows_a_few_problems_and_counts_the_rest() -> None:
    error = HospitalDataError([f"problem {n}" for n in range(8)])
    assert str(error).endswith("problem 4; and 3 more")
    assert len(error.problems) == 8


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for path in DEMO.iterdir():
        if path.name != "drugs.csv":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(HospitalDataError) as refused:
        read_folder(tmp_path)
    assert refused.value.problems == (f"drugs.csv: the file is missing in {tmp_path}",)


def test_an_empty_folder_names_every_file_once(tmp_path: Path) -> None:
    with pytest.raises(HospitalDataError) as refused:
        read_folder(tmp_path)
    needed = [table.file for table in TABLES.values() if not table.optional]
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "hospital.toml",
        *needed,
    ]


def test_a_hospital_may_do_without_campuses_and_holidays(tmp_path: Path) -> None:
    for path in DEMO.iterdir():
        if path.name not in ("campuses.csv", "holidays.csv", "departments.csv"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (DEMO / "departments.csv").read_text("utf-8")
    plain = text.replace(",江北院区", ",").replace(",城东院区", ",")
    (tmp_path / "departments.csv").write_text(plain, "utf-8")
    hospital = read_folder(tmp_path)
    assert (hospital.campuses, hospital.holidays) == ((), ())


@pytest.mark.parametrize(
    ("kind", "rows", "problem"),
    [
        ("holidays", "2026-01-01,闭馆,,元旦,New Year", "holidays.csv row 2, column kind: '闭馆' is not"),
        ("holidays", "2026-01-04,班,第五天,元旦,New Year", "column works_as: '第五天' is not a weekday"),
        (
            "holidays", "2026-01-01,休,,元旦,New Year\n2026-01-01,班,,元旦,New Year",
            "holidays.csv row 3, column date: '2026-01-01' is already on row 2",
        ),
        ("campuses", "main,本部,Main,,1号,1 Road,ftp://x", "column map_url: 'ftp://x' is not a link"),
        ("roster", "li,1,,上午,301,,20,,,3,,", "column minutes: '3' is not a length of a slot"),
    ],
)  # fmt: skip
def test_new_kinds_say_what_is_wrong(small: Hospital, kind: str, rows: str, problem: str) -> None:
    heading = ",".join(column.name for column in TABLES[kind].columns)
    with pytest.raises(HospitalDataError) as refused:
        replace_kind(small, kind, f"{heading}\n{rows}\n".encode())
    assert any(problem in said for said in refused.value.problems), refused.value.problems


def test_a_campus_that_departments_are_on_cannot_go(demo: Hospital) -> None:
    heading = ",".join(column.name for column in TABLES["campuses"].columns)
    sheet = f"{heading}\nmain,江北院区,Jiangbei,,1号,1 Road,\n".encode()
    with pytest.raises(HospitalDataError, match="campus 'east' is missing"):
        replace_kind(demo, "campuses", sheet)


def test_rules_of_booking_are_not_stated_twice(texts: bytes, sheets: dict[str, bytes]) -> None:
    stated = texts.replace(b"[rule]", '[rule]\ncancel_until = "随时"'.encode())
    with pytest.raises(HospitalDataError, match="cancel_until: told by"):
        read_files(stated, sheets)


def test_rows_that_refer_to_a_missing_file_are_not_blamed(tmp_path: Path) -> None:
    for path in DEMO.iterdir():
        if path.name != "departments.csv":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(HospitalDataError) as refused:
        read_folder(tmp_path)
    assert refused.value.problems == (f"departments.csv: the file is missing in {tmp_path}",)
