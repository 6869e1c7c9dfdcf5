"""The oracle: every message is judged at the second it is handed over."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from bench.simulate.channels import SMS
from bench.simulate.clock import Clock
from bench.simulate.people import HOME, Someone
from bench.simulate.rules import SPARED, KindRules, Rules
from bench.simulate.truth import PlanTruth, Truth
from bot.message import Address, Kind, Worded
from bot.store.reminder_tables import Reminder
from bot.store.statements import Hot
from bot.store.tables import Outbox

_reminder: Any = Reminder.__table__  # type: ignore[attr-defined]
_outbox: Any = Outbox.__table__  # type: ignore[attr-defined]

_MESSAGE = Hot(
    select(
        _outbox.c.id, _outbox.c.origin_id, _outbox.c.conversation_id, _outbox.c.state,
        _outbox.c.error,
    ).where(_outbox.c.id == bindparam("outbox_id"))
)  # fmt: skip
_REMINDS_OF = Hot(
    select(
        _reminder.c.id, _reminder.c.about, _reminder.c.about_id, _reminder.c.about_version,
        _reminder.c.kind, _reminder.c.occurs_at, _reminder.c.patient_id,
    ).where(_reminder.c.outbox_id == bindparam("outbox_id"))
)  # fmt: skip

#: What may be said while a person holds the conversation.
_SPOKEN = frozenset({Kind.EMERGENCY, Kind.STAFF, Kind.NOTICE})
#: What asks about one dose, and asks no more once that was answered.
_DOSES = frozenset({"dose", "dose_nudge", "dose_snoozed"})
KINDS = (
    "stale", "duplicate", "lost", "quiet_hours", "over_budget", "double_booked", "bot_over_staff",
)  # fmt: skip
Rows = Callable[..., Sequence[Any]]
Key = tuple[str, int, int, str, datetime, int]


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be."""

    kind: str
    at: datetime
    event: str
    story: str


@dataclass(slots=True)
class Given:
    """A reminder that was handed over.

    Attributes:
        sure: the platform said so; else its answer was lost, and once more is by design.
        undone: a receipt said that it never arrived.
    """

    message: int
    at: datetime
    sure: bool
    undone: bool = False


@dataclass(slots=True)
class Oracle:
    """Judges.

    Attributes:
        rows: reads beside the application.
        event: what is happening.
        given: what was handed over, by what makes it the same reminder.
        told: when what was told of a thing, by kind, and of which moment.
    """

    truth: Truth
    rules: Rules
    clock: Clock
    rows: Rows
    event: str = ""
    violations: list[Violation] = field(default_factory=list)
    given: dict[Key, list[Given]] = field(default_factory=dict)
    told: dict[tuple[str, int, str], list[tuple[datetime, datetime]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    counts: Counter[str] = field(default_factory=Counter)
    _got: dict[int, list[tuple[int, datetime]]] = field(default_factory=lambda: defaultdict(list))
    _by_message: dict[int, list[Given]] = field(default_factory=lambda: defaultdict(list))
    _fresh: list[Given] = field(default_factory=list)
    _bookings_seen: int = 0

    def wrong(self, kind: str, story: str) -> None:
        """Note a violation."""
        self.violations.append(Violation(kind, self.clock.now, self.event, story))

    def booked(self) -> None:
        """Judge what was booked since."""
        fresh = self.truth.seat_twice[self._bookings_seen :]
        self._bookings_seen += len(fresh)
        for story in fresh:
            self.wrong("double_booked", story)

    def handed(self, message_id: int, address: Address, said: Worded, *, sure: bool) -> None:
        """Judge a message at the second it is handed over."""
        one = self.truth.called(address.channel, address.user)
        home = (address.channel, address.user) == (one.channel, one.user)
        if home and one.held.now and said.kind not in _SPOKEN:
            self.wrong("bot_over_staff", f"message {message_id}: {said.kind}")
        self.counts[f"by_{address.channel}"] += 1
        if said.kind is not Kind.REMINDER:
            return
        (row,) = self.rows(_MESSAGE, outbox_id=message_id)
        origin = row.origin_id or row.id
        reminds = self.rows(_REMINDS_OF, outbox_id=origin)
        if not reminds:
            self.wrong("stale", f"message {message_id} reminds of nothing")
        self.counts["messages"] += 1
        self.counts["reminders"] += len(reminds)
        for due in reminds:
            self._same_again(due, origin, sure=sure)
            if story := self._stale(due, one, said, private=address.channel != SMS):
                self.wrong(
                    "stale",
                    f"message {message_id}, {due.kind} of {due.about} {due.about_id}: {story}",
                )
        kinds = [self.rules.kinds[due.kind] for due in reminds]
        self._hours(one, kinds, message_id)
        self._budget(one, kinds, origin)

    def _same_again(self, due: Any, message: int, *, sure: bool) -> None:
        follows = due.id if self.rules.kinds[due.kind].follows else 0  # she may put it off again
        key = (due.about, due.about_id, due.about_version, due.kind, due.occurs_at, follows)
        before = [one for one in self.given.setdefault(key, []) if not one.undone]
        given = Given(message, self.clock.now, sure)
        self._fresh.append(given)
        self.given[key].append(given)
        self._by_message[message].append(given)
        self.told[due.about, due.about_id, due.kind].append((self.clock.now, due.occurs_at))
        if any(one.sure for one in before) or len(before) > 1:
            self.wrong("duplicate", f"{due.kind} of {due.about} {due.about_id} for {due.occurs_at}")
        elif before:
            self.counts["resent"] += 1

    def happens(self, event: str) -> None:
        """Note what happens from now on."""
        self.event = event
        self._fresh.clear()

    def died(self) -> None:
        """Note that the process died: it may not have recorded what platforms just took."""
        for given in self._fresh:
            given.sure = False

    def undo(self, message: int) -> None:
        """Note that a receipt said: it never arrived."""
        for one in self._by_message.get(message, ()):
            one.undone = True

    def _stale(self, due: Any, one: Someone, said: Worded, *, private: bool) -> str | None:
        """Return what is not true of it; None where all is."""
        kind, patient = self.rules.kinds[due.kind], due.patient_id or 0
        never = (
            (patient in self.truth.dead, "the patient is dead"),
            (one.opted_out.now and not kind.after_opt_out, "she wants no messages"),
            (
                self.truth.admitted[patient].now and not kind.while_admitted,
                "the patient is in hospital",
            ),
            (patient in self.truth.bereaved and not kind.to_bereaved, "the family mourns"),
            (not kind.while_paused and self._waits(one), "she wants none now"),
        )
        if why := next((why for holds, why in never if holds), None):
            return why
        if due.about == "visit":
            return self._stale_visit(due, said, private=private)
        plan = self.truth.plans.get(due.about_id)
        return "no such plan" if plan is None else self._stale_plan(due, plan, kind)

    def _waits(self, one: Someone) -> bool:
        """Say whether she paused reminders, or wants no more today."""
        until, muted, now = one.paused_until.now, one.muted.now, self.clock()
        if until is not None and until > now:
            return True
        today = now.astimezone(one.zone).date()
        return muted is not None and muted.astimezone(one.zone).date() == today

    def _stale_visit(self, due: Any, said: Worded, *, private: bool) -> str | None:
        visit = self.truth.visits.get(due.about_id)
        if visit is None or visit.state.now != "booked":
            return f"the visit is {visit.state.now if visit else 'unknown'}"
        if visit.starts_at != due.occurs_at:
            return "the visit is at another time"
        if self.clock() >= visit.starts_at:
            return "the visit has begun"
        shown = visit.starts_at.astimezone(HOME)
        if private and f"{shown:%H:%M}" not in said.text:
            return "it does not name the time"
        return None

    def _stale_plan(self, due: Any, plan: PlanTruth, kind: KindRules) -> str | None:
        if plan.state.now != "active":
            return f"the plan is {plan.state.now}"
        until = plan.paused_until.now
        if until is not None and until > self.clock():
            return "the plan is paused"
        if kind.key in _DOSES and due.occurs_at in plan.answered:
            return "the dose was answered"
        if kind.key == "dose" and plan.times:
            shown = due.occurs_at.astimezone(HOME)
            if shown.time().replace(second=0) not in (*plan.times, *plan.at_night):
                return "no dose is taken at that time"
        return None

    def _hours(self, one: Someone, kinds: Sequence[KindRules], message_id: int) -> None:
        keeps = [kind.key for kind in kinds if kind.quiet]
        if keeps and self.rules.is_quiet(self.clock(), one.zone):
            shown = self.clock().astimezone(one.zone)
            self.wrong("quiet_hours", f"message {message_id} ({', '.join(keeps)}) at {shown:%H:%M}")

    def _budget(self, one: Someone, kinds: Sequence[KindRules], message: int) -> None:
        """Count what she got unasked; only what is useful or a courtesy may be too much."""
        if all(kind.tier == "safety" for kind in kinds):
            return
        day, week = self._so_far(one, self.clock(), message)
        if all(kind.tier in SPARED for kind in kinds) and (
            day >= self.rules.a_day or week >= self.rules.a_week
        ):
            self.wrong("over_budget", f"message {message}: {day} that day, {week} that week")
        self._got[one.number].append((message, self.clock()))

    def was_much(self, one: Someone, at: datetime) -> bool:
        """Say whether the budget of somebody was used up on the local day of an instant."""
        ends = at + timedelta(hours=24)
        day, week = self._so_far(one, ends, 0)
        before, _ = self._so_far(one, at, 0)
        return max(day, before) >= self.rules.a_day or week >= self.rules.a_week

    def _so_far(self, one: Someone, at: datetime, but: int) -> tuple[int, int]:
        """Return how many messages she got unasked on the local day of an instant, and in seven days."""
        today = at.astimezone(one.zone).date()
        first = today - timedelta(days=6)
        days = {
            number: got.astimezone(one.zone).date()
            for number, got in self._got[one.number][-100:]
            if number != but
        }
        week = [day for day in days.values() if first <= day <= today]
        return week.count(today), len(week)
