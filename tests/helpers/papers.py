"""Resident numbers of nobody: right in form, of a place and a day of our choice."""

from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def resident(born: date, order: int, place: str = "110101") -> str:
    """Return the number of whoever was the `order`th born on a day; odd is male."""
    digits = f"{place}{born:%Y%m%d}{order:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]
