"""An outbox, a sender and a platform that does as it is told."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from bot.message import Address, Inbound, Kind, Worded
from bot.messages import inbox, outbox
from bot.messages.delivery import Delivery
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation
from tests.helpers.doubles import RecordingChannel

Moving = Any  # the clock of the conftest above


@pytest.fixture
def channel() -> RecordingChannel:
    return RecordingChannel()


@pytest.fixture
def delivery(engine: Engine, channel: RecordingChannel, clock: Moving) -> Delivery:
    return Delivery(engine, {channel.name: channel}, clock, "this process")


@pytest.fixture
def say(engine: Engine, clock: Moving) -> Callable[..., Any]:
    """A function that queues messages to a patient, in one transaction."""

    async def queue(user: str, *texts: str, kind: Kind = Kind.ANSWER) -> int:
        def op(tx: Tx) -> int:
            with tx.session() as session:
                index = tx.keyring.index(user, "conversation.user")
                known = session.exec(
                    select(Conversation).where(Conversation.user_index == index)
                ).first()
                if known is None:
                    inbound = Inbound(Address("push", "main", user), f"{user}:first", "你好")
                    conversation_id = inbox.accept(tx, inbound, clock()).conversation_id
                    known = session.get_one(Conversation, conversation_id)
                first = known.last_seq + 1
                known.last_seq += len(texts)
                conversation_id = known.id or 0
            for place, text in enumerate(texts, first):
                outbox.enqueue(tx, conversation_id, place, Worded(text, kind), clock(), pull=False)
            return conversation_id

        return await engine.write(op)

    return queue
