"""The engine of reminders on a real database, with errands of ours in place of visits and plans."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot.channels.base import Limits
from bot.dialogue.flow import Scene, Step
from bot.dialogue.listeners import Listeners
from bot.dialogue.notices import Notices
from bot.dialogue.wording import Wording
from bot.messages.delivery import Delivery
from bot.messages.fallback import Elsewhere
from bot.patients.family import Household
from bot.reminders.departing import Rechecks
from bot.reminders.kinds import Kinds, read_kinds
from bot.reminders.live import Lives
from bot.reminders.model import Due, Thing
from bot.reminders.planning import Planner
from bot.reminders.recipients import Recipients
from bot.reminders.repeating import Repeating
from bot.reminders.sending import Sending
from bot.store.db import Engine, Tx
from bot.store.reminder_tables import CarePlan, CareTask, Reminder, ReminderDecision
from bot.store.tables import Conversation, Outbox, Person
from bot.wiring.reminders import ReminderPort
from intents.catalog import Catalog
from scheduler.reminders import Reason
from scheduler.sweep import Sweep
from tests.helpers.booking import add_patient
from tests.helpers.doubles import RecordingChannel

ZONE = ZoneInfo("Asia/Shanghai")
#: Kinds as the hospital's own are, but short.
KINDS: Mapping[str, Any] = {
    "version": "test",
    "kinds": {
        "three_days": {
            "about": "visit", "when": {"of": "starts", "days": -3}, "text": "reminders/note",
            "line": "reminders/line", "answers": ["confirm", "move"],
        },
        "day_before": {
            "about": "visit", "when": {"of": "starts", "days": -1, "not_after": "19:00"},
            "text": "reminders/note", "line": "reminders/line", "answers": ["confirm", "move"],
        },
        "two_hours": {
            "about": "visit", "when": {"of": "starts", "hours": -2}, "merge": "moment",
            "text": "reminders/note", "line": "reminders/line", "answers": ["confirm"],
        },
        "dose": {
            "about": "medication", "when": {"of": "dose"}, "tier": "safety", "quiet": False,
            "merge": "moment", "late": "1 hour", "text": "reminders/note",
            "line": "reminders/dose", "answers": ["taken", "skip"], "then": "nudge",
            "after": "1 hour",
        },
        "nudge": {
            "about": "medication", "follows": True, "tier": "safety", "quiet": False,
            "merge": "moment", "late": "1 hour", "text": "reminders/note",
            "line": "reminders/dose", "answers": ["taken", "skip"],
        },
        "refill": {
            "about": "refill", "when": {"of": "runs_out", "days": -7, "at": "10:00"},
            "tier": "useful", "text": "reminders/note", "line": "reminders/refill",
        },
        "fee": {
            "about": "fee", "when": {"of": "due"}, "late": "3 days", "text": "reminders/note",
            "line": "reminders/fee", "then": "staff", "after": "2 days", "answers": ["done"],
        },
        "elsewhere": {
            "about": "collect", "when": {"of": "ready"}, "late": "2 days",
            "text": "reminders/note", "line": "reminders/fee", "then": "next channel",
            "after": "2 hours", "answers": ["done"],
        },
        "greeting": {
            "about": "greeting", "when": {"of": "day", "at": "10:00"}, "tier": "courtesy",
            "asks_first": True, "to_bereaved": False, "late": "8 hours",
            "text": "reminders/note", "line": "reminders/greeting",
        },
    },
}  # fmt: skip
_NAMES = {"zh-CN": "提醒", "en": "reminder"}


def kinds(**budget: int) -> Kinds:
    """Return those kinds."""
    tables = {
        **KINDS,
        "budget": budget,
        "kinds": {key: {"names": _NAMES, **table} for key, table in KINDS["kinds"].items()},
    }
    made, problems = read_kinds(tables)
    assert made is not None, problems
    assert not problems, problems
    return made


def shanghai(day: str, clock: str) -> datetime:
    """Return an instant by the hospital's clocks."""
    local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE)
    return local.astimezone(UTC)


@dataclass
class Errands:
    """The domain of these tests: things that move, end and come again.

    Attributes:
        every: how often the moments of a thing come again.
        broken: things that nobody can look at.
        told: (thing, kind, message) as the engine said them.
    """

    things: dict[int, Thing] = field(default_factory=dict)
    every: dict[int, timedelta] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    told_of: list[tuple[int, str, int]] = field(default_factory=list)

    def look(self, tx: Tx, about_id: int, now: datetime) -> Thing | None:  # noqa: ARG002
        if about_id in self.broken:
            raise LookupError("this errand cannot be opened")
        return self.things.get(about_id)

    def look_all(self, tx: Tx, about_ids: Collection[int], now: datetime) -> dict[int, Thing]:
        found = {one: self.look(tx, one, now) for one in about_ids}
        return {one: thing for one, thing in found.items() if thing is not None}

    def state_of(self, tx: Tx, due: Due, thing: Thing, now: datetime) -> Reason | None:  # noqa: ARG002
        return None

    def next_moment(self, tx: Tx, thing: Thing, moment: str, after: datetime) -> datetime | None:  # noqa: ARG002
        step = self.every.get(thing.about_id)
        if step is None:
            return None
        at = thing.moments[moment]
        while at <= after:
            at += step
        return at

    def told(self, tx: Tx, due: Due, thing: Thing, outbox_id: int, now: datetime) -> None:  # noqa: ARG002
        self.told_of.append((thing.about_id, due.kind, outbox_id))

    def answer(self, scene: Scene, dues: Sequence[Due], word: str) -> Step:  # noqa: ARG002
        return Step()


class Facts:
    """What texts may mention of the hospital: nothing."""

    def info(self, lang: str) -> Mapping[str, Any]:  # noqa: ARG002
        return {}


TEXTS = {
    "note": "{{ what }}@{{ occurs|day }} {{ occurs|hm }}",
    "line": "{{ what }} {{ occurs|hm }}",
    "dose": "药 {{ what }}",
    "refill": "续方 {{ what }}",
    "fee": "缴费 {{ what }}",
    "greeting": "问候",
    "digest": "{% for line in lines %}[{{ line }}]{% endfor %}",
}


def write_texts(folder: Path) -> Path:
    """Write the reply templates of these kinds; return their folder."""
    for lang in ("zh-CN", "en"):
        (folder / lang / "reminders").mkdir(parents=True)
        for name, text in TEXTS.items():
            (folder / lang / "reminders" / f"{name}.txt.j2").write_text(text, "utf-8")
    return folder


class Station:
    """The engine, a sender and a platform, on one database.

    Attributes:
        push: a channel that pushes; `page`: one that is read by its own page.
    """

    def __init__(
        self, engine: Engine, clock: Any, catalog: Catalog, texts: Path, owner: str = "one",
        *, beside: "Station | None" = None, push: Any = None, **budget: int,
    ) -> None:  # fmt: skip
        self.engine, self.clock = engine, clock
        self.kinds = kinds(**budget)
        self.errands: Errands = beside.errands if beside else Errands()
        self.push: RecordingChannel = push or (beside.push if beside else RecordingChannel())
        self.page = RecordingChannel("page", Limits(text=4_000, buttons=3, pull=True))
        self.other: RecordingChannel = beside.other if beside else RecordingChannel("other")
        channels: Any = {one.name: one for one in (self.push, self.page, self.other)}

        def today(now: datetime) -> date:
            return now.astimezone(ZONE).date()

        notices = Notices(
            channels, Wording(texts, catalog), Facts(), today, "zh-CN", lambda _: None  # type: ignore[arg-type]
        )  # fmt: skip
        self.planner = Planner(self.kinds)
        self.sending = Sending(
            self.kinds, {"plan": self.errands}, Recipients(Listeners(Household(), today)),
            Lives(self.kinds, ZONE), Repeating(self.kinds, self.planner), notices,
        )  # fmt: skip
        self.rechecks = Rechecks(self.sending)
        self.port = ReminderPort(engine, self.sending, clock, owner)
        self.sweep = Sweep(self.port)
        self.delivery = Delivery(
            engine, channels, clock, owner, order=("push", "other"),
            elsewhere=Elsewhere(unreached=self.rechecks.unreached), still_goes=self.rechecks.goes,
        )  # fmt: skip

    async def person(
        self,
        user: str,
        channel: str = "push",
        *,
        beside: int | None = None,
        order: str | None = None,
    ) -> tuple[int, int]:
        """Make a conversation that is proven somebody's, and her own patient; return both ids.

        Args:
            beside: another conversation of the same person.
        """
        now = self.clock()

        def make(tx: Tx) -> tuple[int, int]:
            with tx.session() as session:
                if beside is None:
                    whose = Person(name=user, channel_order=order, updated_at=now)
                    session.add(whose)
                    session.flush()
                    person_id = whose.id
                else:
                    person_id = session.get_one(Conversation, beside).person_id
                made = Conversation(
                    channel=channel, account="main", user=user, person_id=person_id,
                    verified_at=now, created_at=now, updated_at=now,
                    user_index=tx.keyring.index(user, "conversation.user"),
                )  # fmt: skip
                session.add(made)
                session.flush()
                conversation_id = int(made.id or 0)
            patient_id = 0 if beside else add_patient(tx, user, now, conversation_id)
            return conversation_id, patient_id

        return await self.engine.write(make)

    async def add(
        self, whom: tuple[int, int], what: str, name: str, *, every: timedelta | None = None,
        own: bool = False, **moments: datetime,
    ) -> int:  # fmt: skip
        """Make a thing and its reminders; return its id.

        Args:
            own: it is about no patient, but about her who asked for it here.
        """
        now, (conversation_id, patient_id) = self.clock(), whom

        def make(tx: Tx) -> Thing:
            with tx.session() as session:
                row = CarePlan(
                    kind=what, conversation_id=conversation_id, source="chat", details={},
                    zone=ZONE.key, starts_on=now.date(), created_by="test", created_at=now,
                    updated_at=now,
                )  # fmt: skip
                session.add(row)
                session.flush()
                thing = Thing(
                    "plan", int(row.id or 0), what, 1, None if own else patient_id,
                    conversation_id, moments, ZONE.key, values=lambda _: {"what": name},
                )  # fmt: skip
            self.planner.plan(tx, thing, now)
            return thing

        thing = await self.engine.write(make)
        self.errands.things[thing.about_id] = thing
        if every is not None:
            self.errands.every[thing.about_id] = every
        return thing.about_id

    async def move(self, about_id: int, **moments: datetime) -> None:
        """Let a thing be at another time, and its reminders with it."""
        old = self.errands.things[about_id]
        new = replace(old, version=old.version + 1, moments=moments)
        now = self.clock()
        await self.engine.write(lambda tx: self.planner.replan(tx, new, Reason.MOVED, now))
        self.errands.things[about_id] = new

    async def cancel(self, about_id: int) -> None:
        """Let a thing not be any more."""
        now = self.clock()
        await self.engine.write(
            lambda tx: self.planner.drop(tx, "plan", about_id, Reason.CANCELLED, now)
        )
        old = self.errands.things[about_id]
        self.errands.things[about_id] = replace(old, over=Reason.CANCELLED)

    async def deliver(self) -> list[str]:
        """Send what is due; return the first lines of all that the platforms took by now."""
        while await self.delivery.drain():
            pass
        return [text.partition("\n")[0] for text in self.push.texts + self.other.texts]

    async def rows(self, about_id: int | None = None) -> list[Reminder]:
        """Return the reminders, of one thing or all, in order."""

        def read(tx: Tx) -> list[Reminder]:
            wanted = select(Reminder).order_by(col(Reminder.occurs_at), col(Reminder.id))
            if about_id is not None:
                wanted = wanted.where(Reminder.about_id == about_id)
            found: list[Reminder] = _read(tx, wanted)
            return found

        return await self.engine.read(read)

    async def states(self, about_id: int | None = None) -> list[tuple[str, str, str | None]]:
        """Return (kind, state, reason) of reminders."""
        return [(row.kind, row.state, row.reason) for row in await self.rows(about_id)]

    async def outbox(self) -> list[Outbox]:
        """Return all messages, in the order in which they were stored."""
        return await self.engine.read(lambda tx: _read(tx, select(Outbox).order_by(col(Outbox.id))))

    async def tasks(self) -> list[tuple[str, str]]:
        """Return (why, kind) of what staff are asked."""
        found: list[CareTask] = await self.engine.read(lambda tx: _read(tx, select(CareTask)))
        return [(task.why, task.kind) for task in found]

    async def decisions(self) -> list[tuple[str, str]]:
        """Return (decision, reason) of what did not go when it was due."""
        found: list[ReminderDecision] = await self.engine.read(
            lambda tx: _read(tx, select(ReminderDecision).order_by(col(ReminderDecision.id)))
        )
        return [(one.decision, one.reason) for one in found]

    async def change(self, conversation_id: int, **values: Any) -> None:
        """Let something else be true of a conversation."""

        def op(tx: Tx) -> None:
            with tx.session() as session:
                row = session.get_one(Conversation, conversation_id)
                for name, value in values.items():
                    setattr(row, name, value)

        await self.engine.write(op)

    async def keep(self, row: Any) -> None:
        """Store a row as it is."""

        def op(tx: Tx) -> None:
            with tx.session() as session:
                session.add(row)

        await self.engine.write(op)


def _read(tx: Tx, wanted: Any) -> Any:
    with tx.session() as session:
        found = list(session.exec(wanted))
        session.expunge_all()
        return found


async def all_at_once(*sweeps: Sweep[Any]) -> int:
    """Let several sweepers run beside one another."""
    return sum(await asyncio.gather(*(one.run() for one in sweeps)))
