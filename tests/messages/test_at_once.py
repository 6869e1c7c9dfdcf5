"""What is decided leaves in the transaction that decided it, unless something is before it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.message import Kind, Sent
from bot.messages import departure, outbox, outcomes
from bot.messages.delivery import SENDING, Delivery
from bot.messages.departure import Started
from bot.messages.fallback import Ways
from bot.messages.leases import Leased
from bot.messages.outcomes import Outcome
from bot.store.db import Engine, Tx
from tests.helpers.doubles import RecordingChannel
from tests.helpers.letters import drained, row, states

Moving = Any  # the clock of conftest


@pytest.fixture
def leave(engine: Engine, clock: Moving) -> Callable[..., Any]:
    """A function that lets stored messages leave at once."""

    async def go(*texts: str) -> Started:
        rows = [await row(engine, text) for text in texts]
        stored = {one.id: outbox.worded(one) for one in rows}
        now = clock()

        def op(tx: Tx) -> Started:
            return departure.at_once(
                tx, stored, "this process", now, now + SENDING, lambda *_: None
            )

        return await engine.write(op)

    return go


@pytest.mark.parametrize(
    ("stored", "leaves", "sending"),
    [
        pytest.param(["甲"], ["甲"], {"甲"}, id="its-turn"),
        pytest.param(["甲", "乙"], ["乙"], set(), id="another-is-before-it"),
        pytest.param(["甲", "乙"], ["甲", "乙"], {"甲"}, id="only-the-first"),
    ],
)
async def test_only_what_has_its_turn_leaves(
    engine: Engine,
    say: Callable[..., Any],
    leave: Callable[..., Any],
    stored: list[str],
    leaves: list[str],
    sending: set[str],
) -> None:
    await say("u1", *stored, kind=Kind.REMINDER)
    started = await leave(*leaves)
    assert {one.item.worded.text for one in started.sending} == sending
    expected = {text: "sending" if text in sending else "ready" for text in stored}
    assert await states(engine) == expected


async def test_while_nothing_is_sent_here_all_waits_in_the_outbox(
    engine: Engine, delivery: Delivery, say: Callable[..., Any], clock: Moving
) -> None:
    await say("u1", "甲", kind=Kind.REMINDER)
    stored = await row(engine, "甲")
    said = {stored.id: outbox.worded(stored)}
    await engine.write(lambda tx: delivery.leave(tx, said, clock()))
    assert await states(engine) == {"甲": "ready"}
    await drained(delivery)
    assert await states(engine) == {"甲": "sent"}


async def test_results_are_recorded_together_but_not_of_a_lease_that_is_lost(
    engine: Engine,
    channel: RecordingChannel,
    say: Callable[..., Any],
    leave: Callable[..., Any],
    clock: Moving,
) -> None:
    for user, text in (("u1", "甲"), ("u2", "乙")):
        await say(user, text, kind=Kind.REMINDER)
    first, second = (await leave("甲", "乙")).sending
    stale = Leased(
        second.item.id, second.item.conversation_id, second.item.worded, second.item.owner,
        second.item.attempt + 1, second.item.created_at,
    )  # fmt: skip
    lost = departure.Departing(stale, second.letter)
    at = clock() + timedelta(seconds=1)
    ways = Ways({channel.name: channel}, (), None, lambda _: None, "zh-CN")
    results = [(one, Outcome("sent", sent=Sent("p1")), at) for one in (first, lost)]
    await engine.write(lambda tx: outcomes.record_all(tx, ways, results))
    assert await states(engine) == {"甲": "sent", "乙": "sending"}
    stored = await row(engine, "甲")
    assert (stored.provider_id, stored.sent_at, stored.progress) == ("p1", at, "accepted")
