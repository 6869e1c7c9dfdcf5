"""Plans of the hospital: medicine, refills, revisits, bills, stays, deaths; and who pauses them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import count
from typing import Any

from bench.simulate.people import HOME, Course, Someone
from bench.simulate.truth import PlanTruth, VisitTruth
from bench.simulate.world import World
from bot.care.parts import Care
from bot.care.plans import Plan
from bot.care.status import Status
from bot.reminders.choices import choose
from bot.store.db import Tx
from scheduler.reminders import Reason

_HOURS = (
    (time(8),), (time(8), time(20)), (time(7, 30), time(12), time(18)), (time(8), time(20), time(22)),
)  # fmt: skip
_LEVELS = {"A": (1, 3, 7, 14, 21, 28, 35), "B": (7, 30), "C": (7, 30)}
_DAY = 1440
_ACTOR = "simulate"
#: How often a visit ends with a prescription; how often with anything, at most.
_DOSES, _MOST = 0.10, 0.6


@dataclass(slots=True)
class PlansOfCare:
    """Lets plans be made, changed and ended."""

    world: World
    rush: float
    _numbers: "count[int]"

    @classmethod
    def of(cls, world: World, rush: float) -> "PlansOfCare":
        """Return them; `rush`: so many times as much is ordered as in a usual hospital."""
        return cls(world, rush, count(1))

    @property
    def care(self) -> Care:
        """The application's own functions for plans."""
        return self.world.app.reminding.care

    def begin(self) -> None:
        """Write down what comes first."""
        world, random = self.world, self.world.random
        for one in world.people:
            if random.random() < 0.05:
                days = random.uniform(0, 200)
                self._later(days * _DAY, "greetings are asked for", partial(self._greet, one))
            if random.random() < 0.08:
                days = random.uniform(0, 300)
                self._later(days * _DAY, "a yearly check-up", partial(self._checkup, one))
            if random.random() < 0.5:
                days = random.expovariate(1 / 200)
                self._later(days * _DAY, "reminders are paused", partial(self._choose, one))
            for patient in one.patients:
                days = random.expovariate(0.01 / 365)
                self._later(days * _DAY, "a patient dies", partial(self._die, patient))

    def seen(self, visit: VisitTruth) -> None:
        """Draw what a doctor ordered for somebody who was seen."""
        random = self.world.random
        patient = visit.patient_id or 0
        one = self.world.truth.of_patient(patient)
        for share, what, act in (
            (_DOSES, "a prescription", self._prescribe),
            (0.08, "a refill", self._refill),
            (0.2, "a revisit is advised", self._revisit),
            (0.12, "medicine is ready", self._collect),
            (0.08, "a fee is due", self._fee),
            (0.02, "an admission", self._admit),
        ):
            if random.random() < min(share * self.rush, _MOST):
                self._later(random.randrange(5, 60), what, partial(act, one, patient))

    # ---- making them

    async def _make(
        self,
        key: str,
        one: Someone,
        patient: int | None,
        kind: str,
        details: Mapping[str, Any],
        starts_on: date,
        ends_on: date | None = None,
        *,
        times: tuple[time, ...] = (),
        expects: Mapping[str, list[datetime]] | None = None,
    ) -> PlanTruth | None:
        """Make a plan, once however often it is asked for, and note what is true of it."""
        world, now, care = self.world, self.world.clock(), self.care
        if patient in world.truth.dead:
            return None

        def make(tx: Tx) -> Plan:
            return care.plans.create(
                tx, kind=kind, details=details, zone=HOME.key, starts_on=starts_on, now=now,
                actor=_ACTOR, source="api", patient_id=patient, source_key=key, ends_on=ends_on,
                conversation_id=one.conversation_id if patient is None else None,
            )  # fmt: skip

        plan = await world.write(make)
        known = PlanTruth(
            plan.plan_id, kind, one, patient, HOME.key, Course("active"), starts_on, ends_on, times,
            made_at=now,
        )  # fmt: skip
        world.truth.add_plan(known)
        world.counts[f"plans_{kind}"] += 1
        world.expecting.planned(known, expects or {}, now)
        return known

    async def _prescribe(self, one: Someone, patient: int, *, key: str) -> None:
        random, today = self.world.random, self._today()
        hours = random.choice(_HOURS)
        starts = today + timedelta(days=random.choice((0, 0, 1)))
        ends = starts + timedelta(days=random.choice((4, 6, 9, 13)))
        details = {"medicine": "阿莫西林", "dose": "1片", "times": [f"{at:%H:%M}" for at in hours]}
        told = tuple(at for at in hours if time(8) <= at < time(21))
        plan = await self._make(
            key, one, patient, "medication", details, starts, ends, times=told
        )  # fmt: skip
        if plan is not None:
            plan.at_night = tuple(at for at in hours if at not in told)
        if plan is not None and random.random() < 0.3:
            minutes = random.uniform(_DAY, 8 * _DAY)
            self._later(minutes, "a medicine changes", partial(self._change_medicine, plan))

    async def _change_medicine(self, plan: PlanTruth, **_: str) -> None:
        """Stop it, or pause it for some days."""
        if self.world.random.random() < 0.5:
            await self._end(plan, Reason.STOPPED)
            return
        world, now, care = self.world, self.world.clock(), self.care
        until = now + timedelta(days=world.random.choice((1, 2, 3)))
        await world.write(lambda tx: care.plans.pause(tx, plan.plan_id, until, now, actor=_ACTOR))
        if plan.state.now == "active":
            plan.paused_until.set(world.clock.now, until)

    async def _refill(self, one: Someone, patient: int, *, key: str) -> None:
        today, days = self._today(), self.world.random.choice((14, 28))
        details = {"medicine": "氨氯地平", "quantity": days, "per_day": 1}
        told = today + timedelta(days=days - 7)
        await self._make(
            key, one, patient, "refill", details, today, today + timedelta(days=300),
            expects={"refill": [_at(told, 10)]},
        )  # fmt: skip

    async def _revisit(self, one: Someone, patient: int, *, key: str) -> None:
        today = self._today()
        first, last = today + timedelta(days=7), today + timedelta(days=14)
        middle = first + (last - first) // 2
        expects = {
            "revisit_open": [_at(first, 10)], "revisit_middle": [_at(middle, 10)],
            "revisit_close": [_at(last, 10)],
        }  # fmt: skip
        await self._make(
            key, one, patient, "revisit", {"advice": "1-2周内复诊"}, first, last, expects=expects
        )

    async def _collect(self, one: Someone, patient: int, *, key: str) -> None:
        plan = await self._make(key, one, patient, "collect", {"window": "3号窗口"}, self._today())
        self._ends_later(plan, (20, 90, 2000))

    async def _fee(self, one: Someone, patient: int, *, key: str) -> None:
        details = {"amount": "86.50", "item": "检查费"}
        plan = await self._make(key, one, patient, "fee", details, self._today())
        self._ends_later(plan, (30, 600, 6000))

    async def _admit(self, one: Someone, patient: int, *, key: str) -> None:
        day = self._today() + timedelta(days=self.world.random.choice((2, 4, 7)))
        expects = {"admission": [_at(day - timedelta(days=1), 16)]}
        plan = await self._make(
            key, one, patient, "admission", {"ward": "心内科病房"}, day, day, expects=expects
        )
        if plan is not None:
            at = (_at(day, 9) - self.world.clock.now).total_seconds() / 60
            self._later(at + 30, "a patient is admitted", partial(self._stay, one, patient))

    async def _stay(self, one: Someone, patient: int, *, key: str) -> None:
        world = self.world
        if patient in world.truth.dead:
            return
        await self._is(patient, Status.ADMITTED)
        world.truth.admitted[patient].set(world.clock.now, True)
        home = self._today() + timedelta(days=world.random.choice((2, 3, 5)))
        await self._make(
            f"{key}-deposit", one, patient, "deposit", {"left": "120"}, self._today()
        )  # fmt: skip
        await self._make(
            f"{key}-discharge", one, patient, "discharge", {"ward": "心内科病房"}, home, home,
            expects={"discharge": [_at(home, 9)]},
        )  # fmt: skip
        minutes = (_at(home, 11) - world.clock.now).total_seconds() / 60
        self._later(minutes, "a patient goes home", partial(self._go_home, one, patient))

    async def _go_home(self, one: Someone, patient: int, *, key: str) -> None:
        world = self.world
        if patient in world.truth.dead:
            return
        await self._is(patient, Status.DISCHARGED)
        world.truth.admitted[patient].set(world.clock.now, False)
        level, today = world.random.choice(tuple(_LEVELS)), self._today()
        days = [_at(today + timedelta(days=day), 10) for day in _LEVELS[level]]
        await self._make(
            key, one, patient, "follow_up", {"level": level}, today, expects={"follow_up": days}
        )

    async def _greet(self, one: Someone, **_: str) -> None:
        world, now, care = self.world, self.world.clock(), self.care
        born = date(1970, world.random.randrange(1, 13), world.random.randrange(1, 28))

        def want(tx: Tx) -> Plan:
            choose(tx, one.conversation_id, now, greetings_at=now)
            return care.greetings.want(tx, one.conversation_id, HOME.key, born, now, "patient")

        plan = await world.write(want)
        world.truth.add_plan(
            PlanTruth(
                plan.plan_id, "greeting", one, None, HOME.key, Course("active"), self._today(),
                made_at=now,
            )
        )  # fmt: skip
        world.counts["plans_greeting"] += 1

    async def _checkup(self, one: Someone, *, key: str) -> None:
        last = self._today() - timedelta(days=self.world.random.randrange(30, 330))
        due = last.replace(year=last.year + 1, day=min(last.day, 28))
        last = last.replace(day=min(last.day, 28))
        told = _at(due - timedelta(days=30), 10)
        await self._make(
            key, one, one.patients[0], "checkup", {}, last, expects={"checkup": [told]}
        )

    # ---- ending them

    def _ends_later(self, plan: PlanTruth | None, minutes: tuple[int, ...]) -> None:
        if plan is not None:
            wait = self.world.random.choice(minutes)
            self._later(wait, "it is done", partial(self._end, plan, Reason.DONE))

    async def _end(self, plan: PlanTruth, reason: Reason, **_: str) -> None:
        world, now, care = self.world, self.world.clock(), self.care
        await world.write(lambda tx: care.plans.stop(tx, plan.plan_id, reason, now, actor=_ACTOR))
        plan.state.set(world.clock.now, "done" if reason is Reason.DONE else "stopped")

    async def _die(self, patient: int, **_: str) -> None:
        await self._is(patient, Status.DIED)
        truth, now = self.world.truth, self.world.clock.now
        truth.dead.setdefault(patient, now)
        for other in truth.of_patient(patient).patients:
            truth.bereaved.setdefault(other, now)
        self.world.counts["deaths"] += 1

    async def _is(self, patient: int, status: Status) -> None:
        now, care = self.world.clock(), self.care
        await self.world.write(
            lambda tx: care.statuses.set(tx, patient, status, now, now, actor=_ACTOR)
        )

    async def _choose(self, one: Someone, **_: str) -> None:
        """Let her pause her reminders for some days, or want none for the rest of the day."""
        world, now = self.world, self.world.clock()
        if world.random.random() < 0.5:
            until = now + timedelta(days=world.random.choice((1, 3, 7)))
            await world.write(lambda tx: _pause(tx, one, now, until))
            one.paused_until.set(world.clock.now, until)
        else:
            day = now.astimezone(one.zone).date()
            await world.write(lambda tx: _mute(tx, one, now, day))
            one.muted.set(world.clock.now, now)

    def _later(self, minutes: float, what: str, act: Callable[..., Awaitable[None]]) -> None:
        """Let something happen that may be tried again after a kill: the same key is the same thing."""
        key = f"simulate-{next(self._numbers)}"
        at = self.world.clock.now + timedelta(minutes=max(minutes, 0.1))
        self.world.agenda.add(at.replace(microsecond=0), what, partial(act, key=key), again=True)

    def _today(self) -> date:
        return self.world.clock().astimezone(HOME).date()


def _pause(tx: Tx, one: Someone, now: datetime, until: datetime) -> None:
    for _, _, conversation_id in one.places():
        choose(tx, conversation_id, now, paused_until=until)


def _mute(tx: Tx, one: Someone, now: datetime, day: date) -> None:
    for _, _, conversation_id in one.places():
        choose(tx, conversation_id, now, muted_on=day)


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), HOME)
