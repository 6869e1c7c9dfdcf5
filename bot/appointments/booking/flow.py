"""The conversation that books a visit: where, when, who, and nothing before a plain yes (BK-01 … BK-12).

A message may say any of it in any order, and change any of it later. Every question is answered by a
tap, a digit or in words; what is asked in between is answered first, then ours is asked again.
"""

import re
from collections.abc import Callable, Sequence

from bot.appointments.booking import between, choosing
from bot.appointments.booking.asking import Asking
from bot.appointments.booking.choosing import Said
from bot.appointments.booking.drafts import CONFIRM, FLOW, WHEN, WHICH, WHO, Draft, draft_of
from bot.appointments.booking.offers import Offers
from bot.appointments.booking.reading import Reading
from bot.appointments.booking.settling import Links, Settling, no_links
from bot.appointments.model import FreeSlot
from bot.appointments.service import Bookings
from bot.dialogue.choices import goes_on
from bot.dialogue.facts import Facts
from bot.dialogue.faq import menu_button, person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.people import Family
from bot.dialogue.requests import REQUESTS
from bot.dialogue.router import MISSES_BEFORE_PERSON
from bot.message import Kind, Say
from intents.normalize import normalize

#: Asked in between, they are answered and then ours is asked again; the others begin something else.
_IN_BETWEEN = frozenset({"mine", "queue"})
#: Asked for while a visit is booked, the list of people is who it is for.
_OF_THE_PERSON = frozenset({"family", "add_family"})
#: Who wants a second visit too does not want the first one dropped.
_ONE_MORE = re.compile(
    r"再(?:帮我|给我)?(?:挂|约|预约)[一个]|另外(?:再|还)|还(?:要|想)(?:挂|约)"
    r"|\bone more\b|\banother (?:visit|appointment)|\balso (?:book|make)|\bbook (?:\w+ )?too\b"
)
#: Who wants a booked visit moved names it as one.
_OF_ANOTHER = re.compile(r"预约|挂号单|原来|之前|上次|约好|约的|appointment|booking|visit")


class BookingFlow:
    """Finds a place, holds it, asks whose it is and whether it is wanted, books it.

    Args:
        somebody: says whether a text names a person that a visit is for.
        links: what a booked visit can be told with.
    """

    def __init__(
        self,
        bookings: Bookings,
        family: Family,
        facts: Facts,
        somebody: Callable[[str], bool],
        links: Links = no_links,
    ) -> None:
        self._bookings = bookings
        self._facts = facts
        self._offers = Offers(bookings, facts)
        self._asking = Asking(self._offers)
        self._settling = Settling(bookings, family, self._offers, links)
        self._reading = Reading(self._offers, self._settling, somebody)
        self._entries: dict[str, Callable[[Scene, Draft], Step]] = {
            "resume": self._ask_again,
            "words": self._words,
            "which": self._chosen_name,
            "day": self._chosen_day,
            "slot": self._chosen_slot,
            "more": self._more,
            "wait": self._wait,
            "person": self._chosen_person,
            "new_person": self._new_person,
            "who": self._from_family,
            "sure": self._sure,
            "other_time": self._other_time,
            "other_person": self._other_person,
            "bind": self._bind,
            "cancel": self._cancel,
            "back": self._back,
        }

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at `start`, or at one of the entries of a booking under way."""
        if entry == "start":
            return self._start(scene)
        act = self._entries.get(entry)
        if act is None:
            raise ValueError(f"booking has no entry {entry}")
        draft = draft_of(scene.session)
        if draft is None and entry == "slot":  # a place that another flow, or a notice, offered
            draft = Draft(stage=WHEN)
        if draft is None and entry == "sure":
            return self._settling.already(scene, int(scene.values["choice"]))
        if draft is None:
            return self._nothing_open(scene, entry)
        if entry not in ("words", "resume"):
            scene.session.misses = 0
        return act(scene, draft)

    def _start(self, scene: Scene) -> Step:
        """Begin afresh with whatever the message, or the answer she tapped on, names already."""
        scene.session.misses = 0
        if (old := draft_of(scene.session)) is not None:
            self._let_go(scene, old)
        draft = Draft()
        said = self._read(scene)
        self._reading.person(scene, draft, said)
        self._reading.take(scene, draft, said)
        if scene.asked is not None and scene.asked.named:
            self._reading.take_named(scene, draft, scene.asked.named)
        return self._go_on(scene, draft)

    def _nothing_open(self, scene: Scene, entry: str) -> Step:
        """Say that there is no booking under way any more, and begin one where that was asked for."""
        scene.session.misses = 0
        told = Say("booking/nothing_open", Kind.NOTICE)
        if entry in ("cancel", "back"):
            return Step(goto=Goto("faq", "dropped"))
        return Step((told,), Goto(FLOW, "start"))

    def _words(self, scene: Scene, draft: Draft) -> Step:
        """Take an answer in words, a correction, or something else that comes in between."""
        said = self._read(scene)
        step = self._decided(scene, draft, said) or self._in_between(scene, draft, said)
        return step or self._changed(scene, draft, said)

    def _decided(self, scene: Scene, draft: Draft, said: Said) -> Step | None:
        """Take a plain yes or no to what was asked last; None for any other word (I6)."""
        act = scene.understood.act
        if said.drops or (scene.understood.request == "cancel" and draft.stage in (CONFIRM, WHO)):
            return self._cancel(scene, draft)
        if draft.stage != CONFIRM or draft.held is None:
            return None
        if (act == "yes" and not said.doubts) or said.agrees:
            return self._settling.sure(scene, draft, draft.held)
        doubted = act == "no" or (act == "yes" and said.doubts)
        return self._doubted(scene, draft) if doubted else None

    def _changed(self, scene: Scene, draft: Draft, said: Said) -> Step:
        """Take what the message names or changes, and go on; ask again where it says nothing."""
        named = self._reading.person(scene, draft, said)
        changed = self._reading.take(scene, draft, said)
        if changed or named:
            scene.session.misses = 0
        if changed:
            return self._more(scene, draft) if said.more else self._go_on(scene, draft)
        if scene.understood.when.ask and draft.placed:
            return self._asking.which_day(scene, draft)
        if named:
            return self._ask_again(scene, draft)
        if self._reading.near(scene, draft):
            return self._asking.which(scene, draft)
        if draft.placed and between.asks_fee(scene):
            return Step(
                goto=Goto("faq", "answer", {"intent": between.FEES}), back=Goto(FLOW, "resume")
            )
        return self._missed(scene, draft)

    def _read(self, scene: Scene) -> Said:
        return choosing.read(scene.understood.text, self._facts.vocabulary())

    def _in_between(self, scene: Scene, draft: Draft, said: Said) -> Step | None:
        """Hand on what is no answer to ours: another request, or a question with an approved answer."""
        understood = scene.understood
        request = understood.request
        if (step := self._still_ours(scene, draft, said)) is not None:
            return step
        back = Goto(FLOW, "resume")
        if request in _OF_THE_PERSON and said.other == "person":
            return self._other_person(scene, draft)
        if request == "move" and said.other and not _OF_ANOTHER.search(normalize(understood.text)):
            return None  # "换个时间" changes what is shown, not a visit that is booked
        if request is not None and REQUESTS[request][0] != FLOW:
            draft.keep(scene.session)
            goto = Goto(*REQUESTS[request])
            return Step(goto=goto, back=back if request in _IN_BETWEEN else None)
        if request is not None or understood.only:
            return None
        intent = between.asked(scene, draft, said, self._reading.names_somebody)
        return Step(goto=Goto("faq", "answer", {"intent": intent}), back=back) if intent else None

    def _still_ours(self, scene: Scene, draft: Draft, said: Said) -> Step | None:
        """Ask again whoever goes on with this booking, or wants another before it is done."""
        request, plain = scene.understood.request, normalize(scene.understood.text)
        if request == "resume" or goes_on(plain) or self._again(scene, draft, said):
            scene.session.misses = 0
            return self._ask_again(scene, draft)
        if draft.stage == CONFIRM and request == "book" and _ONE_MORE.search(plain):
            step = self._ask_again(scene, draft)
            told = Say("booking/one_at_a_time", Kind.NOTICE)
            return Step((told, *step.says), step.goto, step.back)
        return None

    def _again(self, scene: Scene, draft: Draft, said: Said) -> bool:
        """Say whether she only says once more that she wants a visit, in the middle of one."""
        if scene.understood.request != "book" or not draft.placed or scene.understood.when:
            return False
        return not (said.places or said.corrects or self._reading.names_somebody(scene))

    def _go_on(self, scene: Scene, draft: Draft) -> Step:
        """Ask the first thing that is not known yet; hold the place where all of it is."""
        if draft.several:
            return self._asking.which(scene, draft)
        if not draft.placed:
            return self._asking.where(scene, draft)
        if scene.understood.when.ask and not draft.timed:
            return self._asking.which_day(scene, draft)
        return self._offered(scene, draft)

    def _offered(self, scene: Scene, draft: Draft) -> Step:
        """Show what is free; hold at once what needs no choice; say truly why there is nothing."""
        slots = self._offers.free(scene, draft)
        limited = draft.below is not None or bool(draft.without)
        if not slots and limited and not self._offers.elsewhen(scene, draft):
            what = "doctor" if draft.without else "cheaper"
            draft.below, draft.without, draft.shown = None, [], []
            step = self._offered(scene, draft)
            told = Say("booking/no_other", Kind.NOTICE, {"what": what})
            return Step((told, *step.says), step.goto, step.back)
        if not slots:
            return self._offers.none(scene, draft)
        slot = None if draft.pick else self._offers.meant(draft, slots)
        if slot is None:
            return self._offers.listed(scene, draft, slots)
        return self._settling.hold(scene, draft, slot.slot_id)

    def _chosen_day(self, scene: Scene, draft: Draft) -> Step:
        draft.first = draft.last = str(scene.values["choice"])
        return self._go_on(scene, draft)

    def _chosen_name(self, scene: Scene, draft: Draft) -> Step:
        kind, _, code = str(scene.values["choice"]).partition(":")
        draft.several = []
        draft.doctors = [code] if kind == "doctor" else []
        draft.departments = [code] if kind == "department" else []
        return self._go_on(scene, draft)

    def _chosen_slot(self, scene: Scene, draft: Draft) -> Step:
        return self._settling.hold(scene, draft, int(scene.values["choice"]))

    def _more(self, scene: Scene, draft: Draft) -> Step:
        """Show what was not shown yet: at the time she named, then at any."""
        draft.pick = True
        slots = self._offers.free(scene, draft)
        if not _fresh(slots, draft) and (draft.timed or draft.soonest):
            shown = draft.shown
            draft.forget_time()
            draft.shown = shown
            slots = self._offers.free(scene, draft)
        if not slots:
            return self._offers.none(scene, draft)
        again = () if _fresh(slots, draft) else (Say("booking/no_more", Kind.NOTICE),)
        return Step((*again, *self._offers.listed(scene, draft, slots).says))

    def _other_time(self, scene: Scene, draft: Draft) -> Step:
        draft.from_time = draft.to_time = None
        draft.soonest = False
        draft.shown = [draft.slot] if draft.slot is not None else []
        self._same_place(scene, draft)
        return self._more(scene, draft)

    def _same_place(self, scene: Scene, draft: Draft) -> None:
        """Where the place came from an offer, remember whose it was, so that others like it follow."""
        if not draft.placed and draft.slot is not None:
            clinic = self._offers.clinic_of(scene.tx, draft.slot)
            draft.departments = [clinic.department] if clinic else []

    def _other_person(self, scene: Scene, draft: Draft) -> Step:
        draft.patient_id, draft.pick_person = None, True
        return self._ask_again(scene, draft)

    def _chosen_person(self, scene: Scene, draft: Draft) -> Step:
        draft.patient_id, draft.somebody, draft.pick_person = int(scene.values["choice"]), "", False
        return self._ask_again(scene, draft)

    def _new_person(self, scene: Scene, draft: Draft) -> Step:
        draft.stage = WHO
        draft.patient_id, draft.somebody = None, ""
        draft.keep(scene.session)
        return Step(goto=Goto("family", "start", {"back": "booking.who"}))

    def _from_family(self, scene: Scene, draft: Draft) -> Step:
        """Go on with whoever was added or chosen; with nobody, say that a visit needs somebody."""
        patient_id = scene.values.get("patient_id")
        draft.somebody = ""
        if patient_id is not None:
            draft.patient_id, draft.pick_person = int(patient_id), False
            return self._ask_again(scene, draft)
        draft.patient_id, draft.pick_person = None, True
        if self._settling.members(scene):
            return self._ask_again(scene, draft)
        return self._asking.nobody(scene, draft)

    def _sure(self, scene: Scene, draft: Draft) -> Step:
        return self._settling.sure(scene, draft, int(scene.values["choice"]))

    def _doubted(self, scene: Scene, draft: Draft) -> Step:
        """Ask what is not right: a no books nothing, and gives nothing back either."""
        visit = self._settling.held(scene, draft)
        if visit is None:
            return self._settling.again(scene, draft)
        return self._settling.ask(scene, draft, visit, doubts=True)

    def _ask_again(self, scene: Scene, draft: Draft) -> Step:
        """Ask what was asked last, or what comes after it now; say so where a hold ended."""
        if draft.held is not None and draft.stage in (WHO, CONFIRM):
            visit = self._settling.held(scene, draft)
            if visit is None:
                return self._settling.again(scene, draft)
            return self._settling.who(scene, draft, visit)
        draft.shown = []
        return self._go_on(scene, draft)

    def _wait(self, scene: Scene, draft: Draft) -> Step:
        """Let the waitlist take a full clinic (BK-09)."""
        clinic_id = int(scene.values["choice"])
        self._let_go(scene, draft)
        if draft.somebody or (draft.pick_person and len(self._settling.members(scene)) == 1):
            # Somebody else is meant than the one who is known: the waitlist must not take that one.
            scene.session.draft = {"flow": "waitlist", "clinic_id": clinic_id}
            who = {"back": "waitlist.who", "named": draft.somebody}
            return Step(goto=Goto("family", "start", who))
        values = {"clinic_id": clinic_id, "patient_id": draft.patient_id}
        return Step(goto=Goto("waitlist", "join", values))

    def _bind(self, scene: Scene, draft: Draft) -> Step:
        draft.keep(scene.session)
        return Step((Say("booking/bind_first", Kind.NOTICE),), Goto("bind", "start"))

    def _cancel(self, scene: Scene, draft: Draft) -> Step:
        """Drop it all: the place is free again, and nothing was booked."""
        if scene.understood.act == "cancel" and (said := self._read(scene)).other:
            return self._changed(scene, draft, said)  # "another time" is one of our own taps
        scene.session.misses = 0
        self._let_go(scene, draft)
        lang = scene.session.lang
        shortcuts = (menu_button(lang), person_button(lang))
        return Step((Say("booking/dropped", Kind.NOTICE, shortcuts=shortcuts),))

    def _let_go(self, scene: Scene, draft: Draft) -> None:
        if self._settling.held(scene, draft) is not None and draft.held is not None:
            self._bookings.release(scene.tx, draft.held, scene.now)
        scene.session.draft = None

    def _back(self, scene: Scene, draft: Draft) -> Step:
        """Go one question back; before the first there is nothing."""
        if draft.stage == CONFIRM and len(self._settling.members(scene)) > 1:
            return self._other_person(scene, draft)
        if draft.stage in (CONFIRM, WHO):
            return self._other_time(scene, draft)
        if draft.stage in (WHEN, WHICH):
            draft.forget_place()
            return self._asking.where(scene, draft)
        return self._cancel(scene, draft)

    def _missed(self, scene: Scene, draft: Draft) -> Step:
        """Say that it was not understood and ask again; the second time a person takes it."""
        missed = scene.session.misses + 1
        if missed >= MISSES_BEFORE_PERSON:
            draft.keep(scene.session)
            values = {"reason": "not understood", "desk": "booking"}
            return Step(goto=Goto("handoff", "open", values))
        step = self._ask_again(scene, draft)
        scene.session.misses = missed
        told = Say("booking/not_understood", Kind.NOTICE, {"stage": draft.stage})
        return Step((told, *step.says), step.goto, step.back)


def _fresh(slots: Sequence[FreeSlot], draft: Draft) -> bool:
    """Say whether there is a place that was not shown yet."""
    return any(slot.slot_id not in draft.shown for slot in slots)
