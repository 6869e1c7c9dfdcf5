"""Delivery: what a platform's answer leads to, who waits for whom, and who never does (I4, I-08)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.errors import Refused, SendError, StoreError, TryLater, Unknown, Unreachable
from bot.handoff import service as handoff
from bot.message import Address, Inbound, Kind, Worded
from bot.messages import delivery as delivery_module
from bot.messages import inbox, outbox
from bot.messages.delivery import LEASE, RETRY_STEPS, SENDING, Delivery
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation, Outbox, Staff
from tests.helpers.doubles import RecordingChannel

Moving = Any  # the clock of conftest


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


async def states(engine: Engine) -> dict[str, str]:
    """Return the state of every message, by its text."""

    def read(tx: Tx) -> dict[str, str]:
        with tx.session() as session:
            return {row.body["text"]: row.state for row in session.exec(select(Outbox))}

    return await engine.read(read)


async def row(engine: Engine, text: str) -> Any:
    """Return one message as it is stored."""

    def read(tx: Tx) -> Any:
        with tx.session() as session:
            return next(row for row in session.exec(select(Outbox)) if row.body["text"] == text)

    return await engine.read(read)


async def drained(delivery: Delivery) -> None:
    """Send until nothing more is due."""
    while await delivery.drain():
        pass


@asynccontextmanager
async def running(delivery: Delivery) -> AsyncIterator["asyncio.Task[None]"]:
    """Let a delivery run beside the test."""
    task = asyncio.create_task(delivery.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(None, "sent", id="taken"),
        pytest.param(Refused("bad request"), "failed", id="refused-for-good"),
        pytest.param(Unreachable("blocked"), "failed", id="nobody-there"),
        pytest.param(TryLater("busy"), "ready", id="later"),
        pytest.param(Unknown("timed out"), "unknown", id="answer-lost"),
        pytest.param(ZeroDivisionError(), "unknown", id="the-channel-broke"),
        pytest.param(Refused("x" * 500), "failed", id="a-very-long-reason"),
    ],
)
async def test_what_a_platform_answers_decides_what_becomes_of_a_message(
    engine: Engine,
    delivery: Delivery,
    channel: RecordingChannel,
    say: Callable[..., Any],
    answer: Exception | None,
    state: str,
) -> None:
    if answer is not None:
        channel.answers["甲"] = [answer]
    await say("u1", "甲")
    await drained(delivery)
    assert await states(engine) == {"甲": state}
    stored = await row(engine, "甲")
    assert (stored.provider_id == f"p{stored.id}", stored.sent_at is not None) == (
        state == "sent",
    ) * 2
    if isinstance(answer, SendError):
        assert stored.error == answer.code[:80]


async def test_a_refusal_that_may_pass_is_tried_again_after_the_stated_waits(
    engine: Engine,
    delivery: Delivery,
    channel: RecordingChannel,
    say: Callable[..., Any],
    clock: Moving,
) -> None:
    """After each wait, not a moment before; after the last one the message has failed."""
    channel.answers["甲"] = [TryLater("busy") for _ in range(len(RETRY_STEPS) + 1)]
    await say("u1", "甲")
    await drained(delivery)
    for tries, wait in enumerate(RETRY_STEPS, 1):
        assert len(channel.taken) == tries
        clock.move(seconds=wait - 0.1)
        await drained(delivery)
        assert len(channel.taken) == tries, "too early"
        clock.move(seconds=0.1)
        await drained(delivery)
    assert len(channel.taken) == len(RETRY_STEPS) + 1
    assert await states(engine) == {"甲": "failed"}
    assert [letter.attempt for letter in channel.taken] == list(range(1, len(RETRY_STEPS) + 2))


@pytest.mark.parametrize(
    ("after", "waits"),
    [
        pytest.param(90.0, 90.0, id="longer-than-ours"),
        pytest.param(0.5, RETRY_STEPS[0], id="shorter-than-ours"),
    ],
)
async def test_a_platform_may_name_a_longer_wait(
    delivery: Delivery,
    channel: RecordingChannel,
    say: Callable[..., Any],
    clock: Moving,
    after: float,
    waits: float,
) -> None:
    channel.answers["甲"] = [TryLater("flood", after)]
    await say("u1", "甲")
    await drained(delivery)
    clock.move(seconds=waits - 0.1)
    await drained(delivery)
    assert len(channel.taken) == 1
    clock.move(seconds=0.2)
    await drained(delivery)
    assert len(channel.taken) == 2


async def test_what_may_have_arrived_is_never_sent_again(
    engine: Engine,
    delivery: Delivery,
    channel: RecordingChannel,
    say: Callable[..., Any],
    clock: Moving,
) -> None:
    """I-08: neither a retry nor the net for dead senders touches an `unknown` message."""
    channel.answers["甲"] = [Unknown("timed out")]
    await say("u1", "甲")
    await drained(delivery)
    for _ in range(5):
        clock.move(hours=1)
        await delivery.recover()
        await drained(delivery)
    assert channel.texts == ["甲"]
    assert await states(engine) == {"甲": "unknown"}


async def test_a_platform_that_never_answers_is_left_alone(
    engine: Engine,
    delivery: Delivery,
    channel: RecordingChannel,
    say: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No send lasts longer than its lease: what became of it is then unknown, and recorded so."""
    assert timedelta(seconds=delivery_module.PATIENCE) < SENDING
    monkeypatch.setattr(delivery_module, "PATIENCE", 0.05)
    channel.held = {"甲"}
    await say("u1", "甲")
    await drained(delivery)
    assert await states(engine) == {"甲": "unknown"}


async def test_the_net_frees_what_dead_senders_held(
    engine: Engine,
    delivery: Delivery,
    channel: RecordingChannel,
    say: Callable[..., Any],
    clock: Moving,
) -> None:
    """Killed before the wire: ready again. Killed at the wire: unknown. Never both, never earlier."""

    def die(tx: Tx) -> None:
        leased = outbox.claim(tx, "the dead", clock(), clock() + LEASE, 10)
        assert len(leased) == 2
        outbox.start(tx, leased[1:], clock() + SENDING)

    await say("u1", "没发")
    await say("u2", "也许发了")
    await engine.write(die)
    clock.move(seconds=29)
    assert await delivery.recover() == (0, 0)
    clock.move(seconds=40)
    assert await delivery.recover() == (1, 1)
    await drained(delivery)
    assert channel.texts == ["没发"]
    assert await states(engine) == {"没发": "sent", "也许发了": "unknown"}


async def nurse_claims(engine: Engine, conversation_id: int, now: datetime) -> int:
    """Let a member of staff take a conversation; return her id."""

    def op(tx: Tx) -> int:
        with tx.session() as session:
            nurse = Staff(
                username="li", display_name="李护士", password_hash="none", created_at=now
            )
            session.add(nurse)
            session.flush()
            staff_id = nurse.id or 0
        handoff.take_over(
            tx, conversation_id, staff_id=staff_id, desk="general", actor="li", now=now
        )
        return staff_id

    return await engine.write(op)


async def test_the_bot_is_silent_once_a_nurse_has_claimed(
    engine: Engine,
    delivery: Delivery,
    channel: RecordingChannel,
    say: Callable[..., Any],
    clock: Moving,
) -> None:
    """I4 at the instant of sending: an answer that still waits is dropped, her own words pass."""
    conversation_id = await say("u1", "机器人的回答")
    await say("u2", "别人的回答")
    staff_id = await nurse_claims(engine, conversation_id, clock())
    await say("u1", "急救提示", kind=Kind.EMERGENCY)
    await say("u1", "护士来了", kind=Kind.NOTICE)
    await engine.write(
        lambda tx: handoff.reply(
            tx,
            conversation_id,
            "我是李护士",
            staff_id=staff_id,
            actor="li",
            pull=False,
            now=clock(),
        )
    )
    await drained(delivery)
    assert sorted(channel.texts) == sorted(["别人的回答", "急救提示", "护士来了", "我是李护士"])
    assert (await states(engine))["机器人的回答"] == "dropped"


async def test_a_claim_between_lease_and_sending_still_silences_the_bot(
    engine: Engine, say: Callable[..., Any], clock: Moving
) -> None:
    """I4: ownership is asked when the message leaves, not when it was taken from the queue."""
    conversation_id = await say("u1", "机器人的回答")
    leased = await engine.write(lambda tx: outbox.claim(tx, "me", clock(), clock() + LEASE, 10))
    await nurse_claims(engine, conversation_id, clock())
    assert await engine.write(lambda tx: outbox.start(tx, leased, clock() + SENDING)) == []
    assert await states(engine) == {"机器人的回答": "dropped"}


async def test_a_conversation_keeps_its_order_while_others_overtake(
    engine: Engine,
    delivery: Delivery,
    channel: RecordingChannel,
    say: Callable[..., Any],
    clock: Moving,
) -> None:
    """I-09: what follows a message that must wait waits with it; another patient's does not."""
    channel.answers["甲一"] = [TryLater("busy"), TryLater("busy")]
    await say("u1", "甲一", "甲二", "甲三")
    await say("u2", "乙一", "乙二")
    await drained(delivery)
    assert channel.texts == ["甲一", "乙一", "乙二"]
    clock.move(seconds=RETRY_STEPS[0])
    await drained(delivery)
    assert channel.texts[3:] == ["甲一"]
    clock.move(seconds=RETRY_STEPS[1])
    await drained(delivery)
    assert channel.texts[4:] == ["甲一", "甲二", "甲三"]
    assert set((await states(engine)).values()) == {"sent"}


@pytest.mark.parametrize(
    "answer", [Refused("bad"), Unknown("timed out")], ids=["refused", "unknown"]
)
async def test_a_message_that_ended_badly_lets_the_next_one_go(
    delivery: Delivery, channel: RecordingChannel, say: Callable[..., Any], answer: Exception
) -> None:
    channel.answers["甲一"] = [answer]
    await say("u1", "甲一", "甲二")
    await drained(delivery)
    assert channel.texts == ["甲一", "甲二"]


async def test_an_emergency_overtakes_its_own_conversation(
    delivery: Delivery, channel: RecordingChannel, say: Callable[..., Any]
) -> None:
    """I5: what was said before and must wait does not hold it up."""
    channel.answers["甲一"] = [TryLater("busy")]
    await say("u1", "甲一", "甲二")
    await say("u1", "马上拨打120", kind=Kind.EMERGENCY)
    await drained(delivery)
    assert set(channel.texts) == {"甲一", "马上拨打120"}


async def test_an_emergency_goes_before_any_backlog(
    delivery: Delivery, channel: RecordingChannel, say: Callable[..., Any], clock: Moving
) -> None:
    """I5: two hundred answers that were there first make it wait for none of them."""
    for patient in range(200):
        await say(f"b{patient}", f"普通{patient}")
    clock.move(seconds=5)
    await say("u1", "马上拨打120", kind=Kind.EMERGENCY)
    await delivery.drain()
    assert "马上拨打120" in channel.texts


async def test_a_platform_that_is_slow_keeps_nobody_else_waiting(
    engine: Engine, delivery: Delivery, channel: RecordingChannel, say: Callable[..., Any]
) -> None:
    """I5, I-11: while one message hangs at its platform, later ones leave, emergencies first of all."""
    channel.held = {"慢"}
    await say("u1", "慢")
    async with running(delivery):
        await channel.took("慢")
        await say("u2", "快")
        await say("u1", "马上拨打120", kind=Kind.EMERGENCY)
        delivery.wake()
        await channel.took("快", "马上拨打120")
        assert (await states(engine))["慢"] == "sending"
        channel.let_go()
    assert set((await states(engine)).values()) == {"sent"}


async def test_leaving_lets_what_is_under_way_end(
    engine: Engine, delivery: Delivery, channel: RecordingChannel, say: Callable[..., Any]
) -> None:
    """I-13: asked to stop while a message is at the wire, its result is still recorded."""
    channel.held = {"甲"}
    await say("u1", "甲")
    async with running(delivery) as task:
        await channel.took("甲")
        task.cancel()
        asyncio.get_running_loop().call_soon(channel.let_go)
        await asyncio.gather(task, return_exceptions=True)
    assert await states(engine) == {"甲": "sent"}


class Flaky:
    """An engine whose writes fail as often as told."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.keyring = engine.keyring
        self.read = engine.read
        self.failures: list[Exception] = []

    async def write(self, op: Callable[[Tx], Any]) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        return await self._engine.write(op)

    async def close(self) -> None:
        await self._engine.close()


async def test_a_result_waits_for_a_database_that_is_away_for_a_moment(
    engine: Engine,
    channel: RecordingChannel,
    say: Callable[..., Any],
    clock: Moving,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What certainly arrived does not become `unknown` because the database blinked."""
    monkeypatch.setattr(delivery_module, "_RECORD_WAITS", (0.0, 0.0, 0.0))
    flaky = Flaky(engine)
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
    flaky = Flaky(engine)
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
