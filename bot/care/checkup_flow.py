"""Asking to be reminded of a check-up every year: which month, and a plain yes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.care import shapes
from bot.care.between import asked_otherwise
from bot.care.kind import PATIENT
from bot.care.plans import Plan, Plans
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.people import Family, Member
from bot.message import Button, Kind, Say
from intents.normalize import normalize
from scheduler.hours import local_day

FLOW = "checkup"
_OURS = frozenset({"remind_checkup"})
_LABELS = {
    "zh-CN": {"yes": "好，{month}月", "other": "换个月份", "no": "不用了"},
    "en": {"yes": "Yes, {month}", "other": "Another month", "no": "No, thanks"},
}
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_CHINESE = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_NUMBERED = re.compile(r"(?<!\d)(1[0-2]|0?[1-9])\s*月(?!\d)|^\s*(1[0-2]|0?[1-9])\s*$")
_WORDED = re.compile(r"(十[一二]?|[一二三四五六七八九])月(?:份)?")
_NAMED = re.compile(rf"\b({'|'.join(name[:3] for name in _MONTHS)})[a-z]*\b")


@dataclass(frozen=True, slots=True)
class CheckupFlow:
    """Asks, and makes the plan after a plain yes (I6).

    Attributes:
        family: whom a conversation may ask for.
        today: the hospital's date at an instant.
    """

    plans: Plans
    family: Family
    zone: ZoneInfo
    today: Callable[[datetime], date]

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at `start`, `words`, `yes`, `other` or `no`."""
        scene.session.misses = 0
        match entry:
            case "start":
                return self._start(scene)
            case "words":
                return self._words(scene)
            case "yes":
                return self._made(scene, *_of(scene.values["choice"]))
            case "other":
                return self._ask_month(*_of(scene.values["choice"]))
            case "again":
                month, patient_id = scene.values["month"], scene.values["patient"]
                return self._ask(scene, int(str(month)), int(str(patient_id)))
            case "no":
                return Step((Say("care/checkup_left"),))
            case _:
                raise ValueError(f"checkup has no entry {entry}")

    def _start(self, scene: Scene) -> Step:
        """Ask for whom she names, else for herself; in the month she names, else in this one."""
        text = scene.understood.text
        members = self.family.members(scene.tx, scene.conversation_id, self.today(scene.now))
        named = self.family.named(text, members)
        herself = [one for one in members if one.relation == "self"]
        whom = named[0] if len(named) == 1 else next(iter(herself), None)
        if whom is not None and (plan := self._known(scene, whom)) is not None:
            values = {"month": plan.starts_on.month, "who": whom.name}
            return Step((Say("care/checkup_known", values=values),))
        month = month_in(text) or local_day(scene.now, self.zone).month
        return self._ask(scene, month, whom.patient_id if whom else 0)

    def _known(self, scene: Scene, whom: Member) -> Plan | None:
        """Return a plan of hers that may be told of here."""
        plans = self.plans.of_conversation(
            scene.tx, scene.conversation_id, [whom.patient_id] if whom.verified else []
        )
        return next(
            (one for one in plans if one.kind == "checkup" and one.patient_id == whom.patient_id),
            None,
        )

    def _ask(self, scene: Scene, month: int, patient_id: int) -> Step:
        labels, chosen = _LABELS[scene.session.lang], f"{month}.{patient_id}"
        shown = month if scene.session.lang == "zh-CN" else _MONTHS[month - 1].capitalize()
        options = (
            Button(labels["yes"].format(month=shown), f"flow:{FLOW}.yes:{chosen}"),
            Button(labels["other"], f"flow:{FLOW}.other:{chosen}"),
            Button(labels["no"], f"flow:{FLOW}.no"),
        )
        values = {"month": month, "month_name": str(shown), "who": self._name(scene, patient_id)}
        named: dict[str, object] = {"month": month, "patient": patient_id}
        return Step((
            Say("care/checkup_ask", Kind.QUESTION, values, options, named=named,
                answer=(FLOW, "words"), here=True),
        ))  # fmt: skip

    def _ask_month(self, month: int, patient_id: int) -> Step:
        named: dict[str, object] = {"month": month, "patient": patient_id}
        return Step((
            Say("care/checkup_month", Kind.QUESTION, named=named, answer=(FLOW, "words"), here=True),
        ))  # fmt: skip

    def _words(self, scene: Scene) -> Step:
        """Take a month, a plain yes or no, or something else that comes in between."""
        named: dict[str, Any] = (scene.asked.named if scene.asked else None) or {}
        month, patient_id = int(named.get("month", 0)), int(named.get("patient", 0))
        said = scene.understood
        if said.number is not None and 1 <= said.number <= len(_MONTHS):
            return self._ask(scene, said.number, patient_id)
        if (told := month_in(said.text)) is not None:
            return self._ask(scene, told, patient_id)
        asks_whether = scene.asked is not None and bool(scene.asked.options)
        if said.act == "yes" and month and asks_whether:
            return self._made(scene, month, patient_id)
        if said.act == "no":
            return Step((Say("care/checkup_left"),))
        month = month or local_day(scene.now, self.zone).month
        back = Goto(FLOW, "again", {"month": month, "patient": patient_id})
        return asked_otherwise(said, _OURS, back) or self._ask(scene, month, patient_id)

    def _made(self, scene: Scene, month: int, patient_id: int) -> Step:
        """Make the plan; the first is told of when that month comes next, a month ahead."""
        today = local_day(scene.now, self.zone)
        year = today.year - 1 if month > today.month else today.year
        starts_on = date(year, month, min(today.day, 28))
        members = self.family.members(scene.tx, scene.conversation_id, self.today(scene.now))
        whom = next((one for one in members if one.patient_id == patient_id), None)
        key = f"checkup:{scene.conversation_id}:{whom.patient_id if whom else 0}"
        plan = self.plans.create(
            scene.tx, kind="checkup", details=shapes.written(shapes.Checkup()), zone=self.zone.key,
            starts_on=starts_on, now=scene.now, actor=PATIENT, source="chat", source_key=key,
            conversation_id=scene.conversation_id, patient_id=whom.patient_id if whom else None,
        )  # fmt: skip
        values = {"month": plan.starts_on.month, "month_name": _MONTHS[month - 1].capitalize(),
                  "who": whom.name if whom else ""}  # fmt: skip
        return Step((Say("care/checkup_made", values=values),))

    def _name(self, scene: Scene, patient_id: int) -> str:
        members = self.family.members(scene.tx, scene.conversation_id, self.today(scene.now))
        return next((one.name for one in members if one.patient_id == patient_id), "")


def month_in(text: str) -> int | None:
    """Return the month that a text names: "5月", "五月份", "in May"; None where it names none."""
    plain = normalize(text)
    if found := _NUMBERED.search(plain):
        return int(found[1] or found[2])
    if found := _WORDED.search(plain):
        return _CHINESE.index(found[1]) + 1
    if found := _NAMED.search(plain):
        return next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(found[1]))
    return None


def _of(choice: Any) -> tuple[int, int]:
    """Return the month and the patient that a tap stands for."""
    month, _, patient_id = str(choice).partition(".")
    return min(max(int(month), 1), len(_MONTHS)), int(patient_id or 0)
