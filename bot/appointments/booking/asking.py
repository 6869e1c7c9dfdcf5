"""The first questions of a booking, while nothing is held yet: where, which of several, which day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.appointments.booking.drafts import FLOW, WHEN, WHERE, WHICH, WHO, Draft
from bot.appointments.booking.labels import option, shortcut, titled
from bot.appointments.booking.offers import Offers
from bot.appointments.telling import day_words
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Scene, Step
from bot.message import Button, Kind, Say

_MOST_NAMES = 5
_WEEK = timedelta(days=7)
#: `When.ask` of a weekday that is today's: both may be meant.
TODAY_OR_NEXT_WEEK = "today or next week"


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks; each question is answered by a choice or in words."""

    offers: Offers

    def where(self, scene: Scene, draft: Draft) -> Step:
        """Ask for a department, a doctor or a complaint."""
        draft.stage = WHERE
        return self._ask(scene, draft, "where")

    def which(self, scene: Scene, draft: Draft) -> Step:
        """Ask which of several is meant: one name, or one complaint, stands for more than one."""
        codes = [name.partition(":") for name in draft.several]
        doctors = [code for kind, _, code in codes if kind == "doctor"]
        departments = [code for kind, _, code in codes if kind == "department"]
        lang = scene.session.lang
        labels = {
            f"doctor:{row.key}": titled(row.name, row.department, lang)
            for row in self.offers.named_doctors(scene, doctors)
        } | {
            f"department:{row.key}": row.name
            for row in self.offers.named_departments(scene, departments)
        }
        options = [
            Button(labels[name], f"flow:{FLOW}.which:{name}")
            for name in draft.several
            if name in labels
        ]
        draft.stage = WHICH
        values = {"advice": self.offers.suggested(scene, draft.symptoms)}
        return self._ask(scene, draft, "which", values, tuple(options[:_MOST_NAMES]))

    def which_day(self, scene: Scene, draft: Draft) -> Step:
        """Ask for a day that is plain; of today and the same day next week, which."""
        draft.stage = WHEN
        why = scene.understood.when.ask or ""
        options: tuple[Button, ...] = ()
        if why == TODAY_OR_NEXT_WEEK:
            today, entities = self.offers.today(scene.now), scene.understood.entities
            draft.part = (entities.session if entities else None) or draft.part
            options = tuple(
                Button(day_words(day, scene.session.lang), f"flow:{FLOW}.day:{day.isoformat()}")
                for day in (today, today + _WEEK)
            )
        return self._ask(scene, draft, "which_day", {"why": why}, options)

    def nobody(self, scene: Scene, draft: Draft) -> Step:
        """Say that a visit needs a patient."""
        lang = scene.session.lang
        draft.stage = WHO
        ways = (option("new_person", lang), option("drop", lang, to="cancel"))
        return self._ask(scene, draft, "nobody", options=ways, ends=False)

    def _ask(
        self,
        scene: Scene,
        draft: Draft,
        name: str,
        values: Mapping[str, Any] | None = None,
        options: tuple[Button, ...] = (),
        *,
        ends: bool = True,
    ) -> Step:
        """Ask, with a tap that ends it all where none of `options` does."""
        draft.keep(scene.session)
        lang = scene.session.lang
        shortcuts = (*((shortcut("drop", lang),) if ends else ()), person_button(lang))
        return Step((
            Say(f"{FLOW}/{name}", Kind.QUESTION, values or {}, options, shortcuts,
                answer=(FLOW, "words"), here=True),
        ))  # fmt: skip
