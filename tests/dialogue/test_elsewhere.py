"""A question asked on one channel, answered on another: once, and only by the person it was put to."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import select

from bot.dialogue import elsewhere, sessions
from bot.dialogue.sessions import EXPECT_FOR, Session
from bot.dialogue.understand import Understood
from bot.message import Address
from bot.messages import inbox
from bot.patients import binding
from bot.patients.codes import Carrier
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation
from intents.urgent import Alarm

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
ONE = Understood(None, number=1)
WORDS = Understood(None, text="明天上午")
OPTIONS = ["intent:visit.parking", "none"]


async def chat(engine: Engine, channel: str, user: str) -> int:
    where = Address(channel, "main", user)
    return await engine.write(lambda tx: inbox.conversation_at(tx, where, NOW))


async def put(engine: Engine, conversation: int, session: Session, at: datetime = NOW) -> None:
    def op(tx: Tx) -> None:
        with tx.session() as opened:
            row = opened.get_one(Conversation, conversation)
            row.session, row.updated_at = sessions.dump(session), at
            opened.add(row)

    await engine.write(op)


async def kept(engine: Engine, conversation: int) -> Session:
    def op(tx: Tx) -> Session:
        with tx.session() as opened:
            row = opened.get_one(Conversation, conversation)
            return sessions.load(row.session, row.updated_at, NOW, "zh-CN")

    return await engine.read(op)


def asking(now: datetime = NOW, **how: object) -> Session:
    session = Session(lang="en", greeted=True, misses=1)
    session.ask(OPTIONS, now, {"drug": "a"}, **how)  # type: ignore[arg-type]
    return session


async def adopt(
    engine: Engine,
    conversation: int,
    said: Understood = ONE,
    session: Session | None = None,
    now: datetime = NOW,
) -> Session:
    """Answer on a conversation, as a turn does; return its session then."""
    mine = session or Session()

    def op(tx: Tx) -> Session:
        with tx.session() as opened:
            row = opened.exec(
                select(Conversation).where(Conversation.id == conversation).with_for_update()
            ).one()
            person = row.person_id
        assert person is not None
        elsewhere.adopt(tx, conversation, person, mine, said, now)
        return mine

    return await engine.write(op)


@pytest.fixture
async def two(engine: Engine) -> tuple[int, int]:
    """The page and the phone of one person."""
    page = await chat(engine, "webchat", "u")
    linked = await engine.write(
        lambda tx: binding.link(tx, page, "+8613800138000", Carrier("sms", "main"), NOW)
    )
    return page, linked.phone_conversation


async def test_a_question_moves_with_all_that_belongs_to_it(
    engine: Engine, two: tuple[int, int]
) -> None:
    page, phone = two
    await put(engine, page, asking())
    session = await adopt(engine, phone, session=Session(asks=4))
    assert session.expect is not None
    assert (session.expect.options, session.expect.named) == (OPTIONS, {"drug": "a"})
    assert session.expect.ask == session.asks == 5, "an old button here names another question"
    assert (session.lang, session.misses, session.greeted) == ("en", 1, True)
    there = await kept(engine, page)
    assert there.expect is None
    assert there.lang == "en"


async def test_the_newest_of_several_questions_moves(engine: Engine, two: tuple[int, int]) -> None:
    page, phone = two
    third = await chat(engine, "wechat", "w")
    await engine.write(
        lambda tx: binding.link(tx, third, "+8613800138000", Carrier("sms", "main"), NOW)
    )
    await put(engine, page, asking(NOW - timedelta(minutes=9)))
    newer = Session()
    newer.ask(["none"], NOW - timedelta(minutes=2))
    await put(engine, third, newer)
    session = await adopt(engine, phone)
    assert session.expect is not None
    assert session.expect.options == ["none"]
    assert (await kept(engine, page)).expect is not None


async def nothing(engine: Engine, page: int) -> None:
    del engine, page


async def unproven(engine: Engine, page: int) -> None:
    await change(engine, page, verified_at=None)


async def held(engine: Engine, page: int) -> None:
    await change(engine, page, holder="staff")


async def somebody_else(engine: Engine, page: int) -> None:
    await engine.write(lambda tx: binding.unlink(tx, page, NOW))
    await engine.write(
        lambda tx: binding.link(tx, page, "+8613900139000", Carrier("sms", "main"), NOW)
    )


async def change(engine: Engine, conversation: int, **values: object) -> None:
    def op(tx: Tx) -> None:
        with tx.session() as opened:
            opened.connection().execute(
                update(Conversation).where(Conversation.id == conversation).values(**values)  # type: ignore[arg-type]
            )

    await engine.write(op)


@pytest.mark.parametrize(
    ("before", "question", "said"),
    [
        pytest.param(unproven, asking(), ONE, id="from an address nobody proved"),
        pytest.param(somebody_else, asking(), ONE, id="from another person"),
        pytest.param(held, asking(), ONE, id="while a person holds it there"),
        pytest.param(nothing, Session(), ONE, id="where none is open"),
        pytest.param(nothing, asking(NOW - EXPECT_FOR - timedelta(seconds=1)), ONE, id="run out"),
        pytest.param(nothing, asking(answer=("bind", "code"), here=True), ONE, id="only there"),
        pytest.param(nothing, asking(), Understood(None, tap=(1, 1)), id="by an old button"),
        pytest.param(nothing, asking(), Understood(None, number=0), id="by asking for a person"),
        pytest.param(nothing, asking(), Understood(None, number=9), id="by asking to repeat"),
        pytest.param(nothing, asking(), Understood(None, act="cancel"), id="by leaving"),
        pytest.param(nothing, asking(), Understood(None, command="menu"), id="by a command"),
        pytest.param(nothing, asking(), Understood(None, texted_stop=True), id="by stopping"),
        pytest.param(nothing, asking(), WORDS, id="by words, where a choice is asked for"),
        pytest.param(
            nothing, asking(), Understood(Alarm("chest_pain", "r", "1", crisis=False), number=1),
            id="by an emergency",
        ),
    ],
)  # fmt: skip
async def test_nothing_moves(
    engine: Engine,
    two: tuple[int, int],
    before: Callable[[Engine, int], object],
    question: Session,
    said: Understood,
) -> None:
    page, phone = two
    await put(engine, page, question)
    await before(engine, page)  # type: ignore[misc]
    assert (await adopt(engine, phone, said)).expect is None
    assert (await kept(engine, page)).expect == question.expect, "and it stays where it is"


async def test_an_answer_in_words_finds_the_flow_that_asked(
    engine: Engine, two: tuple[int, int]
) -> None:
    page, phone = two
    await put(engine, page, asking(answer=("booking", "day")))
    session = await adopt(engine, phone, WORDS)
    assert session.expect is not None
    assert (session.expect.flow, session.expect.entry) == ("booking", "day")


async def test_an_open_question_here_is_answered_first(
    engine: Engine, two: tuple[int, int]
) -> None:
    page, phone = two
    await put(engine, page, asking())
    mine = Session()
    mine.ask(["none"], NOW)
    assert (await adopt(engine, phone, session=mine)).expect is mine.expect
    assert (await kept(engine, page)).expect is not None
    late = NOW + EXPECT_FOR - timedelta(minutes=1)
    old = Session()
    old.ask(["none"], NOW - timedelta(minutes=5))
    taken = await adopt(engine, phone, session=old, now=late)
    assert taken.expect is not None
    assert taken.expect.options == OPTIONS, "one that has run out is no question"


async def test_of_two_channels_that_answer_at_once_one_gets_the_question(
    open_engine: Callable[[], Engine], backend: str
) -> None:
    first = open_engine()
    second = open_engine() if backend == "postgresql" else first
    try:
        page = await chat(first, "webchat", "u")
        third = await chat(first, "wechat", "w")
        carrier = Carrier("sms", "main")
        linked = await first.write(
            lambda tx: binding.link(tx, page, "+8613800138000", carrier, NOW)
        )
        await first.write(lambda tx: binding.link(tx, third, "+8613800138000", carrier, NOW))
        for _ in range(10):
            await put(first, page, asking())
            got = await asyncio.gather(
                adopt(first, third), adopt(second, linked.phone_conversation)
            )
            assert [session.expect is not None for session in got].count(True) == 1
            assert (await kept(first, page)).expect is None
    finally:
        await first.close()
        if second is not first:
            await second.close()


async def test_a_turn_under_way_where_it_was_asked_keeps_the_question(
    open_engine: Callable[[], Engine], backend: str
) -> None:
    """Its own turn closed the question between our look and our change: nothing moves."""
    if backend != "postgresql":
        return  # one writer: there is no between
    first, second = open_engine(), open_engine()
    try:
        page = await chat(first, "webchat", "u")
        linked = await first.write(
            lambda tx: binding.link(tx, page, "+8613800138000", Carrier("sms", "main"), NOW)
        )
        phone = linked.phone_conversation
        await put(first, page, asking())
        looked, closed = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def op(tx: Tx) -> Session:
            mine = Session()
            rows = tx.rows

            def slow(*args: object, **values: object) -> object:
                found = rows(*args, **values)  # type: ignore[arg-type]
                loop.call_soon_threadsafe(looked.set)
                asyncio.run_coroutine_threadsafe(closed.wait(), loop).result(20)
                return found

            tx.rows = slow  # type: ignore[method-assign, assignment]
            elsewhere.adopt(tx, phone, linked.person_id, mine, ONE, NOW)
            return mine

        answer = asyncio.create_task(first.write(op))
        await looked.wait()
        await put(second, page, Session())
        closed.set()
        assert (await answer).expect is None
    finally:
        await first.close()
        await second.close()
