"""What a platform's answer leads to: sent, failed, again later, or unknown and never again (I-08)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import Refused, SendError, TryLater, Unknown, Unreachable
from bot.messages import delivery as delivery_module
from bot.messages import departure, leases
from bot.messages.delivery import LEASE, RETRY_STEPS, SENDING, Delivery
from bot.store.db import Engine, Tx
from tests.helpers.doubles import RecordingChannel
from tests.helpers.letters import drained, row, states

Moving = Any  # the clock of conftest


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


@pytest.mark.parametrize("alone", [False, True], ids=["others-may-live", "the-only-server"])
async def test_the_net_frees_what_dead_senders_held(
    engine: Engine,
    delivery: Delivery,
    channel: RecordingChannel,
    say: Callable[..., Any],
    clock: Moving,
    *,
    alone: bool,
) -> None:
    """Killed before the wire: ready again. Killed at the wire: unknown. Never both.

    Not before the lease has run out, unless nobody else can be alive.
    """

    def die(tx: Tx) -> None:
        leased = leases.claim(tx, "the dead", clock(), clock() + LEASE, 10)
        assert len(leased) == 2
        departure.start(tx, leased[1:], clock(), clock() + SENDING, lambda *_: None)

    await say("u1", "没发")
    await say("u2", "也许发了")
    await engine.write(die)
    if not alone:
        clock.move(seconds=29)
        assert await delivery.recover() == (0, 0)
        clock.move(seconds=40)
    assert await delivery.recover(alone=alone) == (1, 1)
    await drained(delivery)
    assert channel.texts == ["没发"]
    assert await states(engine) == {"没发": "sent", "也许发了": "unknown"}
