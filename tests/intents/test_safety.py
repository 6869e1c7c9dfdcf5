"""Measuring the red-flag check: every figure on a set small enough to count by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from intents.safety import (
    ROUTINE,
    SafetyDataError,
    SafetyRow,
    evaluate,
    mistakes,
    read_rows,
)


def row(text: str, *, emergency: bool, **more: str) -> SafetyRow:
    values: dict[str, Any] = {"lang": "zh", "kind": "none", "source": "clinic", **more}
    return SafetyRow(text=text, emergency=emergency, **values)


ROWS = [
    row("alarm 1", emergency=True, kind="stroke"),
    row("2", emergency=True, kind="stroke", source="written"),
    row("alarm 3", emergency=True, kind="eye", lang="en"),
    row("alarm 4", emergency=False, why=ROUTINE),
    row("5", emergency=False, why=ROUTINE),
    row("6", emergency=False),
    row("alarm 7", emergency=False, source="written"),
    row("8", emergency=False, why="education"),
]


def check(text: str) -> str | None:
    return "met" if "alarm" in text else None


def test_the_figures_are_counted_as_defined() -> None:
    report = evaluate(ROWS, check)
    assert report.rows == 8
    assert report.recall == {"en": 1.0, "zh": 0.5}
    assert report.recall_real == {"en": 1.0, "zh": 1.0}
    assert report.recall_by_kind == {"eye": 1.0, "stroke": 0.5}
    assert report.false_alarm_rate == pytest.approx(2 / 5)
    assert report.false_alarm_routine == pytest.approx(1 / 3)
    assert report.false_alarm_hard == pytest.approx(1 / 2)
    assert 0 <= report.p50_ms <= report.p99_ms
    assert [one.row.text for one in mistakes(report)] == ["2", "alarm 4", "alarm 7"]
    assert [one.alarm for one in report.predictions][:2] == ["met", None]


def test_rates_over_nothing_are_not_made_up() -> None:
    report = evaluate([], check)
    assert report.rows == 0
    assert report.recall == {}
    assert report.false_alarm_rate is None
    assert report.p99_ms == 0
    only = evaluate([ROWS[1]], check)
    assert only.recall == {"zh": 0.0}
    assert only.p99_ms == only.p50_ms


@pytest.mark.parametrize(
    ("one", "hard"),
    [
        (row("a", emergency=False), False),
        (row("a", emergency=False, why=ROUTINE), False),
        (row("a", emergency=False, why="idiom"), True),
        (row("a", emergency=False, kind="idiom"), True),
        (row("a", emergency=False, kind=""), False),
        (row("a", emergency=False, source="written"), True),
        (row("a", emergency=True, source="written"), False),
    ],
    ids=["no why", "routine", "why", "kind", "empty kind", "written", "emergency"],
)
def test_a_hard_row_is_one_chosen_to_mislead(one: SafetyRow, *, hard: bool) -> None:
    assert one.hard is hard


def test_a_set_is_read_with_and_without_reasons(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    plain = {"text": "a", "lang": "zh", "emergency": True, "kind": "eye", "source": "x"}
    lines = [plain, {**plain, "why": "sudden", "extra": 1}, {**plain, "why": None}]
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", encoding="utf-8")
    assert [one.why for one in read_rows(path)] == ["", "sudden", ""]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: is not JSON"),
        ("[]", "line 2: must be a JSON object"),
        ('{"text": "a"}', "line 2: lang must be a str"),
        (
            '{"text": "a", "lang": "zh", "emergency": 1, "kind": "", "source": ""}',
            "line 2: emergency must be a bool",
        ),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    good = '{"text": "a", "lang": "zh", "emergency": true, "kind": "", "source": ""}'
    path.write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(SafetyDataError, match=said):
        read_rows(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SafetyDataError, match=r"none\.jsonl: cannot be read"):
        read_rows(tmp_path / "none.jsonl")
