"""Fit `intents.confidence`: the chance that a match is right, the same for every catalog.

    python -m bench.calibrate FOLDER   (holds a folder a set: catalog.jsonl and questions.jsonl)

Each set weighs the same. Every set is judged by coefficients that were fitted to the others; the last
line is fitted to all and is what `intents/confidence.py` holds. Prints a table.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intents.encoder import load_encoder
from intents.evaluate import read_catalog, read_questions
from intents.match import HybridMatcher, build_matcher

_STEPS, _PENALTY = 60, 1e-3
Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Views:
    """What was seen of a set's questions: constant, strength, lead, nearness; and whether right."""

    name: str
    seen: Rows
    right: Rows
    outside: Rows


def views_of(folder: Path, encoder: object) -> Views:
    """Ask a set's questions."""
    matcher = build_matcher(read_catalog(folder / "catalog.jsonl"), encoder)  # type: ignore[arg-type]
    assert isinstance(matcher, HybridMatcher)  # noqa: S101  (an encoder was given)
    seen, right, outside = [], [], []
    for text, expected in read_questions(folder / "questions.jsonl"):
        standings = matcher.standings(text, 2)
        if not standings or not np.isfinite(standings[0].strength):
            continue
        first, second = standings[0], standings[1]
        seen.append([1.0, first.strength, first.strength - second.strength, first.nearness])
        right.append(first.intent == expected)
        outside.append(expected is None)
    return Views(folder.name, np.array(seen), np.array(right, float), np.array(outside, float))


def fit(sets: list[Views]) -> Rows:
    """Fit one logistic function by Newton's steps, each set weighing the same."""
    seen = np.concatenate([one.seen for one in sets])
    right = np.concatenate([one.right for one in sets])
    weight = np.concatenate([np.full(len(one.right), 1 / len(one.right)) for one in sets])
    found = np.zeros(seen.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-seen @ found))
        slope = seen.T @ (weight * (chance - right)) + _PENALTY * found
        bend = (seen * (weight * chance * (1 - chance))[:, None]).T @ seen
        found = found - np.linalg.solve(bend + _PENALTY * np.eye(len(found)), slope)
    return found


def usable(one: Views, coefficients: Rows, threshold: float) -> tuple[float, float, float]:
    """Give usable, precision and the share answered at a threshold."""
    chance = 1 / (1 + np.exp(-one.seen @ coefficients))
    answered = chance >= threshold
    good = np.where(one.outside > 0, ~answered, (one.right > 0) & answered)
    precision = float(one.right[answered].mean()) if answered.any() else 1.0
    return float(good.mean()), precision, float(answered.mean())


def reliability(judged: list[tuple[Views, Rows]]) -> list[tuple[float, float, float, int]]:
    """Give, for each tenth of the chance, its mean, the share that was right, and how many there were.

    Each set counts the same; the last figure is of questions.
    """
    chance = np.concatenate([1 / (1 + np.exp(-one.seen @ taught)) for one, taught in judged])
    right = np.concatenate([one.right for one, _ in judged])
    weight = np.concatenate([np.full(len(one.right), 1 / len(one.right)) for one, _ in judged])
    found = []
    for low in np.arange(0, 1, 0.1):
        inside = (chance >= low) & (chance < low + 0.1)
        if inside.any():
            share = weight[inside] / weight[inside].sum()
            said, true = float(share @ chance[inside]), float(share @ right[inside])
            found.append((said, true, float(weight[inside].sum()) / len(judged), int(inside.sum())))
    return found


def main() -> None:
    """Fit, and print how each set fares with what the others taught."""
    encoder = load_encoder()
    folders = [one for one in sorted(Path(sys.argv[1]).iterdir()) if one.is_dir()]
    sets = [views_of(folder, encoder) for folder in folders]
    judged = {one.name: (one, fit([other for other in sets if other is not one])) for one in sets}
    for threshold in np.arange(0.25, 0.75, 0.05):
        rows = [usable(one, taught, threshold) for one, taught in judged.values()]
        means = np.mean(rows, axis=0)
        print(
            f"{threshold:.2f}  usable {means[0]:.4f}  precision {means[1]:.3f}  answered {means[2]:.3f}"
        )
    print("said  right  share  questions")
    for said, true, share, count in reliability(list(judged.values())):
        print(f"{said:.2f}  {true:.2f}   {share:.2f}   {count}")
    for one, taught in judged.values():
        print(f"{one.name:28s} {np.round(taught, 2).tolist()}")
    print("all", np.round(fit(sets), 2).tolist())


if __name__ == "__main__":
    main()
