"""Whatever a platform posts, stored in one transaction; the same again changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.message import Arrival, Form, Inbound, Moved, Permission, Receipt
from bot.messages import inbox, permissions, receipts, windows
from bot.messages.inbox import Accepted
from bot.store.db import Tx


@dataclass(frozen=True, slots=True)
class Stored:
    """A message from a patient and where it is kept."""

    inbound: Inbound
    accepted: Accepted


def store(tx: Tx, arrivals: Sequence[Arrival], now: datetime) -> list[Stored]:
    """Store what arrived, in order; return the messages from patients among it.

    A message opens its conversation's window and frees what waited for it; one of `Form.LEFT` makes
    the address unreachable and is handled with that. Receipts, permissions and moved chats change
    what they speak of.
    """
    stored = []
    for arrival in arrivals:
        match arrival:
            case Inbound():
                stored.append(Stored(arrival, _message(tx, arrival, now)))
            case Receipt():
                receipts.record(tx, arrival, now)
            case Permission():
                permissions.answered(tx, arrival, now)
            case Moved():
                windows.move(tx, arrival.address, arrival.user, now)
    return stored


def _message(tx: Tx, inbound: Inbound, now: datetime) -> Accepted:
    accepted = inbox.accept(tx, inbound, now)
    if accepted.place is None:
        return accepted
    if inbound.form is Form.LEFT:
        windows.unreachable(tx, accepted.conversation_id, now)
    else:
        windows.wrote(tx, accepted.place, inbound.grant, now)
    return accepted
