"""What answers may say: every promised name resolves, and each look-up finds what was asked for."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.appointments.options import BookingOptions
from bot.hospital.facts import FACTS, FactKind
from bot.hospital.lookups import LIMIT, LOOKUPS, Found, Query, info
from bot.hospital.model import LANGUAGES, Hospital, MovedDay, MovedKind
from bot.hospital.query import Standing

#: A Sunday.
TODAY = dt.date(2026, 11, 22)
WEDNESDAY, SUNDAY = dt.date(2026, 11, 25), dt.date(2026, 11, 29)

#: What answer templates may use of each look-up's rows.
ATTRIBUTES = {
    "departments": "key name place phone treats clinic_days",
    "department_for": "symptom department place note",
    "doctors": "key name title department specialty fee fee_tier languages next_clinic",
    "roster": "doctor title department date session room fee_tier fee left status opens",
    "test_price": "key name price unit department prepare insurance checked",
    "drug_price": "key name generic pack unit price insurance checked rx",
    "package_price": "key name price items suits",
    "services": "key name place hours fee note",
}
#: The field of a query that names rows of each look-up, and the kind of rows it names.
NAMED_BY = {
    "departments": "departments",
    "department_for": "symptoms",
    "doctors": "departments",
    "roster": "departments",
    "test_price": "tests",
    "drug_price": "drugs",
    "package_price": "packages",
    "services": "services",
}


def ask(hospital: Hospital, name: str, lang: str = "zh-CN", **named: Any) -> Found:
    return LOOKUPS[name](hospital, Query(lang=lang, today=TODAY, **named))


def keys(hospital: Hospital, kind: str) -> tuple[str, ...]:
    attribute = {"symptoms": "symptom", "drugs": "generic"}.get(kind, "code")
    return tuple(dict.fromkeys(getattr(item, attribute) for item in getattr(hospital, kind)))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", sorted(FACTS))
def test_every_fact_can_be_written_in_a_template(demo: Hospital, lang: str, key: str) -> None:
    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    text = env.from_string(f"{{{{ h.{key} }}}}").render(h=info(demo, lang))
    assert text
    assert "{" not in text


def test_amounts_and_numbers_are_numbers(demo: Hospital) -> None:
    kinds: Mapping[FactKind, type] = {FactKind.MONEY: Decimal, FactKind.WHOLE: int}
    for key, kind in FACTS.items():
        group, _, name = key.rpartition(".")
        h = info(demo, "en")
        value = h[group][name] if group else h[name]
        assert isinstance(value, kinds.get(kind, str)), key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_services_are_listed_among_the_facts(demo: Hospital, lang: str) -> None:
    services = info(demo, lang)["services"]
    assert {service.key for service in services} >= {"decoction", "medicine_delivery", "wheelchair"}
    for service in services:
        assert all((service.name, service.place, service.hours, service.fee))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", LOOKUPS)
def test_every_row_has_the_attributes_answers_use(demo: Hospital, lang: str, name: str) -> None:
    for key in keys(demo, NAMED_BY[name]):
        named: dict[str, Any] = {NAMED_BY[name]: (key,)}
        found = ask(demo, name, lang, **named)
        assert found.asked
        for row in found.rows:
            assert all(hasattr(row, attribute) for attribute in ATTRIBUTES[name].split())


@pytest.mark.parametrize("name", LOOKUPS)
def test_only_the_language_asked_for_is_spoken(demo: Hospital, name: str) -> None:
    everything = keys(demo, NAMED_BY[name])
    for n in range(0, len(everything), LIMIT):
        named: dict[str, Any] = {NAMED_BY[name]: everything[n : n + LIMIT]}
        found = ask(demo, name, "en", **named)
        shown = [getattr(row, a) for row in found.rows for a in ATTRIBUTES[name].split()]
        han = [word for word in map(str, shown) if any("\u4e00" <= c <= "\u9fff" for c in word)]
        assert han == []


@pytest.mark.parametrize("name", LOOKUPS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unknown_word_is_repeated_and_nothing_is_found(
    demo: Hospital, name: str, lang: str
) -> None:
    found = ask(demo, name, lang, near={"qwerty": ()})
    assert (found.rows, found.asked, found.similar) == ((), "qwerty", ())


def test_a_misspelt_name_offers_the_near_ones(small: Hospital) -> None:
    found = ask(small, "drug_price", near={"阿莫西宁": ("阿莫西林",)})
    assert (found.rows, found.asked, found.similar) == ((), "阿莫西宁", ("阿莫西林",))
    english = ask(small, "drug_price", "en", near={"amoxicilin": ("阿莫西林",)})
    assert english.similar == ("Amoxicillin",)


def test_a_word_near_to_other_kinds_only_is_no_answer(small: Hospital) -> None:
    found = ask(small, "drug_price", near={"心慌慌": ("心慌",)})
    assert (found.asked, found.similar) == (None, ())


def test_details_are_limited_in_number(demo: Hospital) -> None:
    for name, kind in NAMED_BY.items():
        named: dict[str, Any] = {kind: keys(demo, kind)}
        assert len(ask(demo, name, **named).rows) <= LIMIT


def test_departments_are_all_listed_when_none_is_named(small: Hospital) -> None:
    assert [row.name for row in ask(small, "departments").rows] == ["心内科", "儿科"]


def test_a_department_tells_its_usual_week(small: Hospital) -> None:
    [heart] = ask(small, "departments", departments=("heart",)).rows
    assert str(heart.clinic_days) == "周一、周二至周六上午"
    [children] = ask(small, "departments", "en", departments=("child",)).rows
    assert str(children.clinic_days) == "Monday to Friday evening"
    [lab] = ask(small, "departments", "en", departments=("lab",)).rows
    assert str(lab.clinic_days) == "no booked clinics, please call for its hours"


def test_a_department_is_found_by_its_doctor(small: Hospital) -> None:
    found = ask(small, "departments", doctors=("li2",))
    assert (found.asked, [row.key for row in found.rows]) == ("儿科", ["child"])


def test_a_symptom_gives_the_lines_of_the_table_in_order(small: Hospital) -> None:
    found = ask(small, "department_for", symptoms=("小孩心慌",))
    assert [(row.department, row.note) for row in found.rows] == [
        ("儿科", "先看儿科"),
        ("心内科", ""),
    ]


def test_doctors_of_a_department_come_soonest_first(small: Hospital) -> None:
    rows = ask(small, "doctors", departments=("heart",)).rows
    assert [(row.name, row.fee_tier, row.fee, row.next_clinic) for row in rows] == [
        ("李明", "专家", Decimal("22.00"), "11月23日 周一上午"),
        ("吴静", "普通", Decimal("10.00"), "11月23日 周一上午"),
    ]


def test_a_shared_family_name_is_told_apart_by_the_department(small: Hospital) -> None:
    both = ask(small, "doctors", doctors=("li", "li2"))
    assert [row.name for row in both.rows] == ["李明", "李华"]
    one = ask(small, "doctors", doctors=("li", "li2"), departments=("child",))
    assert (one.asked, [row.name for row in one.rows]) == ("李华", ["李华"])


def test_without_a_name_the_doctors_of_more_languages_are_shown(small: Hospital) -> None:
    found = ask(small, "doctors", "en")
    assert found.asked is None
    assert [(row.name, str(row.languages)) for row in found.rows] == [
        ("Li Ming", "Mandarin, English")
    ]


def test_the_roster_of_a_day_tells_what_is_stopped(small: Hospital) -> None:
    found = ask(small, "roster", departments=("heart",), day=WEDNESDAY, session="morning")
    assert [(row.doctor, row.status, row.left) for row in found.rows] == [
        ("李明", "stopped", 0),
        ("吴静", "on", 12),
    ]
    assert found.asked_day == WEDNESDAY


def test_the_roster_of_a_day_without_clinics_is_empty(small: Hospital) -> None:
    found = ask(small, "roster", doctors=("li",), day=SUNDAY)
    assert (found.rows, found.asked, found.asked_day) == ((), "李明", SUNDAY)


def test_without_a_day_a_department_shows_its_first_day_with_clinics(small: Hospital) -> None:
    rows = ask(small, "roster", departments=("heart",)).rows
    assert {row.date for row in rows} == {TODAY + dt.timedelta(days=1)}


def test_without_a_day_a_doctor_shows_the_next_clinics(small: Hospital) -> None:
    rows = ask(small, "roster", doctors=("li",)).rows
    assert [row.date.day for row in rows] == [23, 25, 28, 30, 2, 5]


def test_nothing_named_finds_no_roster(small: Hospital) -> None:
    assert ask(small, "roster", day=WEDNESDAY).rows == ()


@pytest.mark.parametrize(
    ("left", "told"),
    [
        pytest.param(3, (3, "on"), id="a few"),
        pytest.param(0, (0, "full"), id="none"),
    ],
)
def test_bookings_know_better_than_the_roster_what_is_left(
    small: Hospital, left: int, told: tuple[int, str]
) -> None:
    known = {("wu", WEDNESDAY, "morning"): Standing(left)}
    [row] = ask(small, "roster", doctors=("wu",), day=WEDNESDAY, standing=known).rows
    assert (row.left, row.status) == told


def test_bookings_cannot_open_a_stopped_clinic(small: Hospital) -> None:
    known = {("li", WEDNESDAY, "morning"): Standing(5)}
    [row] = ask(small, "roster", doctors=("li",), day=WEDNESDAY, standing=known).rows
    assert (row.left, row.status) == (0, "stopped")


def test_a_clinic_that_is_over_has_nothing_left_and_is_not_the_next_one(small: Hospital) -> None:
    known = {("wu", WEDNESDAY, "morning"): Standing(0, over=True)}
    [row] = ask(small, "roster", doctors=("wu",), day=WEDNESDAY, standing=known).rows
    assert (row.left, row.status) == (0, "over")
    monday = dt.date(2026, 11, 23)
    over = {("wu", monday, part): Standing(0, over=True) for part in ("morning", "afternoon")}
    [told] = ask(small, "doctors", doctors=("wu",), standing=over).rows
    assert "11月24日" in told.next_clinic


@pytest.mark.parametrize(
    ("lang", "opens"), [("zh-CN", "11月11日 周三 7:00"), ("en", "Wed 11 Nov, 07:00")]
)
def test_days_that_are_not_released_are_told_with_the_hour_they_will_be(
    small: Hospital, lang: str, opens: str
) -> None:
    named: dict[str, Any] = {"doctors": ("wu",), "day": WEDNESDAY, "rules": BookingOptions()}
    [row] = ask(small, "roster", lang, released_to=dt.date(2026, 11, 24), **named).rows
    assert (row.left, row.status, row.opens) == (0, "unreleased", opens)
    [row] = ask(small, "roster", lang, released_to=WEDNESDAY, **named).rows
    assert (row.status, row.opens) == ("on", "")


def test_on_a_day_off_the_holiday_is_named(small: Hospital) -> None:
    off = MovedDay(date=WEDNESDAY, kind=MovedKind.OFF, name="校庆日", name_en="Founding Day")
    closed = replace(small, holidays=(off,), roster=small.roster[:1])
    for lang, name in (("zh-CN", "校庆日"), ("en", "Founding Day")):
        assert ask(closed, "roster", lang, doctors=("wu",), day=WEDNESDAY).holiday == name
    assert ask(closed, "roster", doctors=("wu",), day=SUNDAY).holiday is None


def test_all_packs_of_a_drug_are_found_by_its_name(small: Hospital) -> None:
    found = ask(small, "drug_price", drugs=("阿莫西林",))
    assert [row.key for row in found.rows] == ["amox1", "amox2"]
    assert found.asked == "阿莫西林"


def test_packages_are_offered_when_none_is_named(small: Hospital) -> None:
    found = ask(small, "package_price", "en")
    assert (found.asked, [row.key for row in found.rows]) == (None, ["basic", "elder"])
    assert str(found.rows[0].items) == "blood count, urine"


@pytest.mark.parametrize("name", ["drug_price", "test_price", "department_for"])
def test_prices_and_departments_are_not_guessed(small: Hospital, name: str) -> None:
    assert ask(small, name) == Found()


_NAMES = st.lists(
    st.text(max_size=4) | st.sampled_from(["heart", "li", "阿莫西林", "小孩心慌"]), max_size=3
)


@given(
    st.sampled_from(sorted(LOOKUPS)),
    st.dictionaries(st.sampled_from(sorted(set(NAMED_BY.values()) | {"doctors"})), _NAMES),
    st.dates(dt.date(2026, 1, 1), dt.date(2028, 1, 1)) | st.none(),
)
def test_unknown_keys_never_break_a_look_up(
    small: Hospital, name: str, named: dict[str, list[str]], day: dt.date | None
) -> None:
    values: dict[str, Any] = {kind: tuple(words) for kind, words in named.items()}
    found = ask(small, name, **values, day=day)
    assert isinstance(found.rows, tuple)
