"""How fast is sent, over every process: no span holds more than its platform allows."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.base import Limits, Rate
from bot.errors import TryLater
from bot.message import Kind, Outbound, Sent
from bot.messages.pace import interval
from bot.store.db import Engine
from tests.helpers.doubles import RecordingChannel
from tests.helpers.post import Post

Moving = Any  # the clock of conftest


class TimedChannel(RecordingChannel):
    """A platform that notes when it was handed what, by the test's own clock."""

    def __init__(self, clock: Moving, *rates: Rate) -> None:
        super().__init__("push", Limits(rates=lambda _: rates))
        self._clock = clock
        self.times: list[datetime] = []
        self.kinds: list[Kind] = []

    async def send(self, letter: Outbound) -> Sent:
        self.times.append(self._clock())
        self.kinds.append(letter.worded.kind)
        return await super().send(letter)


def busiest(times: Sequence[datetime], seconds: float) -> int:
    """Return the most that went within any span of so many seconds."""
    span = timedelta(seconds=seconds)
    return max((sum(a <= b < a + span for b in times) for a in times), default=0)


async def test_two_processes_together_keep_the_pace_of_an_account(
    engine: Engine, open_engine: Callable[[], Engine], clock: Moving
) -> None:
    """Thirty a second, two senders, ninety messages: never more in any second, and not much slower.

    Each has connections of its own, as two processes do; what they agree on is in the table.
    """
    channel = TimedChannel(clock, Rate("account", 30, 1.0))
    post, other = Post(engine, clock, channel), open_engine()
    workers = (post.delivery, Post(other, clock, channel).worker("another process"))
    for patient in range(90):
        await post.say(f"u{patient}", f"{patient}")
    begun = clock()
    while len(channel.times) < 90:
        await asyncio.gather(*(worker.drain() for worker in workers))
        clock.move(seconds=0.02)
    assert busiest(channel.times, 1.0) <= 30
    assert channel.times[-1] - begun < timedelta(seconds=90 / 30 * 1.2)
    assert {row.attempts for row in await post.letters()} == {1}, "waiting uses no attempt up"
    await other.close()


async def test_an_address_has_a_pace_of_its_own(engine: Engine, clock: Moving) -> None:
    channel = TimedChannel(clock, Rate("account", 30, 1.0), Rate("address", 1, 1.0))
    post = Post(engine, clock, channel)
    await post.say("u1", "一", "二")
    await post.say("u2", "别人")
    await post.send()
    assert sorted(channel.texts) == ["一", "别人"]
    clock.move(seconds=0.9)
    await post.send()
    assert len(channel.texts) == 2
    clock.move(seconds=0.1)
    await post.send()
    assert channel.texts[2:] == ["二"]
    assert set(await post.paces()) == {"push/main", "push/main/1", "push/main/2"}


async def test_answers_go_before_bulk_reminders(engine: Engine, clock: Moving) -> None:
    """Sixty reminders wait for their account; who asks now is answered at once, all the same."""
    channel = TimedChannel(clock, Rate("account", 10, 1.0))
    post = Post(engine, clock, channel)
    for patient in range(60):
        await post.say(f"r{patient}", "提醒", kind=Kind.REMINDER)
    answered = []
    for tick in range(200):
        if tick in (40, 80, 120):
            await post.say(f"q{tick}", f"答{tick}")
        await post.send()
        for text in channel.texts:
            if text.startswith("答") and text not in answered:
                answered.append(text)
                assert tick - int(text[1:]) <= 5, "within a quarter of a second"
        clock.move(seconds=0.05)
    assert len(answered) == 3
    assert busiest(channel.times, 1.0) <= 10
    assert channel.kinds.count(Kind.REMINDER) == 60, "and they all went in the end"
    assert max(row.attempts for row in await post.letters()) == 1


async def test_reminders_that_wait_do_not_all_come_back_at_once(
    engine: Engine, clock: Moving
) -> None:
    """Each has a time of its own: what a tick costs follows what may go, never what waits."""
    channel = TimedChannel(clock, Rate("account", 10, 1.0))
    post = Post(engine, clock, channel)
    for patient in range(80):
        await post.say(f"r{patient}", "提醒", kind=Kind.REMINDER)
    await post.send()
    waiting = [row.due_at for row in await post.letters() if row.state == "ready"]
    assert len(waiting) > 70
    assert len(set(waiting)) == len(waiting)


@pytest.mark.parametrize("rates", [(), (Rate("account", 30, 1.0),)], ids=["no-pace", "a-pace"])
async def test_a_wait_for_the_whole_account_slows_every_worker(
    engine: Engine, clock: Moving, rates: tuple[Rate, ...]
) -> None:
    channel = TimedChannel(clock, *rates)
    channel.answers["甲"] = [TryLater("45009", 20.0, whole_account=True)]
    post = Post(engine, clock, channel)
    await post.say("u1", "甲")
    await post.send()
    await post.say("u2", "乙")
    other = post.worker("another process")
    clock.move(seconds=19)
    await other.drain()
    assert channel.texts == ["甲"]
    clock.move(seconds=1.1)
    for _ in range(5):
        await other.drain()
        clock.move(seconds=0.1)
    assert sorted(channel.texts) == ["乙", "甲", "甲"]


async def test_a_wait_for_one_chat_leaves_the_others_alone(engine: Engine, clock: Moving) -> None:
    channel = TimedChannel(clock, Rate("account", 30, 1.0))
    channel.answers["甲"] = [TryLater("flood", 20.0)]
    post = Post(engine, clock, channel)
    await post.say("u1", "甲")
    await post.send()
    await post.say("u2", "乙")
    clock.move(seconds=1)
    await post.send()
    assert channel.texts == ["甲", "乙"]


async def test_a_sender_that_paced_looks_often(engine: Engine, clock: Moving) -> None:
    post = Post(engine, clock, TimedChannel(clock, Rate("address", 1, 1.0)))
    await post.say("u1", "一", "二")
    assert post.delivery._patience() == 1.0
    await post.send()
    assert post.delivery._patience() < 0.1
    clock.move(seconds=1)
    await post.send()
    clock.move(seconds=1)
    assert post.delivery._patience() == 1.0


@settings(max_examples=300)
@given(
    messages=st.integers(1, 500),
    seconds=st.sampled_from([0.5, 1.0, 60.0, 3600.0, 86_400.0]),
    pauses=st.lists(st.floats(0, 3), max_size=200),
)
def test_no_span_holds_more_than_its_rate(
    messages: int, seconds: float, pauses: list[float]
) -> None:
    """The arithmetic alone, with whoever asks as early as can be."""
    step, ahead = interval(Rate("account", messages, seconds))
    free = now = datetime(2026, 1, 1)  # noqa: DTZ001
    times = []
    for pause in [0.0] * min(messages + 5, 300) + pauses:
        now = max(now + pause * step, free - ahead)
        free = max(free, now) + step
        times.append(now)
    # microseconds are rounded: the span is shorter by one for each message
    span = timedelta(seconds=seconds) - len(times) * timedelta(microseconds=1)
    most = max(sum(a <= b < a + span for b in times) for a in times[::7])
    assert most <= messages


def rates_of(per_second: int) -> Limits:
    return Limits(rates=lambda _: (Rate("account", per_second, 1.0),))


async def test_a_burst_of_one_account_never_waits_for_anothers(
    engine: Engine, open_engine: Callable[[], Engine], clock: Moving
) -> None:
    """Three hundred at ten a second take half a minute; nobody else waits a moment for them.

    Two processes work at the burst. At the very instant at which it falls due all others have gone:
    what is said, an emergency, another account's reminders.
    """
    sms, telegram = (
        RecordingChannel("sms", rates_of(10)),
        RecordingChannel("telegram", rates_of(30)),
    )
    post, other = Post(engine, clock, sms, telegram), open_engine()
    workers = (post.delivery, Post(other, clock, sms, telegram).worker("another process"))
    for patient in range(300):
        await post.say(f"s{patient}", "短信提醒", channel="sms", kind=Kind.REMINDER)
    await post.say("t1", "提醒", channel="telegram", kind=Kind.REMINDER)
    await post.say("t2", "答", channel="telegram")
    await post.say("s1", "打120", channel="sms", kind=Kind.EMERGENCY)
    while any(await asyncio.gather(*(worker.drain() for worker in workers))):
        pass
    assert sorted(telegram.texts) == ["提醒", "答"]
    assert "打120" in sms.texts
    waiting = [row for row in await post.letters() if row.state == "ready"]
    assert len(waiting) > 280, "the burst keeps its pace"
    last = max(row.due_at for row in waiting) - clock()
    assert last < timedelta(seconds=300 / 10 * 1.3), "each has a place, and none is far behind"
    await other.close()


async def test_the_two_accounts_of_a_channel_have_a_queue_each(
    engine: Engine, clock: Moving
) -> None:
    sms = RecordingChannel("sms", rates_of(10))
    post = Post(engine, clock, sms)
    for patient in range(50):
        await post.say(f"s{patient}", "甲院", channel="sms", kind=Kind.REMINDER)
    await post.send()
    assert set(await post.paces()) == {"sms/main", "sms/main#queue"}


async def test_what_waits_for_its_place_costs_a_claim_nothing(
    engine: Engine, clock: Moving
) -> None:
    """Those that wait stand later in the index: a claim never reads them, however many."""
    post = Post(engine, clock, RecordingChannel("sms", rates_of(1)))
    for patient in range(150):
        await post.say(f"s{patient}", "提醒", channel="sms", kind=Kind.REMINDER)
    await post.send()
    due = [row.due_at for row in await post.letters() if row.state == "ready"]
    assert len(due) > 140
    assert min(due) > clock(), "nothing of it is due"
    assert await post.delivery.drain() == 0
