"""Reading for many at once: one statement for up to `AT_ONCE` ids, compiled once."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, bindparam

from bot.store.db import Tx
from bot.store.statements import Hot

#: So many ids one statement takes.
AT_ONCE = 50
_NAMES = [f"id_{number}" for number in range(AT_ONCE)]


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of the ids, or words, that `rows` is given."""
    return column.in_([bindparam(name) for name in _NAMES])


def rows(tx: Tx, hot: Hot, ids: Collection[int | str], **values: Any) -> Iterator[Any]:
    """Yield the rows of a statement with `among` for all ids."""
    left = [*ids]
    none: int | str = "" if left and isinstance(left[0], str) else 0  # no row has it
    for first in range(0, len(left), AT_ONCE):
        part = left[first : first + AT_ONCE]
        padded = dict(zip(_NAMES, [*part, *[none] * (AT_ONCE - len(part))], strict=True))
        yield from tx.rows(hot, **padded, **values)
