"""Read one message the way a nurse skims it, and list the rules it meets.

First without doubting anything: most messages meet no rule even then. Only what is left is read
again with the guards of the content, which say what does not count (denied, past, imagined …).
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from intents.clauses import Clauses, by_character, by_word
from intents.urgent_guards import Guards
from intents.urgent_quantities import arabic, measure
from intents.urgent_rules import Language, Rule
from intents.urgent_spelling import respell, respell_words
from intents.urgent_words import Found

_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[a-z]{2}")
_STRETCHED = re.compile(r"([a-z\u3400-\u9fff])\1{2,}")
_QUOTED = re.compile(r"[()\[\]{}<>\"'“”「」『』《》【】]")
_NEAR = 3


class Live:
    """The signs and facts that count: clause by clause, with neighbours, altogether."""

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

    def meets(self, rule: Rule, *, heed_unless: bool) -> bool:
        """Tell whether a rule is met in some clause; without its `unless` when told so."""
        if not rule.gate & self.whole or not all(one & self.whole for one in rule.companions):
            return False
        core = self.window(rule.within)
        for clause, mask in enumerate(self.clause):
            if not rule.says & mask and not (
                rule.needs and all(need & core[clause] for need in rule.needs)
            ):
                continue
            if heed_unless and rule.unless and rule.unless & self.near[clause]:
                continue
            around = self.window(rule.companions_in)[clause] if rule.companions else 0
            if all(companion & around for companion in rule.companions):
                return True
        return False


def speaks(language: Language, clean: str) -> bool:
    """Tell whether a text holds any of the language's script."""
    return (_LATIN if language.by_word else _HAN).search(clean) is not None


def met_rules(language: Language, clean: str) -> list[Rule]:
    """List the rules that a normalised message meets, most messages none."""
    text = _fold(language, clean)
    if language.by_word:
        clauses = by_word(text, language.break_words, language.spell)
    else:
        clauses = by_character(text, language.breaks)
    found = language.words.find(clauses) + _numbers(language, text, clauses)
    masks = [0] * len(clauses.starts)
    for one in found:
        masks[clauses.clause_of[one.start]] |= one.mask
    undoubted = Live(masks)
    total = undoubted.whole
    rules = [
        rule
        for rule in language.rules
        if rule.gate & total and undoubted.meets(rule, heed_unless=False)
    ]
    return _doubted(language, clauses, found, rules) if rules else []


def _doubted(
    language: Language,
    clauses: Clauses,
    found: Sequence[Found],
    rules: Sequence[Rule],
) -> list[Rule]:
    """Keep the rules that are still met when the guards have taken away what does not count."""
    matters = language.lifting_mask
    for rule in rules:
        matters |= rule.asked
    marked = list(Guards(language, clauses, list(dict.fromkeys(found)), matters).marked())
    lives: dict[int, Live] = {}
    met = []
    for rule in rules:
        if rule.ignores not in lives:
            masks = [0] * len(clauses.starts)
            for clause, mask, against in marked:
                if not against & ~rule.ignores:
                    masks[clause] |= mask
            lives[rule.ignores] = Live(masks)
        if lives[rule.ignores].meets(rule, heed_unless=True):
            met.append(rule)
    return met


def _joined(masks: Iterable[int]) -> int:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole


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
