"""The hospital's facts in the database: saved as a whole, loaded as one snapshot.

Nothing here commits: a save becomes true with the transaction of whoever asked for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import Session, SQLModel, col, select

from bot.hospital.columns import TABLES
from bot.hospital.facts import FACTS, parse_fact
from bot.hospital.files import replace_days, replace_kind
from bot.hospital.model import LANGUAGES, Hospital, MovedKind, Status, Tier
from bot.hospital.model import Session as ClinicPart
from bot.hospital.prices import Insurance
from bot.hospital.problems import HospitalDataError
from bot.store.tables import (
    HospitalCampus,
    HospitalDepartment,
    HospitalDoctor,
    HospitalDrug,
    HospitalFact,
    HospitalHoliday,
    HospitalPackage,
    HospitalPreparation,
    HospitalRevision,
    HospitalRoster,
    HospitalService,
    HospitalSymptom,
    HospitalTest,
)

#: The table of each kind of rows; each refers only to those before it.
_STORED: Mapping[str, type[SQLModel]] = {
    "campuses": HospitalCampus,
    "departments": HospitalDepartment,
    "doctors": HospitalDoctor,
    "holidays": HospitalHoliday,
    "roster": HospitalRoster,
    "tests": HospitalTest,
    "drugs": HospitalDrug,
    "packages": HospitalPackage,
    "services": HospitalService,
    "symptoms": HospitalSymptom,
    "preparations": HospitalPreparation,
}
_ENUMS: Mapping[str, type[StrEnum]] = {
    "tier": Tier,
    "session": ClinicPart,
    "status": Status,
    "insurance": Insurance,
    "kind": MovedKind,
}
_LISTS = frozenset({"aliases", "languages", "items", "items_en"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a save left in the database: the new revision, and how many rows of each kind."""

    revision: int
    rows: Mapping[str, int]


def revision(session: Session) -> int:
    """Return how many times the facts were saved; 0 before the first time."""
    stored = session.get(HospitalRevision, 1)
    return stored.revision if stored else 0


def save(session: Session, hospital: Hospital, now: datetime) -> Counts:
    """Replace all stored facts by those of `hospital`, in the caller's transaction."""
    session.execute(delete(HospitalFact))
    for table in list(_STORED.values())[::-1]:
        session.execute(delete(table))
    facts = [
        {"key": key, "lang": lang, "value": str(value)}
        for lang, texts in hospital.info.items()
        for key, value in texts.items()
    ]
    _insert(session, HospitalFact, facts)
    for kind, table in _STORED.items():
        rows = [
            {"position": position, **_stored(value)}
            for position, value in enumerate(getattr(hospital, kind))
        ]
        _insert(session, table, rows)
    counts = {kind: len(getattr(hospital, kind)) for kind in _STORED}
    return Counts(revision=bump(session, now), rows=counts)


def save_csv(session: Session, kind: str, data: bytes, now: datetime, file: str = "") -> Counts:
    """Replace the rows of one kind by those of a CSV file, in the caller's transaction.

    Raises:
        HospitalDataError: with every problem; nothing was changed.
    """
    hospital = load(session)
    if hospital is None:
        raise HospitalDataError([f"{file or kind}: load the whole hospital first"])
    return save(session, replace_kind(hospital, kind, data, file), now)


def save_days(
    session: Session, data: bytes, first: date, last: date, now: datetime, file: str = ""
) -> Counts:
    """Replace the roster's lines of these dates by those of a CSV file, in the caller's transaction.

    Raises:
        HospitalDataError: with every problem; nothing was changed.
    """
    hospital = load(session)
    if hospital is None:
        raise HospitalDataError([f"{file or 'roster'}: load the whole hospital first"])
    return save(session, replace_days(hospital, data, first, last, file), now)


def load(session: Session) -> Hospital | None:
    """Return the stored hospital, or None if none was ever saved."""
    if not revision(session):
        return None
    info: dict[str, dict[str, Any]] = {lang: {} for lang in LANGUAGES}
    for fact in session.exec(select(HospitalFact)):
        if fact.key in FACTS:  # an older version stored some that are no facts any more
            info[fact.lang][fact.key] = parse_fact(fact.key, fact.value)
    kinds: dict[str, Any] = {}
    for kind, table in _STORED.items():
        rows = session.exec(select(table).order_by(col(table.position)))  # type: ignore[attr-defined]
        kinds[kind] = tuple(_loaded(TABLES[kind].make, row) for row in rows)
    return Hospital(info=info, **kinds)


def _insert(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def bump(session: Session, now: datetime) -> int:
    """Count one more save: running servers take the facts anew."""
    stored = session.get(HospitalRevision, 1)
    if stored is None:
        stored = HospitalRevision(id=1, revision=0, saved_at=now)
    stored.revision += 1
    stored.saved_at = now
    session.add(stored)
    session.flush()
    return stored.revision


def _stored(value: Any) -> dict[str, Any]:
    """Return a value as columns: amounts in fen, lists as lines, enumerations as words."""
    columns: dict[str, Any] = {}
    for item in fields(value):
        held = getattr(value, item.name)
        if item.type is Decimal or item.type == Decimal | None:
            columns[f"{item.name}_fen"] = None if held is None else int(held * 100)
        elif item.name in _LISTS:
            columns[item.name] = "\n".join(held)
        else:
            columns[item.name] = held.value if isinstance(held, StrEnum) else held
    return columns


def _loaded(make: type, row: Any) -> Any:
    """Return the value that was stored as this row."""
    values: dict[str, Any] = {}
    for item in fields(make):
        if item.type is Decimal or item.type == Decimal | None:
            fen = getattr(row, f"{item.name}_fen")
            values[item.name] = None if fen is None else Decimal(fen).scaleb(-2)
            continue
        held = getattr(row, item.name)
        if item.name in _LISTS:
            held = tuple(held.split("\n")) if held else ()
        elif item.name in _ENUMS and held is not None:
            held = _ENUMS[item.name](held)
        values[item.name] = held
    return make(**values)
