"""Identity documents as people write them (BK-02), and how they are shown (PR-04)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.patients import documents
from bot.patients.documents import Document, Fault, Papers, find, masked, reread
from tests.helpers.papers import resident

TODAY = date(2026, 11, 18)
ADULT = resident(date(1990, 3, 7), 123)
WITH_X = next(n for n in (resident(date(1985, 6, 1), k) for k in range(100, 200)) if n[-1] == "X")


@pytest.mark.parametrize(
    "text",
    [
        ADULT,
        f"张三{ADULT}",
        f"张三 {ADULT} 13800138000",
        f"13800138000，{ADULT}，张三",
        f"身份证号码：{ADULT}。",
        f"{ADULT[:6]} {ADULT[6:14]} {ADULT[14:]}",
        f"{ADULT[:6]}-{ADULT[6:14]}-{ADULT[14:]}，手机138 0013 8000",
        f"my ID is {ADULT}, thanks",
        "".join(chr(ord(c) + 0xFEE0) for c in ADULT),
        f"{ADULT[:3]} {ADULT[3:6]} {ADULT[6:10]} {ADULT[10:14]} {ADULT[14:18]}",
    ],
)
def test_a_resident_number_is_found_however_it_is_written(text: str) -> None:
    (document,) = find(text, TODAY).documents
    assert (document.kind, document.number) == (Papers.RESIDENT, ADULT)
    assert (document.born, document.sex) == (date(1990, 3, 7), "male")


@pytest.mark.parametrize("x", ["X", "x", "Ｘ", "ｘ", "×"])
def test_the_last_x_may_be_any_x(x: str) -> None:
    (document,) = find(f"李四{WITH_X[:-1]}{x}", TODAY).documents
    assert document.number == WITH_X


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("张三 110101600307123", Papers.LEGACY, "110101600307123"),
        ("护照 E12345678", Papers.PASSPORT, "E12345678"),
        ("passport no. x 1234567", Papers.PASSPORT, "X1234567"),
        ("Passport: 560123456", Papers.PASSPORT, "560123456"),
        ("EA1234567 李雷", Papers.PASSPORT, "EA1234567"),
        ("回乡证 H12345678", Papers.HONG_KONG, "H12345678"),
        ("M1234567801 陈大文", Papers.HONG_KONG, "M1234567801"),
        ("台胞证12345678", Papers.TAIWAN, "12345678"),
        ("永居证 USA310080121301", Papers.FOREIGNER, "USA310080121301"),
        ("出生证 T320012345", Papers.BIRTH, "T320012345"),
        ("birth certificate P110123456", Papers.BIRTH, "P110123456"),
        (f"永居 {resident(date(1984, 1, 9), 22, '911840')}", Papers.FOREIGNER, ""),
    ],
)
def test_the_other_documents(text: str, kind: Papers, number: str) -> None:
    (document,) = find(text, TODAY).documents
    assert document.kind is kind
    assert not number or document.number == number


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("张三", Fault.NONE),
        ("13800138000", Fault.NONE),
        ("010-12345678", Fault.NONE),
        ("明天 2026-11-19 下午3点", Fault.NONE),
        ("+44 7911 123456", Fault.NONE),
        (ADULT[:-1], Fault.TOO_SHORT),
        (f"张三 {ADULT[:-2]} 13800138000", Fault.TOO_SHORT),
        (f"{ADULT}1", Fault.TOO_LONG),
        (ADULT[:-1] + ("4" if ADULT[-1] != "4" else "5"), Fault.CHECKSUM),
        ("110101199013071234", Fault.BIRTHDATE),
        ("110101199002301234", Fault.BIRTHDATE),
        (resident(date(2029, 1, 1), 123), Fault.FUTURE),
        (resident(date(1850, 1, 1), 123), Fault.FUTURE),
        ("110101201001123", Fault.TOO_SHORT),  # three digits of a child's number are missing
    ],
)
def test_what_is_wrong_is_said(text: str, fault: Fault) -> None:
    found = find(text, TODAY)
    assert (found.documents, found.fault) == ((), fault)


@given(
    born=st.dates(date(1920, 1, 1), TODAY),
    order=st.integers(0, 999),
    place=st.integers(110000, 659999),
    at=st.integers(0, 16),
    by=st.integers(1, 9),
)
def test_one_wrong_digit_never_passes(born: date, order: int, place: int, at: int, by: int) -> None:
    number = resident(born, order, str(place))
    assert find(number, TODAY).documents[0].number == number
    wrong = f"{number[:at]}{(int(number[at]) + by) % 10}{number[at + 1 :]}"
    assert all(
        d.kind not in (Papers.RESIDENT, Papers.FOREIGNER) for d in find(wrong, TODAY).documents
    )


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    found = find(text, TODAY)
    assert bool(found.documents) == (found.fault is None)


@given(st.text("0123456789ABCX", min_size=5, max_size=20))
def test_a_mask_shows_at_most_seven_characters(number: str) -> None:
    shown = masked(number)
    assert len(shown) == len(number)
    assert "*" in shown
    assert len(shown.replace("*", "")) <= 7


def test_a_mask_is_the_first_three_and_the_last_four() -> None:
    assert find(ADULT, TODAY).documents[0].masked == f"110***********{ADULT[-4:]}"


def test_nothing_shows_a_number_by_accident() -> None:
    found = find(f"张三 {ADULT}", TODAY)
    assert ADULT not in repr(found)
    assert "张三" not in repr(found)


def test_the_old_and_the_new_card_of_one_person_are_one_document() -> None:
    new = resident(date(1960, 3, 7), 123)
    old = Document(Papers.LEGACY, new[:6] + new[8:17])
    assert documents.canonical(old) == documents.canonical(reread("resident", new))
    assert reread("resident_15", old.number).born == date(1960, 3, 7)


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("born 1980-03-02", date(1980, 3, 2)),
        ("生日1980年3月2日", date(1980, 3, 2)),
        ("出生日期：1980.03.02", date(1980, 3, 2)),
        ("1980/3/2", date(1980, 3, 2)),
        ("born 2080-03-02", None),
        ("1980-13-02", None),
        ("昨天", None),
    ],
)
def test_a_date_of_birth_beside_a_passport(text: str, born: date | None) -> None:
    assert documents.born_in(text, TODAY) == born
