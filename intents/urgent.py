"""The red-flag check: would a triage nurse, reading this message, send the person for help now?

It runs before everything else, on every message, with nothing but this package and its content:
no database, no model, no clock. Each clause is judged by itself and the worst one decides.
It names no disease; it only says which rule of `content/<lang>/urgent.toml` was met.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from intents.normalize import normalize
from intents.urgent_reading import Reading, read, speaks
from intents.urgent_rules import CRISIS_KIND, KINDS, Language, Rule, UrgentError, load_language

__all__ = ["KINDS", "Alarm", "RedFlags", "UrgentError", "load_red_flags"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A red flag: its kind, the rule that was met, and whether crisis help is needed too."""

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
        alarms: list[tuple[int, Alarm]] = []
        crisis = False
        for language in self._languages:
            if not speaks(language, clean):
                continue
            for rule in met_rules(language, clean):
                alarms.append((language.rank[rule.kind], Alarm(rule.kind, rule.id, rule.version, crisis=False)))
                crisis |= rule.kind == CRISIS_KIND
        if not alarms:
            return None
        worst = min(alarms, key=lambda ranked: ranked[0])[1]
        return Alarm(worst.kind, worst.rule, worst.version, crisis)


def load_red_flags(folder: Path) -> RedFlags:
    """Read `<folder>/<lang>/urgent.toml` of every language; raises `UrgentError`.

    `folder` is the content folder (`intents/content`).
    """
    paths = sorted(folder.glob("*/urgent.toml"))
    if not paths:
        raise UrgentError([f"{folder}: has no <language>/urgent.toml"])
    languages, problems = [], []
    for path in paths:
        try:
            languages.append(load_language(path))
        except UrgentError as error:
            problems += error.problems
    if problems:
        raise UrgentError(problems)
    return RedFlags(languages)


def met_rules(language: Language, clean: str) -> list[Rule]:
    """List the rules that a normalised message meets, most messages none."""
    reading = read(language, clean)
    if reading is None:
        return []
    return [rule for rule in reading.candidates if _is_met(rule, reading)]


def _is_met(rule: Rule, reading: Reading) -> bool:
    live = reading.live(rule.ignores)
    everything = live.message
    if rule.says & everything and not rule.companions and not rule.unless:
        return True
    for clause, mask in enumerate(live.clauses):
        core = {"clause": mask, "near": live.near(clause), "message": everything}[rule.within]
        if not (rule.says & mask or (rule.needs and all(need & core for need in rule.needs))):
            continue
        around = {"clause": mask, "near": live.near(clause), "message": everything}
        if rule.unless & around["near"]:
            continue
        if all(companion & around[rule.companions_in] for companion in rule.companions):
            return True
    return False


def _keep_lines(text: str) -> str:
    return text.replace("\r", "\n").replace("\n", " . ")
