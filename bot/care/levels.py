"""When and what is asked of whoever went home, by level: `follow_up.toml` of the content folder (RM-11).

The hospital keeps the table; we only ask what stands in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.care.tables import tables_of
from bot.errors import StartError

FILE = "follow_up.toml"
_LANGUAGES = ("zh-CN", "en")
_LONGEST_DAY, _LONGEST_LEVEL = 400, 8


@dataclass(frozen=True, slots=True)
class Level:
    """One level.

    Attributes:
        days: after she went home, rising.
        questions: by language, asked in turn; the last is asked from then on.
    """

    days: Sequence[int]
    questions: Mapping[str, Sequence[str]]

    def question(self, number: int, lang: str) -> str:
        """Return what is asked the `number`th time, from 0."""
        asked = self.questions[lang]
        return asked[min(max(number, 0), len(asked) - 1)]


@dataclass(frozen=True, slots=True)
class Levels:
    """All levels.

    Attributes:
        first_by: nobody is asked later than on this day for the first time.
    """

    first_by: int = 7
    levels: Mapping[str, Level] = field(default_factory=dict)


def load_levels(folder: Path) -> Levels:
    """Read the table of a content folder; without the file nobody is asked.

    Raises:
        StartError: names the file, the level and the key of what cannot be used.
    """
    if (tables := tables_of(folder / FILE)) is None:
        return Levels()
    levels, problems = read_levels(tables)
    if problems:
        raise StartError("\n".join(f"{FILE}: {problem}" for problem in problems))
    return levels


def read_levels(tables: Mapping[str, Any]) -> tuple[Levels, list[str]]:
    """Return what the tables say, and a sentence for all that is wrong with them."""
    first_by = tables.get("first_by", 7)
    problems = [] if _is_day(first_by) else [f"`first_by` must be a day from 1 to {_LONGEST_DAY}"]
    problems += [f"`{name}` is not known" for name in sorted(set(tables) - {"first_by", "levels"})]
    known: dict[str, Level] = {}
    for name, table in tables.get("levels", {}).items():
        wrong = _wrong(name, table)
        problems += [f"levels.{name}: {sentence}" for sentence in wrong]
        if not wrong and not problems:
            days = tuple(sorted(table["days"]))
            days = days if days[0] <= first_by else (first_by, *days)
            known[name] = Level(days, {lang: table["questions"][lang] for lang in _LANGUAGES})
    return Levels(first_by if _is_day(first_by) else 7, known), problems


def _wrong(name: str, table: Any) -> list[str]:
    """Return what is wrong with one level."""
    days = table.get("days") if isinstance(table, Mapping) else None
    if not isinstance(days, list) or not days or not all(_is_day(day) for day in days):
        return [f"`days` must be days from 1 to {_LONGEST_DAY}"]
    if len(set(days)) != len(days) or len(name) > _LONGEST_LEVEL:
        return [f"each day once, and a name of at most {_LONGEST_LEVEL} characters"]
    asked = table.get("questions", {})
    return [
        f"`questions.{lang}` must be a list of questions"
        for lang in _LANGUAGES
        if not isinstance(asked.get(lang), list)
        or not asked[lang]
        or not all(isinstance(one, str) and one for one in asked[lang])
    ]


def _is_day(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LONGEST_DAY
