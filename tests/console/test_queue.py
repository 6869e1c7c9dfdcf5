"""The queue: what is urgent stands on top, and nothing in it names a person."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from bot.app import App
from bot.console.masks import masked_document, masked_name, masked_phone
from bot.console.times import clock_time, is_late, waited
from bot.console.words import Words, load_words
from tests.conftest import ROOT, Clock
from tests.console.conftest import CHEST_PAIN, Browser, text_of
from tests.helpers.world import ChatPage

WORDS = load_words(ROOT / "templates" / "console" / "words")
NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


async def test_a_case_shows_desk_reason_priority_channel_and_wait(
    li: Browser, waiting: int, clock: Clock
) -> None:
    clock.move(minutes=3)
    page = text_of(await li.get("/console"))
    for word in ("P2", "综合", "患者要求人工", "网页", f"#{waiting}", "3 分钟"):
        assert word in page, word


async def test_a_case_that_waits_too_long_stands_out(
    li: Browser, waiting: int, clock: Clock
) -> None:
    assert "case late" not in (await li.get("/console")).text
    clock.move(minutes=6)
    page = (await li.get("/console")).text
    assert "case late" in page
    assert str(waiting) in page


async def test_red_flags_come_first_then_priority_then_the_longest_wait(
    client: httpx.AsyncClient,
    li: Browser,
    clock: Clock,
    number_of: Callable[[ChatPage], Awaitable[int]],
) -> None:
    said = ("人工", "我要投诉", "人工", CHEST_PAIN)
    numbers = []
    for words in said:
        page = await ChatPage.open(client)
        await page.post(words)
        numbers.append(await number_of(page))
        clock.move(seconds=20)
    ordinary, complaint, later, flagged = numbers
    shown = (await li.get("/console")).text
    places = [
        shown.index(f"/console/conversations/{number}")
        for number in (flagged, complaint, ordinary, later)
    ]
    assert places == sorted(places)


async def test_the_queue_holds_no_name_number_or_word_of_a_patient(
    li: Browser, waiting: int, patient: ChatPage
) -> None:
    await patient.post("我叫欧阳小暖，电话13812345678")
    await li.open(waiting)
    await li.do("card", waiting, name="欧阳小暖", phone="13812345678", document="", health_note="")
    for path in ("/console", "/console/queue", "/console/dead-letters"):
        page = (await li.get(path)).text
        assert not any(word in page for word in ("欧阳", "1381234", "停车", patient.user)), path


async def test_it_tells_mine_from_those_of_colleagues_and_what_is_unanswered(
    li: Browser, wang: Browser, waiting: int, patient: ChatPage, clock: Clock
) -> None:
    await li.claim(waiting)
    await patient.news()
    clock.move(minutes=1)
    await patient.post("在吗")
    clock.move(minutes=2)
    mine = text_of(await li.get("/console"))
    assert "待回复 2 分钟" in mine
    assert "同事正在接待 1" in text_of(await wang.get("/console"))
    await li.open(waiting)
    await li.do("reply", waiting, text="在的")
    assert "待回复" not in text_of(await li.get("/console"))


async def test_what_was_closed_stays_on_the_list_for_a_day(
    li: Browser, waiting: int, clock: Clock
) -> None:
    await li.claim(waiting)
    await li.open(waiting)
    await li.do("give-back", waiting, note="已告知")
    page = await li.get("/console")
    assert "最近结束" in text_of(page)
    assert "已告知" not in page.text, "a note may hold a patient's words"
    clock.move(hours=25)
    await li.sign_in("nurse.li")
    assert "最近结束" not in text_of(await li.get("/console"))


async def test_looking_at_the_queue_leaves_no_audit_row(
    li: Browser, waiting: int, audited: Callable[[], Awaitable[list[tuple[str, str, int | None]]]]
) -> None:
    before = await audited()
    await li.get("/console")
    await li.get("/console/queue")
    assert await audited() == before
    assert waiting


async def test_the_console_words_every_reason_desk_and_alarm(app: App) -> None:
    from bot.handoff.rules import DESKS
    from bot.message import Kind
    from intents.urgent_rules import KINDS

    for words in WORDS.values():
        for group, names in (
            ("desk", DESKS),
            ("flag", KINDS),
            ("kind", [kind.value for kind in Kind]),
            ("reason", ("asked", "none of these", "not understood", "failed", "taken over")),
            ("channel", app.channels),
        ):
            unworded = [name for name in names if f"{group}.{name}" not in words._texts]
            assert not unworded or unworded == ["text"], group


def test_both_languages_have_the_same_words_with_the_same_values() -> None:
    import json
    import string

    folder = ROOT / "templates" / "console" / "words"
    zh, en = (json.loads((folder / f"{lang}.json").read_text("utf-8")) for lang in ("zh-CN", "en"))
    assert zh.keys() == en.keys()
    for key in zh:
        named = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (zh[key], en[key])
        ]
        assert named[0] == named[1], key


def test_every_sentence_of_the_services_is_worded() -> None:
    import ast

    for name in ("handoff/service", "patients/service"):
        tree = ast.parse((ROOT / "bot" / f"{name}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "BadInput":
                said = node.args[0]
                if isinstance(said, ast.Constant):
                    status = WORDS["zh-CN"].status(400)
                    assert WORDS["zh-CN"].sentence(str(said.value), 400) != status, said.value


@pytest.mark.parametrize(
    ("ago", "zh", "en"),
    [
        pytest.param({"seconds": 59}, "刚刚", "just now", id="seconds"),
        pytest.param({"minutes": 59}, "59 分钟", "59 min", id="minutes"),
        pytest.param({"hours": 2, "minutes": 5}, "2 小时 5 分", "2 h 5 min", id="hours"),
        pytest.param({"days": 3, "hours": 5}, "3 天", "3 d", id="days"),
        pytest.param({"minutes": -5}, "刚刚", "just now", id="another clock is ahead"),
    ],
)
def test_waits_read_as_people_say_them(ago: dict[str, float], zh: str, en: str) -> None:
    since = NOON - timedelta(**ago)
    assert [waited(since, NOON, WORDS[lang]) for lang in ("zh-CN", "en")] == [zh, en]


@pytest.mark.parametrize(
    ("at", "read"),
    [
        pytest.param(NOON, "12:00", id="today"),
        pytest.param(NOON - timedelta(hours=12), "00:00", id="first minute of the day"),
        pytest.param(NOON - timedelta(hours=13), "11月17日 23:00", id="yesterday"),
    ],
)
def test_times_are_the_hospitals(at: datetime, read: str) -> None:
    words: Words = WORDS["zh-CN"]
    assert clock_time(at, NOON, ZONE, words) == read


@pytest.mark.parametrize(
    ("priority", "minutes", "late"),
    [(0, 3, True), (1, 9, False), (1, 11, True), (2, 6, True), (3, 600, False)],
)
def test_how_long_is_too_long(priority: int, minutes: int, *, late: bool) -> None:
    assert is_late(priority, NOON - timedelta(minutes=minutes), NOON) is late


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        pytest.param(masked_name("欧阳小暖"), "欧***", id="name"),
        pytest.param(masked_name("王"), "*", id="one letter"),
        pytest.param(masked_phone("13812345678"), "138****5678", id="phone"),
        pytest.param(masked_phone("110"), "***", id="short phone"),
        pytest.param(masked_document("11010519491231002X"), "110***********002X", id="document"),
    ],
)
def test_masks_leave_what_tells_two_apart(masked: str, expected: str) -> None:
    assert masked == expected
