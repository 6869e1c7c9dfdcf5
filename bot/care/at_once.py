"""What is told as soon as it is so: something to collect, a fee, a deposit that ends (A11, A12, A17).

Money is told to the one who pays and to nobody else. That a fee was paid is the cash desk's to say, not
the patient's: her answer is taken as a word, and the bill as the truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from bot.care import shapes
from bot.care.kind import Once, name_of, thanks
from bot.care.mourning import is_dead
from bot.care.plans import Plan
from bot.dialogue.flow import Scene, Step
from bot.reminders.model import Due
from bot.store.db import Tx
from scheduler.reminders import Reason


@dataclass(frozen=True, slots=True)
class CollectKind(Once):
    """Plans of kind "collect": medicine is ready at a window."""

    shape: ClassVar[type[Any]] = shapes.Collect

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:  # noqa: ARG002
        """Return since when."""
        return _since("ready", shapes.read(shapes.Collect, plan.details).since)

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:  # noqa: ARG002
        """Return where it lies."""
        told = shapes.read(shapes.Collect, plan.details)
        return {
            "who": name_of(tx, plan.patient_id), "window": told.window, "place": told.place,
            "hours": told.hours,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class MoneyKind(Once):
    """What is told to the one who pays."""

    def state_of(self, tx: Tx, due: Due, plan: Plan, now: datetime) -> Reason | None:  # noqa: ARG002
        """Return that nobody is told where the one who pays is dead."""
        return Reason.NOBODY if is_dead(tx, plan.payer_id) else None

    def answer(self, scene: Scene, dues: Sequence[Due], plan: Plan, word: str) -> Step:  # noqa: ARG002
        """Thank her."""
        return thanks("paid")


@dataclass(frozen=True, slots=True)
class FeeKind(MoneyKind):
    """Plans of kind "fee"."""

    shape: ClassVar[type[Any]] = shapes.Fee

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:  # noqa: ARG002
        """Return since when it is due."""
        return _since("due", shapes.read(shapes.Fee, plan.details).since)

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:  # noqa: ARG002
        """Return how much for what, where it is paid, and whose it is."""
        told = shapes.read(shapes.Fee, plan.details)
        return {
            "who": name_of(tx, plan.patient_id), "amount": told.amount, "item": told.item,
            "where": told.where, "due_on": told.due_on,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class DepositKind(MoneyKind):
    """Plans of kind "deposit"."""

    shape: ClassVar[type[Any]] = shapes.Deposit

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:  # noqa: ARG002
        """Return since when it is low."""
        return _since("low", shapes.read(shapes.Deposit, plan.details).since)

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:  # noqa: ARG002
        """Return what is left, what is needed, where it is paid."""
        told = shapes.read(shapes.Deposit, plan.details)
        return {
            "who": name_of(tx, plan.patient_id), "left": told.left, "needed": told.needed,
            "where": told.where, "call": told.call,
        }  # fmt: skip


def _since(moment: str, since: datetime | None) -> Mapping[str, datetime]:
    return {moment: since} if since is not None else {}
