"""A reminder that must go by another address of hers: in its kind's order, at the hours there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from bot.message import Worded
from bot.messages.fallback import Elsewhere, Unreached, unheard
from bot.reminders.choices import choice_of
from bot.reminders.kinds import Kinds
from bot.reminders.zones import zone_of
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation
from scheduler.reminders import Tier

_conversation = Conversation.__table__  # type: ignore[attr-defined]

_WHO = Hot(
    select(_conversation.c.channel, _conversation.c.user).where(
        _conversation.c.id == bindparam("conversation_id")
    )
)


@dataclass(frozen=True, slots=True)
class Hours:
    """When a reminder may stand in at another address.

    Attributes:
        zone: where the hospital is; it counts where she chose none and her number tells none.
    """

    kinds: Kinds
    zone: ZoneInfo

    def begins(
        self, tx: Tx, worded: Worded, conversation_id: int, now: datetime
    ) -> datetime | None:
        """Return when, after the quiet hours there; None where she wants none of its kind there.

        What is no kind of ours, a digest of several among it, keeps the quiet hours.
        """
        kind = self.kinds.get(worded.template.name) if worded.template else None
        choice = choice_of(tx, conversation_id)
        if kind is not None and not choice.wants(kind.about, kind.key):
            return None
        if kind is not None and not kind.rule.quiet:
            return now
        keeps = kind is not None and choice.pause_keeps and kind.rule.tier < Tier.USEFUL
        begins = now if keeps else choice.pause(now) or now
        who = tx.one(_WHO, conversation_id=conversation_id)
        name = choice.zone or zone_of(who.channel, who.user)
        return self.kinds.quiet.opens(begins, ZoneInfo(name) if name else self.zone)


def elsewhere(
    kinds: Kinds, zone: ZoneInfo, unreached: Callable[[Tx, int, datetime], None] | None = None
) -> Elsewhere:
    """Return what the delivery asks about reminders that must go by another channel.

    Args:
        unreached: hears of one that reached nobody, by the id of its message.
    """
    heard: Unreached = unreached or unheard
    orders = {kind.key: kind.channels for kind in kinds.kinds.values() if kind.channels}
    return Elsewhere(orders, Hours(kinds, zone).begins, heard)
