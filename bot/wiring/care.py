"""How care is put together: the kinds of plans, what they ask of the appointments, flows, jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select

from bot.appointments.rows import appointment, clinic
from bot.care.at_once import CollectKind, DepositKind, FeeKind
from bot.care.checkup import CheckupKind
from bot.care.checkup_flow import CheckupFlow
from bot.care.festivals import load_festivals
from bot.care.follow_up import FollowUpKind
from bot.care.greeting import GreetingKind, Greetings
from bot.care.kind import PATIENT
from bot.care.levels import load_levels
from bot.care.medication.flow import MedicationFlow
from bot.care.medication.plan_kind import MedicationKind, RefillKind
from bot.care.parts import Care
from bot.care.plans import PlanKind, Plans
from bot.care.revisit import RevisitKind
from bot.care.status import Statuses
from bot.care.stay import AdmissionKind, DischargeKind
from bot.care.subject import PlanSubject
from bot.care.upkeep import Upkeep
from bot.dialogue.flow import Flow, Scene
from bot.dialogue.listeners import Listeners
from bot.reminders.choices import choice_of
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.wiring.booking import Booking
from scheduler.jobs import Job

_BOOKED = Hot(
    select(clinic.c.department, clinic.c.department_name)
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .where(
        appointment.c.patient_id == bindparam("patient_id"),
        appointment.c.starts_at >= bindparam("first"),
        appointment.c.starts_at < bindparam("last"),
        or_(
            appointment.c.state == "done",
            appointment.c.state == "checked_in",
            and_(appointment.c.state == "booked", clinic.c.status == "on"),
        ),
    )
)


def put_care_together(parts: Booking) -> Care:
    """Return the parts that flows, jobs and other interfaces are made of.

    Raises:
        StartError: a file of the content folder cannot be used; names it.
    """
    folder = parts.settings.content_folder
    kinds: dict[str, PlanKind] = {}
    plans = Plans(parts.planner, kinds)
    levels = load_levels(folder)
    follow_up = FollowUpKind(plans, levels)
    greeting = GreetingKind(plans, load_festivals(folder))
    kinds |= {
        "medication": MedicationKind(plans),
        "refill": RefillKind(plans),
        "revisit": RevisitKind(plans, booked),
        "checkup": CheckupKind(plans),
        "admission": AdmissionKind(plans),
        "discharge": DischargeKind(plans),
        "follow_up": follow_up,
        "collect": CollectKind(plans),
        "fee": FeeKind(plans),
        "deposit": DepositKind(plans),
        "greeting": greeting,
    }
    return Care(
        plans=plans,
        subject=PlanSubject(plans),
        statuses=Statuses(plans),
        greetings=Greetings(greeting),
        levels=levels,
        upkeep=Upkeep(parts.engine, plans, parts.clock),
        zone=parts.settings.zone,
    )


def care_flows(parts: Booking, care: Care) -> dict[str, Flow]:
    """Return the conversations about plans, by name."""
    listeners = Listeners(parts.family, parts.today)
    return {
        "checkup": CheckupFlow(care.plans, parts.family, care.zone, parts.today),
        "medication": MedicationFlow(care.plans, listeners, care.zone.key),
    }


def greeter(parts: Booking, care: Care) -> Callable[[Scene, bool], None]:
    """Return what begins greeting somebody who asks for it, on her own birthday too, or ends it."""

    def greet(scene: Scene, wanted: bool) -> None:
        tx, conversation_id, now = scene.tx, scene.conversation_id, scene.now
        if not wanted:
            care.greetings.leave(tx, conversation_id, now, PATIENT)
            return
        members = parts.family.members(tx, conversation_id, parts.today(now))
        born = next((one.born for one in members if one.relation == "self"), None)
        zone = choice_of(tx, conversation_id).zone or care.zone.key
        care.greetings.want(tx, conversation_id, zone, born, now, PATIENT)

    return greet


def care_jobs(care: Care) -> list[Job]:
    """Return what time does to plans."""
    return [Job("plans that are over", 600.0, care.upkeep.run)]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a visit is to be: a code, else a name, else anywhere."""

    department: str
    named: str

    def is_at(self, department: str, name: str) -> bool:
        if self.department:
            return department == self.department
        return not self.named or name == self.named


def booked(
    tx: Tx, patient_id: int, department: str, named: str, first: datetime, last: datetime
) -> bool:
    """Say whether a patient has, or had, a visit in a department between two instants."""
    place = _Place(department, named)
    return any(
        place.is_at(row.department, row.department_name)
        for row in tx.rows(_BOOKED, patient_id=patient_id, first=first, last=last)
    )
