"""The conversation about a phone: who carries the codes, and what nobody may learn from it."""

import logging
from datetime import timedelta

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from bot.channels.base import Channel, Limits
from bot.message import Kind, Worded
from bot.patients.bind_flow import carrier_of, region_of
from bot.patients.codes import Carrier
from bot.store.db import Tx
from bot.store.tables import Conversation, OneTimeCode
from tests.helpers.platforms import ScriptedPlatform
from tests.helpers.world import PATIENTS, Patient, World

LIN, ZHAO, SUN = PATIENTS["小林"], PATIENTS["赵大爷"], PATIENTS["孙妈妈"]


def channel(**limits: object) -> Channel:
    return ScriptedPlatform("any", Limits(**limits))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("channels", "carrier"),
    [
        pytest.param({}, None, id="nothing is set up"),
        pytest.param({"webchat": channel(pull=True), "wechat/main": channel()}, None,
                     id="only channels whose addresses are no phones"),
        pytest.param({"wechat/main": channel(), "sms/b": channel(private=False),
                      "sms/a": channel(private=False)}, Carrier("sms", "b"), id="the first"),
        pytest.param({"sms/a": channel(private=False, free_text=False),
                      "sms/b": channel(private=False, free_text=False,
                                       templates=frozenset({"one_time_code"}))},
                     Carrier("sms", "b"), id="one that has the template"),
        pytest.param({"text": channel(private=False)}, Carrier("text", "main"), id="for all"),
    ],
)  # fmt: skip
def test_what_carries_the_codes(channels: dict[str, Channel], carrier: Carrier | None) -> None:
    assert carrier_of(channels) == carrier


@pytest.mark.parametrize(
    ("locale", "region"), [("CN", "CN"), ("US", "US"), ("EU", None), ("", None)]
)
def test_whose_phones_are_meant(locale: str, region: str | None) -> None:
    assert region_of(locale) == region


async def bind(world: World, patient: Patient, phone: str | None = None) -> list[Worded]:
    await world.says(patient, "webchat", "绑定手机号")
    await world.says(patient, "webchat", phone or patient.phone)
    return await world.says(patient, "webchat", await world.code_of(patient))


async def test_a_phone_the_hospital_knows_is_asked_for_in_the_same_words(world: World) -> None:
    assert "好了" in (await bind(world, LIN))[-1].text
    world.clock.now += timedelta(minutes=2)
    said = []
    for visitor, phone in ((ZHAO, LIN.phone), (SUN, "+8613900139000")):
        await world.says(visitor, "webchat", "绑定手机号")
        said += await world.says(visitor, "webchat", phone)
        said += await world.says(visitor, "webchat", "000000")
    texts = [worded.text.replace("8004", "9000") for worded in said]
    assert texts[:2] == texts[2:]


async def test_whoever_holds_the_phone_gets_her_own_person_and_is_announced(world: World) -> None:
    await bind(world, LIN)
    await world.hears(LIN, "text")
    world.clock.now += timedelta(minutes=2)
    await world.says(ZHAO, "webchat", "绑定手机号")
    await world.says(ZHAO, "webchat", LIN.phone)
    said = await world.says(ZHAO, "webchat", await world.code_of(LIN))
    assert "好了" in said[-1].text
    for where in ("webchat", "text"):
        told = await world.hears(LIN, where)
        assert "已和本院的一个咨询对话绑定" in told[-1].text, where
        assert told[-1].kind is Kind.NOTICE


async def test_neither_phone_nor_code_is_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), capture_logs() as ours:
        await world.says(LIN, "webchat", "绑定手机号")
        await world.says(LIN, "webchat", "138 0013 8004")
        code = await world.code_of(LIN)
        await world.says(LIN, "webchat", "999999" if code != "999999" else "999998")
        await world.says(LIN, "webchat", code)
        await world.says(LIN, "webchat", "解绑")
    everything = caplog.text + repr(ours)
    for word in (LIN.phone, LIN.phone[3:], "138 0013 8004", code):
        assert word not in everything


async def test_an_answer_by_text_message_proves_nothing(world: World) -> None:
    """The code typed on the phone itself, where anybody may pretend to write from, binds nobody."""
    await world.says(LIN, "webchat", "绑定手机号")
    await world.says(LIN, "webchat", LIN.phone)
    await world.says(LIN, "text", await world.code_of(LIN))

    def read(tx: Tx) -> tuple[int, bool]:
        with tx.session() as session:
            proven = session.exec(
                select(Conversation).where(col(Conversation.verified_at).is_not(None))
            ).all()
            (code,) = session.exec(select(OneTimeCode)).all()
            return len(proven), code.ended_at is None

    assert await world.app.engine.read(read) == (0, True)
