"""A stay in hospital: the day before it, and the day on which she goes home (A14, A15, F09)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from bot.care import shapes
from bot.care.kind import Once, begin_of, name_of
from bot.care.plans import Plan
from bot.store.db import Tx


@dataclass(frozen=True, slots=True)
class AdmissionKind(Once):
    """Plans of kind "admission": she is admitted on `starts_on`."""

    shape: ClassVar[type[Any]] = shapes.Admission

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:  # noqa: ARG002
        """Return when she should be there."""
        at = shapes.read(shapes.Admission, plan.details).at
        return {"starts": begin_of(plan.starts_on, plan.zone, at)}

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:  # noqa: ARG002
        """Return ward, hour, what to bring, whom to ask."""
        told = shapes.read(shapes.Admission, plan.details)
        return {
            "who": name_of(tx, plan.patient_id), "day": plan.starts_on, "at": told.at,
            "ward": told.ward, "place": told.place, "bring": told.bring, "call": told.call,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class DischargeKind(Once):
    """Plans of kind "discharge": she goes home on `starts_on`."""

    shape: ClassVar[type[Any]] = shapes.Discharge

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:  # noqa: ARG002
        """Return the day."""
        return {"day": begin_of(plan.starts_on, plan.zone)}

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the steps of the day, the medicines to fetch, what comes after."""
        told = shapes.read(shapes.Discharge, plan.details)
        return {
            "who": name_of(tx, plan.patient_id), "day": plan.starts_on, "ward": told.ward,
            "steps": told.steps, "medicines": told.medicines, "signs": told.signs,
            "first_follow_up": told.first_follow_up, "call": told.call,
        }  # fmt: skip
