"""The figures mean what they are said to mean."""

import itertools
import json
from pathlib import Path

import pytest

from intents.decide import Policy
from intents.evaluate import RowsError, evaluate, read_catalog, read_questions

CATALOG = [
    ("fees", "挂号费多少钱"), ("fees", "看专家要花多少"),
    ("parking", "哪里可以停车"), ("parking", "停车场收不收费"),
]  # fmt: skip
QUESTIONS: list[tuple[str, str | None]] = [
    ("挂号费多少钱", "fees"),
    ("哪里可以停车", "parking"),
    ("停车场收不收费", "fees"),
    ("火星", "parking"),
    ("今夜月色真美", None),
]


def test_each_figure_counts_what_it_says() -> None:
    report = evaluate(CATALOG, QUESTIONS, clock=itertools.count().__next__)
    assert report.top1 == pytest.approx(2 / 4)
    assert report.top3 == pytest.approx(3 / 4)
    assert report.usable == pytest.approx(3 / 5)
    assert report.precision == pytest.approx(2 / 3)
    assert report.auroc == 1.0
    assert report.coverage_at_p95 == 0.0
    assert report.threshold == Policy().answer
    assert (report.load_s, report.p50_ms, report.p99_ms) == (1, 1000, 1000)
    assert report.questions == 5
    assert report.rss_mb > 1


def test_each_prediction_is_reported() -> None:
    report = evaluate(CATALOG, QUESTIONS)
    told = [(one.text, one.expected, one.predicted, one.answered) for one in report.predictions]
    assert told == [
        ("挂号费多少钱", "fees", "fees", True),
        ("哪里可以停车", "parking", "parking", True),
        ("停车场收不收费", "fees", "parking", True),
        ("火星", "parking", None, False),
        ("今夜月色真美", None, None, False),
    ]
    assert report.predictions[3].score == 0.0


def test_refusing_all_is_usable_only_out_of_scope() -> None:
    report = evaluate(CATALOG, QUESTIONS, policy=Policy(answer=1.1))
    assert report.usable == pytest.approx(1 / 5)
    assert report.precision == 0.0


def test_coverage_is_the_share_that_can_be_answered_precisely() -> None:
    assert evaluate(CATALOG, QUESTIONS[:2]).coverage_at_p95 == 1.0


def test_no_questions_make_a_report_of_nothing() -> None:
    report = evaluate(CATALOG, [])
    assert (report.questions, report.top1, report.coverage_at_p95) == (0, 0.0, 0.0)
    assert report.auroc == 0.5


def test_rows_are_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"intent": "fees", "text": "挂号\u2028费"}, {"intent": None, "text": "?", "more": 1}]
    path.write_text("\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8-sig")
    assert read_questions(path) == [("挂号\u2028费", "fees"), ("?", None)]
    path.write_text(json.dumps(rows[0]))
    assert read_catalog(path) == [("fees", "挂号\u2028费")]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        pytest.param(b'{"text": "a", "intent": "b"}\n{', "line 2 is not valid JSON", id="json"),
        pytest.param(b"[1]", "line 1 must be an object", id="no object"),
        pytest.param(b'{"intent": "a"}', "line 1: `text` must be a text", id="no text"),
        pytest.param(b'{"text": " ", "intent": "a"}', "`text` must be a text", id="blank text"),
        pytest.param(b'{"text": "a"}', "`intent` must be a text or null", id="no intent"),
        pytest.param(b'{"text": "a", "intent": 3}', "`intent` must be a text or null", id="number"),
        pytest.param(b"\n\n", "holds no rows", id="empty"),
        pytest.param(b"{}\n\xff", "line 2 is not UTF-8", id="encoding"),
    ],
)
def test_a_broken_row_is_named_by_file_and_line(tmp_path: Path, raw: bytes, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(raw)
    with pytest.raises(RowsError, match=r"rows\.jsonl") as caught:
        read_questions(path)
    assert said in str(caught.value)


def test_a_catalog_row_needs_an_intent_and_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a", "intent": null}')
    with pytest.raises(RowsError, match="line 1: `intent` must be a text that is not empty"):
        read_catalog(path)
    with pytest.raises(RowsError, match=r"none\.jsonl: the file cannot be read"):
        read_catalog(tmp_path / "none.jsonl")
