"""Alembic's entry: runs on the connection that `bot.store.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import DateTime, LargeBinary
from sqlalchemy.types import TypeDecorator

from bot.store.tables import SQLModel


def plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write new migrations with SQLAlchemy's own types: a migration must not change with our code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        impl = item.impl
        if isinstance(impl, DateTime):
            return "sa.DateTime(timezone=True)"
        if isinstance(impl, LargeBinary):
            return "sa.LargeBinary()"
        length = getattr(impl, "length", None)
        return f"sa.String({length})" if length else "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    render_item=plain_types,
)
context.run_migrations()
