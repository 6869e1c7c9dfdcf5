"""What one message says, before anyone looks at the conversation: pure, and outside any transaction."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, time

from bot.dialogue.choices import choice
from bot.message import Form
from intents.catalog import Catalog, act_key
from intents.decide import Answer, Choose, Decision, Unknown
from intents.dosing_requests import medicine_request
from intents.entities import Entities, Vocabulary, find
from intents.language import Detected, detect
from intents.match import Match, Matcher
from intents.normalize import normalize
from intents.reading import Reader
from intents.reminding import Said, Wish
from intents.requests import request_in
from intents.urgent import Alarm, Doubt, RedFlags
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
#: Where a name of somebody or of a place is likely, however it is spelt.
_TITLED = re.compile(r"医生|大夫|主任|教授|科|号|\bdr\b|doctor|clinic|department")
#: Without any of these a message has one part.
_PARTED = re.compile(r"[,。?!;、:\n.]|另外|还有|顺便|\band\b|\balso\b")
#: A day or a name beside a request is part of it, no question: "周三上午".
_SHORTEST_ASIDE = 4
#: Questions about how to book, cancel, move or be reminded ask for the same as the request beside them.
_SAME_THING = ("booking.", "assistant.", "reminders.")
_MOST_BESIDE = 2
#: What is so surely a question is not heard as a request.
_SURE_OF_QUESTION = 0.97


@dataclass(frozen=True, slots=True)
class Understood:
    """Everything one message says by itself.

    Attributes:
        alarm: a red flag; outranks all the rest.
        doubt: nearly one: worth one short question before anything else (EM-09).
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
        several: the intents of several questions, in the order asked; beside a request, what else is
            asked, also where it is one question alone.
        joined: it was read together with what the patient wrote a moment before.
        as_meant: the text on which `decision` rests: normalised, in plain words, or as it sounds.
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
    several: tuple[str, ...] = ()
    joined: bool = False
    as_meant: str = field(default="", repr=False)
    doubt: Doubt | None = None


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
        self._reader = self._reads(vocabulary())

    def _reads(self, known: Vocabulary) -> tuple[Vocabulary, Reader]:
        return known, Reader(self._matcher, self.catalog, known.spelt(_CALLED))

    @property
    def reader(self) -> Reader:
        """Who reads questions, knowing the hospital's names of today."""
        known = self._vocabulary()
        if self._reader[0] is not known:
            self._reader = self._reads(known)
        return self._reader[1]

    @property
    def matcher(self) -> Matcher:
        """What ranks the intents now."""
        return self._matcher

    def learn(self, matcher: Matcher) -> None:
        """Go on with another matcher of the same catalog, from the next message on."""
        self._matcher = matcher
        self._reader = self._reads(self._vocabulary())

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
        if request is None and read.act is None and read.number is None:
            request = self._request(plain, read)
        if request is None and read.act is None:
            request = medicine_request(plain) if _MEDICINE.search(plain) else None
            wish = None if request else self.catalog.reminding.wish(medicine)
            request = wish.kind if wish else request
        when = when_of(dated, today, at)
        if request and not read.several:
            read = replace(read, several=self._beside(plain))
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
        found = self._red_flags.read(text)
        alarm = found if isinstance(found, Alarm) else None
        doubt = found if isinstance(found, Doubt) else None
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
        reading = self.reader.read(plain)
        expected = self._expects_name(reading.decision) or _TITLED.search(plain) is not None
        vocabulary = self._vocabulary()
        entities = self._named(plain, today, misspelt=expected)
        only = vocabulary.named(plain.strip(_EDGES))
        several = tuple(match.intent for match in reading.several)
        return Understood(
            alarm, detected=detected, decision=reading.decision, entities=entities, only=only,
            several=several, as_meant=reading.text, doubt=doubt,
        )  # fmt: skip

    def _named(self, plain: str, today: date, *, misspelt: bool) -> Entities:
        """Find names as they stand; else as they sound, which is asked back like one nearly spelt."""
        vocabulary = self._vocabulary()
        entities = find(plain, vocabulary, today, misspelt=misspelt)
        if not misspelt or entities.doctors or entities.departments or entities.drugs:
            return entities
        heard = self.reader.heard(plain)
        sounding = [one for one in vocabulary.find(heard or "") if one.kind in _CALLED]
        if heard is None or not sounding:
            return entities
        near, words = dict(entities.near), dict(entities.near_words)
        same = len(heard) == len(plain)
        for one in sounding:
            word = plain[one.start : one.end] if same else heard[one.start : one.end]
            near[one.kind] = tuple(dict.fromkeys((one.key, *near.get(one.kind, ()))))
            words[word] = tuple(dict.fromkeys((one.key, *words.get(word, ()))))
        return replace(entities, near=near, near_words=words)

    def _request(self, plain: str, read: Understood) -> str | None:
        """Find a request in plain words, by its sound, or in one part of a message that also asks."""
        words = self.catalog.requests
        for text in self.reader.spellings(plain):
            if request := request_in(self._without_names(text)[1], words):
                return request
        is_question = _sure(read.decision) and read.as_meant == plain
        heard = None if is_question else self.reader.heard(plain)
        if heard is not None:
            spelt = plain.isascii()
            said = self._without_names(heard)[1] if spelt else heard
            if (spelt or words.is_whole(heard)) and (request := request_in(said, words)):
                return request
        return self._request_beside(plain)

    def _request_beside(self, plain: str) -> str | None:
        """Find a request beside a question that is surely about something else."""
        if len(plain) > _LONGEST_ACT or not _PARTED.search(plain):
            return None
        found: str | None = None
        answered = 0
        for part, match in self.reader.sure_parts(plain):
            asked = self._without_names(part)[1]
            request = self.catalog.requests.find_beside(asked, plain)
            if request and found in (None, request):
                found = request
            elif match is None or match.intent.startswith(_SAME_THING):
                return None
            else:
                answered += 1
        return found if answered else None

    def _beside(self, plain: str) -> tuple[str, ...]:
        """Return what is surely asked beside a request, in the order asked."""
        if len(plain) > _LONGEST_ACT or not _PARTED.search(plain):
            return ()
        found = [
            match.intent
            for part, match in self.reader.sure_parts(plain)
            if match is not None
            and len(part.strip(_EDGES)) > _SHORTEST_ASIDE
            and not match.intent.startswith(_SAME_THING)
            and self.catalog.requests.find(self._without_names(part)[1]) is None
        ]
        return tuple(dict.fromkeys(found))[:_MOST_BESIDE]

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


def _sure(decision: Decision) -> bool:
    return isinstance(decision, Answer) and decision.match.score >= _SURE_OF_QUESTION


__all__ = ["Answer", "Choose", "Understander", "Understood", "Unknown"]
