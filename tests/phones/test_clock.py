"""The clock of the simulated phones: only forward, remembered, and everything in its own time."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
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
_NUMBERS = count(458)
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


# ---- on a real server of its own: everybody else's must not be put forward


@pytest.fixture(scope="module")
def server(new_data: Callable[[], Path]) -> Iterator[LiveServer]:
    with LiveServer(new_data()) as server:
        yield server


@pytest.fixture
def phones(server: LiveServer) -> Iterator[Phones]:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        phones = Phones(http)
        phones.states()
        yield phones


def now_on(phones: Phones) -> datetime:
    """Return the demonstration's time, where the hospital is."""
    return datetime.fromisoformat(phones.time["now"]).astimezone(SHANGHAI)


def document() -> str:
    """Return an identity document that nobody else in these tests has."""
    digits = f"11010119600307{next(_NUMBERS)}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return digits + "10X98765432"[total % 11]


def booked(phone: OnPhone) -> datetime:
    """Book on a phone, at least three days ahead; return when the visit is."""
    day = now_on(phone.phones) + timedelta(days=3)
    day += timedelta(days=(2 - day.weekday()) % 7)
    phone.ask(f"给我妈挂李明远{day.month}月{day.day}日上午的号")
    phone.ask(f"妈妈 李桂兰 {document()}")
    return visit_in(phone, phone.ask("1"))


def visit_in(phone: OnPhone, messages: list[Message]) -> datetime:
    """Return the one visit that messages speak of, in the hospital's time."""
    text = "\n".join(message["text"] for message in messages)
    found = re.search(rf"时间：{DAY}", text) or re.search(rf"：{DAY}", text)
    assert found, text
    month, day, clock = int(found[1]), int(found[2]), time.strptime(found[3], "%H:%M")
    near = now_on(phone.phones)
    year = near.year + (month < near.month)
    return datetime(year, month, day, clock.tm_hour, clock.tm_min, tzinfo=SHANGHAI)


def heard(phone: OnPhone) -> list[Message]:
    """Return what was said since she last listened."""
    new = phone.phones.said(phone.name)[phone.seen :]
    phone.seen += len(new)
    return new


def tapped(phone: OnPhone, message: Message, label: str) -> list[Message]:
    """Tap a button; return what is said to it."""
    value = next(value for shown, value in message["buttons"] if label in shown)
    phone.phones.act(phone.name, "gesture", action="tap", value=value)
    phone.phones.settled(phone.name, phone.seen)
    return heard(phone)


def shown_at(message: Message) -> datetime:
    return datetime.fromtimestamp(message["at"], SHANGHAI)


def to(phones: Phones, at: datetime) -> None:
    phones.forward("to", at.replace(tzinfo=None).isoformat())


def test_what_cannot_be_is_refused_in_a_word(phones: Phones) -> None:
    url = f"/phones/api/{phones.visit}/clock"
    for body, word in (
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


# ---- in a browser


@pytest.fixture
def trial(server: LiveServer, context: BrowserContext) -> Iterator[Trial]:
    trial = Trial(context.new_page(), server.url).open()
    yield trial
    trial.check()


def test_a_medicine_by_one_sentence_and_the_next_reminder_by_a_button(trial: Trial) -> None:
    """The page shows the demonstration's time; what came is answered by one tap."""
    page, phone = trial.page, trial.phone("telegram")
    expect(page.locator("#now")).to_have_text(re.compile(r"\d\d:\d\d"))
    phone.write("提醒我每天早8点晚8点吃药")
    phone.taps.get_by_text("1 好，就这样").click(timeout=PATIENCE)
    expect(phone.said.last).to_contain_text("设好了", timeout=PATIENCE)
    page.get_by_role("button", name="到下一条提醒").click()
    expect(phone.said.last).to_contain_text("该吃药了", timeout=PATIENCE)
    expect(page.locator("#ahead")).to_contain_text("比真实时间快", timeout=PATIENCE)
    came = phone.station.locator(".said.hospital .at").last
    expect(came).to_have_text(re.compile(r"(08|20):00"))
    phone.taps.get_by_text("1 已服").click()
    expect(phone.said.last).to_contain_text("记下了", timeout=PATIENCE)


# ---- the promise of reminders: seconds for days


def test_a_dose_is_asked_about_nudged_once_and_then_let_be(phones: Phones) -> None:
    """One taps, one types digits: taken, put off, left out, not answered, stopped."""
    telegram, sms = OnPhone(phones, "telegram"), OnPhone(phones, "sms")
    for phone in (telegram, sms):
        phone.ask("提醒我每天早8点晚8点吃药")
        said = phone.ask("1")[-1]["text"]
        assert "设好了：每天 08:00、20:00" in said
        assert "flow:" not in said, "only what a person can read"
    soon = (now_on(phones) + timedelta(days=1)).replace(hour=8, minute=0, second=0)
    to(phones, soon - timedelta(hours=1))
    for phone in (telegram, sms):
        heard(phone)  # an evening may lie between
    to(phones, soon + timedelta(minutes=1))
    (tap,), (_,) = heard(telegram), heard(sms)
    assert "08:00 该吃药了" in tap["text"]
    assert "记下了" in tapped(telegram, tap, "已服")[-1]["text"]
    assert "记下了" in sms.ask("1")[-1]["text"]

    evening = soon.replace(hour=20)
    to(phones, evening + timedelta(minutes=1))
    (tap,), (ignored,) = heard(telegram), heard(sms)
    assert "20:00 该吃药了" in ignored["text"]
    assert "20 分钟后再提醒" in tapped(telegram, tap, "过20分钟再提醒")[-1]["text"]
    to(phones, evening + timedelta(minutes=22))
    (tap,) = heard(telegram)
    assert "原因" in tapped(telegram, tap, "这次不服")[-1]["text"]
    telegram.ask("我的用药提醒")
    asked = telegram.ask("3")  # stop it
    assert "提醒已停止" in tapped(telegram, asked[-1], "停止提醒")[-1]["text"]
    to(phones, soon + timedelta(days=1, minutes=1))
    assert heard(telegram) == [], "it was stopped"
    nudge, dose = heard(sms)
    assert "还没有收到您的记录" in nudge["text"]
    assert "08:00 该吃药了" in dose["text"]
    assert "漏" not in nudge["text"], "nobody is blamed"


def test_she_books_moves_and_never_hears_of_the_old_time(phones: Phones) -> None:
    """By words on WeChat, by the reminder's own digit on SMS; a template is never empty."""
    wechat, sms = OnPhone(phones, "wechat"), OnPhone(phones, "sms")
    first = booked(wechat)
    other = booked(sms)
    to(phones, first - timedelta(days=1))
    told = {phone.name: heard(phone) for phone in (wechat, sms)}
    for name, messages in told.items():
        assert messages, name
        for one in messages:
            assert re.search(rf"{first.month}月{first.day}日", one["text"]), one
            assert 8 <= shown_at(one).hour < 21, "not at night"
    thursday = first + timedelta(days=1)
    sms.ask("2")
    sms.ask(f"{thursday.month}月{thursday.day}日下午")
    asked = sms.ask("1")[-1]["text"]
    assert "回复" in sms.ask("1")[-1]["text"], "a digit that is no code confirms nothing"
    code = re.search(r"回复 (\d{4})", asked)
    assert code, asked
    moved = visit_in(sms, sms.ask(code[1]))
    wechat.ask(f"改到{thursday.month}月{thursday.day}日下午")
    wechat.ask("1")
    assert visit_in(wechat, wechat.ask("1")).date() == moved.date() == thursday.date()
    to(phones, moved + timedelta(hours=1))
    for phone, old in ((wechat, first), (sms, other)):
        later = heard(phone)
        assert later, "the new time is told of"
        assert [m["text"] for m in later if f"{old.month}月{old.day}日" in m["text"]
                and f"{old:%H:%M}" in m["text"]] == []  # fmt: skip
        assert all(shown_at(m) < moved for m in later if "就诊" in m["text"])


def test_holds_run_out_on_the_way(phones: Phones) -> None:
    wechat = OnPhone(phones, "wechat")
    day = now_on(phones) + timedelta(days=3)
    day += timedelta(days=(2 - day.weekday()) % 7)
    wechat.ask(f"给我妈挂李明远{day.month}月{day.day}日上午的号")
    phones.forward("hour")
    said = wechat.ask("我的预约")
    assert "已约好" not in "\n".join(message["text"] for message in said)


def test_it_goes_on_after_a_restart(server: LiveServer) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        first = Phones(http)
        first.forward("hour")
        before = now_on(first)
    server.stop()
    server.start()
    with httpx.Client(base_url=server.url, timeout=60) as http:
        again = Phones(http)
        again.states()
        assert now_on(again) >= before
