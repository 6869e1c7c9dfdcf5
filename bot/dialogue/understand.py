"""What one message says, before anyone looks at the conversation: pure, and outside any transaction."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, time

from bot.dialogue.choices import choice
from bot.message import Form
from intents.catalog import Catalog, act_key
from intents.decide import Answer, Choose, Decision, Unknown, decide
from intents.dosing_requests import medicine_request
from intents.entities import Entities, Vocabulary, find
from intents.language import Detected, detect
from intents.match import Match, Matcher
from intents.normalize import normalize
from intents.reminding import Said, Wish
from intents.requests import request_in
from intents.urgent import Alarm, RedFlags
from intents.when import NOTHING, When, when_of

#: A tap on one of our buttons: question and option. Short, so that every platform carries it.
_TAP = re.compile(r"#(\d{1,9})\.(\d{1,2})")
_COMMAND = re.compile(r"#([a-z_]{1,20})")
#: A slip of the finger asks nothing, and shows no language.
_ONE_LETTER = re.compile(r"[^\w]*[a-z][^\w]*")
#: A whole message that is one act is short, with all its courtesies.
_LONGEST_ACT = 100
#: What stands for a name where only the request counts: in Chinese, in English.
_CALLED = {
    "doctor": ("医生", "doctor"), "department": ("科", "clinic"), "drug": ("药", "medicine"),
}  # fmt: skip
#: A message without any of these tells nothing of taking medicine.
_MEDICINE = re.compile(
    r"药|吃|服|喝|打|针|片|粒|滴|喷|涂|胰岛素|次|med|pill|tab|remind|drug|t[ao]ke?|dose|capsul|insulin|shot"
)
_EDGES = " ,.!?~。、…;:"


@dataclass(frozen=True, slots=True)
class Understood:
    """Everything one message says by itself.

    Attributes:
        alarm: a red flag; outranks all the rest.
        act: a whole-message act of `phrases.toml`: person, stop, cancel, yes …
        act_in: the languages in which those words say so; "TD" does in both.
        texted_stop: a carriers' word that stops text messages: T, R, END … Elsewhere it does not.
        tap: (question, option) of one of our buttons.
        command: the word of a button that is always valid: person, menu, leave.
        number: a choice by number, however it was written.
        only: the kinds of name that the whole message is: "amoxicillin", "儿科".
        form: what a message without words is; `TEXT` where it has words.
        unseen: the words came with a picture, a film or a file, which nobody here looks at.
        request: what the patient plainly asks us to do (`intents.requests`): book, cancel, move …;
            None for questions about it, and for whatever is refused or supposed.
        said: what the message answers to a reminder, where it is nothing but such an answer.
        wish: what it plainly asks of reminders; with it `request` is `Wish.kind`.
        when: the days and times that the message names (`intents.when`); look at its `ask` first.
        text: the message itself, for a flow that asked for an answer in words.
    """

    alarm: Alarm | None
    act: str | None = None
    act_in: frozenset[str] = frozenset()
    texted_stop: bool = False
    tap: tuple[int, int] | None = None
    command: str | None = None
    number: int | None = None
    detected: Detected | None = None
    decision: Decision = field(default_factory=Unknown)
    entities: Entities | None = None
    only: tuple[str, ...] = ()
    form: Form = Form.TEXT
    unseen: bool = False
    request: str | None = None
    said: Said | None = None
    wish: Wish | None = None
    when: When = NOTHING
    text: str = field(default="", repr=False)


class Understander:
    """Reads messages with a catalog, a matcher, the red flags and the hospital's names.

    `learn` swaps what it knows while it is in use.
    """

    def __init__(
        self,
        catalog: Catalog,
        matcher: Matcher,
        red_flags: RedFlags,
        vocabulary: Callable[[], Vocabulary],
    ) -> None:
        self.catalog = catalog
        self._matcher = matcher
        self._red_flags = red_flags
        self._vocabulary = vocabulary

    def alarm(self, text: str) -> Alarm | None:
        """Say whether `text` raises a red flag: needs nothing but the rules (EM-12)."""
        return self._red_flags.check(text)

    def rank(self, text: str) -> list[Match]:
        """Return the nearest intents, best first; only to explain, never to act on."""
        return self._matcher.rank(normalize(text).strip())

    def understand(self, text: str, today: date, at: time | None = None) -> Understood:
        """Return what `text` says on `today`, `at` the hospital's time; never raises on any text."""
        plain = normalize(text).strip()
        read = self._read(text, plain, today)
        if read.tap or read.command:
            return replace(read, text=text)
        dated, asked, medicine = self._without_names(plain)
        said, wish = self.catalog.reminding.answer(plain), None
        request = None if read.act else request_in(asked, self.catalog.requests)
        if request is None and read.act is None:
            request = medicine_request(plain) if _MEDICINE.search(plain) else None
            wish = None if request else self.catalog.reminding.wish(medicine)
            request = wish.kind if wish else request
        when = when_of(dated, today, at)
        return replace(read, when=when, request=request, said=said, wish=wish, text=text)

    def _without_names(self, plain: str) -> tuple[str, str, str]:
        """Blank out doctors, who may be called like days; call everybody, and medicine, by one word."""
        dated = asked = medicine = plain
        done = len(plain) + 1
        named = [one for one in self._vocabulary().find(plain) if one.kind in _CALLED]
        for one in sorted(named, key=lambda one: (-one.end, one.start)):
            if one.end > done:
                continue
            done, word = one.start, plain[one.start : one.end]
            called = _CALLED[one.kind][word.isascii()]
            medicine = f"{medicine[: one.start]}{called}{medicine[one.end :]}"
            if one.kind == "drug":
                continue
            if one.kind == "doctor":
                dated = f"{dated[: one.start]}{' ' * len(word)}{dated[one.end :]}"
            asked = f"{asked[: one.start]}{called}{asked[one.end :]}"
        return dated, asked, medicine

    def _read(self, text: str, plain: str, today: date) -> Understood:
        alarm = self._red_flags.check(text)
        if tap := _TAP.fullmatch(plain):
            return Understood(alarm, tap=(int(tap[1]), int(tap[2])))
        if command := _COMMAND.fullmatch(plain):
            return Understood(alarm, command=command[1])
        detected = detect(text)
        number = choice(plain)
        if number is not None:
            return Understood(alarm, number=number, detected=detected, act=self.catalog.act(text))
        if len(plain) <= _LONGEST_ACT and (said := self._whole(alarm, text, plain, detected)):
            return said
        matches = self._matcher.rank(plain)
        decision = decide(matches)
        expected = self._expects_name(decision)
        vocabulary = self._vocabulary()
        entities = find(plain, vocabulary, today, misspelt=expected)
        only = vocabulary.named(plain.strip(_EDGES))
        return Understood(alarm, detected=detected, decision=decision, entities=entities, only=only)

    def _whole(
        self, alarm: Alarm | None, text: str, plain: str, detected: Detected
    ) -> Understood | None:
        """Read a short message that is an act, a carriers' word, or a slip of one letter."""
        act, texted_stop = self.catalog.act(text), self.catalog.is_texted_stop(text)
        slip = act is None and _ONE_LETTER.fullmatch(plain) is not None
        if act is None and not texted_stop and not slip:
            return None
        said_in = frozenset(self.catalog.languages) if texted_stop else self._said_in(text)
        return Understood(
            alarm,
            act=act,
            act_in=said_in,
            texted_stop=texted_stop,
            detected=None if slip else detected,
        )

    def _expects_name(self, decision: Decision) -> bool:
        """Say whether an answer that may follow looks something up by a name."""
        if isinstance(decision, Unknown):
            return False
        matches = decision.matches if isinstance(decision, Choose) else (decision.match,)
        lang = self.catalog.languages[0]
        return any(self.catalog.entry(match.intent, lang).facts for match in matches)

    def _said_in(self, text: str) -> frozenset[str]:
        key = act_key(text)
        return frozenset(lang for lang in self.catalog.languages if key in self.catalog.acts(lang))


__all__ = ["Answer", "Choose", "Understander", "Understood", "Unknown"]
