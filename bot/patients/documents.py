"""Identity documents: found in a message as people write them, checked, masked (BK-02); pure.

The check of a resident number is written here: what a library would add, a list of places of issue,
refuses real people whose county was renamed, and it cannot say what is wrong with a number. Nothing
here ever repeats a number in an error.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_LONGEST_LIFE = timedelta(days=130 * 365)
_RESIDENT, _LEGACY = 18, 15
_MASKED_BEFORE, _MASKED_AFTER = 3, 4


class Papers(StrEnum):
    """The kinds of document that are taken."""

    RESIDENT = "resident"  # 居民身份证, also 港澳台居民居住证
    LEGACY = "resident_15"  # 一代身份证, 15 digits
    PASSPORT = "passport"  # 护照
    HONG_KONG = "hk_macao"  # 港澳居民来往内地通行证
    TAIWAN = "taiwan"  # 台湾居民来往大陆通行证
    FOREIGNER = "foreigner"  # 外国人永久居留身份证
    BIRTH = "birth"  # 出生医学证明, for a child without a document of its own


class Fault(StrEnum):
    """What is wrong with a number; each has kind words of its own."""

    NONE = "none"  # there is no document in it
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    CHECKSUM = "checksum"
    BIRTHDATE = "birthdate"  # no such day
    FUTURE = "future"  # born after today, or longer ago than anybody lives
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Document:
    """A document that passed its check.

    Attributes:
        number: as it is kept: capitals, without spaces.
        born, sex: where the number says so; "female" or "male".
    """

    kind: Papers
    number: str = field(repr=False)
    born: date | None = field(default=None, repr=False)
    sex: str | None = field(default=None, repr=False)

    @property
    def masked(self) -> str:
        """The number as it may be shown: its first three and last four characters (PR-04)."""
        return masked(self.number)


@dataclass(frozen=True, slots=True)
class Found:
    """What a message says of documents.

    Attributes:
        documents: those that passed, in the order they stand; `places` is where each begins.
        fault: why there is none; None where there is one.
        rest: the message with documents and phones blanked, in one spelling of width; whatever is
            left stands where it stood.
    """

    documents: tuple[Document, ...] = ()
    places: tuple[int, ...] = ()
    fault: Fault | None = None
    rest: str = field(default="", repr=False)


def masked(number: str) -> str:
    """Return a number with its middle hidden; short ones keep fewer characters."""
    before, after = _MASKED_BEFORE, _MASKED_AFTER
    if len(number) <= before + after + 1:
        before, after = 1, 2
    hidden = max(len(number) - before - after, 0)
    return f"{number[:before]}{'*' * hidden}{number[len(number) - after :]}"


def check_resident(number: str, today: date) -> Document | Fault:
    """Read 18 characters as a resident number, or as the card of a foreign resident (9…)."""
    digits, check = number[:17], number[17:].upper()
    born = _day(digits[6:14])
    if born is None:
        return Fault.BIRTHDATE
    if not today - _LONGEST_LIFE <= born <= today:
        return Fault.FUTURE
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    if _CHECKS[total % 11] != check:
        return Fault.CHECKSUM
    kind = Papers.FOREIGNER if number[0] == "9" else Papers.RESIDENT
    return Document(kind, digits + check, born, _sex(digits[16]))


def check_legacy(number: str, today: date) -> Document | Fault:
    """Read 15 digits as a number of the first cards, which were given until 1999.

    Where its year begins as the year of a resident number does, three digits are missing from that.
    """
    born = _day(f"19{number[6:12]}")
    if born is None or born > today or number[6:8] in ("19", "20"):
        return Fault.TOO_SHORT
    return Document(Papers.LEGACY, number, born, _sex(number[14]))


def reread(kind: str, number: str) -> Document:
    """Return a stored document with what its number says."""
    papers = Papers(kind)
    if papers is Papers.LEGACY:
        return Document(papers, number, _day(f"19{number[6:12]}"), _sex(number[14]))
    if len(number) == _RESIDENT:
        return Document(papers, number, _day(number[6:14]), _sex(number[16]))
    return Document(papers, number)


def _sex(digit: str) -> str:
    return "male" if int(digit) % 2 else "female"


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


# What stands around a number: nothing that could be more of it.
_OPEN, _SHUT = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_PHONE = re.compile(rf"{_OPEN}(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}(?!\d)")
_ABROAD = re.compile(r"(?<![\w+])\+\d(?:[ -]?\d){7,13}(?!\d)")
_TOGETHER = re.compile(rf"{_OPEN}\d{{17}}[\dXx](?![0-9A-WYZa-wyz])")
_DIGITS = re.compile(r"\d+[Xx]?(?![A-WYZa-wyz])|\d+")
_LABELS: tuple[tuple[Papers, re.Pattern[str]], ...] = (
    (Papers.BIRTH, re.compile(r"出生(?:医学)?证明?|birth certificate", re.IGNORECASE)),
    (
        Papers.FOREIGNER,
        re.compile(
            r"外国人永久居留(?:身份)?证|永居证|五星卡|foreign(?:er'?s?)? permanent resident\w*"
            r"(?: id)?(?: card)?|permanent residen\w+(?: id)?(?: card| permit)?",
            re.IGNORECASE,
        ),
    ),
    (
        Papers.HONG_KONG,
        re.compile(
            r"港澳(?:居民)?(?:来往内地)?通行证|回乡[证卡]|home return permit"
            r"|(?:hong ?kong|hk)(?: and macau?o?)? (?:permit|travel permit)",
            re.IGNORECASE,
        ),
    ),
    (
        Papers.TAIWAN,
        re.compile(
            r"台湾(?:居民)?(?:来往大陆)?通行证|台胞证|taiwan(?: compatriot)? (?:travel )?permit",
            re.IGNORECASE,
        ),
    ),
    (Papers.PASSPORT, re.compile(r"护照|\bpassport", re.IGNORECASE)),
)
_LABEL_BEFORE = 28  # how far before a number the word may stand that says what it is
_NUMBERS = re.compile(rf"{_OPEN}(?:[A-Z]{{1,3}} ?)?\d[0-9A-Z]{{5,14}}{_SHUT}")
_SHAPES = {
    Papers.BIRTH: re.compile(r"[A-Z]\d{9}"),
    Papers.FOREIGNER: re.compile(r"[A-Z]{3}\d{12}"),
    Papers.HONG_KONG: re.compile(r"[HM]\d{8}(?:\d{2})?"),
    Papers.TAIWAN: re.compile(r"\d{8}|\d{10}[A-Z]?"),
    Papers.PASSPORT: re.compile(r"(?=(?:[A-Z]*\d){5})[A-Z0-9]{6,9}"),
}
#: Shapes that say themselves what they are; the others need the word beside them.
_PLAIN_PASSPORT = re.compile(r"[A-Z]\d{8}|[A-Z]{2}\d{7}")


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    document: Document


def find(text: str, today: date) -> Found:
    """Return the documents in a message, or why there is none; phones are no documents."""
    plain = unicodedata.normalize("NFKC", text).replace("×", "X").replace("Х", "X")
    pieces, plain, fault = _residents(plain, today)
    plain = _without(plain, [match.span() for match in _phones(plain)])
    pieces += _others(plain, pieces)
    rest = _without(plain, [(piece.start, piece.end) for piece in pieces])
    if pieces:
        pieces.sort(key=lambda piece: piece.start)
        documents = tuple(piece.document for piece in pieces)
        return Found(documents, tuple(piece.start for piece in pieces), None, rest)
    return Found((), (), fault or Fault.NONE, rest)


def _phones(plain: str) -> Iterator[re.Match[str]]:
    yield from _PHONE.finditer(plain)
    yield from _ABROAD.finditer(plain)


def _without(plain: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return a text with spans blanked; every other character keeps its place."""
    for start, end in spans:
        plain = plain[:start] + " " * (end - start) + plain[end:]
    return plain


def _residents(plain: str, today: date) -> tuple[list[_Piece], str, Fault | None]:
    """Return resident numbers, the text without those that failed, and why the last one failed."""
    found: list[_Piece] = []
    fault: Fault | None = None
    shown = plain
    for match in _TOGETHER.finditer(plain):
        checked = check_resident(match[0], today)
        if isinstance(checked, Document):
            found.append(_Piece(*match.span(), checked))
        else:
            fault = checked
            shown = _without(shown, [match.span()])
    if not found and fault is None:
        return _in_groups(plain, today)
    return found, shown, fault


def _in_groups(plain: str, today: date) -> tuple[list[_Piece], str, Fault | None]:
    """Read digits that were written in groups: 110101 1990 0307 1234."""
    fault: Fault | None = None
    bare = _without(plain, [match.span() for match in _phones(plain)])
    for source in (plain, bare):
        for run in _runs(source):
            for first in range(len(run)):
                for last in range(first, len(run)):
                    start, end = run[first][0], run[last][1]
                    number = re.sub(r"\D", "", source[start:end].upper().rstrip("X"))
                    number += "X" if source[end - 1] in "Xx" else ""
                    checked = _by_length(number, today)
                    if isinstance(checked, Document):
                        return [_Piece(start, end, checked)], plain, None
                    fault = fault or checked
    return [], bare, fault or _length_fault(bare)


def _by_length(number: str, today: date) -> Document | Fault | None:
    if len(number) == _RESIDENT:
        return check_resident(number, today)
    if len(number) == _LEGACY and number.isdigit():
        return check_legacy(number, today)
    return None


def _runs(plain: str) -> Iterator[list[tuple[int, int]]]:
    """Yield groups of digits that follow one another with nothing but spaces, dots or dashes between."""
    run: list[tuple[int, int]] = []
    for match in _DIGITS.finditer(plain):
        before = plain[match.start() - 1 : match.start()]
        if before.isascii() and before.isalpha():
            if run:
                yield run
            run = []
            continue
        if run and plain[run[-1][1] : match.start()].strip(" -.·_"):
            yield run
            run = []
        run.append(match.span())
    if run:
        yield run


_SHORTEST_TRY, _LONGEST_TRY = 12, 22


def _length_fault(plain: str) -> Fault | None:
    """Say whether somebody tried to write a resident number that has too few or too many digits."""
    for run in _runs(plain):
        length = sum(end - start for start, end in run)
        if _SHORTEST_TRY <= length <= _LONGEST_TRY:
            return Fault.TOO_SHORT if length < _RESIDENT else Fault.TOO_LONG
    return None


def _others(plain: str, taken: Sequence[_Piece]) -> list[_Piece]:
    """Return documents with letters in them, or with a word beside them that says what they are."""
    upper = _without(plain, [(piece.start, piece.end) for piece in taken]).upper()
    found = []
    for match in _NUMBERS.finditer(upper):
        number = match[0].replace(" ", "")
        kind = _kind(number, _label(plain, match.start()))
        if kind is not None:
            found.append(_Piece(*match.span(), Document(kind, number)))
    return found


def _label(plain: str, start: int) -> Papers | None:
    """Return what the words before a number say that it is; the nearest counts."""
    before = plain[max(0, start - _LABEL_BEFORE) : start]
    named = [(m.end(), kind) for kind, pattern in _LABELS for m in pattern.finditer(before)]
    return max(named)[1] if named else None


def _kind(number: str, label: Papers | None) -> Papers | None:
    if label is not None:
        return label if _SHAPES[label].fullmatch(number) else None
    for kind in (Papers.BIRTH, Papers.FOREIGNER, Papers.HONG_KONG):
        if _SHAPES[kind].fullmatch(number):
            return kind
    return Papers.PASSPORT if _PLAIN_PASSPORT.fullmatch(number) else None


_BORN = re.compile(
    r"(?:生日|出生(?:日期|于)?|生于|born(?: on)?|date of birth|dob|birthday)\s*[::]?\s*"
    r"(\d{4})\s*[-年./]?\s*(\d{1,2})\s*[-月./]?\s*(\d{1,2})日?|"
    r"(\d{4})\s*[-年./]\s*(\d{1,2})\s*[-月./]\s*(\d{1,2})日?",
    re.IGNORECASE,
)


def born_in(text: str, today: date) -> date | None:
    """Return the date of birth that a message names in figures, year first; None where it names none."""
    plain = unicodedata.normalize("NFKC", text)
    for match in _BORN.finditer(plain):
        year, month, day = (part for part in match.groups() if part)
        born = _day(f"{year}{month:0>2}{day:0>2}")
        if born is not None and today - _LONGEST_LIFE <= born <= today:
            return born
    return None


def with_birth(document: Document, born: date | None) -> Document:
    """Return a document with a date of birth where it does not say one itself."""
    return replace(document, born=document.born or born)


def canonical(document: Document) -> str:
    """Return what one person's document is told by: old and new cards of one person are the same."""
    if document.kind is Papers.LEGACY:
        digits = f"{document.number[:6]}19{document.number[6:]}"
        total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
        return f"{Papers.RESIDENT}:{digits}{_CHECKS[total % 11]}"
    return f"{document.kind}:{document.number}"
