"""The second half of a booking: whose visit it is, that it is really wanted, and what was refused.

A place is held before the first of these questions, and nothing is booked before the last (I6).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.appointments import telling
from bot.appointments.booking.drafts import CONFIRM, WHO, Draft
from bot.appointments.booking.labels import option, shortcut
from bot.appointments.booking.offers import Offers
from bot.appointments.model import Refusal, Visit
from bot.appointments.rules import may_cancel, most_within
from bot.appointments.service import Bookings
from bot.appointments.states import State
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.people import Family, Member
from bot.message import Button, Kind, Say

#: What stands in the way of one patient; another one, or another time, may do.
_OF_THE_PATIENT = frozenset({
    Refusal.CLASH, Refusal.SAME_DEPARTMENT, Refusal.PER_DAY, Refusal.PER_WEEK, Refusal.PER_QUARTER,
    Refusal.BLOCKED, Refusal.UNVERIFIED, Refusal.NOT_HERS, Refusal.TOO_LATE, Refusal.NO_STEP,
})  # fmt: skip
#: Of these another day is the way out.
_ANOTHER_TIME = frozenset(
    {Refusal.CLASH, Refusal.SAME_DEPARTMENT, Refusal.PER_DAY, Refusal.PER_WEEK}
)
_WEEK, _QUARTER = 7, 90

#: What a private chat is told beside a booked visit: links to its calendar file and the way there.
Links = Callable[[Scene, Visit], dict[str, Any]]


def no_links(scene: Scene, visit: Visit) -> dict[str, Any]:  # noqa: ARG001
    """Return nothing to open."""
    return {}


@dataclass(frozen=True, slots=True)
class Settling:
    """Asks who and whether; books.

    Attributes:
        offers: tells of other places where the held one is gone.
        links: what a booked visit can be told with; keys `calendar` and `way`.
    """

    bookings: Bookings
    family: Family
    offers: Offers
    links: Links = no_links

    def members(self, scene: Scene) -> Sequence[Member]:
        """Return who this conversation may book for."""
        today = self.offers.today(scene.now)
        return self.family.members(scene.tx, scene.conversation_id, today)

    def held(self, scene: Scene, draft: Draft) -> Visit | None:
        """Return the visit whose place is kept for this booking, while it is."""
        if draft.held is None:
            return None
        visit = self.bookings.visit(scene.tx, draft.held)
        kept = visit is not None and visit.conversation_id == scene.conversation_id
        still = kept and visit is not None and visit.held_until is not None
        return visit if still and visit and visit.held_until > scene.now else None  # type: ignore[operator]

    def hold(self, scene: Scene, draft: Draft, slot_id: int) -> Step:
        """Keep a place, then ask whose it is."""
        key = f"turn:{scene.inbox_id}:{slot_id}"
        held = self.bookings.hold(
            scene.tx, slot_id, scene.conversation_id, scene.now, request_key=key
        )
        if isinstance(held, Refusal):
            return self.gone(scene, draft, held, slot_id)
        draft.held, draft.slot = held.appointment_id, slot_id
        return self.who(scene, draft, held)

    def who(self, scene: Scene, draft: Draft, visit: Visit) -> Step:
        """Go on with the one who was named, or the only one there is; else ask (BK-01)."""
        members = self.members(scene)
        known = [member for member in members if member.patient_id == draft.patient_id]
        if not known and draft.somebody:
            return self._newcomer(scene, draft, visit)
        if not known and len(members) == 1 and draft.patient_id is None and not draft.pick_person:
            known = list(members)
        if known:
            return self._assign(scene, draft, visit, known[0])
        if not members:
            return self._newcomer(scene, draft, visit)
        return self._ask_who(scene, draft, visit, members)

    def _newcomer(self, scene: Scene, draft: Draft, visit: Visit) -> Step:
        """Let the family flow take whoever is not known yet."""
        draft.stage = WHO
        draft.keep(scene.session)
        told = Say("booking/held", Kind.NOTICE, self._values(scene, visit))
        values = {"back": "booking.who", "named": draft.somebody}
        return Step((told,), Goto("family", "start", values))

    def _ask_who(self, scene: Scene, draft: Draft, visit: Visit, members: Sequence[Member]) -> Step:
        lang = scene.session.lang
        taps = [Button(one.name, f"flow:booking.person:{one.patient_id}") for one in members]
        if len(members) < self.bookings.options.family:
            taps.append(option("new_person", lang))
        draft.stage = WHO
        draft.keep(scene.session)
        values = self._values(scene, visit)
        return Step((
            Say("booking/who", Kind.QUESTION, values, tuple(taps), (shortcut("drop", lang),),
                answer=("booking", "words"), here=True),
        ))  # fmt: skip

    def _assign(self, scene: Scene, draft: Draft, visit: Visit, member: Member) -> Step:
        assigned = self.bookings.assign(
            scene.tx, visit.appointment_id, scene.conversation_id, member.patient_id, scene.now,
            verified=member.verified,
        )  # fmt: skip
        if isinstance(assigned, Refusal):
            return self.refused(scene, draft, assigned, visit, member)
        draft.patient_id, draft.somebody, draft.pick_person = member.patient_id, "", False
        return self.ask(scene, draft, assigned)

    def ask(self, scene: Scene, draft: Draft, visit: Visit, *, doubts: bool = False) -> Step:
        """Ask whether this visit is to be booked, with all that matters; only a yes books it."""
        lang = scene.session.lang
        names = ("sure", "other_time", "other_person")
        options = (
            option("sure", lang, choice=visit.appointment_id),
            *(option(name, lang) for name in names[1:]),
            option("drop", lang, to="cancel"),
        )
        draft.stage = CONFIRM
        draft.keep(scene.session)
        values = {
            **self._values(scene, visit), **self._warned(scene, visit), "doubts": doubts,
        }  # fmt: skip
        return Step((
            Say("booking/confirm", Kind.QUESTION, values, options, answer=("booking", "words"),
                here=True),
        ))  # fmt: skip

    def sure(self, scene: Scene, draft: Draft, appointment_id: int) -> Step:
        """Book the visit that was asked about."""
        patients = [member.patient_id for member in self.members(scene)]
        mine = self.bookings.belongs(scene.tx, appointment_id, scene.conversation_id, patients)
        booked = (
            self.bookings.confirm(scene.tx, appointment_id, scene.conversation_id, scene.now)
            if mine
            else Refusal.NOT_HERS
        )
        if booked is Refusal.EXPIRED:
            return self.again(scene, draft)
        if isinstance(booked, Refusal):
            visit = self.bookings.visit(scene.tx, appointment_id) if mine else None
            return self.refused(scene, draft, booked, visit, None)
        scene.session.draft = None
        self._stays_open(scene, appointment_id)
        return self.booked(scene, booked)

    def _stays_open(self, scene: Scene, appointment_id: int) -> None:
        """Keep the tap she booked with, so that a second one is told that all is done (BK-12)."""
        asked = scene.asked
        sure = f"flow:booking.sure:{appointment_id}"
        if asked is not None and sure in asked.options[:1]:
            scene.session.expect = replace(asked, options=[sure], flow="", entry="")

    def already(self, scene: Scene, appointment_id: int) -> Step:
        """Say that a visit is booked already, to whoever says yes to it once more."""
        patients = [member.patient_id for member in self.members(scene)]
        mine = self.bookings.belongs(scene.tx, appointment_id, scene.conversation_id, patients)
        visit = self.bookings.visit(scene.tx, appointment_id) if mine else None
        if visit is None or visit.state is not State.BOOKED:
            return Step(goto=Goto("faq", "stale"))
        lang = scene.session.lang
        self._stays_open(scene, appointment_id)
        shortcuts = (shortcut("mine", lang), person_button(lang))
        return Step((
            Say("booking/already", Kind.NOTICE, self._values(scene, visit), shortcuts=shortcuts),
        ))  # fmt: skip

    def booked(self, scene: Scene, visit: Visit) -> Step:
        """Say that it is booked, with everything that is needed on the day."""
        lang = scene.session.lang
        values = {
            "calendar": "",
            "way": "",
            **self._values(scene, visit),
            **self.links(scene, visit),
        }
        shortcuts = (shortcut("mine", lang), person_button(lang))
        return Step((Say("booking/booked", Kind.NOTICE, values, shortcuts=shortcuts),))

    def again(self, scene: Scene, draft: Draft) -> Step:
        """Say that the hold ended; keep the same place once more where it is still free."""
        slot_id, draft.held = draft.slot, None
        held: Visit | Refusal = Refusal.EXPIRED
        if slot_id is not None:
            key = f"turn:{scene.inbox_id}:{slot_id}"
            held = self.bookings.hold(
                scene.tx, slot_id, scene.conversation_id, scene.now, request_key=key
            )
        if isinstance(held, Refusal):
            step = self.gone(scene, draft, held, slot_id)
            return Step((Say("booking/expired", Kind.NOTICE, {"kept": False}), *step.says))
        draft.held = held.appointment_id
        step = self.who(scene, draft, held)
        told = Say("booking/expired", Kind.NOTICE, {"kept": True})
        return Step((told, *step.says), step.goto, step.back)

    def gone(self, scene: Scene, draft: Draft, why: Refusal, slot_id: int | None) -> Step:
        """Say that a place cannot be had, with others instead."""
        clinic = self.offers.clinic_of(scene.tx, slot_id) if slot_id is not None else None
        if clinic is None:
            return self.offers.none(scene, draft)
        if why is Refusal.FULL:
            others = [
                slot for slot in self.offers.free(scene, draft) if slot.slot_id != slot_id
            ]  # the clinic may have another time
            if others:
                draft.shown, draft.pick = [], True
                step = self.offers.listed(scene, draft, others)
                return Step((Say("booking/just_taken", Kind.NOTICE), *step.says))
        return self.offers.refused(scene, draft, why, clinic)

    def refused(
        self,
        scene: Scene,
        draft: Draft,
        why: Refusal,
        visit: Visit | None,
        member: Member | None,
    ) -> Step:
        """Say why this visit cannot be hers, and what she can do (each refusal has a way on)."""
        if why is Refusal.EXPIRED:
            return self.again(scene, draft)
        if why not in _OF_THE_PATIENT:
            return self.gone(scene, draft, why, visit.slot_id if visit else None)
        lang, options = scene.session.lang, self.bookings.options
        told = visit is not None
        values: dict[str, Any] = {
            **(self._values(scene, visit) if visit else {"day": "", "department": ""}),
            "why": why.value, "who": member.name if member else "", "told": told,
            "per_day": options.per_day, "per_week": options.per_week,
            "per_quarter": options.per_quarter, "unverified": options.unverified,
            "missed": 0, "blocked_until": "",
        }  # fmt: skip
        if member is not None and why is Refusal.BLOCKED:
            missed = self.bookings.missed(scene.tx, member.patient_id, scene.now)
            values["missed"] = missed.count
            if missed.blocked_until is not None:
                until = missed.blocked_until.astimezone(self.bookings.zone).date()
                values["blocked_until"] = telling.day_words(until, lang)
        ways: list[Button] = []
        if why in _ANOTHER_TIME and told:
            ways.append(option("other_time", lang))
        if why is Refusal.UNVERIFIED:
            ways.append(option("bind", lang))
        if told:
            ways += [option("other_person", lang), option("drop", lang, to="cancel")]
        draft.stage = WHO
        draft.patient_id = None
        draft.keep(scene.session)
        answer = ("booking", "words") if told else None
        return Step((
            Say("booking/refused", Kind.QUESTION if ways else Kind.NOTICE, values, tuple(ways),
                (shortcut("mine", lang), person_button(lang)), answer=answer, here=True),
        ))  # fmt: skip

    def _values(self, scene: Scene, visit: Visit) -> dict[str, Any]:
        told = telling.visit_values(visit, scene.session.lang, self.bookings.zone, scene.now)
        return {**told, "cancellable": may_cancel(visit.clinic.cancel_until, scene.now)}

    def _warned(self, scene: Scene, visit: Visit) -> dict[str, Any]:
        """Return what to tell before a limit or the rule of missed visits bites."""
        options = self.bookings.options
        values: dict[str, Any] = {
            "missed": 0, "near": "", "per_week": options.per_week, "per_quarter": options.per_quarter,
            "missed_window": options.no_show_window_days, "missed_most": options.no_show_count,
            "block_days": options.no_show_block_days,
        }  # fmt: skip
        if visit.patient_id is None:
            return values
        missed = self.bookings.missed(scene.tx, visit.patient_id, scene.now)
        values["missed"] = missed.count if missed.warn else 0
        others = [
            other.clinic.date
            for other in self.bookings.of_patients(scene.tx, [visit.patient_id], scene.now)
            if other.appointment_id != visit.appointment_id
        ]
        if most_within(visit.clinic.date, others, _WEEK) >= options.per_week:
            values["near"] = "week"
        elif most_within(visit.clinic.date, others, _QUARTER) >= options.per_quarter:
            values["near"] = "quarter"
        return values
