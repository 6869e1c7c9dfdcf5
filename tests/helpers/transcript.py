"""How a transcript is read: its lines become moments and steps, or an error that names the line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.helpers.world import PATIENTS, STAFF, Colleague, Patient

CHANNELS = ("webchat", "text", "wechat", "telegram")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHEN = re.compile(
    r"(?:(?P<day>[A-Za-z]{3}) )?(?:(?P<date>\d{4}-\d\d-\d\d) )?(?P<hour>\d\d):(?P<minute>\d\d)"
    r"(?: (?P<zone>[A-Za-z_]+/[A-Za-z_/]+))?"
)
LATER = re.compile(r"\+(\d{1,4}) (min|h|days?)")
_SILENT = re.compile(r"\(bot is silent(?:: .+)?\)")
_WITH_WORDS = ("says", "books")
_ACTIONS = ("claims", "takes over", "gives back")
_HOSPITAL, TIME_PASSES = "医院", "(time passes)"
#: What the hospital does, and what is said of it: words, and how many at least.
_DOES = {"stops": 2, "fills": 2, "frees": 2, "numbers": 1, "calls": 1, "passes": 1, "plans": 2}
_NUMBER = re.compile(r"[1-9]\d{0,3}")


class TranscriptError(Exception):
    """A transcript cannot be read; the sentence names file and line."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`@`: changes to when, where and who; None leaves it as it was."""

    line: int
    when: str | None = None
    channel: str | None = None
    patient: Patient | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """`>` or `!` and the `<` that follow it.

    Attributes:
        says: what the patient writes; None where staff act.
        acts: what staff do, or the hospital where `colleague` is None, as (action, words).
        expects: (line, pattern) of every message the patient sees.
    """

    line: int
    shown: str
    says: str | None = None
    colleague: Colleague | None = None
    acts: tuple[tuple[str, str], ...] = ()
    expects: list[tuple[int, str]] = field(default_factory=list)
    silent: bool = False


def read(text: str, name: str) -> list[Moment | Step]:
    """Read a transcript. Raises `TranscriptError`, naming `name` and the line."""
    steps: list[Moment | Step] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line and not line.startswith("#"):
            try:
                _take(line, number, steps)
            except ValueError as exc:
                raise TranscriptError(f"{name}:{number}: {exc}") from exc
    for step in steps:
        if isinstance(step, Step) and not step.expects and not step.silent:
            raise TranscriptError(
                f"{name}:{step.line}: nothing says what comes of it "
                "(expected < lines, or '(bot is silent: why)')"
            )
    if not any(isinstance(step, Step) for step in steps):
        raise TranscriptError(f"{name}:1: nobody says anything (expected a > line)")
    return steps


def _take(line: str, number: int, steps: list[Moment | Step]) -> None:
    mark, rest = line[0], line[1:].strip()
    last = steps[-1] if steps else None
    if mark == "@":
        steps.append(_moment(rest, number))
    elif mark in ">!":
        _needs_somebody(steps)
        if not rest:
            raise ValueError(f"nothing stands after {mark}")
        steps.append(Step(number, line, says=rest) if mark == ">" else _staff(rest, number, line))
    elif mark == "<" or _SILENT.fullmatch(line):
        if not isinstance(last, Step):
            raise ValueError("nobody has said anything yet (expected a > or ! line before it)")
        if last.silent or (mark != "<" and last.expects):
            raise ValueError("the bot cannot speak and be silent at once")
        if mark == "<":
            last.expects.append((number, rest))
        else:
            steps[-1] = Step(
                last.line, last.shown, last.says, last.colleague, last.acts, silent=True
            )
    else:
        raise ValueError(
            "not a line of a transcript (expected > < ! @ # or '(bot is silent: why)')"
        )


def _needs_somebody(steps: Sequence[Moment | Step]) -> None:
    moments = [step for step in steps if isinstance(step, Moment)]
    if not any(moment.patient for moment in moments):
        raise ValueError(
            f"who writes? (expected a line such as @ Wed 2026-11-18 10:00, {_names()})"
        )


def _moment(rest: str, number: int) -> Moment:
    values: dict[str, str | Patient] = {}
    for part in (piece.strip() for piece in rest.split(",")):
        name, value = _piece(part)
        if name in values:
            raise ValueError(f"'{part}': there is a {name} already")
        values[name] = value
    return Moment(number, **values)  # type: ignore[arg-type]


def _piece(part: str) -> tuple[str, str | Patient]:
    if part in CHANNELS:
        return "channel", part
    if part in PATIENTS:
        return "patient", PATIENTS[part]
    if LATER.fullmatch(part):
        return "when", part
    if found := WHEN.fullmatch(part):
        _check_when(part, found)
        return "when", part
    raise ValueError(
        f"'{part}' is no time, channel or patient (expected Wed 2026-11-18 10:00, 18:00, +20 min; "
        f"{', '.join(CHANNELS)}; {_names()})"
    )


def _check_when(part: str, found: "re.Match[str]") -> None:
    if found["day"] and found["day"].lower() not in DAYS:
        raise ValueError(f"'{found['day']}' is not a day (expected Mon Tue Wed Thu Fri Sat Sun)")
    if found["date"]:
        date = datetime.fromisoformat(found["date"])
        if found["day"] and date.weekday() != DAYS.index(found["day"].lower()):
            raise ValueError(f"{found['date']} is a {date:%a}, not a {found['day']}")
    if int(found["hour"]) > 23 or int(found["minute"]) > 59:
        raise ValueError(f"'{part}' is not a time of day")


def _names() -> str:
    return " or ".join(PATIENTS)


def _staff(rest: str, number: int, shown: str) -> Step:
    if rest == TIME_PASSES:
        return Step(number, shown, acts=((TIME_PASSES, ""),))
    if rest.startswith(_HOSPITAL):
        return Step(number, shown, acts=(_hospital(rest[len(_HOSPITAL) :].strip()),))
    colleague = next((STAFF[name] for name in STAFF if rest.startswith(name)), None)
    if colleague is None:
        raise ValueError(
            f"who acts? (expected one of {', '.join((*STAFF, _HOSPITAL, TIME_PASSES))})"
        )
    acts = []
    for piece in rest[len(colleague.name) :].split(";"):
        action, _, words = piece.strip().partition(":")
        known = action in (*_ACTIONS, *_WITH_WORDS)
        if not known or (action in _WITH_WORDS) != bool(words.strip()):
            raise ValueError(
                f"'{piece.strip()}' is no action (expected {', '.join(_ACTIONS)} or says: …)"
            )
        acts.append((action, words.strip()))
    return Step(number, shown, colleague=colleague, acts=tuple(acts))


def _hospital(rest: str) -> tuple[str, str]:
    action, _, words = (piece.strip() for piece in rest.partition(":"))
    said = [word.strip() for word in words.split(",") if word.strip()]
    if action not in _DOES or len(said) < _DOES[action]:
        raise ValueError(f"'{rest}' is nothing a hospital does (expected {', '.join(_DOES)}: …)")
    if _DOES[action] == 1:
        if not _NUMBER.fullmatch(said[0]):
            raise ValueError(f"'{said[0]}' is not a number in a line (expected like 7)")
    elif action != "plans":
        _check_when(said[1], WHEN.fullmatch(f"{said[1]} 00:00") or _no_day(said[1]))
    return action, words


def _no_day(words: str) -> "re.Match[str]":
    raise ValueError(f"'{words}' is not a day (expected like 2026-11-25)")
