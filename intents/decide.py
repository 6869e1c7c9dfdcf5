"""Decide what to do with ranked matches: answer, offer a numbered choice, or admit not knowing.

Pure, and the same for every catalog. A wrong answer costs a patient more than a question or a
person's help does, so the bot answers only when it is likelier right than the policy asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from intents.match import Match


@dataclass(frozen=True, slots=True)
class Policy:
    """How sure is sure enough; all scores are chances of being right, 0 to 1."""

    answer: float = 0.40
    """From this score on the best match is answered."""

    margin: float = 0.10
    """A second match nearer than this to the first makes it a choice."""

    grey: float = 0.15
    """From this score on, up to `answer`, matches are offered for the patient to choose."""

    choices: int = 3
    """How many are offered at most."""


DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class Answer:
    """The match is sure enough to be answered."""

    match: Match


@dataclass(frozen=True, slots=True)
class Choose:
    """One of these may be meant: best first, at least one, at most the policy's number."""

    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is near enough to be worth offering."""


Decision: TypeAlias = Answer | Choose | Unknown


def decide(matches: Sequence[Match], policy: Policy = DEFAULT) -> Decision:
    """Decide on matches given best first."""
    if not matches or matches[0].score < policy.grey:
        return Unknown()
    best, second = matches[0], matches[1].score if len(matches) > 1 else 0.0
    if best.score >= policy.answer and best.score - second >= policy.margin:
        return Answer(best)
    floor = min(policy.grey, best.score / 2)
    near = [match for match in matches[: policy.choices] if match.score >= floor]
    return Choose(tuple(near))
