"""Messages as people really write them, by what makes them hard, and whether one was understood.

The rows are ours (`tests/intents/challenge/*.toml`, one file a phenomenon); whoever runs them says in an
`Outcome` what would have come of each. Pure but for reading the rows.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

#: What a row may expect, at least one of them; `or` are intents that are as right as `intent`.
EXPECTED = (
    "intent", "intents", "request", "act", "not_act", "unknown", "choice", "day", "at", "doctor",
    "department", "drug",
)  # fmt: skip
#: Kinds of names that a row may expect.
NAMED = ("doctor", "department", "drug")
#: Acts that change something, or agree to it; a message that must not act says none of them.
CHANGING = frozenset({"stop", "start", "cancel", "yes", "unbind"})
#: The intent that says what is none of the hospital's business.
OFF_TOPIC = "assistant.off_topic"


class ChallengeError(Exception):
    """The rows cannot be used; says which file, which row, and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """Messages of one patient, seconds apart, and what they mean together.

    Attributes:
        expected: as in the file, by the names of `EXPECTED`, and `or`.
    """

    say: tuple[str, ...]
    expected: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Phenomenon:
    """Rows that are hard for one reason; `floor` is the share that must be understood."""

    name: str
    title: str
    floor: float
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the last message of a row, and of all of them.

    Attributes:
        answered: intents whose answer was given, in order.
        offered: intents among which the patient may choose.
        requests: what was begun to be done at her request, by any of the messages.
        acts: the whole-message acts of all of them.
        named: (kind, name) of all that was found, or offered as nearly spelt.
    """

    answered: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    choice: int | None = None
    day: date | None = None
    at: time | None = None
    named: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Judged:
    """How one phenomenon went; `failures` are (row, what came of it)."""

    phenomenon: Phenomenon
    passed: int
    failures: tuple[tuple[Row, Outcome], ...] = field(repr=False)

    @property
    def rate(self) -> float:
        """The share of rows that were understood."""
        return self.passed / len(self.phenomenon.rows)


def acted(outcome: Outcome) -> bool:
    """Say whether anything was begun, or agreed to."""
    return bool(outcome.requests) or bool(CHANGING.intersection(outcome.acts))


def is_right(row: Row, outcome: Outcome) -> bool:
    """Say whether all that a row expects came of it."""
    return all(
        _RULES[name](wanted, outcome, row)
        for name, wanted in row.expected.items()
        if name in _RULES
    )


def judge(phenomenon: Phenomenon, play: Callable[[Row], Outcome]) -> Judged:
    """Play every row of a phenomenon."""
    played = [(row, play(row)) for row in phenomenon.rows]
    wrong = tuple((row, outcome) for row, outcome in played if not is_right(row, outcome))
    return Judged(phenomenon, len(played) - len(wrong), wrong)


def _told(intent: str, outcome: Outcome) -> bool:
    return intent in outcome.answered or intent in outcome.offered


def _intent(wanted: str, outcome: Outcome, row: Row) -> bool:
    meant = (wanted, *row.expected.get("or", ()))
    done = any(one in outcome.requests for one in meant)
    return done or any(_told(one, outcome) for one in meant)


def _asked(wanted: str, outcome: Outcome, row: Row) -> bool:
    if wanted in outcome.requests:
        return True
    return any(_told(one, outcome) for one in row.expected.get("or", ()))


def _unknown(_wanted: bool, outcome: Outcome, _row: Row) -> bool:
    others = {*outcome.answered, *outcome.offered} - {OFF_TOPIC}
    honest = OFF_TOPIC in outcome.answered or not others
    return honest and not acted(outcome)


def _names(kind: str) -> Callable[[Any, Outcome, Row], bool]:
    return lambda wanted, outcome, _row: (kind, wanted) in outcome.named


_RULES: Mapping[str, Callable[[Any, Outcome, Row], bool]] = {
    "intent": _intent,
    "intents": lambda wanted, outcome, _row: all(_told(one, outcome) for one in wanted),
    "request": _asked,
    "act": lambda wanted, outcome, _row: wanted in outcome.acts,
    "not_act": lambda _wanted, outcome, _row: not acted(outcome),
    "unknown": _unknown,
    "choice": lambda wanted, outcome, _row: wanted == outcome.choice,
    "day": lambda wanted, outcome, _row: outcome.day == date.fromisoformat(wanted),
    "at": lambda wanted, outcome, _row: outcome.at == time.fromisoformat(wanted),
    **{kind: _names(kind) for kind in NAMED},
}


def read_challenge(folder: Path, intents: Iterable[str]) -> list[Phenomenon]:
    """Read every file of a folder; `intents` are those that rows may name.

    Raises:
        ChallengeError: names the file and the row.
    """
    known = frozenset(intents)
    found = [_phenomenon(path, known) for path in sorted(folder.glob("*.toml"))]
    if not found:
        raise ChallengeError(f"{folder}: no TOML file with messages is there")
    return found


def _phenomenon(path: Path, known: frozenset[str]) -> Phenomenon:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        rows = tuple(
            _row(one, f"{path.name}: row {place}", known)
            for place, one in enumerate(table["rows"], 1)
        )
        if not rows:
            raise ChallengeError(f"{path.name}: no row is there")
        return Phenomenon(path.stem, str(table["title"]), float(table["floor"]), rows)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ChallengeError(f"{path.name}: cannot be read: {exc}") from exc
    except KeyError as exc:
        raise ChallengeError(f"{path.name}: {exc} is missing") from exc


def _row(one: Mapping[str, Any], where: str, known: frozenset[str]) -> Row:
    said = one.get("say")
    say: Sequence[str] = [said] if isinstance(said, str) else said or []
    expected = {name: value for name, value in one.items() if name != "say"}
    if not say or not all(isinstance(text, str) and text for text in say):
        raise ChallengeError(f"{where}: `say` must be a message, or several")
    if not any(name in EXPECTED for name in expected):
        raise ChallengeError(f"{where}: nothing is expected of it")
    if strange := sorted(set(expected) - {*EXPECTED, "or"}):
        raise ChallengeError(f"{where}: `{strange[0]}` is not known")
    named = [expected.get("intent"), *expected.get("intents", ()), *expected.get("or", ())]
    for intent in named:
        if intent and "." in intent and intent not in known:
            raise ChallengeError(f"{where}: no intent is called {intent}")
    return Row(tuple(say), expected)
