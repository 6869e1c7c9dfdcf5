"""Read what is said to reminders: answers to them ("吃了", "改期") and wishes about them ("今天别再提醒").

The words are content (`reminders.toml` of each language, `zones.toml`). An answer is a whole message that
is nothing but an answer and courtesies; a question, a doubt, or two answers at once are none.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from intents.normalize import normalize, strip_fillers
from intents.said import Pattern, any_of, minutes_in

#: Answers to a reminder; the last three answer none by themselves.
ANSWERS = (
    *("confirm", "move", "cancel", "taken", "snooze", "skip", "book", "done", "better", "worse", "more"),
    *("yes", "not_yet", "thanks"),
)
#: What may be asked of reminders, in this order: the narrower before the wider.
WISHES = (
    *("why_not", "reminders_off", "reminders_on", "mute_today", "resume_reminders", "best_time", "zone"),
    *("reminders_mine", "remind_checkup", "remind_medicine", "pause_reminders", "fewer_reminders"),
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
_DOUBT = re.compile(r"[?]|[吗么]$|(?:没|不)(?:有)?$|[吧嘛]$")
#: Of something asked for, courtesy ends like a doubt.
_ASKED_FOR = frozenset({"move", "cancel", "snooze", "book", "more"})
_SURELY_ASKS = re.compile(r"[?]|[吗么]$")
_IANA = re.compile(r"\b[a-z]+(?:/[a-z_-]+){1,2}\b")
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
    whole: Sequence[Pattern]
    holds: Sequence[re.Pattern[str]]
    never: re.Pattern[str]


class _Language:
    """The words of one language, compiled."""

    def __init__(self, tables: Mapping[str, Any], places: str) -> None:
        about = tables["about"]
        self.about = [(word, name) for name, words in about.items() for word in map(normalize, words)]
        self.about.sort(key=lambda one: -len(one[0]))
        names = {"about": any_of(word for word, _ in self.about), "place": places}
        self.courtesy = [Pattern(one, names) for one in tables["courtesy"]]
        self.answers = [
            (word, sure == "sure", Pattern(one, names))
            for word in ANSWERS
            if word in tables["answers"]
            for sure in ("sure", "plain")
            for one in tables["answers"][word].get(sure, ())
        ]
        self.never = re.compile(any_of(tables["guards"]["never"]))
        self.wishes = [
            _asked(kind, tables["wishes"][kind], tables["guards"], names) for kind in WISHES
        ]


class Reminding:
    """The words of every language; `Reminding({}, {})` knows none."""

    def __init__(
        self, languages: Mapping[str, Mapping[str, Any]], zones: Mapping[str, Sequence[str]]
    ) -> None:
        """Take the tables of each language's `reminders.toml` and of `zones.toml`, already checked."""
        self._zones = {normalize(name): zone for zone, names in zones.items() for name in names}
        self._iana = {zone.lower(): zone for zone in available_timezones() if "/" in zone}
        places = f"{any_of(self._zones)}|{_IANA.pattern}" if zones else r"(?!)"
        self._places = re.compile(places)
        self._languages = [_Language(tables, places) for tables in languages.values()]

    def answer(self, text: str) -> Said | None:
        """Return what a whole message answers; None where it is no answer or not surely one."""
        plain = normalize(text)
        if not plain or len(plain) > _LONGEST_ANSWER:
            return None
        clauses = [one for one in (part.strip() for part in _BREAK.split(plain)) if one]
        found = [self._clause(clause) for clause in clauses]
        if not found or any(one is None for one in found):
            return None
        said = [one for one in found if one is not None]
        meant = {one.word for one in said} - {"yes", "thanks"}
        if len(meant) > 1:
            return None
        word = next(iter(meant), None)
        chosen = [one for one in said if one.word == word] if word else said
        best = next((one for one in chosen if one.word != "thanks"), chosen[0])
        doubt = _SURELY_ASKS if best.word in _ASKED_FOR else _DOUBT
        if doubt.search(plain):
            return None
        minutes = minutes_in(plain) if best.word == "snooze" else None
        return Said(best.word, any(one.sure for one in chosen), minutes)

    def _clause(self, clause: str) -> Said | None:
        for language in self._languages:
            for word, sure, pattern in language.answers:
                if pattern.is_whole(clause) and not (pattern.is_loose and language.never.search(clause)):
                    return Said(word, sure)
            if any(pattern.is_whole(clause) for pattern in language.courtesy):
                return Said("thanks")
        return None

    def wish(self, text: str) -> Wish | None:
        """Return what a message plainly asks of reminders; None where that is not sure."""
        plain = normalize(text)
        if not plain or len(plain) > _LONGEST_WISH:
            return None
        said = _EDGES.sub("", strip_fillers(plain))
        for kind in WISHES:
            for language, one in ((one, one.wishes[WISHES.index(kind)]) for one in self._languages):
                if self._asks(one, said, plain):
                    return Wish(kind, self._named(kind, said, language))
        return None

    def _asks(self, one: _Asked, said: str, plain: str) -> bool:
        clauses = [said, _EDGES.sub("", plain), *filter(None, map(str.strip, _BREAK.split(said)))]
        if any(form.is_whole(clause) for form in one.whole for clause in clauses[:2]):
            return True
        if one.never.search(said):
            return False
        if len(clauses) > 2 and any(f.is_whole(c) for f in one.whole for c in clauses[2:]):  # noqa: PLR2004
            return True
        return bool(one.holds) and all(form.search(said) for form in one.holds)

    def _named(self, kind: str, said: str, language: _Language) -> str | None:
        if kind == "zone":
            return self.zone(said)
        if kind in ("reminders_off", "reminders_on"):
            return next((name for word, name in language.about if word in said), None)
        return None

    def zone(self, text: str) -> str | None:
        """Return the zone of the place that a text names: empty where it has several, None where none."""
        found = self._places.search(normalize(text))
        if found is None:
            return None
        place = found[0]
        return self._zones[place] if place in self._zones else self._iana.get(place)


def _asked(
    kind: str, table: Mapping[str, Any], guards: Mapping[str, list[str]], names: Mapping[str, str]
) -> _Asked:
    words = [
        word
        for guard in _GUARDS
        if guard not in _UNGUARDED.get(kind, frozenset())
        for word in guards[guard]
    ]
    never = any_of([*words, *table.get("never", ())])
    return _Asked(
        kind,
        [Pattern(one, names) for one in table["whole"]],
        [re.compile("|".join(Pattern(one, names).source for one in group)) for group in table.get("holds", ())],
        re.compile(never),
    )


def problems_of_reminding(tables: Mapping[str, Any], where: str) -> list[str]:
    """Say what is wrong with the tables of one `reminders.toml`."""
    shape: Mapping[str, Iterable[str]] = {
        "answers": ANSWERS,
        "wishes": WISHES,
        "guards": (*_GUARDS, "never"),
    }
    known = {"courtesy", "about", *shape}
    found = [f"{where}: the table `{name}` is missing." for name in sorted(known - set(tables))]
    found += [f"{where}: `{name}` is not known." for name in sorted(set(tables) - known)]
    if found:
        return found
    for name, keys in shape.items():
        found += [f"{where}: {name}: `{one}` is missing." for one in keys if one not in tables[name]]
        found += [
            f"{where}: {name}: `{one}` is not known." for one in sorted(set(tables[name]) - set(keys))
        ]
    return found + [
        f"{where}: {place}: {problem}"
        for place, pattern in _patterns(tables)
        if (problem := Pattern.problem(pattern))
    ]


def _patterns(tables: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield from (("courtesy", one) for one in tables["courtesy"])
    for word, table in tables["answers"].items():
        yield from ((f"answers.{word}", one) for key in table for one in table[key])
    for kind, table in tables["wishes"].items():
        yield from ((f"wishes.{kind}", one) for one in table["whole"])
        yield from ((f"wishes.{kind}", one) for group in table.get("holds", ()) for one in group)


def problems_of_zones(tables: Mapping[str, Any], where: str) -> list[str]:
    """Say what is wrong with `zones.toml`: places by zone; under "" those that have several."""
    known = available_timezones()
    found = [f"{where}: '{zone}' is no zone." for zone in tables if zone and zone not in known]
    seen: dict[str, str] = {}
    for zone, names in tables.items():
        found += [
            f'{where}: "{name}" is in both {seen[name]} and {zone}.'
            for name in map(normalize, names)
            if seen.setdefault(name, zone) != zone
        ]
    return found

