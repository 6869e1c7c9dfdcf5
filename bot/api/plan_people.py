"""Whom a row of a file, or a request, is about: by a document, never by a name alone.

What is wrong is said without the document and without the name: the row's number finds both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.patients import family_rows as rows
from bot.patients.documents import Document, Papers, find
from bot.patients.names import same_name
from bot.store.db import Tx

#: The word beside a number that says what it is.
_LABELS: Mapping[Papers, str] = {
    Papers.RESIDENT: "身份证",
    Papers.LEGACY: "身份证",
    Papers.PASSPORT: "护照",
    Papers.HONG_KONG: "港澳通行证",
    Papers.TAIWAN: "台胞证",
    Papers.FOREIGNER: "永居证",
    Papers.BIRTH: "出生证",
}
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody as a file names her."""

    document: Document = field(repr=False)
    name: str = field(default="", repr=False)


class NobodyError(ValueError):
    """It is no document of that kind, or somebody else's; the sentence repeats neither."""


def named(kind: Papers, number: str, name: str, today: date) -> Named:
    """Return whom a document and a name mean. Raises `NobodyError`."""
    found = find(f"{_LABELS[kind]} {number}", today)
    if len(found.documents) != 1 or found.rest.replace(_LABELS[kind], "").strip():
        why = f" ({found.fault})" if found.fault else ""
        raise NobodyError(f"document: is no number of that kind{why}")
    document = found.documents[0]
    known = {kind} if kind is not Papers.RESIDENT else {kind, Papers.LEGACY, Papers.FOREIGNER}
    if document.kind not in known:
        raise NobodyError("document: is a number of another kind")
    if len(name) > _LONGEST_NAME:
        raise NobodyError(f"name: must have at most {_LONGEST_NAME} characters")
    return Named(document, name.strip())


def patient(tx: Tx, who: Named, now: datetime) -> tuple[int | None, bool]:
    """Return a patient and whether she is new; None where nobody is known and no name was given.

    Raises:
        NobodyError: the document is known under another name.
    """
    row = rows.patient_with(tx, who.document)
    if row is None and who.name:
        made = rows.make_patient(tx, who.name, who.document, None, now, insured=False)
        if made is not None:
            return made, True
        row = rows.patient_with(tx, who.document)
    if row is None:
        return None, False
    if who.name and not same_name(who.name, row.name):
        raise NobodyError("name: the document belongs to another name")
    return int(row.id), False
