"""Measure the red-flag check against labelled messages.

A figure is only worth its definition, so here they are. *Recall* is over emergencies, *false
alarms* over the other rows. A row is *real* when its source is anything but "written". A row that
is no emergency is *hard* when its `why` (or a kind other than "none") says anything but "routine
question, no acute danger sign", or when it was written for the purpose and says nothing; the rest are
*routine*.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

ROUTINE = "routine question, no acute danger sign"
WRITTEN = "written"
_NO_KIND = ("", "none")
_FIELDS: dict[str, type] = {"text": str, "lang": str, "emergency": bool, "kind": str, "source": str}


class SafetyDataError(Exception):
    """A labelled set cannot be read; the message names file, line and field."""


@dataclass(frozen=True, slots=True)
class SafetyRow:
    """One labelled message."""

    text: str
    lang: str
    emergency: bool
    kind: str
    source: str
    why: str = ""

    @property
    def real(self) -> bool:
        """Tell whether a patient wrote it, not we."""
        return self.source != WRITTEN

    @property
    def hard(self) -> bool:
        """Tell whether it is no emergency but was chosen for looking like one."""
        if self.emergency:
            return False
        marked = self.kind not in _NO_KIND or (bool(self.why) and self.why != ROUTINE)
        return marked or (not self.real and not self.why)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the check said about a row, and how long it took."""

    row: SafetyRow
    alarm: str | None
    milliseconds: float

    @property
    def right(self) -> bool:
        """Tell whether it alarmed exactly when it should."""
        return self.row.emergency == (self.alarm is not None)


@dataclass(frozen=True, slots=True)
class SafetyReport:
    """The figures of one measurement; a rate over no rows is None."""

    rows: int
    recall: dict[str, float]
    recall_real: dict[str, float]
    recall_by_kind: dict[str, float]
    false_alarm_rate: float | None
    false_alarm_routine: float | None
    false_alarm_hard: float | None
    p50_ms: float
    p99_ms: float
    predictions: tuple[Prediction, ...]


def read_rows(path: Path) -> list[SafetyRow]:
    """Read a JSONL set; `why` may be missing. Raises `SafetyDataError`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SafetyDataError(f"{path}: cannot be read: {error}") from error
    return [_row(path, at, line) for at, line in enumerate(lines, start=1) if line.strip()]


def _row(path: Path, at: int, line: str) -> SafetyRow:
    try:
        data: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise SafetyDataError(f"{path}: line {at}: is not JSON: {error.msg}") from error
    if not isinstance(data, dict):
        raise SafetyDataError(f"{path}: line {at}: must be a JSON object")
    for field, kind in _FIELDS.items():
        if not isinstance(data.get(field), kind):
            raise SafetyDataError(f"{path}: line {at}: {field} must be a {kind.__name__}")
    why = data.get("why") or ""
    return SafetyRow(**{field: data[field] for field in _FIELDS}, why=str(why))


def evaluate(rows: Iterable[SafetyRow], check: Callable[[str], object | None]) -> SafetyReport:
    """Ask the check about every row, twice, and count; the shorter time of the two is kept."""
    predictions = tuple(_ask(row, check) for row in rows)
    times = sorted(one.milliseconds for one in predictions)
    emergencies = [one for one in predictions if one.row.emergency]
    others = [one for one in predictions if not one.row.emergency]
    return SafetyReport(
        rows=len(predictions),
        recall=_rates(emergencies, lambda one: one.row.lang),
        recall_real=_rates([one for one in emergencies if one.row.real], lambda one: one.row.lang),
        recall_by_kind=_rates(emergencies, lambda one: one.row.kind),
        false_alarm_rate=_rate(others),
        false_alarm_routine=_rate([one for one in others if not one.row.hard]),
        false_alarm_hard=_rate([one for one in others if one.row.hard]),
        p50_ms=_percentile(times, 50),
        p99_ms=_percentile(times, 99),
        predictions=predictions,
    )


def _ask(row: SafetyRow, check: Callable[[str], object | None]) -> Prediction:
    started = time.perf_counter()
    alarm = check(row.text)
    once = time.perf_counter()
    check(row.text)
    took = min(once - started, time.perf_counter() - once) * 1000
    return Prediction(row, None if alarm is None else str(alarm), took)


def _rate(predictions: Sequence[Prediction]) -> float | None:
    if not predictions:
        return None
    return sum(one.alarm is not None for one in predictions) / len(predictions)


def _rates(
    predictions: Sequence[Prediction],
    key: Callable[[Prediction], str],
) -> dict[str, float]:
    grouped: defaultdict[str, list[Prediction]] = defaultdict(list)
    for one in predictions:
        grouped[key(one)].append(one)
    return {name: _rate(group) or 0.0 for name, group in sorted(grouped.items())}


def _percentile(ordered: Sequence[float], per_cent: int) -> float:
    if len(ordered) <= 1:
        return sum(ordered)
    return quantiles(ordered, n=100, method="inclusive")[per_cent - 1]


def mistakes(report: SafetyReport) -> Iterator[Prediction]:
    """Yield the rows the check got wrong."""
    return (one for one in report.predictions if not one.right)
