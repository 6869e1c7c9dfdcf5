"""The facts every hospital states once, by dotted key: what answer templates may say as `h.…`."""

import re
import unicodedata
from decimal import Decimal
from enum import StrEnum

from bot.hospital.model import Fact


class FactKind(StrEnum):
    """How a fact is written: words, an amount in yuan, a whole number, or a span of hours."""

    TEXT = "text"
    MONEY = "money"
    WHOLE = "whole"
    SPAN = "span"


def _keys(kind: FactKind, group: str, names: str) -> dict[str, FactKind]:
    prefix = f"{group}." if group else ""
    return {f"{prefix}{name}": kind for name in names.split()}


_TEXT = {
    "": "name phone emergency_phone emergency_address address website transport parking",
    "hours": (
        "outpatient weekend holiday emergency pharmacy lab blood_draw cashier registration "
        "records_office inpatient_office visiting checkup service_desk staff_chat"
    ),
    "place": (
        "service_desk registration cashier pharmacy lab blood_draw imaging records_office "
        "inpatient_office insurance_office complaints_office checkup emergency luggage "
        "self_service canteen toilets prayer_or_quiet_room atm nursing_room lost_and_found"
    ),
    "phone_of": (
        "billing insurance records complaints inpatient checkup pharmacy followup service_desk"
    ),
}
_MONEY = {
    "fee": (
        "registration_general registration_expert registration_special report_copy_page "
        "post_report certificate wheelchair_deposit umbrella_deposit luggage escort parking_hour "
        "parking_day_max inpatient_deposit ambulance_km blood_pressure room_single_day "
        "room_double_day"
    ),
}
_WHOLE = {
    "days": (
        "report_lab_hours report_imaging_hours report_pathology_days "
        "record_copy_days refund_days complaint_reply_days complaint_reply_days_multi "
        "post_report_days"
    ),
    "rule": "arrive_early_minutes visitors_per_patient",
}
_SPAN = {"session": "morning afternoon evening"}

#: Every fact a hospital must state, and how it is written.
FACTS: dict[str, FactKind] = {
    key: kind
    for kind, groups in (
        (FactKind.TEXT, _TEXT),
        (FactKind.MONEY, _MONEY),
        (FactKind.WHOLE, _WHOLE),
        (FactKind.SPAN, _SPAN),
    )
    for group, names in groups.items()
    for key in _keys(kind, group, names)
}

#: What is told of booking comes from its rules: who states it here would contradict them.
FROM_RULES = frozenset(
    {
        "rule.cancel_until",
        "rule.release_time",
        "rule.no_show",
        "rule.late_minutes",
        "days.booking_ahead",
    }
)

_AMOUNT = re.compile(r"(\d{1,8}|\d{1,3}(,\d{3}){1,2})(\.\d{1,2})?", re.ASCII)
_WHOLE_NUMBER = re.compile(r"\d{1,6}", re.ASCII)
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
_CLOCKS = re.compile(f"{_CLOCK}-{_CLOCK}", re.ASCII)


def parse_amount(text: str) -> Decimal:
    """Read an amount in yuan (`12.50`, `¥1,200`, `30元`); a `ValueError` says what it is not."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    plain = plain.removeprefix("¥").removesuffix("元")
    if not _AMOUNT.fullmatch(plain):
        problem = f"{text!r} is not an amount in yuan (expected like 12.50)"
        raise ValueError(problem)
    return Decimal(plain.replace(",", "")).quantize(Decimal("0.01"))


def parse_whole(text: str) -> int:
    """Read a whole number of at most six digits; a `ValueError` says what it is not."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    if not _WHOLE_NUMBER.fullmatch(plain):
        problem = f"{text!r} is not a whole number (expected like 20)"
        raise ValueError(problem)
    return int(plain)


def parse_fact(key: str, text: str) -> Fact:
    """Read the value of a fact as its kind says; a `ValueError` says what it is not."""
    kind = FACTS[key]
    if kind is FactKind.MONEY:
        return parse_amount(text)
    if kind is FactKind.WHOLE:
        return parse_whole(text)
    if kind is FactKind.SPAN and not _CLOCKS.fullmatch(text):
        problem = f"{text!r} is not a span of hours (expected like 08:00-12:00)"
        raise ValueError(problem)
    if not text.strip():
        problem = "the text is empty"
        raise ValueError(problem)
    return text.strip()
