"""The sweep itself: chunks, failures, an end in the middle; no database needed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from scheduler.sweep import Sweep


@dataclass(frozen=True)
class Row:
    """One leased row of a group."""

    id: int
    group: int


class Gone(Exception):
    """The database is away."""


@dataclass
class Table:
    """What is due, and what was done with it.

    Attributes:
        bad: rows that raise, in company and alone.
        away: how many dispatches the database is away for.
    """

    due: list[Row]
    bad: set[int] = field(default_factory=set)
    away: int = 0
    chunks: list[list[int]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)

    async def recover(self) -> int:
        return 0

    async def claim(self, limit: int) -> Sequence[Row]:
        taken, self.due = self.due[:limit], self.due[limit:]
        return taken

    async def dispatch(self, items: Sequence[Row], *, alone: bool) -> int:  # noqa: ARG002
        if self.away:
            self.away -= 1
            raise Gone
        if self.bad & {item.id for item in items}:
            raise ValueError("a bad row")
        self.chunks.append([item.id for item in items])
        return len(items)

    async def release(self, items: Sequence[Row]) -> None:
        self.released += [item.id for item in items]

    async def failed(self, item: Row, error: Exception) -> None:
        assert isinstance(error, ValueError)
        self.failures.append(item.id)


def rows(count: int, groups: int) -> list[Row]:
    """Return rows whose groups come round and round."""
    return [Row(number, number % groups) for number in range(count)]


async def test_a_group_is_never_torn_and_chunks_are_small() -> None:
    table = Table(rows(100, 10))
    assert await Sweep(table, batch=7, chunk=15).run() == 100
    assert [len(chunk) for chunk in table.chunks] == [20] * 5
    for chunk in table.chunks:
        assert len({number % 10 for number in chunk}) == 2
    assert await Sweep(table).run() == 0


async def test_a_bad_row_fails_alone() -> None:
    table = Table(rows(12, 12), bad={5})
    assert await Sweep(table, chunk=4).run() == 11
    assert table.failures == [5]
    assert sorted(one for chunk in table.chunks for one in chunk) == [*range(5), *range(6, 12)]


async def test_where_the_database_goes_away_the_next_run_goes_on() -> None:
    table = Table(rows(12, 12), away=1)
    sweep = Sweep(table, chunk=4, gone=(Gone,))
    with pytest.raises(Gone):
        await sweep.run()
    assert table.failures == []
    assert await sweep.run() == 12


async def test_what_is_held_at_the_end_is_given_back() -> None:
    table = Table(rows(12, 12), away=1)
    sweep = Sweep(table, chunk=4, gone=(Gone,))
    with pytest.raises(Gone):
        await sweep.run()
    await sweep.finish()
    assert sorted(table.released) == [*range(12)]
    assert await sweep.run() == 0


async def test_it_takes_it_slowly_while_others_are_busy() -> None:
    asked = []

    def busy() -> bool:
        asked.append(True)
        return False

    await Sweep(Table(rows(40, 40)), chunk=10, busy=busy).run()
    assert len(asked) == 4


async def test_no_chunk_begins_while_somebody_waits_for_an_answer() -> None:
    waiting, seen = [3], []

    def answering() -> bool:
        waiting[0] -= 1
        seen.append(len(table.chunks))
        return waiting[0] > 0

    table = Table(rows(20, 20))
    await Sweep(table, chunk=10, answering=answering).run()
    assert seen == [0, 0, 0, 1]
    assert len(table.chunks) == 2


async def test_whoever_never_stops_asking_stops_no_reminder() -> None:
    table = Table(rows(3, 3))
    assert await Sweep(table, answering=lambda: True, patience=0.0).run() == 3
