"""Receipts: each kept once, in any order, late, twice, too early; a message only moves forward."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Unknown
from bot.message import Kind, Progress, Receipt
from bot.messages import receipts
from bot.messages.progress import forward, rank
from bot.store.db import Engine
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import Post

Moving = Any  # the clock of conftest
ORDER = (Progress.QUEUED, Progress.ACCEPTED, Progress.SENT, Progress.DELIVERED)


@pytest.fixture
def channel() -> RecordingChannel:
    return RecordingChannel("sms")


@pytest.fixture
def post(engine: Engine, clock: Moving, channel: RecordingChannel) -> Post:
    return Post(engine, clock, channel)


def told(progress: Progress, message_id: int = 0, provider_id: str = "", **how: Any) -> Receipt:
    return Receipt("sms", "main", progress, message_id, provider_id, **how)


@given(st.lists(st.sampled_from(list(Progress)), max_size=12))
def test_progress_only_moves_forward(steps: list[Progress]) -> None:
    """Whatever order, however often: no step back, and a terminal one stays but for `delivered`."""
    known: Progress | None = None
    for step in steps:
        moved = forward(known, step)
        if moved is None:
            continue
        late = (known, moved) == (Progress.UNDELIVERED, Progress.DELIVERED)
        assert moved is step
        assert late or rank(moved) > rank(known)
        known = moved
    if Progress.DELIVERED in steps and Progress.FAILED not in steps:
        assert known is Progress.DELIVERED


@given(st.permutations(ORDER), st.data())
def test_order_and_repetition_do_not_matter(order: list[Progress], data: st.DataObject) -> None:
    known: Progress | None = None
    for step in data.draw(st.permutations([*order, *order])):
        known = forward(known, step) or known
    assert known is Progress.DELIVERED


@pytest.mark.parametrize("by", ["our-id", "the-platform's-id"])
async def test_a_receipt_finds_its_message(post: Post, by: str) -> None:
    (letter,) = await post.say("u1", "甲", channel="sms")
    await post.send()
    named = {"message_id": letter} if by == "our-id" else {"provider_id": f"p{letter}"}
    await post.arrive(told(Progress.DELIVERED, **named))
    assert (await post.letter(letter)).progress == "delivered"
    assert [row.outbox_id for row in await post.receipts()] == [letter]


@pytest.mark.parametrize("order", list(permutations(ORDER[1:])))
async def test_every_receipt_is_kept_once_whatever_the_order(
    post: Post, order: tuple[Progress, ...]
) -> None:
    (letter,) = await post.say("u1", "甲", channel="sms")
    await post.send()
    for progress in (*order, *order):
        await post.arrive(told(progress, letter))
    row = await post.letter(letter)
    assert (row.state, row.progress, len(await post.receipts())) == ("sent", "delivered", 3)


@pytest.mark.parametrize("late", [False, True], ids=["recorded-after", "in-the-same-moment"])
async def test_a_receipt_faster_than_its_own_send_is_not_lost(
    post: Post, channel: RecordingChannel, *, late: bool
) -> None:
    """The platform's id is known only when the send is recorded: then it is looked up."""
    channel.held = {"甲"}
    (letter,) = await post.say("u1", "甲", channel="sms")
    _, sends = await post.delivery._take(10)
    await channel.took("甲")
    if not late:
        await post.arrive(told(Progress.DELIVERED, provider_id=f"p{letter}"))
    channel.let_go()
    for send in sends:
        await send
    if late:  # as when another process recorded it while this one stored the receipt
        receipt = told(Progress.DELIVERED, provider_id=f"p{letter}")
        await post.engine.write(
            lambda tx: tx.one(
                receipts._STORE,
                channel="sms",
                account="main",
                reference=f"pp{letter}",
                part=0,
                progress=receipt.progress.value,
                code=None,
                outbox_id=None,
                at=post.clock(),
            )
        )
        assert await post.delivery.settle() == 1
    assert (await post.letter(letter)).progress == "delivered"
    assert [row.outbox_id for row in await post.receipts()] == [letter]


@pytest.mark.parametrize(
    ("first", "then", "state"),
    [
        pytest.param(Progress.DELIVERED, None, "sent", id="it-arrived"),
        pytest.param(Progress.QUEUED, None, "sent", id="the-platform-has-it"),
        pytest.param(Progress.UNDELIVERED, None, "failed", id="it-never-arrived"),
        pytest.param(Progress.UNDELIVERED, Progress.DELIVERED, "sent", id="it-did-after-all"),
        pytest.param(Progress.FAILED, Progress.DELIVERED, "failed", id="failed-is-final"),
    ],
)
async def test_a_receipt_ends_the_doubt_about_a_message(
    post: Post, channel: RecordingChannel, first: Progress, then: Progress | None, state: str
) -> None:
    channel.answers["甲"] = [Unknown("timed out")]
    (letter,) = await post.say("u1", "甲", channel="sms")
    await post.send()
    assert (await post.letter(letter)).state == "unknown"
    for progress in filter(None, (first, then)):
        await post.arrive(told(progress, letter, code="30003"))
        await post.send()
    row = await post.letter(letter)
    assert row.state == state
    assert channel.texts == ["甲"], "never sent again"
    if state == "failed":
        assert row.error == f"{first.value} 30003"


async def test_a_receipt_while_the_answer_is_lost_decides(
    post: Post, channel: RecordingChannel
) -> None:
    """It came while the message was under way; then the connection broke."""
    channel.held, channel.answers["甲"] = {"甲"}, [Unknown("timed out")]
    (letter,) = await post.say("u1", "甲", channel="sms")
    _, sends = await post.delivery._take(10)
    await channel.took("甲")
    await post.arrive(told(Progress.DELIVERED, letter))
    channel.let_go()
    for send in sends:
        await send
    assert (await post.letter(letter)).state == "sent"


async def test_a_receipt_may_come_while_the_sender_is_dead(post: Post, clock: Moving) -> None:
    (letter,) = await post.say("u1", "甲", channel="sms")
    post.channels["sms"].held = {"甲"}
    _, sends = await post.delivery._take(10)
    await post.channels["sms"].took("甲")
    for send in sends:
        send.cancel()
    clock.move(minutes=2)
    await post.delivery.recover()
    assert (await post.letter(letter)).state == "unknown"
    await post.arrive(told(Progress.SENT, letter))
    assert (await post.letter(letter)).state == "sent"


@pytest.mark.parametrize(
    "receipt",
    [
        pytest.param(told(Progress.FAILED, 2**63), id="an-id-beyond-any-row"),
        pytest.param(told(Progress.FAILED, -1), id="an-id-below-any-row"),
        pytest.param(told(Progress.FAILED, 999), id="an-id-of-nothing"),
        pytest.param(told(Progress.FAILED, provider_id="x" * 500), id="a-very-long-id"),
        pytest.param(Receipt("sms", "other", Progress.FAILED, 1), id="another-account-of-ours"),
        pytest.param(Receipt("wechat", "main", Progress.FAILED, 1), id="another-channel"),
        pytest.param(told(Progress.FAILED), id="of-nothing-at-all"),
    ],
)
async def test_a_receipt_of_nothing_we_sent_changes_nothing(post: Post, receipt: Receipt) -> None:
    (letter,) = await post.say("u1", "甲", channel="sms")
    assert letter == 1
    await post.send()
    for _ in range(2):
        await post.arrive(receipt)
    await post.send()
    assert (await post.letter(letter)).state == "sent"
    assert len(await post.receipts()) <= 1


async def test_receipts_of_what_others_sent_do_not_pile_up(post: Post, clock: Moving) -> None:
    """An account may be shared with another program; of what we sent every receipt stays."""
    (letter,) = await post.say("u1", "甲", channel="sms")
    await post.send()
    await post.arrive(told(Progress.SENT, letter), told(Progress.SENT, provider_id="not ours"))
    clock.move(days=6)
    await post.delivery.settle()
    assert len(await post.receipts()) == 2
    clock.move(days=1)
    await post.delivery.settle()
    assert [row.outbox_id for row in await post.receipts()] == [letter]


async def test_parts_of_one_text_are_told_apart(post: Post) -> None:
    (letter,) = await post.say("u1", "很长", channel="sms")
    await post.send()
    await post.arrive(told(Progress.SENT, letter, part=1), told(Progress.SENT, letter, part=2))
    assert len(await post.receipts()) == 2


async def test_a_late_failure_is_listed_as_failed(post: Post) -> None:
    """Taken by the platform, then undelivered: staff see it though the send went well."""
    (letter,) = await post.say("u1", "甲", channel="sms", kind=Kind.REMINDER)
    await post.send()
    await post.arrive(told(Progress.UNDELIVERED, provider_id=f"p{letter}", code="30005"))
    await post.send()
    row = await post.letter(letter)
    assert (row.state, row.error) == ("failed", "undelivered 30005")
    assert post.rung == [row.conversation_id]


U, D, F = Progress.UNDELIVERED, Progress.DELIVERED, Progress.FAILED


@pytest.mark.parametrize(
    ("ends", "is_reachable"),
    [
        pytest.param([U], True, id="once-may-be-chance"),
        pytest.param([U, U], False, id="twice-running"),
        pytest.param([D, U, U], False, id="twice-running-after-it-worked"),
        pytest.param([U, D, U], True, id="not-running"),
        pytest.param([U, None, U], False, id="what-tells-no-end-is-no-end"),
        pytest.param([F, F], True, id="the-centre-took-none-of-them"),
        pytest.param([U, "wrote", U], True, id="she-wrote-in-between"),
        pytest.param([U, U, "wrote"], True, id="she-wrote-since"),
    ],
)
async def test_a_number_that_bounced_twice_is_not_written_to(
    post: Post, clock: Moving, ends: list[Progress | str | None], *, is_reachable: bool
) -> None:
    """RM-06; a receipt that comes again counts once."""
    for end in ends:
        clock.move(days=1)
        if end == "wrote":
            await post.writes("u1", channel="sms")
            continue
        (letter,) = await post.say("u1", "甲", channel="sms", kind=Kind.REMINDER)
        await post.send()
        if isinstance(end, Progress):
            await post.arrive(told(end, letter), told(end, letter))
    await post.send()
    assert ((await post.conversation("u1")).unreachable_at is None) == is_reachable
    (letter,) = await post.say("u1", "乙", channel="sms", kind=Kind.REMINDER)
    await post.send()
    assert ((await post.letter(letter)).state == "sent") == is_reachable


async def test_what_was_said_at_once_bounces_once(post: Post) -> None:
    """Two parts of one text, while the phone was off."""
    letters = await post.say("u1", "甲", "乙", channel="sms")
    await post.send()
    await post.arrive(*(told(U, letter) for letter in letters))
    assert (await post.conversation("u1")).unreachable_at is None


async def test_receipts_in_the_wrong_order_bounce_all_the_same(post: Post, clock: Moving) -> None:
    (first,) = await post.say("u1", "甲", channel="sms")
    clock.move(days=1)
    (second,) = await post.say("u1", "乙", channel="sms")
    await post.send()
    await post.arrive(told(U, second))
    assert (await post.conversation("u1")).unreachable_at is None
    await post.arrive(told(U, first))
    assert (await post.conversation("u1")).unreachable_at is not None
