"""The flow that answers questions from approved content, and says so when it cannot."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bot.dialogue import sessions
from bot.dialogue.facts import Facts
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.routes import NONE_OF_THESE
from bot.message import Button, Kind, Say
from bot.messages import outbox
from intents.catalog import Catalog, Entry
from intents.entities import Entities

_LABELS = {
    "zh-CN": {"person": "转人工", "menu": "能问什么", "none": "都不是", "book": "预约"},
    "en": {
        "person": "A person, please", "menu": "What can I ask?", "none": "None of these",
        "book": "Book a visit",
    },
}  # fmt: skip
#: After these answers a visit can be booked with a tap that carries what was named.
_BOOKABLE = frozenset({
    "doctor.info", "doctor.by_department", "roster.who", "department.which", "booking.how",
    "booking.expert", "booking.special", "booking.same_day", "booking.revisit",
    "booking.first_visit", "booking.child", "booking.family",
})  # fmt: skip
_SMALL_TALK = frozenset(
    {
        "menu",
        "dropped",
        "kept",
        "thanks",
        "goodbye",
        "simpler",
        "unclear_yes",
        "stale",
        "no_such_option",
    }
)


def person_button(lang: str) -> Button:
    """Return the tap that asks for a person, valid in every state."""
    return Button(_LABELS[lang]["person"], "#person")


def menu_button(lang: str) -> Button:
    """Return the tap that shows what can be asked."""
    return Button(_LABELS[lang]["menu"], "#menu")


class FaqFlow:
    """Answers, candidates, small talk, and the honest miss.

    Args:
        catalog: the approved answers.
        facts: look-ups that answers need.
        today: the hospital's date at an instant.
    """

    def __init__(self, catalog: Catalog, facts: Facts, today: Callable[[datetime], date]) -> None:
        self._catalog = catalog
        self._facts = facts
        self._today = today

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at an entry: one answer or several, candidates, a miss or small talk."""
        scene.session.misses = scene.session.misses + 1 if entry == "miss" else 0
        lang = scene.session.lang
        if entry == "answer":
            return self._answer(scene, self._catalog.entry(str(scene.values["intent"]), lang))
        if entry in ("answers", "candidates"):
            return self._answers(scene) if entry == "answers" else self._candidates(scene)
        if entry == "miss":
            return Step(
                (
                    Say(
                        "faq/miss",
                        Kind.QUESTION,
                        shortcuts=(person_button(lang), menu_button(lang)),
                    ),
                )
            )
        if entry == "repeat":
            return self._repeat(scene)
        if entry == "greeting":
            return Step(
                (
                    Say(
                        "faq/greeting",
                        Kind.ANSWER,
                        shortcuts=(menu_button(lang), person_button(lang)),
                    ),
                )
            )
        if entry in _SMALL_TALK:
            return Step((Say(f"faq/{entry}", Kind.ANSWER, shortcuts=(person_button(lang),)),))
        raise ValueError(f"faq has no entry {entry}")

    def _answers(self, scene: Scene) -> Step:
        """Answer several questions, in the order asked, then do what was asked for beside them.

        What can be tapped after an answer is left out, but for a person's help: one offer at a time.
        """
        lang = scene.session.lang
        steps = [
            self._answer(scene, self._catalog.entry(str(name), lang))
            for name in scene.values["intents"]
        ]
        then = scene.values.get("then")
        helped = not then and any(say.shortcuts for step in steps for say in step.says)
        says = [
            replace(say, options=(), named=None, shortcuts=()) for one in steps for say in one.says
        ]
        if helped:
            says[-1] = replace(says[-1], shortcuts=(person_button(lang),))
        handed = next((step.goto for step in steps if step.goto), None)
        return Step(tuple(says), Goto(*then) if then else handed)

    def _answer(self, scene: Scene, entry: Entry) -> Step:
        lang = scene.session.lang
        entities = _named(scene)
        values = (
            self._facts.find(entry.facts, lang, self._today(scene.now), entities)
            if entry.facts
            else {}
        )
        shortcuts = (person_button(lang),) if entry.then == "offer" else ()
        options = _bookings(scene, entry, values)
        named = sessions.pack(entities) if options else None
        say = Say(f"faq:{entry.intent}", Kind.ANSWER, values, options, shortcuts, named)
        if entry.then == "handoff":
            reason = {"reason": entry.intent, "desk": entry.desk}
            return Step((say,), Goto("handoff", "open", reason))
        return Step((say,))

    def _repeat(self, scene: Scene) -> Step:
        last = scene.session.last_inbox
        said = [worded for _, worded in outbox.answers(scene.tx, last)] if last else []
        if not said:
            person = person_button(scene.session.lang)
            return Step((Say("faq/menu", Kind.ANSWER, shortcuts=(person,)),))
        texts = {"said": "\n".join(worded.text for worded in said)}
        return Step((Say("faq/repeat", said[-1].kind, texts, shortcuts=said[-1].buttons),))

    def _candidates(self, scene: Scene) -> Step:
        lang = scene.session.lang
        intents = [str(name) for name in scene.values["intents"]]
        options = [
            Button(self._catalog.entry(name, lang).title, f"intent:{name}") for name in intents
        ]
        options.append(Button(_LABELS[lang]["none"], NONE_OF_THESE))
        named = sessions.pack(scene.understood.entities or Entities())
        return Step((Say("faq/candidates", Kind.QUESTION, options=tuple(options), named=named),))


def _bookings(scene: Scene, entry: Entry, values: Mapping[str, Any]) -> tuple[Button, ...]:
    """Return the tap that books what an answer tells of; none while something else is under way."""
    told = not entry.facts or values.get("found")
    if entry.intent not in _BOOKABLE or not told or scene.session.draft is not None:
        return ()
    return (Button(_LABELS[scene.session.lang]["book"], "flow:booking.start"),)


def _named(scene: Scene) -> Entities:
    """Return what this message names; for a choice, what the unclear message before it named."""
    chosen = scene.understood.tap is not None or scene.understood.number is not None
    if chosen and scene.asked is not None and scene.asked.named:
        return sessions.unpack(scene.asked.named)
    return scene.understood.entities or Entities()
