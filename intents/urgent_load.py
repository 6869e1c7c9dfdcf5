"""Read and check one `urgent.toml`.

The file is written for a clinical lead. Whatever is wrong with it is reported at once, each fault
as one sentence naming file, entry and field.
"""

import operator
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from intents.clauses import break_pattern
from intents.urgent_quantities import QUANTITIES, SIGNS
from intents.urgent_rules import (
    KINDS,
    Condition,
    Guard,
    Language,
    Rule,
    Signed,
    UrgentError,
)
from intents.urgent_spelling import respell, respell_words, speller, without_one_letter
from intents.urgent_words import Words

_WINDOWS = ("clause", "near", "message")
_COMPANION_WINDOWS = ("near", "clause", "message")
_UNITS = ("clause", "sentence", "message")
_SCOPES = ("next", "overlap", "clause", "rest", "earlier", "sentence", "message")
_FIELDS = {
    "file": {
        "language", "gap", "gap_stops", "breaks", "worst_first", "letters", "spelling",
        "close_spelling", "right_spelling", "banned_in_replies", "signs", "facts", "numbers",
        "guards", "rule", "signed",
    },
    "guard": {
        "why", "scope", "reach", "list", "first", "words", "except", "unless", "unless_in",
        "spares",
    },
    "rule": {
        "id", "kind", "version", "note", "says", "needs", "within", "with", "with_in", "unless",
        "despite", "grey",
    },
    "signed": {"name", "role", "date"},
}  # fmt: skip
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
_CONDITION = re.compile(r"(\w+) (>=|<=|>|<) (\d+(?:\.\d+)?)(?:/(\d+(?:\.\d+)?))?")
_RULE_ID = re.compile(r"[a-z]+(?:[._][a-z0-9]+)+")


def load_language(path: Path) -> Language:
    """Read and check one `urgent.toml`; raises `UrgentError` with everything wrong with it."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UrgentError([f"{path}: cannot be read as TOML: {error}"]) from error
    form = _Form(path)
    language = _Builder(form, data).language()
    if form.problems:
        raise UrgentError(form.problems)
    return language


class _Form:
    """Reads typed fields and collects what is wrong with them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []

    def fault(self, entry: str, field: str, expected: str) -> None:
        self.problems.append(f"{self.path}: {entry}: {field} {expected}")

    def known(self, data: Mapping[str, Any], entry: str, what: str) -> None:
        for field in sorted(data.keys() - _FIELDS[what]):
            expected = ", ".join(sorted(_FIELDS[what]))
            self.fault(entry, field, f"is unknown, expected one of {expected}")

    def table(self, data: Mapping[str, Any], field: str) -> dict[str, Any]:
        value = data.get(field, {})
        if isinstance(value, dict):
            return value
        self.fault("file", field, "must be a table")
        return {}

    def replacements(self, data: Mapping[str, Any], field: str) -> dict[str, str]:
        value = self.table(data, field)
        good = {wrong: right for wrong, right in value.items() if isinstance(right, str) and wrong}
        for wrong in value.keys() - good.keys():
            self.fault(field, wrong or "''", "must be given a text to be read as")
        return good

    def strings(self, data: Mapping[str, Any], entry: str, field: str) -> list[str]:
        value = data.get(field, [])
        if isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value):
            return value
        self.fault(entry, field, "must be a list of non-empty texts")
        return []

    def text(self, data: Mapping[str, Any], entry: str, field: str) -> str:
        value = data.get(field)
        if isinstance(value, str) and value.strip():
            return value
        self.fault(entry, field, "must be a non-empty text")
        return ""

    def whole(self, data: Mapping[str, Any], entry: str, field: str, default: int | None) -> int:
        value = data.get(field, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        self.fault(entry, field, "must be a whole number, 0 or more")
        return 0

    def flag(self, data: Mapping[str, Any], entry: str, field: str) -> bool:
        value = data.get(field, False)
        if not isinstance(value, bool):
            self.fault(entry, field, "must be true or false")
        return value is True

    def choice(self, value: object, entry: str, field: str, allowed: Sequence[str]) -> str:
        if value in allowed:
            return str(value)
        self.fault(entry, field, f"is {value!r}, expected one of {', '.join(allowed)}")
        return allowed[0]


class _Builder:
    """Compiles the tables of one file, giving every group of phrases its bit."""

    def __init__(self, form: _Form, data: dict[str, Any]) -> None:
        self.form, self.data = form, data
        self.code = form.text(data, "file", "language")
        self.by_word = not self.code.startswith("zh")
        self.letters: dict[int, str] = {}
        for letter, right in form.replacements(data, "letters").items():
            if len(letter) == 1:
                self.letters[ord(letter)] = right
            else:
                form.fault("letters", letter, "must be a single sign")
        self.spelling = form.replacements(data, "spelling")
        self.words = Words(
            by_word=self.by_word,
            gap=form.whole(data, "file", "gap", None),
            gap_stops=frozenset(form.strings(data, "file", "gap_stops")),
        )
        self.names: dict[str, int] = {}
        self.used: set[str] = set()
        self.bits = 0

    def new_bit(self) -> int:
        self.bits += 1
        return 1 << (self.bits - 1)

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
                self.form.fault(entry, field, str(error))
        return mask

    def any_of(self, line: str, entry: str, field: str) -> int:
        mask = 0
        for name in (part.strip() for part in line.split("|")):
            if name not in self.names:
                self.form.fault(entry, field, f"names {name!r}, which is no sign, fact or number")
            mask |= self.names.get(name, 0)
            self.used.add(name)
        return mask

    def masks(self, data: Mapping[str, Any], entry: str, field: str) -> tuple[int, ...]:
        lines = self.form.strings(data, entry, field)
        return tuple(self.any_of(line, entry, field) for line in lines)

    def vocabulary(self, field: str) -> int:
        together = 0
        for name in self.form.table(self.data, field):
            if name in self.names:
                self.form.fault(field, name, "is defined twice")
            phrases = self.form.strings(self.data[field], field, name)
            self.names[name] = self.listen(phrases, field, name)
            together |= self.names[name]
        return together

    def conditions(self) -> tuple[Condition, ...]:
        made = []
        for name, line in self.form.table(self.data, "numbers").items():
            found = _CONDITION.fullmatch(line) if isinstance(line, str) else None
            if found is None or found[1] not in QUANTITIES:
                known = ", ".join(QUANTITIES)
                self.form.fault("numbers", name, f"must read like 'bp >= 180/110', with {known}")
                continue
            second = float(found[4]) if found[4] else None
            compare = _OPERATORS[found[2]]
            self.names[name] = self.new_bit()
            made.append(Condition(found[1], compare, float(found[3]), second, self.names[name]))
        return tuple(made)

    def guards(self) -> tuple[Guard, ...]:
        made = []
        for at, (name, data) in enumerate(self.form.table(self.data, "guards").items()):
            entry = f"guards.{name}"
            if isinstance(data, dict):
                made.append(self.guard(name, entry, 1 << at, data))
            else:
                self.form.fault("guards", name, "must be a table")
        return tuple(made)

    def guard(self, name: str, entry: str, bit: int, data: Mapping[str, Any]) -> Guard:
        form = self.form
        form.known(data, entry, "guard")
        form.text(data, entry, "why")
        spares = form.strings(data, entry, "spares")
        for kind in sorted(set(spares) - set(KINDS)):
            form.fault(entry, "spares", f"names {kind!r}, which is no kind")
        return Guard(
            name=name,
            scope=form.choice(data.get("scope"), entry, "scope", _SCOPES),
            reach=form.whole(data, entry, "reach", 0),
            lists=form.flag(data, entry, "list"),
            first=form.flag(data, entry, "first"),
            bit=bit,
            word_mask=self.listen(form.strings(data, entry, "words"), entry, "words"),
            except_mask=self.listen(form.strings(data, entry, "except"), entry, "except"),
            unless_mask=_joined(self.masks(data, entry, "unless")),
            unless_in=form.choice(data.get("unless_in", "clause"), entry, "unless_in", _UNITS),
            spares=frozenset(spares),
        )

    def rules(self, guards: Sequence[Guard]) -> tuple[Rule, ...]:
        rows = self.data.get("rule")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or not rows:
            self.form.fault("file", "rule", "must be a list of [[rule]] tables, at least one")
            return ()
        made = [self.rule(row, guards) for row in rows]
        seen: set[str] = set()
        for one in made:
            if one.id in seen:
                self.form.fault(f"rule {one.id}", "id", "is used twice")
            seen.add(one.id)
        return tuple(made)

    def rule(self, data: Mapping[str, Any], guards: Sequence[Guard]) -> Rule:
        form = self.form
        name = form.text(data, "rule", "id")
        entry = f"rule {name or '?'}"
        form.known(data, entry, "rule")
        note = form.text(data, entry, "note")
        if name and not _RULE_ID.fullmatch(name):
            form.fault(entry, "id", "must be lower-case words joined by dots")
        kind = form.choice(data.get("kind"), entry, "kind", KINDS)
        says, needs = form.strings(data, entry, "says"), self.masks(data, entry, "needs")
        if not says and not needs:
            form.fault(entry, "needs", "and says are both missing, so it can never alarm")
        said = self.listen(says, entry, "says") if says else 0
        unless = _joined(self.masks(data, entry, "unless"))
        companions = self.masks(data, entry, "with")
        companions_in = data.get("with_in", "near")
        return Rule(
            id=name,
            kind=kind,
            version=str(form.whole(data, entry, "version", None)),
            gate=said | (needs[0] if needs else 0),
            asked=_joined((said, unless, *needs, *companions)),
            says=said,
            needs=needs,
            within=form.choice(data.get("within", "clause"), entry, "within", _WINDOWS),
            companions=companions,
            companions_in=form.choice(companions_in, entry, "with_in", _COMPANION_WINDOWS),
            unless=unless,
            ignores=self.ignored(data, entry, kind, guards),
            grey=form.flag(data, entry, "grey"),
            note=note,
        )

    def ignored(
        self,
        data: Mapping[str, Any],
        entry: str,
        kind: str,
        guards: Sequence[Guard],
    ) -> int:
        despite = set(self.form.strings(data, entry, "despite"))
        for name in sorted(despite - {guard.name for guard in guards}):
            self.form.fault(entry, "despite", f"names {name!r}, which is no guard")
        bits = (guard.bit for guard in guards if kind in guard.spares or guard.name in despite)
        return sum(bits)

    def ranks(self) -> dict[str, int]:
        order = self.form.strings(self.data, "file", "worst_first")
        if set(order) != set(KINDS) or len(order) != len(KINDS):
            self.form.fault("file", "worst_first", "must name each kind once")
        return {kind: at for at, kind in enumerate(order)}

    def signed(self) -> Signed | None:
        """Read who signed the content; None where nobody did."""
        data = self.form.table(self.data, "signed")
        if not data:
            return None
        self.form.known(data, "signed", "signed")
        day = data.get("date")
        if type(day) is not date:
            self.form.fault("signed", "date", "must be a day such as 2026-11-18")
            day = date.min
        name, role = self.form.text(data, "signed", "name"), self.form.text(data, "signed", "role")
        return Signed(name, role, day)

    def close_words(self) -> dict[str, str]:
        self.words.known.update(self.form.strings(self.data, "file", "right_spelling"))
        return {
            variant: word
            for word in self.form.strings(self.data, "file", "close_spelling")
            for variant in (word, *without_one_letter(word))
        }

    def language(self) -> Language:
        self.form.known(self.data, "file", "file")
        sign_mask = self.vocabulary("signs")
        self.vocabulary("facts")
        conditions = self.conditions()
        for condition in conditions:
            if condition.name in SIGNS:
                sign_mask |= condition.mask
        guards = self.guards()
        rules = self.rules(guards)
        sign_mask |= _joined(rule.says for rule in rules)
        self.words.seal()
        breaks = self.form.strings(self.data, "file", "breaks")
        return Language(
            code=self.code,
            by_word=self.by_word,
            words=self.words,
            breaks=break_pattern(breaks),
            break_words=frozenset(breaks),
            letters=self.letters,
            spelling=self.spelling,
            spell=speller(self.words, self.close_words()),
            conditions=conditions,
            guards=guards,
            rules=rules,
            sign_mask=sign_mask,
            lifting_mask=_joined(guard.unless_mask for guard in guards),
            guard_mask=_joined(guard.word_mask | guard.except_mask for guard in guards),
            rank=self.ranks(),
            unused=tuple(sorted(self.names.keys() - self.used)),
            signed=self.signed(),
        )


def _joined(masks: Iterable[int]) -> int:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole
