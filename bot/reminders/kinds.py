"""The kinds of reminders: `reminders.toml` of the content folder, read and checked.

A kind is data: when it is due, how it is told and answered, what follows where nobody answers. Staff
change and add kinds there; code knows only what a reminder can be about (`ABOUT`).
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.errors import StartError
from bot.reminders import spans
from scheduler.hours import Quiet
from scheduler.reminders import Budget, Offset, Rule, Shift, Tier

FILE = "reminders.toml"
#: What reminders can be about, and the moments each of these has.
ABOUT: Mapping[str, frozenset[str]] = {
    "visit": frozenset({"booked", "starts", "prepare"}),
    "medication": frozenset({"dose", "first", "last"}),
    "refill": frozenset({"runs_out"}),
    "revisit": frozenset({"open", "middle", "close"}),
    "checkup": frozenset({"due"}),
    "admission": frozenset({"starts"}),
    "discharge": frozenset({"day"}),
    "follow_up": frozenset({"due"}),
    "collect": frozenset({"ready"}),
    "fee": frozenset({"due"}),
    "deposit": frozenset({"low"}),
    "greeting": frozenset({"day"}),
}
#: Moments that a kind may name where it follows another that nobody answered.
AFTER = "after"
#: What a patient may answer; `bot.reminders.flow` reads the words.
ANSWERS = (
    "confirm",
    "move",
    "cancel",
    "taken",
    "snooze",
    "skip",
    "book",
    "done",
    "better",
    "worse",
    "more",
    "agree",
    "decline",
)
MERGES = ("day", "moment", "never")
#: In place of a kind that follows: a task for staff, or another channel of the same person.
STAFF, NEXT_CHANNEL = "staff", "next channel"
_LONGEST_KEY, _LONGEST_VERSION, _MOST_ANSWERS = 32, 16, 3


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of reminder.

    Attributes:
        key: its name in the file; stored with every reminder.
        about: what it is about, one of `ABOUT`.
        of: the moment it counts from.
        only: goes only where the thing has this tag.
        offset, rule: when it is due, and what keeps it from going.
        late: how long after it was due it is still useful; None: until the moment it counts from.
        merge: "day": with all else of that local day in one message; "moment": with what is due within
            minutes of it; "never": alone.
        text, line: reply templates: the whole message, and one line of a digest.
        answers: what it asks for; at most three.
        open_for: how long an answer is taken.
        channels: where it goes first, of the person's proven addresses; empty: where she asked for it.
        then: who comes next where nobody answered within `after`: a kind, STAFF or NEXT_CHANNEL.
        then_only: so only where the thing has this tag.
        follows: it is only ever planned as another's `then`.
        each: one thing has several of it that say different things: every one that is due is told.
        names: what staff call it, by language.
    """

    key: str
    about: str
    of: str
    text: str
    line: str
    names: Mapping[str, str]
    offset: Offset = field(default_factory=Offset)
    rule: Rule = field(default_factory=Rule)
    only: str | None = None
    late: timedelta | None = None
    merge: str = "day"
    answers: tuple[str, ...] = ()
    open_for: timedelta = timedelta(hours=24)
    channels: tuple[str, ...] = ()
    then: str | None = None
    then_only: str | None = None
    after: timedelta | None = None
    follows: bool = False
    each: bool = False

    def until(self, due_at: datetime, occurs_at: datetime) -> datetime | None:
        """Return when one that is due at `due_at` is too late to be useful (I-15)."""
        if self.late is not None:
            until = due_at + self.late
            return min(until, occurs_at) if self.is_before and until > occurs_at else until
        return occurs_at if self.is_before else None

    @property
    def is_before(self) -> bool:
        """Say whether it tells of something to come."""
        return self.offset.days < 0 or self.offset.minutes < 0


@dataclass(frozen=True)
class Kinds:
    """All kinds, and what holds for every one of them.

    Attributes:
        version: of the file; stored with every decision (RM-15).
        snooze: minutes that a patient may put a dose off by.
        doses_a_day: more messages of medicine a day than these are never planned (RM-08).
    """

    version: str
    kinds: Mapping[str, Kind]
    quiet: Quiet = field(default_factory=Quiet)
    shift: Shift = field(default_factory=Shift)
    budget: Budget = field(default_factory=Budget)
    snooze: tuple[int, ...] = (10, 20, 30)
    doses_a_day: int = 8

    @cached_property
    def _by_about(self) -> Mapping[str, Sequence[Kind]]:
        return {
            about: [kind for kind in self.kinds.values() if kind.about == about] for about in ABOUT
        }

    def about(self, what: str) -> Sequence[Kind]:
        """Return the kinds about something, as the file orders them."""
        return self._by_about.get(what, ())

    def get(self, key: str) -> Kind | None:
        """Return a kind; None where the file has it no more."""
        return self.kinds.get(key)


def untold(kinds: Kinds, texts: Collection[str]) -> list[str]:
    """Return a sentence for every text that a kind names and that is not there.

    Args:
        texts: the names of the reply templates.
    """
    return [
        f"{FILE}: kinds.{kind.key}: `{key}` is '{name}' (expected a text of templates/replies)"
        for kind in kinds.kinds.values()
        for key, name in (("text", kind.text), ("line", kind.line))
        if name and name not in texts
    ]


def load_kinds(folder: Path) -> Kinds:
    """Read the file of a content folder.

    Raises:
        StartError: names the file, the kind and the key of everything that cannot be used.
    """
    path = folder / FILE
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise StartError(f"{path}: cannot be read: {exc}") from exc
    kinds, problems = read_kinds(tables)
    if kinds is None or problems:
        raise StartError("\n".join(f"{FILE}: {problem}" for problem in problems))
    return kinds


def read_kinds(tables: Mapping[str, Any]) -> tuple[Kinds | None, list[str]]:
    """Return the kinds that the tables of the file say, and a sentence for all that is wrong."""
    problems = [
        f"`{name}` is not known (expected version, quiet, budget, snooze, doses_a_day, kinds)"
        for name in sorted(
            set(tables) - {"version", "quiet", "budget", "snooze", "doses_a_day", "kinds"}
        )
    ]
    version = str(tables.get("version", ""))
    if not 0 < len(version) <= _LONGEST_VERSION:
        problems.append(f"`version` must be there, with at most {_LONGEST_VERSION} characters")
    kinds: dict[str, Kind] = {}
    for key, table in tables.get("kinds", {}).items():
        try:
            kinds[key] = _kind(key, table)
        except (spans.SpanError, KeyError, TypeError, ValueError) as exc:
            problems.append(f"kinds.{key}: {_sentence(exc)}")
    problems += _dangling(kinds)
    try:
        quiet, shift = _quiet(tables.get("quiet", {}))
        budget = Budget(**tables.get("budget", {}))
        snooze = tuple(int(minutes) for minutes in tables.get("snooze", (10, 20, 30)))
        doses_a_day = int(tables.get("doses_a_day", 8))
    except (spans.SpanError, TypeError, ValueError) as exc:
        return None, [*problems, f"quiet, budget, snooze or doses_a_day: {_sentence(exc)}"]
    return Kinds(version, kinds, quiet, shift, budget, snooze, doses_a_day), problems


def _quiet(table: Mapping[str, str]) -> tuple[Quiet, Shift]:
    read: dict[str, time] = {name: spans.clock(str(value)) for name, value in table.items()}
    hours = {name: read.pop(name) for name in ("start", "end") if name in read}
    return Quiet(**hours), Shift(**read)


def _kind(key: str, table: Mapping[str, Any]) -> Kind:
    given = dict(table)
    if len(key) > _LONGEST_KEY:
        raise ValueError(f"the name has more than {_LONGEST_KEY} characters")
    about = given.pop("about")
    if about not in ABOUT:
        raise ValueError(f"`about` is '{about}' (expected one of {', '.join(ABOUT)})")
    when = given.pop("when", {})
    follows = bool(given.get("follows", False))
    of = AFTER if follows else str(when.get("of", next(iter(sorted(ABOUT[about])))))
    if not follows and of not in ABOUT[about]:
        raise ValueError(f"`when.of` is '{of}' (expected {', '.join(sorted(ABOUT[about]))})")
    rule_names = {one.name for one in fields(Rule)}
    rule = {name: given.pop(name) for name in sorted(rule_names & set(given))}
    if "tier" in rule:
        rule["tier"] = Tier[str(rule["tier"]).upper()]
    for name in ("late", "after", "open_for"):
        if name in given:
            given[name] = spans.span(str(given[name]))
    for name in ("answers", "channels"):
        if name in given:
            given[name] = tuple(given[name])
    made = Kind(
        key=key, about=about, of=of, offset=spans.offset(when), rule=Rule(**rule),
        names=given.pop("names"), text=given.pop("text"), line=given.pop("line", ""), **given,
    )  # fmt: skip
    _check(made)
    return made


def _check(kind: Kind) -> None:
    if unknown := set(kind.answers) - set(ANSWERS):
        raise ValueError(
            f"`answers`: {', '.join(sorted(unknown))} (expected of {', '.join(ANSWERS)})"
        )
    if len(kind.answers) > _MOST_ANSWERS:
        raise ValueError(f"`answers`: at most {_MOST_ANSWERS}")
    if kind.merge not in MERGES:
        raise ValueError(f"`merge` is '{kind.merge}' (expected one of {', '.join(MERGES)})")
    if kind.merge != "never" and not kind.line:
        raise ValueError("`line` is missing: what it says in a digest")
    if (kind.then is None) != (kind.after is None):
        raise ValueError("`then` and `after` go together")


def _dangling(kinds: Mapping[str, Kind]) -> list[str]:
    known = {STAFF, NEXT_CHANNEL, *(key for key, kind in kinds.items() if kind.follows)}
    return [
        f"kinds.{kind.key}: `then` is '{kind.then}' (expected {STAFF}, {NEXT_CHANNEL} or a kind with "
        "`follows = true`)"
        for kind in kinds.values()
        if kind.then is not None and kind.then not in known
    ]


def _sentence(exc: Exception) -> str:
    return f"{exc} is missing" if isinstance(exc, KeyError) else str(exc)
