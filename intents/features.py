"""What the character matcher sees of a text: its words and pieces of words, counted.

Chinese has no spaces and patients mistype in every language, so the pieces are small: characters,
pairs and triples for Chinese; words, pairs of words and 3- and 4-letter pieces for Latin script.
`match` weighs them; nothing here knows of a catalog.
"""

import re
from collections import Counter
from itertools import pairwise

from intents.normalize import normalize, strip_fillers

WEIGHTS = {"w": 1.0, "c": 0.6, "b": 0.7, "t": 0.7}
"""How much a kind of feature counts; the kind is the feature's first letter."""

_LONGEST = 400
_SHORTEST = 3
_EDGES = " ,.!?~。、…;:"
_PIECES = (3, 4)
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+(?:\.[0-9]+)?|[^\W_]")


def essence(text: str) -> str:
    """Give the text as it is compared: normalised, of bounded length, without fillers and edges."""
    words = strip_fillers(normalize(text[: 4 * _LONGEST])[:_LONGEST])
    return words.strip(_EDGES)


def features(text: str) -> Counter[str]:
    """Count the features of a text that `essence` made. A text without a word has none."""
    tokens = _TOKEN.findall(text)
    found = ["w" + token for token in tokens]
    found += [f"b{a} {b}" for a, b in pairwise(tokens)]
    if not text.isascii():
        triples = zip(tokens, tokens[1:], tokens[2:], strict=False)
        found += [f"t{a}{b}{c}" for a, b, c in triples if not (a + b + c).isascii()]
    for token in tokens:
        if token.isascii() and len(token) >= _SHORTEST:
            word = f"<{token}>"
            found += ["c" + word[i : i + n] for n in _PIECES for i in range(len(word) - n + 1)]
    return Counter(found)
