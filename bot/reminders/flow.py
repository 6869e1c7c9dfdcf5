"""The conversation about reminders: answers to what asked, and what somebody wants of them.

An answer is bound to the reminder that asked. One whose time is over, or of what is another by now,
says so and does nothing (DESIGN §4.7).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.dialogue.faq import person_button
from bot.dialogue.flow import Scene, Step
from bot.dialogue.listeners import Listeners
from bot.message import Button, Kind, Say
from bot.messages import outbox
from bot.reminders import labels
from bot.reminders.answering import Answering, Told
from bot.reminders.kinds import ANSWERS, Kinds
from bot.reminders.looking import Looking
from bot.reminders.missing import Missing
from bot.reminders.model import Subject
from bot.reminders.wishes import Wishes
from intents.dosing_answers import is_of_hour
from intents.reminding import Reminding
from scheduler.hours import wall
from scheduler.reminders import Reason

FLOW = "reminders"
#: So many things of one message are listed to be answered one by one.
_MOST_LISTED = 5


class RemindersFlow:
    """Takes answers and wishes.

    Args:
        subjects: the domains that own what reminders are about, by `Due.about`.
        zone: where the hospital is.
        reminding: reads the places that patients name.
        greets: begins greeting somebody, or ends it (False).
    """

    def __init__(
        self,
        kinds: Kinds,
        subjects: Mapping[str, Subject],
        listeners: Listeners,
        zone: ZoneInfo,
        reminding: Reminding,
        greets: Callable[[Scene, bool], None] = lambda *_: None,
    ) -> None:
        self._kinds = kinds
        self._subjects = subjects
        self._answering = Answering(kinds, subjects, listeners)
        missing = Missing(kinds, listeners, zone)
        self._wishes = Wishes(kinds, zone, reminding, missing, greets)
        looking = Looking(kinds, subjects, listeners, self._wishes)
        self._entries: Mapping[str, Callable[[Scene], Step]] = {
            "answer": self._answer,
            "one": self._one,
            "noted": self._noted,
            "nothing_open": self._nothing_open,
            "repeat": self._repeat,
            "mine": looking.mine,
            "why_not": looking.why_not,
            **self._wishes.entries(),
        }

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at one of `_entries`."""
        scene.session.misses = 0
        act = self._entries.get(entry)
        if act is None:
            raise ValueError(f"reminders has no entry {entry}")
        return act(scene)

    def _answer(self, scene: Scene) -> Step:
        """Take the answer `<reminder>-<word>`."""
        told, word = self._told(scene)
        if told is None or told.kind is None:
            return self._stale(scene, "gone")
        if word == "more":
            return self._one_by_one(scene, told)
        if (refused := self._refused(scene, told, told.kind.answers, word)) is not None:
            return refused
        dues = [
            one
            for one in self._answering.together(scene.tx, told, word)
            if one.takes(word) and not self._overtaken(scene, one, word)
        ]
        if word == "taken" and (asks := self._of_another_hour(scene, dues)) is not None:
            return asks
        self._answering.mark(scene.tx, dues, word, scene.now)
        return self._hand_over(scene, dues, word)

    def _of_another_hour(self, scene: Scene, dues: Sequence[Told]) -> Step | None:
        """Ask again where she names another part of the day than the dose is of; nothing is kept."""
        said, lang, lead = scene.understood, scene.session.lang, dues[0]
        if said.tap is not None or said.number is not None or lead.kind is None:
            return None
        hours = [wall(one.due.occurs_at, self._wishes.zone) for one in dues]
        if any(is_of_hour(said.text, at.hour) for at in hours):
            return None
        taps, person = labels.taps_of(lead.row_id, lead.kind, lang), (person_button(lang),)
        values = {"at": hours[0]}
        say = Say(f"{FLOW}/another_hour", Kind.QUESTION, values, taps, person, here=True)
        return Step((say,))

    def _refused(self, scene: Scene, told: Told, answers: Sequence[str], word: str) -> Step | None:
        """Explain why an answer does nothing; None where it may act."""
        if word not in answers:
            return self._stale(scene, "gone")
        said = self._answering.together(scene.tx, told, word)
        if not any(one.takes(word) for one in said):
            return self._already(scene, told, word)
        if not told.is_open(scene.asked, scene.now):
            return self._stale(scene, "closed")
        why = [self._overtaken(scene, one, word) for one in said if one.takes(word)]
        first = next((one for one in why if one is not None), None)
        return self._stale(scene, first.value) if first is not None and all(why) else None

    def _overtaken(self, scene: Scene, told: Told, word: str) -> Reason | None:
        here = scene.conversation_id
        return self._answering.overtaken(scene.tx, told.due, word, scene.now, here)

    def _hand_over(self, scene: Scene, dues: Sequence[Told], word: str) -> Step:
        """Let the domains act, each on its own; the first that goes on elsewhere does."""
        minutes: dict[str, object] = {}
        if word == "snooze":
            wanted = scene.values.get("minutes")
            minutes = {"minutes": self._minutes(scene), "wanted": wanted}
        scene.values = {"word": word, **minutes}
        step = Step()
        for about in dict.fromkeys(one.due.about for one in dues):
            theirs = [one.due for one in dues if one.due.about == about]
            taken = self._subjects[about].answer(scene, theirs, word)
            says = tuple(say for say in taken.says if say not in step.says)
            step = Step((*step.says, *says), step.goto or taken.goto, step.back or taken.back)
        return step

    def _minutes(self, scene: Scene) -> int:
        """Return how long a dose is put off: what was said, as far as it is offered (RM-08)."""
        wanted, offered = scene.values.get("minutes"), sorted(self._kinds.snooze)
        if not isinstance(wanted, int):
            return labels.SNOOZE
        return next((one for one in reversed(offered) if one <= wanted), offered[0])

    def _told(self, scene: Scene) -> tuple[Told | None, str]:
        number, _, word = str(scene.values.get("choice", "")).partition("-")
        if not number.isdecimal() or word not in ANSWERS:
            return None, word
        return self._answering.told(scene.tx, int(number), scene.conversation_id), word

    def _stale(self, scene: Scene, why: str) -> Step:
        """Explain why an old button does nothing."""
        return _say(scene, "stale_answer", {"why": why})

    def _already(self, scene: Scene, told: Told, word: str) -> Step:
        """Say what was answered before; what else is open and waits is asked again."""
        lang = scene.session.lang
        waiting = self._waiting(scene, told)
        values = {
            "answer": labels.label(told.answer or word, lang), "same": told.answer == word,
            "word": told.answer, "waiting": waiting[0] if waiting else "",
        }  # fmt: skip
        if not waiting:
            return _say(scene, "already", values)
        say = Say(
            f"{FLOW}/already", Kind.QUESTION, values, waiting[1], (person_button(lang),), here=True
        )
        return Step((say,))

    def _waiting(self, scene: Scene, but: Told) -> tuple[str, tuple[Button, ...]] | None:
        """Return the newest other reminder that is open and was not answered, and its taps."""
        lang = scene.session.lang
        for asked in reversed(scene.session.reminded):
            number = asked.options[0].rpartition(":")[2].partition("-")[0]
            if not number.isdecimal() or not asked.is_open(scene.now):
                continue
            told = self._answering.told(scene.tx, int(number), scene.conversation_id)
            if told is None or told.kind is None or told.answer or told.row_id == but.row_id:
                continue
            if told.outbox_id == but.outbox_id:
                continue
            name = f"{told.kind.names[lang]} {self._at(told.due.occurs_at)}"
            return name, labels.taps_of(told.row_id, told.kind, lang)
        return None

    def _at(self, at: datetime) -> str:
        return f"{wall(at, self._wishes.zone):%H:%M}"

    def _one_by_one(self, scene: Scene, told: Told) -> Step:
        """List what one message said, so that each can be answered by itself."""
        lang = scene.session.lang
        found = [one for one in self._answering.all_of(scene.tx, told) if not one.answer]
        if not found:
            return self._stale(scene, "answered")
        options = tuple(
            Button(self._called(scene, one), f"flow:{FLOW}.one:{one.row_id}-more")
            for one in found[:_MOST_LISTED]
        )
        say = Say(f"{FLOW}/which", Kind.QUESTION, {}, options, (person_button(lang),), here=True)
        return Step((say,))

    def _one(self, scene: Scene) -> Step:
        """Ask about one of several things that a message said."""
        told, _ = self._told(scene)
        if told is None or told.kind is None:
            return self._stale(scene, "gone")
        lang = scene.session.lang
        taps = labels.taps_of(told.row_id, told.kind, lang)
        values = {"name": self._called(scene, told)}
        say = Say(f"{FLOW}/one", Kind.QUESTION, values, taps, (person_button(lang),), here=True)
        return Step((say,))

    def _called(self, scene: Scene, told: Told) -> str:
        """Return what a reminder is called in a list; nothing more where others may read."""
        lang, at = scene.session.lang, self._at(told.due.occurs_at)
        name = told.kind.names[lang] if told.kind else ""
        subject = self._subjects.get(told.due.about)
        thing = subject.look(scene.tx, told.due.about_id, scene.now) if subject else None
        own = thing.values(lang).get("label") if thing is not None and scene.private else None
        return str(own) if own else f"{name} {at}"

    def _noted(self, scene: Scene) -> Step:
        """Hear "ok", "thanks", "not yet": nothing is recorded by them."""
        asked = scene.asked
        if scene.values.get("word") == "not_yet" and asked is not None and asked.options:
            number = asked.options[0].rpartition(":")[2].partition("-")[0]
            told = self._answering.told(scene.tx, int(number), scene.conversation_id)
            if told is not None and told.answer not in (None, "snooze"):
                return self._already(scene, told, "not_yet")
        values = {
            "word": scene.values.get("word", "yes"),
            "asks": asked is not None and asked.is_open(scene.now) and bool(asked.options),
            "digits": asked is not None and not scene.private and asked.base >= 0,
            "first": (asked.base + 1) if asked is not None else 1,
            "second": (asked.base + 2) if asked is not None else 2,
            "taken": asked is not None and any(one.endswith("-taken") for one in asked.options),
        }
        return _say(scene, "noted", values)

    def _nothing_open(self, scene: Scene) -> Step:
        """Say that no reminder is open that an answer about medicine could be for; nothing is kept."""
        return _say(scene, "nothing_open", {"word": scene.values.get("word", "taken")})

    def _repeat(self, scene: Scene) -> Step:
        """Say the last reminder again."""
        last = outbox.last_id(scene.tx, scene.conversation_id)
        said = outbox.after(scene.tx, scene.conversation_id, last - 1)[-1][1]
        say = Say("faq/repeat", said.kind, {"said": said.text}, shortcuts=said.buttons)
        return Step((say,))


def _say(scene: Scene, name: str, values: Mapping[str, object]) -> Step:
    person = (person_button(scene.session.lang),)
    return Step((Say(f"{FLOW}/{name}", Kind.NOTICE, values, shortcuts=person),))
