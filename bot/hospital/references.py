"""What rows refer to, and whether it is there: departments, doctors, the weekly roster."""

from collections.abc import Callable
from datetime import date
from typing import Any

from bot.hospital.columns import TABLES
from bot.hospital.model import Hospital, Status
from bot.hospital.sheets import Row

#: What a roster line writes for "every doctor".
EVERYONE = "*"


def resolve(
    values: dict[str, Any], hospital: Hospital, unread: frozenset[str] | set[str]
) -> list[str]:
    """Put codes where a row names a department or a doctor by code or name."""
    wrong = []
    for column, kind in (
        ("campus", "campuses"),
        ("department", "departments"),
        ("doctor", "doctors"),
    ):
        written = values.get(column)
        if not written or (column == "doctor" and written == EVERYONE):
            continue
        codes = [item.code for item in getattr(hospital, kind) if written in (item.code, item.name)]
        if len(codes) == 1:
            values[column] = codes[0]
        elif kind not in unread and not (unread & {"departments", "campuses"}):
            why = "is more than one" if codes else "is not in"
            wrong.append(f"column {column}: {written!r} {why} {kind}.csv (expected a code or name)")
    if values.get("doctor") == EVERYONE:
        values["doctor"] = None
    return wrong


def roster_problems(values: dict[str, Any]) -> list[str]:
    """Return what a roster line leaves open."""
    wrong = []
    dated = values["date"] is not None
    if dated == bool(values["weekday"]):
        wrong.append("column weekday: either a weekday or a date is expected")
    if not dated and values["doctor"] is None:
        wrong.append("column doctor: '*' is for a date, not for every week")
    if not dated:
        needed = ("session", "room", "capacity")
        wrong += [
            f"column {name}: needed for a weekly clinic"
            for name in needed
            if values[name] in (None, "")
        ]
    if values["starts"] and values["ends"] and values["starts"] > values["ends"]:
        wrong.append("column ends: before the start date")
    return wrong


def preparation_problems(values: dict[str, Any]) -> list[str]:
    """Return what a line of preparations leaves open."""
    wrong = []
    if values["department"] is None and values["doctor"] is None:
        wrong.append("column department: a department or a doctor is expected")
    step = [values[name] for name in ("days_before", "at", "text", "text_en")]
    told = [item not in (None, "") for item in step]
    if (values["fasting_hours"] is not None) == any(told) or any(told) != all(told):
        wrong.append(
            "column days_before: either fasting_hours, or days_before with at, text and text_en, "
            "is expected"
        )
    return wrong


def dated_problems(rows: list[Row], hospital: Hospital, file: str) -> list[str]:
    """Return the dated lines that open a new clinic without saying where or how large."""
    weekly = {(rule.doctor, rule.session, rule.weekday) for rule in hospital.roster}
    calendar = hospital.calendar
    names: dict[str, str] = {}
    for doctor in hospital.doctors:
        names |= {doctor.code: doctor.code, doctor.name: doctor.code}
    wrong = []
    for row in rows:
        day, session = row.values["date"], row.values["session"]
        held = row.values["status"] is not Status.STOPPED and row.values["doctor"] != EVERYONE
        if not isinstance(day, date) or session is None or not held:
            continue
        held_as = calendar.held_as(day) or day.isoweekday()
        usual = (names.get(row.values["doctor"]), session, held_as) in weekly
        wrong += [
            f"{file} row {row.number}, column {name}: needed, as there is no weekly clinic then"
            for name in ("room", "capacity")
            if not usual and row.values[name] in (None, "")
        ]
    return wrong


def left_behind(hospital: Hospital, kind: str) -> list[str]:
    """Return the rows of other kinds whose department or doctor is no longer there."""
    known: dict[str, tuple[str, Callable[[str], bool]]] = {
        "campuses": ("campus", ["", *hospital.campus_of].__contains__),
        "departments": ("department", hospital.department_of.__contains__),
        "doctors": ("doctor", hospital.doctor_of.__contains__),
    }
    if kind not in known:
        return []
    column, exists = known[kind]
    lost: dict[str, None] = {}
    for other, table in TABLES.items():
        if other == kind or column not in {item.name for item in table.columns}:
            continue
        for value in getattr(hospital, other):
            wanted = getattr(value, column)
            if wanted is not None and not exists(wanted):
                lost[f"{kind}.csv: {column} {wanted!r} is missing, but {other} refer to it"] = None
    return list(lost)
