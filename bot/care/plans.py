"""Care plans: what somebody is to be reminded of that is no visit. Made, changed, paused, stopped here.

Whatever changes raises the plan's version and plans its reminders anew in the same transaction: what was
planned for an older version is stale, wherever it stands. Every change is audited by kind and number,
never by what it says.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from bot.care import rows
from bot.care.late import plan_late, waiting
from bot.dialogue.flow import Scene, Step
from bot.errors import BadInput
from bot.reminders.model import Due, Thing
from bot.reminders.planning import Planner
from bot.store.audit import record
from bot.store.db import Tx
from scheduler.reminders import Reason

#: What a plan is about in `reminder.about`.
ABOUT = "plan"
#: Of these nobody is told but the one patient who pays.
MONEY = frozenset({"fee", "deposit"})
#: Told as soon as they are known, and again where what they say changed; `since` is when that was.
AT_ONCE = frozenset({"collect", *MONEY})
_SINCE = "since"
_SOON = timedelta(minutes=1)
#: A moment that comes again is looked for so often, where the next one is too near to remind of.
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """One row of `care_plan`.

    Attributes:
        details: what it says, in the shape of its kind (`PlanKind.problems` finds it right).
        state: "active", "paused", "done" or "stopped".
        paused_until: when a pause ends by itself; None in a pause: when somebody says so.
        ended_by: who ended it; what an import ended, an import may begin again.
    """

    plan_id: int
    kind: str
    patient_id: int | None
    conversation_id: int | None
    payer_id: int | None
    details: Mapping[str, Any] = field(repr=False)
    zone: str
    starts_on: date
    ends_on: date | None
    state: str
    paused_until: datetime | None
    version: int
    source: str
    source_key: str | None = None
    ended_by: str | None = None

    @property
    def is_over(self) -> bool:
        """Say whether nothing more comes of it."""
        return self.state in ("done", "stopped")

    def is_paused(self, now: datetime) -> bool:
        """Say whether it waits; a pause with an end is over by itself."""
        return self.state == "paused" and (self.paused_until is None or self.paused_until > now)


class PlanKind(Protocol):
    """What is different from kind to kind; handed to `Plans` by its name."""

    def problems(self, details: Mapping[str, Any]) -> Sequence[str]:
        """Return what is wrong with details, one sentence each that names the field, not its value."""
        ...

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:
        """Return when what happens, in UTC; of a moment that comes again the first after `now`."""
        ...

    def next_moment(self, plan: Plan, moment: str, after: datetime) -> datetime | None:
        """Return when a moment comes again after an instant; None where it does not."""
        ...

    def tags(self, plan: Plan) -> frozenset[str]:
        """Return what more is true of it (`Thing.tags`)."""
        ...

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:
        """Return what a text may say of it."""
        ...

    def state_of(self, tx: Tx, due: Due, plan: Plan, now: datetime) -> Reason | None:
        """Return why this one reminder is not to be told of any more; of a plan that goes on."""
        ...

    def told(self, tx: Tx, due: Due, plan: Plan, outbox_id: int, now: datetime) -> None:
        """Take note that a reminder was said."""
        ...

    def answer(self, scene: Scene, dues: Sequence[Due], plan: Plan, word: str) -> Step:
        """Take the answer to what a message said of one plan: `dues` are those of this plan alone.

        A message that told of several plans asks each in turn; what they say alike is said once.
        """
        ...


@dataclass(frozen=True, slots=True)
class Plans:
    """Keeps plans, and the reminders of each in step with it.

    Attributes:
        kinds: by the names that `CarePlan.kind` stores.
    """

    planner: Planner
    kinds: Mapping[str, PlanKind]

    def create(
        self,
        tx: Tx,
        *,
        kind: str,
        details: Mapping[str, Any],
        zone: str,
        starts_on: date,
        now: datetime,
        actor: str,
        source: str,
        patient_id: int | None = None,
        conversation_id: int | None = None,
        payer_id: int | None = None,
        ends_on: date | None = None,
        source_key: str | None = None,
    ) -> Plan:
        """Make a plan and its reminders; the same `source_key` is the same plan, changed if it differs.

        A plan that she or staff ended stays ended, whatever its source says again.

        Raises:
            BadInput: names the field of the details that is wrong, or whom it is missing.
        """
        self.check(kind, details)
        if patient_id is None and conversation_id is None:
            raise BadInput("patient: a plan is somebody's")
        if kind in MONEY:
            payer_id = payer_id or patient_id
            if payer_id is None:
                raise BadInput("payer: money is told to one patient alone")
        known = self.by_key(tx, source_key) if source_key is not None else None
        details = _stamped(kind, details, known, now)
        if known is not None:
            return self._again(
                tx, known, now, actor, kind=kind, details=details, zone=zone,
                starts_on=starts_on, ends_on=ends_on, patient_id=patient_id, payer_id=payer_id,
            )  # fmt: skip
        row = tx.one(
            rows.ADD, kind=kind, patient_id=patient_id, conversation_id=conversation_id,
            payer_id=payer_id, source=source, source_key=source_key, details=details,
            zone=zone, starts_on=starts_on, ends_on=ends_on, created_by=actor, created_at=now,
            updated_at=now,
        )  # fmt: skip
        plan = self._must(tx, row.id)
        self._note(tx, plan, "plan.create", actor, now)
        self._plan(tx, plan, now)
        return plan

    def check(self, kind: str, details: Mapping[str, Any]) -> None:
        """Raise `BadInput` where there is no such kind, or its details are wrong."""
        if kind not in self.kinds:
            raise BadInput(f"kind: not known (expected one of {', '.join(sorted(self.kinds))})")
        problems = self.kinds[kind].problems(details)
        if problems:
            raise BadInput("; ".join(f"details.{problem}" for problem in problems))

    def get(self, tx: Tx, plan_id: int) -> Plan | None:
        """Return one plan; who may know of it is the caller's to ask (I7)."""
        row = tx.one(rows.ONE, plan_id=plan_id)
        return Plan(*row) if row is not None else None

    def by_key(self, tx: Tx, source_key: str) -> Plan | None:
        """Return the plan that a source made under its own key."""
        row = tx.one(rows.BY_KEY, source_key=source_key)
        return Plan(*row) if row is not None else None

    def of_patient(self, tx: Tx, patient_id: int) -> Sequence[Plan]:
        """Return all plans of a patient, for staff and for what changes with her."""
        return [Plan(*row) for row in tx.rows(rows.OF_PATIENT, patient_id=patient_id)]

    def of_conversation(
        self, tx: Tx, conversation_id: int, patient_ids: Collection[int]
    ) -> Sequence[Plan]:
        """Return the plans that may be told of in a conversation (I7); never money, never what ended.

        Args:
            patient_ids: for whom an account holder vouches there; of others only what was asked here.
        """
        found = {
            row.id: Plan(*row)
            for row in tx.rows(rows.OF_CONVERSATION, conversation_id=conversation_id)
        }
        for patient_id in sorted(patient_ids):
            found |= {plan.plan_id: plan for plan in self.of_patient(tx, patient_id)}
        return [
            plan
            for _, plan in sorted(found.items())
            if plan.kind not in MONEY and not plan.is_over
        ]  # fmt: skip

    def change(self, tx: Tx, plan_id: int, now: datetime, *, actor: str, **changed: Any) -> Plan:
        """Change `details`, `starts_on`, `ends_on`, `payer_id`, `zone`; what is the same already stays.

        Raises:
            BadInput: the details are wrong, or there is no such plan (404).
        """
        plan = self._must(tx, plan_id)
        self.check(plan.kind, changed.get("details", plan.details))
        if "details" in changed:
            changed["details"] = _stamped(plan.kind, changed["details"], plan, now)
        return self._become(tx, plan, now, actor, "plan.change", **changed)

    def pause(
        self, tx: Tx, plan_id: int, until: datetime | None, now: datetime, *, actor: str
    ) -> Plan:
        """Say nothing of a plan until then; None: until it is resumed. What has ended stays ended."""
        plan = self._must(tx, plan_id)
        if plan.is_over:
            return plan
        return self._become(
            tx, plan, now, actor, "plan.pause", Reason.PAUSED, state="paused", paused_until=until
        )

    def resume(self, tx: Tx, plan_id: int, now: datetime, *, actor: str) -> Plan:
        """End a pause."""
        plan = self._must(tx, plan_id)
        if plan.state != "paused":
            return plan
        return self._become(
            tx, plan, now, actor, "plan.resume", state="active", paused_until=None
        )  # fmt: skip

    def stop(self, tx: Tx, plan_id: int, reason: Reason, now: datetime, *, actor: str) -> Plan:
        """End a plan for good; `Reason.DONE` where what it reminds of was done."""
        plan = self._must(tx, plan_id)
        if plan.is_over:
            return plan
        state = "done" if reason is Reason.DONE else "stopped"
        return self._become(
            tx, plan, now, actor, f"plan.{state}", reason,
            state=state, paused_until=None, ended_by=actor,
        )  # fmt: skip

    def replan(self, tx: Tx, plan_id: int, reason: Reason, now: datetime) -> None:
        """Plan the reminders of a plan anew without changing it: what it depends on changed."""
        plan = self._must(tx, plan_id)
        tx.run(rows.NEWER, plan_id_=plan_id)
        self._replan(tx, replace(plan, version=plan.version + 1), reason, now)

    def thing(self, tx: Tx, plan: Plan, now: datetime) -> Thing:
        """Return what its reminders are about, as it is now."""
        kind = self.kinds[plan.kind]
        over = {"done": Reason.DONE, "stopped": Reason.STOPPED}.get(plan.state)
        if over is None and plan.is_paused(now) and plan.paused_until is None:
            over = Reason.PAUSED
        return Thing(
            about=ABOUT, about_id=plan.plan_id, what=plan.kind, version=plan.version,
            patient_id=plan.patient_id, conversation_id=plan.conversation_id,
            moments=kind.moments(plan, _begins(plan, now)), zone=plan.zone, over=over,
            payer_id=plan.payer_id, tags=kind.tags(plan),
            values=lambda lang: kind.values(tx, plan, lang, now),
        )  # fmt: skip

    def _again(
        self, tx: Tx, plan: Plan, now: datetime, actor: str, kind: str, **given: Any
    ) -> Plan:
        """Let a plan be what its source says of it now."""
        if plan.kind != kind:
            raise BadInput("source_key: is another kind of plan")
        if plan.is_over and plan.ended_by == actor:
            given |= {"state": "active", "ended_by": None}
        return self._become(tx, plan, now, actor, "plan.change", **given)

    def _become(
        self,
        tx: Tx,
        plan: Plan,
        now: datetime,
        actor: str,
        action: str,
        reason: Reason = Reason.MOVED,
        **given: Any,
    ) -> Plan:
        changed = {name: value for name, value in given.items() if getattr(plan, name) != value}
        if not changed:
            return plan
        if "payer_id" in changed and plan.kind in AT_ONCE:
            changed["details"] = _told_anew(changed.get("details", plan.details), now)
        after = replace(plan, **changed, version=plan.version + 1)
        tx.run(
            rows.CHANGE, plan_id_=plan.plan_id, version_=after.version, patient_id_=after.patient_id,
            payer_id_=after.payer_id, details_=dict(after.details), zone_=after.zone,
            starts_on_=after.starts_on, ends_on_=after.ends_on, state_=after.state,
            paused_until_=after.paused_until, ended_by_=after.ended_by, updated_at_=now,
        )  # fmt: skip
        self._note(tx, after, action, actor, now)
        self._replan(tx, after, reason, now)
        return after

    def _replan(self, tx: Tx, plan: Plan, reason: Reason, now: datetime) -> None:
        late = waiting(tx, ABOUT, plan.plan_id, now)
        self.planner.drop(tx, ABOUT, plan.plan_id, reason, now)
        self._plan(tx, plan, now, late)

    def _plan(
        self, tx: Tx, plan: Plan, now: datetime, late: Mapping[str, datetime] | None = None
    ) -> None:
        """Insert the reminders of a plan; of what comes again the first that there is still time for."""
        plan = self._anew(tx, plan, now)
        thing, kind = self.thing(tx, plan, now), self.kinds[plan.kind]
        if late:
            following = partial(kind.next_moment, plan)
            thing = plan_late(tx, self.planner, thing, late, following, now)
        for _ in range(_TRIES):
            if self.planner.plan(tx, thing, now):
                break
            coming = {name: kind.next_moment(plan, name, at) for name, at in thing.moments.items()}
            moments = {name: at for name, at in coming.items() if at is not None}
            if not moments:
                break
            thing = replace(thing, moments=moments)
        if plan.is_paused(now) and plan.paused_until is not None:
            until = plan.paused_until
            tx.run(rows.WAIT, about_id_=plan.plan_id, until_=until, due_at_=until)

    def _anew(self, tx: Tx, plan: Plan, now: datetime) -> Plan:
        """Let what is told at once, and was taken back before it was, be told from now on."""
        since = plan.details.get(_SINCE) if plan.kind in AT_ONCE and not plan.is_over else None
        begins = _begins(plan, now)
        if since is None or datetime.fromisoformat(since) > begins:
            return plan
        if (
            tx.one(rows.TOLD, about_id=plan.plan_id, since=datetime.fromisoformat(since))
            is not None
        ):
            return plan
        details = {**plan.details, _SINCE: (begins + _SOON).isoformat()}
        tx.run(rows.SAY, plan_id_=plan.plan_id, details_=details)
        return replace(plan, details=details)

    def _must(self, tx: Tx, plan_id: int) -> Plan:
        plan = self.get(tx, plan_id)
        if plan is None:
            raise BadInput("plan: there is no such plan", 404)
        return plan

    def _note(self, tx: Tx, plan: Plan, action: str, actor: str, now: datetime) -> None:
        record(tx, now, actor, action, plan.conversation_id, f"{plan.kind} {plan.plan_id}")


def _begins(plan: Plan, now: datetime) -> datetime:
    """Return from when on moments count: not before the pause is over."""
    if plan.is_paused(now) and plan.paused_until is not None:
        return plan.paused_until
    return now


def _told_anew(details: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return details that are told from now on: somebody else pays, whatever was told before."""
    since = details.get(_SINCE)
    if since is not None and datetime.fromisoformat(since) > now:
        return dict(details)
    return {**details, _SINCE: (now + _SOON).isoformat()}


def _stamped(
    kind: str, details: Mapping[str, Any], before: Plan | None, now: datetime
) -> dict[str, Any]:
    """Return details with when it was first so, for what is told at once."""
    stamped = dict(details)
    if kind not in AT_ONCE:
        return stamped
    given = stamped.pop(_SINCE, None)
    if before is not None:
        known = dict(before.details)
        since = known.pop(_SINCE, None)
        if known == stamped and given in (None, since):
            return {**stamped, _SINCE: since}
    if given is None or datetime.fromisoformat(given) <= now:
        given = (now + _SOON).isoformat()
    return {**stamped, _SINCE: given}
