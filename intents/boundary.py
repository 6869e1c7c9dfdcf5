"""What the bot never says: no diagnosis, no dose, no reassurance (SC-01 … SC-08).

The words are content that a clinical lead reads and signs: `boundary.toml` of each language. They are
held against every text that may be sent, as it stands in its file and as it is said.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intents.normalize import normalize
from intents.said import source

_SENTENCE = re.compile(r"[。!?;\n]+|(?<!\d)\.(?!\d)|\.\s")
#: What a patient wrote or what somebody is called, said back in quotation marks.
_QUOTED = re.compile(r"“[^”]{0,80}”|「[^」]{0,80}」|\"[^\"]{0,80}\"")
#: What stands in a template for something else, and what only rules it.
_VALUE, _TAG = re.compile(r"\{\{.*?\}\}", re.DOTALL), re.compile(r"\{[%#].*?[%#]\}", re.DOTALL)
_NUMBER = (
    r"(?:\d+(?:\.\d+)?|[一二两三四五六七八九十半几]+"
    r"|(?:a|an|one|two|three|four|five|six|eight|ten|twelve|half)(?![a-z]))"
)
_KEYS = frozenset({"id", "scope", "says", "patterns", "unless"})
_HEAD = frozenset({"version", "owner", "first_contact", "rule"})


class BoundaryError(Exception):
    """The rules cannot be used; `problems` holds a sentence for each thing to mend."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the problems; the error's text is one of them a line."""
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Hit:
    """Words that must not be said, and the rule that says so."""

    rule: str
    scope: str
    says: str
    words: str


@dataclass(frozen=True, slots=True)
class _Rule:
    id: str
    scope: str
    says: str
    pattern: re.Pattern[str]
    unless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Language:
    version: str
    first_contact: tuple[str, ...]
    rules: tuple[_Rule, ...]


class Boundary:
    """The rules of every language; a text is held against all of them, whatever language it is in."""

    def __init__(self, languages: Mapping[str, _Language]) -> None:
        self._languages = languages

    @property
    def versions(self) -> Mapping[str, str]:
        """Give the version of each language's rules."""
        return {lang: rules.version for lang, rules in self._languages.items()}

    def check(self, text: str) -> list[Hit]:
        """Return what in a text that is sent must not be said. What is quoted is not ours."""
        hits: list[Hit] = []
        for written in _SENTENCE.split(_QUOTED.sub("“”", text)):
            plain = normalize(written)
            if plain:
                hits += self._in_sentence(plain)
        return hits

    def check_source(self, template: str) -> list[Hit]:
        """Return what a template says in so many words, in any of its branches."""
        return self.check(_VALUE.sub("…", _TAG.sub("\n", template)))

    def missing_at_first(self, text: str, lang: str) -> list[str]:
        """Return what the first message to a patient must say and does not (SC-04)."""
        plain = normalize(text)
        return [
            part for part in self._languages[lang].first_contact if normalize(part) not in plain
        ]

    def _in_sentence(self, plain: str) -> list[Hit]:
        return [
            Hit(rule.id, rule.scope, rule.says, found[0])
            for language in self._languages.values()
            for rule in language.rules
            if (found := rule.pattern.search(plain))
            and not any(one in plain for one in rule.unless)
        ]


def load_boundary(folder: Path) -> Boundary:
    """Read `<language>/boundary.toml` of every language of a folder.

    Raises:
        BoundaryError: names the file, the rule and the key of everything that cannot be used.
    """
    languages: dict[str, _Language] = {}
    problems: list[str] = []
    for language in sorted(path for path in folder.glob("*") if path.is_dir()):
        where = f"{language.name}/boundary.toml"
        try:
            tables = tomllib.loads((language / "boundary.toml").read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            problems.append(f"{where}: cannot be read: {exc}")
            continue
        wrong = _problems_of(tables, where)
        problems += wrong
        if not wrong:
            rules = tuple(map(_rule, tables["rule"]))
            languages[language.name] = _Language(
                str(tables["version"]), tuple(tables["first_contact"]), rules
            )
    if problems or not languages:
        raise BoundaryError(problems or [f"{folder}: no boundary.toml is there"])
    return Boundary(languages)


def _rule(table: Mapping[str, Any]) -> _Rule:
    said = "|".join(source(one, {"number": _NUMBER}) for one in table["patterns"])
    unless = tuple(map(normalize, table["unless"]))
    return _Rule(table["id"], table["scope"], table["says"], re.compile(said), unless)


def _problems_of(tables: Mapping[str, Any], where: str) -> list[str]:
    found = [f"{where}: `{key}` is not known." for key in sorted(set(tables) - _HEAD)]
    found += [f"{where}: `{key}` is missing." for key in sorted(_HEAD - set(tables))]
    rules = tables.get("rule", [])
    if not isinstance(rules, list) or not rules:
        return [*found, f"{where}: at least one [[rule]] is needed."]
    for place, rule in enumerate(rules, 1):
        name = f"{where}: rule {rule.get('id', place)}"
        found += [f"{name}: `{key}` is missing." for key in sorted(_KEYS - set(rule))]
        found += [f"{name}: `{key}` is not known." for key in sorted(set(rule) - _KEYS)]
        for pattern in rule.get("patterns", []):
            try:
                re.compile(source(pattern, {"number": _NUMBER}))
            except (re.error, KeyError, TypeError) as exc:
                found.append(f"{name}: {pattern!r} cannot be used: {exc}")
    return found
