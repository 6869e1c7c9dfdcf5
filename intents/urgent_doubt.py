"""What is an answer to "is it still like that?": a clear yes, a clear no, or neither (EM-09).

Only a whole message that is one of the listed phrases is clear. Whatever says more is not: a person
looks at it.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from intents.normalize import normalize, strip_fillers
from intents.urgent_rules import UrgentError

FILE = "urgent_doubt.toml"
_NAMES = ("yes", "no")
_EDGES = re.compile(r"[\s,.!?~。、…;:]+")


class Answers:
    """The phrases of all languages."""

    def __init__(self, yes: Sequence[str] = (), no: Sequence[str] = ()) -> None:
        """Take the phrases that are clear."""
        self._yes = frozenset(_key(one) for one in yes)
        self._no = frozenset(_key(one) for one in no)

    def read(self, text: str) -> bool | None:
        """Tell whether an answer is a clear yes or a clear no; None where it is neither."""
        for key in (_key(text), _key(strip_fillers(normalize(text)))):
            if key in self._yes:
                return True
            if key in self._no:
                return False
        return None


def _key(text: str) -> str:
    return _EDGES.sub(" ", normalize(text)).strip()


def load_answers(folder: Path) -> Answers:
    """Read `<folder>/<lang>/urgent_doubt.toml` of every language that has one; raises `UrgentError`."""
    phrases: dict[str, list[str]] = {name: [] for name in _NAMES}
    problems: list[str] = []
    for path in sorted(folder.glob(f"*/{FILE}")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            problems.append(f"{path}: cannot be read as TOML: {error}")
            continue
        problems += [
            f"{path}: file: {name} is unknown, expected one of yes, no"
            for name in sorted(set(data) - set(_NAMES))
        ]
        for name in _NAMES:
            found = data.get(name)
            if isinstance(found, list) and found and all(isinstance(one, str) for one in found):
                phrases[name] += found
            else:
                problems.append(f"{path}: file: {name} must be a list of phrases")
    both = {_key(one) for one in phrases["yes"]} & {_key(one) for one in phrases["no"]}
    problems += [f"{FILE}: {one!r} is both a yes and a no" for one in sorted(both)]
    if problems:
        raise UrgentError(problems)
    return Answers(phrases["yes"], phrases["no"])
