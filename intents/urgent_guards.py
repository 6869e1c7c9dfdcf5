"""Decide which signs of a message do not count: denied, past, imagined, someone else's, a saying.

Every class of such words is data (`[guards]` in `urgent.toml`) with one of a few scopes:

- `next`: the sign that follows at once, and a list hanging on it (没有胸痛、气短).
- `overlap`: a sign that is part of the phrase itself (想死你们).
- `clause`, `sentence`, `message`: every sign there.
- `rest`: every later sign of the sentence (要是…).
- `earlier`: every sign of the sentence up to the word (… 自己好了).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from intents.clauses import Clauses
from intents.urgent_rules import Guard, Language
from intents.urgent_words import Found

_JOINS = frozenset({"、", "和", "或", "及", "与", "也", "or", "and", "nor", "any", "no", "/"})
_LONGEST_JOIN = 2


class Guards:
    """The guards of one language at work on one message; its cost grows with the message only."""

    def __init__(
        self,
        language: Language,
        clauses: Clauses,
        found: Sequence[Found],
        matters: int,
    ) -> None:
        """Sort what was found into signs, facts and guard words, and see what each takes away.

        `matters` are the bits somebody will ask for; other facts are left out. Other signs are not:
        a denial runs along a list of them.
        """
        self._language, self._clauses = language, clauses
        self._spoken = [one for one in found if one.mask & (matters | language.sign_mask)]
        signs = [one for one in found if one.mask & language.sign_mask]
        guard_words = [one for one in found if one.mask & language.guard_mask]
        self._words = self._all_guard_words(guard_words, signs)
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

    def _sentence(self, one: Found) -> int:
        return self._clauses.sentence_of[self._clause(one)]

    def _all_guard_words(
        self,
        found: Sequence[Found],
        signs: Sequence[Found],
    ) -> list[tuple[Guard, list[Found]]]:
        """List the guards' words that are meant as such: 不 is none in 喘不上气."""
        if not found:
            return []
        size = len(self._clauses.tokens)
        whole = Spans(size, ((one.start, one.end) for one in signs if one.gap_start < 0))
        parts = Spans(size, (part for one in signs if one.gap_start >= 0 for part in _parts(one)))
        meant = []
        for guard in self._language.guards:
            words = [one for one in found if one.mask & guard.word_mask]
            if not words:
                continue
            exceptions = [(x.start, x.end) for x in found if x.mask & guard.except_mask]
            longer = Spans(size, exceptions) if exceptions else None
            words = [
                one
                for one in words
                if not (longer and longer.cover(one))
                and (not guard.first or self._opens_clause(one))
                and (guard.scope == "overlap" or not (whole.hold(one) or parts.cover(one)))
            ]
            if words:
                meant.append((guard, words))
        return meant

    def _opens_clause(self, one: Found) -> bool:
        before = self._clauses.clause_of[one.start - 1] if one.start else -1
        return before != self._clause(one)

    def _drop_swallowed(self) -> None:
        """Forget signs that are only part of a guard's phrase: 想死 in 想死你们."""
        sayings: list[tuple[int, int]] = []
        others: list[tuple[int, int]] = []
        for guard, words in self._words:
            if guard.scope == "overlap":
                sayings += [(word.start, word.end) for word in words]
            elif guard.scope != "next":
                others += [(word.start, word.end) for word in words]
        size = len(self._clauses.tokens)
        if sayings:
            saying = Spans(size, sayings)
            self._spoken = [one for one in self._spoken if not saying.touch(one)]
        if others:
            other = Spans(size, others)
            self._spoken = [one for one in self._spoken if not other.hold(one)]

    def _all_denied(self) -> dict[Found, int]:
        denied: dict[Found, int] = {}
        for guard, words in self._words:
            if guard.scope != "next":
                continue
            ends = {word.end: word for word in words}
            for one in self._spoken:
                if self._bound(guard, ends, one):
                    denied[one] = denied.get(one, 0) | guard.bit
            if guard.lists:
                self._carry_on(guard, denied)
        return denied

    def _bound(self, guard: Guard, ends: Mapping[int, Found], one: Found) -> bool:
        """Tell whether a denial stands right before a sign, or before what follows its gap."""
        for back in range(guard.reach + 1):
            before = ends.get(one.start - back)
            if before is not None and self._clause(before) == self._clause(one):
                return True
            inside = ends.get(one.gap_end - back)
            if inside is not None and 0 <= one.gap_start <= inside.start:
                return True
        return False

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

    def _taken_away(self) -> tuple[list[int], list[tuple[Guard, dict[int, int]]]]:
        """Give the guards that reach each clause as a whole, and those reaching on from a word.

        The latter come with the place of their first word in each sentence.
        """
        against = [0] * len(self._clauses.starts)
        later = []
        for guard, words in self._words:
            if guard.scope == "rest":
                first: dict[int, int] = {}
                for word in words:
                    first.setdefault(self._sentence(word), word.start)
                later.append((guard, first))
                continue
            said = self._masks[guard.unless_in]
            for clause in self._reached(guard, words):
                if not guard.unless_mask & said[clause]:
                    against[clause] |= guard.bit
        return against, later

    def _reached(self, guard: Guard, words: Sequence[Found]) -> Iterable[int]:
        sentence_of = self._clauses.sentence_of
        match guard.scope:
            case "clause":
                return {self._clause(word) for word in words}
            case "message":
                return range(len(sentence_of))
            case "sentence":
                said = {self._sentence(word) for word in words}
                return [clause for clause, sentence in enumerate(sentence_of) if sentence in said]
            case "earlier":
                last = {self._sentence(word): self._clause(word) for word in words}
                return [
                    clause
                    for clause, sentence in enumerate(sentence_of)
                    if clause <= last.get(sentence, -1)
                ]
            case _:
                return ()

    def _said_before(self, one: Found) -> int:
        """Give the `rest` guards that were said earlier in the sign's sentence."""
        against = 0
        for guard, first in self._later:
            begins = first.get(self._sentence(one), one.start)
            lifted = guard.unless_mask & self._masks[guard.unless_in][self._clause(one)]
            if begins < one.start and not lifted:
                against |= guard.bit
        return against


class Spans:
    """Stretches of tokens; says whether a phrase lies in one of them, whatever their number."""

    def __init__(self, size: int, spans: Iterable[tuple[int, int]]) -> None:
        """Take the spans (start, end) of a message of `size` tokens."""
        furthest = [0] * (size + 2)
        for start, end in spans:
            furthest[start + 1] = max(furthest[start + 1], end)
        self._furthest = list(accumulate(furthest, max))

    def cover(self, one: Found) -> bool:
        """Tell whether the phrase lies inside a span or is one."""
        return one.start < one.end <= self._furthest[one.start + 1]

    def hold(self, one: Found) -> bool:
        """Tell whether the phrase lies inside a span that is longer than it."""
        before, here = self._furthest[one.start], self._furthest[one.start + 1]
        return one.start < one.end and (before >= one.end or here > one.end)

    def touch(self, one: Found) -> bool:
        """Tell whether the phrase shares a token with a span that is not merely a part of it."""
        if one.start == one.end:
            return False
        reaches_in = self._furthest[one.start] > one.start
        reaches_out = self._furthest[one.end] > one.end
        return reaches_in or reaches_out or self.cover(one)


def _parts(sign: Found) -> Iterator[tuple[int, int]]:
    """Yield what stands before and after the gap of a sign."""
    yield sign.start, sign.gap_start
    yield sign.gap_end, sign.end
