"""Whatever keeps a database from storing, callers hear that nothing was stored (I5, I-01)."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import psycopg
import pytest

from bot.dialogue.turns import Turns
from bot.errors import SealedError, StoreBusy, StoreError
from bot.message import Address, Inbound

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SAID = Inbound(Address("push", "main", "u1"), "k1", "胸口疼")


class Refusing:
    """A database that answers every write with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def write(self, _op: Callable[[Any], Any]) -> Any:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(StoreBusy("full"), id="busy"),
        pytest.param(psycopg.errors.ReadOnlySqlTransaction(), id="a-standby-that-only-reads"),
        pytest.param(sqlite3.DatabaseError("malformed"), id="a-damaged-file"),
        pytest.param(SealedError("another key"), id="a-key-that-is-gone"),
    ],
)
async def test_what_cannot_be_stored_is_always_said_to_be_so(error: Exception) -> None:
    nothing = cast("Any", None)
    turns = Turns(
        cast("Any", Refusing(error)), nothing, nothing, lambda: NOW, lambda now: now, print
    )
    with pytest.raises(StoreError):
        await turns.store([SAID])
    with pytest.raises(StoreError):
        await turns.accept(SAID)
