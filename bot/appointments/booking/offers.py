"""The free places that answer what a patient asked for; and where there are none, why and what else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from bot.appointments import finding, rows, telling
from bot.appointments.booking.choosing import MOST_SHOWN, at, spread
from bot.appointments.booking.drafts import WHEN, Draft
from bot.appointments.booking.labels import option, shortcut
from bot.appointments.finding import Wanted
from bot.appointments.model import ClinicView, FreeSlot, Refusal
from bot.appointments.service import Bookings
from bot.dialogue.facts import Facts
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Scene, Step
from bot.message import Button, Kind, Say
from bot.store.db import Tx
from bot.store.statements import Hot
from intents.entities import Entities
from intents.normalize import normalize

#: So many free places are looked at to choose the few that are shown.
_LOOKED_AT = 240
_OTHERS = 3

_CLINIC_OF = Hot(
    select(*rows.CLINIC)
    .join_from(rows.slot, rows.clinic, rows.slot.c.clinic_id == rows.clinic.c.id)
    .where(rows.slot.c.id == bindparam("slot_id"))
)


@dataclass(frozen=True, slots=True)
class Offers:
    """Looks for places and tells of them."""

    bookings: Bookings
    facts: Facts

    def today(self, now: datetime) -> date:
        """Return the hospital's date."""
        return now.astimezone(self.bookings.zone).date()

    def free(self, scene: Scene, draft: Draft) -> list[FreeSlot]:
        """Return what is free of what was asked for, soonest first; one time of day is left open."""
        wanted = draft.wanted()
        if wanted.from_time is not None and wanted.from_time == wanted.to_time:
            wanted = replace(wanted, from_time=None, to_time=None)
        return self._free(scene, wanted, draft)

    def meant(self, draft: Draft, slots: Sequence[FreeSlot]) -> FreeSlot | None:
        """Return the place that needs no choice: its time was named, or its doctor and half day were."""
        one_day = draft.first is not None and draft.first == draft.last
        if one_day and draft.from_time and draft.from_time == draft.to_time:
            moment = time.fromisoformat(draft.from_time)
            clinics = {slot.clinic.clinic_id: slot.clinic for slot in slots}
            of_each = (
                at(
                    [slot for slot in slots if slot.clinic.clinic_id == key],
                    moment,
                    self.bookings.zone,
                )
                for key in clinics
            )
            found = [slot for slot in of_each if slot is not None]
            return found[0] if len(found) == 1 else None
        one_doctor = len({slot.clinic.doctor for slot in slots}) == 1 and len(draft.doctors) == 1
        return slots[0] if one_doctor and (draft.soonest or (one_day and draft.part)) else None

    def listed(self, scene: Scene, draft: Draft, slots: Sequence[FreeSlot]) -> Step:
        """Show a few of `slots`, those that were shown already last of all."""
        fresh = [slot for slot in slots if slot.slot_id not in draft.shown]
        if not fresh:
            draft.shown, fresh = [], list(slots)
        shown = spread(self._by_nearness(draft, fresh))
        values = {
            **self._said(scene, draft),
            "doctors": self._doctors(shown, scene.session.lang),
            "exact": self._is_exact(draft, slots),
            "hold_minutes": self.bookings.options.hold_minutes,
        }
        more = len(fresh) > len(shown) or draft.timed  # then: at other times
        return self.choice(scene, draft, "slots", shown, values, more=more)

    def none(self, scene: Scene, draft: Draft) -> Step:
        """Say truly why there is nothing, and what else there is."""
        wanted = draft.wanted()
        now, zone = scene.now, self.bookings.zone
        options = self.bookings.options
        turned_down = self._turned_down(scene, draft)
        why = None if turned_down else finding.why_none(scene.tx, wanted, now, options, zone)
        views = finding.clinics(scene.tx, wanted, now, zone) if why else []
        clinic = next(
            (view for view in views if _fits(view, why, now)), views[0] if views else None
        )
        if clinic is not None and why is not None:
            return self.refused(scene, draft, why, clinic)
        values = {
            **self._said(scene, draft), **self._unreleased(scene, draft), "turned_down": turned_down,
        }  # fmt: skip
        return self.choice(scene, draft, "none", self.elsewhen(scene, draft), values)

    def _turned_down(self, scene: Scene, draft: Draft) -> str:
        """Return what she does not want of all that is free then: "doctor", "cheaper"; else nothing."""
        if not draft.without and draft.below is None:
            return ""
        free = finding.free(
            scene.tx, draft.wanted(), scene.now, self.bookings.options, self.bookings.zone, 1
        )
        return ("doctor" if draft.without else "cheaper") if free else ""

    def refused(self, scene: Scene, draft: Draft, why: Refusal, clinic: ClinicView) -> Step:
        """Say why a clinic cannot be booked, with other places, and the waitlist where it is full."""
        lang, zone = scene.session.lang, self.bookings.zone
        others = finding.alternatives(
            scene.tx, clinic, scene.now, self.bookings.options, zone, _OTHERS, tuple(draft.without)
        )
        values = {
            **telling.clinic_values(clinic, lang, zone),
            "why": why.value,
            "others": bool(others),
        }
        wait = (option("wait", lang, choice=clinic.clinic_id),) if why is Refusal.FULL else ()
        return self.choice(scene, draft, "refused_clinic", others, values, extra=wait)

    def clinic_of(self, tx: Tx, slot_id: int) -> ClinicView | None:
        """Return the clinic of a place, or None where there is no such place."""
        row = tx.one(_CLINIC_OF, slot_id=slot_id)
        return rows.clinic_view(row) if row else None

    def choice(
        self,
        scene: Scene,
        draft: Draft,
        name: str,
        slots: Sequence[FreeSlot],
        values: dict[str, Any],
        *,
        more: bool = False,
        extra: tuple[Button, ...] = (),
    ) -> Step:
        """Ask which of `slots`; also answered in words."""
        lang, zone = scene.session.lang, self.bookings.zone
        told = [telling.slot_values(slot, lang, zone) for slot in slots]
        taps = [
            Button(str(values_["label"]), f"flow:booking.slot:{slot.slot_id}")
            for slot, values_ in zip(slots, told, strict=True)
        ]
        options = (*taps, *((option("more", lang),) if more else ()), *extra)
        draft.stage, draft.symptoms = WHEN, []  # a suggestion is said once
        draft.shown = [*draft.shown, *(slot.slot_id for slot in slots)]
        draft.fee = str(max((slot.clinic.fee for slot in slots), default="")) or None
        draft.keep(scene.session)
        shortcuts = (shortcut("drop", lang), *(() if slots else (person_button(lang),)))
        say = Say(
            f"booking/{name}", Kind.QUESTION, {**values, "slots": told}, options,
            shortcuts, answer=("booking", "words"), here=True,
        )  # fmt: skip
        return Step((say,))

    def campus_in(self, scene: Scene) -> str | None:
        """Return the campus that the message names, where the hospital has several."""
        rows = self.facts.info(scene.session.lang)["campuses"]
        plain = normalize(scene.understood.text)
        named = [row.key for row in rows if any(normalize(name) in plain for name in row.names)]
        return named[0] if len(rows) > 1 and len(named) == 1 else None

    def named_doctors(self, scene: Scene, doctors: Sequence[str]) -> list[Any]:
        """Return the doctors of these codes as the facts tell them; none for no codes."""
        named = Entities(doctors=tuple(doctors))
        return self._found(scene, "doctors", named) if doctors else []

    def named_departments(
        self, scene: Scene, departments: Sequence[str] = (), doctors: Sequence[str] = ()
    ) -> list[Any]:
        """Return these departments, or those of these doctors; none for neither."""
        named = Entities(departments=tuple(departments), doctors=tuple(doctors))
        return self._found(scene, "departments", named) if departments or doctors else []

    def suggested(self, scene: Scene, symptoms: Sequence[str]) -> list[Any]:
        """Return what the approved table suggests for these symptoms, in its order (SC-05)."""
        named = Entities(symptoms=tuple(symptoms))
        return self._found(scene, "department_for", named) if symptoms else []

    def _found(self, scene: Scene, name: str, named: Entities) -> list[Any]:
        found = self.facts.find(name, scene.session.lang, self.today(scene.now), named)
        return list(found["found"])

    def _free(self, scene: Scene, wanted: Wanted, draft: Draft) -> list[FreeSlot]:
        slots = finding.free(
            scene.tx, wanted, scene.now, self.bookings.options, self.bookings.zone, _LOOKED_AT
        )
        return [slot for slot in slots if draft.suits(slot.clinic.doctor, slot.clinic.fee)]

    def elsewhen(self, scene: Scene, draft: Draft) -> list[FreeSlot]:
        """Return places on other days, else with other doctors of the department."""
        wanted = replace(
            draft.wanted(), first=None, last=None, part=None, from_time=None, to_time=None
        )
        widened: list[Callable[[], Wanted]] = [
            lambda: replace(draft.wanted(), part=None, from_time=None, to_time=None),
            lambda: wanted,
            lambda: replace(wanted, doctors=(), departments=tuple(self._departments(scene, draft))),
            lambda: replace(
                wanted, doctors=(), departments=tuple(self._departments(scene, draft)), campus=None
            ),
        ]
        for wider in widened:
            now_wanted = wider()
            if now_wanted.doctors or now_wanted.departments:
                slots = self._free(scene, now_wanted, draft)
                if slots:
                    return spread(slots, _OTHERS)
        return []

    def _departments(self, scene: Scene, draft: Draft) -> list[str]:
        found = self.named_departments(scene, draft.departments, draft.doctors)
        return [row.key for row in found]

    def _said(self, scene: Scene, draft: Draft) -> dict[str, Any]:
        """Return what she asked for, as a text says it again."""
        lang = scene.session.lang
        one_day = draft.first is not None and draft.first == draft.last
        doctors = self.named_doctors(scene, draft.doctors)
        places = doctors or self.named_departments(scene, draft.departments)
        return {
            "where": [row.name for row in places],
            "is_doctor": bool(doctors),
            "campus": self._campus_name(draft, lang),
            "advice": self.suggested(scene, draft.symptoms),
            "day": telling.day_words(date.fromisoformat(draft.first), lang)
            if draft.first and one_day
            else "",
            "part": telling.part_words(draft.part, lang) if draft.part else "",
            "time": draft.from_time[:5] if draft.from_time else "",
            "cheaper": draft.below is not None,
            "tier": telling.tier_words(draft.tier, lang) if draft.tier else "",
            "why": "",
            "released": "",
        }

    def _campus_name(self, draft: Draft, lang: str) -> str:
        """Return the campus she asked for; empty where any will do."""
        rows = self.facts.info(lang)["campuses"]
        return next((str(row.name) for row in rows if row.key == draft.campus), "")

    def _unreleased(self, scene: Scene, draft: Draft) -> dict[str, Any]:
        """Return from when a day that lies beyond all released ones can be booked."""
        options, lang = self.bookings.options, scene.session.lang
        if not draft.first:
            return {}
        first, ahead = date.fromisoformat(draft.first), timedelta(days=options.release_days)
        if first <= self.today(scene.now) + ahead:
            return {}
        opens = f"{telling.day_words(first - ahead, lang)} {options.release_at}"
        return {"why": Refusal.UNRELEASED.value, "released": opens}

    def _is_exact(self, draft: Draft, slots: Sequence[FreeSlot]) -> bool:
        """Say whether the time she named is among what is free; True where she named none."""
        if not draft.from_time or draft.from_time != draft.to_time:
            return True
        return at(slots, time.fromisoformat(draft.from_time), self.bookings.zone) is not None

    def _by_nearness(self, draft: Draft, slots: Sequence[FreeSlot]) -> list[FreeSlot]:
        """Return the places nearest to the time of day that was named first, where one was."""
        if not draft.from_time or draft.from_time != draft.to_time:
            return list(slots)
        moment = time.fromisoformat(draft.from_time)
        minutes = moment.hour * 60 + moment.minute

        def away(slot: FreeSlot) -> tuple[date, int]:
            begins = slot.starts_at.astimezone(self.bookings.zone)
            return slot.clinic.date, abs(begins.hour * 60 + begins.minute - minutes)

        return sorted(slots, key=away)[:MOST_SHOWN]

    def _doctors(self, slots: Sequence[FreeSlot], lang: str) -> list[dict[str, str]]:
        """Return each doctor of `slots` once, with the kind of clinic and the fee."""
        seen: dict[tuple[str, str], dict[str, str]] = {}
        for slot in slots:
            told = telling.slot_values(slot, lang, self.bookings.zone)
            names = ("doctor", "title", "department", "tier", "fee")
            seen.setdefault(
                (slot.clinic.doctor, slot.clinic.tier), {name: str(told[name]) for name in names}
            )
        return list(seen.values())


def _fits(clinic: ClinicView, why: Refusal | None, now: datetime) -> bool:
    """Say whether a clinic is one that `why` speaks of."""
    if why is Refusal.STOPPED:
        return clinic.status == "stopped"
    if why is Refusal.UNRELEASED:
        return clinic.status == "on" and clinic.released_at > now
    if why is Refusal.FULL:
        return clinic.status == "on" and clinic.released_at <= now < clinic.ends_at
    return clinic.status == "on"
