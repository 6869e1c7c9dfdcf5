"""Whether the reason for which a reminder was left out was true at that moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bench.simulate.channels import WECHAT
from bench.simulate.checks import Oracle
from bench.simulate.people import HOME, Someone
from bench.simulate.truth import PlanTruth, VisitTruth

Thing = VisitTruth | PlanTruth
_SECOND, _MINUTE, _DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@dataclass(slots=True)
class Reasons:
    """Judges reasons by the oracle's record."""

    oracle: Oracle

    def someone(self, thing: Thing) -> Someone:
        """Return who is told of a thing."""
        if isinstance(thing, PlanTruth):
            return thing.someone
        return self.oracle.truth.of_patient(thing.patient_id or 0)

    def none(self, thing: Thing, due: datetime, until: datetime) -> str | None:
        """Return what is wrong where there is none, or it waits still; None where that is right."""
        truth = self.oracle.truth
        last = until + timedelta(minutes=30)
        if thing.patient_id in truth.dead or truth.was_down(due - _DAY, last):
            return None
        if self._kept_waiting(thing, due, last):
            return None
        if isinstance(thing, PlanTruth):
            paused = any(at is not None for at in thing.paused_until.during(due - _DAY, last))
            if paused or any(state != "active" for state in thing.state.during(due - _DAY, last)):
                return None
        return "there is none"

    def is_true(self, row: Any, thing: Thing, due: datetime) -> bool:
        """Say whether the reason of a row that was skipped was true."""
        at: datetime = row.decided_at or row.due_at
        first, last = min(due, row.due_at) - _SECOND, at + _MINUTE
        if self._of_thing(row.reason, thing, due, first, last):
            return True
        return self._of_person(row.reason, thing, due, first, last)

    def _of_thing(
        self, reason: str, thing: Thing, due: datetime, first: datetime, last: datetime
    ) -> bool:
        """Say whether it holds for the visit or the plan."""
        if isinstance(thing, VisitTruth):
            return self._of_visit(reason, thing, due, first, last)
        changed = any(at is not None for at in thing.paused_until.during(first - _DAY, last))
        match reason:
            case "stopped" | "done" | "moved" | "gone" | "answered":
                ended = any(state != "active" for state in thing.state.during(first - _DAY, last))
                return ended or changed or self._came(thing) or self._over(thing, last)
            case "paused":
                return changed
            case "bereaved":
                return thing.patient_id in self.oracle.truth.bereaved or thing.patient_id is None
            case _:
                return False

    def _of_visit(
        self, reason: str, visit: VisitTruth, due: datetime, first: datetime, last: datetime
    ) -> bool:
        match reason:
            case "done" if last >= visit.starts_at and visit.state.at(last) == "booked":
                return self._kept_waiting(visit, first, last)  # it began meanwhile
            case "moved" | "cancelled" | "done" | "gone":
                return any(
                    state != "booked" for state in visit.state.during(last - 2 * _MINUTE, last)
                )
            case "newer":
                rules = self.oracle.rules
                others = [rules.due(kind, visit.starts_at, HOME) for kind in rules.kinds.values()
                          if kind.about == "visit" and not kind.only]  # fmt: skip
                return any(due < other <= last for other in others)
            case _:
                return False

    def _of_person(
        self, reason: str, thing: Thing, due: datetime, first: datetime, last: datetime
    ) -> bool:
        """Say whether it holds for whoever is told."""
        truth, one, patient = self.oracle.truth, self.someone(thing), thing.patient_id or 0
        held = any(one.held.during(first, last)) or any(one.desk.during(first, last))
        much = self.oracle.was_much(one, due)
        waited = self._kept_waiting(thing, first, last)
        unwritten = one.channel == WECHAT  # the platform takes nothing before she writes
        true: Mapping[str, bool] = {
            "dead": patient in truth.dead,
            "admitted": any(truth.admitted[patient].during(first, last)),
            "opted_out": any(one.opted_out.during(first, last)),
            "held": held,
            "paused": self._chose(one, first, last),
            "muted": self._chose(one, first, last),
            "unreachable": any(one.unreachable.during(first, last)),
            "too_late": unwritten or waited or much,
            "quiet_hours": waited or much,
            "over_budget": much,
            "nobody": isinstance(thing, PlanTruth) and patient in truth.dead,
            "newer": truth.was_down(due, last) or self._kept_waiting(thing, due, last),
        }
        return true.get(reason, False)

    def _kept_waiting(self, thing: Thing, first: datetime, last: datetime) -> bool:
        """Say whether anything kept it from going when it was due."""
        one, truth = self.someone(thing), self.oracle.truth
        held = any(one.held.during(first, last)) or any(one.desk.during(first, last))
        return held or truth.was_down(first, last) or self._chose(one, first, last)

    def _chose(self, one: Someone, first: datetime, last: datetime) -> bool:
        """Say whether she paused, or wanted none that day."""
        pauses = one.paused_until.during(first, last)
        days = {first.astimezone(one.zone).date(), last.astimezone(one.zone).date()}
        muted = one.muted.during(first - _DAY, last)
        return any(until is not None and until > first for until in pauses) or any(
            at is not None and at.astimezone(one.zone).date() in days for at in muted
        )

    def _came(self, plan: PlanTruth) -> bool:
        """Say whether somebody who was to come again has a visit about that time."""
        if plan.kind != "revisit":
            return False
        first, last = plan.starts_on, plan.ends_on or plan.starts_on
        near = timedelta(days=3)
        return any(
            visit.patient_id == plan.patient_id
            and first - near <= visit.starts_at.astimezone(HOME).date() <= last + near
            for visit in self.oracle.truth.visits_of(plan.someone)
        )

    def _over(self, plan: PlanTruth, at: datetime) -> bool:
        return plan.ends_on is not None and at.astimezone(HOME).date() > plan.ends_on
