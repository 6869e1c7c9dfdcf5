"""What platforms post is stored once, all of one request or nothing, and moves what it speaks of."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.message import (
    Address,
    Form,
    Grant,
    Inbound,
    Moved,
    Permission,
    Progress,
    Receipt,
)
from bot.messages import arrivals, inbox, permissions
from bot.store.db import Engine, Tx
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import COUNTED, GRANT, Post

Moving = Any  # the clock of conftest
CLICK = Grant(3, 60)
WHERE = Address("wechat", "main", "u1")


@pytest.fixture
def post(engine: Engine, clock: Moving) -> Post:
    return Post(engine, clock, RecordingChannel("wechat", COUNTED), RecordingChannel())


async def test_everything_of_one_request_is_stored_in_order(post: Post) -> None:
    stored = await post.arrive(
        Inbound(WHERE, "k1", "你好"),
        Receipt("wechat", "main", Progress.DELIVERED, provider_id="nobody's"),
        Inbound(WHERE, "k2", "再问"),
        Inbound(WHERE, "k1", "你好"),
    )
    assert [item.inbound.key for item in stored] == ["k1", "k2", "k1"]
    assert [item.accepted.duplicate for item in stored] == [False, False, True]
    assert stored[0].accepted.inbox_id == stored[2].accepted.inbox_id
    assert len(await post.receipts()) == 1


async def test_a_request_is_stored_whole_or_not_at_all(engine: Engine, clock: Moving) -> None:
    def op(tx: Tx) -> None:
        arrivals.store(tx, [Inbound(WHERE, "k1", "你好")], clock())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await engine.write(op)
    assert await engine.read(inbox.counts) == {}


@pytest.mark.parametrize(
    ("before", "minutes", "grant", "left", "until"),
    [
        pytest.param(None, 0, GRANT, 5, 48 * 60, id="the-first-message-opens-a-window"),
        pytest.param(None, 0, CLICK, 3, 1, id="a-click-opens-a-short-one"),
        pytest.param(None, 0, None, 0, None, id="what-grants-nothing-opens-none"),
        pytest.param(GRANT, 30, GRANT, 5, 48 * 60 + 30, id="the-next-message-renews-it"),
        pytest.param(GRANT, 30, CLICK, 5, 48 * 60, id="a-click-never-cuts-a-longer-one"),
        pytest.param(CLICK, 0, GRANT, 5, 48 * 60, id="a-message-replaces-a-click"),
        pytest.param(GRANT, 30, None, 5, 48 * 60, id="what-grants-nothing-takes-nothing"),
        pytest.param(GRANT, 48 * 60, CLICK, 3, 48 * 60 + 1, id="a-closed-window-is-replaced"),
    ],
)
async def test_a_message_opens_what_may_be_sent(
    post: Post,
    clock: Moving,
    before: Grant | None,
    minutes: int,
    grant: Grant | None,
    left: int,
    until: int | None,
) -> None:
    """A menu's click must not cut the two days that a message gave."""
    begun = clock()
    if before is not None:
        await post.writes("u1", channel="wechat", grant=before)
    clock.move(minutes=minutes)
    await post.writes("u1", channel="wechat", grant=grant)
    known = await post.conversation("u1")
    assert known.window_left == left
    assert known.window_until == (None if until is None else begun + timedelta(minutes=until))


async def test_a_used_up_window_is_replaced_by_a_shorter_one(post: Post, clock: Moving) -> None:
    await post.writes("u1", channel="wechat", grant=GRANT)
    await post.set("u1", window_left=0)
    await post.writes("u1", channel="wechat", grant=CLICK)
    known = await post.conversation("u1")
    assert (known.window_left, known.window_until) == (3, clock() + timedelta(minutes=1))


async def test_a_redelivery_opens_nothing(post: Post, clock: Moving) -> None:
    """The platform's own retry is no new message: a used window stays used."""
    await post.writes("u1", channel="wechat", grant=GRANT, key="same")
    await post.set("u1", window_left=1)
    clock.move(seconds=5)
    await post.writes("u1", channel="wechat", grant=GRANT, key="same")
    assert (await post.conversation("u1")).window_left == 1


async def test_who_left_is_unreachable_until_she_writes_again(post: Post, clock: Moving) -> None:
    stored = await post.writes("u1", "", form=Form.LEFT, key="left")
    assert stored.accepted.handled
    assert (await post.conversation("u1")).unreachable_at == clock()
    assert await post.engine.read(inbox.counts) == {"handled": 1}, "no turn runs for it"
    again = await post.writes("u1", "", form=Form.LEFT, key="left")
    assert again.accepted.handled, "a redelivery needs no turn either"
    await post.writes("u1", "我回来了")
    assert (await post.conversation("u1")).unreachable_at is None
    await post.writes("u1", "", form=Form.LEFT, key="left")
    assert (await post.conversation("u1")).unreachable_at is None, "it left only once"


async def test_a_permission_counts_once_and_a_refusal_ends_all(post: Post, engine: Engine) -> None:
    async def left() -> int:
        known = await post.conversation("u1")
        return await engine.read(lambda tx: permissions.remaining(tx, known.id or 0, "visit"))

    for key in ("a", "a", "b"):
        await post.arrive(Permission(WHERE, key, "visit", allowed=True))
    assert await left() == 2, "she never wrote: the conversation was opened for it"
    await post.arrive(Permission(WHERE, "c", "visit", allowed=False))
    assert await left() == 0
    await post.arrive(Permission(WHERE, "d", "visit", allowed=True))
    assert await left() == 1


async def test_a_moved_chat_keeps_its_conversation(post: Post) -> None:
    first = await post.writes("u1", channel="wechat")
    for _ in range(2):
        await post.arrive(Moved(WHERE, "u2"))
    known = await post.conversation("u2")
    assert known.id == first.accepted.conversation_id
    assert known.user == "u2"
    (letter,) = await post.say("u2", "搬家了", channel="wechat")
    assert (await post.letter(letter)).conversation_id == known.id


async def test_a_chat_that_moved_onto_another_leaves_the_old_one(post: Post, clock: Moving) -> None:
    await post.writes("u1", channel="wechat")
    await post.writes("u2", channel="wechat")
    await post.arrive(Moved(WHERE, "u2"), Moved(Address("wechat", "main", "nobody"), "u3"))
    assert (await post.conversation("u1")).unreachable_at == clock()
    assert (await post.conversation("u2")).unreachable_at is None


async def test_hundreds_of_stuck_messages_starve_nobody(
    post: Post, engine: Engine, clock: Moving
) -> None:
    """I-11: the net takes a share of each conversation, the longest waiting first, in their order."""

    def fail_the_first(tx: Tx) -> None:
        inbox.failed(tx, 1, again_at=clock() + timedelta(hours=1), now=clock(), error="poison")

    stuck = [await post.writes("stuck", str(n)) for n in range(450)]
    clock.move(seconds=1)
    other = await post.writes("other", "我也在等")
    await engine.write(fail_the_first)
    clock.move(minutes=1)
    rows = await engine.read(lambda tx: inbox.unhandled(tx, clock()))
    taken = [row[0] for row in rows]
    assert other.accepted.inbox_id in taken
    mine = [inbox_id for inbox_id in taken if inbox_id != other.accepted.inbox_id]
    assert mine == [item.accepted.inbox_id for item in stuck[1:60]]


async def test_a_message_of_a_page_costs_no_more_statements(
    engine: Engine, clock: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chat page is read, not sent to: nothing of it is counted, and nothing is looked up."""
    ran: list[str] = []
    for name in ("rows", "run"):
        plain: Callable[..., Any] = getattr(Tx, name)

        def counted(self: Tx, hot: Any, _plain: Any = plain, **values: Any) -> Any:
            ran.append(str(hot))
            return _plain(self, hot, **values)

        monkeypatch.setattr(Tx, name, counted)
    page = Address("webchat", "main", "v1")
    for key in ("a", "b"):
        ran.clear()
        inbound = Inbound(page, key, "你好")
        await engine.write(partial(arrivals.store, arrivals=[inbound], now=clock()))
    assert len(ran) == 3, "known? its place, its row"


async def test_two_processes_that_get_the_same_at_once_store_it_once(
    engine: Engine, open_engine: Callable[[], Engine], clock: Moving
) -> None:
    """I-02: a platform that repeats hits two processes in one moment; both answer the same."""
    other = open_engine()
    said = [
        Inbound(Address("push", "main", f"u{n}"), f"k{n}", "你好", grant=GRANT) for n in range(20)
    ]
    stored = await asyncio.gather(
        *(
            process.write(partial(arrivals.store, arrivals=[inbound], now=clock()))
            for inbound in said
            for process in (engine, other)
        )
    )
    await other.close()
    accepted = [item.accepted for (item,) in stored]
    assert sum(not one.duplicate for one in accepted) == 20
    assert len({one.inbox_id for one in accepted}) == 20
    assert await engine.read(inbox.counts) == {"new": 20}
