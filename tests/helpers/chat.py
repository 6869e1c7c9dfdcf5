"""Transcripts: a conversation written down as nurses read it, played on the whole application.

    # A comment.
    @ Wed 2026-11-18 10:00 Asia/Shanghai, webchat, 小林
    > 停车多少钱
    < …智能助手…
    < …每小时4元… [转人工]
    > [转人工]
    < 好的，已为您转给工作人员…
    ! 李护士 claims; says: 您好，我是护士小李。
    < 李护士来为您服务了。
    < 您好，我是护士小李。
    > 停车场几点关
    (bot is silent: a person holds the conversation)

`>` a patient writes, or taps a [button], or takes (1), the first choice, by tap or digit as the channel
has it, or (looks), or types (the code) that her phone was sent, or (a wrong code); `<` one message she
sees, `…` standing for anything, line breaks for spaces, (emergency) and the like before it for its kind,
[labels] after it for its buttons; `!` staff: claims, takes over, says: …, gives back, books:
<name>, <date>[, <date> …] (a visit with Dr Li, and free places on the other dates); `(the digits)`
are the four that a question asks for; `@` when, where and who: a moment, a time of day, `+20 min`;
a channel; a name. Everything a patient is told must stand there. A transcript with the comment `#
everywhere` is played on every channel, whatever channel it names; one message may then hold several
of its lines.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.message import Button, Kind, Worded
from tests.helpers.world import PATIENTS, STAFF, Colleague, Patient, World, next_time

CHANNELS = ("webchat", "text", "wechat", "telegram")
EVERYWHERE = "# everywhere"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHEN = re.compile(
    r"(?:(?P<day>[A-Za-z]{3}) )?(?:(?P<date>\d{4}-\d\d-\d\d) )?(?P<hour>\d\d):(?P<minute>\d\d)"
    r"(?: (?P<zone>[A-Za-z_]+/[A-Za-z_/]+))?"
)
_LATER = re.compile(r"\+(\d{1,4}) (min|h|days?)")
_SILENT = re.compile(r"\(bot is silent(?:: .+)?\)")
_KIND = re.compile(rf"\(({'|'.join(kind.value for kind in Kind)})\) ?")
_TAP = re.compile(r"\[(.+)\]")
_CHOICE = re.compile(r"\(([1-9])\)")
_LOOKS, _CODE, _WRONG_CODE = "(looks)", "(the code)", "(a wrong code)"
_DIGITS, _ASKED = "(the digits)", re.compile(r"(?:回复|reply) (\d{4}) ")
_WITH_WORDS = ("says", "books")
_ACTIONS = ("claims", "takes over", "gives back")
_SPACE = re.compile(r"\s+")


class TranscriptError(Exception):
    """A transcript cannot be read; the sentence names file and line."""


class TranscriptMismatch(AssertionError):
    """The bot said something else than the transcript; shows both."""


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
        acts: what staff do, as (action, words).
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
    if _LATER.fullmatch(part):
        return "when", part
    if found := _WHEN.fullmatch(part):
        _check_when(part, found)
        return "when", part
    raise ValueError(
        f"'{part}' is no time, channel or patient (expected Wed 2026-11-18 10:00, 18:00, +20 min; "
        f"{', '.join(CHANNELS)}; {_names()})"
    )


def _check_when(part: str, found: "re.Match[str]") -> None:
    if found["day"] and found["day"].lower() not in _DAYS:
        raise ValueError(f"'{found['day']}' is not a day (expected Mon Tue Wed Thu Fri Sat Sun)")
    if found["date"]:
        date = datetime.fromisoformat(found["date"])
        if found["day"] and date.weekday() != _DAYS.index(found["day"].lower()):
            raise ValueError(f"{found['date']} is a {date:%a}, not a {found['day']}")
    if int(found["hour"]) > 23 or int(found["minute"]) > 59:
        raise ValueError(f"'{part}' is not a time of day")


def _names() -> str:
    return " or ".join(PATIENTS)


def _staff(rest: str, number: int, shown: str) -> Step:
    colleague = next((STAFF[name] for name in STAFF if rest.startswith(name)), None)
    if colleague is None:
        raise ValueError(f"who acts? (expected one of {', '.join(STAFF)})")
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


def shown(worded: Worded) -> str:
    """Return a message as one line of a transcript."""
    buttons = "".join(f" [{button.label}]" for button in worded.buttons)
    return _plain(worded.text) + buttons


def matches(pattern: str, worded: Worded) -> bool:
    """Say whether a `<` line stands for this message."""
    kind = _KIND.match(pattern)
    if kind is not None and kind[1] != worded.kind.value:
        return False
    wanted = _plain(pattern[kind.end() :] if kind else pattern)
    expression = ".*".join(re.escape(part) for part in wanted.split("…"))
    return any(
        re.fullmatch(expression, said, re.DOTALL) for said in (_plain(worded.text), shown(worded))
    )


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


class Player:
    """Plays a transcript in a world; stops at the first word that is not as written."""

    def __init__(self, world: World, name: str, channel: str | None = None) -> None:
        self._world = world
        self._name = name
        self._zone = ZoneInfo("Asia/Shanghai")
        self._only = channel
        self._channel = channel or "webchat"
        self._patient: Patient | None = None
        self._seen: dict[tuple[str, str], list[Worded]] = {}
        self.heard: list[str] = []

    async def play(self, steps: Sequence[Moment | Step]) -> None:
        """Play it. Raises `TranscriptMismatch`."""
        for step in steps:
            if isinstance(step, Moment):
                self._move(step)
            else:
                said = await self._do(step)
                self.heard += [step.shown, *(f"< {shown(worded)}" for worded in said)]
                self._compare(step, said)

    def _move(self, moment: Moment) -> None:
        self._channel = self._only or moment.channel or self._channel
        self._patient = moment.patient or self._patient
        if moment.when is not None:
            self._world.clock.now = self._instant(moment.when).astimezone(UTC)

    def _instant(self, when: str) -> datetime:
        now = self._world.clock.now
        if later := _LATER.fullmatch(when):
            unit = {"min": "minutes", "h": "hours", "day": "days", "days": "days"}[later[2]]
            return now + timedelta(**{unit: int(later[1])})
        found = _WHEN.fullmatch(when)
        assert found is not None
        if found["zone"]:
            self._zone = ZoneInfo(found["zone"])
        hour, minute = int(found["hour"]), int(found["minute"])
        if found["date"]:
            day = datetime.fromisoformat(found["date"])
            return day.replace(hour=hour, minute=minute, tzinfo=self._zone)
        weekday = _DAYS.index(found["day"].lower()) if found["day"] else None
        return next_time(now.astimezone(self._zone), hour, minute, weekday)

    async def _do(self, step: Step) -> list[Worded]:
        patient = self._patient
        assert patient is not None
        seen = self._seen.setdefault((patient.name, self._channel), [])
        if step.says == _LOOKS:
            said = await self._world.hears(patient, self._channel)
        elif step.says is not None:
            words = await self._words(step, seen, patient)
            said = await self._world.says(patient, self._channel, words)
        else:
            said = []
            for action, words in step.acts:
                await self._act(step, action, words, patient)
                said += await self._world.hears(patient, self._channel)
        seen += said
        return said

    async def _act(self, step: Step, action: str, words: str, patient: Patient) -> None:
        assert step.colleague is not None
        who = (step.colleague, patient, self._channel)
        if action == "says":
            await self._world.replies(*who, words)
        elif action == "books":
            await self._world.books(patient, self._channel, *words.split(", "))
        elif action == "claims":
            await self._world.claims(*who)
        elif action == "takes over":
            await self._world.takes_over(*who)
        else:
            await self._world.gives_back(*who)

    async def _words(self, step: Step, seen: Sequence[Worded], patient: Patient) -> str:
        """Return what is sent: the words, the value of the last button with this label, or a code."""
        if step.says == _CODE:
            return await self._world.code_of(patient)
        if step.says == _WRONG_CODE:
            code = await self._world.code_of(patient)
            return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
        if choice := _CHOICE.fullmatch(step.says or ""):
            taps = (b for b in _buttons(seen[-1:]) if b.label.startswith(f"{choice[1]} "))
            return next((button.value for button in taps), choice[1])
        if step.says == _DIGITS:
            found = [_ASKED.search(worded.text) for worded in seen]
            return [one[1] for one in found if one][-1]
        tap = _TAP.fullmatch(step.says or "")
        if tap is None:
            return step.says or ""
        for button in _buttons(seen):
            if button.label == tap[1]:
                return button.value
        raise TranscriptMismatch(f"{self._name}:{step.line}: no button [{tap[1]}] was shown")

    def _compare(self, step: Step, said: Sequence[Worded]) -> None:
        wanted = [pattern for _, pattern in step.expects]
        if self._only and wanted and self._world.joins(self._channel):
            wanted = ["…".join(_KIND.sub("", pattern) for pattern in wanted)]
        if len(wanted) == len(said) and all(map(matches, wanted, said)):
            return
        raise TranscriptMismatch("\n".join(self._difference(step, wanted, said)))

    def _difference(
        self, step: Step, wanted: Sequence[str], said: Sequence[Worded]
    ) -> Iterator[str]:
        yield f"{self._name}:{step.line}: expected (-) and said (+)"
        yield f"  {step.shown}"
        if step.silent:
            yield "- (bot is silent)"
        for place in range(max(len(wanted), len(said))):
            pattern = wanted[place] if place < len(wanted) else None
            worded = said[place] if place < len(said) else None
            if pattern is not None and worded is not None and matches(pattern, worded):
                yield f"  < {pattern}"
                continue
            if pattern is not None:
                yield f"- < {pattern}"
            if worded is not None:
                yield f"+ < ({worded.kind.value}) {shown(worded)}"


def _buttons(seen: Sequence[Worded]) -> Iterator[Button]:
    for worded in reversed(seen):
        yield from worded.buttons


def channels_of(path: Path) -> tuple[str | None, ...]:
    """Return the channels that a transcript is played on; None for those it names itself."""
    return CHANNELS if EVERYWHERE in path.read_text("utf-8").splitlines() else (None,)


async def play_file(path: Path, world: World, channel: str | None = None) -> Player:
    """Read and play one file; return the player, which remembers what was heard."""
    text = path.read_text("utf-8")  # noqa: ASYNC240  (a page of text, before anything runs)
    player = Player(world, path.name, channel)
    await player.play(read(text, path.name))
    return player
