"""Who is told of a thing, and where: only who may be (I7), by the channel she is reached by first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from bot.dialogue.listeners import Listeners
from bot.reminders.kinds import Kind
from bot.reminders.model import Thing
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Person

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_person = Person.__table__  # type: ignore[attr-defined]
_SHOWN = (
    _conversation.c.id,
    _conversation.c.channel,
    _conversation.c.holder,
    _conversation.c.opted_out_at,
    _conversation.c.unreachable_at,
    _conversation.c.person_id,
    _conversation.c.verified_at,
)

_ONE = Hot(select(*_SHOWN).where(_conversation.c.id == bindparam("conversation_id")))
_HERS = Hot(
    select(*_SHOWN)
    .where(
        _conversation.c.person_id == bindparam("person_id"),
        _conversation.c.verified_at.is_not(None),
    )
    .order_by(_conversation.c.id)
)
_ORDER = Hot(select(_person.c.channel_order).where(_person.c.id == bindparam("person_id")))


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
        self, tx: Tx, thing: Thing, kind: Kind, now: datetime, *, beside: int | None = None
    ) -> Recipient | None:
        """Return where a thing is told of; None where nobody may be told.

        Args:
            beside: a conversation in which nobody answered: the next of hers instead.
        """
        home = self._home(tx, thing, now)
        if home is None:
            return None
        row = tx.one(_ONE, conversation_id=home)
        if row is None:
            return None
        hers, order = self._hers(tx, row, kind)
        if beside is not None:
            hers_but = [one for one in order if one.id != beside and _takes(one)]
            return _recipient(hers_but[0], hers) if hers_but else None
        wanted = self._wanted(tx, row, kind, order)
        return _recipient(wanted, hers)

    def at(self, tx: Tx, conversation_id: int) -> Recipient | None:
        """Return what holds where something was said already."""
        row = tx.one(_ONE, conversation_id=conversation_id)
        if row is None:
            return None
        hers = [row]
        if row.person_id is not None and row.verified_at is not None:
            hers = tx.rows(_HERS, person_id=row.person_id)
        return _recipient(row, hers)

    def _home(self, tx: Tx, thing: Thing, now: datetime) -> int | None:
        """Return the conversation that is told of a thing."""
        if thing.payer_id is not None:
            return self.listeners.own(tx, thing.payer_id, now)
        if thing.patient_id is None:
            return thing.conversation_id
        return self.listeners.of(tx, thing.conversation_id or 0, thing.patient_id, now)

    def _hers(self, tx: Tx, row: Any, kind: Kind) -> tuple[Sequence[Any], list[Any]]:
        """Return her proven conversations, and the same as she is best reached."""
        if row.person_id is None or row.verified_at is None:
            return [row], [row]
        hers = tx.rows(_HERS, person_id=row.person_id)
        order = kind.channels
        if not order and (card := tx.one(_ORDER, person_id=row.person_id)) is not None:
            order = tuple((card.channel_order or "").split())
        ranks = {channel: place for place, channel in enumerate(order)}
        return hers, sorted(
            hers, key=lambda one: (ranks.get(one.channel, len(ranks)), one.id != row.id, one.id)
        )

    def _wanted(self, tx: Tx, row: Any, kind: Kind, order: list[Any]) -> Any:  # noqa: ARG002
        """Return the first that takes messages; who stopped them where she asked gets none elsewhere."""
        if row.opted_out_at is not None:
            return row
        return next((one for one in order if _takes(one)), row)


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
