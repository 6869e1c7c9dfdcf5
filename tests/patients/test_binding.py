"""Whose address it becomes once a phone is proven: the rules of `bot/patients/binding.py`."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from bot.errors import BadInput
from bot.message import Address
from bot.messages import inbox
from bot.patients import addresses, binding, service
from bot.patients.binding import Linked, Outcome
from bot.patients.codes import Carrier
from bot.patients.service import Card
from bot.store.db import Engine, Tx
from bot.store.tables import Audit, Conversation, Person

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
PHONE, OTHER = "+8613800138000", "+8613900139000"
CARRIER = Carrier("sms", "main")


async def chat(engine: Engine, user: str = "u", channel: str = "webchat") -> int:
    where = Address(channel, "main", user)
    return await engine.write(lambda tx: inbox.conversation_at(tx, where, NOW))


async def link(
    engine: Engine, conversation: int, phone: str = PHONE, carrier: Carrier = CARRIER
) -> Linked:
    return await engine.write(
        lambda tx: binding.link(tx, conversation, phone, carrier, NOW, region="CN")
    )


async def write(engine: Engine, conversation: int, **fields: str) -> None:
    card = Card(**fields)
    await engine.write(
        lambda tx: service.write_card(tx, conversation, card, actor="staff:li", now=NOW)
    )


async def card(engine: Engine, conversation: int) -> Card:
    return await engine.read(lambda tx: service.card(tx, conversation))


async def whose(engine: Engine, conversation: int) -> int | None:
    known = await engine.read(lambda tx: addresses.proven(tx, conversation))
    return known.person_id if known else None


async def count(engine: Engine) -> int:
    def persons(tx: Tx) -> int:
        with tx.session() as session:
            return len(session.exec(select(Person)).all())

    return await engine.read(persons)


async def audited(engine: Engine) -> list[tuple[str, int | None, str | None]]:
    def rows(tx: Tx) -> list[tuple[str, int | None, str | None]]:
        with tx.session() as session:
            found = session.exec(select(Audit).where(Audit.actor == "patient").order_by("id"))
            return [(row.action, row.conversation_id, row.detail) for row in found]

    return await engine.read(rows)


async def test_a_new_phone_makes_a_person_of_both_addresses(engine: Engine) -> None:
    here = await chat(engine)
    linked = await link(engine, here)
    assert linked.outcome is Outcome.LINKED
    assert await whose(engine, here) == await whose(engine, linked.phone_conversation)
    assert await card(engine, here) == Card(phone=PHONE)
    person = f"person {linked.person_id}"
    assert await audited(engine) == [
        ("address.link", here, person),
        ("address.link", linked.phone_conversation, person),
    ]


async def test_a_phone_proven_elsewhere_joins_the_address_to_that_person(engine: Engine) -> None:
    first, second = await chat(engine), await chat(engine, "w", "wechat")
    before = await link(engine, first)
    await write(engine, first, name="欧阳", phone=PHONE)
    after = await link(engine, second)
    assert after.person_id == before.person_id
    assert after.others == (first,), "who has it already hears of it"
    assert await card(engine, second) == Card(name="欧阳", phone=PHONE)
    assert await count(engine) == 1


async def test_the_card_of_the_conversation_is_adopted(engine: Engine) -> None:
    here = await chat(engine)
    await write(engine, here, name="欧阳", health_note="青霉素过敏")
    assert await whose(engine, here) is None, "a card proves nothing"
    await link(engine, here)
    assert await card(engine, here) == Card("欧阳", PHONE, None, "青霉素过敏")
    assert await count(engine) == 1


@pytest.mark.parametrize("written", ["13800138000", "138 0013 8000", "+86 13800138000"])
async def test_a_card_with_the_same_phone_is_adopted_however_it_is_written(
    engine: Engine, written: str
) -> None:
    here = await chat(engine)
    await write(engine, here, name="欧阳", phone=written)
    await link(engine, here)
    assert await card(engine, here) == Card("欧阳", PHONE)


async def test_a_card_with_another_phone_is_somebody_elses(engine: Engine) -> None:
    here = await chat(engine)
    await write(engine, here, name="欧阳", phone="13900139000", health_note="青霉素过敏")
    await link(engine, here)
    assert await card(engine, here) == Card(phone=PHONE)
    assert await count(engine) == 2, "what staff wrote is kept apart"
    assert "card.apart" in [action for action, _, _ in await audited(engine)]


async def test_the_card_written_in_the_phones_own_conversation_is_adopted(engine: Engine) -> None:
    here, there = await chat(engine), await chat(engine, PHONE, "sms")
    await write(engine, there, name="欧阳")
    await link(engine, here)
    assert await card(engine, here) == Card("欧阳", PHONE)
    assert await count(engine) == 1


@pytest.mark.parametrize(
    ("there", "both", "persons"),
    [
        pytest.param({"health_note": "青霉素过敏"}, Card("欧阳", PHONE, None, "青霉素过敏"), 1,
                     id="cards that agree become one"),
        pytest.param({"name": "欧阳修"}, Card("欧阳", PHONE), 2, id="others stay two"),
    ],
)  # fmt: skip
async def test_two_cards(engine: Engine, there: dict[str, str], both: Card, persons: int) -> None:
    here, phone = await chat(engine), await chat(engine, PHONE, "sms")
    await write(engine, here, name="欧阳")
    await write(engine, phone, **there)
    await link(engine, here)
    assert await card(engine, here) == await card(engine, phone) == both
    assert await count(engine) == persons


async def test_a_card_never_overwrites_what_a_proven_person_has(engine: Engine) -> None:
    first, second = await chat(engine), await chat(engine, "w", "wechat")
    await link(engine, first)
    await write(engine, first, name="欧阳", phone=PHONE)
    await write(engine, second, name="张三", document="110101199003078888")
    await link(engine, second)
    assert await card(engine, second) == Card("欧阳", PHONE)
    assert await count(engine) == 2


async def test_two_proven_persons_are_never_joined(engine: Engine) -> None:
    first, second = await chat(engine), await chat(engine, "w", "wechat")
    mine, hers = await link(engine, first, PHONE), await link(engine, second, OTHER)
    for phone in (OTHER, "+8613700137000"):
        assert (await link(engine, first, phone)).outcome is Outcome.SOMEBODY_ELSE
    assert await whose(engine, first) == mine.person_id
    assert await whose(engine, second) == hers.person_id
    await engine.write(lambda tx: binding.unlink(tx, first, NOW))
    assert (await link(engine, first, OTHER)).person_id == hers.person_id, "having left the first"


async def test_proving_the_same_again_changes_nobody(engine: Engine) -> None:
    here = await chat(engine)
    first = await link(engine, here)
    assert (await link(engine, here)).person_id == first.person_id
    assert await count(engine) == 1


async def test_another_account_for_text_messages_finds_the_same_person(engine: Engine) -> None:
    first, second = await chat(engine), await chat(engine, "w", "wechat")
    before = await link(engine, first)
    after = await link(engine, second, carrier=Carrier("sms", "newer"))
    assert after.person_id == before.person_id


async def test_a_phone_that_staff_typed_gives_nobody_anything(engine: Engine) -> None:
    """A slip of the pen on a proven person's card must not hand that card to whoever has the phone."""
    first, second = await chat(engine), await chat(engine, "w", "wechat")
    await link(engine, first, OTHER)
    await write(engine, first, name="欧阳", phone=PHONE)
    thief = await link(engine, second, PHONE)
    assert thief.person_id != await whose(engine, first)
    assert await card(engine, second) == Card(phone=PHONE)


async def test_unlinking_ends_what_the_address_may_see(engine: Engine) -> None:
    here = await chat(engine)
    linked = await link(engine, here)
    assert await engine.write(lambda tx: binding.unlink(tx, here, NOW))
    assert await whose(engine, here) is None
    assert await card(engine, here) == Card()
    assert await whose(engine, linked.phone_conversation) == linked.person_id
    assert (await audited(engine))[-1] == ("address.unlink", here, f"person {linked.person_id}")
    assert not await engine.write(lambda tx: binding.unlink(tx, here, NOW)), "once"


async def test_the_phones_own_conversation_can_leave_too(engine: Engine) -> None:
    """Somebody else has the number now: what she does there never shows the former owner's card."""
    here = await chat(engine)
    linked = await link(engine, here)
    await engine.write(lambda tx: binding.unlink(tx, linked.phone_conversation, NOW))
    second = await chat(engine, "w", "wechat")
    assert (await link(engine, second)).person_id != linked.person_id


async def test_what_staff_believe_is_not_proof(engine: Engine) -> None:
    here = await chat(engine)
    await write(engine, here, name="欧阳", phone=PHONE)
    assert await engine.read(lambda tx: addresses.proven(tx, here)) is None
    assert await engine.read(lambda tx: addresses.believed(tx, here)) is not None


async def test_addresses_of_a_person_say_what_was_proven(engine: Engine) -> None:
    here = await chat(engine)
    linked = await link(engine, here)

    def read(tx: Tx) -> list[tuple[str, str, bool]]:
        found = addresses.of_conversation(tx, here)
        return [(reach.channel, reach.user, reach.verified_at == NOW) for reach in found]

    assert await engine.read(read) == [("webchat", "u", True), ("sms", PHONE, True)]
    assert "138" not in repr(
        await engine.read(lambda tx: addresses.of_person(tx, linked.person_id))
    )


async def test_a_preferred_channel_is_kept_and_ended(engine: Engine) -> None:
    here = await chat(engine)
    person = (await link(engine, here)).person_id

    async def order() -> tuple[str, ...]:
        known = await engine.read(lambda tx: addresses.proven(tx, here))
        assert known is not None
        return known.order

    await engine.write(lambda tx: binding.prefer(tx, person, "sms", ("sms",), NOW))
    assert await order() == ("sms",)
    await engine.write(lambda tx: binding.prefer(tx, person, None, (), NOW))
    assert await order() == ()
    with pytest.raises(BadInput, match="channel_order"):
        await engine.write(lambda tx: binding.prefer(tx, person, "fax", ("sms",), NOW))


async def test_two_proofs_of_one_phone_at_once_make_one_person(
    open_engine: Callable[[], Engine], backend: str
) -> None:
    first = open_engine()
    second = open_engine() if backend == "postgresql" else first
    try:
        for n in range(5):
            phone = f"+861380013800{n}"
            chats = [await chat(first, f"{n}a"), await chat(first, f"{n}b", "wechat")]
            await asyncio.gather(link(first, chats[0], phone), link(second, chats[1], phone))
            assert await whose(first, chats[0]) == await whose(first, chats[1]) is not None
    finally:
        await first.close()
        if second is not first:
            await second.close()


async def test_a_proof_is_dated(engine: Engine) -> None:
    here = await chat(engine)
    await link(engine, here)

    def read(tx: Tx) -> datetime | None:
        with tx.session() as session:
            return session.get_one(Conversation, here).verified_at

    assert await engine.read(read) == NOW
