"""I1 under kill -9: what was acknowledged is stored once, answered once and sent at most once.

A real server under load from concurrent clients is killed again and again at random moments and
started anew on the same port and data. Then its books are compared with those of the clients. Two
controls take one protection away each: the same harness must find them.
"""

import asyncio
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.store.db import Engine, Tx
from bot.store.keyring import load_keyring
from bot.store.postgres import PostgresEngine
from bot.store.sqlite import SqliteEngine
from bot.store.tables import Conversation, Inbox, Outbox
from tests.helpers.crash import (
    QUESTIONS,
    Book,
    Nursery,
    Patients,
    patients_at,
    replies,
    small_content,
)
from tests.helpers.postgres import Server

SEED = 20261118
KILLS = 22
ON_PAGE, PUSHING = 16, 6
_END = 30.0


@dataclass(slots=True)
class Aftermath:
    """Both sides' books after everything: the clients', and what the database holds."""

    page: Book
    pushed: Book
    kills: int
    status: int
    handed_over: list[int]
    log: list[str]
    conversations: dict[int, Any]
    inbox: dict[int, list[Any]]
    outbox: dict[int, list[Any]]

    def lost(self) -> list[tuple[str, str]]:
        """Return acknowledged messages that are not stored exactly once, with the words sent."""
        stored = Counter(
            (conversation.user, row.body["key"], row.body["text"])
            for conversation_id, conversation in self.conversations.items()
            for row in self.inbox[conversation_id]
        )
        return [
            (patient, key)
            for book in (self.page, self.pushed)
            for patient, key in book.acked
            if stored[user(patient), f"{user(patient)}:{key}", book.asked[patient, key]] != 1
        ]

    def sent_twice(self) -> list[int]:
        """Return messages that the platform was handed more than once."""
        return [message for message, times in Counter(self.handed_over).items() if times > 1]

    def figures(self) -> str:
        """Return what happened, for the log of the test."""
        acked = [*self.page.acked.values(), *self.pushed.acked.values()]
        states = Counter(row.state for row in self.rows(self.outbox, "file"))
        return (
            f"{self.kills} kills, {len(acked)} messages acknowledged, "
            f"{sum(len(bodies) - 1 for bodies in acked)} redeliveries, "
            f"{self.page.broken + self.pushed.broken} requests cut off, {len(self.lost())} lost, "
            f"{len(self.sent_twice())} sent twice, pushed: {dict(states)}"
        )

    def rows(self, side: dict[int, list[Any]], channel: str = "") -> list[Any]:
        """Return all rows of one side, of one channel if named."""
        return [
            row
            for conversation_id, rows in side.items()
            if not channel or self.conversations[conversation_id].channel == channel
            for row in rows
        ]


def user(patient: str) -> str:
    """Return the address of a patient: a page's token without its signature."""
    return patient.rpartition(".")[0] or patient


async def _killed(folder: Path, kills: int, *, url: str = "", fault: str = "") -> Aftermath:
    chance = random.Random(SEED)  # noqa: S311  (the moments repeat; what they hit does not)
    data = folder / "data"
    data.mkdir()
    async with (
        Nursery(small_content(folder), data, database_url=url, fault=fault) as nursery,
        patients_at(nursery, SEED) as patients,
    ):
        patients.arrive(ON_PAGE, PUSHING)
        for _ in range(kills):
            await nursery.start()
            await patients.page.reach(patients.page.acks + chance.randrange(60))
            await asyncio.sleep(chance.random() * 0.02)
            await nursery.kill()
        await nursery.start()
        if not fault:
            await patients.leave()
            await _all_done(patients)
        if fault:
            await nursery.kill()  # a sinner is not asked to say goodbye
        status = 0 if fault else await nursery.stop()
        keyring = load_keyring(data / "keys.json")
        engine = (
            PostgresEngine(url, keyring) if url else SqliteEngine(data / "daoyi.sqlite3", keyring)
        )
        handed = data / "handed-over"
        notes = handed.read_text().split() if handed.exists() else []
        handed_over = [int(note) for note in notes]
        return await _books(engine, patients, kills, status, handed_over, nursery.said)


async def _all_done(patients: Patients) -> None:
    """Wait for the nets: nothing unhandled, nothing on its way."""
    async with asyncio.timeout(_END):
        while True:
            books = await patients.books()
            if set(books["inbox"]) == {"handled"} and set(books["outbox"]) <= {"sent", "unknown"}:
                return
            await asyncio.sleep(0.1)


async def _books(
    engine: Engine,
    patients: Patients,
    kills: int,
    status: int,
    handed_over: list[int],
    log: list[str],
) -> Aftermath:
    def read(tx: Tx) -> tuple[list[Any], list[Any], list[Any]]:
        with tx.session() as session:
            return (
                list(session.exec(select(Conversation))),
                list(session.exec(select(Inbox).order_by("seq"))),
                list(session.exec(select(Outbox).order_by("seq"))),
            )

    conversations, came, said = await engine.read(read)
    await engine.close()
    inbox, outbox = defaultdict(list), defaultdict(list)
    for row in came:
        inbox[row.conversation_id].append(row)
    for row in said:
        outbox[row.conversation_id].append(row)
    by_id = {conversation.id: conversation for conversation in conversations}
    after = Aftermath(
        patients.page, patients.pushed, kills, status, handed_over, log, by_id, inbox, outbox
    )
    sys.stdout.write(f"{engine.name}: {after.figures()}\n")
    return after


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def after(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aftermath]:
    """The books after the kills, on each database; PostgreSQL with fsync on."""
    folder = tmp_path_factory.mktemp("killed")
    if request.param == "sqlite":
        yield asyncio.run(_killed(folder, KILLS))
        return
    with Server(fsync=True) as server:
        yield asyncio.run(_killed(folder, KILLS, url=server.url("template1")))


def test_an_acknowledged_message_is_stored_exactly_once(after: Aftermath) -> None:
    """I-01, I-02: a 200 means that it is there, once, however often it was sent."""
    deliveries = [body for book in (after.page, after.pushed) for body in book.acked.values()]
    assert after.kills >= 20
    assert len(deliveries) > 200, "too few messages to mean anything"
    assert sum(len(bodies) - 1 for bodies in deliveries) > 40, "too few were sent twice"
    assert after.page.broken + after.pushed.broken > after.kills, "no request was ever cut off"
    assert after.lost() == []
    keys = Counter(row.key_index for row in after.rows(after.inbox))
    assert max(keys.values()) == 1


def test_nothing_is_left_unhandled(after: Aftermath) -> None:
    """The net runs the turns that were cut short, also of patients who never asked again."""
    assert Counter(row.state for row in after.rows(after.inbox)).keys() == {"handled"}
    asked = {(user(patient), f"{user(patient)}:{key}") for patient, key in after.page.asked}
    stored = {
        (conversation.user, row.body["key"])
        for conversation_id, conversation in after.conversations.items()
        if conversation.channel == "webchat"
        for row in after.inbox[conversation_id]
    }
    assert stored <= asked, "a message that nobody sent"


def test_every_message_is_answered_exactly_once(after: Aftermath) -> None:
    """I-03: one inbound message, one effect; the welcome once a conversation."""
    for conversation_id, came in after.inbox.items():
        said = defaultdict(list)
        for row in after.outbox[conversation_id]:
            said[row.inbox_id].append(row)
        assert set(said) == {row.id for row in came}
        for place, row in enumerate(came):
            kinds = [reply.kind for reply in said[row.id]]
            assert kinds == (["notice", "answer"] if place == 0 else ["answer"])
            assert QUESTIONS[row.body["text"]] in said[row.id][-1].body["text"]


def test_a_redelivery_gets_the_same_answer_byte_for_byte(after: Aftermath) -> None:
    """A duplicate at once, later, or after restarts: the same bytes, and they are what is stored."""
    stored = {
        (after.conversations[conversation_id].user, row.body["key"]): [
            (str(reply.id), reply.body["text"])
            for reply in after.outbox[conversation_id]
            if reply.inbox_id == row.id
        ]
        for conversation_id, came in after.inbox.items()
        for row in came
    }
    for (patient, key), bodies in after.page.acked.items():
        answered = {body for body in bodies if replies(body)}  # [] where an earlier one still waits
        assert len(answered) == 1
        said = [(reply["id"], reply["text"]) for reply in replies(answered.pop())]
        assert said == stored[user(patient), f"{user(patient)}:{key}"]


def test_a_conversation_keeps_its_order(after: Aftermath) -> None:
    """I-09: messages in the order they were sent, and each answered before the next."""
    place = {
        (after.conversations[conversation_id].user, row.body["key"]): row.seq
        for conversation_id, came in after.inbox.items()
        for row in came
    }
    for patient, keys in after.page.order.items():
        seqs = [place[user(patient), f"{user(patient)}:{key}"] for key in keys]
        assert seqs == sorted(seqs)
    for conversation_id, came in after.inbox.items():
        turn = {row.id: number for number, row in enumerate(came)}
        turns = [turn[reply.inbox_id] for reply in after.outbox[conversation_id]]
        assert turns == sorted(turns)


def test_the_counts_add_up(after: Aftermath) -> None:
    """I-07: every place of a conversation is taken by one message of one side; none is missing."""
    for conversation_id, conversation in after.conversations.items():
        both = after.inbox[conversation_id] + after.outbox[conversation_id]
        assert sorted(row.seq for row in both) == list(range(1, conversation.last_seq + 1))
    assert len(after.rows(after.inbox)) >= len(after.page.acked) + len(after.pushed.acked)


def test_what_was_pushed_is_never_pushed_twice(after: Aftermath) -> None:
    """I-08: killed between the wire and the record, a message is `unknown`, and stays so."""
    assert after.sent_twice() == []
    pushed = after.rows(after.outbox, "file")
    state = {row.id: row.state for row in pushed}
    assert len(pushed) > 50
    assert set(state.values()) <= {"sent", "unknown"}
    assert {message for message, word in state.items() if word == "sent"} <= set(after.handed_over)
    assert set(after.handed_over) <= set(state)
    assert {row.state for row in after.rows(after.outbox, "webchat")} == {"sent"}


def test_a_server_that_is_asked_to_leave_says_goodbye(after: Aftermath) -> None:
    """After all the kills, Ctrl-C still ends with status 0, and no turn ever failed on the way."""
    assert after.status == 0
    assert [line for line in after.log if "turn.failed" in line] == []


def test_the_harness_finds_an_acknowledgement_before_the_commit(tmp_path: Path) -> None:
    """Control of I-01: a server that answers first loses messages, and this harness sees it."""
    after = asyncio.run(_killed(tmp_path, 5, fault="ack_early"))
    assert after.lost(), "the harness is worthless: the sin went unseen"


def test_the_harness_finds_a_blind_resend(tmp_path: Path) -> None:
    """Control of I-08: a server that queues `sending` again sends twice, and this harness sees it."""
    after = asyncio.run(_killed(tmp_path, 5, fault="blind_requeue"))
    assert after.sent_twice(), "the harness is worthless: the sin went unseen"
