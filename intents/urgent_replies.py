"""What an emergency reply may never say (EM-03), as content a clinical lead can read."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from intents.urgent_rules import UrgentError


def load_banned(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Give, for every language, the words that no emergency reply may hold.

    They are `banned_in_replies` of `<folder>/<lang>/urgent.toml`; raises `UrgentError`.
    """
    banned: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*/urgent.toml")):
        try:
            words = tomllib.loads(path.read_text(encoding="utf-8")).get("banned_in_replies")
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            problems.append(f"{path}: cannot be read as TOML: {error}")
            continue
        if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
            banned[path.parent.name] = tuple(words)
        else:
            problems.append(f"{path}: file: banned_in_replies must be a list of texts")
    if problems:
        raise UrgentError(problems)
    return banned


def banned_in(reply: str, words: tuple[str, ...]) -> list[str]:
    """List the banned words that a reply holds, whatever their case."""
    lowered = reply.lower()
    return [word for word in words if word.lower() in lowered]
