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
    ! 医院 stops: 李明远, 2026-11-25, morning, 外出
    (bot is silent: nothing of hers is touched)

`>` a patient writes, or taps a [button], or takes (1), the first choice, by tap or digit as the
channel has it, or (looks), or types (the code) that her phone was sent, or (a wrong code); `<` one
message she sees, `…` standing for anything, line breaks for spaces, (emergency) and the like before it
for its kind, [labels] after it for its buttons; `!` staff: claims, takes over, says: …, gives back,
books: <name>, <date>[, <date> …] (a visit with Dr Li, and free places on the other dates); `! 医院` the
hospital: stops: <doctor>, <date>[, <part>][, <reason>]; fills: <doctor>, <date>[, <part>] (no place
but those taken); frees: the same (one place, after that); and of the patient's clinic today: numbers:
<n> (hers in the line), calls: <n>[, <room>], passes: <n>; plans: <kind>, <name>[, <first day>[, <last
day>]][, <field>=<value> …] (a care plan of somebody she books for); `! (time passes)` lets what the
bot does by itself run once; `(the digits)` are the four that a question asks for; `@` when, where and
who: a moment, a time of day, `+20 min`; a channel; a name. Everything a patient is told must stand
there. A transcript with the comment `# everywhere` is played on every channel, whatever channel it
names; one message may then hold several of its lines.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.message import Button, Kind, Worded
from tests.helpers.hospital_side import part_of
from tests.helpers.transcript import (
    CHANNELS,
    DAYS,
    LATER,
    TIME_PASSES,
    WHEN,
    Moment,
    Step,
    read,
)
from tests.helpers.world import Patient, World, next_time

EVERYWHERE = "# everywhere"
_KIND = re.compile(rf"\(({'|'.join(kind.value for kind in Kind)})\) ?")
_TAP = re.compile(r"\[(.+)\]")
_CHOICE = re.compile(r"\(([1-9])\)")
_TYPED = re.compile(r"^([1-8]) ", re.MULTILINE)
_LOOKS, _CODE, _WRONG_CODE = "(looks)", "(the code)", "(a wrong code)"
_DIGITS, _ASKED = "(the digits)", re.compile(r"(?:回复|reply) (\d{4}) ")
_SPACE = re.compile(r"\s+")


class TranscriptMismatch(AssertionError):
    """The bot said something else than the transcript; shows both."""


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
        if later := LATER.fullmatch(when):
            unit = {"min": "minutes", "h": "hours", "day": "days", "days": "days"}[later[2]]
            return now + timedelta(**{unit: int(later[1])})
        found = WHEN.fullmatch(when)
        assert found is not None
        if found["zone"]:
            self._zone = ZoneInfo(found["zone"])
        hour, minute = int(found["hour"]), int(found["minute"])
        if found["date"]:
            day = datetime.fromisoformat(found["date"])
            return day.replace(hour=hour, minute=minute, tzinfo=self._zone)
        weekday = DAYS.index(found["day"].lower()) if found["day"] else None
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
                if step.colleague is None:
                    await self._happen(action, words, patient)
                else:
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

    async def _happen(self, action: str, words: str, patient: Patient) -> None:
        """Do what the hospital does, or let time pass."""
        side, said = self._world.side, [word.strip() for word in words.split(",")]
        if action == TIME_PASSES:
            await side.time_passes()
        elif action == "stops":
            part = part_of(said[2]) if len(said) > 2 else None
            await side.stops(said[0], said[1], part, ", ".join(said[3 if part else 2 :]) or None)
        elif action == "fills":
            await side.fills(said[0], said[1], part_of(said[-1]))
        elif action == "frees":
            await side.frees(said[0], said[1], part_of(said[-1]))
        elif action == "plans":
            await side.plans(self._world.address(patient, self._channel), *said)
        else:
            address = self._world.address(patient, self._channel)
            if action == "numbers":
                await side.numbers(address, int(said[0]))
            elif action == "calls":
                await side.calls(address, int(said[0]), ", ".join(said[1:]))
            else:
                await side.passes(address, int(said[0]))

    async def _words(self, step: Step, seen: Sequence[Worded], patient: Patient) -> str:
        """Return what is sent: the words, the value of the last button with this label, or a code."""
        if step.says == _CODE:
            return await self._world.code_of(patient)
        if step.says == _WRONG_CODE:
            code = await self._world.code_of(patient)
            return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
        if choice := _CHOICE.fullmatch(step.says or ""):
            return _nth(seen[-1:], int(choice[1]))
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


def _nth(last: Sequence[Worded], number: int) -> str:
    """Return what takes the choice at this place: its tap, its digit, else the place itself."""
    taps = [button.value for button in _buttons(last) if _TYPED.match(button.label)]
    typed = [digit for worded in last for digit in _TYPED.findall(worded.text)]
    choices = taps or typed
    return choices[number - 1] if number <= len(choices) else str(number)


def channels_of(path: Path) -> tuple[str | None, ...]:
    """Return the channels that a transcript is played on; None for those it names itself."""
    return CHANNELS if EVERYWHERE in path.read_text("utf-8").splitlines() else (None,)


async def play_file(path: Path, world: World, channel: str | None = None) -> Player:
    """Read and play one file; return the player, which remembers what was heard."""
    text = path.read_text("utf-8")  # noqa: ASYNC240  (a page of text, before anything runs)
    player = Player(world, path.name, channel)
    await player.play(read(text, path.name))
    return player
