"""What both engines promise: stored together, undone alone, in order, once."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.message import Address, Inbound, Kind, Worded
from bot.messages import departure, inbox, leases, outbox
from bot.messages.departure import Departing
from bot.messages.leases import Leased
from bot.store.db import Engine, Tx

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)


def said(key: str, text: str = "你好", user: str = "u1") -> Inbound:
    return Inbound(Address("webchat", "main", user), key, text)


def start(leased: Sequence[Leased]) -> Callable[[Tx], list[Departing]]:
    """Return what begins to send messages, on channels without limits."""
    return lambda tx: departure.start(tx, leased, NOW, NOW, lambda *_: None).sending


async def test_a_message_is_stored_once_however_often_it_comes(engine: Engine) -> None:
    """I1: the platform's key decides, not the text and not the time."""
    first = await engine.write(lambda tx: inbox.accept(tx, said("a"), NOW))
    again = await engine.write(lambda tx: inbox.accept(tx, said("a"), NOW))
    other = await engine.write(lambda tx: inbox.accept(tx, said("a", "别的"), NOW))
    assert (first.duplicate, again.duplicate, other.duplicate) == (False, True, True)
    assert first.inbox_id == again.inbox_id == other.inbox_id
    assert (again.same, other.same) == (True, False)


async def test_a_failing_operation_undoes_itself_and_nobody_else(engine: Engine) -> None:
    def bad(tx: Tx) -> None:
        inbox.accept(tx, said("bad"), NOW)
        raise ZeroDivisionError

    results = await asyncio.gather(
        *(engine.write(lambda tx, i=i: inbox.accept(tx, said(f"k{i}"), NOW)) for i in range(20)),  # type: ignore[misc]
        engine.write(bad),
        *(engine.write(lambda tx, i=i: inbox.accept(tx, said(f"m{i}"), NOW)) for i in range(20)),  # type: ignore[misc]
        return_exceptions=True,
    )
    assert sum(isinstance(result, ZeroDivisionError) for result in results) == 1
    assert await engine.read(inbox.counts) == {"new": 40}


async def test_what_was_written_is_there_after_opening_again(
    open_engine: Callable[[], Engine],
) -> None:
    engine = open_engine()
    accepted = await engine.write(lambda tx: inbox.accept(tx, said("a"), NOW))
    await engine.close()
    engine = open_engine()
    assert (
        await engine.write(lambda tx: inbox.accept(tx, said("a"), NOW))
    ).inbox_id == accepted.inbox_id
    await engine.close()


async def test_a_reader_cannot_write(engine: Engine) -> None:
    with pytest.raises(Exception, match=r"(?i)read.?only"):
        await engine.read(lambda tx: inbox.accept(tx, said("a"), NOW))


async def test_delivery_is_claimed_once_in_order_and_fenced(engine: Engine) -> None:
    def fill(tx: Tx) -> None:
        accepted = inbox.accept(tx, said("a"), NOW)
        for place in (2, 3):
            outbox.enqueue(
                tx,
                accepted.conversation_id,
                place,
                Worded(f"{place}", Kind.ANSWER),
                NOW,
                pull=False,
            )

    await engine.write(fill)
    first = await engine.write(lambda tx: leases.claim(tx, "one", NOW, NOW, 10))
    assert [item.worded.text for item in first] == ["2"], "the second waits for the first"
    assert await engine.write(lambda tx: leases.claim(tx, "two", NOW, NOW, 10)) == []
    assert await engine.write(lambda tx: leases.recover(tx, NOW)) == (1, 0)
    second = await engine.write(lambda tx: leases.claim(tx, "two", NOW, NOW, 10))
    assert [item.attempt for item in second] == [2]
    assert await engine.write(start(first)) == [], "the first owner lost its lease"
    (departing,) = await engine.write(start(second))
    item = departing.item
    assert departing.letter.address.user == "u1"
    assert await engine.write(lambda tx: leases.finish(tx, item, NOW, state="sent"))
    assert not await engine.write(lambda tx: leases.finish(tx, item, NOW, state="failed"))
    assert [
        i.worded.text for i in await engine.write(lambda tx: leases.claim(tx, "one", NOW, NOW, 10))
    ] == ["3"]


async def test_a_message_that_may_have_left_is_never_claimed_again(engine: Engine) -> None:
    """I-08: `sending` without a result becomes `unknown`, not `ready`."""

    def fill(tx: Tx) -> None:
        accepted = inbox.accept(tx, said("a"), NOW)
        outbox.enqueue(tx, accepted.conversation_id, 2, Worded("x"), NOW, pull=False)

    await engine.write(fill)
    leased = await engine.write(lambda tx: leases.claim(tx, "one", NOW, NOW, 10))
    await engine.write(start(leased))
    assert await engine.write(lambda tx: leases.recover(tx, NOW)) == (0, 1)
    assert await engine.write(lambda tx: leases.claim(tx, "two", NOW, NOW, 10)) == []
    assert await engine.read(outbox.counts) == {"unknown": 1}


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_a_deadlock_within_an_orm_session_is_run_again_too(engine: Engine) -> None:
    """SQLAlchemy wraps what the driver says; the writer looks inside."""
    tried = []

    def op(tx: Tx) -> int:
        with tx.session() as session:
            session.execute(text("SELECT 1"))
            tried.append(1)
            if len(tried) == 1:
                raise OperationalError("SELECT 1", {}, psycopg.errors.DeadlockDetected())
        return len(tried)

    assert await engine.write(op) == 2
    assert await engine.write(op) == 3, "the connection is as good as before"
