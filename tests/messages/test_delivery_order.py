"""Who waits for whom, who never does, and when the bot keeps silent (I4, I5, I-09)."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from bot.errors import Refused, TryLater, Unknown
from bot.handoff import service as handoff
from bot.message import Kind
from bot.messages import departure, leases
from bot.messages.delivery import LEASE, RETRY_STEPS, SENDING, Delivery
from bot.store.db import Engine, Tx
from bot.store.tables import Staff
from tests.helpers.doubles import RecordingChannel
from tests.helpers.letters import drained, running, states

Moving = Any  # the clock of conftest


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
            limits=channel.limits,
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
    leased = await engine.write(lambda tx: leases.claim(tx, "me", clock(), clock() + LEASE, 10))
    await nurse_claims(engine, conversation_id, clock())
    started = await engine.write(
        lambda tx: departure.start(tx, leased, clock(), clock() + SENDING, lambda *_: None)
    )
    assert started.sending == []
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
