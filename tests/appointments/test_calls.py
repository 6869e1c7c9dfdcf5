"""Whom staff ring: listed once, the most urgent first, closed by one of them, on record (I9)."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from bot.app import Content
from bot.appointments import calls
from bot.errors import BadInput
from bot.settings import Settings
from bot.store.db import Tx
from bot.store.tables import Audit, Staff
from tests.helpers.care import Care, Clock, OneTransaction, make_care


@pytest.fixture
def care(tx: Tx, backend: str, clock: Clock, settings: Settings, content: Content) -> Care:
    return make_care(OneTransaction(tx, backend), clock, settings, content)


async def test_a_call_is_listed_once_and_done_by_one(care: Care, tx: Tx) -> None:
    _, slots = await care.clinic(slots=2)
    people = [await care.patient(name) for name in ("甲", "乙")]
    first, second = [await care.books(s, who) for s, who in zip(slots, people, strict=True)]
    now = care.clock()
    assert calls.ask(tx, first, "frail", now + timedelta(hours=1))
    assert not calls.ask(tx, first, "silent", now), "she is on the list"
    assert calls.ask(tx, second, "unreachable", now)
    listed = calls.open_calls(tx, now)
    assert [(one.visit.told, one.why, one.is_due) for one in listed] == [
        ("乙", "unreachable", True), ("甲", "frail", False),
    ]  # fmt: skip
    assert "乙" not in repr(listed[0])
    staff = _staff(tx, now)
    key = listed[0].call_id
    calls.close_call(tx, key, now, staff_id=staff, actor="li", note="已改约")
    with pytest.raises(BadInput, match="somebody else"):
        calls.close_call(tx, key, now, staff_id=staff, actor="wang")
    with pytest.raises(BadInput, match="no such call"):
        calls.close_call(tx, 999, now, staff_id=staff, actor="wang")
    assert [one.visit.told for one in calls.open_calls(tx, now)] == ["甲"]
    assert not calls.ask(tx, second, "silent", now), "she was rung"
    with tx.session() as session:
        (entry,) = session.exec(select(Audit).where(Audit.action == "call.done"))
    assert (entry.actor, entry.conversation_id) == ("li", people[1][0])
    assert "已改约" not in str(entry.detail)


def _staff(tx: Tx, now: datetime) -> int:
    with tx.session() as session:
        made = Staff(username="li", display_name="李护士", password_hash="none", created_at=now)
        session.add(made)
        session.flush()
        return int(made.id or 0)
