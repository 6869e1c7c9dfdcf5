"""The report a hospital shows when it is asked about its red flags."""

from datetime import date
from pathlib import Path

import pytest

from intents.numbers import load_numbers
from intents.safety import ROUTINE, SafetyRow
from intents.safety_report import (
    figures,
    limits,
    model_alone,
    places,
    signatures,
    taxonomy,
)
from intents.urgent import KINDS, RedFlags, UrgentError, load_red_flags

CONTENT = Path(__file__).parents[2] / "intents" / "content"
RULE = """
[[rule]]
id = "eye.lost"
kind = "eye"
version = 3
note = "Sight is gone."
says = ["看不见"]
"""
ORDER = ", ".join(f'"{kind}"' for kind in KINDS)
HEAD = f'language = "zh-CN"\ngap = 3\nworst_first = [{ORDER}]\n'


@pytest.fixture(scope="module")
def flags() -> RedFlags:
    return load_red_flags(CONTENT)


def small(folder: Path, more: str) -> RedFlags:
    (folder / "zh-CN").mkdir()
    (folder / "zh-CN" / "urgent.toml").write_text(HEAD + more, "utf-8")
    return load_red_flags(folder)


def test_every_kind_has_rules_in_both_languages_told_in_words(flags: RedFlags) -> None:
    kinds = taxonomy(flags)
    assert tuple(kinds) == KINDS
    for kind, rules in kinds.items():
        alarms = [rule for rule in rules if rule["does"] == "alarms"]
        assert {rule["language"] for rule in alarms} == {"zh-CN", "en"}, kind
        assert all(rule["id"] and rule["version"].isdigit() and rule["says"] for rule in rules)
    assert any(rule["does"] == "asks" for rules in kinds.values() for rule in rules)


def test_content_that_nobody_signed_says_so(flags: RedFlags) -> None:
    assert signatures(flags) == {"zh-CN": "unsigned", "en": "unsigned"}


def test_whoever_signed_is_named_with_the_day(tmp_path: Path) -> None:
    signed = '[signed]\nname = "Dr Li"\nrole = "clinical lead"\ndate = 2026-11-18\n'
    made = small(tmp_path, signed + RULE)
    assert signatures(made) == {"zh-CN": "Dr Li, clinical lead, 2026-11-18"}
    one = made.languages[0].signed
    assert one is not None
    assert one.date == date(2026, 11, 18)


@pytest.mark.parametrize(
    ("signed", "said"),
    [
        ('name = "Li"\nrole = "lead"\ndate = "today"', "signed: date must be a day"),
        ('name = ""\nrole = "lead"\ndate = 2026-11-18', "signed: name must be a non-empty text"),
        ('name = "Li"\ndate = 2026-11-18', "signed: role must be a non-empty text"),
        ('name = "Li"\nrole = "lead"\ndate = 2026-11-18\nby = 1', "signed: by is unknown"),
    ],
)
def test_a_signature_that_is_not_whole_is_refused(tmp_path: Path, signed: str, said: str) -> None:
    with pytest.raises(UrgentError, match=said):
        small(tmp_path, f"[signed]\n{signed}\n{RULE}")


def test_the_limits_are_the_models(flags: RedFlags, tmp_path: Path) -> None:
    told = limits(flags)
    assert told is not None
    assert 0 < told["grey"] < told["alarm"] <= 1
    assert limits(small(tmp_path, RULE)) is None


def test_every_place_is_told_with_its_numbers() -> None:
    told = places(load_numbers(CONTENT))
    assert told["CN"] == {"emergency": ["120"], "police": "110", "crisis": ["12356"]}
    assert told["unknown"]["emergency"] == ["120", "112"]


def test_a_labelled_set_is_counted_by_what_it_is(tmp_path: Path) -> None:
    made = small(tmp_path, RULE)
    rows = [
        SafetyRow("突然看不见了", "zh", emergency=True, kind="eye", source="clinic"),
        SafetyRow("不知道", "zh", emergency=True, kind="eye", source="written"),
        SafetyRow("看不见号", "zh", emergency=False, kind="none", source="clinic", why=ROUTINE),
        SafetyRow("您好", "zh", emergency=False, kind="none", source="written", why="greeting"),
    ]
    told = figures(rows, made.read)
    assert told["recall"]["zh"] == {"rows": 2, "alarms": 1, "asked": 0, "share": 0.5}
    assert told["recall_real"]["share"] == 1.0
    assert told["recall_written"]["share"] == 0.0
    assert told["recall_by_kind"]["eye"]["rows"] == 2
    assert told["false_alarms_routine"]["share"] == 1.0
    assert told["false_alarms_hard"] == {"rows": 1, "alarms": 0, "asked": 0, "share": 0.0}
    assert figures([], made.read)["recall_real"]["share"] is None


def test_the_model_is_measured_without_the_rules_too(flags: RedFlags, tmp_path: Path) -> None:
    rows = [
        SafetyRow("突然胸口压着疼，喘不上气，出冷汗", "zh", emergency=True, kind="eye", source="x"),
        SafetyRow("停车多少钱", "zh", emergency=False, kind="none", source="x"),
    ]
    told = model_alone(rows, flags)
    assert told is not None
    assert told["recall"]["zh"]["alarms"] == 1
    assert told["false_alarms_routine"]["alarms"] == 0
    assert model_alone(rows, small(tmp_path, RULE)) is None
