"""Which language a message is in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.language import Detected, detect


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        pytest.param("你好", "zh-CN", id="chinese"),
        pytest.param("CT多少钱", "zh-CN", id="a test's name in chinese"),
        pytest.param("我要book一个appointment", "zh-CN", id="chinese with english words"),
        pytest.param("where is the pharmacy", "en", id="english"),
        pytest.param("price of 阿莫西林", "en", id="english with a chinese name"),
        pytest.param("what does 挂号 mean", "en", id="english about a chinese word"),
        pytest.param("STOP", "en", id="one english word"),
        pytest.param("ok", None, id="a word of every language"),
        pytest.param("MRI", None, id="a test's name alone"),
        pytest.param("13800138000", None, id="digits"),
        pytest.param("👍", None, id="emoji"),
        pytest.param("", None, id="nothing"),
        pytest.param("привет", None, id="another script"),
        pytest.param("予約したいです", None, id="japanese"),
    ],
)
def test_language(text: str, lang: str | None) -> None:
    assert detect(text).lang == lang


def test_traditional_chinese_is_chinese_and_marked() -> None:
    assert detect("我想掛號") == Detected("zh-CN", traditional=True)
    assert detect("我想挂号") == Detected("zh-CN", traditional=False)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_gets_an_answer(text: str) -> None:
    assert detect(text).lang in {"zh-CN", "en", None}
