"""The three phones in a browser, on the real server: what an operator tries first."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.helpers.live import LiveServer
from tests.phones.conftest import NAMES, Trial

PATIENCE = 30_000


@pytest.fixture
def trial(live_server: LiveServer, context: BrowserContext) -> Iterator[Trial]:
    trial = Trial(context.new_page(), live_server.url).open()
    yield trial
    trial.check()


def test_three_steps_by_tapping_where_there_are_buttons(trial: Trial) -> None:
    """Ambiguous → candidates → the second → a person; on SMS and WeChat by digits."""
    expect(trial.page.locator("#state")).to_have_text("三部手机已接通。")
    trial.ask_all("费用")
    for phone in trial.all():
        expect(phone.said.last).to_contain_text("您想问的是下面哪一项", timeout=PATIENCE)
    expect(trial.phone("sms").said.last).to_contain_text("2 缴费窗口在哪")
    expect(trial.phone("sms").notes.last).to_contain_text("条短信")
    trial.phone("telegram").taps.get_by_text("2 缴费窗口在哪").click()
    for name in ("wechat", "sms"):
        trial.phone(name).write("第二个")
    for phone in trial.all():
        expect(phone.said.last).to_contain_text("收费窗口", timeout=PATIENCE)
    for name in ("telegram", "wechat", "sms"):
        trial.phone(name).write("0")
    for phone in trial.all():
        expect(phone.desk).to_contain_text("在等工作人员", timeout=PATIENCE)


def test_the_menu_is_the_hospitals_and_answers(trial: Trial) -> None:
    for name in ("wechat", "telegram"):
        phone = trial.phone(name)
        phone.station.locator(".menu summary").first.click(timeout=PATIENCE)
        phone.station.locator(".submenu-items .choice").first.click()
        expect(phone.said.first).to_be_visible(timeout=PATIENCE)


def test_a_dead_gateway_in_front_of_ones_eyes(trial: Trial) -> None:
    phone = trial.phone("sms")
    phone.switch("gateway_dead")
    try:
        phone.write("停车多少钱")
        expect(phone.desk).to_contain_text("待送", timeout=PATIENCE)
        expect(phone.station.locator(".passed .bad").last).to_contain_text("503", timeout=PATIENCE)
        expect(phone.said).to_have_count(0)
    finally:
        phone.switch("gateway_dead", on=False)
    expect(phone.said.last).to_contain_text("每小时4元", timeout=PATIENCE)


@pytest.mark.parametrize("name", NAMES)
def test_somebody_new_is_greeted_anew(trial: Trial, name: str) -> None:
    phone = trial.phone(name)
    phone.write("您好")
    expect(phone.said.first).to_contain_text("不是医生", timeout=PATIENCE)
    phone.reset()
    expect(phone.said).to_have_count(0)
    expect(phone.desk).to_contain_text("还没有收到过")
