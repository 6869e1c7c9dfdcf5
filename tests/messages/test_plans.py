"""What a statement of the message path costs follows what there is to do, never what is kept."""

import re
from types import ModuleType
from typing import Any

import pytest

from bot.dialogue import elsewhere, turn
from bot.messages import (
    departure,
    fallback,
    inbox,
    leases,
    outbox,
    pace,
    permissions,
    receipts,
    settlement,
    windows,
)
from bot.patients import addresses
from bot.store.db import Engine, Tx
from bot.store.statements import _MISSING, Compiled, Hot

_MODULES = (
    addresses, departure, elsewhere, fallback, inbox, leases, outbox, pace, permissions, receipts,
    settlement, turn, windows,
)  # fmt: skip
#: Counts for operators look at everything there is.
_COUNTS = {"bot.messages.inbox._COUNT", "bot.messages.outbox._COUNT"}


def hot_statements(module: ModuleType) -> dict[str, Hot]:
    found = {}
    for name, value in vars(module).items():
        for number, one in enumerate(value if isinstance(value, tuple) else (value,)):
            if isinstance(one, Hot):
                found[f"{module.__name__}.{name}{number or ''}"] = one
    return found


_ALL = {name: hot for module in _MODULES for name, hot in hot_statements(module).items()}


def plan(tx: Tx, compiled: Compiled) -> str:
    """Return how SQLite runs a statement; partial indexes are found by the values it is given."""
    given = [None if default is _MISSING else default for _, default, _ in compiled.binds]
    raw: Any = tx._link.raw
    rows = raw.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", given).fetchall()
    return "\n".join(row[3] for row in rows)


@pytest.mark.parametrize("name", sorted(set(_ALL) - _COUNTS))
async def test_nothing_walks_through_a_whole_table(engine: Engine, name: str) -> None:
    if engine.name != "sqlite":
        return  # its planner decides by what a table holds, and here that is nothing

    found = await engine.write(lambda tx: plan(tx, _ALL[name].on(tx._link.dialect)))
    assert not re.search(r"^SCAN (?!CONSTANT)", found, re.MULTILINE), found


@pytest.mark.parametrize(
    "name", [name for name in _ALL if re.search("leases._(LANES|URGENT)", name)]
)
async def test_to_look_for_what_goes_first_skips_all_that_was_sent(
    engine: Engine, name: str
) -> None:
    """Whoever had a thousand reminders waits for the next no longer than anybody."""
    if engine.name != "sqlite":
        return
    found = await engine.write(lambda tx: plan(tx, _ALL[name].on(tx._link.dialect)))
    assert "earlier USING INDEX outbox_not_sent" in found
