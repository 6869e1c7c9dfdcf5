"""Seal everything with the newest key, in small steps; safe to stop and run again."""

import json
from functools import partial
from typing import Any

from sqlalchemy import LargeBinary, Table, select, type_coerce, update

from bot.store.columns import Encrypted
from bot.store.db import Engine, Tx
from bot.store.tables import SQLModel

_STEP = 500


async def reseal(engine: Engine) -> dict[str, int]:
    """Reseal every encrypted value that an older key sealed; return rows changed, by table."""
    done: dict[str, int] = {}
    for table in SQLModel.metadata.sorted_tables:
        names = [column.name for column in table.columns if isinstance(column.type, Encrypted)]
        if not names:
            continue
        done[table.name] = 0
        after = 0
        while True:
            start = after
            step = partial(_step, table=table, names=names, after=start)
            after, changed = await engine.write(step)
            done[table.name] += changed
            if after == start:
                break
    return done


def _step(tx: Tx, table: Table, names: list[str], after: int) -> tuple[int, int]:
    """Reseal the next rows after id `after`; return (the last id seen, rows changed)."""
    raw = [type_coerce(table.c[name], LargeBinary).label(name) for name in names]
    changed = 0
    with tx.session() as session:
        rows = session.execute(
            select(table.c.id, *raw).where(table.c.id > after).order_by(table.c.id).limit(_STEP)
        ).all()
        for row in rows:
            fresh = _fresh(tx, table, names, row)
            if fresh:
                session.execute(update(table).where(table.c.id == row.id).values(fresh))
                changed += 1
    return (rows[-1].id if rows else after), changed


def _fresh(tx: Tx, table: Table, names: list[str], row: Any) -> dict[str, Any]:
    """Return the row's values that an older key sealed, opened; storing them seals them anew."""
    fresh = {}
    for name in names:
        sealed, column_type = getattr(row, name), table.c[name].type
        if (
            sealed is not None
            and isinstance(column_type, Encrypted)
            and not tx.keyring.is_current(bytes(sealed))
        ):
            fresh[name] = json.loads(tx.keyring.open(bytes(sealed), column_type.purpose))
    return fresh
