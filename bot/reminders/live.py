"""What is true at the second of sending, read for `scheduler.reminders.decide`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from bot.reminders.kinds import Kind, Kinds
from bot.reminders.known import Known
from bot.reminders.model import Due, Thing
from bot.reminders.recipients import Recipient
from bot.reminders.rows import reminder
from bot.store.db import Tx
from bot.store.statements import Hot
from scheduler.hours import local_day
from scheduler.reminders import Live, Reason, Tier

_WEEK = timedelta(days=7)

_TOLD = Hot(
    select(reminder.c.outbox_id, reminder.c.kind, reminder.c.decided_at).where(
        reminder.c.conversation_id == bindparam("conversation_id"),
        reminder.c.state == "sent",
        reminder.c.decided_at > bindparam("since"),
    )
)


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return a zone by its IANA name."""
    return ZoneInfo(name)


@dataclass(frozen=True, slots=True)
class Lives:
    """Reads what is true of whoever is told.

    Attributes:
        zone: where the hospital is: her clocks, where she named no others.
    """

    kinds: Kinds
    zone: ZoneInfo

    def of(
        self,
        tx: Tx,
        due: Due,
        kind: Kind,
        thing: Thing | None,
        over: Reason | None,
        told: Recipient | None,
        now: datetime,
        known: Known,
        *,
        but: int | None = None,
    ) -> Live:
        """Return what is true now.

        Args:
            over: why the thing is not to be told of any more.
            told: None where nobody may be told.
            but: a message that is not counted: this one.
        """
        died = bereaved = admitted = False
        patient_id = thing.patient_id if thing is not None else due.patient_id
        if patient_id is not None and (row := known.status(tx, patient_id)) is not None:
            died, bereaved = row.died_at is not None, row.bereaved_at is not None
            admitted = row.admitted_at is not None and (
                row.discharged_at is None or row.discharged_at < row.admitted_at
            )
        if told is None:
            return Live(
                self.zone, over, due.send_until, nobody=True, dead=died, bereaved=bereaved,
                admitted=admitted,
            )  # fmt: skip
        choice = known.choice(tx, told.conversation_id)
        zone = zone_of(choice.zone) if choice.zone else self.zone
        keeps = choice.pause_keeps and kind.rule.tier < Tier.USEFUL
        today = week = 0
        if kind.rule.tier >= Tier.USEFUL:
            today, week = self._counts(tx, told, zone, now, but)
        return Live(
            zone=zone,
            over=over,
            send_until=due.send_until,
            unreachable=told.unreachable,
            dead=died,
            bereaved=bereaved,
            admitted=admitted,
            opted_out=told.opted_out,
            off=not choice.wants(kind.about, kind.key),
            asked=choice.greetings_at is not None,
            paused_until=None if keeps else choice.pause(now),
            muted=not keeps and choice.muted_on == local_day(now, zone),
            held=told.held,
            quiet=self.kinds.quiet if kind.rule.quiet else None,
            best=choice.best,
            today=today,
            week=week,
        )

    def _counts(
        self, tx: Tx, told: Recipient, zone: ZoneInfo, now: datetime, but: int | None
    ) -> tuple[int, int]:
        """Return how many messages she got unasked today, and in seven days (RM-03)."""
        at: dict[int, datetime] = {}
        for conversation_id in told.hers:
            for row in tx.rows(_TOLD, conversation_id=conversation_id, since=now - _WEEK):
                kind = self.kinds.get(row.kind)
                if row.outbox_id != but and (kind is None or kind.rule.tier is not Tier.SAFETY):
                    at[row.outbox_id] = row.decided_at
        today = local_day(now, zone)
        first = today - timedelta(days=6)
        days = [local_day(one, zone) for one in at.values()]
        return sum(day == today for day in days), sum(day >= first for day in days)
