"""Consent of an address, and the card that staff keep: sealed at rest, audited by field names."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlmodel import select

from bot.errors import BadInput
from bot.message import Address, Inbound
from bot.messages import inbox
from bot.patients import service
from bot.patients.service import Card
from bot.store.db import Engine, Tx
from bot.store.tables import Audit, Conversation

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
CARD = Card("欧阳修远", "13700001111", "110101199001011234", "青霉素过敏")


@pytest.fixture
async def conversation(engine: Engine) -> int:
    inbound = Inbound(Address("webchat", "main", "u"), "k", "a")
    return (await engine.write(lambda tx: inbox.accept(tx, inbound, NOW))).conversation_id


async def write(engine: Engine, conversation: int, card: Card) -> None:
    await engine.write(
        lambda tx: service.write_card(tx, conversation, card, actor="staff:li", now=NOW)
    )


async def test_a_card_is_read_as_it_was_written(engine: Engine, conversation: int) -> None:
    assert await engine.read(lambda tx: service.card(tx, conversation)) == Card()
    await write(engine, conversation, CARD)
    assert await engine.read(lambda tx: service.card(tx, conversation)) == CARD
    await write(engine, conversation, Card(name=" 欧阳 ", phone="", document=None))
    assert await engine.read(lambda tx: service.card(tx, conversation)) == Card(name="欧阳")


async def test_nothing_of_it_is_readable_at_rest(engine: Engine, conversation: int) -> None:
    await write(engine, conversation, CARD)

    def stored(tx: Tx) -> str:
        with tx.session() as session:
            return "".join(
                repr(tuple(row))
                for table in ("person", "audit", "conversation")
                for row in session.connection().execute(text(f"SELECT * FROM {table}"))  # noqa: S608
            )

    everything = await engine.read(stored)
    for word in (CARD.name, CARD.phone, CARD.document, CARD.health_note):
        assert str(word) not in everything
        assert str(word).encode().hex() not in everything


async def test_a_change_is_audited_by_field_names_only(engine: Engine, conversation: int) -> None:
    await write(engine, conversation, Card(name="欧阳"))
    await write(engine, conversation, Card(name="欧阳", phone="13700001111"))

    def read(tx: Tx) -> list[str | None]:
        with tx.session() as session:
            return [row.detail for row in session.exec(select(Audit).order_by("id"))]

    assert await engine.read(read) == ["name", "phone"]


@pytest.mark.parametrize(
    ("card", "field"),
    [
        (Card(name="名" * 61), "name"),
        (Card(phone="1" * 31), "phone"),
        (Card(document="1" * 41), "document"),
        (Card(health_note="病" * 2_001), "health_note"),
    ],
)
async def test_a_field_too_long_is_named_and_nothing_is_kept(
    engine: Engine, conversation: int, card: Card, field: str
) -> None:
    with pytest.raises(BadInput, match=f"^{field}: at most"):
        await write(engine, conversation, card)
    assert await engine.read(lambda tx: service.card(tx, conversation)) == Card()


async def test_a_conversation_that_is_not_there(engine: Engine) -> None:
    assert await engine.read(lambda tx: service.card(tx, 99)) == Card()
    with pytest.raises(BadInput) as refused:
        await write(engine, 99, CARD)
    assert refused.value.status == 404


async def test_opting_out_has_a_time_and_an_end(engine: Engine, conversation: int) -> None:
    def read(tx: Tx) -> datetime | None:
        with tx.session() as session:
            return session.exec(select(Conversation)).one().opted_out_at

    await engine.write(lambda tx: service.opt_out(tx, conversation, NOW))
    assert await engine.read(read) == NOW
    await engine.write(lambda tx: service.opt_out(tx, conversation, None))
    assert await engine.read(read) is None


def test_a_card_says_nothing_when_it_is_printed() -> None:
    assert "欧阳" not in repr(CARD)
    assert "1370000" not in str(CARD)
