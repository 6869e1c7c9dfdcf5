"""The red-flag content as values: `urgent.toml` read, checked and compiled for one language.

The file is written for a clinical lead; `docs` in its head explain it. Whatever is wrong with it is
reported at once, each fault as one sentence naming file, entry and field.
"""

import operator
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intents.clauses import break_pattern
from intents.urgent_quantities import QUANTITIES, SIGNS
from intents.urgent_words import Words

KINDS = (
    "chest_pain", "palpitations", "stroke", "headache", "bleeding", "breathing", "choking",
    "anaphylaxis", "poisoning", "suicide", "pregnancy", "infant", "seizure", "unconscious",
    "glucose", "abdomen", "testicular", "eye", "trauma", "burn", "hypertensive", "environmental",
    "limb", "other",
)  # fmt: skip
CRISIS_KIND = "suicide"
SHORTEST_CLOSE_WORD = 6
WINDOWS = ("clause", "near", "message")
SCOPES = ("next", "overlap", "clause", "rest", "earlier", "sentence", "message")
_FIELDS = {
    "file": {"language", "gap", "gap_stops", "breaks", "worst_first", "letters", "spelling", "close_spelling", "right_spelling",
             "signs", "facts", "numbers", "guards", "rule"},
    "guard": {"why", "scope", "reach", "list", "first", "words", "except", "unless", "unless_in", "spares"},
    "rule": {"id", "kind", "version", "note", "says", "needs", "within", "with", "with_in",
             "unless", "despite"},
}  # fmt: skip
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
_CONDITION = re.compile(r"(\w+) (>=|<=|>|<) (\d+(?:\.\d+)?)(?:/(\d+(?:\.\d+)?))?")
_WORD = re.compile(r"[a-z]+")
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])")
_RULE_ID = re.compile(r"[a-z]+(?:[._][a-z0-9]+)+")


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
        first = bool(value) and self.compare(value, self.value)
        return first or (self.second is not None and bool(second) and self.compare(second, self.second))


@dataclass(frozen=True, slots=True)
class Guard:
    """A class of words that take the alarm away: denied, past, imagined, an animal's …"""

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
    """What must stand together for an alarm, compiled to bits."""

    id: str
    kind: str
    version: str
    says: int
    needs: tuple[int, ...]
    within: str
    companions: tuple[int, ...]
    companions_in: str
    unless: int
    ignores: int


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
    close_spelling: Mapping[str, str]
    conditions: tuple[Condition, ...]
    guards: tuple[Guard, ...]
    rules: tuple[Rule, ...]
    sign_mask: int
    vocabulary_mask: int
    rank: Mapping[str, int]


def respell(text: str, spelling: Mapping[str, str]) -> str:
    """Replace known slips, in the order of the file."""
    for wrong, right in spelling.items():
        if wrong in text:
            text = text.replace(wrong, right)
    return text


def respell_words(text: str, spelling: Mapping[str, str]) -> str:
    """Replace known slips of whole words; apostrophes and hyphens inside words are dropped."""
    text = _HYPHEN.sub(" ", text.replace("'", ""))
    return _WORD.sub(lambda found: spelling.get(found[0], found[0]), text)


def without_one_letter(word: str) -> list[str]:
    """List a word's spellings with one letter left out: two words one slip apart share one."""
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def load_language(path: Path) -> Language:
    """Read and check one `urgent.toml`; raises `UrgentError` with everything wrong with it."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UrgentError([f"{path}: cannot be read as TOML: {error}"]) from error
    reader = _Reader(path, data)
    language = reader.language()
    if reader.problems:
        raise UrgentError(reader.problems)
    return language


class _Reader:
    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self.path, self.data = path, data
        self.problems: list[str] = []
        self.names: dict[str, int] = {}
        self.bits = 0
        self.by_word = not str(data.get("language", "")).startswith("zh")
        self.words = Words(
            by_word=self.by_word,
            gap=self.whole(data, "file", "gap", 6),
            gap_stops=frozenset(self.strings(data, "file", "gap_stops")),
        )
        self.letters = str.maketrans(self.table(data, "letters"))
        self.spelling = self.table(data, "spelling")
        self.guard_bits = {name: 1 << at for at, name in enumerate(self.table(data, "guards"))}

    def fault(self, entry: str, field: str, expected: str) -> None:
        self.problems.append(f"{self.path}: {entry}: {field} {expected}")

    def new_bit(self) -> int:
        self.bits += 1
        return 1 << (self.bits - 1)

    def table(self, data: Mapping[str, Any], field: str) -> dict[str, Any]:
        value = data.get(field, {})
        if not isinstance(value, dict):
            self.fault("file", field, "must be a table")
            return {}
        return value

    def strings(self, data: Mapping[str, Any], entry: str, field: str) -> list[str]:
        value = data.get(field, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self.fault(entry, field, "must be a list of non-empty texts")
            return []
        return value

    def text(self, data: Mapping[str, Any], entry: str, field: str, default: str = "") -> str:
        value = data.get(field, default)
        if not isinstance(value, str) or not value.strip():
            self.fault(entry, field, "must be a non-empty text")
            return default
        return value

    def whole(self, data: Mapping[str, Any], entry: str, field: str, default: int) -> int:
        value = data.get(field, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.fault(entry, field, "must be a whole number, 0 or more")
            return default
        return value

    def choice(self, data: Mapping[str, Any], entry: str, field: str, allowed: Sequence[str]) -> str:
        value = data.get(field, allowed[0])
        if value not in allowed:
            self.fault(entry, field, f"is {value!r}, expected one of {', '.join(allowed)}")
            return allowed[0]
        return str(value)

    def known_fields(self, data: Mapping[str, Any], entry: str, what: str) -> None:
        for field in data.keys() - _FIELDS[what]:
            self.fault(entry, str(field), f"is unknown, expected {', '.join(sorted(_FIELDS[what]))}")

    def fold(self, phrase: str) -> str:
        """Write a phrase as messages are written when they are compared with it."""
        phrase = phrase.lower()
        if self.by_word:
            return respell_words(phrase, self.spelling)
        return respell(phrase.translate(self.letters), self.spelling)

    def listen(self, phrases: Sequence[str], entry: str, field: str) -> int:
        mask = self.new_bit()
        for phrase in phrases:
            try:
                self.words.add(self.fold(phrase), mask)
            except ValueError as error:
                self.fault(entry, field, str(error))
        return mask

    def masks(self, data: Mapping[str, Any], entry: str, field: str) -> tuple[int, ...]:
        return tuple(self.any_of(line, entry, field) for line in self.strings(data, entry, field))

    def any_of(self, line: str, entry: str, field: str) -> int:
        mask = 0
        for name in (part.strip() for part in line.split("|")):
            if name not in self.names:
                self.fault(entry, field, f"names {name!r}, which is no sign, fact or number")
            mask |= self.names.get(name, 0)
        return mask

    def vocabulary(self, field: str) -> int:
        together = 0
        for name, phrases in self.table(self.data, field).items():
            if name in self.names:
                self.fault(field, name, "is defined twice")
            self.names[name] = self.listen(self.strings({name: phrases}, field, name), field, name)
            together |= self.names[name]
        return together

    def conditions(self) -> tuple[Condition, ...]:
        made = []
        for name, line in self.table(self.data, "numbers").items():
            found = _CONDITION.fullmatch(line) if isinstance(line, str) else None
            if found is None or found[1] not in QUANTITIES:
                self.fault("numbers", name, f"must read like 'bp >= 180/110', with {sorted(QUANTITIES)}")
                continue
            self.names[name] = self.new_bit()
            second = float(found[4]) if found[4] else None
            compare = _OPERATORS[found[2]]
            made.append(Condition(found[1], compare, float(found[3]), second, self.names[name]))
        return tuple(made)

    def guard(self, name: str, data: Mapping[str, Any]) -> Guard:
        entry = f"guards.{name}"
        self.known_fields(data, entry, "guard")
        spares = self.strings(data, entry, "spares")
        for kind in set(spares) - set(KINDS):
            self.fault(entry, "spares", f"names {kind!r}, which is no kind")
        unless = 0
        for line in self.strings(data, entry, "unless"):
            unless |= self.any_of(line, entry, "unless")
        return Guard(
            name=name,
            scope=self.choice(data, entry, "scope", SCOPES),
            reach=self.whole(data, entry, "reach", 0),
            lists=bool(data.get("list", False)),
            first=bool(data.get("first", False)),
            bit=self.guard_bits[name],
            word_mask=self.listen(self.strings(data, entry, "words"), entry, "words"),
            except_mask=self.listen(self.strings(data, entry, "except"), entry, "except"),
            unless_mask=unless,
            unless_in=self.choice(data, entry, "unless_in", ("clause", "sentence", "message")),
            spares=frozenset(spares),
        )

    def rule(self, data: Mapping[str, Any], guards: Sequence[Guard]) -> Rule:
        name = self.text(data, "rule", "id")
        entry = f"rule {name or '?'}"
        self.known_fields(data, entry, "rule")
        if name and not _RULE_ID.fullmatch(name):
            self.fault(entry, "id", "must be lower-case words joined by dots")
        self.text(data, entry, "note")
        kind = self.choice({"kind": data.get("kind")}, entry, "kind", KINDS)
        ignores = sum(guard.bit for guard in guards if kind in guard.spares)
        for guard_name in self.strings(data, entry, "despite"):
            if guard_name not in self.guard_bits:
                self.fault(entry, "despite", f"names {guard_name!r}, which is no guard")
            ignores |= self.guard_bits.get(guard_name, 0)
        says, needs = self.strings(data, entry, "says"), self.masks(data, entry, "needs")
        if not says and not needs:
            self.fault(entry, "needs", "and says are both missing, so it can never alarm")
        unless = 0
        for mask in self.masks(data, entry, "unless"):
            unless |= mask
        return Rule(
            id=name,
            kind=kind,
            version=str(self.whole({"version": data.get("version")}, entry, "version", 1)),
            says=self.listen(says, entry, "says") if says else 0,
            needs=needs,
            within=self.choice(data, entry, "within", WINDOWS),
            companions=self.masks(data, entry, "with"),
            companions_in=self.choice(data, entry, "with_in", ("near", "clause", "message")),
            unless=unless,
            ignores=ignores,
        )

    def rules(self, guards: Sequence[Guard]) -> tuple[Rule, ...]:
        rows = self.data.get("rule", [])
        if not isinstance(rows, list) or not rows:
            self.fault("file", "rule", "must be a list of [[rule]] tables, at least one")
            return ()
        made = [self.rule(row, guards) for row in rows if isinstance(row, dict)]
        seen: set[str] = set()
        for one in made:
            if one.id in seen:
                self.fault(f"rule {one.id}", "id", "is used twice")
            seen.add(one.id)
        return tuple(made)

    def language(self) -> Language:
        self.known_fields(self.data, "file", "file")
        sign_mask = self.vocabulary("signs")
        vocabulary_mask = self.vocabulary("facts")
        conditions = self.conditions()
        for condition in conditions:
            vocabulary_mask |= condition.mask
            sign_mask |= condition.mask if condition.name in SIGNS else 0
        guards = tuple(
            self.guard(name, data if isinstance(data, dict) else {})
            for name, data in self.table(self.data, "guards").items()
        )
        rules = self.rules(guards)
        for rule in rules:
            sign_mask |= rule.says
        self.words.seal()
        order = self.strings(self.data, "file", "worst_first")
        if set(order) != set(KINDS) or len(order) != len(KINDS):
            self.fault("file", "worst_first", "must name each kind once")
        breaks = self.strings(self.data, "file", "breaks")
        self.words.known.update(self.strings(self.data, "file", "right_spelling"))
        close = {
            variant: word
            for word in self.strings(self.data, "file", "close_spelling")
            for variant in (word, *without_one_letter(word))
        }
        return Language(
            code=self.text(self.data, "file", "language"),
            by_word=self.by_word,
            words=self.words,
            breaks=break_pattern(breaks),
            break_words=frozenset(breaks),
            letters=self.letters,
            spelling=self.spelling,
            close_spelling=close,
            conditions=conditions,
            guards=guards,
            rules=rules,
            sign_mask=sign_mask,
            vocabulary_mask=vocabulary_mask | sign_mask,
            rank={kind: at for at, kind in enumerate(order)},
        )
