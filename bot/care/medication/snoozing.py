"""Putting a dose off: one more reminder of the same dose, some minutes later; bounded (RM-08)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from bot.care.medication import doses, saying
from bot.care.medication.doses import SNOOZED
from bot.care.plans import Plan
from bot.dialogue.flow import Scene, Step
from bot.reminders import rows
from bot.reminders.kinds import Kinds
from bot.reminders.labels import SNOOZE
from bot.reminders.model import Due
from bot.reminders.rows import reminder
from bot.store.db import Tx
from bot.store.statements import Hot
from intents.dosing_answers import snooze_in
from scheduler.hours import wall

#: The kind of what comes after it.
KIND = "dose_snoozed"
#: A dose is put off no longer than this after its hour, and never up to the next one.
_LONGEST = timedelta(hours=2)
_CAUSE = "snooze:"

_CAUSE_OF = Hot(select(reminder.c.cause).where(reminder.c.id == bindparam("reminder_id")))


def is_snoozed(tx: Tx, due: Due) -> bool:
    """Say whether a reminder is the one that a snooze asked for."""
    row = tx.one(_CAUSE_OF, reminder_id=due.id)
    return row is not None and str(row.cause).startswith(_CAUSE)


def snooze(
    scene: Scene, kinds: Kinds, plan: Plan, dues: Sequence[Due], next_dose: datetime | None
) -> Step:
    """Remind again after the minutes she said, or the usual ones; say when that is."""
    said = int(str(scene.values.get("minutes", 0))) or snooze_in(scene.understood.text) or SNOOZE
    minutes = min(max(said, min(kinds.snooze)), max(kinds.snooze))
    at = scene.now + timedelta(minutes=minutes)
    kind = kinds.get(KIND)
    if kind is None or any(_too_long(due, at, next_dose) for due in dues):
        return saying.say("no_more_snooze")
    for due in dues:
        doses.note(scene.tx, plan.plan_id, due.occurs_at, SNOOZED, scene.now)
        scene.tx.one(
            rows.ADD, cause=f"{_CAUSE}{due.id}", about=due.about, about_id=due.about_id,
            about_version=plan.version, kind=KIND, occurs_at=due.occurs_at,
            patient_id=due.patient_id, conversation_id=scene.conversation_id, due_at=at,
            send_until=kind.until(at, due.occurs_at),
            wall=f"{wall(at, ZoneInfo(plan.zone)):%Y-%m-%dT%H:%M}", zone=plan.zone,
            created_at=scene.now,
        )  # fmt: skip
    wanted = scene.values.get("wanted")
    asked = wanted if isinstance(wanted, int) else said
    asked = asked if minutes == max(kinds.snooze) else minutes
    return saying.say("snoozed", {"minutes": minutes, "asked": asked})


def _too_long(due: Due, at: datetime, next_dose: datetime | None) -> bool:
    return at > due.occurs_at + _LONGEST or (next_dose is not None and at >= next_dose)
