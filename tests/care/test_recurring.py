"""A course of medicine through everything that happens to it: always one next dose, each told once."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from bot.care.plans import Plan
from bot.store.db import Tx
from bot.store.reminder_tables import Reminder
from tests.care.conftest import ACTOR, Ward

NEW_YORK = ZoneInfo("America/New_York")
FOUND = ("pending", "leased")
TWICE = {"medicine": "甲", "times": ["08:00", "20:00"], "night": True}


def local(written: str) -> datetime:
    """Return an instant by the clocks of New York."""
    return datetime.fromisoformat(f"2026-{written}").replace(tzinfo=NEW_YORK).astimezone(UTC)


class Course:
    """One patient's medicine, and time that goes by."""

    def __init__(self, ward: Ward) -> None:
        self.ward = ward

    async def begin(self, first: str, last: str, details: dict[str, Any]) -> None:
        self.ward.house.clock.now = local(f"{first}T00:05")
        _, patient = await self.ward.person("王芳")
        days = [date.fromisoformat(f"2026-{day}") for day in (first, last)]
        plan = await self.ward.plan(
            "medication", details, days[0], days[1], patient_id=patient, zone=NEW_YORK.key
        )
        self.plan_id, self.ends = plan.plan_id, local(f"{last}T23:59")

    async def doses(self) -> list[Reminder]:
        """Return the reminders of doses, in the order of the doses."""

        def look(tx: Tx) -> list[Reminder]:
            with tx.session() as session:
                wanted = select(Reminder).where(
                    Reminder.about_id == self.plan_id, Reminder.kind == "dose"
                )
                found = list(session.exec(wanted.order_by(col(Reminder.occurs_at))))
                session.expunge_all()
                return found

        return await self.ward.do(look)

    async def go_to(self, end: str) -> None:
        """Let time go by until `end`, from dose to dose; there is one next dose all the time."""
        clock = self.ward.house.clock
        while clock.now < local(end):
            coming = [row.due_at for row in await self.doses() if row.state in FOUND]
            later = [one for one in coming if one > clock.now]
            clock.now = min([*later, local(end)])
            await self.ward.house.app.reminding.sweep.run()
            await self.check()

    async def check(self) -> None:
        """Check that one dose waits: none once the course is over or not to be told of."""
        plan = await self.ward.read(self.plan_id)
        began = local("01-01T00:00")
        assert all(began < row.created_at <= self.ward.now for row in await self.doses())
        waiting = [row for row in await self.doses() if row.state in FOUND]
        assert len(waiting) <= 1
        last = max(row.occurs_at for row in await self.doses())
        if not plan.is_over and plan.state == "active" and not self._is_last(plan, last):
            assert len(waiting) == 1

    def _is_last(self, plan: Plan, last: datetime) -> bool:
        now = self.ward.now
        coming = self.ward.care.plans.kinds["medication"].next_moment(plan, "dose", max(last, now))
        return coming is None

    async def told(self) -> list[str]:
        """Return the doses that were told, by the clocks of New York."""
        sent = [row for row in await self.doses() if row.state == "sent"]
        assert len({row.occurs_at for row in sent}) == len(sent), "told twice"
        return [f"{row.occurs_at.astimezone(NEW_YORK):%m-%d %H:%M}" for row in sent]

    async def change(self, what: Callable[[Tx], Any]) -> None:
        await self.ward.do(what)
        await self.check()


@pytest.fixture
def course(ward: Ward) -> Course:
    return Course(ward)


def days(*written: str) -> list[str]:
    """Return both doses of each day."""
    return [f"{day} {clock}" for day in written for clock in ("08:00", "20:00")]


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("03-07", "03-09", days("03-07", "03-08", "03-09")),
        ("10-31", "11-02", days("10-31", "11-01", "11-02")),
    ],
    ids=["an hour is missing", "an hour comes twice"],
)
async def test_the_hours_stay_where_the_clocks_change(
    course: Course, first: str, last: str, told: list[str]
) -> None:
    await course.begin(first, last, TWICE)
    await course.go_to(f"{last}T23:59")
    assert await course.told() == told
    assert not [row for row in await course.doses() if row.state in FOUND]


@pytest.mark.parametrize(
    ("first", "last", "hour", "told"),
    [
        ("03-07", "03-09", "02:30", ["03-07 02:30", "03-08 03:00", "03-09 02:30"]),
        ("10-31", "11-02", "01:30", ["10-31 01:30", "11-01 01:30", "11-02 01:30"]),
    ],
    ids=["an hour that is missing", "an hour that comes twice"],
)
async def test_an_hour_of_the_change_itself(
    course: Course, first: str, last: str, hour: str, told: list[str]
) -> None:
    await course.begin(first, last, {**TWICE, "times": [hour]})
    await course.go_to(f"{last}T23:59")
    assert await course.told() == told


Change = Callable[[Course], Awaitable[None]]


async def _changed_while_leased(course: Course) -> None:
    port, plans = course.ward.house.app.reminding.port, course.ward.care.plans
    leased = await port.claim(10)
    now, details = course.ward.now, {**TWICE, "times": ["09:00", "21:00"]}
    await course.change(
        lambda tx: plans.change(tx, course.plan_id, now, actor=ACTOR, details=details)
    )
    await port.dispatch(leased, alone=False)
    await course.check()


async def _paused_over_the_next(course: Course) -> None:
    plans, now, until = course.ward.care.plans, course.ward.now, local("06-03T12:00")
    await course.change(lambda tx: plans.pause(tx, course.plan_id, until, now, actor=ACTOR))


async def _paused_and_resumed(course: Course) -> None:
    plans = course.ward.care.plans
    await course.change(
        lambda tx: plans.pause(tx, course.plan_id, None, course.ward.now, actor=ACTOR)
    )
    await course.go_to("06-03T10:00")
    await course.change(lambda tx: plans.resume(tx, course.plan_id, course.ward.now, actor=ACTOR))


async def _ended_early(course: Course) -> None:
    plans, now, day = course.ward.care.plans, course.ward.now, date(2026, 6, 3)
    await course.change(lambda tx: plans.change(tx, course.plan_id, now, actor=ACTOR, ends_on=day))
    await course.ward.house.app.reminding.sweep.run()  # the dose of this very minute is told
    await course.check()


async def _nothing_ran_for_three_days(course: Course) -> None:
    course.ward.house.clock.now = local("06-05T08:10")
    await course.ward.house.app.reminding.sweep.run()
    await course.check()


FIRST = "06-02 08:00"
#: (what happens at 20:00 on the second of June, what is told of the course until the sixth)
CHANGES: dict[str, tuple[Change, list[str]]] = {
    "changed while it is leased": (
        _changed_while_leased,
        [FIRST, "06-02 21:00"]
        + [f"06-0{day} {clock}" for day in (3, 4, 5, 6) for clock in ("09:00", "21:00")],
    ),
    "paused over the next": (
        _paused_over_the_next, [FIRST, "06-03 20:00", *days("06-04", "06-05", "06-06")],
    ),
    "paused and resumed": (
        _paused_and_resumed, [FIRST, "06-03 20:00", *days("06-04", "06-05", "06-06")],
    ),
    "ends earlier": (_ended_early, [*days("06-02", "06-03")]),
    "nothing ran for three days": (
        _nothing_ran_for_three_days, [FIRST, *days("06-05", "06-06")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
async def test_what_happens_to_a_course(course: Course, name: str) -> None:
    change, told = CHANGES[name]
    await course.begin("06-02", "06-06", TWICE)
    await course.go_to("06-02T19:59")
    course.ward.house.clock.now = local("06-02T20:00")
    await change(course)
    await course.go_to("06-06T23:59")
    assert await course.told() == told
    assert not [row for row in await course.doses() if row.state in FOUND]
