"""What plans say: read back as it was written, and refused by the field that is wrong."""

from dataclasses import MISSING, fields
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.care import shapes

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z")), max_size=40)
_SOME: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXT,
    date | None: st.none() | st.dates(date(1920, 1, 1), date(2100, 1, 1)),
    tuple[str, ...]: st.lists(_TEXT.filter(bool), max_size=5).map(tuple),
    time: st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    Decimal: st.decimals(0, 99_999, places=2),
    Decimal | None: st.none() | st.decimals(0, 99_999, places=2),
    datetime | None: st.none() | st.datetimes(timezones=st.just(UTC)),
    bool: st.booleans(),
}
SHAPES = (
    shapes.Revisit, shapes.Checkup, shapes.Admission, shapes.Discharge, shapes.FollowUp,
    shapes.Collect, shapes.Fee, shapes.Deposit, shapes.Greeting,
)  # fmt: skip


def _made(shape: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(shape)
    needed = {one.name for one in fields(shape) if one.default is MISSING}
    return st.builds(
        shape,
        **{
            name: _SOME[hint].filter(bool) if name in needed and hint is str else _SOME[hint]
            for name, hint in hints.items()
        },
    )


@given(st.sampled_from(SHAPES).flatmap(_made))
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    assert shapes.read(type(value), shapes.written(value)) == value


@pytest.mark.parametrize(
    ("shape", "details", "says"),
    [
        (shapes.Fee, {}, ["amount: is missing", "item: is missing"]),
        (shapes.Fee, {"amount": "12", "item": ""}, ["item: is missing"]),
        (shapes.Fee, {"amount": "many", "item": "x"}, ["amount: must be an amount"]),
        (shapes.Fee, {"amount": "-1", "item": "x"}, ["amount: must be an amount"]),
        (shapes.Fee, {"amount": "0.005", "item": "x"}, ["amount: must be an amount"]),
        (shapes.Fee, {"amount": "NaN", "item": "x"}, ["amount: must be an amount"]),
        (shapes.Fee, {"amount": True, "item": "x"}, ["amount: must be an amount"]),
        (shapes.Fee, {"amount": "1", "item": "x", "whom": "y"}, ["whom: is not known"]),
        (shapes.Fee, {"amount": "1", "item": "x", "due_on": "soon"}, ["due_on: must be a date"]),
        (shapes.Fee, {"amount": "1", "item": 5}, ["item: must be a text"]),
        (shapes.Fee, {"amount": "1", "item": "x" * 201}, ["item: must be a text of at most 200"]),
        (shapes.Admission, {"ward": "A", "at": "late"}, ["at: must be a time of day"]),
        (shapes.Admission, {"ward": "A", "bring": "card"}, ["bring: must be a list"]),
        (shapes.Admission, {"ward": "A", "bring": [1]}, ["bring: must be a text"]),
        (shapes.Admission, {"ward": "A", "bring": ["x"] * 21}, ["bring: must be a list"]),
        (shapes.Collect, {"window": "3", "since": "2026-11-18T10:00:00"}, ["since: must name its zone"]),
        (shapes.Greeting, {"festivals": 1}, ["festivals: must be true or false"]),
    ],
)  # fmt: skip
def test_the_field_that_is_wrong_is_named(
    shape: type[Any], details: dict[str, Any], says: list[str]
) -> None:
    problems = shapes.problems(shape, details)
    assert len(problems) == len(says)
    for problem, expected in zip(problems, says, strict=True):
        assert problem.startswith(expected)


def test_what_is_wrong_is_never_repeated() -> None:
    problems = shapes.problems(shapes.Fee, {"amount": "欧阳翠花", "item": ["欧阳翠花"]})
    assert problems
    assert "欧阳翠花" not in "".join(problems)


def test_json_is_plain() -> None:
    told = shapes.Admission("心内科", time(8, 30), bring=("身份证",))
    assert shapes.written(told) == {"ward": "心内科", "at": "08:30", "bring": ["身份证"]}
    fee = shapes.Fee(Decimal("35.50"), "化验", since=datetime(2026, 11, 18, 2, tzinfo=UTC))
    assert shapes.written(fee) == {
        "amount": "35.50", "item": "化验", "since": "2026-11-18T02:00:00+00:00",
    }  # fmt: skip
