"""Nobody answered whether it is an emergency: after two minutes a person looks at it (EM-09).

Safe to repeat, and on several processes: each doubt is settled in the transaction that opens its case.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import bindparam, select

from bot.dialogue.doubt import settle
from bot.dialogue.notices import Notices
from bot.dialogue.urgent import UrgentFlow
from bot.errors import StoreError
from bot.handoff import rules, service
from bot.message import Kind, Say
from bot.store.db import Engine, Tx
from bot.store.statements import Hot
from bot.store.urgent_tables import Doubt
from intents.urgent_rules import CRISIS_KIND
from scheduler.jobs import Job

log = structlog.get_logger()

_row = Doubt.__table__  # type: ignore[attr-defined]
_DUE = Hot(
    select(_row.c.id, _row.c.conversation_id, _row.c.kind)
    .where(_row.c.state == "asked", _row.c.asked_at <= bindparam("before"))
    .order_by(_row.c.asked_at)
    .limit(100)
)
#: So long the question waits for its answer.
PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Silence:
    """The doubts that nobody answered.

    Attributes:
        urgent: knows the numbers, and when staff are there.
        clock: the application's.
    """

    engine: Engine
    notices: Notices
    urgent: UrgentFlow
    clock: Callable[[], datetime]

    def jobs(self) -> list[Job]:
        """Return what happens by itself."""
        return [Job("doubts without an answer", 5.0, self.run)]

    async def run(self) -> int:
        """Pass on every doubt whose time is over; return how many."""
        now, done = self.clock(), 0
        rows = await self.engine.read(lambda tx: list(tx.rows(_DUE, before=now - PATIENCE)))
        for one in rows:
            try:
                done += await self.engine.write(partial(self._pass_on, one=one, now=now))
            except StoreError:
                raise
            except Exception as exc:  # noqa: BLE001  (whatever one row holds, the others go on)
                log.error("doubt.failed", id=one.id, error=type(exc).__name__)
        return done

    def _pass_on(self, tx: Tx, one: Any, now: datetime) -> bool:
        """Open a case for a conversation, unless one is open, and leave the number on screen."""
        if not settle(tx, one.conversation_id, "silent", now):
            return False
        if service.live(tx, one.conversation_id) is None:
            service.open_case(
                tx, one.conversation_id,
                desk="general", reason=rules.IN_DOUBT, priority=rules.P1, now=now,
            )  # fmt: skip
        values = self.urgent.values(one.kind, one.kind == CRISIS_KIND, now)
        say = Say("urgent/doubt_person", Kind.EMERGENCY, values)
        self.notices.tell(tx, one.conversation_id, say, now, dedupe_key=f"doubt:{one.id}")
        return True
