"""Measure understanding against questions whose intent is known, at the thresholds that ship.

A question without an intent is out of scope: nothing in the catalog answers it. An answer counts
where `decide` answers; offering a choice does not. The clock is an argument, for timing only.
"""

import json
import resource
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from intents.decide import DEFAULT, Answer, Choose, Decision, Policy, decide
from intents.match import Match, Matcher, Vectors, build_matcher

CatalogRow: TypeAlias = tuple[str, str]
"""An intent and an example question."""

QuestionRow: TypeAlias = tuple[str, str | None]
"""A question and its intent, or None where it is out of scope."""

_PRECISE = 0.95


class RowsError(Exception):
    """A file of rows cannot be used; the text names the file, the line and what is expected."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was said to one question: `answered`, or several intents `offered`, or neither."""

    text: str
    expected: str | None
    predicted: str | None
    score: float
    answered: bool
    offered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one set.

    Attributes:
        top1: share of in-scope questions whose best match is right.
        top3: the same for any of the best three.
        auroc: how well the score tells rightly matched questions from out-of-scope ones.
        usable: share of all questions rightly answered or rightly left unanswered.
        precision: share of answers that are right.
        helped: share of in-scope questions rightly answered, or with the right intent on offer.
        coverage_at_p95: share of all questions that could be answered at a precision of 95 %.
        threshold: the score from which an answer is given.
        p50_ms, p99_ms: time to rank and decide one question.
        load_s: time to learn the catalog.
        rss_mb: the most memory the process has held.
        questions: how many were asked.
        predictions: what was said to each, in their order.

    """

    top1: float
    top3: float
    auroc: float
    usable: float
    precision: float
    helped: float
    coverage_at_p95: float
    threshold: float
    p50_ms: float
    p99_ms: float
    load_s: float
    rss_mb: float
    questions: int
    predictions: tuple[Prediction, ...]


def read_catalog(path: Path) -> list[CatalogRow]:
    """Read example phrases, an object with `intent` and `text` a line; RowsError if one is not."""
    rows = _read(path, ("intent", "text"), {})
    return [(str(row["intent"]), str(row["text"])) for row in rows]


def read_questions(path: Path) -> list[QuestionRow]:
    """Read questions, an object with `text` and `intent` (or null) a line; RowsError if not."""
    return [
        (str(row["text"]), row["intent"])
        for row in _read(path, ("text", "intent"), {"intent": "a text or null"})
    ]


def evaluate(
    catalog_rows: Iterable[CatalogRow],
    question_rows: Sequence[QuestionRow],
    policy: Policy = DEFAULT,
    clock: Callable[[], float] = perf_counter,
    encoder: Vectors | None = None,
    build: Callable[[Iterable[CatalogRow], Vectors | None], Matcher] = build_matcher,
) -> Report:
    """Learn the catalog, ask every question, and report; by characters alone without an encoder.

    Args:
        catalog_rows: examples.
        question_rows: what is asked.
        policy: how sure is sure enough.
        clock: seconds, for timing only.
        encoder: gives vectors.
        build: learns; another matcher may be measured.

    """
    start = clock()
    matcher = build(catalog_rows, encoder)
    load_s = clock() - start
    ranked: list[list[Match]] = []
    predictions: list[Prediction] = []
    times: list[float] = []
    for text, expected in question_rows:
        start = clock()
        matches = matcher.rank(text)
        decision = decide(matches, policy)
        times.append(clock() - start)
        best = matches[0] if matches else None
        ranked.append(matches)
        predictions.append(
            Prediction(
                text=text,
                expected=expected,
                predicted=best.intent if best else None,
                score=best.score if best else 0.0,
                answered=isinstance(decision, Answer),
                offered=_offered(decision),
            ),
        )
    within = [
        one.expected in [match.intent for match in matches[:3]]
        for one, matches in zip(predictions, ranked, strict=True)
        if one.expected is not None
    ]
    milliseconds = 1000 * np.array(times or [0.0])
    return Report(
        top1=_share(_is_right(one) for one in predictions if one.expected is not None),
        top3=_share(within),
        auroc=_auroc(predictions),
        usable=_share(
            _is_right(one) and one.answered if one.expected is not None else not one.answered
            for one in predictions
        ),
        precision=_share(_is_right(one) for one in predictions if one.answered),
        helped=_share(
            _is_right(one) if one.answered else one.expected in one.offered
            for one in predictions
            if one.expected is not None
        ),
        coverage_at_p95=_coverage(predictions, _PRECISE),
        threshold=policy.answer,
        p50_ms=float(np.percentile(milliseconds, 50)),
        p99_ms=float(np.percentile(milliseconds, 99)),
        load_s=load_s,
        rss_mb=_peak_memory(),
        questions=len(predictions),
        predictions=tuple(predictions),
    )


def _read(path: Path, fields: Sequence[str], nullable: Mapping[str, str]) -> list[dict[str, Any]]:
    """Read objects that hold the fields as texts, one a line; blank lines are passed over."""
    rows = [
        _row(line, fields, nullable, f"{path}: line {number}")
        for number, line in enumerate(_text(path).split("\n"), 1)
        if line.strip()
    ]
    if not rows:
        raise RowsError(f"{path}: the file holds no rows; at least one is expected.")
    return rows


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RowsError(f"{path}: the file cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        raise RowsError(f"{path}: line {number} is not UTF-8 text.") from error


def _row(
    line: str, fields: Sequence[str], nullable: Mapping[str, str], where: str
) -> dict[str, Any]:
    """Read one line; in a nullable field null stands for nothing, and its text says so."""
    try:
        row = json.loads(line)
    except ValueError as error:
        raise RowsError(f"{where} is not valid JSON ({error}).") from error
    if not isinstance(row, dict):
        raise RowsError(f"{where} must be an object with {' and '.join(fields)}.")
    for field in fields:
        value = row.get(field)
        if field in row and value is None and field in nullable:
            continue
        if not isinstance(value, str) or not value.strip():
            expected = nullable.get(field, "a text that is not empty")
            raise RowsError(f"{where}: `{field}` must be {expected}.")
    return row


def _offered(decision: Decision) -> tuple[str, ...]:
    return tuple(one.intent for one in decision.matches) if isinstance(decision, Choose) else ()


def _is_right(one: Prediction) -> bool:
    return one.expected is not None and one.predicted == one.expected


def _share(values: Iterable[bool]) -> float:
    counted = list(values)
    return sum(counted) / len(counted) if counted else 0.0


def _auroc(predictions: Iterable[Prediction]) -> float:
    """Chance that a rightly matched question scores above an out-of-scope one; ties are half."""
    told = [one for one in predictions if _is_right(one) or one.expected is None]
    right = np.array([one.score for one in told if one.expected is not None])
    outside = np.sort([one.score for one in told if one.expected is None])
    if not len(right) or not len(outside):
        return 0.5
    below = np.searchsorted(outside, right, "left") + np.searchsorted(outside, right, "right")
    return float(below.mean() / 2 / len(outside))


def _coverage(predictions: Sequence[Prediction], precision: float) -> float:
    """Largest share of all questions scoring over one threshold with at least this precision."""
    ordered = sorted(predictions, key=lambda one: -one.score)
    covered = right = 0
    for place, one in enumerate(ordered, 1):
        right += _is_right(one)
        last_of_score = place == len(ordered) or ordered[place].score < one.score
        if last_of_score and right >= precision * place:
            covered = place
    return covered / len(ordered) if ordered else 0.0


def _peak_memory() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
