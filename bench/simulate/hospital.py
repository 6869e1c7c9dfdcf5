"""What the hospital does by itself: doctors are away, people take conversations over."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from bench.simulate.people import HOME, Someone
from bench.simulate.world import World, at_hour
from bot.errors import BadInput
from bot.handoff import service as handoff
from bot.hospital import roster
from bot.hospital.model import Hospital
from bot.hospital.problems import HospitalDataError
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import HandoffCase, Staff

_case: Any = HandoffCase.__table__  # type: ignore[attr-defined]
_CASES = Hot(
    select(_case.c.id, _case.c.conversation_id, _case.c.opened_at).where(_case.c.state == "open")
)
_FEW = 20
_PARTS = ("morning", "afternoon", None)


def cut(facts: Hospital, doctors: int) -> Hospital:
    """Return a smaller hospital: as many doctors, and some of what can be asked for."""
    kept = [*facts.doctors[:: max(1, len(facts.doctors) // doctors)]][:doctors]
    codes = {doctor.code for doctor in kept}
    return Hospital(
        info=facts.info, campuses=facts.campuses, departments=facts.departments, doctors=tuple(kept),
        holidays=facts.holidays,
        roster=tuple(rule for rule in facts.roster if rule.doctor is None or rule.doctor in codes),
        tests=facts.tests[:_FEW], drugs=facts.drugs[:_FEW], packages=facts.packages,
        services=facts.services, symptoms=facts.symptoms[:_FEW],
    )  # fmt: skip


@dataclass(slots=True)
class Ward:
    """The hospital's own acts.

    Attributes:
        absences: a week.
        takeovers: a day, for a thousand patients.
    """

    world: World
    absences: float = 3.0
    takeovers: float = 1.0
    staff_id: int = 0
    _seen: set[int] = field(default_factory=set)

    async def begin(self) -> None:
        """Employ somebody, and write down what comes first."""
        now = self.world.clock()

        def employ(tx: Tx) -> int:
            with tx.session() as session:
                nurse = Staff(
                    username="nurse", display_name="李护士", password_hash="none",  # noqa: S106
                    created_at=now,
                )  # fmt: skip
                session.add(nurse)
                session.flush()
                return int(nurse.id or 0)

        self.staff_id = await self.world.write(employ)
        self._every(7 / self.absences, "a doctor is away", self._absence)
        self._every(0.04, "staff look at who waits", self._look_at_cases)
        self._every(
            1000 / self.takeovers / len(self.world.people), "a person takes over", self._take_over
        )

    def _every(self, days: float, what: str, act: object) -> None:
        wait = self.world.random.expovariate(1 / days)
        at = self.world.clock.now + timedelta(days=wait)
        if wait > 1:
            at = at_hour(self.world, at, 7, 20)

        async def again() -> None:
            self._every(days, what, act)
            await act()  # type: ignore[operator]

        self.world.agenda.add(at.replace(second=0, microsecond=0), what, again)

    async def _absence(self) -> None:
        world, now = self.world, self.world.clock()
        doctor = world.random.choice(world.parts.facts.doctors)
        day = (
            (now + timedelta(days=world.random.choice((0, 1, 2, 3, 6, 9)))).astimezone(HOME).date()
        )
        part = world.random.choice(_PARTS)

        def stop(tx: Tx) -> None:
            roster.stop(tx, doctor.code, day, part, "医生外出", now, "simulate")

        def resume(tx: Tx) -> None:
            roster.resume(tx, doctor.code, day, part, world.clock(), "simulate")

        try:
            await world.write(stop)
        except HospitalDataError:
            return
        world.counts["absences"] += 1
        await world.process.run("hospital facts and clinics", "clinics that are off")
        if world.random.random() < 0.2:
            world.later(240, "a clinic is held after all", partial(world.write, resume))

    async def _look_at_cases(self) -> None:
        """Let staff see to whoever waits for a person: some at once, some later."""
        world = self.world
        for row in world.oracle.rows(_CASES):
            one = world.truth.at(row.conversation_id)
            if one is None or row.id in self._seen:
                continue
            self._seen.add(row.id)
            one.desk.set(row.opened_at, True)
            minutes = world.random.choice((5, 20, 60, 700))
            world.later(minutes, "a person claims", partial(self._claim, one))

    async def _claim(self, one: Someone) -> None:
        world, now = self.world, self.world.clock()
        conversation = one.conversation_id

        def claim(tx: Tx) -> bool:
            case = handoff.live(tx, conversation)
            if case is None or case.state != "open":
                return False
            handoff.claim(
                tx, conversation, staff_id=self.staff_id, seen=case.token, actor="nurse", now=now
            )
            return True

        if await world.write(claim):
            one.held.set(world.clock.now, True)
            minutes = world.random.choice((5, 30, 120))
            world.later(minutes, "a person gives back", partial(self._give_back, one))

    async def _take_over(self) -> None:
        world, now = self.world, self.world.clock()
        one: Someone = world.random.choice(list(world.people))
        conversation = one.conversation_id

        def take(tx: Tx) -> None:
            handoff.take_over(
                tx, conversation, staff_id=self.staff_id, desk="general", actor="nurse", now=now
            )  # fmt: skip

        if one.held.now or one.desk.now:
            return
        try:
            await world.write(take)
        except BadInput:
            return
        one.held.set(world.clock.now, True)
        world.counts["takeovers"] += 1
        minutes = world.random.choice((5, 30, 120, 600, 3000))
        world.later(minutes, "a person gives back", partial(self._give_back, one))

    async def _give_back(self, one: Someone) -> None:
        world, now = self.world, self.world.clock()
        await world.write(
            lambda tx: handoff.give_back(
                tx, one.conversation_id, staff_id=self.staff_id, note=None, actor="nurse", now=now
            )
        )
        one.held.set(world.clock.now, False)
        one.desk.set(world.clock.now, False)


def first_day() -> datetime:
    """Return when every run begins."""
    return datetime.fromisoformat("2026-01-05T00:00:00+00:00")
