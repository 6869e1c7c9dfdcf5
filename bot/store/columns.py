"""Column types: UTC datetimes, and values that are encrypted at rest.

The key ring is carried by the dialect of the engine in use (`dialect.keyring`), set by `db`.
"""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    text,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

from bot.store.keyring import Keyring

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_DECODE = json.JSONDecoder().decode

#: Surrogate keys: 64 bits on PostgreSQL, SQLite's own row id there.
BigId = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. A naive one is refused: SQLite would hand it back naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn `value` into UTC; SQLite keeps it without the zone, in sortable text."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Any:
        """Return how values go in: on SQLite without the detours, since every statement has some."""
        return _to_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Return how values come out."""
        if dialect.name == "sqlite":
            return _from_text
        return super().result_processor(dialect, coltype)


def _to_text(value: datetime | None) -> str | None:
    """Return an instant as SQLite keeps it: sortable, in UTC, always as long."""
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        value = value.astimezone(UTC)
    return value.replace(tzinfo=None).isoformat(" ", "microseconds")


def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class Encrypted(TypeDecorator[Any]):
    """A JSON value, encrypted with the hospital's key; bound to its column by `purpose`.

    A value moved into another column, or changed by one bit, does not open (AES-GCM).
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Seal `value` with the newest key."""
        if value is None:
            return None
        return keyring_of(dialect).seal(_ENCODE(value).encode(), self.purpose)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        """Open what was sealed, with whichever key sealed it."""
        if value is None:
            return None
        return _DECODE(keyring_of(dialect).open(bytes(value), self.purpose).decode())


def keyring_of(dialect: Dialect) -> Keyring:
    """Return the key ring that `db` gave to this dialect."""
    keyring: Keyring = dialect.keyring  # type: ignore[attr-defined]
    return keyring


def id_column() -> Any:
    """Return a surrogate primary key."""
    return Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))


def link_column(target: str, *, required: bool = True, index: bool = False) -> Any:
    """Return a foreign key to `target`."""
    return Field(foreign_key=target, sa_type=BigId, nullable=not required, index=index)


def time_column(*, required: bool = True) -> Any:
    """Return a UTC datetime."""
    return Field(sa_type=UtcDateTime, nullable=not required, default=None)


def sealed_column(purpose: str, *, required: bool = False) -> Any:
    """Return an encrypted column; see `Encrypted`."""
    return Field(default=None, sa_column=Column(Encrypted(purpose), nullable=not required))


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index of the rows that satisfy `where`, for both engines."""
    return Index(
        name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where)
    )


def one_of(column: str, *words: str) -> CheckConstraint:
    """Return the check that a state column holds one of `words`."""
    allowed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")
