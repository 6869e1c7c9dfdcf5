"""What is said outside a turn: once, in her language and script, answerable, and never over a person."""

from datetime import timedelta
from typing import Any

import pytest

from bot.app import Content
from bot.dialogue import sessions
from bot.dialogue.notices import Hearer
from bot.dialogue.sessions import Session
from bot.errors import WordingError
from bot.message import Button, Kind, Say, Worded
from bot.messages import outbox
from bot.settings import Settings
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation
from tests.helpers.care import Care, Clock, make_care

TAPS = (Button("要这个号", "flow:waitlist.take:7"), Button("退出候补", "flow:waitlist.leave:3"))


@pytest.fixture
def backend() -> str:
    return "sqlite"  # the constraints are tested where they are made


@pytest.fixture
def care(engine: Engine, clock: Clock, settings: Settings, content: Content) -> Care:
    return make_care(engine, clock, settings, content)


def say(hearer: Hearer) -> Say:
    values: dict[str, Any] = {"line": "周三", "answers": hearer.answers}
    return Say("waitlist/hold_ended", Kind.NOTICE, values, TAPS)


async def tell(care: Care, who: tuple[int, int], saying: Any = say, **more: Any) -> int | None:
    now = care.clock()
    until = now + timedelta(minutes=15)
    return await care.engine.write(
        lambda tx: care.notices.tell(tx, who[0], saying, now, until=until, **more)
    )


async def in_mind(care: Care, who: tuple[int, int], session: Session) -> None:
    await care.engine.write(lambda tx: _remember(tx, who[0], session))


def _remember(tx: Tx, conversation_id: int, session: Session) -> None:
    with tx.session() as stored:
        found = stored.get(Conversation, conversation_id)
        assert found is not None
        found.session = sessions.dump(session)
        stored.add(found)


async def only(care: Care, who: tuple[int, int]) -> Worded:
    (told,) = await care.heard(who)
    return told


async def test_taps_where_there_are_buttons_and_digits_where_there_are_none(care: Care) -> None:
    page, phone = await care.patient("甲"), await care.patient("乙", channel="text")
    await tell(care, page)
    await tell(care, phone)
    assert [one.value for one in (await only(care, page)).buttons] == ["#1.1", "#1.2"]
    text = (await only(care, phone)).text
    assert "\n1 要这个号\n2 退出候补\n" in text
    assert not (await only(care, phone)).buttons


async def test_beside_an_open_question_its_digits_are_six_and_on(care: Care) -> None:
    who = await care.patient("甲", channel="text")
    session = Session()
    session.ask(["intent:a", "intent:b"], care.clock())
    await in_mind(care, who, session)
    await tell(care, who)
    assert "\n6 要这个号\n7 退出候补\n" in (await only(care, who)).text
    kept = await care.session(who)
    assert kept.expect is not None, "what was asked is still asked"
    assert kept.offer is not None
    assert kept.offer.options == [tap.value for tap in TAPS]


@pytest.mark.parametrize(
    ("session", "words"),
    [
        (Session(lang="en"), "was given back"),
        (Session(traditional=True), "沒有預約"),
        (Session(), "没有预约"),
    ],
)
async def test_it_speaks_her_language_and_script(care: Care, session: Session, words: str) -> None:
    who = await care.patient("甲")
    await in_mind(care, who, session)
    await tell(care, who)
    assert words in (await only(care, who)).text


@pytest.mark.parametrize("holder", ["desk", "staff"])
async def test_while_a_person_holds_it_nothing_can_be_chosen(care: Care, holder: str) -> None:
    who = await care.patient("甲", holder=holder)
    await tell(care, who)
    told = await only(care, who)
    assert not told.buttons
    assert "接着帮您" not in told.text, "the text knows that nothing can be tapped"
    assert (await care.session(who)).offer is None


async def test_a_courtesy_is_not_for_those_who_stopped_messages_news_is(care: Care) -> None:
    who = await care.patient("甲", opted_out_at=care.clock())
    assert await tell(care, who, wanted=True) is None
    assert not await care.heard(who)
    assert await tell(care, who)


async def test_the_same_key_is_said_once(care: Care) -> None:
    who = await care.patient("甲")
    assert not await care.engine.read(lambda tx: care.notices.told(tx, "k"))
    await tell(care, who, dedupe_key="k")
    assert await care.engine.read(lambda tx: care.notices.told(tx, "k"))
    with pytest.raises(Exception, match=r"one_message_a_cause|outbox\.dedupe_key"):
        await tell(care, who, dedupe_key="k")
    assert len(await care.heard(who)) == 1


async def test_more_than_three_choices_are_refused_before_anything_is_stored(care: Care) -> None:
    who = await care.patient("甲")
    many = tuple(Button(str(n), f"flow:booking.slot:{n}") for n in range(4))
    with pytest.raises(WordingError, match="at most 3"):
        await tell(care, who, Say("waitlist/none", Kind.NOTICE, options=many))
    assert not await care.heard(who)


async def test_a_text_too_long_for_one_message_goes_as_several_taps_with_the_last(
    care: Care,
) -> None:
    who = await care.patient("甲")
    long = [{"who": "甲", "day": "周三", "part": "上午", "department": "心内科", "doctor": "李" * 90,
             "fee": "22", "place_no": n} for n in range(25)]  # fmt: skip
    await tell(care, who, Say("waitlist/mine", Kind.NOTICE, {"waits": long}, TAPS), dedupe_key="k")
    parts = await care.heard(who)
    assert parts[-1].buttons
    assert all(not one.buttons for one in parts[:-1])


async def test_it_is_stored_with_what_it_tells_of_or_not_at_all(care: Care) -> None:
    who = await care.patient("甲")

    def fails(tx: Tx) -> None:
        care.notices.tell(tx, who[0], say, care.clock(), until=care.clock() + timedelta(1))
        raise ValueError("what it tells of did not happen")

    with pytest.raises(ValueError, match="did not happen"):
        await care.engine.write(fails)
    assert await care.engine.read(lambda tx: outbox.after(tx, who[0], 0)) == []
    assert (await care.session(who)).offer is None
