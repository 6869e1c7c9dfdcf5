"""Emergency and crisis numbers by locale (EM-04, EM-05): content that a clinical lead signs off."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from intents.urgent_rules import UrgentError

#: The locale used where the hospital's own is unknown.
UNKNOWN = ""
_NUMBER = re.compile(r"[0-9]{2,6}(-[0-9]{2,6}){0,3}")


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one locale, as plain digits a phone can dial; the first is the one to call."""

    emergency: tuple[str, ...]
    police: str
    crisis: tuple[str, ...]


def load_numbers(folder: Path) -> Mapping[str, Numbers]:
    """Read `<folder>/numbers.toml`: a table a locale, and `unknown` for none.

    Raises:
        UrgentError: names the locale and the field that cannot be used.
    """
    file = folder / "numbers.toml"
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise UrgentError([f"{file.name}: cannot be read: {exc}"]) from exc
    problems: list[str] = []
    numbers = {
        UNKNOWN if locale == "unknown" else locale: _numbers(
            f"{file.name}, {locale}", table, problems
        )
        for locale, table in tables.items()
    }
    if UNKNOWN not in numbers:
        problems.append(f"{file.name}: needs a table [unknown] for hospitals without a locale")
    if problems:
        raise UrgentError(problems)
    return numbers


def _numbers(where: str, table: object, problems: list[str]) -> Numbers:
    if not isinstance(table, dict):
        problems.append(f"{where}: must be a table with emergency, police and crisis")
        return Numbers((), "", ())
    fields = {name: table.get(name) for name in ("emergency", "crisis")}
    for name, value in fields.items():
        right = (
            isinstance(value, list)
            and value
            and all(isinstance(n, str) and _NUMBER.fullmatch(n) for n in value)
        )
        if not right:
            problems.append(f'{where}, {name}: must be a list of numbers such as ["120"]')
    police = table.get("police")
    if not isinstance(police, str) or not _NUMBER.fullmatch(police):
        problems.append(f'{where}, police: must be a number such as "110"')
    return Numbers(tuple(fields["emergency"] or ()), str(police), tuple(fields["crisis"] or ()))
