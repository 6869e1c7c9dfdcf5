"""The outbox: every message to a patient, stored in the transaction that caused it.

States: `ready → leased → sending → sent | failed | unknown`, besides `waiting` (for the patient to
write) and `dropped` (overtaken). `leases` and `departure` move them. A channel that is read by its
own page (`Limits.pull`) has its messages as `sent` from the start, since storing them is all there is
to sending; one that takes a reply in its own request's answer fetches it by `take_passive`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update

from bot.channels.base import Limits
from bot.message import Button, Kind, Progress, Template, Worded
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Inbox, Outbox

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_inbox = Inbox.__table__  # type: ignore[attr-defined]

_COLUMNS = (
    "conversation_id", "seq", "inbox_id", "kind", "body", "state", "due_at", "dedupe_key",
    "created_at", "sent_at", "expires_at", "origin_id", "way", "ahead",
)  # fmt: skip


def _storing(count: int) -> Hot:
    """Return what stores so many messages in one statement."""
    rows = [
        {
            "attempts": 0,
            **{
                name: bindparam(f"{name}_{number}", type_=_outbox.c[name].type) for name in _COLUMNS
            },
        }
        for number in range(count)
    ]
    places = (_outbox.c.id, _outbox.c.conversation_id, _outbox.c.seq)
    return Hot(insert(_outbox).values(rows).returning(*places))


_NAMES = [[f"{name}_{number}" for name in _COLUMNS] for number in range(25)]
#: As many at once as there may be; the rest by the next.
_STORE = {count: _storing(count) for count in (25, 5, 1)}
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
    .where(_outbox.c.id == bindparam("outbox_id"), _outbox.c.state == bindparam("old_state"))
    .values(
        state=bindparam("new_state"),
        provider_id=bindparam("provider_id_"),
        progress=bindparam("progress_"),
        sent_at=bindparam("sent_at_"),
        error=bindparam("error_"),
        way=func.coalesce(bindparam("way_"), _outbox.c.way),
        lease_until=None,
    )
)
_CARRIED = Hot(
    select(_outbox.c.id, _outbox.c.kind, _outbox.c.body)
    .where(
        _outbox.c.conversation_id == bindparam("conversation_id"),
        _outbox.c.provider_id == bindparam("provider_id"),
    )
    .order_by(_outbox.c.seq)
)
#: What is too late for its own request, or was said without one; nobody was told of it yet.
_LEFT_OVER = Hot(
    select(_outbox.c.id, _outbox.c.kind, _outbox.c.body, _outbox.c.state)
    .where(
        _outbox.c.conversation_id == bindparam("conversation_id"),
        or_(_outbox.c.inbox_id.is_(None), _outbox.c.inbox_id != bindparam("inbox_id")),
        or_(
            _outbox.c.state == "waiting",
            and_(
                or_(_outbox.c.state == "ready", _outbox.c.state == "leased"),
                _outbox.c.due_at <= bindparam("now"),
            ),
        ),
        or_(_outbox.c.expires_at.is_(None), _outbox.c.expires_at > bindparam("now_")),
        _outbox.c.progress.is_(None),
    )
    .order_by(_outbox.c.seq)
    .limit(bindparam("limit"))
    .with_for_update()
)
_WHOSE = Hot(
    select(
        _inbox.c.conversation_id,
        _conversation.c.holder,
        _conversation.c.opted_out_at,
    )
    .join_from(_inbox, _conversation)
    .where(_inbox.c.id == bindparam("inbox_id"))
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
#: What goes ahead is due this long before everything else that waits, so that no backlog delays it.
_AHEAD = timedelta(days=1)
#: In place of a platform's id: the message went in the answer to the platform's own request.
PASSIVE = "passive"
#: How it went that she reads on a page of ours, and what went in a request's own answer.
PULLED, REPLIED = "page", "reply: in her request"
#: Between what goes together as one message.
PARAGRAPH = "\n\n"
#: So many messages that waited are looked at for one answer; the next takes more.
_MOST_LEFT_OVER = 20


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
    way: str | None = None,
    ahead: bool = False,
) -> int:
    """Store one message at place `seq` of its conversation; return its id.

    Args:
        due_at: not sent before; now, where it is left out.
        expires_at: never sent after.
        origin_id: the message it stands in for.
        only_here: no other channel may take its place: a code that proves this very address.
        way: how it goes, where that is known before it goes.
        ahead: before all other reminders, of its conversation and of its account.
    """
    post = Post(
        conversation_id, seq, worded, pull, dedupe_key, due_at, expires_at, ahead, inbox_id,
        origin_id, only_here, way,
    )  # fmt: skip
    return _store(tx, [post], now)[conversation_id, seq]


@dataclass(frozen=True, slots=True)
class Post:
    """One message to be stored; see `enqueue`."""

    conversation_id: int
    seq: int
    worded: Worded
    pull: bool
    dedupe_key: str | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None
    ahead: bool = False
    inbox_id: int | None = None
    origin_id: int | None = None
    only_here: bool = False
    way: str | None = None


def post(tx: Tx, posts: Sequence[Post], now: datetime) -> list[int]:
    """Store many messages; return their ids in the same order."""
    stored: dict[tuple[int, int], int] = {}
    for count, left in _parts(posts):
        for first in range(0, len(left), count):
            stored |= _store(tx, left[first : first + count], now)
    return [stored[one.conversation_id, one.seq] for one in posts]


def _parts(posts: Sequence[Post]) -> Iterator[tuple[int, Sequence[Post]]]:
    """Yield how many are stored at once, and those that are."""
    first = 0
    for count in _STORE:
        end = first + (len(posts) - first) // count * count
        yield count, posts[first:end]
        first = end


def _store(tx: Tx, posts: Sequence[Post], now: datetime) -> dict[tuple[int, int], int]:
    """Store as many messages as there is a statement for."""
    values: dict[str, Any] = {}
    for number, one in enumerate(posts):
        due_at, kind = one.due_at, one.worded.kind
        if due_at is None:
            due_at = now - _AHEAD if one.ahead or kind is Kind.EMERGENCY else now
        row = (
            one.conversation_id, one.seq, one.inbox_id, kind.value,
            _body(one.worded, only_here=one.only_here), "sent" if one.pull else "ready", due_at,
            one.dedupe_key, now, now if one.pull else None, one.expires_at, one.origin_id,
            one.way or (PULLED if one.pull else None), one.ahead,
        )  # fmt: skip
        values.update(zip(_NAMES[number], row, strict=True))
    rows = tx.rows(_STORE[len(posts)], **values)
    return {(row.conversation_id, row.seq): int(row.id) for row in rows}


def _body(worded: Worded, *, only_here: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "text": worded.text,
        "buttons": [[button.label, button.value] for button in worded.buttons],
    }
    if worded.template is not None:
        filled = worded.template
        body["template"] = [filled.name, dict(filled.values), dict(filled.discreet)]
    if worded.discreet:
        body["discreet"] = worded.discreet
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

    Where nothing else carries a reply (`Passive.insists`), what came too late for an earlier answer
    goes before it, as far as there is room; an emergency goes alone.
    """
    own = _own(tx, inbox_id, limits, now)
    if limits.passive is None or not limits.passive.insists:
        return own
    return [*_left_over(tx, inbox_id, limits, now, own), *own]


def _own(tx: Tx, inbox_id: int, limits: Limits, now: datetime) -> list[tuple[int, Worded]]:
    """Take what answers a message itself."""
    rows = tx.rows(_OF_A_MESSAGE, inbox_id=inbox_id)
    taken = [(row.id, worded(row)) for row in rows if row.provider_id == PASSIVE]
    if taken or any(row.state != "ready" or row.provider_id for row in rows):
        return taken
    for row in rows:
        said = worded(row)
        if row.holder == "staff" and said.kind not in SPOKEN_WHILE_HELD:
            _pass_on(tx, row, now, error="held by staff")
            continue
        if not _fits([*taken, (row.id, said)], limits):
            break
        _pass_on(tx, row, now, way=PASSIVE)
        taken.append((row.id, said))
    return taken


def _left_over(
    tx: Tx, inbox_id: int, limits: Limits, now: datetime, own: list[tuple[int, Worded]]
) -> list[tuple[int, Worded]]:
    """Take what still waits from before; for the same message the same again."""
    whose, way = tx.one(_WHOSE, inbox_id=inbox_id), f"{PASSIVE}:{inbox_id}"
    where = {"conversation_id": whose.conversation_id}
    taken = [(row.id, worded(row)) for row in tx.rows(_CARRIED, provider_id=way, **where)]
    if taken or any(said.kind is Kind.EMERGENCY for _, said in own):
        return taken
    for row in tx.rows(
        _LEFT_OVER, inbox_id=inbox_id, now=now, now_=now, limit=_MOST_LEFT_OVER, **where
    ):
        said = worded(row)
        if said.kind is Kind.REMINDER and whose.opted_out_at is not None:
            continue  # the sender drops it
        if said.kind is Kind.REMINDER and whose.holder != "bot":
            continue  # it is decided about once more as it leaves, and waits
        if whose.holder == "staff" and said.kind not in SPOKEN_WHILE_HELD:
            _pass_on(tx, row, now, error="held by staff")
            continue
        if not _fits([*taken, (row.id, said), *own], limits):
            break
        _pass_on(tx, row, now, way=way)
        taken.append((row.id, said))
    return taken


def _fits(said: list[tuple[int, Worded]], limits: Limits) -> bool:
    return limits.measure(PARAGRAPH.join(one.text for _, one in said)) <= limits.text


def _pass_on(
    tx: Tx, row: Any, now: datetime, *, way: str | None = None, error: str | None = None
) -> None:
    """Note that a message went by `way`, or was dropped for `error`."""
    tx.run(
        _PASSED_ON,
        outbox_id=row.id,
        old_state=row.state,
        new_state="sent" if way else "dropped",
        provider_id_=way,
        progress_=Progress.SENT.value if way else None,
        sent_at_=now if way else None,
        error_=error,
        way_=REPLIED if way else None,
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
    filled = Template(*template) if template else None
    return Worded(body["text"], Kind(kind), buttons, filled, body.get("discreet", ""))


def counts(tx: Tx) -> dict[str, int]:
    """Return how many messages there are in each state."""
    return {row.state: row.n for row in tx.rows(_COUNT)}
