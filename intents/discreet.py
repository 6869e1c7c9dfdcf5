"""Words that a text message must not carry, for others may read it, and what is said instead (PR-06).

`content/<lang>/discreet.toml` holds groups; a group's words are found anywhere in any language,
however they are spaced and whatever their width, script or case. `keep` names words that only look
like one of them: 慢性病 holds 性病, "hearing aids" holds AIDS.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from intents.normalize import normalize

_FIELDS = {"why", "say", "words", "to_the_end"}
_CJK = re.compile("[\u3400-\u9fff]")
_REST = re.compile(r"(?:[^。！？!?;；\n.]|\.(?!\s|$))*")
_BETWEEN = r"(?:[、，,;；/和及与或\s]|\band\b|\bor\b)*"
_MAX_PASSES = 5
#: So long is a text that is looked up before it is looked through, and so many are known at most.
_SHORT, _MOST_KNOWN = 24, 4_096


#: The group of words that are left as they are.
KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Group:
    """Words with one reason.

    Attributes:
        why: what they reveal, for whoever edits them.
        say: what stands in their place.
        to_the_end: what follows, to the end of the sentence, goes with them: "诊断为……".
    """

    why: str
    say: str
    words: tuple[str, ...]
    to_the_end: bool = False


class Discreet:
    """Finds and replaces what reveals an illness. Its lists do not change after they are read.

    Args:
        groups: by language.
    """

    def __init__(self, groups: Mapping[str, Iterable[Group]]) -> None:
        known = {lang: tuple(of) for lang, of in groups.items()}
        keep = tuple(group for of in known.values() for group in of if group.why == KEEP)
        self._rules = {lang: _Rules((*keep, *of)) for lang, of in known.items()}
        self._plain: dict[str, bool] = {}

    def reveals(self, text: str) -> list[str]:
        """Return the words that `text` reveals something with, as the lists spell them, in order.

        They are our words, never the writer's: a refusal may name them.
        """
        plain = normalize(text)
        found = [hit for rules in self._rules.values() for hit in rules.hits(plain)]
        found.sort(key=lambda hit: (hit[0], -len(hit[1])))
        return list(dict.fromkeys(word for _, word in found))

    def soften(self, text: str, lang: str) -> str | None:
        """Return `text` without what reveals; None where that cannot be done.

        A text that reveals nothing is returned as it is. Of the languages `lang` comes first.
        """
        if not self._reveals(text):
            return text
        others = [rules for other, rules in self._rules.items() if other != lang]
        own = [self._rules[lang]] if lang in self._rules else []
        for written in (text, normalize(text)):
            soft = written
            for _ in range(_MAX_PASSES):
                for rules in (*own, *others):
                    soft = rules.soften(soft)
                if not self._reveals(soft):
                    return soft
        return None

    def _reveals(self, text: str) -> bool:
        """Say whether a text reveals anything; short ones come again and again: names, days, places."""
        if len(text) > _SHORT:
            return bool(self.reveals(text))
        known = self._plain.get(text)
        if known is None:
            if len(self._plain) >= _MOST_KNOWN:
                self._plain.clear()
            known = self._plain[text] = bool(self.reveals(text))
        return known


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a group, ready to be looked for."""

    spelling: str
    group: Group
    pattern: "re.Pattern[str]"


class _Rules:
    """One language's words by their first letter, the longest first: a text is read once."""

    def __init__(self, groups: tuple[Group, ...]) -> None:
        self._words: dict[str, list[_Word]] = {}
        for group in groups:
            for spelling in map(normalize, group.words):
                word = _Word(spelling, group, _pattern(spelling))
                self._words.setdefault(spelling[0], []).append(word)
        for words in self._words.values():
            words.sort(key=lambda word: -len(word.spelling))
        firsts = "".join(map(re.escape, self._words))
        self._first = re.compile(f"[{firsts}]" if firsts else "(?!)", re.IGNORECASE)
        says = {re.escape(group.say) for group in groups if group.say}
        self._again = [re.compile(f"({say})(?:{_BETWEEN}{say})+") for say in sorted(says)]

    def hits(self, plain: str) -> list[tuple[int, str]]:
        """Return (place, word) of what a normalised text reveals."""
        found = self._found(plain)
        return [(start, word.spelling) for start, _, word in found if not _kept(word)]

    def soften(self, text: str) -> str:
        """Replace once, from left to right; the same replacement several times in a row is one."""
        parts, at = [], 0
        for start, end, word in self._found(text):
            if start < at or _kept(word):
                continue
            parts += [text[at:start], word.group.say]
            rest = _REST.match(text, end) if word.group.to_the_end else None
            at = rest.end() if rest else end
        soft = "".join([*parts, text[at:]])
        for again in self._again:
            soft = again.sub(r"\1", soft)
        return soft

    def _found(self, text: str) -> list[tuple[int, int, _Word]]:
        """Return what is found from left to right, the longest word at each place."""
        found, at = [], 0
        while (first := self._first.search(text, at)) is not None:
            at = first.start()
            words = self._words.get(first[0].lower(), ())
            hit = next(((w, m) for w in words if (m := w.pattern.match(text, at))), None)
            if hit is not None:
                found.append((at, hit[1].end(), hit[0]))
            at = hit[1].end() if hit else at + 1
        return found


def _kept(word: _Word) -> bool:
    return word.group.why == KEEP


def _pattern(word: str) -> "re.Pattern[str]":
    """Return what finds a word: Chinese also with spaces in it, Latin only whole, also as a plural."""
    letters = [re.escape(letter) for letter in word]
    if _CJK.search(word):
        return re.compile(r"\s*".join(letters), re.IGNORECASE)
    plural = "s?" if word[-1].isalpha() else ""
    return re.compile(f"(?<![a-z]){''.join(letters)}{plural}(?![a-z0-9])", re.IGNORECASE)


def groups_from(tables: Mapping[str, Any], where: str) -> tuple[list[Group], list[str]]:
    """Read one language's groups; return them and a sentence for each thing to mend."""
    rows, keep = tables.get("group"), tables.get(KEEP, [])
    if not set(tables) <= {"group", KEEP} or not isinstance(rows, list) or not rows:
        return [], [
            f"{where}: the file must hold `keep` and [[group]] tables, and at least one group."
        ]
    wrong: list[str] = []
    groups: list[Group] = []
    if not isinstance(keep, list) or not all(map(_is_word, keep)):
        wrong.append(f"{where}: `keep` must be a list of texts that are not empty.")
    elif keep:
        groups.append(Group(KEEP, "", tuple(keep)))
    for number, row in enumerate(rows, 1):
        problems = _problems(row, f"{where}: group {number}")
        wrong += problems
        if not problems:
            words = tuple(word.strip() for word in row["words"])
            groups.append(
                Group(row["why"], row["say"].strip(), words, row.get("to_the_end", False))
            )
    own = Discreet({"": groups})
    wrong += [
        f'{where}: `say` "{group.say}" reveals "{own.reveals(group.say)[0]}" itself.'
        for group in groups
        if own.reveals(group.say)
    ]
    return groups, wrong


def _problems(row: object, at: str) -> list[str]:
    if not isinstance(row, dict):
        return [f"{at} must be a table that starts with [[group]]."]
    found = [f"{at} has an unknown field `{name}`." for name in sorted(set(row) - _FIELDS)]
    found += [
        f"{at}: `{name}` must be a text that is not empty."
        for name in ("why", "say")
        if not isinstance(row.get(name), str) or not row[name].strip()
    ]
    words = row.get("words")
    if not isinstance(words, list) or not words or not all(map(_is_word, words)):
        found.append(f"{at}: `words` must be a list of texts that are not empty.")
    if not isinstance(row.get("to_the_end", False), bool):
        found.append(f"{at}: `to_the_end` must be true or false.")
    return found


def _is_word(word: object) -> bool:
    return isinstance(word, str) and bool(normalize(word).strip())
