"""Files as spreadsheets save them: encodings and quirks change nothing, one file replaces its kind."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hospital.columns import TABLES
from bot.hospital.facts_file import read_facts
from bot.hospital.files import read_files, replace_kind
from bot.hospital.model import Hospital, Tier
from bot.hospital.prices import Insurance
from bot.hospital.problems import HospitalDataError
from bot.hospital.sheets import read_rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_spreadsheets_save_in_many_encodings(
    texts: bytes, sheets: dict[str, bytes], small: Hospital, encoding: str, newline: str
) -> None:
    saved = {
        kind: data.decode().replace("\n", newline).encode(encoding) for kind, data in sheets.items()
    }
    assert read_files(texts, saved) == small


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("\n", "\n\n,,,\n"), id="blank rows"),
        pytest.param(lambda text: text.replace("\n", ",,\n"), id="empty cells at the end"),
        pytest.param(lambda text: text.replace(",", "\t"), id="tabs between cells"),
        pytest.param(lambda text: text.replace("6.80", " ６．８０ "), id="full-width digits"),
        pytest.param(lambda text: text.replace("6.80", "¥6.8"), id="a yuan sign"),
        pytest.param(lambda text: text.replace("6.80", "6.8元"), id="the word yuan"),
        pytest.param(lambda text: text.replace("2026-10-01", "2026/10/1"), id="dates with slashes"),
        pytest.param(lambda text: text.replace("阿莫仙", "阿莫仙； 阿莫仙"), id="an alias twice"),
        pytest.param(
            lambda text: text.replace("name,name_en", "名称,Name_EN").replace("price", "价格"),
            id="Chinese headings",
        ),
    ],
)
def test_quirks_of_spreadsheets_change_nothing(
    texts: bytes, sheets: dict[str, bytes], small: Hospital, change: Callable[[str], str]
) -> None:
    drugs = change(sheets["drugs"].decode()).encode()
    assert read_files(texts, sheets | {"drugs": drugs}).drugs == small.drugs


def test_cells_are_read_in_both_languages(small: Hospital) -> None:
    drug, powder, vitamin = small.drugs
    assert (drug.price, drug.rx, drug.checked) == (Decimal("6.80"), True, dt.date(2026, 10, 1))
    assert (powder.insurance, vitamin.insurance) == (Insurance.A, Insurance.SELF)
    assert [doctor.tier for doctor in small.doctors] == [Tier.EXPERT, Tier.GENERAL, Tier.GENERAL]
    assert [doctor.department for doctor in small.doctors] == ["heart", "heart", "child"]


def test_one_new_file_replaces_its_kind_and_nothing_else(
    small: Hospital, sheets: dict[str, bytes]
) -> None:
    dearer = sheets["drugs"].replace(b"6.80", b"7.10")
    hospital = replace_kind(small, "drugs", dearer)
    assert hospital.drugs[0].price == Decimal("7.10")
    assert (hospital.info, hospital.roster, hospital.tests) == (
        small.info,
        small.roster,
        small.tests,
    )


def test_one_bad_file_changes_nothing_and_is_named_as_uploaded(
    small: Hospital, sheets: dict[str, bytes]
) -> None:
    with pytest.raises(HospitalDataError) as refused:
        replace_kind(small, "drugs", sheets["drugs"].replace(b"6.80", b"x"), "prices of May.csv")
    assert refused.value.problems == (
        "prices of May.csv row 2, column price: 'x' is not an amount in yuan (expected like 12.50)",
    )


def test_what_others_need_cannot_be_taken_away(small: Hospital, sheets: dict[str, bytes]) -> None:
    without = b"\n".join(
        line for line in sheets["departments"].split(b"\n") if not line.startswith(b"child")
    )
    with pytest.raises(HospitalDataError) as refused:
        replace_kind(small, "departments", without)
    assert refused.value.problems == (
        "departments.csv: department 'child' is missing, but doctors refer to it",
        "departments.csv: department 'child' is missing, but symptoms refer to it",
    )


@given(st.binary(max_size=400), st.sampled_from(sorted(TABLES)))
def test_any_bytes_are_read_or_refused(data: bytes, kind: str) -> None:
    try:
        rows = read_rows(TABLES[kind], data, "any.csv")
    except HospitalDataError as error:
        assert error.problems  # noqa: PT017
    else:
        assert isinstance(rows, list)


@given(
    st.lists(st.lists(st.text(max_size=12), max_size=12), max_size=4),
    st.sampled_from(sorted(TABLES)),
)
def test_any_cells_under_a_good_heading_are_read_or_refused(
    cells: list[list[str]], kind: str
) -> None:
    heading = ",".join(column.name for column in TABLES[kind].columns)
    text = "\n".join([heading, *(",".join(row) for row in cells)])
    data = text.encode("utf-8", "surrogatepass")
    try:
        read_files(b"", {kind: data})
    except HospitalDataError as error:
        assert error.problems  # noqa: PT017


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode())))
def test_any_facts_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(HospitalDataError) as refused:
        read_facts(data)
    assert refused.value.problems


def test_deeply_nested_facts_are_refused() -> None:
    with pytest.raises(HospitalDataError, match="not valid TOML"):
        read_facts(b"a = " + b"[" * 100_000)
