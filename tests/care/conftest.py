"""The shared application, its people and their plans, and time that goes by for its reminders."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import pytest
from sqlmodel import col, select

from bot.care.parts import Care
from bot.care.plans import Plan
from bot.store.booking_tables import FamilyMember
from bot.store.db import Tx
from bot.store.reminder_tables import CareTask, Reminder
from bot.store.tables import Outbox
from scheduler.reminders import Reason
from tests.helpers.booking import ZONE, add_conversation, add_patient
from tests.helpers.house import House

T = TypeVar("T")
ACTOR = "daoyi import"


@dataclass
class Ward:
    """What a test of care needs."""

    house: House

    @property
    def care(self) -> Care:
        return self.house.app.reminding.care

    @property
    def now(self) -> datetime:
        return self.house.clock.now

    async def do(self, op: Callable[[Tx], T]) -> T:
        return await self.house.app.engine.write(op)

    async def person(self, name: str) -> tuple[int, int]:
        """Make somebody who writes for herself; return her conversation and her number."""

        def make(tx: Tx) -> tuple[int, int]:
            conversation = add_conversation(tx, name, self.now)
            return conversation, add_patient(tx, name, self.now, conversation)

        return await self.do(make)

    async def beside(
        self, conversation_id: int, patient_id: int, relation: str = "parent", place: int = 2
    ) -> None:
        """Let a conversation book for somebody else too, as proven as can be."""

        def join(tx: Tx) -> None:
            with tx.session() as session:
                session.add(
                    FamilyMember(
                        conversation_id=conversation_id, patient_id=patient_id, place=place,
                        relation=relation, verified_at=self.now, added_at=self.now,
                    )
                )  # fmt: skip

        await self.do(join)

    async def plan(
        self,
        kind: str,
        details: dict[str, Any],
        starts_on: date,
        ends_on: date | None = None,
        **more: Any,
    ) -> Plan:
        given = {"source": "csv", "actor": ACTOR, "zone": ZONE.key, **more}
        return await self.do(
            lambda tx: self.care.plans.create(
                tx, kind=kind, details=details, starts_on=starts_on, ends_on=ends_on, now=self.now,
                **given,
            )
        )  # fmt: skip

    async def stops(self, plan: Plan, actor: str) -> None:
        """Let somebody end a plan."""
        plans, now = self.care.plans, self.now
        await self.do(lambda tx: plans.stop(tx, plan.plan_id, Reason.STOPPED, now, actor=actor))

    async def read(self, plan_id: int) -> Plan:
        found = await self.do(lambda tx: self.care.plans.get(tx, plan_id))
        assert found is not None
        return found

    async def reminders(self, plan_id: int) -> list[tuple[str, str, str, str | None]]:
        """Return (kind, local time it is or was due, state, reason) of a plan's reminders."""

        def look(tx: Tx) -> list[tuple[str, str, str, str | None]]:
            with tx.session() as session:
                found = session.exec(
                    select(Reminder)
                    .where(Reminder.about == "plan", Reminder.about_id == plan_id)
                    .order_by(col(Reminder.due_at), col(Reminder.id))
                ).all()
                return [
                    (one.kind, f"{one.due_at.astimezone(ZONE):%m-%d %H:%M}", one.state, one.reason)
                    for one in found
                ]

        return await self.do(look)

    async def waiting(self, plan_id: int) -> list[tuple[str, str]]:
        """Return what still waits of a plan."""
        return [
            (kind, due)
            for kind, due, state, _ in await self.reminders(plan_id)
            if state == "pending"
        ]

    async def at(self, local: str) -> None:
        """Let it be a local time, and let whatever is due be decided."""
        self.house.clock.now = datetime.fromisoformat(local).replace(tzinfo=ZONE).astimezone(UTC)
        while await self.house.app.reminding.sweep.run():
            pass

    async def told(self) -> list[tuple[int, str]]:
        """Return (conversation, text) of every reminder that was said, in order."""

        def look(tx: Tx) -> list[tuple[int, str]]:
            with tx.session() as session:
                found = session.exec(
                    select(Outbox).where(Outbox.kind == "reminder").order_by(col(Outbox.id))
                ).all()
                return [(one.conversation_id, one.body["text"]) for one in found]

        return await self.do(look)

    async def tasks(self) -> list[tuple[str, int | None]]:
        """Return (why, plan) of all that staff are asked."""

        def look(tx: Tx) -> list[tuple[str, int | None]]:
            with tx.session() as session:
                found = session.exec(select(CareTask).order_by(col(CareTask.id))).all()
                return [(one.why, one.plan_id) for one in found]

        return await self.do(look)


@pytest.fixture
def ward(house: House) -> Ward:
    """The application, swept."""
    return Ward(house)
