"""Find many phrases in one pass: a graph of tokens, with choices, gaps and word stems.

A phrase is written as a clinician would note it: plain words; `(a|b)` for either, `(a|)` for one
that may be missing; `…` for a few words in between; and in English `breath*` for any ending.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from intents.clauses import Clauses

_GAP = "…"
_SHORTEST_STEM = 2
_MERGED_DEPTH = 3
_PARTS = re.compile(r"[()|]|[^()|]+")
_FORBIDDEN = re.compile(r"[\[\]{}?+^$\\.,;:!]")

Choice: TypeAlias = list[list["str | Choice"]]


class Found(NamedTuple):
    """One phrase in a message: its tokens `start` to `end`, and its last gap (empty: -1, -1)."""

    start: int
    end: int
    mask: int
    gap_start: int
    gap_end: int


@dataclass(slots=True)
class _Node:
    """What may come next, and the bits of the phrases that are complete here."""

    mask: int = 0
    next: dict[str, list["_Node"]] = field(default_factory=dict)
    gap: list["_Node"] = field(default_factory=list)


def _merged(nodes: Sequence[_Node]) -> _Node:
    if len(nodes) == 1:
        return nodes[0]
    whole = _Node()
    for node in nodes:
        whole.mask |= node.mask
        whole.gap += node.gap
        for token, after in node.next.items():
            whole.next.setdefault(token, []).extend(after)
    return whole


class Words:
    """Phrases, each with the bits it stands for; `find` lists all of them in a message."""

    def __init__(self, *, by_word: bool, gap: int, gap_stops: frozenset[str]) -> None:
        """Start empty; a `…` stretches over `gap` tokens, but over none of `gap_stops`."""
        self._stops = gap_stops
        self._by_word = by_word
        self._gap = gap
        self._stems: set[str] = set()
        self._starts: list[_Node] = []
        self._root = _Node()
        self.known: set[str] = set()

    def add(self, phrase: str, mask: int) -> None:
        """Listen for a phrase; ValueError says what is wrong with it."""
        if found := _FORBIDDEN.search(phrase):
            raise ValueError(f"must not hold {found[0]!r}: {phrase!r}")
        parts = _PARTS.findall(phrase)
        choice = _choice(parts, phrase)
        if parts:
            raise ValueError(f"has an unpaired bracket: {phrase!r}")
        start = self._graph(choice, _Node(mask=mask), phrase)
        if start.mask or start.gap:
            raise ValueError(f"must begin and end with a word: {phrase!r}")
        self._starts.append(start)

    def seal(self) -> None:
        """Make the finished vocabulary quick to walk."""
        self._root = _sealed(_merged([*self._starts, _Node()]), _MERGED_DEPTH)
        self._starts = []

    def _graph(self, choice: Choice, after: _Node, phrase: str) -> _Node:
        starts = []
        for sequence in choice:
            node = after
            for item in reversed(sequence):
                if isinstance(item, str):
                    for token in reversed(self._tokens(item)):
                        node = self._before(token, node, phrase)
                else:
                    node = self._graph(item, node, phrase)
            starts.append(node)
        return _merged(starts)

    def _tokens(self, text: str) -> list[str]:
        return text.replace(_GAP, f" {_GAP} ").split() if self._by_word else list(text)

    def _before(self, token: str, node: _Node, phrase: str) -> _Node:
        if token == _GAP:
            if node.mask or node.gap:
                raise ValueError(f"must begin and end with a word: {phrase!r}")
            return _Node(gap=[node])
        if self._by_word and token.endswith("*"):
            if len(token) <= _SHORTEST_STEM:
                raise ValueError(f"has a stem too short to mean anything: {token!r}")
            self._stems.add(token)
        elif self._by_word:
            self.known.add(token)
        return _Node(next={token: [node]})

    def spellings(self, word: str) -> Sequence[str]:
        """Give a word and those stems of the vocabulary that it continues."""
        stems = [
            stem
            for cut in range(_SHORTEST_STEM, len(word) + 1)
            if (stem := word[:cut] + "*") in self._stems
        ]
        return (word, *stems)

    def find(self, clauses: Clauses) -> list[Found]:
        """List every phrase that stands inside one clause, in order of its start."""
        found: list[Found] = []
        walk = _Walk(clauses, self._gap, self._stops, found)
        first = self._root.next
        tokens = clauses.tokens
        last = len(tokens) - 1
        for start, spellings in enumerate(tokens):
            following = tokens[start + 1] if start < last else ()
            for spelling in spellings:
                for node in first.get(spelling, ()):
                    if node.mask or node.gap or _leads_on(node, following):
                        walk.follow(node, start, start + 1, -1, -1)
        return found


class _Walk:
    """One search of one message through the graph."""

    __slots__ = ("_clause_of", "_found", "_gap", "_size", "_stops", "_tokens")

    def __init__(
        self,
        clauses: Clauses,
        gap: int,
        stops: frozenset[str],
        found: list[Found],
    ) -> None:
        self._tokens, self._clause_of = clauses.tokens, clauses.clause_of
        self._size = len(clauses.tokens)
        self._gap, self._stops, self._found = gap, stops, found

    def follow(self, node: _Node, start: int, at: int, gap_start: int, gap_end: int) -> None:
        """Add what is complete before token `at`, and whatever follows from there."""
        if node.mask:
            self._found.append(Found(start, at, node.mask, gap_start, gap_end))
        if at >= self._size or self._clause_of[at] != self._clause_of[start]:
            return
        if node.next:
            for spelling in self._tokens[at]:
                for after in node.next.get(spelling, ()):
                    self.follow(after, start, at + 1, gap_start, gap_end)
        if node.gap:
            self._jump(node.gap, start, at)

    def _jump(self, far: Sequence[_Node], start: int, position: int) -> None:
        """Go on with what follows a gap, as far as the gap may stretch."""
        tokens, clause_of, stops = self._tokens, self._clause_of, self._stops
        clause = clause_of[start]
        for at in range(position, min(position + self._gap + 1, self._size)):
            if clause_of[at] != clause:
                return
            for spelling in tokens[at]:
                for node in far:
                    for after in node.next.get(spelling, ()):
                        self.follow(after, start, at + 1, position, at)
            if tokens[at][0] in stops:
                return


def _leads_on(node: _Node, spellings: Sequence[str]) -> bool:
    """Tell whether a phrase goes on with the next token: mostly not, and that is quick to see."""
    after = node.next
    for spelling in spellings:  # noqa: SIM110 - a generator costs more than the answer
        if spelling in after:
            return True
    return False


def _sealed(node: _Node, depth: int) -> _Node:
    if not depth:
        return node
    after = {token: [_sealed(_merged(nodes), depth - 1)] for token, nodes in node.next.items()}
    gap = [_sealed(_merged(node.gap), depth - 1)] if node.gap else []
    return _Node(node.mask, after, gap)


def _choice(parts: list[str], phrase: str) -> Choice:
    """Read `a(b|c)|d` from the front of the parts, up to a closing bracket or the end."""
    choice: Choice = [[]]
    while parts:
        part = parts.pop(0)
        if part == "(":
            choice[-1].append(_choice(parts, phrase))
            if not parts or parts.pop(0) != ")":
                raise ValueError(f"has an unpaired bracket: {phrase!r}")
        elif part == "|":
            choice.append([])
        elif part == ")":
            parts.insert(0, part)
            return choice
        else:
            choice[-1].append(part)
    return choice
