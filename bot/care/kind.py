"""What kinds of plans have in common: one shape, moments that come once, answers that end them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from bot.care import shapes
from bot.care.plans import Plan, Plans
from bot.dialogue.flow import Scene, Step
from bot.message import Kind, Say
from bot.reminders.model import Due
from bot.store.booking_tables import Patient
from bot.store.db import Tx
from bot.store.hospital_tables import HospitalDepartment
from bot.store.statements import Hot
from scheduler.hours import instant
from scheduler.reminders import Reason

#: Who answers, in `care_plan.ended_by` and in the audit.
PATIENT = "patient"

_patient = Patient.__table__  # type: ignore[attr-defined]
_department = HospitalDepartment.__table__  # type: ignore[attr-defined]
_NAME = Hot(select(_patient.c.name).where(_patient.c.id == bindparam("patient_id")))
_DEPARTMENT = Hot(
    select(_department.c.name, _department.c.name_en, _department.c.place, _department.c.place_en).where(
        _department.c.code == bindparam("code")
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Once:
    """A kind whose moments come once; a kind of ours says only what is different."""

    plans: Plans
    shape: ClassVar[type[Any]]

    def problems(self, details: Mapping[str, Any]) -> Sequence[str]:
        """Return what is wrong with details."""
        return shapes.problems(self.shape, details)

    def next_moment(self, plan: Plan, moment: str, after: datetime) -> datetime | None:  # noqa: ARG002
        """Return that nothing comes again."""
        return None

    def tags(self, plan: Plan) -> frozenset[str]:  # noqa: ARG002
        """Return no tags."""
        return frozenset()

    def state_of(self, tx: Tx, due: Due, plan: Plan, now: datetime) -> Reason | None:  # noqa: ARG002
        """Return that nothing is in the way."""
        return None

    def told(self, tx: Tx, due: Due, plan: Plan, outbox_id: int, now: datetime) -> None:
        """Take no note."""

    def answer(self, scene: Scene, dues: Sequence[Due], plan: Plan, word: str) -> Step:  # noqa: ARG002
        """Thank her; what is done ends the plan."""
        if word == "done":
            self.plans.stop(scene.tx, plan.plan_id, Reason.DONE, scene.now, actor=PATIENT)
        return thanks(word)


def thanks(word: str) -> Step:
    """Return thanks for an answer; `word` is one of `kinds.ANSWERS`."""
    return Step((Say("care/thanks", Kind.ANSWER, {"word": word}),))


def name_of(tx: Tx, patient_id: int | None) -> str:
    """Return what a patient is called; nothing of somebody who is no patient yet."""
    row = tx.one(_NAME, patient_id=patient_id) if patient_id is not None else None
    return str(row.name) if row is not None else ""


def department_of(tx: Tx, code: str, named: str, lang: str) -> tuple[str, str]:
    """Return a department's name and place in a language; where it is not known, what it was called."""
    row = tx.one(_DEPARTMENT, code=code) if code else None
    if row is None:
        return named, ""
    return (row.name, row.place) if lang == "zh-CN" else (row.name_en, row.place_en)


def begin_of(day: date, zone: str, at: time = time()) -> datetime:
    """Return when clocks in `zone` show `at` on a day; its beginning where no hour is given."""
    return instant(datetime.combine(day, at), ZoneInfo(zone))


def end_of(day: date, zone: str) -> datetime:
    """Return when a day is over in `zone`."""
    return begin_of(day + timedelta(days=1), zone)
