"""The reply to a red flag: the number first, in a fixed order, and nothing it must not say."""

import re
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from intents.numbers import Numbers, load_numbers
from intents.urgent import UrgentError
from intents.urgent_replies import banned_in, load_banned

ROOT = Path(__file__).parents[2]
CONTENT = ROOT / "intents" / "content"
REPLIES = ROOT / "templates" / "replies"
PLACES = load_numbers(CONTENT)
BANNED = load_banned(CONTENT)
LANGUAGES = ("zh-CN", "en")
ADDRESS, PHONE = "1 River Road, north gate", "0799-555-0120"
HOSPITALS = {
    "whole": SimpleNamespace(name="Hean", emergency_address=ADDRESS, emergency_phone=PHONE),
    "no phone": SimpleNamespace(name="Hean", emergency_address=ADDRESS, emergency_phone=""),
    "no department": SimpleNamespace(name="Hean", emergency_address="", emergency_phone=PHONE),
    "nothing": SimpleNamespace(name="Hean", emergency_address="", emergency_phone=""),
}
WAIT = {"zh-CN": "可能是紧急情况", "en": "may be an emergency"}
WHERE = {"zh-CN": "急诊", "en": "emergency department"}
HUMAN = {"zh-CN": "“人工”", "en": '"staff"'}
MINOR = {"zh-CN": "大人", "en": "an adult near you"}
NOW_WORDS = {"zh-CN": ("现在接手", "现在就给您"), "en": ("take over now", "here now")}
OPENS = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
CASES = list(product(LANGUAGES, PLACES, HOSPITALS))


def reply(lang: str, name: str, numbers: Numbers, hospital: str = "whole", **more: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(REPLIES / lang),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - plain text
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = "{:%d %b}".format
    environment.filters["hm"] = "{:%H:%M}".format
    hours = {"staffed": True, "opens": OPENS, "opens_today": True}
    values = {"numbers": numbers, "h": HOSPITALS[hospital], "kind": "chest_pain", **hours, **more}
    return environment.get_template(f"urgent/{name}.txt.j2").render(values).strip()


@pytest.mark.parametrize(("lang", "place", "hospital"), CASES)
@pytest.mark.parametrize("name", ["emergency", "crisis"])
def test_a_full_reply_keeps_its_order(lang: str, place: str, hospital: str, name: str) -> None:
    numbers = PLACES[place]
    text = reply(lang, name, numbers, hospital)
    first = text.splitlines()[0]
    assert all(number in first for number in numbers.emergency)
    places = [text.index(numbers.emergency[0]), text.index(WAIT[lang]), text.index(HUMAN[lang])]
    where = text.index(WHERE[lang])
    assert places == sorted(places)
    assert places[1] < where < places[2]
    assert (ADDRESS in text) is (hospital in ("whole", "no phone"))
    assert (PHONE in text) is (hospital in ("whole", "no department"))
    assert len(text.splitlines()) == 6
    assert "?" not in text.replace("？", "?")


@pytest.mark.parametrize(("lang", "place", "hospital"), CASES)
@pytest.mark.parametrize("name", ["emergency", "crisis", "short"])
def test_no_reply_diagnoses_reassures_or_sells(
    lang: str,
    place: str,
    hospital: str,
    name: str,
) -> None:
    for kind in ("chest_pain", "suicide", "trauma", "poisoning"):
        text = reply(lang, name, PLACES[place], hospital, kind=kind, minor=True)
        assert banned_in(text, BANNED[lang]) == []
        assert not re.search(r"[{}]|None|undefined", text)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["emergency", "crisis", "short"])
@pytest.mark.parametrize(("opens", "today"), [(OPENS, True), (OPENS, False), (None, False)])
def test_at_night_nobody_is_promised_now(
    lang: str, name: str, opens: datetime | None, *, today: bool
) -> None:
    text = reply(lang, name, PLACES["CN"], staffed=False, opens=opens, opens_today=today)
    by_day = reply(lang, name, PLACES["CN"])
    assert text.splitlines()[:-1] == by_day.splitlines()[:-1], "only the offer of a person differs"
    assert not any(words in text for words in NOW_WORDS[lang])
    assert HUMAN[lang] in text.splitlines()[-1]
    assert ("08:00" in text) is (opens is not None)
    assert banned_in(text, BANNED[lang]) == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("place", PLACES)
def test_a_crisis_reply_gives_the_crisis_line(lang: str, place: str) -> None:
    numbers = PLACES[place]
    for text in (
        reply(lang, "crisis", numbers),
        reply(lang, "short", numbers, kind="suicide"),
        reply(lang, "short", numbers, kind="poisoning", crisis=True),
    ):
        assert all(number in text.splitlines()[0] for number in numbers.crisis)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_short_reply_is_the_number_and_a_person(lang: str) -> None:
    lines = reply(lang, "short", PLACES["CN"]).splitlines()
    assert len(lines) == 2
    assert "120" in lines[0]
    assert HUMAN[lang] in lines[1]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["emergency", "crisis"])
def test_a_minor_is_told_to_find_an_adult(lang: str, name: str) -> None:
    assert MINOR[lang] in reply(lang, name, PLACES["CN"], minor=True)
    assert MINOR[lang] not in reply(lang, name, PLACES["CN"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_injured_person_is_kept_still(lang: str) -> None:
    still = {"zh-CN": "不要移动", "en": "still"}[lang]
    assert still in reply(lang, "emergency", PLACES["CN"], kind="trauma")
    assert still not in reply(lang, "emergency", PLACES["CN"], kind="stroke")


@pytest.mark.parametrize(
    ("place", "emergency", "crisis"),
    [
        ("", ("120", "112"), "12356"), ("CN", ("120",), "12356"), ("HK", ("999",), "18111"),
        ("MO", ("999",), "2852-5222"), ("TW", ("119",), "1925"), ("US", ("911",), "988"),
        ("CA", ("911",), "988"), ("GB", ("999", "112"), "116-123"),
        ("IE", ("112", "999"), "116-123"), ("AU", ("000",), "13-11-14"),
        ("NZ", ("111",), "1737"), ("JP", ("119",), "0120-783-556"), ("SG", ("995",), "1767"),
        ("IN", ("112",), "14416"), ("EU", ("112",), "112"),
    ],
)  # fmt: skip
def test_every_place_has_its_numbers(
    place: str,
    emergency: tuple[str, ...],
    crisis: str,
) -> None:
    assert PLACES[place].emergency == emergency
    assert crisis in PLACES[place].crisis


def test_the_list_of_banned_words_is_needed(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "urgent.toml").write_text('language = "en"\n', encoding="utf-8")
    with pytest.raises(UrgentError, match="banned_in_replies must be a list of texts"):
        load_banned(tmp_path)
    (tmp_path / "en" / "urgent.toml").write_text("= 3", encoding="utf-8")
    with pytest.raises(UrgentError, match="cannot be read as TOML"):
        load_banned(tmp_path)


@pytest.mark.parametrize(
    ("text", "found"),
    [("You'll be fine.", ["you'll be fine"]), ("Call 120 now.", []), ("Take two", ["take two"])],
)
def test_banned_words_are_found_in_any_case(text: str, found: list[str]) -> None:
    assert banned_in(text, BANNED["en"]) == found


DOUBTS = ("doubt", "doubt_no", "doubt_person")


@pytest.mark.parametrize(("lang", "place"), list(product(LANGUAGES, PLACES)))
@pytest.mark.parametrize("name", DOUBTS)
@pytest.mark.parametrize("kind", ["chest_pain", "suicide"])
def test_what_is_said_about_a_doubt_gives_the_number_first_and_reassures_nobody(
    lang: str, place: str, name: str, kind: str
) -> None:
    numbers = PLACES[place]
    for staffed, opens in ((True, OPENS), (False, OPENS), (False, None)):
        text = reply(lang, name, numbers, kind=kind, staffed=staffed, opens=opens)
        first = text.splitlines()[0]
        assert all(number in first for number in numbers.emergency)
        assert (kind == "suicide") <= all(number in first for number in numbers.crisis)
        assert banned_in(text, BANNED[lang]) == []
        assert not re.search(r"[{}]|None|undefined", text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_doubt_asks_once_and_only_then(lang: str) -> None:
    marks = re.compile("[?？]")
    assert marks.search(reply(lang, "doubt", PLACES["CN"]))
    for name in DOUBTS[1:]:
        assert not marks.search(reply(lang, name, PLACES["CN"]))


def test_every_emergency_text_of_a_language_is_checked_here() -> None:
    for lang in LANGUAGES:
        there = {path.name.split(".")[0] for path in (REPLIES / lang / "urgent").iterdir()}
        assert there == {"emergency", "crisis", "short", *DOUBTS}
