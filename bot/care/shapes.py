"""The details of plans: frozen dataclasses here, JSON in the table; pure.

`read` says everything that is wrong at once, by the name of the field and never by its value: what a
plan says is private.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from bot.errors import DaoyiError

T = TypeVar("T")

_LONGEST, _MOST = 200, 20
_LARGEST = Decimal(10_000_000)


class ShapeError(DaoyiError):
    """Details are not in the shape of their kind; `problems` says why, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Revisit:
    """She should be seen again within a window: the plan's `starts_on` to `ends_on`.

    Attributes:
        department: its code where it is known; a visit booked there within the window is what is meant.
        department_name: as whoever wrote it calls it.
        doctor_name: whom she should see, where that matters.
        advice: as it was written: "建议1-2周内复诊".
    """

    department: str = ""
    department_name: str = ""
    doctor_name: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Checkup:
    """A check-up every year; `starts_on` is when the last one was."""

    package: str = ""


@dataclass(frozen=True, slots=True)
class Admission:
    """A day on which she is admitted: `starts_on`.

    Attributes:
        at: when she should be there.
        bring: what to bring, each on its own.
        call: whom to ask, with a number.
    """

    ward: str
    at: time = time(9)
    place: str = ""
    bring: tuple[str, ...] = ()
    call: str = ""


@dataclass(frozen=True, slots=True)
class Discharge:
    """The day on which she goes home: `starts_on`.

    Attributes:
        steps: what to do that day, in order; empty: the hospital's usual ones.
        medicines: where to get the medicines she takes home.
        first_follow_up: when she is asked how she is.
        signs: what she should come back for at once, as the ward wrote it.
    """

    ward: str = ""
    steps: tuple[str, ...] = ()
    medicines: str = ""
    first_follow_up: date | None = None
    signs: str = ""
    call: str = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """She is asked how she is on some days after `starts_on`, when she went home (RM-11)."""

    level: str
    call: str = ""


@dataclass(frozen=True, slots=True)
class Collect:
    """Something is ready for her: "您的处方已配好, 3号窗口"."""

    window: str
    place: str = ""
    hours: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fee:
    """An amount is due; the one who pays is told."""

    amount: Decimal
    item: str
    where: str = ""
    due_on: date | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deposit:
    """What was paid ahead for a stay comes to an end; the one who pays is told."""

    left: Decimal
    needed: Decimal | None = None
    where: str = ""
    call: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Greeting:
    """What she asked to be greeted for; `birthday` counts by its month and day."""

    birthday: date | None = None
    festivals: bool = False
    after_care_on: date | None = None


def read(shape: type[T], details: Mapping[str, Any]) -> T:
    """Return details in their shape.

    Raises:
        ShapeError: a field is missing, not known, or not what it should be.
    """
    known = {one.name: one for one in fields(shape)}  # type: ignore[arg-type]
    problems = [
        f"{str(name)[:40]}: is not known (expected {', '.join(known)})"
        for name in details
        if name not in known
    ]
    hints = get_type_hints(shape)
    values: dict[str, Any] = {}
    for name, one in known.items():
        if details.get(name) in (None, ""):
            problems += [f"{name}: is missing"] if _needed(one) else []
            continue
        try:
            values[name] = _read(hints[name], details[name])
        except (ValueError, TypeError, InvalidOperation) as exc:
            problems.append(f"{name}: {exc if isinstance(exc, ValueError) else 'cannot be read'}")
    if problems:
        raise ShapeError(problems)
    return shape(**values)


def problems(shape: type[Any], details: Mapping[str, Any]) -> Sequence[str]:
    """Return what is wrong with details, as `read` would say it."""
    try:
        read(shape, details)
    except ShapeError as exc:
        return exc.problems
    return ()


def written(value: Any) -> dict[str, Any]:
    """Return what `read` reads: JSON, without what says nothing."""
    named = {one.name: getattr(value, one.name) for one in fields(value)}
    return {name: _plain(one) for name, one in named.items() if one not in (None, "", ())}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _needed(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _read(hint: Any, value: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple) or len(value) > _MOST:
            raise ValueError(f"must be a list of at most {_MOST} texts")
        return tuple(_text(one) for one in value)
    return _READERS[hint](value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError(f"must be a text of at most {_LONGEST} characters")
    return value.strip()


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004  (it is said to whoever sent it)
    return value


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        raise ValueError("must be a date such as 2026-03-05") from None


def _instant(value: Any) -> datetime:
    try:
        read_at = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise ValueError(
            "must be a time with its zone, such as 2026-03-05T08:00:00+08:00"
        ) from None
    if read_at.tzinfo is None:
        raise ValueError("must name its zone, such as 2026-03-05T08:00:00+08:00")
    return read_at


def _hour(value: Any) -> time:
    try:
        return time.fromisoformat(value).replace(second=0, microsecond=0)
    except (ValueError, TypeError):
        raise ValueError("must be a time of day such as 08:30") from None


def _amount(value: Any) -> Decimal:
    wrong = "must be an amount in yuan such as 35.50"
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError(wrong)  # noqa: TRY004
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(wrong) from None
    if not amount.is_finite() or not 0 <= amount < _LARGEST or amount != round(amount, 2):
        raise ValueError(wrong)
    return amount


_READERS: Mapping[Any, Callable[[Any], Any]] = {
    str: _text,
    bool: _truth,
    date: _day,
    datetime: _instant,
    time: _hour,
    Decimal: _amount,
}
