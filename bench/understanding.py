"""Compare our matcher with what others use, on every set of a folder, in one run on one core.

    OPENBLAS_NUM_THREADS=1 python -m bench.understanding FOLDER   (holds a folder a set)

`usable` counts questions rightly answered and questions out of scope left alone, at one threshold for
all sets: the one that ships for ours, for every other method the one that is best for it here. TF-IDF
with a linear SVM is measured where scikit-learn is installed; nothing of ours needs it.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from bench.understanding_peers import NearestMeaning, TfidfSvm, WRatio
from intents.decide import DEFAULT
from intents.encoder import load_encoder
from intents.evaluate import CatalogRow, Prediction, Report, evaluate, read_catalog, read_questions
from intents.match import Matcher, Vectors, build_matcher

_THRESHOLDS = np.arange(0.02, 1.0, 0.02)


def main() -> None:
    """Measure, and print a table of means and one of our own sets."""
    folders = [one for one in sorted(Path(sys.argv[1]).iterdir()) if one.is_dir()]
    encoder = load_encoder()
    methods: dict[str, Callable[[Iterable[CatalogRow], Vectors | None], Matcher]] = {
        "rapidfuzz WRatio": lambda rows, _: WRatio(rows),
        "TF-IDF 1-3 + SVM": lambda rows, _: TfidfSvm(rows),
        "USE nearest": lambda rows, _: NearestMeaning(rows, encoder),
        "ours, characters only": lambda rows, _: build_matcher(rows),
        "ours": lambda rows, _: build_matcher(rows, encoder),
    }
    if not TfidfSvm.is_installed():
        del methods["TF-IDF 1-3 + SVM"]
    print(f"{'method':24s} top-1  top-3  usable precis helped cov95  p50ms  p99ms")
    reports: dict[str, list[Report]] = {}
    for name, build in methods.items():
        reports[name] = [
            evaluate(
                read_catalog(folder / "catalog.jsonl"),
                read_questions(folder / "questions.jsonl"),
                build=build,
            )
            for folder in folders
        ]
        threshold = DEFAULT.answer if name.startswith("ours") else _best(reports[name])
        print(_line(name, reports[name], threshold), flush=True)
    print()
    for folder, report in zip(folders, reports["ours"], strict=True):
        print(_line(folder.name, [report], DEFAULT.answer))


def _line(name: str, reports: Sequence[Report], threshold: float) -> str:
    means = [
        np.mean([value(one) for one in reports])
        for value in (
            lambda one: one.top1, lambda one: one.top3,
            lambda one: _usable(one.predictions, threshold),
            lambda one: _precision(one.predictions, threshold),
            lambda one: one.helped, lambda one: one.coverage_at_p95,
            lambda one: one.p50_ms, lambda one: one.p99_ms,
        )
    ]  # fmt: skip
    return f"{name:24s} " + " ".join(f"{mean:6.3f}" for mean in means)


def _best(reports: Sequence[Report]) -> float:
    return float(
        max(_THRESHOLDS, key=lambda at: np.mean([_usable(one.predictions, at) for one in reports]))
    )


def _usable(predictions: Iterable[Prediction], threshold: float) -> float:
    good = [
        (one.predicted == one.expected and one.score >= threshold)
        if one.expected is not None
        else one.score < threshold
        for one in predictions
    ]
    return float(np.mean(good))


def _precision(predictions: Iterable[Prediction], threshold: float) -> float:
    right = [one.predicted == one.expected for one in predictions if one.score >= threshold]
    return float(np.mean(right)) if right else 1.0


if __name__ == "__main__":
    main()
