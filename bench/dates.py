"""How natural dates are read: phrases of ours, each with the day it is said on and what it must mean.

A phrase is right, asked about though it was clear, or acted on wrongly. One of the last is too many.
`--compare` reads the same phrases with jionlp and dateparser where they are installed.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

from intents.when import NOTHING, When, when_in

PHRASES = Path(__file__).with_name("dates.toml")
RIGHT, ASKED, WRONG = "right", "asked though clear", "wrong, acted on"
Reader = Callable[[str, datetime], When]


class PhrasesError(Exception):
    """The file of phrases cannot be used; says which phrase and why."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase, the moment it is said and what it means; `wanted.ask` for any reason to ask."""

    lang: str
    phenomenon: str
    text: str
    now: datetime
    wanted: When


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a phrase."""

    phrase: Phrase
    read: When
    outcome: str


def phrases(file: Path = PHRASES) -> Iterator[Phrase]:
    """Read the phrases. Raises `PhrasesError`."""
    try:
        groups = tomllib.loads(file.read_text("utf-8"))["group"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as exc:
        raise PhrasesError(f"{file.name}: cannot be read: {exc}") from exc
    for group in groups:
        for text, meaning in group["phrases"].items():
            where = f"{file.name}: {group.get('phenomenon')}: {text!r}"
            try:
                now = group["now"]
                yield Phrase(group["lang"], group["phenomenon"], text, now, _meant(meaning, now))
            except (KeyError, ValueError, TypeError) as exc:
                raise PhrasesError(f"{where}: cannot be read: {exc}") from exc


def _meant(meaning: str, now: datetime) -> When:
    """Read a meaning as the top of the file explains it."""
    when = NOTHING
    for word in meaning.split():
        if word == "ask":
            when = When(ask="asked")
        elif word == "soonest":
            when = replace(when, soonest=True)
        elif word in ("morning", "afternoon", "evening"):
            when = replace(when, part=word)  # type: ignore[arg-type]
        elif ":" in word:
            when = _with_times(when, word)
        elif word != "-":
            first, dots, last = word.partition("..")
            begin = _day(first, now)
            when = replace(
                when, first=begin, last=_day(last, now) if last else None if dots else begin
            )
    return when


def _with_times(when: When, word: str) -> When:
    begin, dash, end = word.partition("-")
    first = time.fromisoformat(begin) if begin else None
    last = time.fromisoformat(end) if end else None if dash else first
    return replace(when, from_time=first, to_time=last)


def _day(word: str, now: datetime) -> date:
    month, day = map(int, word.split("-"))
    found = date(now.year, month, day)
    return found if found >= now.date() else date(now.year + 1, month, day)


def judge(phrase: Phrase, read: When) -> Judged:
    """Compare; asking is never wrong, and right where nobody can be sure."""
    if read.ask or (not read and phrase.wanted):
        return Judged(phrase, read, RIGHT if phrase.wanted.ask else ASKED)
    return Judged(phrase, read, RIGHT if read == phrase.wanted else WRONG)


def ours(text: str, now: datetime) -> When:
    """Read a phrase as the assistant does."""
    return when_in(text, now.date(), now.time())


def run(file: Path = PHRASES, reader: Reader = ours) -> list[Judged]:
    """Read every phrase. Raises `PhrasesError`."""
    return [judge(phrase, reader(phrase.text, phrase.now)) for phrase in phrases(file)]


def table(judged: list[Judged]) -> Mapping[tuple[str, str], Counter[str]]:
    """Count the outcomes by language and phenomenon, in the file's order."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for one in judged:
        row = found.setdefault((one.phrase.lang, one.phrase.phenomenon), Counter())
        row[one.outcome] += 1
    return found


def told(judged: list[Judged]) -> None:
    """Print the outcomes by language and phenomenon, and every phrase that is not right."""
    grid = Table("language", "phenomenon", RIGHT, ASKED, WRONG)
    for (lang, phenomenon), count in table(judged).items():
        grid.add_row(lang, phenomenon, *(str(count[name]) for name in (RIGHT, ASKED, WRONG)))
    Console().print(grid)
    for one in judged:
        if one.outcome != RIGHT:
            print(f"{one.outcome}: {one.phrase.text!r}: {one.read} in place of {one.phrase.wanted}")


def figures(file: Path = PHRASES) -> dict[str, Any]:
    """Run and return the figures of `--json`."""
    started = perf_counter()
    judged = run(file)
    seconds = perf_counter() - started
    outcomes = Counter(one.outcome for one in judged)
    return {
        "phrases": len(judged),
        "to_ask": sum(bool(one.phrase.wanted.ask) for one in judged),
        "right": outcomes[RIGHT],
        "asked_though_clear": outcomes[ASKED],
        "wrong_acted_on": outcomes[WRONG],
        "mean_ms": round(1000 * seconds / max(1, len(judged)), 3),
    }
