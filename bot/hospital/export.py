"""The hospital as files again: what is written here reads back as the very same hospital.

CSV for a spreadsheet: UTF-8 with a byte-order mark, so that Excel shows Chinese as it is.
"""

import csv
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlmodel import Session

from bot.hospital import service
from bot.hospital.cells import INSURANCES, MOVED, SESSIONS, STATUSES, TIERS
from bot.hospital.columns import ROSTER, TABLES
from bot.hospital.facts import FACTS, FactKind
from bot.hospital.model import LANGUAGES, Fact, Hospital, RosterRule
from bot.hospital.problems import HospitalDataError
from bot.hospital.references import EVERYONE

_WORDS: Mapping[StrEnum, str] = {
    value: word
    for words in (TIERS, SESSIONS, STATUSES, INSURANCES, MOVED)
    for word, value in reversed(words.items())
}
_MARK = "\ufeff"
_DELETE = "\x7f"


def export_folder(hospital: Hospital, folder: Path) -> list[str]:
    """Write a hospital into a folder, as `read_folder` reads it; return the names of the files."""
    files = {"hospital.toml": export_facts(hospital.info).encode()}
    files |= {table.file: export_kind(hospital, kind) for kind, table in TABLES.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise HospitalDataError([f"{folder}: cannot be written ({error.strerror})"]) from error
    return list(files)


def export_roster(session: Session) -> bytes:
    """Return the stored roster as a CSV file."""
    hospital = service.load(session)
    if hospital is None:
        raise HospitalDataError(["no hospital was imported yet"])
    return export_kind(hospital, ROSTER.kind)


def export_kind(hospital: Hospital, kind: str) -> bytes:
    """Return the rows of one kind as a CSV file."""
    table = TABLES[kind]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in table.columns])
    for value in getattr(hospital, kind):
        writer.writerow([_cell(value, column.name) for column in table.columns])
    return (_MARK + text.getvalue()).encode()


def _cell(value: Any, name: str) -> str:
    held = getattr(value, name)
    if isinstance(value, RosterRule) and name == "doctor" and held is None:
        return EVERYONE
    if isinstance(held, StrEnum):
        return _WORDS[held]
    if isinstance(held, tuple):
        return ";".join(held)
    if held is None:
        return ""
    return {True: "是", False: "否"}[held] if isinstance(held, bool) else str(held)


def export_facts(info: Mapping[str, Mapping[str, Fact]]) -> str:
    """Return the standing facts as a `hospital.toml`."""
    lines: list[str] = []
    group = ""
    for key in sorted(FACTS, key=lambda key: ("." in key, key.partition(".")[0])):
        of, _, name = key.rpartition(".")
        if of != group:
            group = of
            lines += ["", f"[{group}]"]
        lines.append(f"{name} = {_fact(key, {lang: info[lang][key] for lang in LANGUAGES})}")
    return "\n".join(lines) + "\n"


def _fact(key: str, values: Mapping[str, Fact]) -> str:
    said = [_quoted(key, value) for value in values.values()]
    if len(set(said)) == 1:
        return said[0]
    pairs = (f"{lang} = {text}" for lang, text in zip(values, said, strict=True))
    return f"{{ {', '.join(pairs)} }}"


def _quoted(key: str, value: Fact) -> str:
    if FACTS[key] is FactKind.MONEY and isinstance(value, Decimal):
        return f"{value:f}"
    if FACTS[key] is FactKind.WHOLE:
        return str(value)
    return json.dumps(str(value), ensure_ascii=False).replace(_DELETE, "\\u007f")
