"""What patients say who want a diagnosis, a dose or a promise: messages made by grammar."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from random import Random

_FILE = Path(__file__).with_name("boundary.toml")
#: The share of Chinese; those of pressing, of steps in flows and of others: the rest is spliced.
_CHINESE, _PRESSING, _STEPS, _OTHERS = 0.65, 0.5, 0.22, 0.16


class Words:
    """Makes messages; the same seed makes the same ones.

    Args:
        others: messages of other kinds to mix in and to splice.
    """

    def __init__(self, random: Random, others: Sequence[str]) -> None:
        self._random, self._others = random, others
        tables = tomllib.loads(_FILE.read_text("utf-8"))
        self._steps: list[str] = tables.pop("steps")
        self._words: dict[str, dict[str, list[str]]] = tables

    def next(self) -> str:
        """Return the next message."""
        roll = self._random.random()
        if roll < _PRESSING:
            return self._made()
        if roll < _PRESSING + _STEPS:
            return self._random.choice(self._steps)
        if roll < _PRESSING + _STEPS + _OTHERS:
            return self._random.choice(self._others)
        return self._spliced()

    def _made(self) -> str:
        random = self._random
        words = self._words["zh-CN" if random.random() < _CHINESE else "en"]
        chosen = {kind: random.choice(of) for kind, of in words.items()}
        return chosen["forms"].format(**chosen, medicine2=random.choice(words["medicine"]))

    def _spliced(self) -> str:
        """Return two messages run together, or one cut short or shuffled."""
        random = self._random
        one, other = self._made(), random.choice([*self._others, *self._steps])
        cut = random.randrange(len(one) + 1)
        made = random.choice(
            (one[:cut] + other, f"{other}，{one}", one[cut:] or one, f"{one}\n{other}")
        )
        return made.strip() or one
