"""What things cost: tests, drugs, check-up packages, and services beside treatment; frozen values."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Insurance(StrEnum):
    """How the basic medical insurance lists an item: 甲类, 乙类, or 自费."""

    A = "A"
    B = "B"
    SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPrice:
    """A test or examination: its price, who does it, how to prepare, when the price was checked."""

    __test__ = False

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    price: Decimal
    unit: str
    unit_en: str
    department: str
    prepare: str
    prepare_en: str
    insurance: Insurance
    checked: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugPrice:
    """One pack of a drug and its price. Packs of one `generic` are asked for together."""

    code: str
    name: str
    name_en: str
    generic: str
    generic_en: str
    aliases: tuple[str, ...] = ()
    pack: str
    pack_en: str
    unit: str
    unit_en: str
    price: Decimal
    insurance: Insurance
    rx: bool
    checked: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePrice:
    """A check-up package: what it holds and whom it suits."""

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    price: Decimal
    items: tuple[str, ...]
    items_en: tuple[str, ...]
    suits: str
    suits_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something the hospital does for people beside treating them: escorts, wheelchairs, post."""

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    place: str
    place_en: str
    hours: str
    hours_en: str
    fee: str
    fee_en: str
    note: str = ""
    note_en: str = ""
