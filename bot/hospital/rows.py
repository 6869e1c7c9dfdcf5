"""What a look-up hands to an answer template: small values in the language that was asked for."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


class Listing(tuple[str, ...]):
    """Several words; printed, they are joined as the language joins them."""

    __slots__ = ()
    separator = "、"

    def __str__(self) -> str:
        """Return the words with the language's separator between them."""
        return self.separator.join(self)


class EnglishListing(Listing):
    """Several words of English."""

    __slots__ = ()
    separator = ", "


def listing(words: Iterable[str], *, zh: bool) -> Listing:
    """Return words that print as one text in that language."""
    return Listing(words) if zh else EnglishListing(words)


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """A department; `clinic_days` is its usual week."""

    key: str
    name: str
    place: str
    phone: str
    treats: str
    clinic_days: Listing


@dataclass(frozen=True, slots=True)
class PreparationRow:
    """What a visit asks of the patient before it: hours without food, or `text`, told then."""

    fasting_hours: int | None
    days_before: int | None
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class DepartmentForRow:
    """The department that the approved table suggests for a symptom; `key` is the department's."""

    key: str
    symptom: str
    department: str
    place: str
    note: str


@dataclass(frozen=True, slots=True)
class DoctorRow:
    """A doctor; fee and tier are those of `next_clinic`, which is empty where none is planned."""

    key: str
    name: str
    title: str
    department: str
    specialty: str
    fee: Decimal
    fee_tier: str
    languages: Listing
    next_clinic: str


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One clinic; `status` is on, full, stopped, over, or unreleased until `opens`."""

    doctor: str
    title: str
    department: str
    date: dt.date
    session: str
    room: str
    fee_tier: str
    fee: Decimal
    left: int
    status: str
    opens: str = ""


@dataclass(frozen=True, slots=True)
class CampusRow:
    """A place where the hospital sees patients; `map_url` may be empty.

    Attributes:
        names: whatever it is called, in either language.
    """

    key: str
    name: str
    address: str
    map_url: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test or examination and its price."""

    __test__ = False

    key: str
    name: str
    price: Decimal
    unit: str
    department: str
    prepare: str
    insurance: str
    checked: dt.date


@dataclass(frozen=True, slots=True)
class DrugRow:
    """One pack of a drug and its price."""

    key: str
    name: str
    generic: str
    pack: str
    unit: str
    price: Decimal
    insurance: str
    checked: dt.date
    rx: bool


@dataclass(frozen=True, slots=True)
class PackageRow:
    """A check-up package."""

    key: str
    name: str
    price: Decimal
    items: Listing
    suits: str


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service beside treatment."""

    key: str
    name: str
    place: str
    hours: str
    fee: str
    note: str
