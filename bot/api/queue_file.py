"""What the calling system says, as a CSV file: read whole, every wrong row named, then taken at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select

from bot.appointments.day.queue import News, Queue, Word
from bot.appointments.day.queue_rules import QueueState
from bot.appointments.rows import clinic
from bot.hospital import cells
from bot.hospital.columns import Column, Table
from bot.hospital.facts import parse_whole
from bot.hospital.problems import HospitalDataError
from bot.hospital.sheets import read_rows
from bot.store.db import Tx
from bot.store.statements import Hot

_STATES: Mapping[str, QueueState] = {
    **{state.value: state for state in QueueState},
    "候诊": QueueState.WAITING,
    "叫号": QueueState.CALLED,
    "过号": QueueState.PASSED,
    "已诊": QueueState.SEEN,
}
_CLINIC_OF = Hot(
    select(clinic.c.id).where(
        clinic.c.doctor == bindparam("doctor"),
        clinic.c.date == bindparam("day"),
        clinic.c.part == bindparam("part"),
    )
)


@dataclass(frozen=True, slots=True)
class Line:
    """One row: which clinic it speaks of, and what it says."""

    row: int
    clinic: tuple[str, date, str]
    word: Word


def _state(text: str) -> QueueState:
    """Read where somebody stands in the line."""
    found = _STATES.get(cells.plain(text))
    if found is None:
        raise ValueError(f"{text!r} is not known (expected one of {', '.join(_STATES)})")
    return found


QUEUE = Table(
    "queue",
    Word,
    (
        Column("doctor", "医生", cells.code),
        Column("date", "日期", cells.day, required=False, default=None),
        Column("session", "时段", cells.session),
        Column("appointment", "预约号", required=False),
        Column("queue_no", "排队号", parse_whole, required=False, default=None),
        Column("state", "状态", _state),
        Column("room", "诊室", required=False),
    ),
    unique=("doctor", "date", "session", "appointment", "queue_no"),
)


def read_queue(content: bytes, file: str, today: date) -> list[Line]:
    """Return the rows of a file; a row without a date speaks of today.

    Raises:
        HospitalDataError: with every problem, by row and column.
    """
    rows = read_rows(QUEUE, content, file)
    problems = [
        f"{file} row {row.number}: give appointment or queue_no"
        for row in rows
        if not row.values["appointment"] and row.values["queue_no"] is None
    ]
    if problems:
        raise HospitalDataError(problems)
    return [_line(row.number, row.values, today) for row in rows]


def _line(number: int, values: Mapping[str, Any], today: date) -> Line:
    where = (values["doctor"], values["date"] or today, values["session"].value)
    word = Word(values["state"], values["appointment"], values["queue_no"], values["room"])
    return Line(number, where, word)


def take(tx: Tx, queue: Queue, lines: list[Line], file: str, now: datetime) -> dict[str, int]:
    """Take all rows; return how many spoke of patients of ours, of others, and how many were told.

    Raises:
        HospitalDataError: with every row that speaks of no clinic; nothing is to be kept then.
    """
    words: dict[int, list[Word]] = {}
    problems = []
    for line in lines:
        doctor, day, part = line.clinic
        row = tx.one(_CLINIC_OF, doctor=doctor, day=day, part=part)
        if row is None:
            problems.append(f"{file} row {line.row}: {doctor} has no clinic on {day}, {part}")
        else:
            words.setdefault(int(row.id), []).append(line.word)
    if problems:
        raise HospitalDataError(problems)
    heard = [queue.heard(tx, one, News(words=tuple(said)), now) for one, said in words.items()]
    return {
        "known": sum(one.known for one in heard),
        "strangers": sum(one.strangers for one in heard),
        "told": sum(one.told for one in heard),
    }
