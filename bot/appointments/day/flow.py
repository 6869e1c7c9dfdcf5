"""The conversation on the day: checking in, and "how many are before me?" (BK-13).

Whoever says "签到" may still be at home: one question is asked first, and it names whose visit it is. No
place in a line is told that is only guessed: where the calling system is silent, that is said instead.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from bot.appointments.booking.labels import shortcut
from bot.appointments.day import line
from bot.appointments.day.queue import Queue, Standing, room_words
from bot.appointments.day.queue_rules import Arrival, arrival, opens_at
from bot.appointments.model import Refusal, Visit
from bot.appointments.service import Bookings
from bot.appointments.states import State
from bot.appointments.telling import visit_values
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.listeners import sees
from bot.dialogue.people import Family
from bot.dialogue.understand import Answer
from bot.message import Button, Kind, Say
from intents.normalize import normalize, strip_fillers

_LABELS = {
    "zh-CN": {"here": "已到，签到：{who} {at} {doctor}", "not_yet": "还没到医院"},
    "en": {"here": "Here: {who} {at} {doctor}", "not_yet": "Not there yet"},
}
#: The words that say she has arrived, as a whole message.
_HERE = re.compile(
    r"(?:我|我们|她|他|人|已经|已|都|刚)*(?:到|来)(?:医院|这里|这儿|门诊)?(?:了|啦|咯)|(?:帮我|给我)?签到(?:吧)?"
    r"|(?:yes,? )?(?:i'm|we're|i am|we are|she's|he's) (?:already )?(?:here|there)"
    r"|(?:yes,? )?(?:i|we)(?:'ve| have)? (?:just )?arrived|check (?:me |us )?in"
)
_EDGES = " ,.!?~。、…;:"
#: A list has at most five options, and one of them is "not there yet".
_MOST = 4


class DayFlow:
    """Checks in and says who is before whom.

    Args:
        family: whose visits a conversation may see and touch.
        today: the hospital's date at an instant.
    """

    def __init__(
        self, bookings: Bookings, family: Family, queue: Queue, today: Callable[[datetime], date]
    ) -> None:
        self._bookings, self._family, self._queue = bookings, family, queue
        self._today = today

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at `check_in`, `here`, `answered`, `not_yet` or `queue`."""
        scene.session.misses = 0
        match entry:
            case "check_in":
                return self._check_in(scene, self._visits(scene))
            case "here":
                return self._here(scene, int(scene.values["choice"]))
            case "answered":
                return self._answered(scene)
            case "not_yet":
                return self._told(scene, "not_yet")
            case "queue":
                return self._standing(scene)
            case _:
                raise ValueError(f"visit_day has no entry {entry}")

    def _visits(self, scene: Scene) -> list[Visit]:
        """Return her family's visits of today, of those she names where she names any."""
        members = self._family.members(scene.tx, scene.conversation_id, self._today(scene.now))
        named = self._family.named(scene.understood.text, members) or members
        found = [
            self._bookings.visit(scene.tx, appointment_id)
            for member in named
            for appointment_id in line.today(scene.tx, member.patient_id, self._today(scene.now))
        ]
        mine = (one for one in found if one and self._sees(scene, one))
        return sorted(mine, key=lambda one: one.starts_at)

    def _sees(self, scene: Scene, visit: Visit) -> bool:
        members = self._family.members(scene.tx, scene.conversation_id, self._today(scene.now))
        return sees(members, visit.patient_id, visit.conversation_id, scene.conversation_id)

    def _check_in(self, scene: Scene, visits: Sequence[Visit]) -> Step:
        """Ask whether she is there; else say why it is not the time, or how she stands already."""
        booked = [one for one in visits if one.state is State.BOOKED]
        ready = [one for one in booked if self._arrival(one, scene.now) is Arrival.READY]
        if ready:
            return self._ask_here(scene, ready[:_MOST])
        if any(one.state is State.CHECKED_IN for one in visits):
            return self._standing(scene)
        if not booked:
            return self._none(scene, "visit.checkin")
        return self._not_now(scene, booked)

    def _arrival(self, visit: Visit, now: datetime) -> Arrival:
        return arrival(visit.starts_at, visit.ends_at, now, self._bookings.options)

    def _not_now(self, scene: Scene, booked: Sequence[Visit]) -> Step:
        """Say of the next visit from when on, or of the last that it is too late here, and the rule."""
        early = [one for one in booked if self._arrival(one, scene.now) is Arrival.EARLY]
        visit, options = (early or list(booked[-1:]))[0], self._bookings.options
        begins = opens_at(visit.starts_at, options).astimezone(self._bookings.zone)
        values = {
            **self._values(scene, visit),
            "begins": begins.strftime("%H:%M"),
            "late_minutes": options.late_minutes,
            "over": scene.now >= visit.clinic.ends_at,
        }
        return self._told(scene, "too_early" if early else "too_late", values)

    def _ask_here(self, scene: Scene, ready: Sequence[Visit]) -> Step:
        lang = scene.session.lang
        words, zone = _LABELS[lang], self._bookings.zone
        options = [
            Button(
                words["here"].format(
                    who=one.told or "",
                    at=one.starts_at.astimezone(zone).strftime("%H:%M"),
                    doctor=self._values(scene, one)["doctor"],
                ),
                f"flow:visit_day.here:{one.appointment_id}",
            )
            for one in ready
        ]
        options.append(Button(words["not_yet"], "flow:visit_day.not_yet"))
        values = {"visits": [self._values(scene, one) for one in ready]}
        return Step((
            Say("queue/ask_here", Kind.QUESTION, values, tuple(options),
                answer=("visit_day", "answered"), here=True),
        ))  # fmt: skip

    def _answered(self, scene: Scene) -> Step:
        """Take an answer in words; nobody is checked in but the one that is meant for sure (I6)."""
        said = scene.understood
        asked = [int(value.rpartition(":")[2]) for value in _choices(scene)]
        visits = [one for one in self._visits(scene) if one.appointment_id in asked]
        plain = normalize(said.text)
        bare = {plain.strip(_EDGES), strip_fillers(plain).strip(_EDGES)}
        agrees = said.act == "yes" or any(_HERE.fullmatch(one) for one in bare)
        if agrees and len(visits) == 1:
            return self._here(scene, visits[0].appointment_id)
        if said.act == "no":
            return self._told(scene, "not_yet")
        if isinstance(said.decision, Answer) and not agrees:
            scene.session.expect = scene.asked  # a question in between; ours stays open
            return Step(goto=Goto("faq", "answer", {"intent": said.decision.match.intent}))
        return self._check_in(scene, visits)

    def _here(self, scene: Scene, appointment_id: int) -> Step:
        """Check in whoever was chosen, if she is hers and it is the time (I7)."""
        tx, now = scene.tx, scene.now
        visit = self._bookings.visit(tx, appointment_id)
        if visit is None or visit.clinic.date != self._today(now) or not self._sees(scene, visit):
            return self._none(scene, "visit.checkin")
        if visit.state is State.BOOKED:
            if self._arrival(visit, now) is not Arrival.READY:
                return self._not_now(scene, [visit])
            done = self._bookings.check_in(tx, appointment_id, now, actor="patient")
            if isinstance(done, Refusal):
                return self._told(scene, "cannot", self._values(scene, visit))
        elif visit.state is not State.CHECKED_IN:
            return self._told(scene, "cannot", self._values(scene, visit))
        standing = self._queue.join(tx, appointment_id, now)
        return self._told(scene, "checked_in", self._stands(scene, visit, standing))

    def _standing(self, scene: Scene) -> Step:
        """Say where everybody stands who checked in; else what comes first."""
        visits = self._visits(scene)
        inside = [one for one in visits if one.state is State.CHECKED_IN]
        if not inside:
            booked = [one for one in visits if one.state is State.BOOKED]
            return self._check_in(scene, booked) if booked else self._none(scene, "visit.queue")
        rows = [
            self._stands(scene, one, self._queue.standing(scene.tx, one.appointment_id, scene.now))
            for one in inside
        ]
        return self._told(scene, "standing", {"visits": rows})

    def _none(self, scene: Scene, intent: str) -> Step:
        """Say that nobody has a visit today; what is known to everybody, where nobody has any at all."""
        members = self._family.members(scene.tx, scene.conversation_id, self._today(scene.now))
        ids = [member.patient_id for member in members]
        found = self._bookings.of_patients(scene.tx, ids, scene.now) if ids else []
        coming = [visit for visit in found if self._sees(scene, visit)]
        if not coming:
            return Step(goto=Goto("faq", "answer", {"intent": intent}))
        values = {"visits": [self._values(scene, coming[0])]}
        return self._told(scene, "none_today", values)

    def _stands(self, scene: Scene, visit: Visit, standing: Standing) -> dict[str, Any]:
        zone = self._bookings.zone
        heard = standing.heard_at.astimezone(zone).strftime("%H:%M") if standing.heard_at else ""
        return {
            **self._values(scene, visit),
            "queue_no": standing.number,
            "queue_state": standing.state.value if standing.state else "",
            "ahead": standing.ahead,
            "room": room_words(standing.room, scene.session.lang),
            "heard": heard,
            "silent": standing.is_silent,
        }

    def _values(self, scene: Scene, visit: Visit) -> dict[str, Any]:
        return visit_values(visit, scene.session.lang, self._bookings.zone)

    def _told(self, scene: Scene, name: str, values: dict[str, Any] | None = None) -> Step:
        lang = scene.session.lang
        shortcuts = (shortcut("mine", lang), person_button(lang))
        return Step((Say(f"queue/{name}", Kind.NOTICE, values or {}, shortcuts=shortcuts),))


def _choices(scene: Scene) -> list[str]:
    """Return the visits that the question named, as its options stand for them."""
    options = scene.asked.options if scene.asked else []
    return [value for value in options if value.startswith("flow:visit_day.here:")]
