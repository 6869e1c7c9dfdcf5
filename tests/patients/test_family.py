"""Who a conversation may book for: five at most, nobody else's, one a document (BK-01, BK-03)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlmodel import select

from bot.dialogue.people import Member
from bot.message import Address
from bot.messages import inbox
from bot.patients import binding
from bot.patients.codes import Carrier
from bot.patients.documents import Document, find
from bot.patients.family import Household, New, Outcome, Result
from bot.store.booking_tables import FamilyMember, Patient
from bot.store.db import Engine, Tx
from bot.store.tables import Audit
from tests.helpers.papers import resident

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 18)
PHONE, OTHER = "+8613800138000", "+8613900139000"
HOUSE = Household()


def paper(born: date = date(1990, 3, 7), order: int = 123) -> Document:
    return find(resident(born, order), TODAY).documents[0]


ZHANG = New("张三", paper(), "self")
MOTHER = New("李桂兰", paper(date(1950, 5, 1), 222), "parent")
CHILD = New("张小宝", paper(date(2018, 6, 1), 335), "child")


async def chat(engine: Engine, user: str = "u", channel: str = "webchat") -> int:
    where = Address(channel, "main", user)
    return await engine.write(lambda tx: inbox.conversation_at(tx, where, NOW))


async def link(engine: Engine, conversation: int, phone: str = PHONE) -> int:
    carrier = Carrier("text", "main")
    linked = await engine.write(lambda tx: binding.link(tx, conversation, phone, carrier, NOW))
    return linked.phone_conversation


async def add(engine: Engine, conversation: int, new: New, *, coded: bool = False) -> Result:
    return await engine.write(lambda tx: HOUSE.add(tx, conversation, new, NOW, TODAY, coded=coded))


async def members(engine: Engine, conversation: int) -> list[Member]:
    return list(await engine.read(lambda tx: HOUSE.members(tx, conversation, TODAY)))


async def names(engine: Engine, conversation: int) -> list[str]:
    return [member.name for member in await members(engine, conversation)]


async def remove(engine: Engine, conversation: int, patient_id: int) -> Result:
    return await engine.write(lambda tx: HOUSE.remove(tx, conversation, patient_id, NOW, TODAY))


def somebody(number: int) -> New:
    return New(f"王{'甲乙丙丁戊己庚辛'[number]}", paper(date(1980, 1, 1 + number), 100 + number))


async def test_somebody_is_added_and_seen_in_this_conversation_alone(engine: Engine) -> None:
    here, there = await chat(engine), await chat(engine, "v")
    added = await add(engine, here, ZHANG)
    assert added.outcome is Outcome.ADDED
    (member,) = await members(engine, here)
    assert (member.patient_id, member.name, member.relation) == (added.patient_id, "张三", "self")
    assert (member.born, member.sex, member.minor, member.frail) == (
        date(1990, 3, 7),
        "male",
        False,
        False,
    )
    assert not member.verified
    assert await members(engine, there) == []


async def test_adding_her_again_changes_nothing(engine: Engine) -> None:
    here = await chat(engine)
    first = await add(engine, here, ZHANG)
    again = await add(engine, here, ZHANG)
    assert again == Result(Outcome.ALREADY, first.patient_id)
    assert await names(engine, here) == ["张三"]


async def test_a_wrong_name_for_a_known_document_shows_nothing(engine: Engine) -> None:
    here = await chat(engine)
    await add(engine, here, ZHANG)
    wrong = await add(engine, here, replace(ZHANG, name="李四"))
    assert wrong == Result(Outcome.OTHER_NAME)
    assert await names(engine, here) == ["张三"]


async def test_there_are_five_and_no_more(engine: Engine) -> None:
    here = await chat(engine)
    for number in range(5):
        assert (await add(engine, here, somebody(number))).outcome is Outcome.ADDED
    assert (await add(engine, here, somebody(5))).outcome is Outcome.FULL
    assert (await add(engine, here, somebody(4))).outcome is Outcome.ALREADY
    first = (await members(engine, here))[0]
    await engine.write(lambda tx: HOUSE.remove(tx, here, first.patient_id, NOW, TODAY))
    assert (await add(engine, here, somebody(5))).outcome is Outcome.ADDED


async def test_five_are_counted_over_all_of_a_persons_addresses(engine: Engine) -> None:
    here = await chat(engine)
    there = await link(engine, here)
    for number in range(5):
        place = here if number % 2 else there
        assert (await add(engine, place, somebody(number))).outcome is Outcome.ADDED
    assert (await add(engine, here, somebody(5))).outcome is Outcome.FULL
    assert (await add(engine, there, somebody(5))).outcome is Outcome.FULL
    assert await names(engine, here) == await names(engine, there)


async def test_two_families_that_become_one_persons_still_show_five(engine: Engine) -> None:
    here, there = await chat(engine), await chat(engine, PHONE, "text")
    for number in range(4):
        await add(engine, here, somebody(number))
        await add(engine, there, somebody(4 + number))
    assert await link(engine, here) == there
    assert len(await members(engine, here)) == 5
    assert (await add(engine, here, ZHANG)).outcome is Outcome.FULL


async def test_proving_the_phone_verifies_and_shares(engine: Engine) -> None:
    here = await chat(engine)
    await add(engine, here, ZHANG)
    there = await link(engine, here)
    (member,) = await members(engine, there)
    assert member.verified
    added = await add(engine, there, MOTHER)
    assert [m.verified for m in await members(engine, here)] == [True, True]
    stranger = await chat(engine, "stranger")
    asked = await add(engine, stranger, MOTHER)
    assert asked == Result(Outcome.CODE, added.patient_id, PHONE)


async def test_a_second_account_needs_the_code_of_the_first_phone(engine: Engine) -> None:
    here = await chat(engine)
    await add(engine, here, replace(ZHANG, phone=PHONE))
    there = await chat(engine, "v")
    for name in ("张三", "李四"):  # right or wrong, the answer is the same
        asked = await add(engine, there, replace(ZHANG, name=name, phone=OTHER))
        assert (asked.outcome, asked.phone) == (Outcome.CODE, PHONE)
    assert await members(engine, there) == []
    wrong = await add(engine, there, replace(ZHANG, name="李四"), coded=True)
    assert wrong == Result(Outcome.OTHER_NAME)
    right = await add(engine, there, ZHANG, coded=True)
    assert right.outcome is Outcome.ADDED
    assert await names(engine, there) == ["张三"]

    def patients(tx: Tx) -> int:
        with tx.session() as session:
            return len(session.exec(select(Patient)).all())

    assert await engine.read(patients) == 1


async def test_where_no_phone_is_known_staff_decide(engine: Engine) -> None:
    here, there = await chat(engine), await chat(engine, "v")
    await add(engine, here, ZHANG)
    assert (await add(engine, there, ZHANG)).outcome is Outcome.DESK


async def test_whoever_took_her_off_the_list_may_add_her_again(engine: Engine) -> None:
    here = await chat(engine)
    added = await add(engine, here, ZHANG)
    removed = await engine.write(lambda tx: HOUSE.remove(tx, here, added.patient_id, NOW, TODAY))
    assert removed.outcome is Outcome.REMOVED
    assert await members(engine, here) == []
    assert (await add(engine, here, ZHANG)).outcome is Outcome.ADDED


async def test_an_unlinked_number_sees_nobody_and_the_person_keeps_them(engine: Engine) -> None:
    here = await chat(engine)
    there = await link(engine, here)
    await add(engine, there, MOTHER)
    await engine.write(lambda tx: binding.unlink(tx, there, NOW))
    assert await members(engine, there) == []
    assert await names(engine, here) == ["李桂兰"]
    again = await add(engine, there, MOTHER)  # tomorrow it is somebody else's number
    assert again.outcome is Outcome.CODE


async def test_a_child_needs_an_adult_of_the_account(engine: Engine) -> None:
    here = await chat(engine)
    assert (await add(engine, here, CHILD)).outcome is Outcome.GUARDIAN
    mother = await add(engine, here, ZHANG)
    assert (await add(engine, here, CHILD)).outcome is Outcome.GUARDIAN
    child = await add(engine, here, replace(CHILD, guardian_id=mother.patient_id))
    assert child.outcome is Outcome.ADDED
    member = (await members(engine, here))[1]
    assert (member.minor, member.guardian_id) == (True, mother.patient_id)
    sibling = New("张小妹", paper(date(2020, 2, 2), 224), "child", child.patient_id)
    assert (await add(engine, here, sibling)).outcome is Outcome.GUARDIAN
    kept = await engine.write(lambda tx: HOUSE.remove(tx, here, mother.patient_id, NOW, TODAY))
    assert kept.outcome is Outcome.NEEDED


@pytest.mark.parametrize(
    ("born", "minor"), [(date(2012, 11, 18), False), (date(2012, 11, 19), True)]
)
async def test_fourteen_is_old_enough(engine: Engine, born: date, minor: bool) -> None:
    document = paper(born)
    assert HOUSE.is_minor(document, "other", TODAY) is minor
    assert not Household(guardian_age=0).is_minor(document, "child", TODAY)
    here = await chat(engine)
    wanted = Outcome.GUARDIAN if minor else Outcome.ADDED
    assert (await add(engine, here, New("张小宝", document))).outcome is wanted


async def test_a_correction_ends_that_she_is_verified(engine: Engine) -> None:
    here = await chat(engine)
    await link(engine, here)
    added = await add(engine, here, ZHANG)

    def change(tx: Tx) -> Result:
        return HOUSE.change(tx, here, added.patient_id, NOW, TODAY, name="张叁")

    assert (await engine.write(change)).outcome is Outcome.CHANGED
    (member,) = await members(engine, here)
    assert (member.name, member.verified) == ("张叁", False)
    await engine.write(lambda tx: HOUSE.vouch(tx, here, added.patient_id, NOW))
    assert (await members(engine, here))[0].verified


async def test_whom_others_book_for_too_is_changed_by_staff_alone(engine: Engine) -> None:
    here, there = await chat(engine), await chat(engine, "v")
    added = await add(engine, here, replace(ZHANG, phone=PHONE))
    await add(engine, there, ZHANG, coded=True)
    changed = await engine.write(
        lambda tx: HOUSE.change(tx, there, added.patient_id, NOW, TODAY, name="张叁")
    )
    assert changed.outcome is Outcome.DESK
    assert await names(engine, here) == ["张三"]


async def test_nobody_is_changed_or_removed_from_another_conversation(engine: Engine) -> None:
    here, there = await chat(engine), await chat(engine, "v")
    added = await add(engine, here, ZHANG)
    changed = await engine.write(
        lambda tx: HOUSE.change(tx, there, added.patient_id, NOW, TODAY, name="李四")
    )
    await engine.write(lambda tx: HOUSE.remove(tx, there, added.patient_id, NOW, TODAY))
    assert changed.outcome is Outcome.DESK
    assert await names(engine, here) == ["张三"]


async def test_a_document_that_is_somebody_elses_is_never_taken_over(engine: Engine) -> None:
    here, there = await chat(engine), await chat(engine, "v")
    await add(engine, here, ZHANG)
    mine = await add(engine, there, MOTHER)
    changed = await engine.write(
        lambda tx: HOUSE.change(tx, there, mine.patient_id, NOW, TODAY, document=ZHANG.document)
    )
    assert changed.outcome is Outcome.DESK


async def test_many_documents_in_one_place_go_to_staff(engine: Engine) -> None:
    here = await chat(engine)
    for number in range(10):
        new = New("王甲", paper(date(1970, 1, 1) + timedelta(number), 300 + number))
        added = await add(engine, here, new)
        assert added.outcome is Outcome.ADDED
        await remove(engine, here, added.patient_id)
    assert (await add(engine, here, ZHANG)).outcome is Outcome.DESK


async def test_names_and_numbers_are_sealed_and_the_audit_has_none(engine: Engine) -> None:
    here = await chat(engine)
    await add(engine, here, replace(ZHANG, phone=PHONE))

    def look(tx: Tx) -> tuple[str, str]:
        with tx.session() as session:
            raw = session.connection().exec_driver_sql("SELECT * FROM patient").all()
            audit = session.exec(select(Audit)).all()
            return repr(raw), repr([(row.action, row.detail) for row in audit])

    stored, audited = await engine.read(look)
    for word in ("张三", ZHANG.document.number, PHONE, "1990-03-07"):
        assert word not in stored
        assert word not in audited
    assert "family.add" in audited


async def test_the_database_refuses_a_sixth_and_a_second(engine: Engine) -> None:
    here = await chat(engine)
    added = await add(engine, here, ZHANG)

    def write(tx: Tx, place: int) -> None:
        with tx.session() as session:
            session.add(
                FamilyMember(conversation_id=here, patient_id=added.patient_id, place=place,
                             relation="other", added_at=NOW)
            )  # fmt: skip

    for place in (6, 1, 2):
        with pytest.raises(Exception, match=r"(?i)constraint|unique"):
            await engine.write(partial(write, place=place))
