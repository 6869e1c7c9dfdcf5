"""Read what is said to reminders: answers to them ("吃了", "改期"), wishes about them ("今天别再提醒").

The words are content (`reminders.toml` of each language, `zones.toml`). An answer is a whole message
that is nothing but an answer and courtesies; a question, a doubt, or two answers at once are none.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from intents import said as saying
from intents.normalize import normalize, strip_fillers

#: Answers to a reminder; the last four answer none by themselves.
ANSWERS = (
    *("confirm", "move", "cancel", "taken", "snooze", "skip", "book", "done", "better", "worse"),
    *("more", "agree", "decline", "yes", "not_yet", "thanks", "heard"),
)
#: What may be asked of reminders, in this order: the narrower before the wider.
WISHES = (
    *(
        "why_not",
        "reminders_off",
        "reminders_on",
        "mute_today",
        "resume_reminders",
        "best_time",
        "zone",
    ),
    *("reminders_mine", "remind_checkup", "pause_reminders", "fewer_reminders"),
)
_GUARDS = ("refuse", "ask", "suppose", "happened", "others")
#: Of these a guard is part of the words themselves, or does no harm.
_UNGUARDED: Mapping[str, frozenset[str]] = {
    "pause_reminders": frozenset({"refuse"}),
    "mute_today": frozenset({"refuse"}),
    "best_time": frozenset({"refuse"}),
    "why_not": frozenset({"refuse", "ask", "happened"}),
    "reminders_mine": frozenset({"ask"}),
}
_LONGEST_ANSWER, _LONGEST_WISH = 40, 120
_BREAK = re.compile(r"[,.!;:。、~…\n]+|(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_ASKS = re.compile(r"[?]|[吗么]$")
#: Who tells what she did says it without these; who asks for something may end so.
_TOLD = frozenset({"taken", "skip", "done", "better", "worse", "confirm"})
_DOUBT = re.compile(rf"{_ASKS.pattern}|[没不吧嘛]$")
_IANA = r"(?<![a-z/])[a-z]+(?:/[a-z_-]+){1,2}"
#: Stands for the name of a place while a wish is read.
_PLACE = "◇"
#: What is only polite: "嗯", and thanks; of several, the first of these counts.
_COURTESIES = frozenset({"thanks", "heard"})
_POLITE = ("yes", "thanks", "heard")
_THANKS = re.compile(r"谢|多谢|辛苦|唔该|\b(?:thanks|thank|thx|ty|cheers|appreciated)\b")
_OF_KINDS = frozenset({"reminders_off", "reminders_on"})
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


@dataclass(frozen=True, slots=True)
class Said:
    """What a whole message answers.

    Attributes:
        word: one of `ANSWERS`.
        sure: it can be said of nothing but a reminder; else it counts only right after one.
        minutes: the length of time it names.
    """

    word: str
    sure: bool = False
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is plainly asked of reminders.

    Attributes:
        kind: one of `WISHES`.
        named: what it is about: what kinds of reminders are about, or a zone (IANA); empty where the
            place has several, None where nothing was named.
    """

    kind: str
    named: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """How one wish is said in one language."""

    kind: str
    whole: re.Pattern[str]
    holds: Sequence[re.Pattern[str]]
    never: re.Pattern[str]

    def is_in(self, said: str, plain: str) -> bool:
        """Say whether a message is it, holds it in a clause, or holds all that makes it."""
        if self.whole.fullmatch(said) or self.whole.fullmatch(_EDGES.sub("", plain)):
            return True
        if self.never.search(said):
            return False
        if any(self.whole.fullmatch(clause.strip()) for clause in _BREAK.split(said)):
            return True
        return bool(self.holds) and all(form.search(said) for form in self.holds)


class _Language:
    """The words of one language, compiled."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self.about = [
            (normalize(word), name) for name, words in tables["about"].items() for word in words
        ]
        self.about.sort(key=lambda one: -len(one[0]))
        self._names = {
            "about": saying.any_of(word for word, _ in self.about), "place": _PLACE
        }  # fmt: skip
        self._tables = tables

    @cached_property
    def answers(self) -> re.Pattern[str]:
        """Compile the answers when the first message comes: a tenth of a second."""
        tables, around = self._tables["answers"], (self._tables["before"], self._tables["after"])
        ways = {
            f"{word}__{how}": tables[word][how]
            for word in tables
            for how in ("sure", "plain")
            if tables[word].get(how)
        }
        return saying.one_of(ways, self._names, around)

    @cached_property
    def courtesy(self) -> re.Pattern[str]:
        """Compile what is only polite."""
        return saying.whole(self._tables["courtesy"], self._names)

    @cached_property
    def wishes(self) -> Mapping[str, _Asked]:
        """Compile them when somebody first asks for something: a third of a second."""
        wishes, guards = self._tables["wishes"], self._tables["guards"]
        return {kind: _asked(kind, wishes[kind], guards, self._names) for kind in WISHES}

    def clause(self, clause: str) -> Said | None:
        """Return what a clause answers; thanks alone are a courtesy."""
        if found := self.answers.fullmatch(clause):
            word, _, how = str(found.lastgroup).partition("__")
            return Said(word, how == "sure")
        if not self.courtesy.fullmatch(clause):
            return None
        return Said("thanks" if _THANKS.search(clause) else "heard")


class Reminding:
    """The words of every language; `Reminding({}, {})` knows none."""

    def __init__(
        self, languages: Mapping[str, Mapping[str, Any]], zones: Mapping[str, Sequence[str]]
    ) -> None:
        """Take the tables of each language's `reminders.toml` and of `zones.toml`, already checked."""
        self._names = zones
        self._zones = {normalize(name): zone for zone, names in zones.items() for name in names}
        self._places = re.compile(f"{_IANA}|{saying.any_of(self._zones)}")
        self._languages = [_Language(tables) for tables in languages.values()]
        hints = [hint for tables in languages.values() for hint in tables["hints"]]
        self._hint = re.compile(saying.any_of(hints))

    def called(self, zone: str, lang: str) -> str:
        """Return what a zone's place is called; its own name where nobody gave it one."""
        chinese = lang.startswith("zh")
        names = (name for name in self._names.get(zone, ()) if name.isascii() != chinese)
        return next(names, zone)

    def answer(self, plain: str) -> Said | None:
        """Return what a whole normalised message answers; None where it is not surely an answer."""
        if not plain or len(plain) > _LONGEST_ANSWER:
            return None
        said = []
        for clause in filter(None, map(str.strip, _BREAK.split(plain))):
            found = next(filter(None, (one.clause(clause) for one in self._languages)), None)
            if found is None:
                return None
            said.append(found)
        return _one_of(said, plain)

    def wish(self, plain: str) -> Wish | None:
        """Return what a normalised message plainly asks of reminders; None where that is not sure."""
        if len(plain) > _LONGEST_WISH or not (
            self._hint.search(plain) or self._places.search(plain)
        ):
            return None
        said = _EDGES.sub("", strip_fillers(plain))
        placed = self._places.sub(_PLACE, said), self._places.sub(_PLACE, plain)
        for kind in WISHES:
            for language in self._languages:
                if language.wishes[kind].is_in(*(placed if kind == "zone" else (said, plain))):
                    return self._wished(kind, said, language)
        return None

    def _wished(self, kind: str, said: str, language: _Language) -> Wish | None:
        if kind == "zone":
            return Wish(kind, self.zone(said))
        if kind in _OF_KINDS:
            return Wish(kind, next((name for word, name in language.about if word in said), None))
        return Wish(kind)

    def zone(self, text: str) -> str | None:
        """Return the zone of the place that a text names: empty where it has several, None: none."""
        found = self._places.search(normalize(text))
        if found is None:
            return None
        place = found[0]
        return self._zones[place] if place in self._zones else _iana(place)


def _iana(written: str) -> str | None:
    """Return a zone by its own name, however it is spelt: america/new_york."""
    small = frozenset({"of", "es", "au", "and"})
    area, *rest = (
        "_".join(
            "-".join(one if one in small else one.capitalize() for one in word.split("-"))
            for word in part.split("_")
        )
        for part in written.split("/")
    )
    name = "/".join([area, *rest])
    return name if _is_zone(name) else None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _one_of(said: Sequence[Said], plain: str) -> Said | None:
    """Return what clauses answer together: of several answers none, of courtesies the yes."""
    meant = {one.word for one in said} - {"yes", *_COURTESIES}
    if meant == {"cancel", "move"}:
        meant = {"move"}  # "去不了,改期": the first is why
    words = {one.word for one in said}
    if not said or len(meant) > 1:
        return None
    word = next(iter(meant)) if meant else next(one for one in _POLITE if one in words)
    if (_DOUBT if word in _TOLD else _ASKS).search(plain):
        return None
    minutes = saying.minutes_in(plain) if word == "snooze" else None
    return Said(word, any(one.sure for one in said if one.word == word), minutes)


def _asked(
    kind: str, table: Mapping[str, Any], guards: Mapping[str, list[str]], names: Mapping[str, str]
) -> _Asked:
    guarded = [guard for guard in _GUARDS if guard not in _UNGUARDED.get(kind, frozenset())]
    words = [word for guard in guarded for word in guards[guard]]
    return _Asked(
        kind,
        saying.whole(table["whole"], names),
        [
            re.compile("|".join(saying.source(one, names) for one in group))
            for group in table.get("holds", ())
        ],
        re.compile(saying.any_of([*words, *table.get("never", ())])),
    )


def problems_of_reminding(tables: Mapping[str, Any], where: str) -> list[str]:
    """Say what is wrong with the tables of one `reminders.toml`."""
    answers = [word for word in ANSWERS if word != "heard"]
    shape: Mapping[str, Iterable[str]] = {"answers": answers, "wishes": WISHES, "guards": _GUARDS}
    known = {"courtesy", "before", "after", "hints", "about", *shape}
    found = [f"{where}: the table `{name}` is missing." for name in sorted(known - set(tables))]
    found += [f"{where}: `{name}` is not known." for name in sorted(set(tables) - known)]
    if found:
        return found
    for name, keys in shape.items():
        found += [
            f"{where}: {name}: `{one}` is missing." for one in keys if one not in tables[name]
        ]
        found += [
            f"{where}: {name}: `{one}` is not known."
            for one in sorted(set(tables[name]) - set(keys))
        ]
    return found + [
        f"{where}: {place}: {problem}"
        for place, pattern in _patterns(tables)
        if (problem := saying.problem(pattern))
    ]


def _patterns(tables: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name in ("courtesy", "before", "after"):
        yield from ((name, one) for one in tables[name])
    for word, table in tables["answers"].items():
        yield from ((f"answers.{word}", one) for key in table for one in table[key])
    for kind, table in tables["wishes"].items():
        yield from ((f"wishes.{kind}", one) for one in table["whole"])
        yield from ((f"wishes.{kind}", one) for group in table.get("holds", ()) for one in group)


def problems_of_zones(tables: Mapping[str, Any], where: str) -> list[str]:
    """Say what is wrong with `zones.toml`: places by zone; under "" those that have several."""
    found = [f"{where}: '{zone}' is no zone." for zone in tables if zone and not _is_zone(zone)]
    seen: dict[str, str] = {}
    for zone, names in tables.items():
        found += [
            f'{where}: "{name}" is in both {seen[name]} and {zone}.'
            for name in map(normalize, names)
            if seen.setdefault(name, zone) != zone
        ]
    return found
