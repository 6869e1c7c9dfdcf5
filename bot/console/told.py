"""Reminders in plain words: what each kind is called, and what a page needs to tell of somebody's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.care import shapes
from bot.care.medication import adherence
from bot.care.medication.adherence import Adherence
from bot.care.medication.shape import Medication, Refill
from bot.care.parts import Care
from bot.care.plans import Plan, Plans
from bot.care.status import Statuses
from bot.console.words import Words
from bot.reminders.history import Told
from bot.reminders.kinds import ANSWERS, NEXT_CHANNEL, STAFF, Kinds
from bot.reminders.labels import label
from bot.store.db import Tx

#: A reminder that is due so much longer than the engine needs is called late.
_SOON_SECONDS = 60
#: What staff may make by a form; greetings are the patient's to ask for.
FORMS: Mapping[str, type[Any]] = {
    "medication": Medication,
    "refill": Refill,
    "revisit": shapes.Revisit,
    "checkup": shapes.Checkup,
    "admission": shapes.Admission,
    "discharge": shapes.Discharge,
    "follow_up": shapes.FollowUp,
    "collect": shapes.Collect,
    "fee": shapes.Fee,
    "deposit": shapes.Deposit,
}
#: What was said of doses is counted for so long.
ADHERENCE_FOR = timedelta(days=30)
#: Plans that are a window: they need a last day.
WINDOWS = frozenset({"revisit"})


@dataclass(frozen=True, slots=True)
class Cared:
    """What the pages about reminders and plans need beside the console.

    Attributes:
        kinds: what reminders there are.
        care: plans, and what the hospital says of patients.
    """

    kinds: Kinds
    care: Care

    @property
    def plans(self) -> Plans:
        """Return the service that keeps plans."""
        return self.care.plans

    @property
    def statuses(self) -> Statuses:
        """Return the service that keeps what the hospital says of patients."""
        return self.care.statuses

    @property
    def forms(self) -> Mapping[str, type[Any]]:
        """Return the shape of each kind of plan that staff may make by a form."""
        return {name: FORMS[name] for name in self.care.plans.kinds if name in FORMS}

    def adherence_of(self, tx: Tx, plans: Sequence[Plan], now: datetime) -> dict[int, Adherence]:
        """Return by plan what a patient said of its doses lately; only of plans that had any."""
        found = {
            plan.plan_id: adherence.of_plan(tx, plan, self.kinds, now - ADHERENCE_FOR, now)
            for plan in plans
            if plan.kind == "medication"
        }
        return {plan_id: kept for plan_id, kept in found.items() if kept.due}


def naming(kinds: Kinds, words: Words) -> dict[str, Any]:
    """Return what a template calls to name things, in the language of its reader."""

    def kind_name(key: str) -> str:
        if key in (STAFF, NEXT_CHANNEL):  # what followed where nobody answered
            return words.name_of("then", key)
        known = kinds.get(key)
        return known.names.get(words.lang, key) if known else key

    def answer_name(word: str) -> str:
        return label(word, words.lang) if word in ANSWERS else word

    def asks(key: str) -> bool:
        known = kinds.get(key)
        return bool(known and known.answers)

    def way_name(way: str) -> str:
        kind, _, why = way.partition(": ")
        said = words.name_of("way", kind)
        return f"{said} ({words.name_of('way', why)})" if why else said

    return {
        "way_name": way_name,
        "kind_name": kind_name,
        "answer_name": answer_name,
        "asks": asks,
        "stage": stage,
    }


def stage(told: Told, now: datetime) -> str:
    """Return how far a reminder came, as the word that `told.<word>` says in a sentence."""
    if told.message is not None:
        return told.message.state
    if told.state == "pending" and (now - told.due_at).total_seconds() > _SOON_SECONDS:
        return "overdue"
    return told.state
