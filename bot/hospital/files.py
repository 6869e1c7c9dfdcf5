"""A hospital from files: `hospital.toml` and one CSV a kind of rows; or one new CSV for a hospital.

Nothing is half-applied: either a whole `Hospital` comes back, or `HospitalDataError` with every
problem found.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from bot.hospital.columns import PREPARATIONS, ROSTER, TABLES, Table
from bot.hospital.facts_file import read_facts
from bot.hospital.model import Fact, Hospital
from bot.hospital.problems import HospitalDataError
from bot.hospital.references import (
    dated_problems,
    left_behind,
    preparation_problems,
    resolve,
    roster_problems,
)
from bot.hospital.sheets import Row, read_rows

#: The fictional hospital that comes with the application.
DEMO = Path(__file__).parent / "demo"


def read_folder(folder: Path) -> Hospital:
    """Return the hospital that the files in a folder describe."""
    problems: list[str] = []
    optional = {table.file for table in TABLES.values() if table.optional}

    def read(name: str) -> bytes | None:
        try:
            return (folder / name).read_bytes()
        except FileNotFoundError:
            if name in optional:
                return None
            problems.append(f"{name}: the file is missing in {folder}")
        except OSError as error:
            problems.append(f"{name}: cannot be read ({error.strerror})")
        return None

    texts = read("hospital.toml")
    sheets = {kind: read(table.file) for kind, table in TABLES.items()}
    found = {kind: data for kind, data in sheets.items() if data is not None}
    try:
        hospital = read_files(texts if texts is not None else b"", found)
    except HospitalDataError as error:
        gone = [
            table.file for kind, table in TABLES.items() if kind not in found and not table.optional
        ]
        follow = [f"is not in {file}" for file in gone]
        follow += ["hospital.toml, "] if texts is None else []
        wrong = [said for said in error.problems if not any(part in said for part in follow)]
        raise HospitalDataError([*problems, *wrong]) from error
    if problems:
        raise HospitalDataError(problems)
    return hospital


def read_files(texts: bytes, sheets: Mapping[str, bytes]) -> Hospital:
    """Return the hospital of a `hospital.toml` and of CSV files by kind; none is an empty kind."""
    problems: list[str] = []
    rows: dict[str, list[Row]] = {}
    info: Mapping[str, Mapping[str, Fact]] = {}
    try:
        info = read_facts(texts)
    except HospitalDataError as error:
        problems += error.problems
    for kind in [kind for kind in TABLES if kind in sheets]:
        try:
            rows[kind] = read_rows(TABLES[kind], sheets[kind], TABLES[kind].file)
        except HospitalDataError as error:
            problems += error.problems
    unread = sheets.keys() - rows.keys()
    made, wrong = _made(rows, Hospital(info={}), unread)
    if problems or wrong:
        raise HospitalDataError([*problems, *wrong])
    return replace(made, info=info)


def replace_kind(hospital: Hospital, kind: str, data: bytes, file: str = "") -> Hospital:
    """Return the hospital with all rows of one kind replaced by those of a CSV file.

    What other kinds refer to must still be there: removing a department that has doctors is a
    problem, named by the doctor.
    """
    table = TABLES[kind]
    rows = read_rows(table, data, file or table.file)
    made, wrong = _made({kind: rows}, hospital, frozenset(), {kind: file or table.file})
    wrong += left_behind(made, kind)
    if wrong:
        raise HospitalDataError(wrong)
    return made


def replace_days(
    hospital: Hospital, data: bytes, first: date, last: date, file: str = ""
) -> Hospital:
    """Return the hospital with the roster's lines of these dates replaced by those of a CSV file.

    The weekly lines and those of other dates stay.
    """
    name = file or ROSTER.file
    rows = read_rows(ROSTER, data, name)
    wrong = [
        f"{name} row {row.number}, column date: a date from {first} to {last} is expected"
        for row in rows
        if row.values["date"] is None or not first <= row.values["date"] <= last
    ]
    kept = tuple(
        rule for rule in hospital.roster if rule.date is None or not first <= rule.date <= last
    )
    made, more = _made({"roster": rows}, hospital, frozenset(), {"roster": name}, kept)
    if wrong or more:
        raise HospitalDataError([*wrong, *more])
    return made


def _made(
    rows: Mapping[str, list[Row]],
    hospital: Hospital,
    unread: frozenset[str] | set[str],
    files: Mapping[str, str] | None = None,
    kept: tuple[Any, ...] = (),
) -> tuple[Hospital, list[str]]:
    """Return the hospital with these rows, references resolved, and what is wrong with them.

    References to a kind that could not be read are not complained about: its own problems are.
    Rows with something wrong are kept to the end, so that those that refer to them are not blamed.
    """
    wrong: list[str] = []
    for kind, table in TABLES.items():
        if kind not in rows:
            continue
        file = (files or {}).get(kind, table.file)
        values: list[Any] = []
        for row in rows[kind]:
            resolved = dict(row.values)
            sentences = resolve(resolved, hospital, unread)
            sentences += roster_problems(resolved) if table is ROSTER else []
            sentences += preparation_problems(resolved) if table is PREPARATIONS else []
            wrong += [f"{file} row {row.number}, {sentence}" for sentence in sentences]
            values += _values(table, resolved)
        changed: dict[str, Any] = {kind: (*kept, *values)}
        hospital = replace(hospital, **changed)
        if table is ROSTER and not wrong:
            wrong += dated_problems(rows[kind], hospital, file)
    return hospital, wrong


def _values(table: Table, values: dict[str, Any]) -> list[Any]:
    """Return the value or values of a row: a weekly roster line is one rule a weekday."""
    if table is not ROSTER:
        return [table.make(**values)]
    days = values.pop("weekday") or (None,)
    return [table.make(**values, weekday=day) for day in days]
