"""What a text may mean, ranked."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.features import essence, features
from intents.match import Match, build_matcher
from intents.ridge import solve
from intents.similarity import Similarity

EXAMPLES = [
    ("fees.registration", "挂号费多少钱"),
    ("fees.registration", "看专家门诊的号要花多少"),
    ("fees.registration", "how much is the registration fee"),
    ("fees.registration", "what does it cost to see a specialist"),
    ("hospital.parking", "医院有停车场吗"),
    ("hospital.parking", "开车过来车放哪里"),
    ("hospital.parking", "is there a car park"),
    ("hospital.parking", "where can I park my car"),
    ("reports.when", "化验报告多久能出来"),
    ("reports.when", "验血结果什么时候可以拿"),
    ("reports.when", "when will my lab report be ready"),
    ("reports.when", "how long until blood test results come out"),
]
MATCHER = build_matcher(EXAMPLES)
ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=80) | st.text(
    alphabet="挂号费停车报告多少钱 parkfeport?", max_size=40
)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        pytest.param("挂号费多少钱", "fees.registration", id="word for word"),
        pytest.param("請問掛號費多少錢呢", "fees.registration", id="traditional, with fillers"),
        pytest.param("专家门诊挂号费贵吗", "fees.registration", id="other words"),
        pytest.param("停车的地方在哪", "hospital.parking", id="another order"),
        pytest.param("my lab reprot ready when", "reports.when", id="mistyped"),
        pytest.param("Parking for cars?", "hospital.parking", id="english, bent words"),
    ],
)
def test_the_meant_intent_comes_first(text: str, intent: str) -> None:
    assert MATCHER.rank(text)[0].intent == intent


def test_a_question_of_the_catalog_is_certain_and_names_itself() -> None:
    assert MATCHER.rank("你好，医院有停车场吗？")[0] == Match(
        "hospital.parking", 1.0, "医院有停车场吗"
    )


def test_the_example_is_the_question_most_alike() -> None:
    assert MATCHER.rank("车放在哪里")[0].example == "开车过来车放哪里"


@pytest.mark.parametrize("text", ["", "???", "👍", "ぬるぽ", "\ud800\x00"])
def test_a_text_with_nothing_in_common_matches_nothing(text: str) -> None:
    assert MATCHER.rank(text) == []


@settings(deadline=None)
@given(ANY_TEXT, st.integers(0, 6))
def test_any_text_gets_a_sorted_list_of_distinct_intents(text: str, limit: int) -> None:
    found = MATCHER.rank(text, limit)
    scores = [match.score for match in found]
    assert len(found) <= limit
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert len({match.intent for match in found}) == len(found)
    assert {(match.intent, match.example) for match in found} <= set(EXAMPLES)


@settings(deadline=None)
@given(ANY_TEXT)
def test_the_same_text_gets_the_same_ranking_in_any_order_of_examples(text: str) -> None:
    assert MATCHER.rank(text) == SHUFFLED.rank(text) == MATCHER.rank(text)


SHUFFLED = build_matcher(reversed(EXAMPLES))


def test_a_catalog_may_be_empty_or_hold_one_intent() -> None:
    assert build_matcher([]).rank("挂号") == []
    assert [match.intent for match in build_matcher([("a.b", "挂号")]).rank("挂号吗")] == ["a.b"]


def test_a_very_long_text_is_ranked_quickly() -> None:
    start = time.perf_counter()
    assert MATCHER.rank("挂号费多少钱" * 20_000)
    assert time.perf_counter() - start < 0.5


def test_the_solver_solves() -> None:
    rng = np.random.default_rng(7)
    rows = rng.standard_normal((600, 40)).astype(np.float32)
    kernel = np.asarray(rows @ rows.T / 40 + np.eye(600), np.float32)
    wanted = rng.standard_normal((600, 5)).astype(np.float32)
    found = solve(kernel.copy(), wanted.copy())
    assert np.allclose(kernel @ found, wanted, atol=1e-3)


def test_examples_are_as_alike_to_each_other_as_a_text_is_to_them() -> None:
    """The quick ways (by pairs, by whole rows) agree with asking for one text at a time."""
    texts = [f"how long is the wait for clinic {n} on floor {n % 3}" for n in range(70)]
    counted = [features(essence(text)) for text in texts]
    similarity = Similarity(counted)
    one_by_one = np.array([similarity.to(similarity.weigh(each)) for each in counted])
    assert np.allclose(np.tril(similarity.among_examples()), np.tril(one_by_one), atol=1e-4)
    assert np.allclose(np.diag(one_by_one), 1, atol=1e-4)


def test_what_is_multiplied_ahead_of_time_gives_the_same() -> None:
    """Common features ahead of time and rare ones when asked for: together, the whole product."""
    texts = [f"how long is the wait for clinic {n} on floor {n % 3}" for n in range(70)]
    similarity = Similarity(features(essence(text)) for text in texts)
    rows = np.linspace(-1, 1, 70 * 5, dtype=np.float32).reshape(70, 5)
    ahead = similarity.by_feature(rows)
    assert 0 < (ahead[0] >= 0).sum() < len(ahead[0])
    for text in ("floor 2 clinic", "clinic 69", "qqq", "", "how long is the wait"):
        weighed = similarity.weigh(features(essence(text)))
        assert np.allclose(
            similarity.times(weighed, rows, ahead), similarity.to(weighed) @ rows, atol=1e-4
        )


def test_an_intent_asked_in_the_other_script_only_is_still_ranked() -> None:
    matcher = build_matcher([("a.zh", "挂号 fee"), ("b.en", "fee for parking")])
    assert {match.intent for match in matcher.rank("fee")} == {"a.zh", "b.en"}
