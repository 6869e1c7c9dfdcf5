"""A small post office: accounts of platforms that do as told, people, and what became of letters."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from sqlmodel import select

from bot.channels.base import Limits
from bot.message import Address, Arrival, Form, Grant, Inbound, Kind, Outbound, Sent, Worded
from bot.messages import arrivals, inbox, outbox
from bot.messages.arrivals import Stored
from bot.messages.delivery import Delivery
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation, DeliveryReceipt, Outbox, Pace, Person
from tests.helpers.doubles import RecordingChannel
from tests.helpers.letters import drained

Clock = Callable[[], datetime]
#: What a message on WeChat allows: five within two days.
GRANT = Grant(5, 48 * 3600)
COUNTED = Limits(counted=True, templates=frozenset({"visit"}))


class AskedChannel(RecordingChannel):
    """A platform that can be asked what became of a message.

    Attributes:
        known: what it says of a message, by its text: what became of it, None, or an error to raise.
    """

    def __init__(self, name: str = "push", limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.known: dict[str, Sent | Exception | None] = {}
        self.asked: list[str] = []

    async def look_up(self, letter: Outbound) -> Sent | None:
        """Say what was told to be said."""
        self.asked.append(letter.worded.text)
        answer = self.known[letter.worded.text]
        if isinstance(answer, Exception):
            raise answer
        return answer


def neutral(lang: str, kind: Kind) -> Worded:
    """Word a text that reveals nothing."""
    return Worded(f"{lang}: 您有一条新消息", kind)


class Post:
    """Everything between an outbox and its platforms.

    Attributes:
        rung: the conversations that staff were told of, in order.
    """

    def __init__(self, engine: Engine, clock: Clock, *channels: RecordingChannel) -> None:
        self.engine = engine
        self.clock = clock
        self.channels = {channel.name: channel for channel in channels}
        self.rung: list[int] = []
        self.delivery = self.worker("this process")
        self._keys = count(1)

    def worker(self, owner: str, **how: Any) -> Delivery:
        """Return one more sender on the same database."""
        given = {"order": ("wechat", "telegram", "sms"), "neutral": neutral, **how}
        return Delivery(
            self.engine, self.channels, self.clock, owner, said=self.rung.append, **given
        )

    async def arrive(self, *arrived: Arrival) -> list[Stored]:
        """Store what a platform posted."""
        return await self.engine.write(lambda tx: arrivals.store(tx, arrived, self.clock()))

    async def writes(
        self,
        user: str,
        text: str = "你好",
        *,
        channel: str = "push",
        grant: Grant | None = None,
        form: Form = Form.TEXT,
        key: str = "",
    ) -> Stored:
        """Let a patient write."""
        address = Address(channel, "main", user)
        name = key or f"{user}:{next(self._keys)}"
        (stored,) = await self.arrive(Inbound(address, name, text, form, grant))
        return stored

    async def say(
        self,
        user: str,
        *said: str | Worded,
        channel: str = "push",
        kind: Kind = Kind.ANSWER,
        **how: Any,
    ) -> list[int]:
        """Queue messages to a patient, in one transaction; return their ids."""

        def op(tx: Tx) -> list[int]:
            where = Address(channel, "main", user)
            conversation_id = inbox.conversation_at(tx, where, self.clock())
            pull = self.channels[channel].limits.pull
            return [
                outbox.enqueue(
                    tx,
                    conversation_id,
                    outbox.next_place(tx, conversation_id),
                    text if isinstance(text, Worded) else Worded(text, kind),
                    self.clock(),
                    pull=pull,
                    **how,
                )
                for text in said
            ]

        return await self.engine.write(op)

    async def send(self) -> None:
        """Send until nothing more is due."""
        await drained(self.delivery)

    async def is_one_person(
        self, *addresses: tuple[str, str], order: str | None = None, verified: bool = True
    ) -> None:
        """Make (channel, user) pairs the proven addresses of one person."""

        def op(tx: Tx) -> None:
            ids = [
                inbox.conversation_at(tx, Address(channel, "main", user), self.clock())
                for channel, user in addresses
            ]
            with tx.session() as session:
                person = Person(channel_order=order, updated_at=self.clock())
                session.add(person)
                session.flush()
                for conversation_id in ids:
                    found = session.get_one(Conversation, conversation_id)
                    found.person_id = person.id
                    found.verified_at = self.clock() if verified else None

        await self.engine.write(op)

    async def set(self, user: str, **values: Any) -> None:
        """Change a conversation."""

        def op(tx: Tx) -> None:
            with tx.session() as session:
                found = session.exec(_of(tx, user)).one()
                for name, value in values.items():
                    setattr(found, name, value)

        await self.engine.write(op)

    async def conversation(self, user: str) -> Conversation:
        """Return a conversation as it is stored."""

        def op(tx: Tx) -> Conversation:
            with tx.session() as session:
                found: Conversation = session.exec(_of(tx, user)).one()
                return found

        return await self.engine.read(op)

    async def _all(self, table: Any) -> Sequence[Any]:
        def op(tx: Tx) -> Sequence[Any]:
            with tx.session() as session:
                return session.exec(select(table).order_by(table.id)).all()

        return await self.engine.read(op)

    async def letters(self) -> Sequence[Outbox]:
        """Return all messages, oldest first."""
        return await self._all(Outbox)

    async def letter(self, message_id: int) -> Outbox:
        """Return one message as it is stored."""
        return next(row for row in await self.letters() if row.id == message_id)

    async def receipts(self) -> Sequence[DeliveryReceipt]:
        """Return all receipts, oldest first."""
        return await self._all(DeliveryReceipt)

    async def paces(self) -> dict[str, datetime]:
        """Return when each account and address may be sent to again."""
        return {row.key: row.free_at for row in await self._all(Pace)}


def _of(tx: Tx, user: str) -> Any:
    index = tx.keyring.index(user, "conversation.user")
    return select(Conversation).where(Conversation.user_index == index)
