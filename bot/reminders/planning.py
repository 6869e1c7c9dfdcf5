"""Planning: a thing's reminders are rows, inserted in the commit that made or changed the thing."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.reminders import rows
from bot.reminders.kinds import Kind, Kinds
from bot.reminders.model import Thing
from bot.reminders.withdraw import withdraw_about
from bot.store.db import Tx
from scheduler.reminders import Planned, Reason, plan


@dataclass(frozen=True, slots=True)
class Planner:
    """Keeps the reminders of things in step with them.

    Attributes:
        kinds: what reminders there are.
    """

    kinds: Kinds

    def plan(self, tx: Tx, thing: Thing, now: datetime, reader: ZoneInfo | None = None) -> int:
        """Insert what is still to come of a thing; return how many are new. Doing it twice adds none.

        Args:
            reader: where she lives who is told, if that is known.
        """
        if thing.over is not None:
            return 0
        return sum(
            self.add(tx, thing, kind, thing.moments[kind.of], now, reader)
            for kind in self.kinds.about(thing.what)
            if kind.of in thing.moments
            and (kind.only is None or kind.only in thing.tags)
            and not kind.follows
        )

    def add(
        self,
        tx: Tx,
        thing: Thing,
        kind: Kind,
        occurs_at: datetime,
        now: datetime,
        reader: ZoneInfo | None = None,
        *,
        since: datetime | None = None,
    ) -> bool:
        """Insert one reminder of one moment; False where its time is over, or it is there already.

        Args:
            since: planned as if at that instant: what is late, but still useful, is not over.
        """
        planned = self._when(thing, kind, occurs_at, since or now, reader)
        if planned is None:
            return False
        row = tx.one(
            rows.ADD,
            cause=cause(thing, kind, occurs_at),
            about=thing.about,
            about_id=thing.about_id,
            about_version=thing.version,
            kind=kind.key,
            occurs_at=occurs_at,
            patient_id=thing.patient_id,
            conversation_id=thing.conversation_id,
            due_at=planned.due_at,
            send_until=kind.until(planned.due_at, occurs_at),
            wall=f"{planned.wall:%Y-%m-%dT%H:%M}",
            zone=thing.zone,
            created_at=now,
        )
        return row is not None

    def still_useful(
        self, thing: Thing, kind: Kind, occurs_at: datetime, since: datetime, now: datetime
    ) -> bool:
        """Say whether a moment that could have been planned at `since` is not told too late at `now`."""
        planned = self._when(thing, kind, occurs_at, since, None)
        if planned is None:
            return False
        until = kind.until(planned.due_at, occurs_at)
        return planned.due_at > now or until is None or until >= now

    def _when(
        self, thing: Thing, kind: Kind, occurs_at: datetime, now: datetime, reader: ZoneInfo | None
    ) -> Planned | None:
        kinds, zone = self.kinds, ZoneInfo(thing.zone)
        quiet = kinds.quiet if kind.rule.quiet else None
        return plan(
            kind.offset, occurs_at, zone, now, quiet=quiet, reader=reader, shift=kinds.shift
        )

    def drop(self, tx: Tx, about: str, about_id: int, reason: Reason, now: datetime) -> int:
        """Take back all that waits of a thing; return how many reminders that were (RM-05).

        What stands in the outbox and has not left is taken back with it.
        """
        dropped = tx.run(
            rows.SKIP_ABOUT, about_=about, about_id_=about_id, reason_=reason.value, decided_at_=now
        )
        return dropped + withdraw_about(tx, about, about_id, reason, now)

    def replan(self, tx: Tx, thing: Thing, reason: Reason, now: datetime) -> int:
        """Let the reminders of a thing that changed be what they should be; return how many are new."""
        self.drop(tx, thing.about, thing.about_id, reason, now)
        return self.plan(tx, thing, now)


def cause(thing: Thing, kind: Kind, occurs_at: datetime) -> str:
    """Return what makes a reminder the same reminder (I3, I-06)."""
    minute = int(occurs_at.timestamp()) // 60
    return f"{thing.about}:{thing.about_id}:{thing.version}:{kind.key}:{minute}"
