"""The console in a real browser, on a real server: what a nurse sees without pressing refresh."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.console.conftest import CHEST_PAIN, COLLEAGUES, PASSWORD
from tests.helpers.browser import CHROMIUM, QUIET, WATCH
from tests.helpers.live import ROOT, LiveServer

LIVE = re.compile("实时更新中|Live")
PAYLOAD = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@dataclass
class Patient:
    """Somebody with the chat page open, as its JSON API sees it."""

    url: str
    token: str = ""
    sent: int = 0

    def __post_init__(self) -> None:
        self.token = self._call("/webchat/sessions", {})["token"]

    def says(self, text: str) -> list[str]:
        self.sent += 1
        answer = self._call("/webchat/messages", {"id": f"m{self.sent}", "text": text})
        return [reply["kind"] for reply in answer["replies"]]

    def heard(self) -> list[tuple[str, str]]:
        replies = self._call("/webchat/messages?after=0")["replies"]
        return [(reply["kind"], reply["text"]) for reply in replies]

    def _call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)  # noqa: S310  (our own server)
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found


@dataclass
class Nurse:
    """Somebody at the console, and everything that went wrong in the browser."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(WATCH)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))

    def sign_in(self, username: str = "nurse.li") -> None:
        self.page.goto(f"{self.url}/console")
        self.page.get_by_label("用户名").fill(username)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.page.get_by_role("button", name="登录").click()
        expect(self.page.get_by_role("heading", name="等待接手")).to_be_visible()

    def is_live(self) -> None:
        expect(self.page.locator("#live")).to_have_text(LIVE)

    def well(self) -> None:
        """Fail when the page threw, asked for a dialog, or broke its security policy."""
        assert self.errors == []
        assert self.page.evaluate("window.violations") == []


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of our own, with everybody who works at the desk."""
    data = tmp_path_factory.mktemp("desk")
    environment = {**os.environ, "DAOYI_STAFF_PASSWORD": PASSWORD}
    for username, name, role in COLLEAGUES:
        who = [username, "--name", name, "--role", role, "--data", str(data)]
        add = [sys.executable, "-m", "bot", "staff", "add", *who]
        subprocess.run(add, cwd=ROOT, env=environment, check=True, capture_output=True)
    with LiveServer(data) as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def nurse(chromium: Browser, hospital: LiveServer) -> Iterator[Nurse]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    context.set_default_timeout(8000)
    nurse = Nurse(context.new_page(), hospital.url)
    yield nurse
    nurse.well()
    context.close()


def test_a_case_appears_is_claimed_answered_and_given_back(
    nurse: Nurse, hospital: LiveServer
) -> None:
    """Nobody presses refresh: the queue and the conversation keep themselves fresh."""
    nurse.sign_in()
    nurse.is_live()
    page, patient = nurse.page, Patient(hospital.url)
    patient.says("停车多少钱")
    patient.says("人工")
    expect(page.locator("section.open .case")).to_have_count(1)
    expect(page.locator("#alert")).to_have_text("有患者在等人工")
    expect(page).to_have_title(re.compile(r"^\(1\)"))
    page.get_by_role("button", name="接手").click()
    expect(page.get_by_text("您正在接待")).to_be_visible()
    nurse.is_live()
    assert patient.says(PAYLOAD) == [], "the bot is silent"
    expect(page.locator(".line.patient .said").last).to_have_text(PAYLOAD)
    box = page.get_by_label("回复患者")
    box.fill("您好，停车场24小时开放。")
    box.press("Control+Enter")
    expect(page.locator(".line.staff .said")).to_have_text(["您好，停车场24小时开放。"])
    expect(box).to_have_value("")
    assert ("staff", "您好，停车场24小时开放。") in patient.heard()
    page.get_by_label("处理结果").fill("已解答")
    page.get_by_role("button", name="结束并交还").click()
    expect(page.get_by_role("heading", name="最近结束")).to_be_visible()
    assert patient.heard()[-1][0] == "notice"
    assert patient.says("停车多少钱"), "the bot answers again"


def test_an_alarm_is_seen_wherever_the_nurse_is(nurse: Nurse, hospital: LiveServer) -> None:
    first, second = Patient(hospital.url), Patient(hospital.url)
    first.says("人工")
    nurse.sign_in()
    page = nurse.page
    page.get_by_role("button", name="接手").first.click()
    nurse.is_live()
    page.get_by_label("回复患者").fill("写了一半")
    second.says(CHEST_PAIN)
    expect(page.locator("#alert")).to_have_text("有新的紧急红旗，请马上查看")
    expect(page).to_have_title(re.compile("‼"))
    expect(page.get_by_label("回复患者")).to_have_value("写了一半")
    page.locator("#alert a").click()
    page.locator("section.flags").get_by_role("link", name="查看").first.click()
    page.get_by_role("button", name="我已看到").click()
    expect(page.get_by_role("heading", name="已确认的红旗")).to_be_visible()
    expect(page.locator(".flag-box")).to_have_count(0)


def test_what_is_typed_survives_a_broken_network(nurse: Nurse, hospital: LiveServer) -> None:
    patient = Patient(hospital.url)
    patient.says("人工")
    nurse.sign_in()
    page = nurse.page
    page.get_by_role("button", name="接手").first.click()
    nurse.is_live()
    page.context.set_offline(True)
    page.get_by_label("回复患者").fill("请稍等")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#trouble")).to_contain_text("没有发出去")
    expect(page.get_by_label("回复患者")).to_have_value("请稍等")
    page.context.set_offline(False)
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".line.staff .said")).to_have_text(["请稍等"])
    assert [said for said in patient.heard() if said[0] == "staff"] == [("staff", "请稍等")]


def test_it_works_without_any_script(chromium: Browser, hospital: LiveServer) -> None:
    patient = Patient(hospital.url)
    patient.says("人工")
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    context.set_default_timeout(8000)
    page = context.new_page()
    page.goto(f"{hospital.url}/console")
    page.get_by_label("用户名").fill("nurse.wang")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.locator("section.open").get_by_role("button", name="接手").first.click()
    page.get_by_label("回复患者").fill("您好")
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".line.staff .said")).to_have_text(["您好"])
    page.get_by_role("button", name="结束并交还").click()
    expect(page.get_by_role("heading", name="等待接手")).to_be_visible()
    assert ("staff", "您好") in patient.heard()
    context.close()


@pytest.mark.parametrize(
    ("width", "height"),
    [pytest.param(320, 568, id="small phone"), pytest.param(390, 780, id="phone")],
)
def test_on_a_phone_nothing_is_cut_off_and_buttons_fit_a_finger(
    chromium: Browser, hospital: LiveServer, width: int, height: int
) -> None:
    patient = Patient(hospital.url)
    patient.says("人工")
    context = chromium.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    context.set_default_timeout(8000)
    nurse = Nurse(context.new_page(), hospital.url)
    nurse.sign_in("nurse.wang")
    _fits(nurse.page)
    nurse.page.locator("section.open").get_by_role("button", name="接手").first.click()
    expect(nurse.page.get_by_text("您正在接待")).to_be_visible()
    _fits(nurse.page)
    nurse.well()
    context.close()


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
        "it scrolls sideways"
    )
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        if box is not None:
            assert box["height"] >= 43, button.inner_text()


def test_the_stream_carries_numbers_and_no_word_of_anybody(
    nurse: Nurse, hospital: LiveServer, tmp_path: Path
) -> None:
    patient = Patient(hospital.url)
    patient.says("人工")
    patient.says("我叫欧阳小暖")
    nurse.sign_in()
    first = nurse.page.evaluate(
        """() => new Promise((resolve) => {
            const source = new EventSource("/console/events");
            source.addEventListener("hint", (event) => { source.close(); resolve(event.data); });
        })"""
    )
    hint = json.loads(first)
    assert set(hint) == {"flags", "newest_flag", "open", "newest_case", "queue", "talk"}
    assert all(isinstance(v, int) or re.fullmatch(r"[0-9.]*", v) for v in hint.values())
    answer = nurse.page.request.get(f"{hospital.url}/console/assets/hints.js")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert tmp_path.exists()


def test_a_clinic_is_called_off_from_the_page_of_its_day(nurse: Nurse) -> None:
    """The form says how many are told and asks why; nothing is stopped before."""
    nurse.sign_in()
    page = nurse.page
    page.get_by_role("link", name="门诊与预约").click()
    page.get_by_role("link", name="后一天").click()
    first = page.locator(".case").first
    what = first.locator(".what").inner_text()
    first.get_by_role("link", name="停诊", exact=True).click()
    expect(page.get_by_text("有 0 位已约的患者")).to_be_visible()
    page.get_by_role("button", name="停诊并通知患者").click()
    expect(page.get_by_label("原因")).to_be_focused()  # required: the browser does not send it
    page.get_by_label("原因").fill("外出会诊")
    page.get_by_label("原因").press("Enter")
    expect(page.locator(".case", has_text="已停诊")).to_contain_text("外出会诊")
    assert what in page.locator(".case", has_text="已停诊").inner_text().replace("已停诊 ", "")
    page.set_viewport_size({"width": 360, "height": 700})
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
    page.get_by_role("button", name="恢复出诊").click()
    expect(page.get_by_text("已停诊")).to_have_count(0)


def test_reminders_and_their_rules_are_read_on_a_small_phone(
    chromium: Browser, hospital: LiveServer
) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 568}, locale="zh-CN")
    context.set_default_timeout(8000)
    nurse = Nurse(context.new_page(), hospital.url)
    nurse.sign_in()
    page = nurse.page
    page.get_by_role("link", name="提醒", exact=True).click()
    expect(page.get_by_role("heading", name="今后24小时要发的")).to_be_visible()
    _fits(page)
    page.get_by_label("状态").select_option("skipped")
    page.get_by_label("原因").select_option("moved")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_text("没有符合条件的提醒")).to_be_visible()
    expect(page.get_by_label("原因")).to_have_value("moved")
    page.get_by_role("link", name="提醒规则").click()
    rule = page.get_by_role("region", name=re.compile("就诊前一天"))
    expect(rule).to_contain_text("就诊前1天，最晚19:00")
    rule.get_by_text("看看会怎么写").click()
    expect(rule.get_by_text("就诊人：张**")).to_be_visible()
    _fits(page)
    page.get_by_role("link", name="待打电话").click()
    expect(page.get_by_text("现在没有因为提醒要打的电话")).to_be_visible()
    _fits(page)
    nurse.well()
    context.close()
