"""Meaning added to characters: paraphrases and other languages are found, and nothing is lost."""

from pathlib import Path

import numpy as np
import pytest

from intents.encoder import Encoder, load_encoder
from intents.match import CharacterMatcher, HybridMatcher, build_matcher, load_matcher
from intents.semantic import Semantic

EXAMPLES = [
    ("hospital.parking", "医院停车场怎么收费"),
    ("hospital.parking", "哪里可以停车"),
    ("reports.when", "检查报告什么时候出来"),
    ("reports.when", "化验结果多久能拿到"),
    ("inpatient.visiting", "探视时间是几点"),
    ("inpatient.visiting", "可以去病房看望病人吗"),
]


@pytest.fixture(scope="module")
def encoder(learnt: Path) -> Encoder:
    return load_encoder(learnt)


@pytest.fixture(scope="module")
def hybrid(encoder: Encoder) -> HybridMatcher:
    made = build_matcher(EXAMPLES, encoder)
    assert isinstance(made, HybridMatcher)
    return made


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Where can I leave my car?", "hospital.parking"),
        ("when will my test results be ready", "reports.when"),
        ("我想去看我妈,她在住院", "inpatient.visiting"),
        ("開車來有位置嗎", "hospital.parking"),
    ],
)
def test_other_words_and_other_languages_are_understood(
    hybrid: HybridMatcher, text: str, intent: str
) -> None:
    assert hybrid.rank(text)[0].intent == intent


def test_what_has_nothing_to_do_with_the_catalog_is_unlikely(hybrid: HybridMatcher) -> None:
    sure = hybrid.rank("停车一小时多少钱")[0].score
    assert sure > 0.5 > hybrid.rank("今天股票涨了吗")[0].score


def test_a_question_of_the_catalog_is_certain_and_names_itself(hybrid: HybridMatcher) -> None:
    best = hybrid.rank("探视时间是几点")[0]
    assert (best.intent, best.example) == ("inpatient.visiting", "探视时间是几点")
    assert best.score == 1.0


@pytest.mark.parametrize("text", ["", "???", "👍", "\ud800\x00", " "])
def test_a_text_without_a_word_matches_nothing_or_hardly(hybrid: HybridMatcher, text: str) -> None:
    assert all(match.score < 0.45 for match in hybrid.rank(text))


def test_what_was_learnt_is_loaded_as_it_was(hybrid: HybridMatcher, encoder: Encoder) -> None:
    again = load_matcher(hybrid.pack(), encoder)
    for text in ("停车", "my results", "几点能探视"):
        for ours, theirs in zip(hybrid.rank(text), again.rank(text), strict=True):
            assert (ours.intent, ours.example) == (theirs.intent, theirs.example)
            assert abs(ours.score - theirs.score) < 0.01
    with pytest.raises(ValueError, match="otherwise"):
        load_matcher(hybrid.pack(), None)
    plain = build_matcher(EXAMPLES)
    assert isinstance(plain, CharacterMatcher)
    with pytest.raises(ValueError, match="otherwise"):
        load_matcher(plain.pack(), encoder)


def test_known_vectors_are_those_of_the_model(hybrid: HybridMatcher, encoder: Encoder) -> None:
    known = hybrid.vectors()
    texts = [question for _, question in EXAMPLES]
    assert np.allclose(np.stack([known[text] for text in texts]), encoder.encode(texts), atol=1e-3)


def test_a_catalog_larger_than_what_a_question_is_compared_with_is_still_told_apart() -> None:
    """Above 3,000 examples the regression is solved over a part of them."""
    random = np.random.default_rng(7)
    centres = random.normal(size=(8, 512))
    of = np.repeat(np.arange(8), 500)
    vectors = centres[of] + random.normal(size=(4000, 512))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    learnt = Semantic(vectors, of.tolist(), np.zeros((8, 512), np.float32), 8)
    asked = centres + 0.5 * random.normal(size=centres.shape)
    asked = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)
    assert [int(np.argmax(learnt.strength(one))) for one in asked] == list(range(8))
