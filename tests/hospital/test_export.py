"""Files that are written read back as the very same hospital, whatever is in it."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hospital.cells import LONGEST, SHORTEST
from bot.hospital.export import export_facts, export_folder, export_kind
from bot.hospital.facts import FACTS, FactKind
from bot.hospital.facts_file import read_facts
from bot.hospital.files import read_folder, replace_days, replace_kind
from bot.hospital.model import (
    LANGUAGES,
    Campus,
    Doctor,
    Hospital,
    MovedDay,
    MovedKind,
    RosterRule,
    Session,
    Status,
    Tier,
)
from bot.hospital.problems import HospitalDataError

#: What people write: quotes, commas, line breaks, other scripts; never only blanks.
_TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zs", "Zl", "Zp"))
    | st.sampled_from(', "\n=;、'),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() == text)
_WORDS = st.lists(
    _TEXTS.filter(lambda text: not set(text) & set(";；、|")), max_size=3, unique=True
)
_DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))
_SMALL = st.none() | st.integers(0, 999)


@pytest.fixture(scope="module")
def written(demo: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "deep"
    assert len(export_folder(demo, folder)) == 12
    return folder


def test_the_demonstration_comes_back_as_it_was(demo: Hospital, written: Path) -> None:
    assert read_folder(written) == demo


def test_a_spreadsheet_sees_that_it_is_utf_8(written: Path) -> None:
    assert (written / "doctors.csv").read_bytes().startswith(b"\xef\xbb\xbfcode,name,")


def test_a_folder_that_cannot_be_written_is_said(demo: Hospital, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(HospitalDataError, match="cannot be written"):
        export_folder(demo, tmp_path / "file")


@given(st.dictionaries(st.sampled_from(sorted(FACTS)), st.tuples(_TEXTS, _TEXTS)))
def test_facts_come_back_as_they_were(demo: Hospital, said: dict[str, tuple[str, str]]) -> None:
    info = {lang: dict(demo.info[lang]) for lang in LANGUAGES}
    for key, texts in said.items():
        if FACTS[key] is FactKind.TEXT:
            for lang, text in zip(LANGUAGES, texts, strict=True):
                info[lang][key] = text
        elif FACTS[key] is FactKind.MONEY:
            for lang in LANGUAGES:
                info[lang][key] = Decimal(len(texts[0])) / 4
    assert read_facts(export_facts(info).encode()) == info


_RULES = st.builds(
    RosterRule,
    doctor=st.sampled_from(["li", "wu", "li2"]),
    weekday=st.integers(1, 7),
    session=st.sampled_from(Session),
    room=_TEXTS,
    tier=st.none() | st.sampled_from(Tier),
    capacity=st.integers(0, 999),
    window=_SMALL,
    added=_SMALL,
    minutes=st.none() | st.integers(SHORTEST, LONGEST),
    left=_SMALL,
    status=st.sampled_from(Status),
    ends=st.none() | _DAYS,
)
_DATED = st.builds(
    RosterRule,
    doctor=st.none() | st.sampled_from(["li", "wu", "li2"]),
    date=_DAYS,
    session=st.none() | st.sampled_from(Session),
    room=_TEXTS,
    capacity=st.integers(0, 999),
    added=_SMALL,
    status=st.sampled_from(Status),
)


def _once(rules: list[RosterRule]) -> tuple[RosterRule, ...]:
    return tuple({(r.doctor, r.weekday, r.date, r.session): r for r in rules}.values())


@given(st.lists(_RULES | _DATED, max_size=12).map(_once))
def test_any_roster_comes_back_as_it_was(small: Hospital, rules: tuple[RosterRule, ...]) -> None:
    hospital = replace(small, roster=rules)
    assert replace_kind(small, "roster", export_kind(hospital, "roster")) == hospital


@given(st.lists(_DATED, max_size=8).map(_once), _DAYS, _DAYS)
def test_the_roster_of_some_days_comes_back_too(
    small: Hospital, rules: tuple[RosterRule, ...], one: dt.date, other: dt.date
) -> None:
    first, last = min(one, other), max(one, other)
    weekly = tuple(rule for rule in small.roster if rule.date is None)
    inside = tuple(rule for rule in rules if rule.date and first <= rule.date <= last)
    outside = tuple(rule for rule in rules if rule not in inside)
    sheet = export_kind(replace(small, roster=inside), "roster")
    before = replace(small, roster=(*weekly, *outside, *inside[:1]))
    assert replace_days(before, sheet, first, last).roster == (*weekly, *outside, *inside)


@given(
    st.lists(
        st.builds(
            MovedDay,
            date=_DAYS,
            kind=st.sampled_from(MovedKind),
            works_as=st.none() | st.integers(1, 7),
            name=_TEXTS,
            name_en=_TEXTS,
        ),
        max_size=5,
        unique_by=lambda day: day.date,
    ),
    st.lists(
        st.builds(
            Campus,
            code=st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True),
            name=_TEXTS,
            name_en=_TEXTS,
            aliases=_WORDS.map(tuple),
            address=_TEXTS,
            address_en=_TEXTS,
            map_url=st.sampled_from(["", "https://map.example/a?b=c,d"]),
        ),
        max_size=3,
        unique_by=lambda campus: campus.code,
    ),
)
def test_holidays_and_campuses_come_back_as_they_were(
    small: Hospital, days: list[MovedDay], campuses: list[Campus]
) -> None:
    hospital = replace(small, holidays=tuple(days), campuses=tuple(campuses))
    for kind in ("holidays", "campuses"):
        sheet = export_kind(hospital, kind)
        assert getattr(replace_kind(small, kind, sheet), kind) == getattr(hospital, kind)


@given(st.none() | st.integers(0, 9_999_999), _WORDS, st.sampled_from(["zh", "zh;en", "yue"]))
def test_a_doctors_fee_names_and_languages_come_back(
    small: Hospital, fen: int | None, aliases: list[str], languages: str
) -> None:
    first, *others = small.doctors
    fee = None if fen is None else Decimal(fen).scaleb(-2)
    changed: Doctor = replace(
        first, fee=fee, aliases=tuple(aliases), languages=tuple(languages.split(";"))
    )
    hospital = replace(small, doctors=(changed, *others))
    assert replace_kind(small, "doctors", export_kind(hospital, "doctors")) == hospital
