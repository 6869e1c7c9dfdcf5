"""The forms for plans: made from the shape of each kind, read back into its details (pure)."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any, Union, get_args, get_origin, get_type_hints

from bot.care.medication.shape import FOODS

#: How a field of each type is asked for, as an HTML input or one of our own.
_INPUTS: Mapping[Any, str] = {
    str: "text",
    date: "date",
    time: "time",
    datetime: "datetime-local",
    Decimal: "amount",
    int: "number",
    bool: "checkbox",
}
#: Fields where one of some words is chosen.
CHOICES: Mapping[str, Sequence[str]] = {"food": FOODS, "level": ("A", "B", "C")}
WEEKDAYS = range(7)
#: What belongs to the plan and not to its details; not all kinds need an end.
STARTS, ENDS = "starts_on", "ends_on"


@dataclass(frozen=True, slots=True)
class Asked:
    """One field of a form.

    Attributes:
        how: "text", "date", "time", "datetime-local", "amount", "number", "checkbox"; "lines" where
            each line is one text, "times" where each is a time of day; "choice" of `CHOICES`;
            "weekdays", whose ticks are fields of their own, `<name>_<number of the day>`.
    """

    name: str
    how: str
    needed: bool


def asked(shape: type[Any]) -> Sequence[Asked]:
    """Return the fields of a kind's details, as its shape orders them; what no form can ask is left."""
    hints = get_type_hints(shape)
    found = []
    for one in fields(shape):
        how = "choice" if one.name in CHOICES else _how(hints[one.name])
        if how is not None:
            needed = one.default is MISSING and one.default_factory is MISSING
            found.append(Asked(one.name, how, needed and how != "checkbox"))
    return found


def details(form: Mapping[str, str], questions: Sequence[Asked], zone: tzinfo) -> dict[str, Any]:
    """Return what was filled in, as `bot.care.shapes` reads it; empty fields are left out."""
    filled: dict[str, Any] = {}
    for one in questions:
        said = form.get(one.name, "").strip()
        if one.how == "checkbox":
            filled |= {one.name: True} if said == "yes" else {}
        elif one.how == "weekdays":
            days = [day for day in WEEKDAYS if form.get(f"{one.name}_{day}") == "yes"]
            filled |= {one.name: days} if days else {}
        elif said:
            filled[one.name] = _value(one.how, said, zone)
    return filled


def by_field(problems: Sequence[str]) -> dict[str, str]:
    """Return what is wrong, by the field that it names: "amount: is missing"."""
    found: dict[str, str] = {}
    for problem in problems:
        name, _, said = problem.removeprefix("details.").partition(": ")
        found.setdefault(name.partition(".")[0].partition("[")[0], said or problem)
    return found


def day(said: str) -> date | None:
    """Return a date as browsers send it; None where it is none."""
    try:
        return date.fromisoformat(said.strip())
    except ValueError:
        return None


def _how(hint: Any) -> str | None:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    if get_origin(hint) is tuple:
        return {str: "lines", time: "times"}.get(get_args(hint)[0])
    if get_origin(hint) is frozenset:
        return "weekdays"
    return _INPUTS.get(hint)


def _value(how: str, said: str, zone: tzinfo) -> Any:
    if how in ("lines", "times"):
        split = said.replace("\r", "").replace("，", "\n" if how == "times" else "，")
        parts = split.replace(",", "\n").split("\n") if how == "times" else split.split("\n")
        return [part.strip() for part in parts if part.strip()]
    if how == "datetime-local":
        try:
            return datetime.fromisoformat(said).replace(tzinfo=zone).isoformat()
        except ValueError:
            return said
    if how == "number":
        return int(said) if said.isascii() and said.isdigit() else said
    return said
