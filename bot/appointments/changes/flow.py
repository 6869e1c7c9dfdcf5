"""The conversation about visits that are booked: which there are, cancelling one, moving one.

It keeps what it needs with its own question and no draft, so that a booking under way stays as it was.
Nothing is changed before a plain yes to a question that names everything (I6), and nothing is told of
anybody whom this conversation may not book for (I7).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.appointments.booking import choosing
from bot.appointments.changes.answers import Meant, meant
from bot.appointments.changes.asking import CANCEL, MOVE, Answer, Asking
from bot.appointments.changes.listing import Listing
from bot.appointments.changes.moving import Moving
from bot.appointments.changes.own import Own, is_held
from bot.appointments.changes.picking import OPEN, names_any, narrowed
from bot.appointments.changes.said import FLOW, Telling, changeable, shortcut
from bot.appointments.links import Links
from bot.appointments.model import Refusal, Visit
from bot.appointments.service import PATIENT, Bookings
from bot.appointments.states import State
from bot.dialogue import understand
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.people import Family
from bot.dialogue.requests import REQUESTS
from bot.message import Kind, Say
from intents.names import Vocabulary
from intents.when import NOTHING, When, when_in

_MOST_ASKED = 5
#: What stands before the new time in a sentence that moves a visit.
_TO = re.compile(r"(?:改|换|挪|推|推迟|延|延期|提前|调|移)(?:一下)?[到至成]")
_TO_EN = re.compile(
    r"\b(?:move|change|reschedule|shift|push|put|bring)d?\b(?P<which>.*)\b(?:to|until|for)\b(?P<when>.*)",
    re.IGNORECASE | re.DOTALL,
)
_CANCELS = re.compile(
    r"取消|退掉|退号|退|不去了?|去不了|来不了|\b(?:cancel|call off)\b", re.IGNORECASE
)


class ChangesFlow:
    """Lists visits, cancels and moves them.

    Args:
        vocabulary: the names of doctors and departments that patients may mention.
        somebody: says whether a text names a person at all; one who is not surely hers is asked about.
    """

    def __init__(
        self,
        bookings: Bookings,
        family: Family,
        links: Links,
        vocabulary: Callable[[], Vocabulary],
        somebody: Callable[[str], bool],
    ) -> None:
        self._bookings = bookings
        self._family = family
        self._own = Own(bookings, family)
        self._vocabulary = vocabulary
        self._somebody = somebody
        self._telling = Telling(links, bookings.zone)
        self._asking = Asking(self._telling)
        self._moving = Moving(bookings, self._telling)
        listing = Listing(self._own, self._telling)
        self._entries: Mapping[str, Callable[[Scene], Step]] = {
            "mine": listing.mine,
            "past": listing.past,
            "one": listing.one,
            "cancel": lambda scene: self._begin(scene, CANCEL),
            "move": lambda scene: self._begin(scene, MOVE),
            "which": self._which,
            "cancelled": self._cancelled,
            "decided": self._decided,
            "kept": self._kept,
            "hold": self._hold,
            "other_time": self._other_time,
            "moved": self._moved,
            "resume": self._resume,
        }

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at one of `_entries`; those that act take the choice of an open question."""
        scene.session.misses = 0
        return self._entries[entry](scene)

    def _begin(self, scene: Scene, act: str) -> Step:
        """Find out which visit is meant; of several that fit, ask."""
        if "choice" in scene.values:
            named = scene.asked.named if scene.asked and scene.asked.named else {}
            return self._chosen(scene, act, int(scene.values["choice"]), str(named.get("to", "")))
        if "among" in scene.values:
            found = [self._own.visit(scene, int(one)) for one in scene.values["among"]]
            return self._ask_which(scene, act, [visit for visit in found if visit is not None], "")
        text, to = _split(scene.understood.text) if act == MOVE else (scene.understood.text, "")
        return self._picked(scene, act, text, to, self._when(scene, _plainly(text)))

    def _picked(self, scene: Scene, act: str, text: str, to: str, when: When) -> Step:
        open_ones = [visit for visit in self._own.to_come(scene) if visit.state in _takes(act)]
        if not open_ones:
            found = bool(self._own.to_come(scene))
            taps = (shortcut("mine", scene.session.lang), shortcut("book", scene.session.lang))
            return self._telling.told(
                scene, "nothing_to_change", {"act": act, "found": found}, *taps
            )
        said = choosing.read(text, self._vocabulary())
        people = {one.patient_id for one in self._family.named(text, self._own.members(scene))}
        doubtful = not people and self._somebody(text)
        zone = self._bookings.zone
        fits = narrowed(open_ones, said, when, people, zone)
        if act == MOVE and not fits and not to:
            fits, to = narrowed(open_ones, said, NOTHING, people, zone), text
        if len(fits) == 1 and not doubtful:
            return self._chosen(scene, act, fits[0].appointment_id, to)
        missing = doubtful or (not fits and names_any(said, when, people))
        return self._ask_which(scene, act, fits or open_ones, to, missing=missing)

    def _ask_which(
        self, scene: Scene, act: str, found: Sequence[Visit], to: str, *, missing: bool = False
    ) -> Step:
        shown = found[:_MOST_ASKED]
        values = {
            "act": act,
            "missing": missing,
            "only": len(found) == 1,
            "more": len(found) - len(shown),
            "visits": [self._telling.values(scene, visit) for visit in shown],
        }
        options = [self._telling.named(scene, visit, act) for visit in shown]
        return self._telling.ask(scene, "which", values, options, {"act": act, "to": to}, "which")

    def _which(self, scene: Scene) -> Step:
        """Take an answer in words to "which of them?"."""
        named = _named(scene)
        act, text = str(named["act"]), scene.understood.text
        if meant(text, _acts(scene), act) is Meant.KEEP or scene.understood.act:
            return self._telling.told(scene, "kept", {"visit": None, "why": ""})
        if (aside := self._aside(scene, named)) is not None:
            return aside
        when = self._when(scene, _plainly(text))
        return self._picked(scene, act, text, str(named.get("to", "")), when)

    def _chosen(self, scene: Scene, act: str, appointment_id: int, to: str = "") -> Step:
        """Ask about one visit, if it can still be cancelled or moved."""
        visit = self._own.visit(scene, appointment_id)
        if visit is None:
            return self._telling.told(scene, "not_hers")
        if visit.state is State.HOSPITAL_CANCELLED and act == MOVE:
            return Step(goto=Goto("stopped", "show", {"choice": appointment_id}))
        if visit.state not in _takes(act) and visit.state is not State.CHECKED_IN:
            return self._telling.told(scene, "not_any_more", self._telling.values(scene, visit))
        if not changeable(scene, visit):
            return self._too_late(scene, visit, act)
        if act == CANCEL:
            return self._asking.cancel(scene, visit)
        said = choosing.read(to, self._vocabulary()) if to else choosing.Said()
        return self._moving.offer(scene, visit, self._when(scene, to), said.doctors)

    def _too_late(self, scene: Scene, visit: Visit, act: str) -> Step:
        person, mine = person_button(scene.session.lang), shortcut("mine", scene.session.lang)
        values = {**self._telling.values(scene, visit), "act": act}
        return self._telling.told(scene, "too_late", values, person, mine)

    def _decided(self, scene: Scene) -> Step:
        """Take an answer in words, or a code, to the last question."""
        named = _named(scene)
        answer = self._asking.read(scene, named)
        if answer is Answer.YES:
            return self._do(scene, named)
        if answer is Answer.KEEP:
            return self._keep(scene, named)
        if answer is Answer.NEEDS_CODE:
            return self._asking.again(scene, "needs_code", named)
        if answer is Answer.WRONG:
            return self._asking.again(scene, "wrong_code", named, int(named["tries"]))
        if answer is Answer.USED_UP:
            self._let_go(scene, named)
            return self._telling.told(scene, "codes_used_up", {}, person_button(scene.session.lang))
        return self._aside(scene, named) or self._unclear(scene, named, answer)

    def _unclear(self, scene: Scene, named: Mapping[str, Any], answer: Answer) -> Step:
        """Do nothing, say so, and ask once more; a person where that does not help."""
        if answer is Answer.GIVEN_UP:
            return self._keep(scene, named, "unclear")
        if "code" in named:
            return self._asking.again(scene, "needs_code", named)
        return self._ask_again(scene, named)

    def _ask_again(self, scene: Scene, named: Mapping[str, Any], note: str = "nothing") -> Step:
        """Ask what was asked, saying that nothing has happened."""
        visit = self._own.visit(scene, int(named.get("id", 0)))
        match named["act"]:
            case "cancel" if visit is not None:
                if visit.state not in OPEN or not changeable(scene, visit):
                    return self._chosen(scene, CANCEL, visit.appointment_id)
                step = self._asking.cancel(scene, visit, note)
            case "move" if visit is not None:
                old = self._own.visit(scene, int(named["old"]))
                if old is None or not is_held(scene, visit):
                    return self._expired(scene, old)
                step = self._asking.move(scene, old, visit, note)
            case "slots" if visit is not None:
                return self._moving.offer(scene, visit, NOTHING, note=note)
            case _:
                return self._telling.told(scene, "kept", {"visit": None, "why": ""})
        return _counted(step, named)

    def _resume(self, scene: Scene) -> Step:
        """Ask again after something else was answered in between."""
        named = dict(scene.values["named"])
        if "act" in named and "id" not in named:
            return self._picked(scene, str(named["act"]), "", str(named.get("to", "")), NOTHING)
        return self._ask_again(scene, named)

    def _aside(self, scene: Scene, named: dict[str, Any]) -> Step | None:
        """Answer what is no answer to our question, and come back to it; None where it is unclear."""
        said = scene.understood
        back = Goto(FLOW, "resume", {"named": named})
        if said.request in (CANCEL, MOVE):
            return self._begin(scene, said.request)
        if said.request is not None:
            scene.asked = None  # what it named is ours, not the next flow's
            return Step((Say("visits/still", Kind.NOTICE),), Goto(*REQUESTS[said.request]))
        if isinstance(said.decision, understand.Answer):
            return Step(
                goto=Goto("faq", "answer", {"intent": said.decision.match.intent}), back=back
            )
        return None

    def _cancelled(self, scene: Scene) -> Step:
        return self._do(scene, {"act": CANCEL, "id": int(scene.values["choice"])})

    def _moved(self, scene: Scene) -> Step:
        return self._do(scene, {"act": MOVE, "id": int(scene.values["choice"])})

    def _do(self, scene: Scene, named: Mapping[str, Any]) -> Step:
        """Cancel or move, as was plainly agreed to."""
        visit = self._own.visit(scene, int(named["id"]))
        if visit is None:
            return self._telling.told(scene, "not_hers")
        return self._cancel(scene, visit) if named["act"] == CANCEL else self._move(scene, visit)

    def _cancel(self, scene: Scene, visit: Visit) -> Step:
        if visit.state is State.HELD:
            self._bookings.release(scene.tx, visit.appointment_id, scene.now)
            return self._telling.told(scene, "released", self._telling.values(scene, visit))
        done = self._bookings.cancel(scene.tx, visit.appointment_id, scene.now, actor=PATIENT)
        if done is Refusal.TOO_LATE:
            return self._too_late(scene, visit, CANCEL)
        if isinstance(done, Refusal):
            return self._telling.told(scene, "not_any_more", self._telling.values(scene, visit))
        book, mine = shortcut("book", scene.session.lang), shortcut("mine", scene.session.lang)
        return self._telling.told(scene, "cancelled", self._telling.values(scene, done), book, mine)

    def _move(self, scene: Scene, new: Visit) -> Step:
        old = self._own.visit(scene, new.replaces_id) if new.replaces_id is not None else None
        sure = self._bookings.confirm(
            scene.tx, new.appointment_id, scene.conversation_id, scene.now
        )
        if not isinstance(sure, Refusal):
            values = {**self._telling.values(scene, sure), "old": None}
            if old is not None:
                values["old"] = self._telling.values(scene, old)
            return self._telling.told(scene, "moved", values)
        if sure is Refusal.EXPIRED or old is None:
            return self._expired(scene, old)
        if sure is Refusal.TOO_LATE:
            return self._too_late(scene, old, MOVE)
        return self._moving.refused(scene, old, sure)

    def _expired(self, scene: Scene, old: Visit | None) -> Step:
        if old is None:
            return self._telling.told(scene, "not_hers")
        if not changeable(scene, old):
            return self._too_late(scene, old, MOVE)
        return self._moving.offer(scene, old, NOTHING, note=Refusal.EXPIRED.value)

    def _kept(self, scene: Scene) -> Step:
        named = _named(scene) or {"act": CANCEL, "id": int(scene.values["choice"])}
        return self._keep(scene, named)

    def _keep(self, scene: Scene, named: Mapping[str, Any], why: str = "") -> Step:
        """Leave everything as it was, and say so by name."""
        self._let_go(scene, named)
        number = named.get("old", named.get("id"))
        visit = self._own.visit(scene, int(number)) if number is not None else None
        values = {"visit": self._telling.values(scene, visit) if visit else None, "why": why}
        taps = (person_button(scene.session.lang),) if why else ()
        return self._telling.told(scene, "kept", values, *taps)

    def _let_go(self, scene: Scene, named: Mapping[str, Any]) -> None:
        """Give back a place that was kept for a move which is not wanted any more."""
        if named.get("act") == MOVE:
            held = self._own.visit(scene, int(named["id"]))
            if held is not None and held.state is State.HELD:
                self._bookings.release(scene.tx, held.appointment_id, scene.now)

    def _hold(self, scene: Scene) -> Step:
        slot_id, old_id = _pair(scene.values["choice"])
        old = self._own.visit(scene, old_id)
        if old is None:
            return self._telling.told(scene, "not_hers")
        if not changeable(scene, old):
            return self._too_late(scene, old, MOVE)
        verified = self._own.verified(scene, old)
        held = self._moving.hold(scene, old, slot_id, verified=verified)
        if isinstance(held, Refusal):
            return self._moving.refused(scene, old, held)
        return self._asking.move(scene, old, held)

    def _other_time(self, scene: Scene) -> Step:
        """Take an answer in words to a list of places: another day, another doctor, or no."""
        named, text = _named(scene), scene.understood.text
        old = self._own.visit(scene, int(named["id"]))
        if old is None:
            return self._telling.told(scene, "not_hers")
        if meant(text, _acts(scene), MOVE) is Meant.KEEP:
            return self._keep(scene, {"act": "slots", "id": old.appointment_id})
        said, when = choosing.read(text, self._vocabulary()), scene.understood.when
        if when or said.doctors:
            return self._moving.offer(scene, old, when, said.doctors)
        return self._aside(scene, named) or self._ask_again(scene, named, "unclear")

    def _when(self, scene: Scene, text: str) -> When:
        """Return when a part of a message says."""
        if text == scene.understood.text:
            return scene.understood.when
        local = scene.now.astimezone(self._bookings.zone)
        return when_in(text, local.date(), local.time())


def _takes(act: str) -> frozenset[State]:
    """Return what can be cancelled, or moved: a place that is only held has nothing to be moved from."""
    return OPEN if act == CANCEL else frozenset({State.BOOKED})


def _named(scene: Scene) -> dict[str, Any]:
    return dict(scene.asked.named) if scene.asked is not None and scene.asked.named else {}


def _acts(scene: Scene) -> list[str]:
    return [scene.understood.act] if scene.understood.act else []


def _pair(choice: object) -> tuple[int, int]:
    first, _, second = str(choice).partition(".")
    return int(first), int(second)


def _plainly(text: str) -> str:
    """Return a sentence without its words for cancelling: the day beside them is meant, not refused."""
    return _CANCELS.sub(" ", text)


def _split(text: str) -> tuple[str, str]:
    """Return what a sentence says before "move it to" (which one), and after it (when)."""
    if found := _TO.search(text):
        return text[: found.start()], text[found.end() :]
    found = _TO_EN.search(text)
    return (found["which"], found["when"]) if found else (text, "")


def _counted(step: Step, named: Mapping[str, Any]) -> Step:
    """Keep count of unclear answers in a question that is asked again."""
    for say in step.says:
        if say.named is not None and "unclear" in named:
            say.named["unclear"] = named["unclear"]
    return step
