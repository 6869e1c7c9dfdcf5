"""The chat page when the network, the server or the session fails: nothing lost, nothing twice."""

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.webchat.conftest import Patient
from tests.webchat.faulty_server import Hospital

CALL = {"text": "请马上拨打 120。", "kind": "emergency", "id": "0", "buttons": []}


def texts(hospital: Hospital) -> list[str]:
    return [text for _, text in hospital.received]


def test_a_reply_that_comes_twice_is_shown_once(patient: Patient) -> None:
    patient.asked("一")
    patient.ask("二")
    expect(patient.bot).to_have_text(["收到:一", "收到:二"])
    patient.hospital.push("完", "staff")
    expect(patient.bot).to_have_text(["收到:一", "收到:二", "完"])


def test_a_cut_stream_loses_nothing_and_repeats_nothing(patient: Patient) -> None:
    patient.asked()
    for round_ in range(2):
        streams = patient.hospital.streams
        patient.hospital.cut_streams()
        patient.hospital.push(f"断线时 {round_}")
        expect(patient.bot.last).to_have_text(f"断线时 {round_}")
        patient.wait_connected()
        patient.hospital.push(f"重连后 {round_}")
        expect(patient.bot.last).to_have_text(f"重连后 {round_}")
        assert patient.hospital.streams == streams + 1
    expect(patient.bot).to_have_text(["收到:您好", "断线时 0", "重连后 0", "断线时 1", "重连后 1"])


def test_an_answer_that_overtakes_the_stream_hides_nothing(patient: Patient) -> None:
    """A POST's answer never moves the place the stream is read from."""
    patient.asked("一")
    patient.hospital.muted = True  # the stream is open and brings nothing
    patient.hospital.push("在路上")
    patient.ask("二")
    expect(patient.bot).to_have_text(["收到:一", "收到:二"])
    patient.hospital.cut_streams()
    expect(patient.bot).to_have_text(["收到:一", "在路上", "收到:二"])


def test_written_offline_is_sent_once_in_order_when_back(
    patient: Patient, context: BrowserContext
) -> None:
    patient.asked("零")
    context.set_offline(True)
    expect(patient.state).to_contain_text("没有网络")
    patient.ask("一")
    patient.ask("二")
    expect(patient.page.locator(".message.unsent")).to_have_count(2)
    assert texts(patient.hospital) == ["零"]
    context.set_offline(False)
    expect(patient.bot).to_have_text(["收到:零", "收到:一", "收到:二"])
    expect(patient.page.locator(".message.unsent")).to_have_count(0)
    patient.wait_connected()
    assert texts(patient.hospital) == ["零", "一", "二"]


def test_unsent_messages_outlive_the_page(patient: Patient) -> None:
    patient.open()
    patient.hospital.fail(500, times=2)
    patient.ask("别丢")
    expect(patient.page.locator(".delivery")).to_have_text("还没发出，会自动重发")
    patient.page.reload()
    expect(patient.own).to_have_text(["别丢"])
    expect(patient.bot).to_have_text(["收到:别丢"])
    patient.page.reload()
    expect(patient.own).to_have_text(["别丢"])
    assert len({message_id for message_id, _ in patient.hospital.attempts}) == 1


def test_a_lost_answer_is_asked_for_again_with_the_same_id(patient: Patient) -> None:
    patient.open()
    patient.hospital.fail(502, store=True)
    patient.ask("预约")
    expect(patient.page.locator(".unsent")).to_have_count(0)
    expect(patient.bot).to_have_text(["收到:预约"])
    first, second = patient.hospital.attempts
    assert first == second
    assert texts(patient.hospital) == ["预约"]


def test_messages_wait_their_turn(patient: Patient) -> None:
    patient.open()
    patient.hospital.fail(503, times=2)
    for text in "一二三":
        patient.ask(text)
    expect(patient.bot).to_have_count(3)
    assert texts(patient.hospital) == ["一", "二", "三"]


def test_an_emergency_is_shown_while_nothing_can_be_stored(patient: Patient) -> None:
    patient.hospital.answers["胸口痛"] = [CALL]
    patient.hospital.fail(503, times=2, error="系统正忙。", replies=(CALL,))
    patient.open()
    patient.ask("胸口痛")
    expect(patient.page.get_by_role("alert")).to_contain_text("请马上拨打 120。")
    expect(patient.state).to_contain_text("系统正忙。")
    expect(patient.page.locator(".unsent")).to_have_count(0)
    expect(patient.page.get_by_role("alert")).to_have_count(1)
    assert texts(patient.hospital) == ["胸口痛"]
    patient.page.reload()
    expect(patient.bot).to_have_text(["请马上拨打 120。"])


def test_a_cry_for_help_does_not_queue_behind_a_message_that_fails(patient: Patient) -> None:
    patient.open()
    patient.hospital.fail(503, times=3)
    patient.hospital.fail(503, times=1, replies=(CALL,))
    patient.ask("您好")
    expect(patient.page.locator(".unsent")).to_have_count(1)
    patient.ask("胸口痛")
    expect(patient.page.get_by_role("alert")).to_contain_text("请马上拨打 120。")
    expect(patient.bot).to_have_count(3, timeout=15000)
    assert texts(patient.hospital) == ["您好", "胸口痛"]


def test_too_many_messages_wait_as_long_as_asked(patient: Patient) -> None:
    patient.open()
    patient.hospital.fail(429, error="请慢一点。", retry_after=2)
    patient.ask("一")
    expect(patient.state).to_have_text(re.compile(r"请慢一点。 有 1 条消息还没发出，约 2 秒"))
    patient.page.wait_for_timeout(1200)
    assert len(patient.hospital.attempts) == 1
    expect(patient.bot).to_have_text(["收到:一"])


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_message_says_why_and_can_be_edited(patient: Patient, status: int) -> None:
    patient.open()
    patient.hospital.fail(status, error="消息里有不能用的字符。")
    patient.ask("坏的")
    expect(patient.page.locator(".delivery")).to_contain_text("消息里有不能用的字符。")
    patient.ask("好的")
    expect(patient.bot).to_have_text(["收到:好的"])
    patient.page.get_by_role("button", name="改一改再发").click()
    expect(patient.box).to_have_value("坏的")
    expect(patient.own).to_have_text(["好的"])


def test_a_sentence_in_another_language_is_not_shown(patient: Patient) -> None:
    patient.open()
    patient.hospital.fail(400, error="text: must say something", language="en")
    patient.ask("坏的")
    expect(patient.page.locator(".delivery")).to_contain_text("没能送出，请改一改再发")


def test_an_emergency_is_shown_each_time_though_it_was_not_stored(patient: Patient) -> None:
    """A reply that could not be stored has no id of its own: the next one is another."""
    patient.open()
    for count in (1, 2):
        patient.hospital.fail(200, replies=(CALL,))
        patient.ask("胸口痛")
        expect(patient.page.get_by_role("alert")).to_have_count(count)


def test_an_unknown_session_is_replaced_and_the_message_kept(patient: Patient) -> None:
    """Reply ids begin again with the new session, and are not taken for old ones."""
    patient.asked("之前")
    patient.hospital.forget_everyone()
    patient.ask("之后")
    expect(patient.bot).to_have_text(["收到:之前", "收到:之后"])
    expect(patient.page.locator(".aside")).to_have_count(1)
    patient.wait_connected()
    patient.hospital.push("还在", "staff")
    expect(patient.bot.last).to_have_text("还在")
    assert texts(patient.hospital) == ["之前", "之后"]
    assert patient.hospital.sessions == 2


def test_an_unknown_session_is_replaced_on_load(patient: Patient) -> None:
    patient.asked("之前")
    patient.hospital.forget_everyone()
    patient.page.reload()
    patient.wait_connected()
    patient.ask("之后")
    expect(patient.bot).to_have_text(["收到:之后"])
    assert patient.hospital.sessions == 2


def test_broken_storage_does_not_break_the_page(patient: Patient) -> None:
    patient.page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new Error('refused'); } });"
    )
    patient.asked("您好")
    expect(patient.bot).to_have_text(["收到:您好"])
