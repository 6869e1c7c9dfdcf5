"""One spelling for the many ways people type the same words."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intents.normalize import is_traditional, normalize, simplify, strip_fillers

TEXTS = st.text(alphabet=st.characters(codec=None), max_size=60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ＣＴ　３９．５℃", "ct 39.5°c", id="full width"),
        pytest.param("我想掛號，門診幾點開始", "我想挂号,门诊几点开始", id="traditional"),
        pytest.param("STOP", "stop", id="case"),
        pytest.param("挂\u200b号\u202e费\ufeff", "挂号费", id="invisible characters"),
        pytest.param("a\x00b\x07", "ab", id="control characters"),
        pytest.param("\ud83d挂号\udc00", "挂号", id="lone surrogates"),
        pytest.param("多少钱？？？！！！", "多少钱?!", id="repeated punctuation"),
        pytest.param("  挂号\n\n多少 \t钱 ", "挂号 多少 钱", id="white space"),
        pytest.param("Can’t “wait”", 'can\'t "wait"', id="curly quotes"),
        pytest.param("头痛、发热。", "头痛、发热。", id="list and full stop stay"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_normalize_gives_one_spelling(text: str, expected: str) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("你好，请问一下挂号费多少钱呢？", "挂号费多少钱?", id="greeting and courtesy"),
        pytest.param("麻烦您帮我查一下报告出来了没有啊", "报告出来了没有", id="favour"),
        pytest.param("我想问一下门诊几点开始呀", "门诊几点开始", id="wish to ask"),
        pytest.param("想咨询下皮肤科有没有号呢，谢谢", "皮肤科有没有号", id="thanks at the end"),
        pytest.param(
            "Hi, could you please tell me what time the pharmacy opens thanks",
            "what time the pharmacy opens",
            id="english",
        ),
        pytest.param("please cancel", "cancel", id="please"),
        pytest.param("我不要取消预约", "我不要取消预约", id="a no is never dropped"),
        pytest.param("附近有网吧", "附近有网吧", id="吧 as a word's part"),
        pytest.param("你好", "你好", id="nothing but a greeting stays"),
        pytest.param("hello please", "hello please", id="nothing but fillers stays"),
        pytest.param("history of asthma", "history of asthma", id="hi within a word"),
    ],
)
def test_fillers_are_dropped_and_substance_stays(text: str, expected: str) -> None:
    assert strip_fillers(normalize(text)) == expected


@settings(deadline=None)
@given(TEXTS)
@example("\u1e9b\u0323")
@example("İ")
@example("...、、,,??")
@example("\ud800")
def test_normalizing_twice_is_normalizing_once(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once


@settings(deadline=None)
@given(TEXTS)
@example("请问呢啊,请问")
@example("hi hi please 呢,")
def test_stripping_twice_is_stripping_once(text: str) -> None:
    once = strip_fillers(normalize(text))
    assert strip_fillers(once) == once


@settings(deadline=None)
@given(TEXTS)
def test_nothing_invisible_is_left(text: str) -> None:
    categories = {unicodedata.category(one) for one in normalize(text)}
    assert categories.isdisjoint({"Cc", "Cs"})


@settings(deadline=None)
@given(st.text(alphabet="请问你好呢啊吧麻烦挂号hi please,.? ", max_size=30))
def test_stripping_never_empties_a_message(text: str) -> None:
    assert bool(strip_fillers(normalize(text))) == bool(normalize(text))


def test_traditional_writing_is_recognised() -> None:
    assert is_traditional("掛號")
    assert not is_traditional("挂号 CT\ud800")
    assert simplify("plain") == "plain"
