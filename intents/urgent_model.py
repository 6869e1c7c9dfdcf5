"""A small model beside the red-flag rules: it may add an alarm or a doubt, never take one away.

Logistic regression on hashed pieces of text (one to four characters, Latin words and pairs of
them), learnt at start, in a fraction of a second, from messages written for this purpose
(`content/<lang>/urgent_examples.toml`). A long message is read in windows of a few clauses and the
worst window decides: a real story opens with a harmless title and ends with the emergency.

Pure numpy, the same every time it is learnt; it keeps no text.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from math import exp
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from intents.urgent_rules import UrgentError

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]

FILE = "urgent_examples.toml"
_LONGEST_PIECE = 4
_LONGEST_TEXT = 800
_SIZE = 1 << 16
_WINDOW = 3
_LEAST = 12.0
_STEPS = 60
_RATE = 0.35
_DECAY = 2e-4
_LISTS = ("emergency", "crisis", "other")
_LIMITS = ("alarm", "grey")
_END = re.compile(r"[,.;:!?~。、\n]+|\s+(?=[^\x00-\x7f])")
_TELLING = re.compile(r"[a-z]{3,}|[\u3400-\u9fff]")
_TOO_LITTLE = 3
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(64 - 16)


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled messages of one language, and the two limits for its scores.

    `crisis` are the emergencies of those who may harm themselves.
    """

    emergency: tuple[str, ...]
    crisis: tuple[str, ...]
    other: tuple[str, ...]
    alarm: float
    grey: float


class UrgentModel:
    """What was learnt: one weight a piece of text. Any thread may ask it."""

    def __init__(self, weights: Floats, bias: float) -> None:
        """Take the weights; see `learn`."""
        self._weights = weights
        self._bias = bias

    def score(self, clean: str) -> float:
        """Give how much the worst few clauses of a normalised text sound like an emergency, 0 to 1."""
        text = clean[:_LONGEST_TEXT]
        if sum(1 for _ in islice(_TELLING.finditer(text), _TOO_LITTLE)) < _TOO_LITTLE:
            return 0.0
        sums, counts = np.zeros(len(text)), np.zeros(len(text))
        for found in _grams(text):
            sums[: len(found)] += self._weights[found]
            counts[: len(found)] += 1
        named, starts = _words(text)
        np.add.at(sums, starts, self._weights[named])
        np.add.at(counts, starts, 1)
        edges = np.array([0, *(one.end() for one in _END.finditer(text)), len(text)])
        parts, sizes = _between(sums, edges), _between(counts, edges)
        worst = max(
            float((_sliding(parts, n) / np.sqrt(np.maximum(_sliding(sizes, n), _LEAST))).max())
            for n in range(1, min(_WINDOW, len(parts)) + 1)
        )
        return 1 / (1 + exp(-(worst + self._bias)))


def pieces(clean: str) -> Ints:
    """List the hashed pieces of a normalised text."""
    return np.concatenate([*_grams(clean), _words(clean)[0]])


def _grams(clean: str) -> Iterator[Ints]:
    """Yield the hashed runs of one, two … characters, each in the order of their beginnings."""
    codes = np.frombuffer(clean.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    whole = np.zeros(len(codes), np.uint64)
    for length in range(1, min(_LONGEST_PIECE, len(codes)) + 1):
        whole = (
            whole[: len(codes) - length + 1] + codes[length - 1 :] + np.uint64(length)
        ) * _PRIME
        yield (whole >> _SHIFT).astype(np.int64)


def _words(clean: str) -> tuple[Ints, Ints]:
    """Give the hashed Latin words and pairs of words, and where each begins."""
    words = [(one.start(), one[0]) for one in _WORD.finditer(clean)]
    if not words:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    named = [crc32(word.encode()) for _, word in words]
    named += [crc32(f"{one} {two}".encode()) for (_, one), (_, two) in pairwise(words)]
    starts = [at for at, _ in words]
    hashed = (np.array(named, np.uint64) * _PRIME) >> _SHIFT
    return hashed.astype(np.int64), np.array(starts + starts[:-1])


def learn(emergencies: Sequence[str], others: Sequence[str]) -> UrgentModel:
    """Learn from normalised messages; the same messages always give the same model."""
    found = [pieces(text) for text in (*emergencies, *others)]
    wanted = np.repeat([1.0, 0.0], [len(emergencies), len(others)])
    counts = np.array([len(one) for one in found])
    rows = np.repeat(np.arange(len(found)), counts)
    places = np.concatenate(found)
    used, places = np.unique(places, return_inverse=True)
    share = (1 / np.sqrt(np.maximum(counts, 1)))[rows]
    learnt, bias = _descend(rows, places, share, wanted, len(used))
    weights = np.zeros(_SIZE, np.float32)
    weights[used] = learnt
    return UrgentModel(weights, bias)


def _descend(
    rows: Ints, places: Ints, share: Doubles, wanted: Doubles, size: int
) -> tuple[Doubles, float]:
    """Minimise the logistic loss by Adam over all examples at once."""
    weights, bias = np.zeros(size), 0.0
    first, second = np.zeros(size), np.zeros(size)
    balance = np.where(wanted > 0, 0.5 / wanted.mean(), 0.5 / (1 - wanted.mean())) / len(wanted)
    for step in range(1, _STEPS + 1):
        sums = np.bincount(rows, weights[places] * share, minlength=len(wanted)) + bias
        wrong = (1 / (1 + np.exp(-sums)) - wanted) * balance
        slope = np.bincount(places, wrong[rows] * share, minlength=size) + _DECAY * weights
        first += 0.1 * (slope - first)
        second += 0.001 * (slope * slope - second)
        scaled = np.sqrt(second / (1 - 0.999**step)) + 1e-8
        weights -= _RATE * (first / (1 - 0.9**step)) / scaled
        bias -= _RATE * float(wrong.sum())
    return weights, bias


def _between(values: NDArray[Any], edges: Ints) -> Doubles:
    """Add up the values between neighbouring edges."""
    total: Doubles = np.concatenate([[0.0], np.cumsum(values)])
    return np.subtract(total[edges[1:]], total[edges[:-1]])


def _sliding(values: Doubles, size: int) -> Doubles:
    """Add up every `size` neighbours."""
    total: Doubles = np.concatenate([[0.0], np.cumsum(values)])
    return np.subtract(total[size:], total[:-size])


def load_examples(path: Path) -> Examples:
    """Read one language's examples and limits; raises `UrgentError`."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UrgentError([f"{path}: cannot be read as TOML: {error}"]) from error
    problems = [
        f"{path}: file: {name} is not known" for name in sorted(set(data) - {*_LISTS, *_LIMITS})
    ]
    for name in _LISTS:
        texts = data.get(name)
        if not isinstance(texts, list) or not texts or not all(isinstance(x, str) for x in texts):
            problems.append(f"{path}: file: {name} must be a list of messages")
    for name in _LIMITS:
        limit = data.get(name)
        if not isinstance(limit, float) or not 0 < limit <= 1:
            problems.append(f"{path}: file: {name} must be a number over 0, 1 at most")
    if problems:
        raise UrgentError(problems)
    if data["grey"] > data["alarm"]:
        raise UrgentError([f"{path}: file: grey must not be over alarm"])
    emergency, crisis, other = (tuple(data[name]) for name in _LISTS)
    return Examples(emergency, crisis, other, data["alarm"], data["grey"])
