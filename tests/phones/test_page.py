"""What somebody in front of the three phones sees and does, in a real browser."""

import json
import re

import httpx
import pytest
from playwright.sync_api import Browser, expect

from bench.phones.desk import Known
from bench.phones.stage import FAULTS
from tests.phones.conftest import NAMES, TEMPLATES, Bench, Trial, serving
from tests.webchat.test_page_looks import CONTRASTS

PAGE = TEMPLATES / "phones"
PAYLOADS = ["<img src=x onerror=alert(1)>", "{{ 7*7 }}", '"><svg onload=alert(1)>', "a\u202eb"]
# Wider than the window, or less than a fingertip high or wide.
MISFITS = """
() => [
  ...[document.documentElement,
      ...document.querySelectorAll(".glass, .screen, .app-bar, .writing, .menu")]
    .filter((node) => node.scrollWidth > Math.min(innerWidth, node.clientWidth + 1))
    .map((node) => `${node.className || node.tagName} is ${node.scrollWidth} wide`),
  ...[...document.querySelectorAll("button, .fault, .text, summary")]
    .filter((node) => node.checkVisibility())
    .filter((node) => Math.min(node.offsetWidth, node.offsetHeight) < 40)
    .map((node) => `${node.textContent.trim()} is ${node.offsetWidth} by ${node.offsetHeight}`),
]
"""


def test_each_phone_writes_to_its_own_platform(trial: Trial, bench: Bench) -> None:
    trial.open()
    for phone in trial.all():
        phone.write(f"在{phone.name}上")
        expect(phone.said).to_have_text([f"收到:在{phone.name}上"])
        expect(phone.own).to_have_text([f"在{phone.name}上"])
    for name in NAMES:
        assert [text for _, text in bench.platforms[name].said] == [f"在{name}上"]


def test_one_line_goes_to_all_three(trial: Trial) -> None:
    trial.open().ask_all("门诊几点开")
    for phone in trial.all():
        expect(phone.said).to_have_text(["收到:门诊几点开"])


def test_it_says_how_a_message_came(trial: Trial) -> None:
    trial.open().ask_all("您好")
    expect(trial.phone("wechat").notes).to_have_text([re.compile("被动回复")])
    expect(trial.phone("sms").notes).to_have_text(["2 条短信，UCS-2"])


def test_a_button_under_a_message_sends_its_value(trial: Trial) -> None:
    phone = trial.open().phone("telegram")
    phone.write("您好")
    phone.taps.get_by_text("停车多少钱").click()
    expect(phone.own).to_have_text(["您好", "2"])


def test_the_menu_opens_and_sends(trial: Trial) -> None:
    phone = trial.open().phone("wechat")
    entry = phone.station.get_by_role("button", name="改期")
    expect(entry).to_be_hidden()
    phone.station.locator(".menu summary").focus()
    trial.page.keyboard.press("Enter")
    expect(entry).to_be_visible()
    trial.page.keyboard.press("Escape")
    expect(entry).to_be_hidden()
    phone.station.locator(".menu summary").click()
    entry.click()
    expect(entry).to_be_hidden()
    expect(phone.own).to_have_text(["我想改期"])
    phone.station.get_by_role("button", name="转人工").click()
    expect(phone.own).to_have_text(["我想改期", "人工"])


def test_only_what_a_platform_can_do_is_offered(trial: Trial) -> None:
    phone = trial.open().phone("wechat")
    expect(phone.station.get_by_role("button", name="关注", exact=True)).to_be_visible()
    expect(phone.station.get_by_role("button", name="发一张照片")).to_be_hidden()
    phone.station.get_by_role("button", name="关注", exact=True).click()
    expect(phone.station.locator(".said.platform .words")).to_have_text(["followed"])


def test_a_fault_is_switched_on_and_off(trial: Trial, bench: Bench) -> None:
    trial.open()
    for phone in trial.all():
        faults = bench.platforms[phone.name].faults
        for fault in FAULTS:
            phone.switch(fault)
            expect(phone.station.locator(f"#{phone.name}-{fault}")).to_be_visible()
        trial.page.wait_for_timeout(300)
        assert all(getattr(faults, fault) for fault in FAULTS)
        phone.switch("blocked", on=False)
        trial.page.wait_for_timeout(300)
        assert not faults.blocked


def test_a_switch_of_somebody_else_is_seen(trial: Trial, bench: Bench) -> None:
    phone = trial.open().phone("sms")
    bench.platforms["sms"].faults.gateway_dead = True
    expect(phone.station.locator("input[name=gateway_dead]")).to_be_checked()


def test_the_wire_is_shown(trial: Trial) -> None:
    phone = trial.open().phone("wechat")
    patient = phone.station.locator(".patient-id").inner_text().rpartition("：")[2]
    expect(phone.wire).to_have_text(["还没有动静。"])
    httpx.post(f"{trial.url}/hooks/wechat/demo?signature=s3cret&openid={patient}")
    send = {"to": patient, "answer": {"errcode": 40001, "errmsg": "invalid credential"}}
    httpx.post(f"{trial.url}/standins/key/wechat/send?access_token=s3cret", json=send)
    expect(phone.wire).to_have_count(2)
    expect(phone.wire.first).to_contain_text("→平台发给医院: POST /hooks/wechat/demo 200")
    expect(phone.wire.last).to_contain_text(
        "←医院调用平台: POST /send 200 · 40001 invalid credential"
    )
    assert "s3cret" not in phone.station.inner_text()
    expect(trial.phone("sms").wire).to_have_text(["还没有动静。"])
    outside = httpx.post(f"{trial.url}/standins/other/wechat/send", json=send)
    assert outside.status_code == 404


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        pytest.param({"known": False}, "还没有收到过", id="nobody"),
        pytest.param({"unreachable": True}, "已标记为“联系不上”", id="unreachable"),
        pytest.param({"holder": "desk"}, "在等工作人员", id="waits-for-a-person"),
        pytest.param({"ready": 2}, "2 条待送", id="to-be-tried-again"),
        pytest.param({"unknown": 1}, "1 条不知是否送达", id="unknown"),
        pytest.param({"waiting": 3}, "3 条等患者再来消息", id="waiting"),
        pytest.param({"failed": 1}, "1 条没能送达", id="failed"),
    ],
)
def test_what_the_hospital_knows_is_said(
    trial: Trial, bench: Bench, known: dict[str, str | int | bool], sentence: str
) -> None:
    usual: Known = {
        "known": True,
        "holder": "bot",
        "unreachable": False,
        "opted_out": False,
        "ready": 0,
    }
    bench.known = {**usual, "sent": 1, "waiting": 0, "failed": 0, "unknown": 0, **known}
    expect(trial.open().phone("sms").desk).to_contain_text(sentence)


def test_a_new_patient_starts_with_an_empty_screen(trial: Trial, bench: Bench) -> None:
    phone = trial.open().phone("sms")
    phone.write("一")
    expect(phone.said).to_have_count(1)
    phone.reset()
    expect(phone.said).to_have_count(0)
    phone.write("二")
    expect(phone.said).to_have_text(["收到:二"])
    assert len({user for user, _ in bench.platforms["sms"].said}) == 2


def test_the_conversation_is_there_after_a_reload(trial: Trial) -> None:
    trial.open().ask_all("您好")
    expect(trial.phone("sms").said).to_have_count(1)
    trial.page.reload()
    for phone in trial.all():
        expect(phone.said).to_have_text(["收到:您好"])


def test_text_stays_text(trial: Trial) -> None:
    phone = trial.open().phone("telegram")
    for payload in PAYLOADS:
        phone.write(payload)
    expect(phone.own).to_have_text(PAYLOADS)
    assert phone.station.locator(".words *").count() == 0


def test_keys_reach_everything(trial: Trial) -> None:
    trial.open().phone("telegram").write("您好")
    expect(trial.phone("telegram").taps).to_have_count(2)
    trial.page.locator("#telegram .app-bar button").first.focus()
    reached = []
    for _ in range(14):
        trial.page.keyboard.press("Tab")
        reached.append(
            trial.page.evaluate(
                "document.activeElement.name || document.activeElement.className"
                " || document.activeElement.tagName"
            )
        )
    assert reached == [
        "screen", "tap", "tap", "text", "send", "plain reset", *FAULTS, "SUMMARY",
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("lang", "width"), [("zh-CN", 1360), ("en", 800), ("en", 320)])
def test_every_word_is_readable_and_nothing_is_cut_off(
    browser: Browser, bench: Bench, lang: str, width: int, scheme: str
) -> None:
    screen = {"width": width, "height": 800}
    context = browser.new_context(viewport=screen, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    with serving(bench.phones) as url:
        trial = Trial(context.new_page(), url).open(lang)
        trial.ask_all("x" * 300)
        trial.phone("wechat").station.get_by_role(
            "button", name=re.compile("关注|Follow")
        ).first.click()
        for phone in trial.all():
            phone.switch("blocked")
            expect(phone.said).to_have_count(1)
        assert trial.page.evaluate(MISFITS) == []
        words = trial.page.evaluate(CONTRASTS)
        assert [word for word in words if word[0] < 4.5] == []
        trial.check()
        context.close()


def test_both_languages_have_every_word_the_page_uses() -> None:
    words = {
        lang: json.loads((PAGE / "words" / f"{lang}.json").read_text("utf-8"))
        for lang in ("zh-CN", "en")
    }
    assert words["zh-CN"].keys() == words["en"].keys()
    for key, sentence in words["zh-CN"].items():
        places = [
            sorted(re.findall(r"\{\w+\}", str(each))) for each in (sentence, words["en"][key])
        ]
        assert places[0] == places[1], key


def test_the_page_has_no_inline_script_style_or_markup_sink() -> None:
    template = (PAGE / "page.html.j2").read_text("utf-8")
    assert not re.search(
        r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|\|\s*safe|https?://", template
    )
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
    )
    assert [path.name for path in PAGE.glob("*.js") if sinks.search(path.read_text("utf-8"))] == []


def test_every_module_is_fetched_at_once(trial: Trial) -> None:
    trial.open()
    links = trial.page.locator("link[rel=modulepreload]")
    named = links.evaluate_all("(nodes) => nodes.map((node) => node.href.split('/').pop())")
    assert sorted([*named, "phones.js"]) == sorted(path.name for path in PAGE.glob("*.js"))
