"""A conversation as it was said, both sides in order; for the page and for staff."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, select

from bot.message import Address, Button, Form, Kind, Worded
from bot.messages.outbox import worded
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Inbox, Outbox

_inbox = Inbox.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_CONVERSATION = Hot(
    select(_conversation.c.id).where(
        _conversation.c.channel == bindparam("channel"),
        _conversation.c.account == bindparam("account"),
        _conversation.c.user_index == bindparam("user_index"),
    )
)
_SAID_TO_US = Hot(
    select(_inbox.c.id, _inbox.c.seq, _inbox.c.body, _inbox.c.received_at)
    .where(_inbox.c.conversation_id == bindparam("conversation_id"))
    .order_by(_inbox.c.seq.desc())
    .limit(bindparam("limit"))
)
_SAID_BY_US = Hot(
    select(
        _outbox.c.id,
        _outbox.c.seq,
        _outbox.c.kind,
        _outbox.c.body,
        _outbox.c.state,
        _outbox.c.created_at,
    )
    .where(_outbox.c.conversation_id == bindparam("conversation_id"), _outbox.c.state != "dropped")
    .order_by(_outbox.c.seq.desc())
    .limit(bindparam("limit"))
)

#: The field of a template that nobody but its addressee may read.
_HIDDEN = "code"


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a conversation.

    Attributes:
        who: "patient", "bot" or "staff".
        id: the platform's key of a patient's message, the outbox id of ours.
        kind: the `Kind` of ours; of a patient's, its `Form` where that is not a text.
    """

    who: str
    id: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime
    kind: str = ""
    state: str = ""
    buttons: tuple[Button, ...] = ()


def conversation_of(tx: Tx, address: Address) -> int | None:
    """Return the conversation of an address, or None before its first message."""
    user_index = tx.keyring.index(address.user, "conversation.user")
    row = tx.one(
        _CONVERSATION, channel=address.channel, account=address.account, user_index=user_index
    )
    return row.id if row else None


def lines(tx: Tx, conversation_id: int, limit: int = 200) -> list[Line]:
    """Return the last messages of a conversation, oldest first."""
    placed = []
    for row in tx.rows(_SAID_TO_US, conversation_id=conversation_id, limit=limit):
        key = row.body["key"].rpartition(":")[2]
        form = "" if row.body["kind"] == Form.TEXT else str(row.body["kind"])
        line = Line("patient", key, row.body["text"], row.received_at, form)
        placed.append((row.seq, 0, line))
    for row in tx.rows(_SAID_BY_US, conversation_id=conversation_id, limit=limit):
        said = worded(row)
        who = "staff" if said.kind is Kind.STAFF else "bot"
        line = Line(
            who, str(row.id), _shown(said), row.created_at, said.kind.value, row.state, said.buttons
        )
        placed.append((row.seq, 1, line))
    return [line for _, _, line in sorted(placed, key=lambda item: item[:2])][-limit:]


def _shown(said: Worded) -> str:
    """Return what of a message may be seen: a code that proves an address is for that address alone."""
    secret = said.template.values.get(_HIDDEN) if said.template else None
    return said.text.replace(secret, "*" * len(secret)) if secret else said.text
