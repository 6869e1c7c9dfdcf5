"""Decide which signs of a message do not count: denied, past, imagined, someone else's, a saying.

Every class of such words is data (`[guards]` in `urgent.toml`) with one of a few scopes:

- `next`: the sign that follows at once, and a list hanging on it (没有胸痛、气短).
- `overlap`: a sign that is part of the phrase itself (想死你们).
- `clause`, `sentence`, `message`: every sign there.
- `rest`: every later sign of the sentence (要是…); `earlier`: every sign up to the word (… 自己好了).
"""

from collections.abc import Iterator, Sequence

from intents.clauses import Clauses
from intents.urgent_rules import Guard, Language
from intents.urgent_words import Found

_JOINS = frozenset({"、", "和", "或", "及", "与", "也", "or", "and", "nor", "any", "no", "/"})
_LONGEST_JOIN = 2


class Guards:
    """The guards of one language at work on one message."""

    def __init__(self, language: Language, clauses: Clauses, found: Sequence[Found]) -> None:
        """Sort what was found into signs, facts and guard words."""
        self._language, self._clauses = language, clauses
        self._spoken = [one for one in found if one.mask & language.vocabulary_mask]
        self._words = {guard.bit: list(self._guard_words(guard, found)) for guard in language.guards}
        self._spoken = [one for one in self._spoken if not self._swallowed(one)]
        self._denied = self._all_denied()
        self._clause_masks = [0] * len(clauses.starts)
        for one in self._spoken:
            if one not in self._denied:
                self._clause_masks[self._clause(one)] |= one.mask

    def marked(self) -> Iterator[tuple[int, int, int]]:
        """Yield (clause, bits, guards against it) for every sign and fact."""
        for one in self._spoken:
            denied = self._denied.get(one, 0)
            signs = one.mask & self._language.sign_mask
            facts = one.mask & ~self._language.sign_mask
            clause = self._clause(one)
            if facts:
                yield clause, facts, denied
            if signs:
                yield clause, signs, denied | self._against(one)

    def _clause(self, one: Found) -> int:
        return self._clauses.clause_of[one.start]

    def _sentence(self, one: Found) -> int:
        return self._clauses.sentence_of[self._clause(one)]

    def _guard_words(self, guard: Guard, found: Sequence[Found]) -> Iterator[Found]:
        exceptions = [one for one in found if one.mask & guard.except_mask]
        for one in found:
            if not one.mask & guard.word_mask:
                continue
            if any(_covers(other, one) for other in exceptions):
                continue
            if guard.first and not self._opens_clause(one):
                continue
            if guard.scope != "overlap" and any(_holds(other, one) for other in self._spoken):
                continue
            yield one

    def _opens_clause(self, one: Found) -> bool:
        before = self._clauses.clause_of[one.start - 1] if one.start else -1
        return before != self._clause(one)

    def _swallowed(self, one: Found) -> bool:
        for guard in self._language.guards:
            for word in self._words[guard.bit]:
                if guard.scope == "overlap":
                    if _touch(word, one) and not _within(word, one):
                        return True
                elif guard.scope != "next" and _within(one, word):
                    return True
        return False

    def _all_denied(self) -> dict[Found, int]:
        denied: dict[Found, int] = {}
        for guard in self._language.guards:
            if guard.scope != "next" or not self._words[guard.bit]:
                continue
            for one in self._spoken:
                if any(self._binds(guard, word, one) for word in self._words[guard.bit]):
                    denied[one] = denied.get(one, 0) | guard.bit
            if guard.lists:
                self._carry_on(guard, denied)
        return denied

    def _binds(self, guard: Guard, word: Found, one: Found) -> bool:
        if self._clause(word) != self._clause(one):
            return False
        before = 0 <= one.start - word.end <= guard.reach
        inside = one.gap_start <= word.start and 0 <= one.gap_end - word.end <= guard.reach
        return before or inside

    def _carry_on(self, guard: Guard, denied: dict[Found, int]) -> None:
        """Let a denial run along a list: 无胸闷、气短、咯血."""
        ends = {one.end for one, against in denied.items() if against & guard.bit}
        for one in self._spoken:
            for gap in range(1, _LONGEST_JOIN + 1):
                before = one.start - gap
                if before in ends and self._joins(before, one.start):
                    denied[one] = denied.get(one, 0) | guard.bit
                    ends.add(one.end)

    def _joins(self, start: int, end: int) -> bool:
        """Tell whether only list words stand between two tokens of one clause."""
        same = self._clauses.clause_of[start - 1] == self._clauses.clause_of[end]
        return same and all(item[0] in _JOINS for item in self._clauses.tokens[start:end])

    def _against(self, one: Found) -> int:
        against = 0
        for guard in self._language.guards:
            words = self._words[guard.bit]
            if words and any(self._reaches(guard, word, one) for word in words):
                if not guard.unless_mask & self._around(guard.unless_in, one):
                    against |= guard.bit
        return against

    def _reaches(self, guard: Guard, word: Found, one: Found) -> bool:
        same_sentence = self._sentence(word) == self._sentence(one)
        match guard.scope:
            case "clause":
                return self._clause(word) == self._clause(one)
            case "rest":
                return same_sentence and word.start < one.start
            case "earlier":
                return same_sentence and self._clause(word) >= self._clause(one)
            case "sentence":
                return same_sentence
            case "message":
                return True
            case _:
                return False

    def _around(self, unit: str, one: Found) -> int:
        if unit == "clause":
            return self._clause_masks[self._clause(one)]
        mask = 0
        sentence = self._sentence(one)
        for clause, clause_mask in enumerate(self._clause_masks):
            if unit == "message" or self._clauses.sentence_of[clause] == sentence:
                mask |= clause_mask
        return mask


def _covers(outer: Found, inner: Found) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _within(inner: Found, outer: Found) -> bool:
    return _covers(outer, inner) and outer.end - outer.start > inner.end - inner.start


def _holds(sign: Found, word: Found) -> bool:
    """Tell whether a guard word is only part of what the sign itself says (喘不上气)."""
    in_gap = sign.gap_start <= word.start and word.end <= sign.gap_end
    return _within(word, sign) and not in_gap


def _touch(one: Found, other: Found) -> bool:
    return one.start < other.end and other.start < one.end
