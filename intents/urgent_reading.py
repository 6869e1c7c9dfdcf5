"""Read one message the way a nurse skims it: what is said, of whom, and what does not count.

The result is, for every clause, the set of signs that are current and real. What makes a sign not
count (denied, past, imagined …) comes from the guards of the content, never from this code.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence

from intents.clauses import Clauses, by_character, by_word
from intents.urgent_guards import Guards
from intents.urgent_quantities import arabic, measure
from intents.urgent_rules import Language, Rule
from intents.urgent_spelling import respell, respell_words
from intents.urgent_words import Found, all_masks

_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[a-z]{2}")
_STRETCHED = re.compile(r"([a-z\u3400-\u9fff])\1{2,}")
_QUOTED = re.compile(r"[()\[\]{}<>\"'“”「」『』《》【】]")
_NEAR = 3


def speaks(language: Language, clean: str) -> bool:
    """Tell whether a text holds any of the language's script."""
    return (_LATIN if language.by_word else _HAN).search(clean) is not None


class Live:
    """The signs and facts that count for a rule: clause by clause, with neighbours, altogether."""

    def __init__(self, clauses: Sequence[int]) -> None:
        """Take each clause's bits; what stands around it is joined when first asked for."""
        self.clause = clauses
        self.whole = _joined(clauses)
        self._near: list[int] = []

    @property
    def near(self) -> Sequence[int]:
        """Give, for every clause, its bits and its neighbours'."""
        if not self._near:
            self._near = [
                _joined(self.clause[max(0, at - _NEAR) : at + _NEAR + 1])
                for at in range(len(self.clause))
            ]
        return self._near

    def window(self, name: str) -> Sequence[int]:
        """Give, for every clause, what counts in its `clause`, `near` or `message` window."""
        if name == "clause":
            return self.clause
        return self.near if name == "near" else [self.whole] * len(self.clause)


class Reading:
    """One message, read: the rules that could be met, and what counts for each."""

    def __init__(
        self,
        candidates: Sequence[Rule],
        clauses: int,
        marked: Sequence[tuple[int, int, int]],
    ) -> None:
        """Take the rules worth asking and every (clause, bits, guards against it)."""
        self.candidates = candidates
        self._clauses = clauses
        self._marked = marked
        self._lives: dict[int, Live] = {}

    def live(self, ignores: int) -> Live:
        """Give what counts for a rule that ignores these guards."""
        if ignores not in self._lives:
            masks = [0] * self._clauses
            for clause, mask, against in self._marked:
                if not against & ~ignores:
                    masks[clause] |= mask
            self._lives[ignores] = Live(masks)
        return self._lives[ignores]


def _joined(masks: Sequence[int]) -> int:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole


def read(language: Language, clean: str) -> Reading | None:
    """Read a normalised message; None when no rule could be met even if everything counted."""
    text = _fold(language, clean)
    if language.by_word:
        clauses = by_word(text, language.break_words, language.spell)
    else:
        clauses = by_character(text, language.breaks)
    found = language.words.find(clauses) + _numbers(language, text, clauses)
    total = all_masks(found)
    candidates = [
        rule for rule in language.rules if rule.gate & total and _could_be_met(rule, total)
    ]
    if not candidates:
        return None
    matters = language.lifting_mask
    for rule in candidates:
        matters |= rule.asked
    guards = Guards(language, clauses, list(dict.fromkeys(found)), matters)
    return Reading(candidates, len(clauses.starts), list(guards.marked()))


def _could_be_met(rule: Rule, total: int) -> bool:
    said = bool(rule.says & total) or all(need & total for need in rule.needs)
    return said and all(one & total for one in rule.companions)


def _fold(language: Language, clean: str) -> str:
    text = _STRETCHED.sub(r"\1", clean)
    if language.by_word:
        return respell_words(text, language.spelling)
    text = _QUOTED.sub("", text)
    return arabic(respell(text.translate(language.letters), language.spelling))


def _numbers(language: Language, text: str, clauses: Clauses) -> list[Found]:
    found = []
    for one in measure(text):
        mask = 0
        for condition in language.conditions:
            if condition.name == one.name and condition.holds(one.value, one.second):
                mask |= condition.mask
        if mask:
            at = bisect_left(clauses.clause_of, clauses.clause_at(one.at))
            at = min(at, len(clauses.clause_of) - 1)
            found.append(Found(at, at, mask, -1, -1))
    return found
