"""What counts as a plain yes to "shall it be cancelled?"; and how a visit is told from another."""

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from bot.appointments.booking.choosing import Said
from bot.appointments.changes.answers import Meant, meant
from bot.appointments.changes.code import code_in
from bot.appointments.changes.picking import names_any, narrowed
from intents.when import NOTHING, When
from tests.appointments.test_ics import VISIT

ZONE = ZoneInfo("Asia/Shanghai")
YES_CANCEL = (
    "是", "是的", "确认", "确定", "确认取消", "确定取消", "是的，取消", "好的，取消吧",
    "帮我取消", "请取消",
    "取消吧", "我要取消", "要取消", "取消这个", "取消这个预约", "好的", "可以", "没错", "同意",
    "yes", "Yes please", "yes, cancel it", "please cancel it", "cancel it", "cancel my appointment",
    "confirm", "go ahead", "OK", "sure",
)  # fmt: skip
YES_MOVE = (
    "是的",
    "确认改期",
    "好的，改吧",
    "改",
    "确认",
    "yes",
    "yes, move it",
    "move it",
    "ok",
    "go ahead",
)
#: None of these may ever cancel anything.
NEVER = (
    "取消", "取消？", "取消吗", "取消了", "取消了吗", "要不要取消呢", "我不要取消", "不要取消",
    "先不取消", "别取消",
    "不取消了", "取消要扣钱吗", "取消收费吗", "取消以后还能约吗", "怎么取消", "为什么要取消",
    "可能要取消", "也许取消",
    "如果下雨就取消", "要是明天还疼就不取消", "我再想想", "让我想想", "等一下", "等等", "稍等",
    "问一下我妈", "我问问家里人",
    "嗯", "嗯嗯", "嗯……", "好吧…", "好…", "好？", "是吗", "确定吗", "你确定？", "真的要取消吗",
    "谁说要取消",
    "取消我妈的", "取消另外一个", "把别的取消", "取消明天的", "医生说可以取消", "昨天已经取消了",
    "我取消了", "被取消了",
    "取消的话会怎样", "取消政策", "好的谢谢", "要", "中", "得", "这个", "第三个",
    "我要看病", "谢谢", "你好",
    "cancel", "cancel?", "cancel? no", "no", "no, don't cancel", "do not cancel", "don't",
    "never mind",
    "maybe", "maybe cancel", "perhaps", "not sure", "let me think", "wait", "hold on", "why cancel",
    "can I cancel later?", "if I cancel, do I pay?", "what happens if I cancel", "how do I cancel",
    "is there a fee", "yes?", "yes but not this one", "cancel my wife's appointment",
    "yes, cancel my other appointment", "cancel the one tomorrow", "I cancelled it yesterday",
    "was it cancelled", "k", "right", "fine", "good", "great", "thanks", "hmm", "ok?", "ok...",
)  # fmt: skip
_ACTS = {
    "取消": "cancel", "我不要取消": "keep", "不要取消": "keep", "先不取消": "keep",
    "别取消": "keep",
    "不取消了": "keep", "我再想想": "cancel", "cancel": "cancel", "cancel?": "cancel", "no": "no",
    "don't": "no", "do not cancel": "keep", "never mind": "cancel", "let me think": "cancel",
    "嗯": "yes", "嗯嗯": "yes", "要": "yes", "中": "yes", "得": "yes", "k": "yes", "right": "yes",
    "fine": "yes", "good": "yes", "great": "yes", "好？": "yes", "好…": "yes", "ok?": "yes",
    "yes?": "yes",
    "ok...": "yes",
}  # fmt: skip


@pytest.mark.parametrize("text", YES_CANCEL)
def test_a_plain_yes_cancels(text: str) -> None:
    assert meant(text, ["yes"], "cancel") is Meant.YES


@pytest.mark.parametrize("text", YES_MOVE)
def test_a_plain_yes_moves(text: str) -> None:
    assert meant(text, (), "move") is Meant.YES


@pytest.mark.parametrize("text", NEVER)
def test_nothing_but_a_plain_yes_cancels(text: str) -> None:
    acts = [_ACTS[text]] if text in _ACTS else []
    assert meant(text, acts, "cancel") is not Meant.YES


@pytest.mark.parametrize(
    "text",
    [
        "不改了",
        "保留",
        "还是原来的",
        "keep the old one",
        "don't move it",
        "cancel? no",
        "no, don't cancel",
    ],
)
def test_keeping_is_understood_for_what_it_is(text: str) -> None:
    assert meant(text, (), "move") is Meant.KEEP
    assert meant(text, (), "cancel") is Meant.KEEP


@pytest.mark.parametrize(
    "text", ["换个时间", "改时间", "change it", "another day", "周五呢", "换一个"]
)
def test_another_wish_is_no_yes_to_this_move(text: str) -> None:
    assert meant(text, (), "move") is Meant.UNCLEAR


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("4821", "4821"), ("回复4821", "4821"), ("4821 取消", "4821"), ("reply 4821", "4821"),
        ("1", None),
        ("48 21", None), ("4821 或者 4822", None), ("13800138000", None), ("48213", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_code_is_four_digits_and_only_one(text: str, code: str | None) -> None:
    assert code_in(text) == code


WEDNESDAY, FRIDAY = date(2026, 11, 25), date(2026, 11, 27)


@pytest.mark.parametrize(
    ("said", "when", "people", "fits"),
    [
        (Said(), NOTHING, (), True),
        (Said(doctors=("d1",)), NOTHING, (), True),
        (Said(doctors=("d2",)), NOTHING, (), False),
        (Said(departments=("card",)), NOTHING, (), True),
        (Said(departments=("skin",)), NOTHING, (), False),
        (Said(), NOTHING, (4,), True),
        (Said(), NOTHING, (5,), False),
        (Said(), When(first=WEDNESDAY, last=WEDNESDAY), (), True),
        (Said(), When(first=FRIDAY, last=FRIDAY), (), False),
        (Said(), When(part="afternoon"), (), False),
        (Said(), When(from_time=time(9), to_time=time(9)), (), True),
        (Said(), When(from_time=time(10), to_time=time(10)), (), False),
        (Said(), When(first=FRIDAY, last=FRIDAY, ask="two days"), (), True),
        (Said(doctors=("d1",)), When(first=FRIDAY, last=FRIDAY), (), False),
    ],
)
def test_a_sentence_means_the_visits_that_fit_all_it_names(
    said: Said, when: When, people: tuple[int, ...], fits: bool
) -> None:
    assert narrowed([VISIT], said, when, people, ZONE) == ([VISIT] if fits else [])
    assert names_any(said, when, people) is (
        bool(said.doctors or said.departments or people) or bool(when and when.ask is None)
    )
