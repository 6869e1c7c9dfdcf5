"""Where a person can be reached, as staff see it: which addresses she proved, which is tried first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.console.masks import masked_phone
from bot.errors import BadInput
from bot.patients import addresses, binding
from bot.patients.addresses import Reach
from bot.store.audit import record
from bot.store.db import Tx

_LAST = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """One address of a person; of the address itself only what tells it from another."""

    id: int
    channel: str
    masked: str = field(repr=False)
    verified_at: datetime | None
    reachable: bool
    opted_out: bool
    first: bool


@dataclass(frozen=True, slots=True)
class ReachShown:
    """How the person behind a conversation can be reached.

    Attributes:
        verified_at: when she proved that this conversation's address is hers; None where nobody did,
            so that nothing private may be spoken of before staff made sure who writes.
        others: her other addresses.
        channels: among which staff may choose the one that is tried first.
        preferred: that one; empty where the hospital's own order holds.
    """

    verified_at: datetime | None
    others: Sequence[Shown]
    channels: Sequence[str]
    preferred: str


def look(tx: Tx, conversation_id: int) -> ReachShown:
    """Return how the person behind a conversation can be reached."""
    known = addresses.of_conversation(tx, conversation_id)
    proven = [reach for reach in known if reach.verified_at is not None]
    _, order = addresses.believed(tx, conversation_id) or (0, ())
    first = _first(proven, order)
    here = next((reach for reach in known if reach.conversation_id == conversation_id), None)
    return ReachShown(
        here.verified_at if here else None,
        [_shown(reach, first) for reach in known if reach.conversation_id != conversation_id],
        tuple(dict.fromkeys((*order[:1], *(reach.channel for reach in proven)))),
        order[0] if order else "",
    )


def prefer(tx: Tx, conversation_id: int, channel: str, actor: str, now: datetime) -> None:
    """Set by which channel the person behind a conversation is reached first; empty: as usual.

    Raises:
        BadInput: it is none of hers, or nobody is known here.
    """
    shown = look(tx, conversation_id)
    if channel == shown.preferred:
        return
    person = addresses.believed(tx, conversation_id)
    if person is None or (channel and channel not in shown.channels):
        raise BadInput("this person has no proven address there")
    binding.prefer(tx, person[0], channel or None, shown.channels, now)
    record(tx, now, actor, "person.prefer", conversation_id, channel or "usual")


def _first(proven: Sequence[Reach], order: Sequence[str]) -> int | None:
    """Return the address that the person's own order names first and that can be reached."""
    for channel in order:
        for reach in proven:
            if reach.channel == channel and reach.unreachable_at is None:
                return reach.conversation_id
    return None


def _shown(reach: Reach, first: int | None) -> Shown:
    user = reach.user
    masked = masked_phone(user) if user.startswith("+") else f"…{user[-_LAST:]}"
    return Shown(
        reach.conversation_id,
        reach.channel,
        masked,
        reach.verified_at,
        reach.unreachable_at is None,
        reach.opted_out_at is not None,
        reach.conversation_id == first,
    )
