"""One schema, two speeds: every hot statement is made from the tables, and none was written by hand."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

import bot.dialogue
import bot.handoff
import bot.messages
import bot.store
from bot.message import Address, Inbound
from bot.messages import inbox
from bot.store.db import Engine, Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Inbox, Outbox

BOT = Path(bot.store.__file__).parents[1]
_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]


def statements() -> Iterator[Any]:
    """Yield every hot statement of the path of a message, named."""
    for package in (bot.messages, bot.dialogue, bot.handoff, bot.store):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if found.ispkg:
                continue
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                if isinstance(value, Hot):
                    yield pytest.param(value, id=f"{found.name}.{name}")


@pytest.mark.parametrize(
    "handwritten",
    [
        pytest.param("SELECT 1", id="a-string"),
        pytest.param(sa.text("SELECT 1"), id="text"),
        pytest.param(
            sa.text("SELECT id FROM outbox").columns(_outbox.c.id), id="text-with-columns"
        ),
        pytest.param(sa.select(sa.text("1")), id="text-as-a-column"),
        pytest.param(sa.select(sa.literal_column("1")), id="a-literal-column"),
        pytest.param(
            sa.select(_outbox.c.id).where(sa.text("state = 'ready'")), id="text-as-a-condition"
        ),
        pytest.param(sa.DDL("DROP TABLE outbox"), id="ddl"),  # type: ignore[no-untyped-call]
    ],
)
def test_sql_written_by_hand_is_refused(handwritten: Any) -> None:
    with pytest.raises(TypeError, match="not from SQL text"):
        Hot(handwritten)


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Yield the calls of functions or methods of these names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", None))
            if called in names:
                yield node


def modules() -> list[Any]:
    return [pytest.param(path, id=str(path.relative_to(BOT))) for path in sorted(BOT.rglob("*.py"))]


#: The few places that speak SQL by design: the engine's own words, and the schema's history.
SPEAKS_SQL = {"store/db.py", "store/sqlite.py", "store/writer.py", "store/migrate.py"}


@pytest.mark.parametrize("path", modules())
def test_no_module_hands_sql_text_to_the_database(path: Path) -> None:
    """Section 7: `Hot(…)`, `tx.run/rows/one(…)` and `execute(…)` take expressions, never strings."""
    where = path.relative_to(BOT).as_posix()
    tree = ast.parse(path.read_text("utf-8"))
    text_like = {"text", "literal_column", "DDL"}
    for call in calls(tree, "Hot", "one", "rows", "run"):
        for argument in call.args[:1]:
            is_text = isinstance(argument, ast.Constant | ast.JoinedStr)
            of_sqlalchemy = (
                isinstance(argument, ast.Call)
                and next(calls(argument, *text_like), None) is not None
            )
            assert not is_text, f"{where}:{call.lineno}"
            assert not of_sqlalchemy, f"{where}:{call.lineno}"
    if where in SPEAKS_SQL or "migrations" in path.parts:
        return
    for call in calls(tree, "execute", "exec_driver_sql", "executemany", "executescript"):
        handwritten = [a for a in call.args if isinstance(a, ast.Constant | ast.JoinedStr)]
        assert not handwritten, f"{where}:{call.lineno}"


@pytest.mark.parametrize("hot", list(statements()))
@pytest.mark.parametrize(
    "dialect",
    [
        pytest.param(sqlite.dialect(paramstyle="qmark"), id="sqlite"),
        pytest.param(postgresql.dialect(paramstyle="format"), id="postgresql"),  # type: ignore[no-untyped-call]
    ],
)
def test_every_hot_statement_compiles_for_both_databases(hot: Hot, dialect: Any) -> None:
    """And every value it takes has a name of its own: a misspelt one is an error, not a default."""
    compiled = hot.on(dialect)
    names = [name for name, _, _ in compiled.binds]
    assert len(set(names)) == len(names)
    assert compiled.sql.split()[0] in {"SELECT", "INSERT", "UPDATE", "DELETE"}


async def test_every_hot_statement_is_understood_by_the_database(engine: Engine) -> None:
    """Both databases plan each of them against the schema that the migrations made."""

    def explain(tx: Tx) -> int:
        planned = 0
        for parameter in statements():
            compiled = parameter.values[0].on(tx._link.dialect)
            tx._link.raw.execute(f"EXPLAIN {compiled.sql}", [None] * len(compiled.binds))
            planned += 1
        return planned

    assert await engine.write(explain) > 25


async def test_a_value_too_few_or_too_many_is_an_error(engine: Engine) -> None:
    hot = Hot(sa.select(_outbox.c.id).where(_outbox.c.id == sa.bindparam("outbox_id")))
    with pytest.raises(TypeError, match="needs a value for outbox_id"):
        await engine.read(lambda tx: tx.rows(hot))
    with pytest.raises(TypeError, match="does not take all of"):
        await engine.read(lambda tx: tx.rows(hot, outbox_id=1, outbox_ids=2))


async def test_hot_statements_and_sessions_see_one_transaction(engine: Engine) -> None:
    """A service may use both in one operation: each sees what the other did, and both undo together."""
    inbound = Inbound(Address("webchat", "main", "u1"), "k", "你好")
    now = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)

    def both(tx: Tx) -> int:
        accepted = inbox.accept(tx, inbound, now)
        with tx.session() as session:
            row = session.get_one(Inbox, accepted.inbox_id)
            row.state = "dead"
        assert inbox.counts(tx) == {"dead": 1}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await engine.write(both)
    assert await engine.read(inbox.counts) == {}
