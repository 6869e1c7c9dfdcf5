"""What staff see of reminders costs what there is to see, never what is still to come."""

import re
from itertools import chain, combinations
from typing import Any

import pytest

from bot.reminders import history, listing, seeing, to_ring
from bot.store.db import Engine
from bot.store.statements import Hot
from tests.messages.test_plans import hot_statements, plan

_ALL = {
    name: hot
    for module in (history, seeing, to_ring)
    for name, hot in hot_statements(module).items()
}
_FILTERS = ("channel", "kind", "reason")
_LISTS = {
    f"{state} by {', '.join(by) or 'nothing'}": listing._listed(state, frozenset(by))
    for state in listing.STATES
    for by in chain.from_iterable(combinations(_FILTERS, many) for many in range(4))
}
#: An index of what is open now, or unseen, is walked as a whole: it holds nothing else.
_OPEN = "tasks_open|outbox_undelivered|outbox_in_doubt"
_WALKS = re.compile(
    rf"^SCAN (?!CONSTANT|\(subquery|few|anon)(?!\S+ USING .*({_OPEN}))", re.MULTILINE
)


async def _plan(engine: Engine, hot: Hot) -> str:
    def read(tx: Any) -> str:
        return plan(tx, hot.on(tx._link.dialect))

    return await engine.write(read)


@pytest.mark.parametrize("name", sorted(_ALL))
async def test_nothing_walks_through_a_whole_table(engine: Engine, name: str) -> None:
    if engine.name != "sqlite":
        return  # its planner decides by what a table holds, and here that is nothing
    found = await _plan(engine, _ALL[name])
    assert not _WALKS.search(found), found


@pytest.mark.parametrize(
    ("state", "index"),
    [
        ("pending", "reminders_due"),
        ("sent", "reminders_decided"),
        ("skipped", "reminders_decided"),
        ("deferred", "decisions_of_a_day"),
    ],
)
async def test_a_page_of_the_list_follows_the_index_of_its_order(
    engine: Engine, state: str, index: str
) -> None:
    if engine.name != "sqlite":
        return
    for name, hot in _LISTS.items():
        if name.startswith(state):
            found = await _plan(engine, hot)
            assert f"INDEX {index} " in found, (name, found)
            assert "TEMP B-TREE" not in found, (name, found)
