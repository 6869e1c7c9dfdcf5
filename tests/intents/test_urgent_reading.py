"""How a message is cut, measured and searched."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.clauses import break_pattern, by_character, by_word
from intents.urgent_quantities import arabic, measure
from intents.urgent_spelling import respell_words, speller
from intents.urgent_words import Words

BREAKS = break_pattern(["但", "而且"])


def clauses_of(text: str) -> list[str]:
    cut = by_character(text, BREAKS)
    parts = [""] * len(cut.starts)
    for token, clause in zip(cut.tokens, cut.clause_of, strict=True):
        parts[clause] += token[0]
    return parts


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("胸痛,出汗", ["胸痛,", "出汗"]),
        ("没有胸痛但是喘", ["没有胸痛", "但是喘"]),
        ("无胸闷、气短", ["无胸闷、气短"]),
        ("胸痛 出汗", ["胸痛 ", "出汗"]),
        ("39.5度", ["39.5度"]),
        ("胸 口 疼 痛 啊", ["胸口疼痛啊"]),
        ("", [""]),
    ],
)
def test_chinese_is_cut_at_punctuation_blanks_and_turns(text: str, clauses: list[str]) -> None:
    assert clauses_of(text) == clauses


def test_sentences_are_counted() -> None:
    assert by_character("头疼吗?吐了。叫不醒,快", BREAKS).sentence_of == [0, 1, 2, 2]
    text = "i fell. my head hurts but no blood"
    english = by_word(text, frozenset({"but"}), lambda word: (word,))
    assert english.sentence_of == [0, 1, 1]
    assert english.clause_of == [0, 0, 1, 1, 1, 2, 2, 2]


@given(st.text(max_size=80))
def test_every_token_has_its_clause(text: str) -> None:
    for cut in (
        by_character(text, BREAKS),
        by_word(text, frozenset({"but"}), lambda word: (word,)),
    ):
        assert len(cut.tokens) == len(cut.clause_of)
        assert cut.clause_of == sorted(cut.clause_of)
        assert len(cut.sentence_of) == len(cut.starts)
        assert all(0 <= cut.clause_at(at) < len(cut.starts) for at in range(len(text)))


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("烧到三十九度五", "temperature", 39.5),
        ("体温38.2", "temperature", 38.2),
        ("烧到39度", "temperature", 39),
        ("101.2 rectal", "temperature", 38.4),
        ("a fever of 104", "temperature", 40),
        ("心率一百七十", "heart_rate", 170),
        ("一分钟跳一百六七十下", "heart_rate", 170),
        ("hr at 180", "heart_rate", 180),
        ("血氧88", "spo2", 88),
        ("sats are 85", "spo2", 85),
        ("血糖2.3", "glucose", 2.3),
        ("sugar of 540", "glucose", 30),
        ("孕34周", "weeks", 34),
        ("怀孕五个月", "weeks", 21.75),
        ("i am 30 weeks pregnant", "weeks", 30),
        ("吃了二十片", "tablets", 20),
        ("took 30 tylenol", "tablets", 30),
        ("two months old", "age_months", 2),
        ("3 week old", "age_months", 0.69),
        ("不到四十天的宝宝", "age_months", 1.3),
        ("宝宝三个月", "age_months", 3),
        ("六十八岁", "age_years", 68),
        ("a 62 year old", "age_years", 62),
        ("半个小时", "minutes", 30),
        ("for twenty minutes", "minutes", 20),
    ],
)
def test_a_measurement_is_read_with_its_unit(text: str, name: str, value: float) -> None:
    found = {one.name: one.value for one in measure(arabic(text))}
    assert found[name] == pytest.approx(value, abs=0.06)


@pytest.mark.parametrize(
    ("text", "upper", "lower"),
    [
        ("血压二百一", 210, 0),
        ("血压180/120", 180, 120),
        ("高压195低压120", 195, 120),
        ("低压125", 0, 125),
        ("bp 210 over 120", 210, 120),
    ],
)
def test_blood_pressure_is_read_as_a_pair(text: str, upper: float, lower: float) -> None:
    found = [one for one in measure(arabic(text)) if one.name == "bp"]
    assert [(one.value, one.second) for one in found] == [(upper, lower)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("糖尿病1型", "glucose"),
        ("may 7th through the 20th", "heart_rate"),
        ("宝宝三天没拉", "age_months"),
        ("took 30 minutes", "tablets"),
        ("第20周复查", "weeks"),
        ("血压很高", "bp"),
        ("没有数字", "temperature"),
        ("体温99999", "temperature"),
    ],
)
def test_other_numbers_are_no_measurement(text: str, name: str) -> None:
    assert name not in {one.name for one in measure(arabic(text))}


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("三十九度五", "39度5"), ("一百八", "180"), ("一百零三", "103"), ("二百", "200"),
        ("一百一十", "110"), ("三十九点五度", "39.5度"), ("十二", "12"), ("一下", "一下"),
        ("三九", "三九"), ("一百六七十", "170"),
    ],
)  # fmt: skip
def test_chinese_numerals_are_written_as_digits(text: str, digits: str) -> None:
    assert arabic(text) == digits


@given(st.text(alphabet="零一二三四五六七八九十百点度两半0123456789./周岁片下", max_size=30))
def test_any_pile_of_numerals_is_measured_without_an_error(text: str) -> None:
    assert all(one.value >= 0 for one in measure(arabic(text)))


def found_in(phrase: str, text: str, *, by_words: bool, gap: int = 3) -> list[str]:
    words = Words(by_word=by_words, gap=gap, gap_stops=frozenset({"头", "knee"}))
    words.add(phrase, 1)
    words.seal()
    cut = by_character(text, BREAKS)
    if by_words:
        cut = by_word(text, frozenset(), words.spellings)
    joint = " " if by_words else ""
    found = words.find(cut)
    return [joint.join(token[0] for token in cut.tokens[one.start : one.end]) for one in found]


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("胸…疼", "胸口好疼", ["胸口好疼"]),
        ("胸…疼", "胸口一直很疼", []),
        ("胸…疼", "胸闷头疼", []),
        ("胸…疼", "胸闷,疼", []),
        ("(胸|心)口(好|)疼", "心口疼", ["心口疼"]),
        ("(胸(口|)|心口)疼", "胸疼", ["胸疼"]),
        ("疼", "疼疼", ["疼", "疼"]),
        ("胸…疼", "胸", []),
    ],
)
def test_a_chinese_phrase_is_found_inside_a_clause(
    phrase: str,
    text: str,
    found: list[str],
) -> None:
    assert found_in(phrase, text, by_words=False) == found


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("chest … pain*", "chest really in pains", ["chest really in pains"]),
        ("chest … pain", "chest and knee in pain", []),
        ("breath*", "breathing", ["breathing"]),
        ("pain", "painting", []),
        ("(left |)arm", "my left arm", ["left arm", "arm"]),
    ],
)
def test_an_english_phrase_is_found_by_whole_words(
    phrase: str,
    text: str,
    found: list[str],
) -> None:
    assert found_in(phrase, text, by_words=True) == found


def test_one_slip_of_the_keyboard_is_forgiven_but_words_in_use_are_not_changed() -> None:
    words = Words(by_word=True, gap=1, gap_stops=frozenset())
    words.add("breathe", 1)
    words.known.add("breeder")
    spell = speller(words, {"seizure": "seizure", "seiure": "seizure", "sezure": "seizure"})
    assert spell("siezure")[0] == "seizure"
    assert spell("breeder")[0] == "breeder"
    assert spell("azure")[0] == "azure"
    assert respell_words("can't self-harm", {"cant": "can not"}) == "can not self harm"


def test_break_words_open_a_clause() -> None:
    assert re.search(BREAKS, "但") is not None
