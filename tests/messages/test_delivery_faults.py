"""A database that blinks, a damaged row, a bug: the sender goes on, only the victim suffers (I-11)."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlmodel import select

from bot.errors import StoreError
from bot.messages import outbox, recorder
from bot.messages.delivery import Delivery
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation
from tests.helpers.doubles import FlakyEngine, RecordingChannel
from tests.helpers.letters import drained, running, states

Moving = Any  # the clock of conftest


async def test_a_result_waits_for_a_database_that_is_away_for_a_moment(
    engine: Engine,
    channel: RecordingChannel,
    say: Callable[..., Any],
    clock: Moving,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What certainly arrived does not become `unknown` because the database blinked."""
    monkeypatch.setattr(recorder, "_WAITS", (0.0, 0.0, 0.0))
    flaky = FlakyEngine(engine)
    delivery = Delivery(flaky, {channel.name: channel}, clock, "this process")
    channel.held = {"甲"}
    await say("u1", "甲")
    async with running(delivery):
        await channel.took("甲")
        flaky.failures = [StoreError("away"), StoreError("away")]
        channel.let_go()
    assert await states(engine) == {"甲": "sent"}


@pytest.mark.parametrize(
    "failures", [[StoreError("away")], [ZeroDivisionError()]], ids=["database-away", "a-bug"]
)
async def test_nothing_ends_the_sender(
    engine: Engine,
    channel: RecordingChannel,
    say: Callable[..., Any],
    clock: Moving,
    failures: Sequence[Exception],
) -> None:
    """Whatever goes wrong with one look, the next one happens."""
    flaky = FlakyEngine(engine)
    flaky.failures = list(failures)
    delivery = Delivery(flaky, {channel.name: channel}, clock, "this process")
    await say("u1", "甲")
    async with running(delivery):
        delivery.wake()
        await channel.took("甲")


async def test_a_message_that_cannot_be_opened_stops_only_itself(
    engine: Engine, delivery: Delivery, channel: RecordingChannel, say: Callable[..., Any]
) -> None:
    """I-11: one damaged row is marked failed; its batch goes out all the same."""

    def damage(tx: Tx) -> None:
        with tx.session() as session:
            for place in (0, 2):
                other = session.exec(select(Conversation).order_by("id")).all()[place]
                table, column = ("outbox", "body") if place == 0 else ("conversation", "user")
                where = "conversation_id" if place == 0 else "id"
                session.connection().exec_driver_sql(
                    f'UPDATE {table} SET "{column}" = {BYTES[engine.name]} WHERE {where} = {other.id}'  # noqa: S608
                )

    await say("u1", "坏的正文")
    await say("u2", "好的")
    await say("u3", "坏的地址")
    await engine.write(damage)
    await drained(delivery)
    assert channel.texts == ["好的"]
    assert await engine.read(outbox.counts) == {"failed": 2, "sent": 1}


BYTES = {"sqlite": "x'00112233445566778899'", "postgresql": "'\\x00112233445566778899'::bytea"}


async def test_a_channel_that_is_gone_from_the_settings_fails_its_messages(
    engine: Engine, say: Callable[..., Any], clock: Moving
) -> None:
    """Nothing was sent, and that is certain: `failed`, which staff see, not `unknown`."""
    delivery = Delivery(engine, {}, clock, "this process")
    await say("u1", "甲")
    await drained(delivery)
    assert await states(engine) == {"甲": "failed"}
