"""The FAQ catalog and the words of dialogue acts, read from `content/` into frozen values.

`load_catalog` is the only reader of these files; `entry_rules` says what an entry must hold. The
texts are checked here as words; whether an answer's template renders is checked where it renders.
"""

import datetime as dt
import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from intents import entry_rules
from intents.dialect import Dialect, problems_of_dialect
from intents.discreet import Discreet, Group, groups_from
from intents.normalize import normalize, strip_fillers
from intents.reminding import Reminding, problems_of_reminding, problems_of_zones
from intents.requests import Requests, problems_of

#: What may stand around a whole message that is an act: “退订”, 【TD】, (stop), 人工🙏
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
#: Phrases that stop messages where carriers know them as words for it: no act anywhere else.
TEXTED_STOP = "texted_stop"


@dataclass(frozen=True, slots=True)
class Entry:
    """One approved answer in one language, and how patients ask for it."""

    intent: str
    lang: str
    title: str
    owner: str
    review: dt.date
    desk: str
    then: str
    facts: str | None
    questions: tuple[str, ...]
    answer: str
    where: str


class CatalogError(Exception):
    """The content cannot be used; `problems` holds a sentence for each thing to mend."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the problems; the error's text is one of them a line."""
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class Catalog:
    """Every entry in every language. Nothing in it changes after it is read."""

    def __init__(
        self,
        entries: Iterable[Entry],
        acts: Mapping[str, Mapping[str, str]],
        version: str = "",
        discreet: Discreet | None = None,
        texted_stops: Iterable[str] = (),
        requests: Requests | None = None,
        reminding: Reminding | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        """Take entries and, by language, the acts of normalised phrases.

        `discreet` says what a channel that others may read must not carry; `texted_stops` are the
        words, as `act_key` makes them, that stop text messages and nothing else; `requests` are the
        words with which something is asked to be done, `reminding` those said to reminders, `dialect`
        those that mean the same as plain ones.
        """
        self._entries = {(entry.intent, entry.lang): entry for entry in entries}
        self._acts = {lang: MappingProxyType(dict(words)) for lang, words in acts.items()}
        self._all_acts = {phrase: act for words in acts.values() for phrase, act in words.items()}
        self._texted_stops = frozenset(texted_stops)
        self.discreet = discreet or Discreet({})
        self.requests = requests or Requests({})
        self.reminding = reminding or Reminding({}, {})
        self.dialect = dialect or Dialect({})
        self.version = version
        self.languages: tuple[str, ...] = tuple(
            sorted({lang for _, lang in self._entries} | set(acts)),
        )
        self.intents: tuple[str, ...] = tuple(sorted({intent for intent, _ in self._entries}))

    def entry(self, intent: str, lang: str) -> Entry:
        """Give an intent's entry in a language; KeyError if there is none."""
        return self._entries[intent, lang]

    def examples(self) -> list[tuple[str, str]]:
        """Give every (intent, question) of every language: what a matcher learns.

        A title is one more question of its entry, unless some entry has it as a question.
        """
        found = [(entry.intent, one) for entry in self._entries.values() for one in entry.questions]
        asked = {strip_fillers(normalize(question)) for _, question in found}
        return found + [
            (entry.intent, entry.title)
            for entry in self._entries.values()
            if strip_fillers(normalize(entry.title)) not in asked
        ]

    def acts(self, lang: str) -> Mapping[str, str]:
        """Give the act of each phrase of one language; phrases are as `act_key` makes them."""
        return self._acts.get(lang, MappingProxyType({}))

    def all_acts(self) -> Mapping[str, str]:
        """Give the act of each phrase of any language; phrases are as `act_key` makes them."""
        return MappingProxyType(self._all_acts)

    def act(self, text: str) -> str | None:
        """Give the act that a whole message says, in any language, or nothing."""
        key = act_key(text)
        return self._all_acts.get(key) or self._all_acts.get(act_key(strip_fillers(key)))

    def is_texted_stop(self, text: str) -> bool:
        """Say whether a whole message is a word that stops text messages, in any language."""
        return act_key(text) in self._texted_stops

    def knows(self, text: str) -> bool:
        """Say whether a whole message is a phrase, or word for word a question or a title."""
        entries = self._entries.values()
        asked = any(text == entry.title or text in entry.questions for entry in entries)
        return asked or self.act(text) is not None

    def stale(self, today: dt.date) -> list[Entry]:
        """Give the entries whose review date has passed."""
        return [entry for entry in self._entries.values() if entry.review < today]


def act_key(text: str) -> str:
    """Give the form in which a whole message is compared with the phrases of acts."""
    return _EDGES.sub("", normalize(text))


def load_catalog(folder: Path) -> Catalog:
    """Read and check all content of a folder with one subfolder a language.

    Raises CatalogError with every problem found, not only the first.
    """
    reading = _Reading()
    acts: dict[str, dict[str, str]] = {}
    discreet: dict[str, list[Group]] = {}
    requests: dict[str, dict[str, Any]] = {}
    reminding: dict[str, dict[str, Any]] = {}
    dialect: dict[str, dict[str, str]] = {}
    folders = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    if not folders:
        reading.problems.append(f"{folder}: no language folder is there; at least one is needed.")
    for language in folders:
        reading.faq(language)
        acts[language.name] = reading.phrases(language)
        discreet[language.name] = reading.discreet(language)
        requests[language.name] = reading.requests(language)
        reminding[language.name] = reading.reminding(language)
        dialect[language.name] = reading.dialect(language)
    zones = reading.zones(folder)
    reading.problems += entry_rules.across(reading.entries, reading.doubtful)
    reading.problems += entry_rules.acts_across(acts)
    if reading.problems:
        raise CatalogError(reading.problems)
    version = reading.digest.hexdigest()[:16]
    return Catalog(
        reading.entries, acts, version, Discreet(discreet), reading.texted_stops, Requests(requests),
        Reminding(reminding, zones), Dialect(dialect),
    )  # fmt: skip


class _Reading:
    """One pass over the files: what was read, what is wrong, and what could not be judged."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.problems: list[str] = []
        self.doubtful: set[tuple[str, str]] = set()
        self.texted_stops: set[str] = set()
        self.digest = hashlib.sha256()

    def faq(self, language: Path) -> None:
        """Read a language's entries; broken ones are noted and left out."""
        lang = language.name
        files = sorted((language / "faq").glob("*.toml"))
        if not files:
            self.problems.append(f"{lang}/faq: no TOML file with entries is there.")
        for path in files:
            where = f"{lang}/faq/{path.name}"
            tables = self._tables(path, where)
            if tables is None:
                self.doubtful.add((entry_rules.EVERY, lang))
            elif set(tables) != {"entry"} or not isinstance(tables["entry"], list):
                self.problems.append(f"{where}: the file must hold [[entry]] tables only.")
                self.doubtful.add((entry_rules.EVERY, lang))
            else:
                for number, row in enumerate(tables["entry"], 1):
                    self._entry(row, lang, where, number)

    def _entry(self, row: object, lang: str, where: str, number: int) -> None:
        wrong = entry_rules.problems_of(row, lang, f"{where}: entry {number}")
        self.problems += wrong
        if not isinstance(row, dict):
            return
        if wrong:
            name = row.get("intent")
            self.doubtful.add((name if entry_rules.is_intent(name) else entry_rules.EVERY, lang))
            return
        self.entries.append(
            Entry(
                intent=row["intent"],
                lang=lang,
                title=row["title"].strip(),
                owner=row["owner"].strip(),
                review=row["review"],
                desk=row.get("desk", "general"),
                then=row.get("then", "answer"),
                facts=row.get("facts"),
                questions=tuple(question.strip() for question in row["questions"]),
                answer=row["answer"].strip(),
                where=where,
            ),
        )

    def phrases(self, language: Path) -> dict[str, str]:
        """Read a language's acts as the act of each phrase."""
        where = f"{language.name}/phrases.toml"
        tables = self._tables(language / "phrases.toml", where)
        if tables is None:
            return {}
        wrong = entry_rules.problems_of_acts(tables, where)
        texted = tables.pop(TEXTED_STOP, []) if not wrong else []
        self.texted_stops.update(filter(None, map(act_key, texted)))
        acts: dict[str, str] = {}
        for act, phrases in tables.items() if not wrong else ():
            for phrase in phrases:
                key = act_key(phrase)
                if not key:
                    wrong.append(f"{where}: `{act}` holds a phrase without a word: {phrase!r}.")
                elif acts.setdefault(key, act) != act:
                    wrong.append(f'{where}: "{phrase}" is a phrase of both {acts[key]} and {act}.')
        self.problems += wrong
        return acts

    def discreet(self, language: Path) -> list[Group]:
        """Read what text messages in a language must not carry, and what they say instead."""
        where = f"{language.name}/discreet.toml"
        tables = self._tables(language / "discreet.toml", where)
        if tables is None:
            return []
        groups, wrong = groups_from(tables, where)
        self.problems += wrong
        return groups

    def requests(self, language: Path) -> dict[str, Any]:
        """Read the words of a language with which patients ask for something to be done."""
        where = f"{language.name}/requests.toml"
        tables = self._tables(language / "requests.toml", where)
        if tables is not None:
            self.problems += problems_of(tables, where)
        return tables or {}

    def reminding(self, language: Path) -> dict[str, Any]:
        """Read the words of a language with which patients answer reminders, and ask things of them."""
        where = f"{language.name}/reminders.toml"
        tables = self._tables(language / "reminders.toml", where)
        if tables is not None:
            self.problems += problems_of_reminding(tables, where)
        return tables or {}

    def dialect(self, language: Path) -> dict[str, str]:
        """Read the words that mean the same as plain ones of a language, where it has such a file."""
        path, where = language / "dialect.toml", f"{language.name}/dialect.toml"
        tables = self._tables(path, where) if path.exists() else {"words": {}}
        self.problems += problems_of_dialect(tables, where) if tables is not None else []
        words: dict[str, str] = (tables or {}).get("words", {})
        return words

    def zones(self, folder: Path) -> dict[str, Any]:
        """Read the places by which patients say what their clocks show."""
        tables = self._tables(folder / "zones.toml", "zones.toml")
        if tables is not None:
            self.problems += problems_of_zones(tables, "zones.toml")
        return tables or {}

    def _tables(self, path: Path, where: str) -> dict[str, Any] | None:
        """Parse one file, or note why it cannot be."""
        try:
            raw = path.read_bytes()
        except OSError:
            self.problems.append(f"{where}: the file is missing or cannot be read.")
            return None
        self.digest.update(where.encode() + b"\0" + raw + b"\0")
        try:
            return tomllib.loads(raw.decode())
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            self.problems.append(f"{where}: line {line} is not UTF-8 text.")
        except tomllib.TOMLDecodeError as error:
            named = re.search(r"line (\d+)", str(error))
            line = int(named[1]) if named else raw.count(b"\n") + 1
            self.problems.append(f"{where}: line {line} is not valid TOML ({error}).")
        return None
