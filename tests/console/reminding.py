"""Reminders in every state, made by hand; what the engine would have left behind."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from bot.store.db import Engine, Tx
from bot.store.reminder_tables import CarePlan, CareTask, Reminder, ReminderDecision
from bot.store.tables import DeliveryReceipt, Outbox

_causes = count(1)


def add_reminder(tx: Tx, due_at: datetime, **more: Any) -> int:
    """Make one that waits, of a visit; return its id."""
    values: dict[str, Any] = {
        "cause": f"test:{next(_causes)}", "about": "visit", "about_id": 1, "kind": "visit_day_before",
        "occurs_at": due_at + timedelta(days=1), "due_at": due_at, "wall": "2026-11-18T10:00",
        "zone": "Asia/Shanghai", "state": "pending", "created_at": due_at - timedelta(days=3),
        "rules": "2026-11-22",
    }  # fmt: skip
    return _add(tx, Reminder(**{**values, **more}))


def add_decision(tx: Tx, reminder_id: int, at: datetime, reason: str, **more: Any) -> int:
    values = {"decision": "deferred", "until": at + timedelta(hours=10), **more}
    return _add(tx, ReminderDecision(reminder_id=reminder_id, at=at, reason=reason, **values))


def add_message(tx: Tx, conversation_id: int, at: datetime, **more: Any) -> int:
    """Make the message of a reminder; return its id."""
    number = next(_causes)
    values: dict[str, Any] = {
        "seq": 10_000 + number, "kind": "reminder", "state": "sent",
        "body": {"text": "明天09:30就诊", "buttons": []},
        "due_at": at, "created_at": at, "sent_at": at, "dedupe_key": f"reminder:test{number}",
    }  # fmt: skip
    return _add(tx, Outbox(conversation_id=conversation_id, **{**values, **more}))


def add_receipt(tx: Tx, outbox_id: int, at: datetime, progress: str) -> int:
    row = DeliveryReceipt(
        channel="sms", account="main", reference=f"r{next(_causes)}", progress=progress,
        outbox_id=outbox_id, at=at,
    )  # fmt: skip
    return _add(tx, row)


def add_task(tx: Tx, due_at: datetime, why: str = "unanswered", **more: Any) -> int:
    values = {"kind": "revisit_close", **more}
    return _add(tx, CareTask(cause=f"test:{next(_causes)}", why=why, due_at=due_at, **values))


def add_plan(tx: Tx, now: datetime, **more: Any) -> int:
    values: dict[str, Any] = {
        "kind": "revisit", "source": "csv", "details": {"department_name": "心血管内科"},
        "zone": "Asia/Shanghai", "starts_on": now.date(), "created_by": "test", "created_at": now,
        "updated_at": now,
    }  # fmt: skip
    return _add(tx, CarePlan(**{**values, **more}))


def _add(tx: Tx, row: Any) -> int:
    with tx.session() as session:
        session.add(row)
        session.flush()
        return int(row.id)


@dataclass
class Ledger:
    """Makes rows at one instant of a test."""

    engine: Engine
    now: datetime

    async def add(self, make: Any, *args: Any, **more: Any) -> int:
        made: int = await self.engine.write(lambda tx: make(tx, *args, **more))
        return made
