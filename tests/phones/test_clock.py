"""The clock of the simulated phones: only forward, remembered, and everything in its own time."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from bench.phones.clock import DemoClock
from tests.helpers.live import LiveServer
from tests.phones.conftest import Trial
from tests.phones.drive import Message, OnPhone, Phones

SHANGHAI = ZoneInfo("Asia/Shanghai")
PATIENCE = 60_000
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
DAY = r"(\d\d?)月(\d\d?)日周. (\d\d:\d\d)–\d\d:\d\d"


# ---- the clock alone


def test_it_goes_on_from_where_it_was_put(tmp_path: Path) -> None:
    now = [AT]
    clock = DemoClock(lambda: now[0], tmp_path)
    assert clock() == AT
    clock.forward(AT + timedelta(days=2))
    now[0] += timedelta(minutes=1)
    assert clock() == AT + timedelta(days=2, minutes=1)


def test_it_never_goes_back(tmp_path: Path) -> None:
    clock = DemoClock(lambda: AT, tmp_path)
    clock.forward(AT + timedelta(hours=3))
    clock.forward(AT + timedelta(hours=1))
    assert clock() == AT + timedelta(hours=3)


def test_it_is_remembered_beside_the_data(tmp_path: Path) -> None:
    DemoClock(lambda: AT, tmp_path).forward(AT + timedelta(days=30))
    assert DemoClock(lambda: AT, tmp_path)() == AT + timedelta(days=30)


@pytest.mark.parametrize("written", ["", "nonsense", "-5", "nan", "1e300"])
def test_what_cannot_be_read_is_no_lead(tmp_path: Path, written: str) -> None:
    (tmp_path / "demo-clock").write_text(written, "ascii")
    assert DemoClock(lambda: AT, tmp_path)() == AT


# ---- on the real server


@pytest.fixture
def phones(live_server: LiveServer) -> Iterator[Phones]:
    with httpx.Client(base_url=live_server.url, timeout=60) as http:
        yield Phones(http)


def wednesday_after(days: int = 1) -> datetime:
    """Return the first Wednesday at least so many days ahead, where the hospital is."""
    day = datetime.now(SHANGHAI) + timedelta(days=days)  # noqa: TID251  (the server's clock is real)
    while day.weekday() != 2:
        day += timedelta(days=1)
    return day


def booked(phone: OnPhone) -> datetime:
    """Book on a phone; return when the visit is."""
    day = wednesday_after(3)
    phone.ask(f"给我妈挂李明远{day.month}月{day.day}日上午的号")
    phone.ask("妈妈 李桂兰 110101196003074588")
    return visit_in(phone.ask("1"))


def visit_in(messages: list[Message]) -> datetime:
    """Return the one visit that messages speak of, in the hospital's time."""
    text = "\n".join(message["text"] for message in messages)
    found = re.search(rf"时间：{DAY}", text) or re.search(rf"：{DAY}", text)
    assert found, text
    month, day, clock = int(found[1]), int(found[2]), time.strptime(found[3], "%H:%M")
    near = wednesday_after(0)
    year = near.year + (month < near.month)
    return datetime(year, month, day, clock.tm_hour, clock.tm_min, tzinfo=SHANGHAI)


def heard(phones: Phones, name: str, after: int) -> list[Message]:
    return phones.said(name)[after:]


def shown_at(message: Message) -> datetime:
    return datetime.fromtimestamp(message["at"], SHANGHAI)


def local(state: dict[str, str]) -> datetime:
    return datetime.fromisoformat(state["now"]).astimezone(SHANGHAI)


def test_she_books_moves_and_never_hears_of_the_old_time(phones: Phones) -> None:
    """The promise of reminders, on a phone, in minutes for days."""
    wechat = OnPhone(phones, "wechat")
    first = booked(wechat)
    told: list[Message] = []

    def next_reminder() -> list[Message]:
        phones.forward("next")
        new = heard(phones, "wechat", wechat.seen)
        wechat.seen += len(new)
        told.extend(new)
        return new

    (reminder,) = next_reminder()
    assert f"{first.month}月{first.day}日" in reminder["text"]
    assert shown_at(reminder).time() >= datetime(2026, 1, 1, 8).time(), "not at night"  # noqa: DTZ001
    assert shown_at(reminder) < first - timedelta(hours=12)
    before = len(told)
    thursday = first + timedelta(days=1)
    wechat.ask(f"改到{thursday.month}月{thursday.day}日下午")
    wechat.ask("1")
    moved = visit_in(wechat.ask("1"))
    assert moved.date() == thursday.date()
    phones.forward("to", (moved + timedelta(hours=3)).replace(tzinfo=None).isoformat())
    later = heard(phones, "wechat", wechat.seen)
    about_visits = [m for m in later if "就诊" in m["text"]]
    assert about_visits, "the new time is told of"
    old = re.compile(rf"{first.month}月{first.day}日周.\s*{first:%H:%M}|{first:%H:%M}–")
    assert [m["text"] for m in later if old.search(m["text"])] == []
    assert all(shown_at(m) < moved for m in about_visits)
    assert len(told) == before


def test_holds_run_out_on_the_way(phones: Phones) -> None:
    wechat = OnPhone(phones, "wechat")
    day = wednesday_after(3)
    wechat.ask(f"给我妈挂李明远{day.month}月{day.day}日上午的号")
    phones.forward("hour")
    said = wechat.ask("我的预约")
    assert "已约好" not in "\n".join(message["text"] for message in said)


def test_what_cannot_be_is_refused_in_a_word(phones: Phones) -> None:
    url = f"/phones/api/{phones.visit}/clock"
    for body, word in (
        ({"action": "next"}, "nothing"),
        ({"action": "to", "to": "2001-01-01T08:00"}, "out_of_range"),
        ({"action": "to", "to": "2999-01-01T08:00"}, "out_of_range"),
        ({"action": "to", "to": "soon"}, "unreadable"),
        ({"action": "back"}, "unreadable"),
        ({}, "unreadable"),
    ):
        answer = phones.http.post(url, json=body)
        assert (answer.status_code, answer.json()) == (422, {"error": word}), body
    assert phones.http.post("/phones/api/nobody/clock", json={}).status_code == 404
    assert phones.http.post(url, content="{").status_code == 400


def test_it_goes_on_after_a_restart(live_server: LiveServer) -> None:
    with httpx.Client(base_url=live_server.url, timeout=60) as http:
        before = local(Phones(http).forward("day"))
    live_server.stop()
    live_server.start()
    with httpx.Client(base_url=live_server.url, timeout=60) as http:
        phones = Phones(http)
        phones.states()
        assert local(phones.time) >= before


# ---- in a browser


@pytest.fixture
def trial(live_server: LiveServer, context: BrowserContext) -> Iterator[Trial]:
    trial = Trial(context.new_page(), live_server.url).open()
    yield trial
    trial.check()


def test_to_the_next_reminder_by_a_button(trial: Trial) -> None:
    """The page shows the demonstration's time, and beside each message when it came."""
    page, phone = trial.page, trial.phone("wechat")
    expect(page.locator("#now")).to_have_text(re.compile(r"\d\d:\d\d"))
    page.get_by_role("button", name="到下一条提醒").click()
    expect(page.locator("#state")).to_contain_text("还没有排好的提醒", timeout=PATIENCE)
    day = wednesday_after(3)
    for said, answer in (
        (f"给我妈挂李明远{day.month}月{day.day}日上午的号", "留号"),
        ("妈妈 李桂兰 110101196003074588", "请核对"),
        ("1", "约好了"),
    ):
        phone.write(said)
        expect(phone.said.last).to_contain_text(answer, timeout=PATIENCE)
    page.get_by_role("button", name="到下一条提醒").click()
    expect(phone.said.last).to_contain_text("提醒您", timeout=PATIENCE)
    expect(page.locator("#ahead")).to_contain_text("比真实时间快", timeout=PATIENCE)
    expect(phone.station.locator(".said.hospital .at").last).to_have_text(
        re.compile(r"0[89]:\d\d|1\d:\d\d|20:\d\d")
    )
    page.get_by_role("button", name="＋1小时").click()
    expect(page.locator("#state")).to_have_text("时间到了。", timeout=PATIENCE)
