"""From what she said to a plan she agrees to: what is missing is asked, all is said back (I6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.care.between import asked_otherwise
from bot.care.kind import PATIENT
from bot.care.medication import saying
from bot.care.medication.hers import KIND, Hers
from bot.care.medication.saying import ask, say, tap, typed
from bot.care.medication.shape import MOST_TIMES, Medication, medication_of
from bot.care.plans import Plan
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.message import Button
from intents.dosing import Wanted, answer_in, dosing_in
from scheduler.hours import wall
from scheduler.recurrence import Daily

#: Usual hours to tap where she named none: an ordinary day.
HABITS: tuple[tuple[time, ...], ...] = (
    (time(8),),
    (time(8), time(18)),
    (time(8), time(12), time(18)),
    (time(21, 30),),
)
_MOST_ASKED = 3
#: Requests that mean the hours that are asked for, in other words.
_OURS = frozenset({"remind_medicine", "move", "best_time"})


@dataclass(frozen=True, slots=True)
class Proposing:
    """Proposes plans and makes those she agrees to.

    Attributes:
        a_day: no more messages of medicine than so many a day.
    """

    hers: Hers
    a_day: int

    def start(self, scene: Scene) -> Step:
        """Begin with a sentence that asks to be reminded, or with none."""
        wanted = dosing_in(scene.understood.text, self.hers.today(scene))
        if wanted is None:
            return self._ask_hours(scene, {})
        return self.propose(scene, wanted, {})

    def propose(self, scene: Scene, wanted: Wanted, known: Mapping[str, Any]) -> Step:
        """Say back what was understood, or ask for what is missing."""
        if (step := self._never(scene, wanted)) is not None:
            return step
        draft = {**known, **self._read(scene, wanted)}
        if wanted.missing == "weekdays":
            return ask("which_days", {"times": wanted.a_week}, (), {"draft": draft}, answer="hours")
        if not draft.get("times"):
            return self._ask_hours(scene, draft)
        return self.confirm(scene, draft)

    def _never(self, scene: Scene, wanted: Wanted) -> Step | None:
        """Return what is said of what is never scheduled."""
        if wanted.prn:
            return say("prn", {"medicine": wanted.medicine})
        if wanted.several:
            return say("one_at_a_time")
        if wanted.beyond:
            return say("beyond", {}, person_button(scene.session.lang))
        return None

    def _read(self, scene: Scene, wanted: Wanted) -> dict[str, Any]:
        """Return a draft of what she said; hours she did not say are marked as proposed."""
        times = wanted.suggested()
        draft: dict[str, Any] = {
            name: getattr(wanted, name)
            for name in ("medicine", "dose", "food", "whom")
            if getattr(wanted, name)
        }
        if times and len(times) <= MOST_TIMES:
            draft["times"] = [f"{at:%H:%M}" for at in times]
            draft["guessed"] = not wanted.settled or not wanted.sure
        if wanted.every > 1 or wanted.weekdays:
            draft |= {"every": wanted.every, "weekdays": sorted(wanted.weekdays)}
        if wanted.start is not None:
            draft["start"] = wanted.start.isoformat()
        if wanted.days is not None or wanted.end is not None:
            begin = wanted.start or self.hers.today(scene)
            days = wanted.days or ((wanted.end or begin) - begin).days + 1
            if days >= 1:
                draft["lasting"] = days
        return draft

    def _ask_hours(self, scene: Scene, draft: Mapping[str, Any]) -> Step:
        lang = scene.session.lang
        taps = [
            Button(saying.hours(times, lang), f"flow:{saying.FLOW}.habit:{n}")
            for n, times in enumerate(HABITS)
        ]
        told = {"medicine": draft.get("medicine", "")}
        return ask("which_hours", told, taps, {"draft": dict(draft)}, answer="hours")

    def habit(self, scene: Scene) -> Step:
        """Take a tap on usual hours."""
        times = HABITS[int(str(scene.values["choice"])) % len(HABITS)]
        draft = {**_draft(scene), "times": [f"{at:%H:%M}" for at in times], "guessed": False}
        return self.confirm(scene, draft)

    def hours(self, scene: Scene) -> Step:
        """Take hours and days in words; what is none is asked for once more, then let go."""
        draft, text = _draft(scene), scene.understood.text
        if scene.understood.act == "no":
            return say("dropped")
        again = dosing_in(text, self.hers.today(scene))
        wanted = again or answer_in(text)
        back = Goto(saying.FLOW, "again", {"draft": draft})
        elsewhere = asked_otherwise(scene.understood, _OURS, back)
        another = scene.understood.request not in (None, *_OURS)
        if wanted is not None and (again or not another):
            return self.propose(scene, wanted, {**draft, "tries": 0})
        if elsewhere is not None:
            return elsewhere
        if int(draft.get("tries", 0)) + 1 >= _MOST_ASKED:
            return say("dropped", {}, person_button(scene.session.lang))
        return self._ask_hours(scene, {**draft, "tries": int(draft.get("tries", 0)) + 1})

    def again(self, scene: Scene) -> Step:
        """Ask again what a question in between left open."""
        draft = dict(scene.values["draft"])
        return self.confirm(scene, draft) if draft.get("times") else self._ask_hours(scene, draft)

    def confirm(self, scene: Scene, draft: Mapping[str, Any]) -> Step:
        """Say the whole plan back and ask for a plain yes."""
        medication, (start, end) = _medication(draft), self._days(scene, draft)
        changing = draft.get("plan")
        messages = self.hers.busiest(scene, medication, start, int(changing) if changing else None)
        if messages > self.a_day:
            told: dict[str, Any] = {"messages": messages, "most": self.a_day}
            return ask("too_many", told, (), {"draft": {**draft, "times": []}}, answer="hours")
        quiet = self.hers.plans.planner.kinds.quiet
        told = {
            **saying.values(medication, scene.session.lang),
            "starts_on": start,
            "ends_on": end,
            "lasting": saying.lasting(start, end),
            "guessed": bool(draft.get("guessed")),
            "changing": changing is not None,
            "at_night": saying.hours(
                [at for at in medication.times if quiet.covers(at)], scene.session.lang
            ),
        }
        options = [
            tap(scene, "yes", "yes"),
            tap(scene, "change", "other_hours"),
            tap(scene, "no", "no"),
        ]
        return ask("confirm", told, options, {"draft": dict(draft)}, answer="decided")

    def other_hours(self, scene: Scene) -> Step:
        """Ask for other hours than those that were said back."""
        draft = {
            name: value for name, value in _draft(scene).items() if name not in ("times", "guessed")
        }
        return self._ask_hours(scene, draft)

    def decided(self, scene: Scene) -> Step:
        """Take an answer in words to "shall I?": a yes, a no, or other hours."""
        if scene.understood.act == "yes":
            return self.make(scene)
        if scene.understood.act == "no":
            return say("dropped")
        return self.hours(scene)

    def make(self, scene: Scene) -> Step:
        """Make, or change, the plan she agreed to."""
        draft = _draft(scene)
        if not draft.get("times"):
            return self._ask_hours(scene, draft)
        start, end = self._days(scene, draft)
        medication, plans = _medication(draft), self.hers.plans
        if (changing := draft.get("plan")) is not None:
            old = self.hers.one(scene, int(changing))
            if old is None:
                return say("not_hers")
            plan = self._changed(scene, old, medication)
        else:
            plan = plans.create(
                scene.tx, kind=KIND, details=medication.written(), zone=self.hers.zone_of(scene),
                starts_on=start, ends_on=end, now=scene.now, actor=PATIENT, source="chat",
                conversation_id=scene.conversation_id,
                patient_id=None if medication.whom else self.hers.herself(scene),
                source_key=f"chat:{scene.conversation_id}:{scene.inbox_id}",
            )  # fmt: skip
        return self._set(scene, plan)

    def _changed(self, scene: Scene, old: Plan, medication: Medication) -> Plan:
        """Let a plan have other hours; who chose them by herself is told of them at night, too."""
        known = medication_of(old.details)
        after = replace(known, times=medication.times, night=True if old.source != "chat" else None)
        if medication.weekdays or medication.every > 1:
            after = replace(after, weekdays=medication.weekdays, every=medication.every)
        return self.hers.plans.change(
            scene.tx, old.plan_id, scene.now, actor=PATIENT, details=after.written()
        )

    def _set(self, scene: Scene, plan: Plan) -> Step:
        moments = self.hers.plans.kinds[KIND].moments(plan, scene.now)
        coming = moments.get("dose")
        told = {
            **saying.values(medication_of(plan.details), scene.session.lang),
            "next": wall(coming, ZoneInfo(plan.zone)) if coming else None,
        }
        return say("set", told, typed(scene, "mine"))

    def _days(self, scene: Scene, draft: Mapping[str, Any]) -> tuple[date, date | None]:
        """Return the first and last day; the first is tomorrow where today's hours are over."""
        zone = ZoneInfo(self.hers.zone_of(scene))
        start = (
            date.fromisoformat(str(draft["start"]))
            if "start" in draft
            else wall(scene.now, zone).date()
        )
        rule = Daily(_medication(draft).times, start)
        if (first := rule.next_after(scene.now, zone)) is not None:
            start = max(start, wall(first, zone).date())
        lasting = draft.get("lasting")
        return start, start + timedelta(days=int(lasting) - 1) if lasting else None


def _medication(draft: Mapping[str, Any]) -> Medication:
    keys = ("medicine", "dose", "food", "whom", "times", "every", "weekdays")
    return medication_of({name: draft[name] for name in keys if name in draft})


def _draft(scene: Scene) -> dict[str, Any]:
    """Return what the question that was answered kept."""
    named = scene.asked.named if scene.asked is not None else None
    return dict((named or {}).get("draft", {}))
