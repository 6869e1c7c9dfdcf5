"""Cases change hands once, and whoever acts on an older hand changes nothing (I4)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from bot.channels.base import Limits
from bot.errors import BadInput
from bot.handoff import service
from bot.message import Address, Inbound, Kind, Worded
from bot.messages import inbox, outbox
from bot.store.db import Engine, Tx
from bot.store.tables import Audit, Conversation, HandoffCase, Staff

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
PULLED = Limits(pull=True)


@pytest.fixture
async def conversation(engine: Engine) -> int:
    """A conversation, and two members of staff (1 and 2)."""

    def make(tx: Tx) -> int:
        with tx.session() as session:
            for name in ("li", "wang"):
                session.add(
                    Staff(username=name, display_name=name, password_hash="x", created_at=NOW)
                )
        return inbox.accept(
            tx, Inbound(Address("webchat", "main", "u"), "k", "a"), NOW
        ).conversation_id

    return await engine.write(make)


async def opened(engine: Engine, conversation: int, priority: int = 2) -> int:
    return await engine.write(
        lambda tx: service.open_case(
            tx, conversation, desk="general", reason="asked", priority=priority, now=NOW
        )
    )


def claim(conversation: int, staff: int, seen: int = 1) -> Callable[[Tx], None]:
    return lambda tx: service.claim(
        tx, conversation, staff_id=staff, seen=seen, actor=f"staff:{staff}", now=NOW
    )


async def holder(engine: Engine, conversation: int) -> tuple[str, int]:
    def read(tx: Tx) -> tuple[str, int]:
        with tx.session() as session:
            row = session.exec(select(Conversation).where(Conversation.id == conversation)).one()
            return row.holder, row.hold_token

    return await engine.read(read)


async def test_a_case_goes_to_one_of_many_who_want_it(engine: Engine, conversation: int) -> None:
    await opened(engine, conversation)
    results = await asyncio.gather(
        *(engine.write(claim(conversation, staff)) for staff in (1, 2, 1, 2)),
        return_exceptions=True,
    )
    assert [type(result) for result in results].count(BadInput) == 3
    assert all(r.status == 409 for r in results if isinstance(r, BadInput))
    assert await holder(engine, conversation) == ("staff", 2)


async def test_a_claim_on_what_was_seen_long_ago_changes_nothing(
    engine: Engine, conversation: int
) -> None:
    await opened(engine, conversation)
    with pytest.raises(BadInput):
        await engine.write(claim(conversation, 1, seen=0))
    assert (await holder(engine, conversation))[0] == "desk"


async def test_one_conversation_has_one_live_case(engine: Engine, conversation: int) -> None:
    await opened(engine, conversation)
    with pytest.raises(Exception, match=r"(?i)unique|refused"):
        await opened(engine, conversation)
    assert (await holder(engine, conversation)) == ("desk", 1), "undone whole"


async def test_only_the_holder_speaks_and_gives_back(engine: Engine, conversation: int) -> None:
    await opened(engine, conversation)

    def say(staff: int) -> Callable[[Tx], list[int]]:
        return lambda tx: service.reply(
            tx, conversation, "您好", staff_id=staff, actor="x", limits=PULLED, now=NOW
        )

    def give(staff: int) -> Callable[[Tx], None]:
        return lambda tx: service.give_back(
            tx, conversation, staff_id=staff, note="done", actor="x", now=NOW
        )

    for act in (say(1), give(1)):
        with pytest.raises(BadInput, match="do not hold"):
            await engine.write(act)
    await engine.write(claim(conversation, 1))
    for act in (say(2), give(2)):
        with pytest.raises(BadInput, match="do not hold"):
            await engine.write(act)
    await engine.write(say(1))
    await engine.write(give(1))
    assert await holder(engine, conversation) == ("bot", 3)
    said = await engine.read(lambda tx: outbox.after(tx, conversation, 0))
    assert [(worded.text, worded.kind) for _, worded in said] == [("您好", Kind.STAFF)]
    with pytest.raises(BadInput):
        await engine.write(say(1))


async def test_a_taken_over_conversation_is_held_at_once(engine: Engine, conversation: int) -> None:
    def take(staff: int) -> Callable[[Tx], None]:
        return lambda tx: service.take_over(
            tx, conversation, staff_id=staff, desk="general", actor="x", now=NOW
        )

    await engine.write(take(1))
    assert (await holder(engine, conversation))[0] == "staff"
    with pytest.raises(BadInput, match="already"):
        await engine.write(take(2))


async def test_how_many_are_ahead_counts_priority_first(engine: Engine) -> None:
    def another(tx: Tx, user: str) -> int:
        return inbox.accept(
            tx, Inbound(Address("webchat", "main", user), user, "a"), NOW
        ).conversation_id

    ahead = []
    for user, priority in (("a", 2), ("b", 2), ("c", 1), ("d", 3), ("e", 2)):
        found = await engine.write(lambda tx, u=user: another(tx, u))  # type: ignore[misc]
        ahead.append(await opened(engine, found, priority))
    assert ahead == [0, 1, 0, 3, 3]


async def test_every_change_of_hands_is_written_down(engine: Engine, conversation: int) -> None:
    await opened(engine, conversation)
    await engine.write(claim(conversation, 1))
    await engine.write(
        lambda tx: service.give_back(
            tx, conversation, staff_id=1, note="病情", actor="staff:1", now=NOW
        )
    )

    def read(tx: Tx) -> list[tuple[str, str, str | None]]:
        with tx.session() as session:
            return [(row.actor, row.action, row.detail) for row in session.exec(select(Audit))]

    written = await engine.read(read)
    assert [(actor, action) for actor, action, _ in written] == [
        ("staff:1", "case.claim"),
        ("staff:1", "case.close"),
    ]
    assert all("病情" not in str(detail) for _, _, detail in written)


async def test_a_note_is_kept_with_the_case(engine: Engine, conversation: int) -> None:
    await opened(engine, conversation)
    await engine.write(claim(conversation, 1))
    await engine.write(
        lambda tx: service.give_back(
            tx, conversation, staff_id=1, note="已解答", actor="x", now=NOW
        )
    )

    def read(tx: Tx) -> HandoffCase:
        with tx.session() as session:
            return session.exec(select(HandoffCase)).one()

    case = await engine.read(read)
    assert (case.state, case.note, case.token) == ("closed", "已解答", 3)


async def test_a_long_reply_goes_in_parts_and_its_form_counts_once(
    engine: Engine, conversation: int
) -> None:
    await opened(engine, conversation)
    await engine.write(claim(conversation, 1))
    text = "请空腹来抽血。" * 10
    narrow = Limits(text=30, pull=True)
    sent = await engine.write(
        lambda tx: service.reply(
            tx, conversation, text, staff_id=1, actor="x", limits=narrow, now=NOW, dedupe_key="once"
        )
    )
    said = await engine.read(lambda tx: outbox.after(tx, conversation, 0))
    assert [number for number, _ in said] == sent
    assert [worded.kind for _, worded in said] == [Kind.STAFF] * 3
    assert "".join(worded.text for _, worded in said) == text
    assert all(len(worded.text) <= 30 for _, worded in said)


async def test_a_notice_outside_a_turn_has_its_own_place(engine: Engine, conversation: int) -> None:
    for text in ("一", "二"):
        await engine.write(
            lambda tx, t=text: service.notice(
                tx, conversation, Worded(t, Kind.NOTICE), limits=PULLED, now=NOW
            )  # type: ignore[misc]
        )
    said = await engine.read(lambda tx: outbox.after(tx, conversation, 0))
    assert [worded.text for _, worded in said] == ["一", "二"]
