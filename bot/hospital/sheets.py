"""Reading a table that people keep in a spreadsheet: bytes in, checked rows out.

UTF-8 with or without a byte-order mark, UTF-16 and GB18030 are understood, and commas, tabs or
semicolons between cells. Blank rows and empty cells at the end of a row mean nothing.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.hospital import cells
from bot.hospital.columns import Column, Table
from bot.hospital.encodings import decode
from bot.hospital.problems import HospitalDataError

_DELIMITERS = (",", "\t", ";")


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was read: its number in the spreadsheet (the heading is row 1) and its values."""

    number: int
    values: Mapping[str, Any]


def read_rows(table: Table, data: bytes, file: str) -> list[Row]:
    """Return the rows of a table.

    Raises:
        HospitalDataError: with every problem of the file, by row and column.
    """
    lines = _lines(decode(data, file), file)
    number, heading = next(lines, (0, []))
    if not number:
        raise HospitalDataError([f"{file}: the file is empty (expected a heading row)"])
    places, problems = _places(table, heading, file)
    if problems:
        raise HospitalDataError(problems)
    rows: list[Row] = []
    seen: dict[tuple[Any, ...], int] = {}
    for number, line in lines:
        row, wrong = _row(table, places, number, line)
        wrong = wrong or _repeated(table, row, seen)
        problems += [f"{file} row {number}{sentence}" for sentence in wrong]
        rows.append(row)
    if problems:
        raise HospitalDataError(problems)
    return rows


def _lines(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold anything, with their numbers, cells trimmed."""
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, line in enumerate(reader, start=1):
            trimmed = [cell.strip() for cell in line]
            while trimmed and not trimmed[-1]:
                trimmed.pop()
            if trimmed:
                yield number, trimmed
    except csv.Error as error:
        raise HospitalDataError([f"{file}: not a CSV table ({error})"]) from error


def _places(table: Table, heading: list[str], file: str) -> tuple[dict[int, Column], list[str]]:
    """Return which column stands at which place, and what is wrong with the heading."""
    known = {name: column for column in table.columns for name in (column.name, column.zh)}
    places: dict[int, Column] = {}
    problems: list[str] = []
    for place, cell in enumerate(heading):
        column = known.get(cells.plain(cell).replace(" ", "_"))
        if column is None:
            expected = ", ".join(column.name for column in table.columns)
            problems.append(f"{file}: column {cell!r} is not known (expected {expected})")
        elif column in places.values():
            problems.append(f"{file}: column {column.name} stands there twice")
        else:
            places[place] = column
    missing = [
        column.name for column in table.columns if column.required and column not in places.values()
    ]
    problems += [f"{file}: column {name} is missing" for name in missing]
    return places, problems


def _row(
    table: Table, places: Mapping[int, Column], number: int, line: list[str]
) -> tuple[Row, list[str]]:
    """Return a row's values and what is wrong with them."""
    wrong: list[str] = []
    if len(line) > max(places) + 1:
        wrong.append(f": {len(line)} cells, but the heading has {max(places) + 1}")
    values = {column.name: column.default for column in table.columns}
    for place, column in places.items():
        cell = line[place] if place < len(line) else ""
        if not cell and column.required:
            wrong.append(f", column {column.name}: the cell is empty")
        if not cell:
            continue
        try:
            values[column.name] = column.parse(cell)
        except ValueError as error:
            wrong.append(f", column {column.name}: {error}")
    return Row(number, values), wrong


def _repeated(table: Table, row: Row, seen: dict[tuple[Any, ...], int]) -> list[str]:
    """Return a sentence if the row says again what an earlier row says."""
    key = tuple(row.values[name] for name in table.unique)
    before = seen.setdefault(key, row.number)
    if before == row.number:
        return []
    shown = " ".join(str(part) for part in key if part)
    return [f", column {table.unique[0]}: {shown!r} is already on row {before}"]
