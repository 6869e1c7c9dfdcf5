"""What one message says by itself; and that no message keeps the others waiting."""

from datetime import date
from time import thread_time

import pytest

from bot.app import Content
from bot.appointments.options import BookingOptions
from bot.dialogue.understand import Understander, Understood, Unknown
from bot.hospital.live import LiveHospital
from bot.hospital.model import Hospital
from bot.message import MAX_TEXT
from intents.match import Matcher

TODAY = date(2026, 11, 18)


@pytest.fixture(scope="module")
def understander(content: Content, matcher: Matcher, demonstration: Hospital) -> Understander:
    vocabulary = LiveHospital(demonstration, 0, BookingOptions()).vocabulary
    return Understander(content.catalog, matcher, content.red_flags, vocabulary)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1), ("１", 1), ("①", 1), ("一", 1), ("第一个", 1), ("选1", 1), ("选第二个", 2),
        ("2.", 2), ("2、", 2), ("两", 2), ("二", 2), ("十", 10), ("3 号", 3), ("0", 0), ("零", 0),
        ("10", None), ("1 2", None), ("12345678901234567890", None), ("-1", None), ("1个月", None),
        ("我选1", 1), ("Option 2", 2), ("number 3", 3), ("option", None), ("2 options", None),
    ],
)  # fmt: skip
def test_a_choice_is_a_number_and_nothing_else(
    understander: Understander, text: str, number: int | None
) -> None:
    assert understander.understand(text, TODAY).number == number


@pytest.mark.parametrize(
    ("text", "tap", "command"),
    [
        ("#3.2", (3, 2), None),
        ("＃3.2", (3, 2), None),
        ("#person", None, "person"),
        ("#leave", None, "leave"),
        ("# person", None, None),
        ("#", None, None),
        ("#3.2.1", None, None),
        ("#1234567890.1", None, None),
        ("please #person", None, None),
    ],
)
def test_a_button_comes_back_as_it_went(
    understander: Understander, text: str, tap: tuple[int, int] | None, command: str | None
) -> None:
    said = understander.understand(text, TODAY)
    assert (said.tap, said.command) == (tap, command)


@pytest.mark.parametrize(
    ("text", "act", "languages"),
    [
        ("人工", "person", {"zh-CN", "en"}),
        ("转人工！", "person", {"zh-CN"}),
        ("麻烦帮我转人工谢谢", "person", set()),
        ("TD", "stop", {"zh-CN", "en"}),
        ("退订", "stop", {"zh-CN", "en"}),
        ("never mind", "cancel", {"en"}),
        ("我不要取消预约", "keep", {"zh-CN"}),
        ("Please don't cancel my appointment", "keep", {"en"}),
        ("我不要取消预约，我要改时间", None, set()),
        ("“退订”", "stop", {"zh-CN", "en"}),
        ("ＳＴＯＰ！！", "stop", {"zh-CN", "en"}),
        ("【回T退订】", "stop", {"zh-CN"}),
        ("恢复", "start", {"zh-CN"}),
        ("cancel", "cancel", {"zh-CN", "en"}),
        ("N", "no", {"zh-CN"}),
        ("取消我明天的预约", None, set()),
    ],
)
def test_an_act_is_a_whole_message(
    understander: Understander, text: str, act: str | None, languages: set[str]
) -> None:
    said = understander.understand(text, TODAY)
    assert said.act == act
    assert said.act_in >= languages


@pytest.mark.parametrize(
    ("text", "stops", "act"),
    [
        ("T", True, None),
        ("ｔ", True, None),
        ("(R)", True, None),
        ("TD", True, "stop"),
        ("End.", True, "cancel"),
        ("QUIT", True, "cancel"),
        ("0000", True, "stop"),
        ("revoke", True, None),
        ("cancel", False, "cancel"),
        ("N", False, "no"),
        ("T2", False, None),
        ("quit smoking", False, None),
        ("x", False, None),
    ],
)
def test_carriers_words_stop_text_messages_only(
    understander: Understander, text: str, act: str | None, *, stops: bool
) -> None:
    said = understander.understand(text, TODAY)
    assert (said.texted_stop, said.act) == (stops, act)


def test_a_slip_of_one_letter_asks_nothing_and_shows_no_language(
    understander: Understander,
) -> None:
    said = understander.understand("t", TODAY)
    assert isinstance(said.decision, Unknown)
    assert said.detected is None


FRAGMENTS = (
    *("啊", "喂", "你好", "请问", "谢谢", "吧", "嗯嗯", " ", ",", "，。", "!", "hello ", "please "),
    *(
        "a",
        "aA",
        "不",
        "没有",
        "胸口疼",
        "疼",
        "1",
        "1.",
        "100/60 ",
        "体温39.5度 ",
        "可以",
        "thanks ",
    ),
    *("i want to know ", "can you tell me ", "pain ", "not ", "阿莫西林", "儿科", "周三", "下午"),
    *(
        "\u200b",
        "\u0301",
        "(",
        "🏥",
        "停",
        "\n",
        "{{",
        "ﷺ",
        "龘",
        "㈱",
        "no pain but ",
        "的",
        "kill ",
    ),
    *("麻烦帮我看一下", "一", "两个", "明天后天"),
)


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=ascii)
def test_a_long_message_takes_no_longer_than_a_blink(
    understander: Understander, fragment: str
) -> None:
    """One patient's 4,000 characters may not keep everybody else waiting."""
    text = (fragment * MAX_TEXT)[: MAX_TEXT - 12]
    for written in (text, text + "。胸口疼", "停车" + text):
        before = thread_time()
        said = understander.understand(written, TODAY)
        assert isinstance(said, Understood)
        assert thread_time() - before < 1


@pytest.mark.parametrize(
    ("text", "request_", "day"),
    [
        ("帮我约李明远周五下午", "book", date(2026, 11, 20)),
        ("把周四的号改到周五", "move", date(2026, 11, 20)),
        ("我不要取消预约", None, None),
        ("can I cancel on Friday?", None, date(2026, 11, 20)),
        ("取消", None, None),
    ],
)
def test_a_request_and_its_day_are_read_together(
    understander: Understander, text: str, request_: str | None, day: date | None
) -> None:
    said = understander.understand(text, TODAY)
    assert (said.request, said.when.first) == (request_, day)
