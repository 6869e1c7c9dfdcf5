"""One-time codes: nobody is bound by guessing, and no phone is sent more than the limits."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import select

from bot.message import Address, Inbound, Kind
from bot.messages import inbox, outbox
from bot.patients import codes
from bot.patients.binding_rules import ALL_RATE, CODE_FOR, RATES, TRIES
from bot.patients.codes import Carrier, Guess, Guessed
from bot.store.db import Engine, Tx
from bot.store.keyring import Keyring
from bot.store.sqlite import SqliteEngine
from bot.store.tables import Conversation, OneTimeCode, Outbox

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
PHONE, OTHER = "+8613800138000", "+8613900139000"
CARRIER = Carrier("sms", "main")


def opened(tx: Tx, user: str) -> int:
    inbound = Inbound(Address("webchat", "main", user), user, "绑定手机号")
    return inbox.accept(tx, inbound, NOW).conversation_id


@pytest.fixture
async def chat(engine: Engine) -> int:
    return await engine.write(lambda tx: opened(tx, "u"))


async def visitor(engine: Engine, number: int) -> int:
    return await engine.write(lambda tx: opened(tx, f"x{number}"))


async def send(
    engine: Engine, chat: int, phone: str = PHONE, now: datetime = NOW
) -> tuple[timedelta, str]:
    """Send a code; return the wait and the code that the phone shows."""
    seen: list[str] = []

    def word(code: str) -> str:
        seen.append(code)
        return f"code {code}"

    wait = await engine.write(lambda tx: codes.send(tx, chat, phone, CARRIER, word, now))
    return wait, seen[-1] if seen and not wait else ""


async def guess(engine: Engine, chat: int, code: str, now: datetime = NOW) -> Guessed:
    return await engine.write(lambda tx: codes.guess(tx, chat, code, now))


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_a_code_goes_to_the_phone_and_proves_it_once(engine: Engine, chat: int) -> None:
    wait, code = await send(engine, chat)
    assert not wait
    assert len(code) == 6
    assert code.isdigit()
    right = await guess(engine, chat, code)
    assert (right.guess, right.phone) == (Guess.RIGHT, PHONE)
    assert (await guess(engine, chat, code)).guess is Guess.NONE


async def test_the_message_says_where_it_may_go_and_until_when(engine: Engine, chat: int) -> None:
    _, code = await send(engine, chat)

    def read(tx: Tx) -> tuple[Outbox, Conversation]:
        with tx.session() as session:
            (row,) = session.exec(select(Outbox)).all()
            return row, session.get_one(Conversation, row.conversation_id)

    row, to = await engine.read(read)
    worded = outbox.worded(row)
    assert (to.channel, to.account, to.user, to.verified_at) == ("sms", "main", PHONE, None)
    assert (worded.text, worded.kind) == (f"code {code}", Kind.NOTICE)
    assert worded.template is not None
    assert (worded.template.name, dict(worded.template.values)) == (
        "one_time_code",
        {"code": code, "minutes": "5"},
    )
    assert (row.expires_at, row.state) == (NOW + CODE_FOR, "ready")
    assert row.body["only_here"] is True
    assert row.inbox_id is None, "a repeated answer never repeats a code"


async def test_neither_code_nor_phone_is_readable_at_rest(engine: Engine, chat: int) -> None:
    _, code = await send(engine, chat)

    def stored(tx: Tx) -> str:
        with tx.session() as session:
            rows = session.connection().execute(text("SELECT * FROM one_time_code"))
            return repr([tuple(row) for row in rows])

    everything = await engine.read(stored)
    for word in (code, PHONE, PHONE[3:]):
        assert f"'{word}'" not in everything
        assert word.encode().hex() not in everything
    assert code not in repr(Guessed(Guess.RIGHT, phone=code))


async def test_a_wrong_code_may_be_tried_five_times(engine: Engine, chat: int) -> None:
    _, code = await send(engine, chat)
    wrong = other_than(code)
    assert [(await guess(engine, chat, wrong)).left for _ in range(TRIES - 1)] == [4, 3, 2, 1]
    assert (await guess(engine, chat, wrong)).guess is Guess.USED_UP
    assert (await guess(engine, chat, code)).guess is Guess.NONE


async def test_the_fifth_try_may_be_right(engine: Engine, chat: int) -> None:
    _, code = await send(engine, chat)
    for _ in range(TRIES - 1):
        await guess(engine, chat, other_than(code))
    assert (await guess(engine, chat, code)).guess is Guess.RIGHT


@pytest.mark.parametrize(
    ("after", "became"),
    [(timedelta(0), Guess.RIGHT), (CODE_FOR, Guess.RIGHT),
     (CODE_FOR + timedelta(seconds=1), Guess.EXPIRED)],
)  # fmt: skip
async def test_a_code_is_good_for_five_minutes(
    engine: Engine, chat: int, after: timedelta, became: Guess
) -> None:
    _, code = await send(engine, chat)
    assert (await guess(engine, chat, code, NOW + after)).guess is became
    assert (await guess(engine, chat, code, NOW + after)).guess is Guess.NONE


async def test_a_new_code_ends_the_old_one(engine: Engine, chat: int) -> None:
    _, first = await send(engine, chat)
    later = NOW + timedelta(minutes=1)
    _, second = await send(engine, chat, OTHER, later)
    if first != second:
        assert (await guess(engine, chat, first, later)).guess is Guess.WRONG
    right = await guess(engine, chat, second, later)
    assert (right.guess, right.phone) == (Guess.RIGHT, OTHER)


async def test_a_code_is_worth_nothing_in_another_conversation(engine: Engine, chat: int) -> None:
    thief = await engine.write(lambda tx: opened(tx, "thief"))
    _, code = await send(engine, chat)
    assert (await guess(engine, thief, code)).guess is Guess.NONE
    _, own = await send(engine, thief, OTHER)
    if own != code:
        assert (await guess(engine, thief, code)).guess is Guess.WRONG
    assert (await guess(engine, chat, code)).guess is Guess.RIGHT


async def test_a_phone_and_a_conversation_each_have_their_limit(engine: Engine, chat: int) -> None:
    second = await engine.write(lambda tx: opened(tx, "v"))
    assert not (await send(engine, chat))[0]
    assert (await send(engine, chat, OTHER))[0] == timedelta(minutes=1), "the conversation's"
    assert (await send(engine, second, PHONE))[0] == timedelta(minutes=1), "the phone's"
    assert not (await send(engine, second, OTHER))[0]


async def test_a_refused_code_leaves_the_one_that_was_sent(engine: Engine, chat: int) -> None:
    _, code = await send(engine, chat)
    assert (await send(engine, chat))[0]
    assert (await guess(engine, chat, code)).guess is Guess.RIGHT


async def test_everybody_together_has_a_cap(
    engine: Engine, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "ALL_RATE", (ALL_RATE[0], 3))
    for n in range(3):
        other = await visitor(engine, n)
        assert not (await send(engine, other, f"+861380013800{n}"))[0]
    assert (await send(engine, chat, OTHER))[0] == ALL_RATE[0]
    assert not (await send(engine, chat, OTHER, NOW + ALL_RATE[0]))[0]


async def test_old_phones_are_forgotten(engine: Engine, chat: int) -> None:
    await send(engine, chat)
    await send(engine, chat, OTHER, NOW + timedelta(days=3))

    def kept(tx: Tx) -> list[Any]:
        with tx.session() as session:
            return [row.phone for row in session.exec(select(OneTimeCode))]

    assert await engine.read(kept) == [OTHER]


async def test_two_conversations_that_ask_at_once_share_the_phones_limit(
    open_engine: Callable[[], Engine], backend: str
) -> None:
    first = open_engine()
    second = open_engine() if backend == "postgresql" else first
    try:
        ids = [await visitor(first, n) for n in range(6)]
        await send(first, ids[0], PHONE, NOW - timedelta(days=2))  # the phone is known by now
        sent = await asyncio.gather(
            *(send((first, second)[n % 2], chat, PHONE) for n, chat in enumerate(ids))
        )
        assert [bool(code) for _, code in sent].count(True) == 1
    finally:
        await first.close()
        if second is not first:
            await second.close()


#: What somebody may do who does not see the phone: ask, guess something, wait.
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from([PHONE, OTHER])),
        st.tuples(st.just("guess"), st.integers(0, 999_999)),
        st.tuples(st.just("wait"), st.integers(1, 4_000)),
    ),
    max_size=40,
)


@settings(max_examples=40)
@given(moves=MOVES)
def test_nobody_is_bound_by_guessing_and_no_phone_gets_too_many(
    moves: list[tuple[str, Any]], sqlite_template: Path, keyring: Keyring, tmp_path: Path
) -> None:
    path = tmp_path / "daoyi.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())

    async def play() -> None:
        engine = SqliteEngine(path, keyring)
        try:
            chat = await engine.write(lambda tx: opened(tx, "u"))
            await attack(engine, chat, moves)
        finally:
            await engine.close()

    asyncio.run(play())


async def attack(engine: Engine, chat: int, moves: list[tuple[str, Any]]) -> None:
    now, live, tries = NOW, "", 0
    sent: list[tuple[str, datetime]] = []
    for move, value in moves:
        if move == "wait":
            now += timedelta(seconds=value)
        elif move == "send":
            wait, code = await send(engine, chat, value, now)
            if not wait:
                live, tries = code, 0
                sent.append((value, now))
        else:
            wrong = f"{value:06d}" if f"{value:06d}" != live else other_than(live)
            became = (await guess(engine, chat, wrong, now)).guess
            assert became is not Guess.RIGHT
            tries += became in (Guess.WRONG, Guess.USED_UP)
            assert tries <= TRIES
    for window, most in RATES:
        for _, at in sent:
            inside = [phone for phone, other in sent if at - window < other <= at]
            assert len(inside) <= most
