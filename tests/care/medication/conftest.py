"""A patient and her medicine on each database, without an application."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from bot.care.medication.flow import MedicationFlow
from bot.care.medication.plan_kind import MedicationKind, RefillKind
from bot.care.plans import Plan, PlanKind, Plans
from bot.dialogue.flow import Scene, Step
from bot.dialogue.listeners import Listeners
from bot.dialogue.people import Member
from bot.dialogue.sessions import Expect, Session
from bot.dialogue.understand import Understood
from bot.reminders import rows
from bot.reminders.kinds import Kinds, load_kinds
from bot.reminders.model import Due
from bot.reminders.planning import Planner
from bot.store.db import Engine, Tx
from bot.store.reminder_tables import Reminder
from tests.helpers.booking import add_conversation, add_patient

T = TypeVar("T")
ZONE = ZoneInfo("Asia/Shanghai")
_CONTENT = Path(__file__).parents[3] / "intents" / "content"


@dataclass
class OneFamily:
    """A family of which only she is known."""

    known: list[Member] = field(default_factory=list)

    def frail(self, tx: Tx, patient_ids: Collection[int], today: date) -> Collection[int]:  # noqa: ARG002
        return ()

    def members(self, tx: Tx, conversation_id: int, today: date) -> Sequence[Member]:  # noqa: ARG002
        return self.known

    def named(self, text: str, members: Sequence[Member]) -> Sequence[Member]:  # noqa: ARG002
        return []


@dataclass
class Pharmacy:
    """What a patient says about medicine, and the reminders that come of it."""

    engine: Engine
    kinds: Kinds
    now: datetime = datetime(2026, 11, 16, 2, tzinfo=UTC)  # Monday, 10:00 in Shanghai
    conversation_id: int = 0
    patient_id: int = 0
    messages: int = 0
    family: OneFamily = field(default_factory=OneFamily)
    session: Session = field(default_factory=Session)
    asked: Expect | None = None

    def __post_init__(self) -> None:
        kinds: dict[str, PlanKind] = {}
        self.plans = Plans(Planner(self.kinds), kinds)
        self.medication = MedicationKind(self.plans)
        kinds |= {"medication": self.medication, "refill": RefillKind(self.plans)}
        listeners = Listeners(self.family, lambda now: now.astimezone(ZONE).date())
        self.flow = MedicationFlow(self.plans, listeners, ZONE.key)

    async def write(self, op: Callable[[Tx], T]) -> T:
        """Run `op` in a transaction."""
        return await self.engine.write(op)

    async def begin(self) -> None:
        """Make her and her conversation."""

        def make(tx: Tx) -> tuple[int, int]:
            conversation_id = add_conversation(tx, "u1", self.now)
            return conversation_id, add_patient(tx, "王芳", self.now, conversation_id)

        self.conversation_id, self.patient_id = await self.write(make)
        self.family.known.append(Member(1, self.patient_id, "王芳", verified=True))

    def scene(self, tx: Tx, text: str = "", act: str | None = None, **values: Any) -> Scene:
        """Return where a flow stands when she says something."""
        said = Understood(None, act=act, text=text)
        self.messages += 1
        scene = Scene(
            tx, self.now, self.conversation_id, self.messages, "bot", self.session, said, values
        )
        scene.asked = self.asked
        return scene

    async def says(self, entry: str, text: str = "", act: str | None = None, **values: Any) -> Step:
        """Let the flow take a message, as the router would hand it over."""
        step = await self.write(
            lambda tx: self.flow.step(self.scene(tx, text, act, **values), entry)
        )
        self.asked = None
        for say in step.says:
            if say.options or say.answer:
                options = [option.value for option in say.options]
                self.asked = Expect(1, options, self.now.isoformat(), dict(say.named or {}))
        return step

    async def taps(self, place: int) -> Step:
        """Tap on an option of the open question."""
        assert self.asked is not None
        _, _, rest = self.asked.options[place - 1].partition(":")
        where, _, chosen = rest.partition(":")
        entry = where.partition(".")[2]
        return await self.says(entry, **({"choice": chosen} if chosen else {}))

    async def sets(self, text: str) -> Plan:
        """Set a plan by one sentence and a yes."""
        await self.says("start", text)
        await self.taps(1)
        return (await self.mine())[-1]

    async def mine(self) -> list[Plan]:
        """Return all her plans."""
        return list(
            await self.write(
                lambda tx: self.plans.of_conversation(tx, self.conversation_id, {self.patient_id})
            )
        )

    async def prescribed(self, details: Mapping[str, Any], **more: Any) -> Plan:
        """Make a plan as the hospital's own system brings it."""
        given: dict[str, Any] = {
            "kind": "medication", "details": details, "zone": ZONE.key, "starts_on": date(2026, 11, 16),
            "now": self.now, "actor": "csv", "source": "csv", "patient_id": self.patient_id, **more,
        }  # fmt: skip
        return await self.write(lambda tx: self.plans.create(tx, **given))

    async def waiting(self, kind: str = "dose") -> list[Due]:
        """Return the reminders of a kind that wait."""

        def read(tx: Tx) -> list[Due]:
            query = select(Reminder.id).where(Reminder.kind == kind, Reminder.state == "pending")
            with tx.session() as session:
                ids = session.exec(query.order_by(col(Reminder.due_at))).all()
            return [rows.due_of(tx.one(rows.ONE, reminder_id=one)) for one in ids]

        return await self.write(read)

    async def answers(self, due: Due, word: str, text: str = "") -> Step:
        """Answer a reminder."""

        def take(tx: Tx) -> Step:
            plan = self.plans.get(tx, due.about_id)
            assert plan is not None
            return self.medication.answer(self.scene(tx, text), [due], plan, word)

        return await self.write(take)

    def later(self, **how: float) -> None:
        """Let time pass."""
        self.now += timedelta(**how)


@pytest.fixture(scope="session")
def hospital_kinds() -> Kinds:
    """The kinds of reminders as the hospital has them."""
    return load_kinds(_CONTENT)


@pytest.fixture
async def pharmacy(engine: Engine, hospital_kinds: Kinds) -> Pharmacy:
    """A patient on Monday at ten."""
    made = Pharmacy(engine, hospital_kinds)
    await made.begin()
    return made
