"""The outbox: every message to a patient, stored in the transaction that caused it.

States: `ready → leased → sending → sent | failed | unknown`, besides `waiting` (for the patient to
write) and `dropped` (overtaken). `leases` and `departure` move them. A channel that is read by its
own page (`Limits.pull`) has its messages as `sent` from the start, since storing them is all there is
to sending; one that takes a reply in its own request's answer fetches it by `take_passive`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from bot.channels.base import Limits
from bot.message import Button, Kind, Progress, Template, Worded
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_STORE = Hot(
    insert(_outbox)
    .values(
        conversation_id=bindparam("conversation_id"),
        seq=bindparam("seq"),
        inbox_id=bindparam("inbox_id"),
        kind=bindparam("kind"),
        body=bindparam("body"),
        state=bindparam("state"),
        due_at=bindparam("due_at"),
        attempts=0,
        dedupe_key=bindparam("dedupe_key"),
        created_at=bindparam("created_at"),
        sent_at=bindparam("sent_at"),
        expires_at=bindparam("expires_at"),
        origin_id=bindparam("origin_id"),
    )
    .returning(_outbox.c.id)
)
_ANSWERS = Hot(
    select(_outbox.c.id, _outbox.c.kind, _outbox.c.body)
    .where(_outbox.c.inbox_id == bindparam("inbox_id"))
    .order_by(_outbox.c.seq)
)
_AFTER = Hot(
    select(_outbox.c.id, _outbox.c.kind, _outbox.c.body)
    .where(
        _outbox.c.conversation_id == bindparam("conversation_id"),
        _outbox.c.id > bindparam("after"),
        _outbox.c.state != "dropped",
    )
    .order_by(_outbox.c.id)
    .limit(bindparam("limit"))
)
_LAST = Hot(
    select(func.max(_outbox.c.id).label("id")).where(
        _outbox.c.conversation_id == bindparam("conversation_id")
    )
)
_OF_A_MESSAGE = Hot(
    select(
        _outbox.c.id,
        _outbox.c.kind,
        _outbox.c.body,
        _outbox.c.state,
        _outbox.c.provider_id,
        _conversation.c.holder,
    )
    .join_from(_outbox, _conversation)
    .where(_outbox.c.inbox_id == bindparam("inbox_id"))
    .order_by(_outbox.c.seq)
    .with_for_update(of=_outbox)
)
_PASSED_ON = Hot(
    update(_outbox)
    .where(_outbox.c.id == bindparam("outbox_id"), _outbox.c.state == "ready")
    .values(
        state=bindparam("new_state"),
        provider_id=bindparam("provider_id_"),
        progress=bindparam("progress_"),
        sent_at=bindparam("sent_at_"),
        error=bindparam("error_"),
    )
)
_NEXT_PLACE = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(last_seq=_conversation.c.last_seq + 1)
    .returning(_conversation.c.last_seq)
)
_COUNT = Hot(select(_outbox.c.state, func.count().label("n")).group_by(_outbox.c.state))

#: What the bot may still say while a person holds the conversation (I4).
SPOKEN_WHILE_HELD = frozenset({Kind.EMERGENCY, Kind.STAFF, Kind.NOTICE})
#: An emergency is due this long before everything else that waits, so that no backlog delays it.
_AHEAD = timedelta(days=1)
#: In place of a platform's id: the message went in the answer to the platform's own request.
PASSIVE = "passive"
#: Between what goes together as one message.
PARAGRAPH = "\n\n"


def enqueue(
    tx: Tx,
    conversation_id: int,
    seq: int,
    worded: Worded,
    now: datetime,
    *,
    pull: bool,
    inbox_id: int | None = None,
    dedupe_key: str | None = None,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    origin_id: int | None = None,
    only_here: bool = False,
) -> int:
    """Store one message at place `seq` of its conversation; return its id.

    Args:
        due_at: not sent before; now, where it is left out.
        expires_at: never sent after.
        origin_id: the message it stands in for.
        only_here: no other channel may take its place: a code that proves this very address.
    """
    if due_at is None:
        due_at = now - _AHEAD if worded.kind is Kind.EMERGENCY else now
    row = tx.one(
        _STORE,
        conversation_id=conversation_id,
        seq=seq,
        inbox_id=inbox_id,
        kind=worded.kind.value,
        body=_body(worded, only_here=only_here),
        state="sent" if pull else "ready",
        due_at=due_at,
        dedupe_key=dedupe_key,
        created_at=now,
        sent_at=now if pull else None,
        expires_at=expires_at,
        origin_id=origin_id,
    )
    return int(row.id)


def _body(worded: Worded, *, only_here: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "text": worded.text,
        "buttons": [[button.label, button.value] for button in worded.buttons],
    }
    if worded.template is not None:
        body["template"] = [worded.template.name, dict(worded.template.values)]
    if only_here:
        body["only_here"] = True
    return body


def next_place(tx: Tx, conversation_id: int) -> int:
    """Return the next place in a conversation, for something said outside any turn."""
    return int(tx.one(_NEXT_PLACE, conversation_id=conversation_id).last_seq)


def take_passive(tx: Tx, inbox_id: int, limits: Limits, now: datetime) -> list[tuple[int, Worded]]:
    """Return what goes in the very answer to the request that brought a message; it counts as sent.

    In order, and as much as fits one message; asked again, the same again. Nothing where a sender
    has part of it already, and nothing of the bot's while a person holds the conversation (I4).
    """
    rows = tx.rows(_OF_A_MESSAGE, inbox_id=inbox_id)
    taken = [(row.id, worded(row)) for row in rows if row.provider_id == PASSIVE]
    if taken or any(row.state != "ready" or row.provider_id for row in rows):
        return taken
    for row in rows:
        said = worded(row)
        if row.holder == "staff" and said.kind not in SPOKEN_WHILE_HELD:
            _pass_on(tx, row.id, now, state="dropped", error="held by staff")
            continue
        together = PARAGRAPH.join([*(before.text for _, before in taken), said.text])
        if limits.measure(together) > limits.text:
            break
        _pass_on(tx, row.id, now, state="sent", progress=Progress.SENT)
        taken.append((row.id, said))
    return taken


def _pass_on(
    tx: Tx,
    outbox_id: int,
    now: datetime,
    *,
    state: str,
    progress: Progress | None = None,
    error: str | None = None,
) -> None:
    tx.run(
        _PASSED_ON,
        outbox_id=outbox_id,
        new_state=state,
        provider_id_=PASSIVE if progress else None,
        progress_=progress.value if progress else None,
        sent_at_=now if progress else None,
        error_=error,
    )


def answers(tx: Tx, inbox_id: int) -> list[tuple[int, Worded]]:
    """Return what was said in answer to one message: the same on every redelivery."""
    return [(row.id, worded(row)) for row in tx.rows(_ANSWERS, inbox_id=inbox_id)]


def after(tx: Tx, conversation_id: int, last_id: int, limit: int = 200) -> list[tuple[int, Worded]]:
    """Return what was said in a conversation after message `last_id`, oldest first."""
    rows = tx.rows(_AFTER, conversation_id=conversation_id, after=last_id, limit=limit)
    return [(row.id, worded(row)) for row in rows]


def last_id(tx: Tx, conversation_id: int) -> int:
    """Return the id of the last thing said in a conversation, 0 before the first."""
    return int(tx.one(_LAST, conversation_id=conversation_id).id or 0)


def worded(row: Any) -> Worded:
    """Return what an outbox row says."""
    return said_by(row.body, row.kind)


def said_by(body: Mapping[str, Any], kind: str) -> Worded:
    """Return what the opened body of an outbox row says."""
    buttons = tuple(Button(label, value) for label, value in body["buttons"])
    template = body.get("template")
    return Worded(body["text"], Kind(kind), buttons, Template(*template) if template else None)


def counts(tx: Tx) -> dict[str, int]:
    """Return how many messages there are in each state."""
    return {row.state: row.n for row in tx.rows(_COUNT)}
