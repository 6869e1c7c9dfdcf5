"""What patients plainly ask to be done; and that a guess never acts."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import Content
from bot.dialogue.requests import REQUESTS
from intents.reminding import WISHES
from intents.requests import KINDS, Requests, problems_of, request_in

ROWS: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_name("requests.toml").read_text("utf-8")
)
CONTENT = Path(__file__).parents[2] / "intents" / "content"


def tables(lang: str = "en") -> dict[str, Any]:
    return tomllib.loads((CONTENT / lang / "requests.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def words(content: Content) -> Requests:
    return content.catalog.requests


@pytest.mark.parametrize("kind", list(ROWS))
def test_only_what_is_plainly_asked_for_is_done(words: Requests, kind: str) -> None:
    expected = None if kind == "none" else kind
    wrong = {text: found for text in ROWS[kind] if (found := request_in(text, words)) != expected}
    assert not wrong


def test_the_sentences_are_many() -> None:
    assert sum(map(len, ROWS.values())) >= 250
    assert len(ROWS["none"]) >= 100


def test_every_kind_has_a_flow() -> None:
    medicine = {"remind_medicine", "log_dose", "last_dose", "medicines_mine"}
    assert {*KINDS, *WISHES, *medicine} == set(REQUESTS)


ZH_ACTS = st.sampled_from(
    [
        *("取消我的预约", "取消预约", "退号", "挂号", "给我挂号", "帮我约李主任的号", "改期"),
        *("改到周五", "帮我取消明天的预约", "把我的号退掉", "签到", "添加就诊人"),
    ]
)
ZH_REFUSALS = st.sampled_from(
    [
        *("不要", "别", "先别", "我不想", "我没有要", "我没说要", "千万别", "不用", "暂时不想"),
        *("我不打算", "请不要", "先不要", "没让你", "我又没要", "不是要"),
    ]
)
EN_ACTS = st.sampled_from(
    [
        *("cancel my appointment", "cancel my booking on Friday", "book me in"),
        *("book an appointment", "reschedule my visit", "move my appointment to Monday"),
        *("check me in", "put me on the waitlist", "add a family member"),
    ]
)
EN_REFUSALS = st.sampled_from(
    [
        *("don't", "do not", "please don't", "I don't want to", "I do not want you to"),
        *("I never asked you to", "I didn't ask you to", "please do not", "you must not"),
        *("I won't", "no need to", "I'd rather not"),
    ]
)
AFTER = st.sampled_from(["", "。", "！", "，谢谢", ".", " please", ", thanks", " yet", "了"])


@given(refusal=ZH_REFUSALS, act=ZH_ACTS, after=AFTER)
def test_what_is_refused_in_chinese_is_never_done(
    words: Requests, refusal: str, act: str, after: str
) -> None:
    assert request_in(f"{refusal}{act}{after}", words) is None


@given(refusal=EN_REFUSALS, act=EN_ACTS, after=AFTER)
def test_what_is_refused_in_english_is_never_done(
    words: Requests, refusal: str, act: str, after: str
) -> None:
    assert request_in(f"{refusal} {act}{after}", words) is None


@given(
    act=ZH_ACTS | EN_ACTS,
    no=st.sampled_from(["？不", "? no", "，算了", ", never mind", "？不要", "，不对", ", not now"]),
)
def test_what_is_taken_back_is_never_done(words: Requests, act: str, no: str) -> None:
    assert request_in(act + no, words) is None


@given(
    before=st.sampled_from(["如果我", "要是", "万一", "if I ", "what happens if I ", "suppose I "]),
    act=ZH_ACTS | EN_ACTS,
)
def test_what_is_supposed_is_never_done(words: Requests, before: str, act: str) -> None:
    assert request_in(before + act, words) is None


@given(st.text(max_size=200))
def test_any_text_at_all_is_read(words: Requests, text: str) -> None:
    assert request_in(text, words) in (*KINDS, None)


def test_the_shipped_words_are_right() -> None:
    assert [problems_of(tables(lang), lang) for lang in ("zh-CN", "en")] == [[], []]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"book": {}}, "w: book: `whole` is missing."),
        ({"book": {"whole": [""]}}, "w: book: `whole` must be a list of words that are not empty."),
        ({"book": {"whole": ["x"], "verb": []}}, "w: book: `verb` is not known."),
        ({"hold": {}}, "w: `hold` is no kind of request"),
        ({"book": {"whole": ["reschedule"]}}, '"reschedule" is a whole message of both'),
        ({"guards": {}}, "w: guards: `refuse` is missing."),
        ({"move": []}, "w: `move` must be a table."),
    ],
)
def test_what_is_wrong_with_the_words_is_named(change: dict[str, Any], told: str) -> None:
    assert any(told in problem for problem in problems_of(tables() | change, "w"))
