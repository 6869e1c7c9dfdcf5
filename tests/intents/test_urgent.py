"""What the hospital was promised of the red-flag check."""

import tomllib
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.safety import SafetyRow, evaluate
from intents.urgent import KINDS, Alarm, RedFlags, load_red_flags

FOLDER = Path(__file__).parents[2] / "intents" / "content"
TABLE: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "urgent_cases.toml").read_text(encoding="utf-8"),
)
FLAGS = load_red_flags(FOLDER)


def rows(field: str) -> list[Any]:
    return [
        pytest.param(text, id=f"{group['name']}: {text[:40]}")
        for group in TABLE["kind"] + TABLE["class"]
        for text in group.get(field, [])
    ]


ALARMING = [param.values[0] for param in rows("alarms")]


@pytest.mark.parametrize("text", rows("alarms"))
def test_a_red_flag_alarms(text: str) -> None:
    assert FLAGS.check(text) is not None


@pytest.mark.parametrize("text", rows("quiet"))
def test_an_ordinary_message_stays_quiet(text: str) -> None:
    assert FLAGS.check(text) is None


def test_the_table_covers_every_kind_in_both_languages() -> None:
    assert {group["name"] for group in TABLE["kind"]} == set(KINDS)
    for group in TABLE["kind"]:
        for field, at_least in (("alarms", 6), ("quiet", 4)):
            assert len(group[field]) >= at_least
            assert {text.isascii() for text in group[field]} == {True, False}
    assert len(rows("alarms")) + len(rows("quiet")) >= 300


@pytest.mark.parametrize(
    ("text", "kind", "crisis"),
    [
        ("我不想活了", "suicide", True),
        ("吃了一整瓶安眠药，不想活了", "poisoning", True),
        ("I want to kill myself", "suicide", True),
        ("胸口压榨样疼，出冷汗", "chest_pain", False),
        ("头疼，然后叫不醒了，已经没有呼吸", "unconscious", False),
        ("my dad's face is drooping", "stroke", False),
        ("血糖仪显示HI，一直吐", "glucose", False),
    ],
)
def test_the_worst_kind_is_named_and_a_crisis_is_never_lost(
    text: str,
    kind: str,
    *,
    crisis: bool,
) -> None:
    alarm = FLAGS.check(text)
    assert alarm is not None
    assert (alarm.kind, alarm.crisis) == (kind, crisis)
    assert alarm.rule
    assert alarm.version.isdigit()


def test_an_alarm_cannot_be_changed() -> None:
    alarm = Alarm("stroke", "stroke.face", "1", crisis=False)
    with pytest.raises(FrozenInstanceError):
        alarm.kind = "none"  # type: ignore[misc]


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error_and_twice_alike(text: str) -> None:
    assert FLAGS.check(text) == FLAGS.check(text)


@given(st.text(alphabet="疼痛血不没胸口喘死了，。? a7度\n\u200b一二十百/.,-'", max_size=200))
def test_fragments_of_alarms_in_any_order_are_read_without_an_error(text: str) -> None:
    assert FLAGS.check(text) == FLAGS.check(text)


@given(st.data(), st.sampled_from(ALARMING))
def test_invisible_signs_do_not_hide_an_alarm(data: st.DataObject, text: str) -> None:
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from("\u200b\u200c\u200d\ufeff\u2060")) + text[at:]
    assert FLAGS.check(text) is not None


@given(st.sampled_from(ALARMING))
def test_full_width_writing_does_not_hide_an_alarm(text: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)
    assert FLAGS.check(wide) is not None


CHATTER = [
    "您好。", "麻烦您看一下。", "谢谢医生！", "今天天气不错。", "我是第一次用这个。",
    "打扰了，不好意思。",
    "Hello there. ", "Thanks a lot! ", "I am new here. ", "Nice to meet you. ",
]  # fmt: skip


@given(
    st.sampled_from(ALARMING),
    st.lists(st.sampled_from(CHATTER), max_size=3),
    st.lists(st.sampled_from(CHATTER), max_size=3),
)
def test_chatter_around_it_does_not_hide_an_alarm(
    text: str,
    before: list[str],
    after: list[str],
) -> None:
    assert FLAGS.check("".join(before) + text + "。" + "".join(after)) is not None
    assert FLAGS.check("\n".join([*before, text, *after])) is not None


@pytest.mark.parametrize("length", [2_000, 20_000])
def test_a_very_long_message_is_read_to_its_end(length: int) -> None:
    assert FLAGS.check("今天想问一下停车。" * (length // 9) + "我爸刚才吐了一大口血。") is not None


def test_a_message_takes_a_millisecond() -> None:
    measured = [SafetyRow(text, "", emergency=True, kind="", source="written") for text in ALARMING]
    assert min(evaluate(measured, FLAGS.check).p50_ms for _ in range(3)) <= 1


def test_nothing_else_has_to_run() -> None:
    assert RedFlags([]).check("胸口剧痛") is None
