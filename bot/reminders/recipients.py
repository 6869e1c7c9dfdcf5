"""Who is told of a thing, and where: only who may be (I7), by the channel she is reached by first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.dialogue.listeners import Listeners
from bot.reminders.kinds import Kind
from bot.reminders.known import Known
from bot.reminders.model import Thing
from bot.store.db import Tx


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where somebody is told, and what holds there.

    Attributes:
        hers: all conversations that are proven hers; at least this one.
        held: a person holds this conversation.
        unreachable: nothing goes to any address of hers.
    """

    conversation_id: int
    hers: tuple[int, ...]
    held: bool = False
    opted_out: bool = False
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Recipients:
    """Finds them."""

    listeners: Listeners

    def of(
        self,
        tx: Tx,
        thing: Thing,
        kind: Kind,
        now: datetime,
        known: Known,
        *,
        beside: int | None = None,
    ) -> Recipient | None:
        """Return where a thing is told of; None where nobody may be told.

        Args:
            beside: a conversation in which nobody answered: the next of hers instead.
        """
        home = self._home(tx, thing, now, known)
        row = known.conversation(tx, home) if home is not None else None
        if row is None:
            return None
        hers = known.hers(row)
        wanted = row
        if len(hers) > 1:
            wanted = self._wanted(row, hers, kind.channels or known.order(row), beside)
        elif beside is not None:
            return None
        return _recipient(wanted, hers) if wanted is not None else None

    def at(self, tx: Tx, conversation_id: int, known: Known) -> Recipient | None:
        """Return what holds where something was said already."""
        row = known.conversation(tx, conversation_id)
        return _recipient(row, known.hers(row)) if row is not None else None

    def _home(self, tx: Tx, thing: Thing, now: datetime, known: Known) -> int | None:
        """Return the conversation that is told of a thing; of money only the payer's own (A12)."""
        if thing.payer_id is not None:
            return self.listeners.own(tx, thing.payer_id, now)
        whom = thing.patient_id
        if whom is None:
            return thing.conversation_id
        if thing.conversation_id is not None:
            row = known.conversation(tx, thing.conversation_id)
            if row is not None and known.may_hear(row, whom):
                return thing.conversation_id
        return self.listeners.of(tx, thing.conversation_id or 0, whom, now)

    def _wanted(
        self, row: Any, hers: Sequence[Any], order: Sequence[str], beside: int | None
    ) -> Any:
        """Return the first of hers that takes messages; None where there is no other beside one.

        Who stopped them where she asked gets none elsewhere.
        """
        ranks = {channel: place for place, channel in enumerate(order)}
        best = sorted(
            hers, key=lambda one: (ranks.get(one.channel, len(ranks)), one.id != row.id, one.id)
        )
        if beside is not None:
            return next((one for one in best if one.id != beside and _takes(one)), None)
        if row.opted_out_at is not None:
            return row
        return next((one for one in best if _takes(one)), row)


def _takes(row: Any) -> bool:
    return row.opted_out_at is None and row.unreachable_at is None


def _recipient(row: Any, hers: Sequence[Any]) -> Recipient:
    return Recipient(
        conversation_id=row.id,
        hers=tuple(one.id for one in hers),
        held=row.holder != "bot",
        opted_out=row.opted_out_at is not None,
        unreachable=all(one.unreachable_at is not None for one in hers),
    )
