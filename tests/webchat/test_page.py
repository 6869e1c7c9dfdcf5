"""What a patient sees and does on the chat page, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.webchat.conftest import Patient
from tests.webchat.faulty_server import choice

DEPARTMENTS = choice("您想挂哪个科?", ("内科", "dept:1"), ("儿科", "dept:2"))
PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</p></article><iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    '"><svg onload=alert(1)>',
    "{{ 7*7 }}${alert(1)}`",
    "javascript:alert(1) https://evil.example/?<b>x</b>",
    "<a href=javascript:alert(1)>press</a>&lt;b&gt;\u202egnp.exe",
]


def test_a_question_is_answered_and_kept_for_the_next_visit(patient: Patient) -> None:
    patient.asked("门诊几点开")
    expect(patient.own).to_have_text(["门诊几点开"])
    expect(patient.bot).to_have_text(["收到:门诊几点开"])
    patient.page.reload()
    expect(patient.own).to_have_text(["门诊几点开"])
    expect(patient.bot).to_have_text(["收到:门诊几点开"])
    expect(patient.log.locator("time")).to_have_text([re.compile(r"^\d\d:\d\d$")] * 2)


def test_opening_the_page_stores_nothing_on_the_server(patient: Patient) -> None:
    patient.open()
    expect(patient.state).to_have_text("可以提问了")
    patient.page.evaluate("dispatchEvent(new Event('online'))")
    patient.page.wait_for_timeout(200)
    assert patient.hospital.sessions == 0


@pytest.mark.parametrize(
    ("lang", "program", "person", "said"),
    [
        pytest.param("zh-CN", "导医程序，不是医生", "转人工", "人工", id="zh-CN"),
        pytest.param("en", "guide program", "Talk to a person", "talk to a person", id="en"),
    ],
)
def test_it_says_what_it_is_and_a_person_is_one_press_away(
    patient: Patient, lang: str, program: str, person: str, said: str
) -> None:
    """The first line says it is a program; the emergency numbers are always there to be pressed."""
    patient.open(lang)
    expect(patient.log.locator("p").first).to_contain_text(program)
    expect(patient.log.locator("p").first).to_be_in_viewport()
    expect(patient.page.locator(".urgent a[href='tel:120']")).to_be_in_viewport()
    expect(patient.page.locator(".urgent a[href='tel:057155500120']")).to_be_in_viewport()
    patient.page.get_by_role("button", name=person).click()
    expect(patient.own).to_have_text([person])
    expect(patient.bot).to_have_text([f"收到:{said}"])
    assert patient.hospital.headers["accept-language"] == lang


def test_a_button_sends_its_value_and_shows_its_label(patient: Patient) -> None:
    patient.hospital.answers["挂号"] = [DEPARTMENTS]
    patient.asked("挂号")
    patient.page.get_by_role("button", name="儿科").click()
    expect(patient.own).to_have_text(["挂号", "儿科"])
    expect(patient.bot.last).to_have_text("收到:dept:2")


def test_buttons_of_older_messages_stay_but_are_marked(patient: Patient) -> None:
    patient.hospital.answers["挂号"] = [DEPARTMENTS]
    patient.asked("挂号")
    group = patient.log.get_by_role("group", name="可以直接选")
    expect(group.get_by_role("button")).to_have_count(2)
    patient.page.get_by_role("button", name="内科").click()
    old = patient.log.get_by_role("group", name="较早的选项")
    for _ in ("now", "after coming back"):
        expect(old.get_by_role("button")).to_have_text(["内科 (已选)", "儿科"])
        expect(patient.own).to_have_text(["挂号", "内科"])
        expect(patient.bot).to_have_count(2)
        patient.page.reload()
    old.get_by_role("button", name="儿科").click()
    expect(patient.bot.last).to_have_text("收到:dept:2")


def test_a_trembling_finger_presses_once(patient: Patient) -> None:
    patient.hospital.answers["挂号"] = [DEPARTMENTS]
    patient.asked("挂号")
    patient.page.get_by_role("button", name="内科").dblclick()
    expect(patient.bot).to_have_count(2)
    assert [text for _, text in patient.hospital.received] == ["挂号", "dept:1"]


def test_waiting_is_shown(patient: Patient) -> None:
    patient.hospital.delay = 0.4
    patient.open()
    patient.ask("您好")
    typing = patient.page.get_by_role("status").filter(has_text="正在为您查看")
    expect(typing).to_be_visible()
    expect(patient.bot).to_have_count(1)
    expect(typing).to_be_hidden()


def test_staff_and_reminders_arrive_unasked(patient: Patient) -> None:
    patient.asked()
    patient.hospital.push("您好，我是预约中心的。", "staff")
    patient.hospital.push("明天上午 9:30 复诊。", "reminder", (("会来", "1"), ("来不了", "2")))
    expect(patient.bot.nth(1)).to_have_text("您好，我是预约中心的。")
    expect(patient.page.locator(".message.staff .who")).to_have_text("工作人员")
    expect(patient.page.locator(".kind-reminder .who")).to_have_text("提醒")
    expect(patient.page.get_by_role("button", name="来不了")).to_be_visible()


def test_an_emergency_interrupts_and_can_be_called(patient: Patient) -> None:
    patient.hospital.answers["胸口痛"] = [{"text": "请马上拨打 120。", "kind": "emergency"}]
    patient.asked("胸口痛")
    alert = patient.page.get_by_role("alert")
    expect(alert).to_contain_text("请马上拨打 120。")
    expect(alert.get_by_role("link", name="拨打 120")).to_have_attribute("href", "tel:120")


def test_text_stays_text(patient: Patient) -> None:
    """Whoever wrote it, nothing in a message becomes a node, a link or a script."""
    patient.open()
    for number, payload in enumerate(PAYLOADS):
        patient.hospital.answers[payload] = [choice(payload, (payload, payload))]
        patient.ask(payload)
        expect(patient.bot).to_have_count(2 * number + 1)
        patient.hospital.push(payload, "staff")
        expect(patient.bot).to_have_count(2 * number + 2)
    for _ in ("live", "from history"):
        said = patient.page.locator(".message .text")
        assert said.all_inner_texts() == [payload for payload in PAYLOADS for _ in range(3)]
        assert patient.log.locator(".message .text *, .message .choice :not(.unseen)").count() == 0
        assert (
            patient.page.locator("iframe, svg, img, body script, [onload], [onerror]").count() == 0
        )
        assert patient.blocked() == []
        patient.page.reload()
        expect(patient.bot).to_have_count(2 * len(PAYLOADS))


def test_only_phone_numbers_and_listed_hosts_become_links(patient: Patient) -> None:
    said = (
        "请打 0571-5550 0100 或拨打120。挂号费 120 元,单号 12001380013800,3 月 1 日 09:30。"
        "见 https://hospital.example/map?a=1 ,不要点 http://evil.example/ "
        "或 https://hospital.example@evil.example/ 。\n第二行"
    )
    patient.hospital.answers["电话"] = [{"text": said}]
    patient.asked("电话")
    links = patient.bot.first.get_by_role("link")
    expect(links).to_have_text(["0571-5550 0100", "120", "https://hospital.example/map?a=1"])
    expect(links.first).to_have_attribute("href", "tel:057155500100")
    expect(links.last).to_have_attribute("rel", "noopener noreferrer")
    assert patient.bot.first.inner_text() == said


def test_patient_and_staff_text_has_no_links(patient: Patient) -> None:
    patient.asked("我的电话 13800138000 https://hospital.example/")
    patient.hospital.push("请打 0571-5550 0100", "staff")
    expect(patient.page.locator(".staff .text")).to_have_count(1)
    expect(patient.page.locator(".staff a, .patient a")).to_have_count(0)


def test_enter_sends_but_not_while_a_word_is_composed(patient: Patient) -> None:
    patient.open()
    patient.box.fill("ni hao")
    for composing in ({"isComposing": True}, {"keyCode": 229}):
        patient.box.dispatch_event("keydown", {"key": "Enter", "bubbles": True, **composing})
    expect(patient.box).to_have_value("ni hao")
    patient.box.press("Shift+Enter")
    patient.box.press_sequentially("x")
    expect(patient.box).to_have_value("ni hao\nx")
    patient.box.press("Enter")
    expect(patient.box).to_have_value("")
    expect(patient.own).to_have_text(["ni hao\nx"])


def test_two_thousand_characters_are_the_limit(patient: Patient) -> None:
    patient.open()
    count = patient.page.locator("#count")
    patient.box.fill("痛" * 1800)
    expect(count).to_have_text("")
    patient.box.fill("痛" * 2001)
    expect(count).to_have_text("多了 1 字，请删短一些再发")
    patient.box.press("Enter")
    expect(patient.own).to_have_count(0)
    patient.box.fill("😷" * 2000)
    expect(count).to_have_text("还能写 0 字")
    patient.box.press("Enter")
    expect(patient.bot).to_have_count(1)
    assert [len(text) for _, text in patient.hospital.received] == [2000]


def test_blank_messages_are_not_sent(patient: Patient) -> None:
    patient.open()
    patient.ask(" \n ")
    patient.ask("真的")
    expect(patient.bot).to_have_count(1)
    assert [text for _, text in patient.hospital.received] == ["真的"]


def test_changing_the_language_keeps_the_conversation_and_the_draft(patient: Patient) -> None:
    patient.asked("您好")
    patient.box.fill("写到一半")
    patient.page.get_by_role("link", name="English").click()
    expect(patient.page).to_have_title(re.compile("^Help desk"))
    expect(patient.page.locator("html")).to_have_attribute("lang", "en")
    expect(patient.own).to_have_text(["您好"])
    expect(patient.box).to_have_value("写到一半")


def test_a_shared_device_can_forget(patient: Patient) -> None:
    patient.asked("我的事")
    patient.page.get_by_role("button", name="清除这台设备上的对话").click()
    patient.page.get_by_role("button", name="再点一次，确认清除").click()
    expect(patient.own).to_have_count(0)
    assert (
        patient.page.evaluate(
            "localStorage.length + Number(!!sessionStorage['daoyi.webchat.draft'])"
        )
        == 0
    )


def test_reading_older_messages_is_not_disturbed(patient: Patient) -> None:
    patient.hospital.answers["长"] = [{"text": "一行\n" * 60}]
    patient.asked("长")
    expect(patient.bot.first).to_be_in_viewport()
    before = patient.page.evaluate("document.getElementById('scroll').scrollTop")
    patient.hospital.push("新的", "staff")
    newer = patient.page.get_by_role("button", name="有新消息")
    expect(newer).to_be_visible()
    assert patient.page.evaluate("document.getElementById('scroll').scrollTop") == before
    newer.click()
    expect(patient.bot.last).to_be_in_viewport()
    expect(newer).to_be_hidden()
