"""The red flags of one language as values: signs, guards and rules, compiled to bits.

`urgent_load` makes them from `content/<lang>/urgent.toml`, whose head explains the format.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from intents.urgent_words import Words

KINDS = (
    "chest_pain", "palpitations", "stroke", "headache", "bleeding", "breathing", "choking",
    "anaphylaxis", "poisoning", "suicide", "pregnancy", "infant", "seizure", "unconscious",
    "glucose", "abdomen", "testicular", "eye", "trauma", "burn", "hypertensive", "environmental",
    "limb", "other",
)  # fmt: skip
CRISIS_KIND = "suicide"


class UrgentError(Exception):
    """The red-flag content cannot be used; `problems` lists every fault, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Keep the faults and show them all."""
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Condition:
    """A measurement that matters: `bp >= 180/110` holds when either value does."""

    name: str
    compare: Callable[[float, float], bool]
    value: float
    second: float | None
    mask: int

    def holds(self, value: float, second: float) -> bool:
        """Tell whether a measurement meets the condition; a value of 0 was not given."""
        if value and self.compare(value, self.value):
            return True
        return self.second is not None and bool(second) and self.compare(second, self.second)


@dataclass(frozen=True, slots=True)
class Guard:
    """A class of words that take the alarm away: denied, past, imagined, an animal's."""

    name: str
    scope: str
    reach: int
    lists: bool
    first: bool
    bit: int
    word_mask: int
    except_mask: int
    unless_mask: int
    unless_in: str
    spares: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """What must stand together for an alarm, compiled to bits; a `grey` one only raises a doubt."""

    id: str
    kind: str
    version: str
    gate: int
    asked: int
    says: int
    needs: tuple[int, ...]
    within: str
    companions: tuple[int, ...]
    companions_in: str
    unless: int
    ignores: int
    grey: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """Who answers for the content of a language, and since when."""

    name: str
    role: str
    date: date


@dataclass(frozen=True, slots=True)
class Language:
    """One language's red flags, ready to be asked."""

    code: str
    by_word: bool
    words: Words
    breaks: re.Pattern[str]
    break_words: frozenset[str]
    letters: Mapping[int, str]
    spelling: Mapping[str, str]
    spell: Callable[[str], Sequence[str]]
    conditions: tuple[Condition, ...]
    guards: tuple[Guard, ...]
    rules: tuple[Rule, ...]
    sign_mask: int
    lifting_mask: int
    guard_mask: int
    rank: Mapping[str, int]
    unused: tuple[str, ...]
    signed: Signed | None = None
