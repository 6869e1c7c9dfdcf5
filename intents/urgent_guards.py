"""Decide which signs of a message do not count: denied, past, imagined, someone else's, a saying.

Every class of such words is data (`[guards]` in `urgent.toml`) with one of a few scopes:

- `next`: the sign that follows at once, and a list hanging on it (没有胸痛、气短).
- `overlap`: a sign that is part of the phrase itself (想死你们).
- `clause`, `sentence`, `message`: every sign there.
- `rest`: every later sign of the sentence (要是…).
- `earlier`: every sign of the sentence up to the word (… 自己好了).
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
        """Sort what was found into signs, facts and guard words, and see what each takes away."""
        self._language, self._clauses = language, clauses
        self._spoken = [one for one in found if one.mask & language.vocabulary_mask]
        guard_words = [one for one in found if one.mask & language.guard_mask]
        self._words = self._all_guard_words(guard_words)
        if self._words:
            self._drop_swallowed()
        self._denied = self._all_denied()
        self._masks = self._said()
        self._against, self._later = self._taken_away()

    def marked(self) -> Iterator[tuple[int, int, int]]:
        """Yield (clause, bits, guards against it) for every sign and fact."""
        sign_mask = self._language.sign_mask
        for one in self._spoken:
            denied = self._denied.get(one, 0)
            clause = self._clause(one)
            if facts := one.mask & ~sign_mask:
                yield clause, facts, denied
            if signs := one.mask & sign_mask:
                yield clause, signs, denied | self._against[clause] | self._said_before(one)

    def _clause(self, one: Found) -> int:
        return self._clauses.clause_of[one.start]

    def _all_guard_words(self, found: Sequence[Found]) -> list[tuple[Guard, list[Found]]]:
        """List the guards' words that are meant as such: 不 is none in 喘不上气."""
        signs = [one for one in self._spoken if one.mask & self._language.sign_mask]
        meant = []
        for guard in self._language.guards:
            words = [one for one in found if one.mask & guard.word_mask]
            if not words:
                continue
            exceptions = [one for one in found if one.mask & guard.except_mask]
            words = [
                one
                for one in words
                if not any(_covers(other, one) for other in exceptions)
                and (not guard.first or self._opens_clause(one))
                and (guard.scope == "overlap" or not any(_holds(other, one) for other in signs))
            ]
            if words:
                meant.append((guard, words))
        return meant

    def _opens_clause(self, one: Found) -> bool:
        before = self._clauses.clause_of[one.start - 1] if one.start else -1
        return before != self._clause(one)

    def _drop_swallowed(self) -> None:
        """Forget signs that are only part of a guard's phrase: 想死 in 想死你们."""
        sayings = [
            word for guard, words in self._words if guard.scope == "overlap" for word in words
        ]
        others = [
            word
            for guard, words in self._words
            if guard.scope not in ("overlap", "next")
            for word in words
        ]
        self._spoken = [
            one
            for one in self._spoken
            if not any(_touch(word, one) and not _within(word, one) for word in sayings)
            and not any(_within(one, word) for word in others)
        ]

    def _all_denied(self) -> dict[Found, int]:
        denied: dict[Found, int] = {}
        for guard, words in self._words:
            if guard.scope != "next":
                continue
            for one in self._spoken:
                if any(self._binds(guard, word, one) for word in words):
                    denied[one] = denied.get(one, 0) | guard.bit
            if guard.lists:
                self._carry_on(guard, denied)
        return denied

    def _binds(self, guard: Guard, word: Found, one: Found) -> bool:
        before = 0 <= one.start - word.end <= guard.reach
        inside = one.gap_start <= word.start and 0 <= one.gap_end - word.end <= guard.reach
        return (before or inside) and self._clause(word) == self._clause(one)

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

    def _said(self) -> dict[str, list[int]]:
        """Join what stands in each clause, its sentence and the message, as seen from a clause."""
        sentence_of = self._clauses.sentence_of
        clauses = [0] * len(sentence_of)
        sentences = [0] * (sentence_of[-1] + 1)
        message = 0
        for one in self._spoken:
            if one not in self._denied:
                clause = self._clause(one)
                clauses[clause] |= one.mask
                sentences[sentence_of[clause]] |= one.mask
                message |= one.mask
        return {
            "clause": clauses,
            "sentence": [sentences[sentence] for sentence in sentence_of],
            "message": [message] * len(sentence_of),
        }

    def _taken_away(self) -> tuple[list[int], list[tuple[Guard, Found]]]:
        """Give the guards that reach each clause as a whole, and those reaching on from a word."""
        against = [0] * len(self._clauses.starts)
        later = []
        for guard, words in self._words:
            said = self._masks[guard.unless_in]
            for word in words:
                if guard.scope == "rest":
                    later.append((guard, word))
                for clause in self._reached(guard, self._clause(word)):
                    if not guard.unless_mask & said[clause]:
                        against[clause] |= guard.bit
        return against, later

    def _reached(self, guard: Guard, clause: int) -> Sequence[int]:
        sentence_of = self._clauses.sentence_of
        match guard.scope:
            case "clause":
                return (clause,)
            case "message":
                return range(len(sentence_of))
            case "sentence" | "earlier":
                first = sentence_of.index(sentence_of[clause])
                last = clause
                while (
                    guard.scope == "sentence"
                    and last + 1 < len(sentence_of)
                    and sentence_of[last + 1] == sentence_of[clause]
                ):
                    last += 1
                return range(first, last + 1)
            case _:
                return ()

    def _said_before(self, one: Found) -> int:
        """Give the `rest` guards that were said earlier in the sign's sentence."""
        against = 0
        clause = self._clause(one)
        sentence = self._clauses.sentence_of[clause]
        for guard, word in self._later:
            same = self._clauses.sentence_of[self._clause(word)] == sentence
            lifted = guard.unless_mask & self._masks[guard.unless_in][clause]
            if word.start < one.start and same and not lifted:
                against |= guard.bit
        return against


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
