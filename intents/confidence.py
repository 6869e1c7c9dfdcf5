"""Turn how strongly matches stand into the chance that each is right: the same for every catalog.

A logistic function of a few views of a match, fitted by `bench/calibrate.py` over ten public sets of
questions, in scope and out, each set weighing the same; never for one catalog.
"""

import math
from collections.abc import Sequence

_HOPELESS = 50.0

#: Characters alone: constant, strength, lead over the rival, closest example.
_BY_CHARACTERS = (-2.72, 8.70, 3.56, -2.04)
#: Meaning and characters: constant, strength, lead over the rival, cosine of the nearest example.
_TOGETHER = (-3.77, 5.29, 2.40, 1.31)


def chances(strengths: Sequence[float], cosines: Sequence[float]) -> list[float]:
    """Give the chance of each match, best first, never rising; by meaning and characters."""
    return _chances(strengths, cosines, _TOGETHER)


def chances_by_characters(strengths: Sequence[float], closest: Sequence[float]) -> list[float]:
    """Give the chance of each match, best first, never rising; by characters alone."""
    return _chances(strengths, closest, _BY_CHARACTERS)


def _chances(
    strengths: Sequence[float], nearness: Sequence[float], weights: tuple[float, ...]
) -> list[float]:
    if not strengths:
        return []
    constant, by_strength, by_lead, by_nearness = weights
    rivals = [strengths[1] if len(strengths) > 1 else 0.0, *[strengths[0]] * (len(strengths) - 1)]
    scores: list[float] = []
    for strength, rival, near in zip(strengths, rivals, nearness, strict=True):
        lead = strength - rival
        view = constant + by_strength * strength + by_lead * lead + by_nearness * near
        score = 1 / (1 + math.exp(-view)) if view > -_HOPELESS else 0.0
        scores.append(min([score, *scores[-1:]]))
    return scores
