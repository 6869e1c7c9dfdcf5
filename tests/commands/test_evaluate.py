"""`daoyi intents eval` and `daoyi safety eval`: figures as JSON, and files that cannot be read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Shop

CATALOG = [
    {"intent": intent, "text": text}
    for intent, texts in {
        "parking": ("停车多少钱", "停车怎么收费", "停车费贵吗", "how much is parking"),
        "address": ("医院在哪", "医院地址", "在哪条路", "where is the hospital"),
    }.items()
    for text in texts
]
QUESTIONS = [
    {"text": "停车收费吗", "intent": "parking"},
    {"text": "医院地址是什么", "intent": "address"},
    {"text": "今天天气怎么样", "intent": None},
]
ROWS = [
    {
        "text": "我胸口疼得厉害，喘不上气",
        "lang": "zh",
        "emergency": True,
        "kind": "chest_pain",
        "source": "written",
    },
    {"text": "停车多少钱", "lang": "zh", "emergency": False, "kind": "none", "source": "forum"},
    {
        "text": "how much is parking",
        "lang": "en",
        "emergency": False,
        "kind": "none",
        "source": "written",
        "why": "x",
    },
]


@pytest.fixture
def folder(tmp_path: Path, rows_file: Callable[..., Path]) -> Path:
    (tmp_path / "catalog.jsonl").write_bytes(rows_file("c", CATALOG).read_bytes())
    (tmp_path / "questions.jsonl").write_bytes(rows_file("q", QUESTIONS).read_bytes())
    return tmp_path


def test_intents_eval_prints_its_figures(folder: Path, open_shop: Shop) -> None:
    predictions = folder / "said.jsonl"
    said = open_shop("intents", "eval", str(folder), "--json", "--predictions", str(predictions))
    assert said.status == 0, said.err
    assert set(said.json) == {
        "top1", "top3", "auroc", "usable", "precision", "helped", "coverage_at_p95", "threshold",
        "p50_ms", "p99_ms", "load_s", "rss_mb", "questions",
    }  # fmt: skip
    assert said.json["questions"] == 3
    assert said.json["top1"] == 1.0
    assert 0 < said.json["p50_ms"] <= said.json["p99_ms"]
    assert len(predictions.read_text("utf-8").splitlines()) == 3


def test_intents_eval_on_the_hospital_s_own_content(folder: Path, open_shop: Shop) -> None:
    said = open_shop.inside("intents", "eval", str(folder), "--catalog", "built-in", "--json")
    assert said.status == 0, said.err
    assert said.json["questions"] == 3


def test_safety_eval_prints_its_figures(
    rows_file: Callable[..., Path], open_shop: Shop, tmp_path: Path
) -> None:
    predictions = tmp_path / "said.jsonl"
    file = rows_file("safety.jsonl", ROWS)
    said = open_shop("safety", "eval", str(file), "--json", "--predictions", str(predictions))
    assert said.status == 0, said.err
    assert set(said.json) == {
        "rows", "recall", "recall_real", "recall_by_kind", "false_alarm_rate",
        "false_alarm_routine", "false_alarm_hard", "p50_ms", "p99_ms",
    }  # fmt: skip
    assert said.json["rows"] == 3
    assert said.json["recall"] == {"zh": 1.0}
    assert said.json["false_alarm_rate"] == 0.0
    assert len(predictions.read_text("utf-8").splitlines()) == 3


def test_without_json_a_table(folder: Path, open_shop: Shop) -> None:
    said = open_shop.inside("intents", "eval", str(folder))
    assert said.status == 0
    assert "top1" in said.out


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        (["{"], ("line 1", "JSON")),
        ([QUESTIONS[0], "[]"], ("line 2", "object")),
        ([QUESTIONS[0], {"text": "a"}], ("line 2", "`intent`")),
        ([{"text": 1, "intent": None}], ("line 1", "`text`")),
        ([{"text": " ", "intent": None}], ("line 1", "`text`")),
        ([""], ("no rows",)),
    ],
    ids=["no JSON", "no object", "no intent", "a number", "blank", "empty"],
)
def test_questions_that_cannot_be_read(
    rows: list[Any], parts: tuple[str, ...], folder: Path, rows_file: Callable[..., Path],
    open_shop: Shop,
) -> None:  # fmt: skip
    (folder / "questions.jsonl").write_bytes(rows_file("q", rows).read_bytes())
    open_shop.inside("intents", "eval", str(folder)).refuses("questions.jsonl", *parts)


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ("{", ("line 1", "JSON")),
        ("7", ("line 1", "object")),
        ({"text": "a"}, ("line 1", "lang")),
        ({**ROWS[0], "emergency": "yes"}, ("line 1", "emergency", "bool")),
    ],
    ids=["no JSON", "no object", "no field", "a word"],
)
def test_labelled_messages_that_cannot_be_read(
    row: Any, parts: tuple[str, ...], rows_file: Callable[..., Path], open_shop: Shop
) -> None:
    file = rows_file("safety.jsonl", [row])
    open_shop.inside("safety", "eval", str(file)).refuses("safety.jsonl", *parts)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("intents", "eval", "nowhere"), ("nowhere/catalog.jsonl", "cannot be read")),
        (("safety", "eval", "nowhere.jsonl"), ("nowhere.jsonl", "cannot be read")),
        (("intents", "eval", ".", "--catalog", "theirs"), ("--catalog", "own or built-in")),
    ],
    ids=["no folder", "no file", "no such catalog"],
)
def test_what_is_not_there(
    arguments: tuple[str, ...], parts: tuple[str, ...], open_shop: Shop
) -> None:
    open_shop.inside(*arguments).refuses(*parts)


def test_content_that_is_broken_is_no_traceback(
    shop: Shop, rows_file: Callable[..., Path], folder: Path
) -> None:
    (shop.content / "en" / "urgent.toml").write_text("rule = 1", "utf-8")
    said = shop.inside("safety", "eval", str(rows_file("safety.jsonl", ROWS)))
    assert said.status == 1
    assert "en/urgent.toml" in said.err
    shop.change(shop.content / "en" / "faq" / "visit.toml", "owner", "owned")
    said = shop.inside("intents", "eval", str(folder), "--catalog", "built-in")
    assert said.status == 1
    assert "en/faq/visit.toml" in said.err
