"""Money is told to the one who pays, in a conversation that is proven her own, and to nobody else."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select, update

from bot.care.status import Status
from bot.store.db import Tx
from bot.store.tables import Conversation, FamilyMember, Outbox
from scheduler.reminders import Reason
from tests.care.conftest import Ward
from tests.helpers.booking import add_conversation, add_patient

TODAY = date(2026, 11, 18)
FEE = {"amount": "358.60", "item": "心脏彩超", "where": "一楼收费处"}
DEPOSIT = {"left": "200.00", "needed": "3000.00", "where": "住院收费处"}
#: Words that only a text about money has.
SAID = ("358.6", "3000", "200元", "待缴", "押金")
RELATIONS = ("self", "spouse", "child", "parent", "other")


async def spoken(ward: Ward) -> set[int]:
    """Return the conversations in which anything of money was said, in whatever message."""

    def look(tx: Tx) -> set[int]:
        with tx.session() as session:
            found = session.exec(select(Outbox).order_by(col(Outbox.id))).all()
            return {
                one.conversation_id for one in found if any(word in str(one.body) for word in SAID)
            }

    return await ward.do(look)


async def test_the_one_who_pays_is_told_and_not_the_patient(ward: Ward) -> None:
    mother, patient = await ward.person("王芳")
    daughter, payer = await ward.person("李明")
    await ward.beside(daughter, patient)
    await ward.beside(mother, payer, "child")
    plan = await ward.plan("fee", FEE, TODAY, patient_id=patient, payer_id=payer)
    await ward.at("2026-11-18T10:05")
    assert await spoken(ward) == {daughter}
    ((_, text),) = await ward.told()
    assert all(word in text for word in ("王芳", "心脏彩超", "358.6元", "一楼收费处"))
    assert await ward.waiting(plan.plan_id) == []


async def test_where_nobody_else_pays_she_does(ward: Ward) -> None:
    mother, patient = await ward.person("王芳")
    daughter, _ = await ward.person("李明")
    await ward.beside(daughter, patient)
    plan = await ward.plan("deposit", DEPOSIT, TODAY, patient_id=patient)
    assert plan.payer_id == patient
    await ward.at("2026-11-18T10:05")
    assert await spoken(ward) == {mother}


async def test_where_the_one_who_pays_has_no_chat_of_her_own_staff_are_asked(ward: Ward) -> None:
    daughter, _ = await ward.person("李明")
    _, patient = await ward.person("王芳")
    await ward.beside(daughter, patient)

    def unlink(tx: Tx) -> None:
        with tx.session() as session:
            session.exec(
                update(FamilyMember)
                .where(
                    col(FamilyMember.patient_id) == patient, col(FamilyMember.relation) == "self"
                )
                .values(verified_at=None)
            )

    await ward.do(unlink)
    plan = await ward.plan("fee", FEE, TODAY, patient_id=patient)
    await ward.at("2026-11-18T10:05")
    assert (await spoken(ward), await ward.tasks()) == (set(), [("nobody", plan.plan_id)])


async def test_what_was_paid_is_not_told_of_even_if_it_waits_to_leave(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    plan = await ward.plan("fee", FEE, TODAY, patient_id=patient)
    plans = ward.care.plans
    await ward.do(lambda tx: plans.stop(tx, plan.plan_id, Reason.DONE, ward.now, actor="operator"))
    await ward.at("2026-11-18T10:05")
    assert await ward.told() == []
    assert (await ward.reminders(plan.plan_id))[0][2:] == ("skipped", "done")


async def test_nobody_is_told_for_somebody_who_is_dead(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    _, payer = await ward.person("李明")
    plan = await ward.plan("fee", FEE, TODAY, patient_id=patient, payer_id=payer)
    await ward.do(
        lambda tx: ward.care.statuses.set(
            tx, payer, Status.DIED, ward.now, ward.now, actor="operator"
        )
    )  # fmt: skip
    await ward.at("2026-11-18T10:05")
    assert await ward.told() == []
    assert (await ward.reminders(plan.plan_id))[0][2:] == ("skipped", "nobody")


def worlds() -> st.SearchStrategy[Any]:
    """Draw who books for whom, as what, whether proven; who is ill, who pays; what goes wrong."""
    link = st.tuples(
        st.integers(0, 3), st.integers(0, 3), st.sampled_from(RELATIONS), st.booleans()
    )
    return st.fixed_dictionaries(
        {
            "links": st.lists(link, max_size=6, unique_by=lambda one: one[:2]),
            "bill": st.sampled_from([("fee", FEE), ("deposit", DEPOSIT)]),
            "patient": st.integers(0, 3),
            "payer": st.none() | st.integers(0, 3),
            "asked_in": st.none() | st.integers(0, 3),
            "opted_out": st.sets(st.integers(0, 3)),
            "unreachable": st.sets(st.integers(0, 3)),
            "others": st.booleans(),
        }
    )


@pytest.mark.parametrize("backend", ["sqlite"])
@settings(max_examples=25)
@given(drawn=worlds())
async def test_no_other_conversation_ever_hears_of_it(ward: Ward, drawn: dict[str, Any]) -> None:
    """Not by family, nor another channel of somebody else's, nor in what is told of the day."""
    ward.house.sweep()
    ward.house.clock.now = ward.house.clock.now.replace(2026, 11, 18, 2, 0)
    people, proven = await ward.do(lambda tx: _made(tx, ward, drawn))
    kind, details = drawn["bill"]
    payer = drawn["patient"] if drawn["payer"] is None else drawn["payer"]
    await ward.plan(
        kind, details, TODAY, patient_id=people[drawn["patient"]][1],
        payer_id=people[drawn["payer"]][1] if drawn["payer"] is not None else None,
        conversation_id=people[drawn["asked_in"]][0] if drawn["asked_in"] is not None else None,
    )  # fmt: skip
    if drawn["others"]:
        for conversation, patient in people:
            window = {"window": f"{conversation}号窗口"}
            await ward.plan("collect", window, TODAY, patient_id=patient)
    for local in ("2026-11-18T10:05", "2026-11-19T09:00", "2026-11-21T10:00"):
        await ward.at(local)
    allowed = {people[teller][0] for teller, whom in proven if whom == payer}
    assert await spoken(ward) <= allowed


def _made(
    tx: Tx, ward: Ward, drawn: dict[str, Any]
) -> tuple[list[tuple[int, int]], set[tuple[int, int]]]:
    """Make four people and who books for whom; return them, and who proved to be whom."""
    people, places = [], dict.fromkeys(range(4), 2)
    for n in range(4):
        conversation = add_conversation(tx, f"患者{n}", ward.now)
        people.append((conversation, add_patient(tx, f"患者{n}", ward.now, conversation)))
    proven = {(n, n) for n in range(4)}
    for teller, whom, relation, verified in drawn["links"]:
        if teller == whom or places[teller] > 5:
            continue
        member = FamilyMember(
            conversation_id=people[teller][0], patient_id=people[whom][1], place=places[teller],
            relation=relation, verified_at=ward.now if verified else None, added_at=ward.now,
        )  # fmt: skip
        with tx.session() as session:
            session.add(member)
        places[teller] += 1
        if relation == "self" and verified:
            proven.add((teller, whom))
    _disturb(tx, ward, people, drawn)
    return people, proven


def _disturb(tx: Tx, ward: Ward, people: list[tuple[int, int]], drawn: dict[str, Any]) -> None:
    """Let some have stopped messages, and some be out of reach."""
    with tx.session() as session:
        for n, (conversation, _) in enumerate(people):
            found = session.get(Conversation, conversation)
            assert found is not None
            found.opted_out_at = ward.now if n in drawn["opted_out"] else None
            found.unreachable_at = (
                ward.now - timedelta(days=1) if n in drawn["unreachable"] else None
            )
            session.add(found)


async def test_who_pays_after_a_correction_is_told_once_and_the_other_never_again(
    ward: Ward,
) -> None:
    _, patient = await ward.person("王芳")
    wrong, first = await ward.person("李明")
    right, payer = await ward.person("陈静")
    plan = await ward.plan("fee", FEE, TODAY, patient_id=patient, payer_id=first)
    await ward.at("2026-11-18T10:05")
    assert [where for where, _ in await ward.told()] == [wrong]
    plans = ward.care.plans
    for _ in range(2):  # the desk sends its correction twice
        await ward.do(
            lambda tx: plans.change(tx, plan.plan_id, ward.now, actor="desk", payer_id=payer)
        )
    await ward.at("2026-11-18T10:15")
    await ward.at("2026-11-19T10:15")
    assert [where for where, _ in await ward.told()] == [wrong, right]
    assert await ward.waiting(plan.plan_id) == []


async def test_a_correction_before_anything_was_told_tells_the_right_one_alone(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    _, first = await ward.person("李明")
    right, payer = await ward.person("陈静")
    plan = await ward.plan("fee", FEE, TODAY, patient_id=patient, payer_id=first)
    plans = ward.care.plans
    await ward.do(lambda tx: plans.change(tx, plan.plan_id, ward.now, actor="desk", payer_id=payer))
    await ward.at("2026-11-18T10:15")
    assert [where for where, _ in await ward.told()] == [right]
