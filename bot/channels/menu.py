"""The menu beside a conversation, as staff edit it: `content/<lang>/menu.toml`.

Three groups of up to five entries, as the narrowest platform shows them; each entry is a question or
a word that a patient could have typed, and that the assistant knows.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from bot.channels.base import MenuItem
from bot.errors import StartError

GROUPS, ENTRIES = 3, 5
#: Columns of a label: a Chinese character takes two.
GROUP_WIDTH, ENTRY_WIDTH = 8, 16
_COMMAND = re.compile("[a-z0-9_]{1,32}")

Menu = Mapping[str, Sequence[MenuItem]]


def load_menu(folder: Path, languages: Sequence[str], knows: Callable[[str], bool]) -> Menu:
    """Return the menus by language, in the order of `languages`; one without a file has none.

    Args:
        folder: the content, one subfolder a language.
        knows: says whether the assistant knows what an entry would say.

    Raises:
        StartError: every problem, with its file and entry.
    """
    menus, problems = {}, []
    for lang in languages:
        path = folder / lang / "menu.toml"
        if not path.exists():
            continue
        where = f"{lang}/menu.toml"
        try:
            tables = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as exc:
            problems.append(f"{where}: cannot be read ({type(exc).__name__}).")
        except tomllib.TOMLDecodeError as exc:
            problems.append(f"{where}: is not valid TOML ({exc}).")
        else:
            reading = _Reading(where, knows)
            menus[lang] = reading.menu(tables)
            problems += reading.problems
    if problems:
        raise StartError("\n".join(problems))
    return menus


class _Reading:
    """One file: what was read of it, and what is wrong."""

    def __init__(self, where: str, knows: Callable[[str], bool]) -> None:
        self._where = where
        self._knows = knows
        self._commands: set[str] = set()
        self.problems: list[str] = []

    def menu(self, tables: Mapping[str, Any]) -> tuple[MenuItem, ...]:
        groups = tables.get("group")
        if set(tables) != {"group"} or not _is_list_of_tables(groups):
            self.problems.append(f"{self._where}: the file must hold [[group]] tables only.")
            return ()
        self._count(self._where, "groups", len(groups), GROUPS)
        return tuple(self._group(n, group) for n, group in enumerate(groups, 1))

    def _group(self, number: int, row: Mapping[str, Any]) -> MenuItem:
        where = f"{self._where}: group {number}"
        if "items" not in row:
            return self._entry(where, row, GROUP_WIDTH)
        label = self._label(where, row, GROUP_WIDTH)
        rows = row["items"]
        if set(row) != {"label", "items"} or not _is_list_of_tables(rows):
            self.problems.append(
                f"{where}: must hold a `label` and `items`, or be an entry itself."
            )
            return MenuItem(label)
        self._count(where, "items", len(rows), ENTRIES)
        items = (
            self._entry(f"{where}: item {n}", item, ENTRY_WIDTH) for n, item in enumerate(rows, 1)
        )
        return MenuItem(label, items=tuple(items))

    def _entry(self, where: str, row: Mapping[str, Any], width: int) -> MenuItem:
        if set(row) != {"label", "value", "command"}:
            self.problems.append(f"{where}: must hold `label`, `value` and `command`, no more.")
        value, command = row.get("value"), row.get("command")
        if not isinstance(value, str) or not value.strip() or not self._knows(value):
            self.problems.append(
                f"{where}: `value` must be what the assistant knows: a phrase of phrases.toml, or a "
                "question or the title of an entry in faq/."
            )
        if not isinstance(command, str) or not _COMMAND.fullmatch(command):
            self.problems.append(f"{where}: `command` must be 1 to 32 of a-z, 0-9 and _.")
        elif command in self._commands:
            self.problems.append(f"{where}: `command` {command} names another entry too.")
        self._commands.add(str(command))
        return MenuItem(self._label(where, row, width), str(value), str(command))

    def _label(self, where: str, row: Mapping[str, Any], width: int) -> str:
        label = row.get("label")
        if not isinstance(label, str) or not 0 < _width(label.strip()) <= width:
            self.problems.append(
                f"{where}: `label` must be 1 to {width // 2} Chinese characters, or {width} letters."
            )
        return str(label).strip()

    def _count(self, where: str, what: str, count: int, most: int) -> None:
        if not 0 < count <= most:
            self.problems.append(f"{where}: has {count} {what} (expected 1 to {most}).")


def _is_list_of_tables(value: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in text)
