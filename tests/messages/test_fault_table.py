"""The fault table: whatever a platform does, nothing is lost, nothing goes twice, staff can see it.

Each row is run on a channel that counts and paces, with a restart in the middle, and ends in the
console's own list of what did not arrive.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client import REGISTRY

from bot.channels.base import Limits, Rate
from bot.console.dead_letters import dead_letters
from bot.errors import (
    ChatMoved,
    NeedsOperator,
    Refused,
    TryLater,
    Unknown,
    Unreachable,
    WaitForUser,
)
from bot.message import Kind, Progress, Receipt
from bot.messages.delivery import RETRY_STEPS, Delivery
from bot.store.db import Engine
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import GRANT, Post

Moving = Any  # the clock of conftest
RATES = (Rate("account", 30, 1.0), Rate("address", 1, 1.0))
LIMITS = Limits(counted=True, rates=lambda _: RATES)
ALL = len(RETRY_STEPS) + 1


async def hours(clock: Moving, delivery: Delivery) -> None:
    """Let two hours pass as in a running application."""
    for seconds in (1, 1, 5, 10, 60, 300, 600, 1800, 1800, 2700):
        clock.move(seconds=seconds)
        await delivery.recover()
        await delivery.settle()
        while await delivery.drain():
            pass


@pytest.mark.parametrize(
    ("answers", "tries", "state", "reason"),
    [
        pytest.param([], 1, "sent", None, id="taken"),
        pytest.param([TryLater("429", 5.0)], 2, "sent", None, id="429-with-a-wait"),
        pytest.param(
            [TryLater("45009", 5.0, whole_account=True)], 2, "sent", None, id="429-whole-account"
        ),
        pytest.param([TryLater("503")] * 2, 3, "sent", None, id="5xx-then-back"),
        pytest.param([TryLater("503")] * ALL, ALL, "failed", "gave_up", id="5xx-for-good"),
        pytest.param([TimeoutError()], 1, "unknown", "unknown", id="a-timeout-of-its-own"),
        pytest.param([Unknown("timed out")], 1, "unknown", "unknown", id="answer-lost"),
        pytest.param([ZeroDivisionError()], 1, "unknown", "unknown", id="the-channel-broke"),
        pytest.param([NeedsOperator("40001")], 2, "sent", None, id="dead-token-then-renewed"),
        pytest.param(
            [NeedsOperator("40001")] * ALL, ALL, "failed", "operator", id="dead-token-for-good"
        ),
        pytest.param([Unreachable("blocked")], 1, "failed", "unreachable", id="blocked"),
        pytest.param([Refused("bad request")], 1, "failed", "refused", id="refused"),
        pytest.param([ChatMoved("u9")], 2, "sent", None, id="the-chat-moved"),
        pytest.param([WaitForUser("45015")], 1, "waiting", "waiting", id="wait-for-the-patient"),
    ],
)
@pytest.mark.parametrize("restart", [False, True], ids=["", "restart"])
async def test_each_fault_ends_where_staff_can_see_it(
    engine: Engine,
    clock: Moving,
    answers: Sequence[Exception],
    tries: int,
    state: str,
    reason: str | None,
    *,
    restart: bool,
) -> None:
    channel = RecordingChannel("wechat", LIMITS)
    channel.answers["甲"] = list(answers)
    post = Post(engine, clock, channel)
    await post.writes("u1", channel="wechat", grant=GRANT)
    (letter,) = await post.say("u1", "甲", channel="wechat")
    await post.send()
    delivery = post.worker("after the restart") if restart else post.delivery
    await hours(clock, delivery)
    row = await post.letter(letter)
    assert (len(channel.taken), row.state) == (tries, state)
    listed = await engine.read(dead_letters)
    assert [found.reason for found in listed] == ([reason] if reason else [])
    assert await engine.read(lambda tx: [one.kind for one in dead_letters(tx)]) == (
        [Kind.ANSWER.value] if reason else []
    )


@pytest.mark.parametrize(
    ("receipts", "state"),
    [
        pytest.param([Progress.DELIVERED] * 3, "sent", id="duplicate"),
        pytest.param([Progress.DELIVERED, Progress.SENT], "sent", id="reordered"),
        pytest.param([Progress.UNDELIVERED, Progress.DELIVERED], "sent", id="delivered-after-all"),
        pytest.param([Progress.SENT, Progress.FAILED], "failed", id="failed-later"),
    ],
)
async def test_receipts_twice_and_in_any_order_send_nothing_again(
    engine: Engine, clock: Moving, receipts: Sequence[Progress], state: str
) -> None:
    post = Post(engine, clock, channel := RecordingChannel("sms"))
    (letter,) = await post.say("u1", "甲", channel="sms")
    await post.send()
    for progress in receipts:
        await post.arrive(Receipt("sms", "main", progress, message_id=letter))
        await post.send()
    await hours(clock, post.delivery)
    assert (channel.texts, (await post.letter(letter)).state) == (["甲"], state)
    assert len(await engine.read(dead_letters)) == (state == "failed")


async def test_a_sender_killed_at_the_wire_leaves_one_message_in_doubt(
    engine: Engine, clock: Moving
) -> None:
    """Restart in the middle: what followed goes out, what may have gone does not go again."""
    channel = RecordingChannel("push")
    channel.held = {"甲"}
    post = Post(engine, clock, channel)
    await post.say("u1", "甲", "乙")
    _, sends = await post.delivery._take(10)
    await channel.took("甲")
    for send in sends:
        send.cancel()
    restarted = post.worker("after the restart")
    await restarted.recover(alone=True)
    while await restarted.drain():
        pass
    assert channel.texts == ["甲", "乙"]
    assert [row.state for row in await post.letters()] == ["unknown", "sent"]
    assert [found.reason for found in await engine.read(dead_letters)] == ["unknown"]


async def test_a_moved_chat_is_told_under_its_new_address(engine: Engine, clock: Moving) -> None:
    post = Post(engine, clock, channel := RecordingChannel("telegram"))
    channel.answers["甲"] = [ChatMoved("u9")]
    await post.say("u1", "甲", "乙", channel="telegram")
    await post.send()
    assert [(one.address.user, one.worded.text) for one in channel.taken] == [
        ("u1", "甲"),
        ("u9", "甲"),
        ("u9", "乙"),
    ]


async def test_who_blocked_us_costs_one_call(engine: Engine, clock: Moving) -> None:
    """No loop of errors: what follows fails without asking, until she writes again."""
    post = Post(engine, clock, channel := RecordingChannel("telegram"))
    channel.answers["甲"] = [Unreachable("blocked")]
    await post.say("u1", *"甲乙丙", channel="telegram")
    await post.send()
    assert channel.texts == ["甲"]
    assert {row.state for row in await post.letters()} == {"failed"}
    await post.writes("u1", channel="telegram")
    await post.say("u1", "丁", channel="telegram")
    await post.send()
    assert channel.texts == ["甲", "丁"]


async def test_operators_see_which_account_needs_them(engine: Engine, clock: Moving) -> None:
    channel = RecordingChannel("wechat")
    channel.answers["甲"] = [NeedsOperator("40164")]
    post = Post(engine, clock, channel)
    await post.say("u1", "甲", channel="wechat")
    await post.send()

    def gauge() -> float | None:
        return REGISTRY.get_sample_value(
            "daoyi_channel_ok", {"channel": "wechat", "account": "main"}
        )

    assert post.delivery.health() == {"wechat/main": "40164"}
    assert gauge() == 0
    clock.move(seconds=2)
    await post.send()
    assert post.delivery.health() == {}
    assert gauge() == 1
