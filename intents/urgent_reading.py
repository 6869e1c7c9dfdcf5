"""Read one message the way a nurse skims it: what is said, of whom, and what does not count.

The result is, for every clause, the set of signs that are current and real. What makes a sign not
count (denied, past, imagined …) comes from the guards of the content, never from this code.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from intents.clauses import Clauses, by_character, by_word
from intents.urgent_guards import Guards
from intents.urgent_quantities import arabic, measure
from intents.urgent_rules import SHORTEST_CLOSE_WORD, Language, Rule, respell, respell_words, without_one_letter
from intents.urgent_words import Found, all_masks

_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[a-z]{2}")
_STRETCHED = re.compile(r"([a-z\u3400-\u9fff])\1{2,}")
_NEAR = 2


def speaks(language: Language, clean: str) -> bool:
    """Tell whether a text holds any of the language's script."""
    return (_LATIN if language.by_word else _HAN).search(clean) is not None


@dataclass(frozen=True, slots=True)
class Live:
    """The signs and facts that count for a rule, clause by clause and altogether."""

    clauses: Sequence[int]
    message: int

    def near(self, clause: int) -> int:
        """Join a clause with its neighbours."""
        mask = 0
        for one in self.clauses[max(0, clause - _NEAR) : clause + _NEAR + 1]:
            mask |= one
        return mask


class Reading:
    """One message, read: the rules that could be met, and what counts for each."""

    def __init__(self, candidates: Sequence[Rule], clauses: int, marked: Sequence[tuple[int, int, int]]) -> None:
        """Take the rules worth asking and every (clause, bits, guards against it)."""
        self.candidates = candidates
        self._clauses = clauses
        self._marked = marked
        self._lives: dict[int, Live] = {}

    def live(self, ignores: int) -> Live:
        """Give what counts for a rule that ignores these guards."""
        if ignores not in self._lives:
            masks = [0] * self._clauses
            whole = 0
            for clause, mask, against in self._marked:
                if not against & ~ignores:
                    masks[clause] |= mask
                    whole |= mask
            self._lives[ignores] = Live(masks, whole)
        return self._lives[ignores]


def read(language: Language, clean: str) -> Reading | None:
    """Read a normalised message; None when no rule could be met even if everything counted."""
    text = _fold(language, clean)
    if language.by_word:
        clauses = by_word(text, language.break_words, _speller(language))
    else:
        clauses = by_character(text, language.breaks)
    found = language.words.find(clauses) + _numbers(language, text, clauses)
    total = all_masks(found)
    candidates = [
        rule for rule in language.rules
        if rule.says & total or (rule.needs and all(need & total for need in rule.needs))
    ]
    candidates = [rule for rule in candidates if all(one & total for one in rule.companions)]
    if not candidates:
        return None
    return Reading(candidates, len(clauses.starts), list(Guards(language, clauses, found).marked()))


def _fold(language: Language, clean: str) -> str:
    text = _STRETCHED.sub(r"\1", clean)
    if language.by_word:
        return respell_words(text, language.spelling)
    return arabic(respell(text.translate(language.letters), language.spelling))


def _speller(language: Language) -> Callable[[str], Sequence[str]]:
    words, close = language.words, language.close_spelling

    def spell(word: str) -> Sequence[str]:
        if close and len(word) >= SHORTEST_CLOSE_WORD and word not in words.known:
            word = _closest(word, close)
        return words.spellings(word)

    return spell


def _closest(word: str, close: Mapping[str, str]) -> str:
    for variant in (word, *without_one_letter(word)):
        right = close.get(variant)
        if right is not None and right[0] == word[0]:
            return right
    return word


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
