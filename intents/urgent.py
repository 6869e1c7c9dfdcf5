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
from intents.urgent_doubt import Answers, load_answers
from intents.urgent_load import load_language
from intents.urgent_model import FILE, Examples, UrgentModel, learn, load_examples
from intents.urgent_reading import met_rules, speaks
from intents.urgent_rules import CRISIS_KIND, KINDS, Language, Rule, UrgentError

__all__ = ["KINDS", "MODEL", "Alarm", "Doubt", "RedFlags", "UrgentError", "load_red_flags"]

#: Names the model where a rule would be named, and the kind of what it adds.
MODEL, MODEL_KIND, MODEL_VERSION = "model", "other", "1"
_EVEN = 0.5


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


@dataclass(frozen=True, slots=True)
class Doubt:
    """No alarm, but too much like one to say nothing: worth one short question (EM-09)."""

    kind: str
    rule: str
    version: str


@dataclass(frozen=True, slots=True)
class Added:
    """What may add to the rules: a model, from which score on it alarms, and from which it asks.

    `crisis` tells those who may harm themselves from other emergencies.
    """

    model: UrgentModel
    crisis: UrgentModel
    alarm: float
    grey: float

    def read(self, clean: str) -> Alarm | Doubt | None:
        """Read a normalised message in which no rule alarms."""
        score = self.model.score(clean)
        if score < self.grey:
            return None
        crisis = self.crisis.score(clean) >= _EVEN
        kind = CRISIS_KIND if crisis else MODEL_KIND
        if score >= self.alarm:
            return Alarm(kind, MODEL, MODEL_VERSION, crisis)
        return Doubt(kind, MODEL, MODEL_VERSION)


class RedFlags:
    """All languages' rules, and a model that may add to them; serves every message, from any thread."""

    def __init__(
        self,
        languages: Sequence[Language],
        added: Added | None = None,
        answers: Answers | None = None,
    ) -> None:
        """Take the compiled content; see `load_red_flags`. Without a model the rules stand alone.

        `answers` tells what is a clear answer to the question that a doubt asks.
        """
        self._languages = tuple(languages)
        self._added = added
        self.answers = answers or Answers()

    @property
    def languages(self) -> Sequence[Language]:
        """Every language's rules, to be looked at."""
        return self._languages

    @property
    def added(self) -> Added | None:
        """The model and its limits; None where the rules stand alone."""
        return self._added

    def check(self, text: str) -> Alarm | None:
        """Give the worst alarm in a message, or None. Same text, same answer; never raises."""
        found = self.read(text)
        return found if isinstance(found, Alarm) else None

    def read(self, text: str) -> Alarm | Doubt | None:
        """Give the worst alarm in a message; else a doubt, where there is one."""
        clean = normalize(_keep_lines(text))
        met: list[tuple[int, Rule]] = []
        for language in self._languages:
            if speaks(language, clean):
                met += [(language.rank[rule.kind], rule) for rule in met_rules(language, clean)]
        sure = [(rank, rule) for rank, rule in met if not rule.grey]
        if sure:
            worst = min(sure, key=lambda ranked: ranked[0])[1]
            crisis = any(rule.kind == CRISIS_KIND for _, rule in met)
            return Alarm(worst.kind, worst.id, worst.version, crisis)
        added = self._added.read(clean) if self._added else None
        if isinstance(added, Alarm) or not met:
            return added
        worst = min(met, key=lambda ranked: ranked[0])[1]
        return Doubt(worst.kind, worst.id, worst.version)

    def score(self, text: str) -> float:
        """Give what the model alone says of a message, 0 to 1; 0 without one. Only to measure."""
        return self._added.model.score(normalize(_keep_lines(text))) if self._added else 0.0


def load_red_flags(folder: Path, *, model: bool = True) -> RedFlags:
    """Read `<folder>/<lang>/urgent.toml` of every language; raises `UrgentError`.

    Args:
        folder: the content folder (`intents/content`).
        model: learn the model too, where there are examples (`urgent_examples.toml`).
    """
    paths = sorted(folder.glob("*/urgent.toml"))
    if not paths:
        raise UrgentError([f"{folder}: has no <language>/urgent.toml"])
    languages: list[Language] = []
    examples: list[Examples] = []
    problems: list[str] = []
    answers = Answers()
    try:
        answers = load_answers(folder)
    except UrgentError as error:
        problems += error.problems
    for path in paths:
        try:
            languages.append(load_language(path))
            if model and path.with_name(FILE).exists():
                examples.append(load_examples(path.with_name(FILE)))
        except UrgentError as error:
            problems += error.problems
    if problems:
        raise UrgentError(problems)
    return RedFlags(languages, _learnt(examples), answers)


def _learnt(examples: Sequence[Examples]) -> Added | None:
    """Learn one model of all languages' examples; where their limits differ, the higher ones hold."""
    if not examples:
        return None
    emergencies = [normalize(text) for one in examples for text in one.emergency]
    crises = [normalize(text) for one in examples for text in one.crisis]
    others = [normalize(text) for one in examples for text in one.other]
    return Added(
        learn(emergencies + crises, others),
        learn(crises, emergencies),
        max(one.alarm for one in examples),
        max(one.grey for one in examples),
    )


def _keep_lines(text: str) -> str:
    return text.replace("\r", "\n").replace("\n", " . ")
