"""The red-flag check: whether a message means "get help now".

The one question is whether a triage nurse reading it would send the person for help at once.

It runs before everything else, on every message, with nothing but this package and its content:
no database, no model, no clock. Each clause is judged by itself and the worst one decides.
It names no disease; it only says which rule of `content/<lang>/urgent.toml` was met.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from intents.normalize import normalize
from intents.urgent_load import load_language
from intents.urgent_reading import met_rules, speaks
from intents.urgent_rules import CRISIS_KIND, KINDS, Language, Rule, UrgentError

__all__ = ["KINDS", "Alarm", "RedFlags", "UrgentError", "load_red_flags"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A red flag: the worst kind met, its rule and version, and whether crisis help is needed.

    `crisis` is true as soon as any suicide or self-harm rule is met, also when the worst kind is
    another, such as an overdose.
    """

    kind: str
    rule: str
    version: str
    crisis: bool


class RedFlags:
    """All languages' rules; one instance serves every message, from any thread."""

    def __init__(self, languages: Sequence[Language]) -> None:
        """Take the compiled content; see `load_red_flags`."""
        self._languages = tuple(languages)

    def check(self, text: str) -> Alarm | None:
        """Give the worst alarm in a message, or None. Same text, same answer; never raises."""
        clean = normalize(_keep_lines(text))
        met: list[tuple[int, Rule]] = []
        for language in self._languages:
            if not speaks(language, clean):
                continue
            met += [(language.rank[rule.kind], rule) for rule in met_rules(language, clean)]
        if not met:
            return None
        worst = min(met, key=lambda ranked: ranked[0])[1]
        crisis = any(rule.kind == CRISIS_KIND for _, rule in met)
        return Alarm(worst.kind, worst.id, worst.version, crisis)


def load_red_flags(folder: Path) -> RedFlags:
    """Read `<folder>/<lang>/urgent.toml` of every language; raises `UrgentError`.

    `folder` is the content folder (`intents/content`).
    """
    paths = sorted(folder.glob("*/urgent.toml"))
    if not paths:
        raise UrgentError([f"{folder}: has no <language>/urgent.toml"])
    languages: list[Language] = []
    problems: list[str] = []
    for path in paths:
        try:
            languages.append(load_language(path))
        except UrgentError as error:
            problems += error.problems
    if problems:
        raise UrgentError(problems)
    return RedFlags(languages)


def _keep_lines(text: str) -> str:
    return text.replace("\r", "\n").replace("\n", " . ")
