"""Claim, answer, give back: one person at a time, and the patient always knows who speaks."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlmodel import select

from bot.app import App
from bot.channels.base import HookRequest
from bot.errors import Refused, Unknown
from bot.message import Kind
from bot.store.db import Tx
from bot.store.tables import Inbox
from tests.conftest import Clock
from tests.console.conftest import CHEST_PAIN, Browser, hidden, text_of
from tests.helpers.house import House
from tests.helpers.world import ChatPage

NumberOf = Callable[[ChatPage], Awaitable[int]]
Audited = Callable[[], Awaitable[list[tuple[str, str, int | None]]]]


async def test_a_whole_hand_over(
    li: Browser, waiting: int, patient: ChatPage, audited: Audited
) -> None:
    """The patient hears who came, what she says, and that the assistant is back."""
    taken = await li.claim(waiting)
    assert taken.headers["location"] == f"/console/conversations/{waiting}"
    (came,) = await patient.news()
    assert (came.kind, "李护士" in came.text) == (Kind.NOTICE, True)
    assert await patient.post("停车场几点关") == [], "the bot is silent"
    page = await li.open(waiting)
    assert "您正在接待" in text_of(page)
    await li.do("reply", waiting, text="  您好，停车场24小时开放。 ", once=hidden(page, "once"))
    (said,) = await patient.news()
    assert (said.kind, said.text) == (Kind.STAFF, "您好，停车场24小时开放。")
    back = await li.do("give-back", waiting, note="已解答停车")
    assert back.headers["location"] == "/console"
    (returned,) = await patient.news()
    assert returned.kind is Kind.NOTICE
    assert await patient.post("停车多少钱"), "the bot answers again"
    acts = [
        action for who, action, c in await audited() if c == waiting and who == "staff:nurse.li"
    ]
    assert acts == ["case.claim", "conversation.view", "conversation.reply", "case.close"]


async def test_two_claim_at_once_one_wins_and_the_other_is_told_who(
    li: Browser, wang: Browser, waiting: int, patient: ChatPage
) -> None:
    forms = [await nurse.claim_form(waiting) for nurse in (li, wang)]
    answers = await asyncio.gather(
        li.do("claim", waiting, **forms[0]), wang.do("claim", waiting, **forms[1])
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    (late,) = [answer for answer in answers if answer.status_code == 409]
    winner = "王护士" if late is answers[0] else "李护士"
    assert f"{winner}先一步接手了" in text_of(late)
    assert len(await patient.news()) == 1, "one notice, not two"


async def test_only_who_holds_a_conversation_answers_in_it(
    li: Browser, wang: Browser, waiting: int, patient: ChatPage
) -> None:
    await li.open(waiting)
    assert (await li.do("reply", waiting, text="您好")).status_code == 409
    await li.claim(waiting)
    await wang.open(waiting)
    for action in ("reply", "give-back"):
        refused = await wang.do(action, waiting, text="您好", note="")
        assert refused.status_code == 409, action
        assert "您没有接手" in text_of(refused)
    assert (await wang.do("take-over", waiting)).status_code == 409
    assert [worded.kind for worded in await patient.news()] == [Kind.NOTICE]


async def test_a_reply_has_1_to_4000_characters(li: Browser, waiting: int) -> None:
    await li.claim(waiting)
    await li.open(waiting)
    for text, status in (
        ("", 422),
        (" \n\t ", 422),
        ("\x00\x07", 422),
        ("好" * 4000, 303),
        ("好" * 4001, 422),
        ("😀好" * 500, 303),
    ):
        assert (await li.do("reply", waiting, text=text)).status_code == status, text[:4]


async def test_a_form_sent_twice_says_it_once(li: Browser, waiting: int, patient: ChatPage) -> None:
    await li.claim(waiting)
    once = hidden(await li.open(waiting), "once")
    answers = await asyncio.gather(
        *(li.do("reply", waiting, text="您好", once=once) for _ in range(3))
    )
    assert {answer.status_code for answer in answers} == {303}
    assert [w.kind for w in await patient.news()] == [Kind.NOTICE, Kind.STAFF]
    await li.do("reply", waiting, text="您好", once=hidden(await li.open(waiting), "once"))
    assert len(await patient.news()) == 1, "the same words again are another message"


async def test_an_alarm_is_answered_even_while_a_person_holds_the_conversation(
    li: Browser, waiting: int, patient: ChatPage
) -> None:
    await li.claim(waiting)
    await patient.news()
    assert [worded.kind for worded in await patient.post(CHEST_PAIN)] == [Kind.EMERGENCY]


async def test_a_flagged_conversation_is_taken_from_the_bot(
    li: Browser, flagged: int, patient: ChatPage
) -> None:
    await li.open(flagged)
    assert (await li.do("take-over", flagged)).status_code == 303
    (came,) = await patient.news()
    assert "李护士" in came.text
    assert await patient.post("好一点了") == []


async def test_a_case_whose_patient_left_cannot_be_claimed_any_more(
    li: Browser, waiting: int, patient: ChatPage
) -> None:
    page = (await li.get("/console")).text
    case, seen = hidden(page, "case"), hidden(page, "seen")
    await patient.post("#leave")
    gone = await li.do("claim", waiting, case=case, seen=seen)
    assert (gone.status_code, "已经不等了" in text_of(gone)) == (409, True)
    await patient.post("人工")
    again = await li.do("claim", waiting, case=case, seen=seen)
    assert again.status_code == 409, "it is another case than the one that was seen"


async def test_notices_speak_the_patients_language_and_script(
    li: Browser, waiting: int, patient: ChatPage
) -> None:
    await patient.post("請問怎麼預約掛號，我要轉人工")
    await li.claim(waiting)
    (came,) = await patient.news()
    assert "您服務了" in came.text


async def test_an_english_speaker_is_told_in_english(
    li: Browser, patient: ChatPage, number_of: NumberOf
) -> None:
    await patient.post("How much is parking?")
    await patient.post("talk to a person")
    await li.claim(await number_of(patient))
    (came,) = await patient.news()
    assert came.text == "李护士 is with you now."


async def test_the_note_is_there_for_the_next_colleague(
    li: Browser, wang: Browser, waiting: int, patient: ChatPage
) -> None:
    await li.claim(waiting)
    await li.open(waiting)
    await li.do("give-back", waiting, note="已改约周三下午")
    assert "已改约" not in repr(await patient.news())
    await patient.post("人工")
    assert "已改约周三下午" in text_of(await wang.open(waiting))


async def test_a_channel_that_pushes_is_woken_and_its_failures_are_listed(
    app: App, li: Browser, house: House
) -> None:
    """An answer that may not have arrived shows in the conversation and among the undelivered."""
    texts_sent = house.text
    (inbound,) = texts_sent.parse(HookRequest("main", "人工".encode()), "赵大爷")
    accepted = await app.turns.accept(inbound)
    await app.turns.answer(accepted, inbound.text)
    number = accepted.conversation_id
    await li.claim(number)
    while await app.delivery.drain():
        pass
    texts_sent.errors.append(Unknown("timed_out"))
    page = await li.open(number)
    assert "不知是否送达" not in text_of(page)
    await li.do("reply", number, text="您好，请带上身份证")
    await app.delivery.drain()
    assert "不知是否送达" in text_of(await li.open(number))
    letters = await li.get("/console/dead-letters")
    shown = text_of(letters)
    assert "timed_out" in shown
    assert "身份证" not in shown
    assert f"/console/conversations/{number}" in letters.text
    assert "1 条消息没有送达" in text_of(await li.get("/console"))
    assert "李护士来为您服务了" in texts_sent.sent[-1].worded.text


async def test_a_message_nobody_could_handle_is_a_dead_letter_without_its_words(
    app: App, li: Browser, private: int, clock: Clock
) -> None:
    def die(tx: Tx) -> None:
        with tx.session() as session:
            row = session.exec(select(Inbox).where(Inbox.conversation_id == private)).one()
            row.state, row.error = "dead", "RuntimeError"
            session.add(row)

    await app.engine.write(die)
    letters = await li.get("/console/dead-letters")
    shown = text_of(letters)
    assert "RuntimeError" in shown
    assert "停车" not in shown
    assert f"/console/conversations/{private}" in letters.text
    assert f"{clock().astimezone(app.settings.zone):%H:%M}" in shown


async def test_what_did_not_arrive_leaves_the_list_once_somebody_saw_to_it(
    app: App, li: Browser, house: House, audited: Audited
) -> None:
    """It says in words why; taking it off is audited, and needs no case: it shows nothing."""
    (inbound,) = house.text.parse(HookRequest("main", "你好".encode()), "钱大妈")
    accepted = await app.turns.accept(inbound)
    house.text.errors.append(Refused("bad number"))
    await app.turns.answer(accepted, inbound.text)
    while await app.delivery.drain():
        pass
    number = accepted.conversation_id
    page = await li.get("/console/dead-letters")
    assert "平台拒收了这条消息" in text_of(page)
    assert "The platform refused this message" in text_of(
        await li.get("/console/dead-letters?lang=en")
    )
    page = await li.get("/console/dead-letters?lang=zh-CN")
    side, message = hidden(page, "side"), hidden(page, "message")
    for _ in range(2):
        await li.do("seen", number, side=side, message=message)
    assert "平台拒收" not in text_of(await li.get("/console/dead-letters"))
    looks = [row for row in await audited() if row[1] == "undelivered.seen"]
    assert looks == [("staff:nurse.li", "undelivered.seen", number)]
    refused = await li.do("seen", number, side="elsewhere", message=message)
    assert refused.status_code == 400
