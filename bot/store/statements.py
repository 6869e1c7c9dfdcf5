"""Hot statements: written once with SQLAlchemy from `tables`, compiled once, run raw.

An ORM session costs 58 times a raw insert, so the path of every message runs these. They are never
written by hand: a `Hot` can only be made from an expression over the tables.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Delete,
    Dialect,
    Executable,
    Insert,
    SelectBase,
    TextClause,
    Update,
)
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import ReturnsRows

_Convert = Callable[[Any], Any]


class Compiled(NamedTuple):
    """One statement for one engine: its text, how values go in, how rows come out.

    Attributes:
        fixed: the arguments as far as the statement itself says them.
        wanted: (place, name, convert) of each value that must be given.
    """

    sql: str
    binds: tuple[tuple[str, Any, _Convert | None], ...]
    fixed: tuple[Any, ...]
    wanted: tuple[tuple[int, str, _Convert | None], ...]
    row: Callable[[Sequence[Any]], Any] | None


class Hot:
    """A statement of the hot path, compiled on first use by each engine.

    Args:
        statement: an SQLAlchemy Core expression over the tables, with named `bindparam`s.

    Raises:
        TypeError: SQL written by hand, whole or in part.
    """

    def __init__(self, statement: Executable) -> None:
        if not isinstance(statement, SelectBase | Insert | Update | Delete) or _is_handwritten(
            statement
        ):
            raise TypeError(
                "a hot statement is made from an expression over the tables, not from SQL text"
            )
        self.statement = statement
        self._compiled: dict[int, tuple[Dialect, Compiled]] = {}

    def on(self, dialect: Dialect) -> Compiled:
        """Return the statement as `dialect` runs it."""
        known = self._compiled.get(id(dialect))
        if known is None or known[0] is not dialect:
            known = self._compiled[id(dialect)] = (dialect, _compile(self.statement, dialect))
        return known[1]


def arguments(compiled: Compiled, values: dict[str, Any]) -> list[Any]:
    """Return the positional arguments for `values`.

    Raises:
        TypeError: a value is missing, or one was given that the statement does not know.
    """
    if len(values) == len(compiled.wanted):
        ready = [*compiled.fixed]
        for place, name, convert in compiled.wanted:
            if name not in values:
                break
            value = values[name]
            ready[place] = value if convert is None else convert(value)
        else:
            return ready
    return _arguments(compiled, values)


def _arguments(compiled: Compiled, values: dict[str, Any]) -> list[Any]:
    """Return them where a default is replaced; raise where one is missing or too many."""
    given = len(values)
    result = []
    for name, default, convert in compiled.binds:
        value = default
        if name in values:
            value = values[name]
            given -= 1
        elif default is _MISSING:
            raise TypeError(f"the statement needs a value for {name}")
        result.append(value if convert is None else convert(value))
    if given > 0:
        raise TypeError(f"the statement does not take all of {sorted(values)}")
    return result


_MISSING: Any = object()


def _is_handwritten(statement: Any) -> bool:
    """Say whether any part is SQL text: `text(…)`, `literal_column(…)`; EXISTS writes its own `*`."""
    return any(
        isinstance(part, TextClause) or (getattr(part, "is_literal", False) and str(part) != "*")
        for part in visitors.iterate(statement)
    )


def _compile(statement: Executable, dialect: Dialect) -> Compiled:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    binds = []
    for name in _unique_last(compiled.positiontup or []):
        bind: BindParameter[Any] = compiled.binds[name]
        default = _MISSING if bind.required else bind.effective_value
        binds.append((name, default, bind.type.dialect_impl(dialect).bind_processor(dialect)))
    fixed = tuple(
        None if default is _MISSING else default if convert is None else convert(default)
        for _, default, convert in binds
    )
    wanted = tuple(
        (place, name, convert)
        for place, (name, default, convert) in enumerate(binds)
        if default is _MISSING
    )
    return Compiled(str(compiled), tuple(binds), fixed, wanted, _row_maker(statement, dialect))


def _unique_last(names: Sequence[str]) -> Sequence[str]:
    # A bind used twice is counted as given once; mixing would hide a misspelt value.
    if len(set(names)) != len(names):
        raise TypeError(f"give each place of a statement its own bind name: {names}")
    return names


def _row_maker(statement: Executable, dialect: Dialect) -> Callable[[Sequence[Any]], Any] | None:
    if not isinstance(statement, ReturnsRows):
        return None
    columns = list(statement.exported_columns)
    if not columns:
        return None
    names = [column.name for column in columns]
    row_type: Any = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024
    processors = [
        column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns
    ]
    converts = [(place, convert) for place, convert in enumerate(processors) if convert is not None]
    if not converts:
        return row_type._make

    def make(raw: Sequence[Any]) -> Any:
        values = [*raw]
        for place, convert in converts:
            if (value := values[place]) is not None:
                values[place] = convert(value)
        return row_type._make(values)

    return make
