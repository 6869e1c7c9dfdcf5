"""Somebody introduces a person to be booked for: name, document, what she is, who accompanies; pure.

In any order and with any marks between: "张三 1101… 138…", "我妈 李桂兰，身份证1101…", "name: Ann Lee,
passport X1234567, born 1980-03-02", "张小宝 1101…，监护人张三".
"""

import re
from dataclasses import dataclass, field
from datetime import date

from bot.patients.documents import Document, Fault, Found, Papers, born_in, find, with_birth
from bot.patients.kinship import mentions
from bot.patients.names import Name, names_in
from bot.patients.relations import relation_in

_GUARDIAN = re.compile(
    r"监护人|家长|陪同人?|陪护人?|陪诊人?|\b(?:guardian|accompanied by|parent)\b", re.IGNORECASE
)
_CHILD = re.compile(r"就诊人|孩子|宝宝|小孩|患儿|儿童|\b(?:child|patient|baby)\b", re.IGNORECASE)
_INSURED = re.compile(r"(?<!没有)(?<!无)(?<!没)医保|(?<!no )\binsured\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Introduced:
    """What a message says of one person, and of the adult who accompanies her.

    Attributes:
        fault: what is wrong with the document; None where there is one.
        relation: what she is to whoever writes; None where it is not said.
    """

    name: str | None = field(default=None, repr=False)
    document: Document | None = field(default=None, repr=False)
    fault: Fault | None = None
    relation: str | None = None
    born: date | None = field(default=None, repr=False)
    guardian_name: str | None = field(default=None, repr=False)
    guardian_document: Document | None = field(default=None, repr=False)
    guardian_is_self: bool = False
    insured: bool = False


def read(text: str, today: date) -> Introduced:
    """Return what a message says of a person."""
    found = find(text, today)
    names = names_in(found.rest, sure=bool(found.documents))
    cut = _guardian_at(found.rest)
    hers = [name for name in names if not cut[0] <= name.start < cut[1]]
    theirs = [name for name in names if cut[0] <= name.start < cut[1]]
    document, guardian = _documents(found, cut)
    if document is None and guardian is None and found.documents:
        return Introduced(fault=Fault.SEVERAL)
    main = found.rest[: cut[0]] + found.rest[cut[1] :]
    if guardian is not None and not theirs and len(hers) > 1:
        hers, theirs = _paired(found, guardian, hers)
    part = found.rest[cut[0] : cut[1]]
    born = born_in(main, today)
    return Introduced(
        name=hers[0].text if hers else None,
        document=with_birth(document, born) if document else None,
        fault=found.fault,
        relation=None if guardian and cut[0] == cut[1] else _relation(main, document),
        born=born,
        guardian_name=theirs[0].text if theirs else None,
        guardian_document=guardian,
        guardian_is_self=any(m.kin == "self" for m in mentions(part)) or _me(part),
        insured=_INSURED.search(found.rest) is not None,
    )


def _me(part: str) -> bool:
    return re.search(r"[是:]\s*我(?!妈|爸|老)|我自己|\bme\b|\bmyself\b", part) is not None


def _guardian_at(rest: str) -> tuple[int, int]:
    """Return from where to where a message speaks of who accompanies."""
    label = _GUARDIAN.search(rest)
    if label is None:
        return len(rest), len(rest)
    child = _CHILD.search(rest, label.end())
    return label.start(), child.start() if child else len(rest)


def _documents(found: Found, cut: tuple[int, int]) -> tuple[Document | None, Document | None]:
    """Return her document and that of who accompanies her; none of hers where that cannot be told."""
    placed = list(zip(found.places, found.documents, strict=True))
    hers = [document for place, document in placed if not cut[0] <= place < cut[1]]
    theirs = [document for place, document in placed if cut[0] <= place < cut[1]]
    if len(hers) == 2 and not theirs:  # noqa: PLR2004  (a child and an adult, without a word that says which)
        hers.sort(key=lambda d: (d.kind is not Papers.BIRTH, -(d.born or date.min).toordinal()))
        if hers[0].kind is Papers.BIRTH or _much_younger(hers[0], hers[1]):
            return hers[0], hers[1]
    if len(hers) > 1 or len(theirs) > 1:
        return None, None
    return hers[0] if hers else None, theirs[0] if theirs else None


_GENERATION = 14


def _much_younger(one: Document, other: Document) -> bool:
    return (
        one.born is not None
        and other.born is not None
        and one.born.year - other.born.year >= _GENERATION
    )


def _paired(found: Found, guardian: Document, names: list[Name]) -> tuple[list[Name], list[Name]]:
    """Give two names to two documents in the order they stand."""
    first = found.documents[0] is guardian
    return ([names[1]], [names[0]]) if first else ([names[0]], [names[1]])


def _relation(main: str, document: Document | None) -> str | None:
    """Return the relation that is said, unless the document says another sex."""
    said = relation_in(main)
    sexes = {m.sex for m in mentions(main)[:1]}
    if document is not None and document.sex and sexes - {None, document.sex}:
        return "other"
    return said


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?\s+([a-z]{3})[a-z]*\.?,?\s+(\d{4})", re.IGNORECASE
)
_MONTH_FIRST = re.compile(
    r"([a-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", re.IGNORECASE
)
_BARE = re.compile(r"(?<!\d)(\d{4})\s?(\d{2})\s?(\d{2})(?!\d)")


def birthday(text: str, today: date) -> date | None:
    """Return the date of birth in an answer to our question for one."""
    if match := _BARE.search(text):
        return born_in("-".join(match.groups()), today)
    for pattern, order in ((_DAY_FIRST, (2, 1, 0)), (_MONTH_FIRST, (2, 0, 1))):
        if match := pattern.search(text):
            parts = [match.groups()[index].casefold() for index in order]
            if parts[1] in _MONTHS:
                return born_in(f"{parts[0]}-{_MONTHS.index(parts[1]) + 1}-{parts[2]}", today)
    return born_in(text, today)
