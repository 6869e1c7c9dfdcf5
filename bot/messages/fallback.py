"""Another way to the same person, when a message cannot go by its own channel.

Only addresses that the person proved to be hers take part, the message's own among them, in her own
order or the hospital's, each once for one message, and none where she wants no messages. Where others
may read what arrives, a neutral text goes instead; an emergency keeps its words. Whoever found no other
way stands in the console's list of what did not arrive.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from bot.channels.base import Channel, Limits, channel_of
from bot.message import Kind, Template, Worded
from bot.messages import outbox
from bot.messages.leases import Leased
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox, Person

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_person = Person.__table__  # type: ignore[attr-defined]

_PERSON = Hot(
    select(
        _conversation.c.person_id,
        _conversation.c.opted_out_at,
        _conversation.c.session,
        _person.c.channel_order,
    )
    .join_from(_conversation, _person, _conversation.c.person_id == _person.c.id)
    .where(
        _conversation.c.id == bindparam("conversation_id"), _conversation.c.verified_at.is_not(None)
    )
)
_ADDRESSES = Hot(
    select(
        _conversation.c.id,
        _conversation.c.channel,
        _conversation.c.account,
        _conversation.c.opted_out_at,
        _conversation.c.session,
    )
    .where(
        _conversation.c.person_id == bindparam("person_id"),
        _conversation.c.verified_at.is_not(None),
        _conversation.c.unreachable_at.is_(None),
    )
    .order_by(_conversation.c.id)
)
_CHANNEL = Hot(
    select(_conversation.c.channel, _conversation.c.unreachable_at).where(
        _conversation.c.id == bindparam("conversation_id")
    )
)
_USED = Hot(
    select(_outbox.c.id, _outbox.c.state).where(_outbox.c.dedupe_key == bindparam("dedupe_key"))
)
_FIRST = Hot(
    select(_outbox.c.conversation_id, _outbox.c.body, _outbox.c.kind).where(
        _outbox.c.id == bindparam("outbox_id")
    )
)
_REPLACED = Hot(
    update(_outbox)
    .where(_outbox.c.id == bindparam("outbox_id"))
    .values(seen_at=bindparam("seen_at_"), state=bindparam("state_"))
)

_FORGET = Hot(
    update(_outbox)
    .where(
        _outbox.c.conversation_id == bindparam("conversation_id"),
        _outbox.c.sent_at.is_(None),
        _outbox.c.origin_id.is_not(None),
        or_(_outbox.c.state == "ready", _outbox.c.state == "waiting"),
    )
    .values(state="dropped", error="not linked any more")
)

_WAY_LENGTH = 40
#: Ends of a stand-in after which the next address is tried.
_NOT_THERE = frozenset({"failed", "waiting", "dropped"})
#: What is still wanted when a receipt says, perhaps hours later, that it never arrived.
_STILL_WANTED = frozenset({Kind.REMINDER, Kind.NOTICE, Kind.STAFF, Kind.EMERGENCY})

#: Words a text for eyes that are not the patient's: (language, kind) → what to send.
Neutral = Callable[[str, Kind], Worded]
#: When a message may stand in at another address: (message, conversation there) → not before; None:
#: she wants none of it there.
From = Callable[[Tx, Worded, int, datetime], datetime | None]
#: Hears of a reminder that reached nobody: (its id, or that of the message it stood in for).
Unreached = Callable[[Tx, int, datetime], None]


def at_once(tx: Tx, worded: Worded, conversation_id: int, now: datetime) -> datetime | None:  # noqa: ARG001
    """Return now: nobody asks for other hours."""
    return now


def unheard(tx: Tx, outbox_id: int, now: datetime) -> None:
    """Do nothing: the list of what did not arrive says it."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is known of standing in for reminders, which are more than a text.

    Attributes:
        orders: channels, best first, by the name of the reminder's template: its kind.
        begins: when one may go to another address.
        unreached: hears, in the same transaction, of one that no address is left for.
    """

    orders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    begins: From = at_once
    unreached: Unreached = unheard


@dataclass(frozen=True, slots=True)
class Ways:
    """How a person can be reached otherwise.

    Attributes:
        order: channels, best first, where the person named none.
        neutral: None where no neutral text is to be had: then nothing goes where others may read it.
        said: hears of every conversation in which something was said, or could not go.
        lang: what is spoken where a conversation does not say.
        elsewhere: what is special about reminders.
    """

    channels: Mapping[str, Channel]
    order: Sequence[str]
    neutral: Neutral | None
    said: Callable[[int], None]
    lang: str
    elsewhere: Elsewhere = field(default_factory=Elsewhere)

    def limits_of(self, channel: str, account: str) -> Limits | None:
        """Return what an account can carry, None where it is not set up."""
        found = channel_of(self.channels, channel, account)
        return found.limits if found else None


def stand_in(tx: Tx, ways: Ways, item: Leased, state: str, now: datetime) -> int | None:
    """Store one message in place of `item`, which could not go; return its id, None without one.

    What waited here is dropped where all of it went elsewhere; a neutral text leaves it waiting. Staff
    are told of what nobody can send.
    """
    tx.after_commit.append(lambda: ways.said(item.conversation_id))
    stays = item.only_here or (item.lost is not None and item.worded.kind not in _STILL_WANTED)
    found = None if stays else _sent_otherwise(tx, ways, item, state, now)
    if found is _THERE:
        return None
    if found is None:
        if state == "failed" and item.worded.kind is Kind.REMINDER:
            ways.elsewhere.unreached(tx, item.origin_id or item.id, now)
        return None
    tx.after_commit.append(lambda: ways.said(found.conversation_id))
    if not found.pulled:
        replaced = "dropped" if state == "waiting" and found.whole else state
        tx.run(_REPLACED, outbox_id=item.id, seen_at_=now, state_=replaced)
    return found.id


def forget(tx: Tx, conversation_id: int) -> None:
    """Drop what stands in, at an address that is not its person's any more, for messages of others."""
    tx.run(_FORGET, conversation_id=conversation_id)


@dataclass(frozen=True, slots=True)
class _Found:
    """What goes in the place of a message.

    Attributes:
        whole: it says all that the message says.
        pulled: she has to look for it herself: nobody can say that it reached her.
    """

    id: int
    conversation_id: int
    whole: bool
    pulled: bool


#: Something stands in for it already.
_THERE = _Found(0, 0, whole=True, pulled=True)


def _sent_otherwise(tx: Tx, ways: Ways, item: Leased, state: str, now: datetime) -> _Found | None:
    """Store what goes in the place of `item`; None where nothing can, `_THERE` where it does."""
    first_id, home, said = _first(tx, item)
    person = tx.one(_PERSON, conversation_id=home)
    if person is None or (said.kind is Kind.REMINDER and person.opted_out_at is not None):
        return None
    for address in _in_order(
        ways, said, person.channel_order, tx.rows(_ADDRESSES, person_id=person.person_id)
    ):
        limits = ways.limits_of(address.channel, address.account)
        key = f"stand-in:{first_id}:{address.id}"
        unwanted = said.kind is not Kind.EMERGENCY and address.opted_out_at is not None
        if limits is None or address.id == home or unwanted:
            continue
        if (used := tx.one(_USED, dedupe_key=key)) is not None:
            if used.state in _NOT_THERE:
                continue
            return _THERE
        worded = _worded(ways, said, limits, address.session or person.session)
        due_at = _due(tx, ways, said, address.id, now)
        if worded is None or due_at is None or (item.expires_at and due_at >= item.expires_at):
            continue
        place = outbox.next_place(tx, address.id)
        stored = outbox.enqueue(
            tx, address.id, place, worded, now, pull=limits.pull,
            dedupe_key=key, due_at=due_at if due_at > now else None, expires_at=item.expires_at,
            origin_id=first_id, way=_way(tx, item, state), ahead=item.ahead,
        )  # fmt: skip
        whole = worded.text in (_with_digits(said), said.discreet)
        return _Found(stored, address.id, whole, limits.pull)
    return None


def _due(tx: Tx, ways: Ways, said: Worded, conversation_id: int, now: datetime) -> datetime | None:
    """Return when it may go there; None where it may not."""
    if said.kind is not Kind.REMINDER:
        return now
    return ways.elsewhere.begins(tx, said, conversation_id, now)


def _way(tx: Tx, item: Leased, state: str) -> str:
    """Return why something stands in: the channel that could not carry it, and what came of it."""
    row = tx.one(_CHANNEL, conversation_id=item.conversation_id)
    why = "must wait" if state == "waiting" else "unreachable" if row.unreachable_at else state
    return f"stand-in: {row.channel} {why}"[:_WAY_LENGTH]


def _first(tx: Tx, item: Leased) -> tuple[int, int, Worded]:
    """Return (id, conversation, words) of the message that all stand-ins stand in for."""
    if item.origin_id is None:
        return item.id, item.conversation_id, item.worded
    row = tx.one(_FIRST, outbox_id=item.origin_id)
    return item.origin_id, row.conversation_id, outbox.worded(row)


def _in_order(ways: Ways, said: Worded, own: str | None, addresses: Sequence[Any]) -> Iterator[Any]:
    """Give the addresses by her own order, then by that of the kind of message, then the hospital's."""
    kinds = ways.elsewhere.orders.get(said.template.name, ()) if said.template else ()
    order = dict.fromkeys([*(own or "").split(), *kinds, *ways.order])
    for channel in order:
        yield from (address for address in addresses if address.channel == channel)


def _worded(
    ways: Ways, said: Worded, limits: Limits, session: Mapping[str, Any] | None
) -> Worded | None:
    """Return what goes: the same words, or a neutral text; None where neither can."""
    same = Worded(_with_digits(said), said.kind, template=said.template)
    if (limits.private or said.kind is Kind.EMERGENCY) and _fits(same, limits):
        return same
    if said.discreet and _fits(soft := _softly(said), limits):
        return soft
    if ways.neutral is None:
        return None
    neutral = ways.neutral((session or {}).get("lang", ways.lang), said.kind)
    return neutral if _fits(neutral, limits) else None


def _with_digits(said: Worded) -> str:
    """Return the text without buttons; a reminder's are answered by their digits anywhere of hers."""
    if said.kind is not Kind.REMINDER:
        return said.text
    return "\n".join([said.text, *(b.label for b in said.buttons if b.label[:1].isdigit())])


def _softly(said: Worded) -> Worded:
    """Return a message in the words that were made for other eyes when it was worded."""
    filled = said.template
    template = Template(filled.name, filled.discreet) if filled and filled.discreet else None
    return Worded(said.discreet, said.kind, template=template)


def _fits(worded: Worded, limits: Limits) -> bool:
    if worded.template is not None and worded.template.name in limits.templates:
        return True
    return limits.free_text and limits.measure(worded.text) <= limits.text
