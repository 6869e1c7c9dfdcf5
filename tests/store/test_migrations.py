"""I-18: every schema there ever was comes up to date with its data, once, whoever starts first."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from bot.errors import StartError
from bot.store.keyring import Keyring
from bot.store.migrate import HEAD, MIGRATIONS, migrate, revision
from bot.store.postgres import PostgresEngine
from bot.store.setup import open_store
from bot.store.sqlite import prepare, sqlite_module
from bot.store.tables import SQLModel
from tests.helpers.postgres import Server

ROOT = Path(__file__).parents[2]
#: What the columns alone do not say: a roster row is of a weekday or of a date, and the sample is of a
#: date; the sample of an appointment is booked, on the only seat of its slot; a preparation is a step.
SENSIBLE: dict[str, Any] = {
    "reminder.reason": "moved",
    "reminder.lease_until": None,
    "hospital_preparation.fasting_hours": None,
    "hospital_roster.weekday": None,
    "slot.capacity": 1,
    "family_member.place": 1,
    "appointment.state": "booked",
    "appointment.seat": 1,
    "appointment.held_until": None,
}


def scripts() -> list[str]:
    """Return every revision, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [s.revision for s in ScriptDirectory.from_config(config).walk_revisions()][::-1]


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path / 'daoyi.sqlite3'}"
    server: Server = request.getfixturevalue("postgres")
    return server.url("template1")


@pytest.fixture
def empty(url: str) -> Iterator[sa.Engine]:
    """An engine on it, as `migrate` gets one."""
    if not url.startswith("sqlite"):
        engine = PostgresEngine.schema_only(url)
    else:

        def connect() -> Any:
            path = url.removeprefix("sqlite:///")
            raw = sqlite_module().connect(path, isolation_level=None)
            prepare(raw)
            return raw

        engine = sa.create_engine(
            "sqlite://", module=sqlite_module(), creator=connect, poolclass=NullPool
        )
    yield engine
    engine.dispose()


def allowed(inspector: sa.Inspector, table: str) -> dict[str, str]:
    """Return, for each column that a check holds to a list of words, one of them."""
    checks = [check["sqltext"] for check in inspector.get_check_constraints(table)]
    return {
        found[1]: words[-1]
        for check in checks
        if (words := re.findall("'([^']+)'", check)) and (found := re.search(r"(\w+)", check))
    }


def sample(table: sa.Table, words: dict[str, str]) -> dict[str, Any]:
    """Return one row for a table, from nothing but its columns: new tables need no new sample."""
    row: dict[str, Any] = {}
    for column in table.columns:
        name, kind = column.name, column.type
        if name == "id" or column.foreign_keys:
            row[name] = "字" if isinstance(kind, sa.String) else 1
        elif f"{table.name}.{name}" in SENSIBLE:
            row[name] = SENSIBLE[f"{table.name}.{name}"]
        elif name in words:
            row[name] = words[name]
        else:
            row[name] = value(kind)
        if name == "ends_at":
            row[name] += timedelta(hours=1)
    return row


def value(kind: Any) -> Any:
    """Return a value of a column's type."""
    moment = datetime(2026, 11, 18, 2, 0, 0, 123456, tzinfo=UTC)
    for types, made in (
        ((sa.LargeBinary, sa.types.BLOB), b"\x00sealed\xff"),
        (
            (sa.DateTime,),
            moment if getattr(kind, "timezone", False) else moment.replace(tzinfo=None),
        ),
        ((sa.Date,), moment.date()),
        ((sa.Time,), moment.time()),
        ((sa.Boolean,), True),
        ((sa.Integer, sa.Numeric), 7),
        ((sa.JSON,), {"词": 1}),
    ):
        if isinstance(kind, types):
            return made
    return "字"


def fill(engine: sa.Engine) -> dict[str, sa.Row[Any]]:
    """Put a row into every table of the schema as it is; return the rows as they read back."""
    metadata = sa.MetaData()
    with engine.connect() as connection:
        metadata.reflect(connection)
        inspector = sa.inspect(connection)
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
                words = allowed(inspector, table.name)
                connection.execute(table.insert().values(sample(table, words)))
        connection.commit()
        return {
            table.name: connection.execute(table.select()).one()
            for table in metadata.sorted_tables
            if table.name != "alembic_version"
        }


def read(
    engine: sa.Engine, names: Callable[[str], tuple[str, ...]], tables: list[str]
) -> dict[str, tuple[Any, ...]]:
    """Return the one row of each table, as the named columns of its reflected form."""
    metadata = sa.MetaData()
    with engine.connect() as connection:
        metadata.reflect(connection)
        return {
            name: tuple(
                connection.execute(
                    sa.select(*(metadata.tables[name].c[c] for c in names(name)))
                ).one()
            )
            for name in tables
        }


def test_the_code_names_the_newest_script() -> None:
    """`HEAD` is written by hand so that a start need not load Alembic; here is what keeps it true."""
    assert scripts()[-1] == HEAD


@pytest.mark.parametrize("start", scripts())
def test_every_schema_comes_up_to_date_with_its_rows(empty: sa.Engine, start: str) -> None:
    """Whatever an older version stored in any table is there, unchanged, after the upgrade."""
    assert migrate(empty, start)
    before = fill(empty)
    assert len(before) > 5
    assert migrate(empty) is (start != HEAD)
    assert revision(empty) == HEAD
    after = read(empty, lambda name: before[name]._fields, list(before))
    assert after == {name: tuple(row) for name, row in before.items()}


def test_the_migrations_make_exactly_the_tables_of_the_code(empty: sa.Engine) -> None:
    """One definition, no drift: Alembic finds nothing to add, drop or change."""
    migrate(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_an_up_to_date_database_is_left_alone(empty: sa.Engine) -> None:
    assert migrate(empty)
    assert not migrate(empty)


def test_a_newer_database_is_refused_with_a_sentence(
    backend: str, url: str, empty: sa.Engine, tmp_path: Path, keyring: Keyring
) -> None:
    """An older binary must not write into a schema that it does not know."""
    migrate(empty)
    with empty.connect() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    with pytest.raises(
        StartError, match=f"schema 9999, which this version \\({HEAD}\\) does not know"
    ):
        open_store("sqlite" if backend == "sqlite" else url, tmp_path, keyring)
    assert revision(empty) == "9999"


class _StopError(Exception):
    pass


def test_an_upgrade_that_breaks_off_leaves_nothing_behind(empty: sa.Engine) -> None:
    """Cut off after any number of its statements, an upgrade did not happen; the next one does."""
    migrate(empty, "0001")
    fill(empty)
    statements = 0
    limit = 0

    def count(*_: Any) -> None:
        nonlocal statements
        statements += 1
        if statements > limit:
            raise _StopError

    sa.event.listen(empty, "before_cursor_execute", count)
    try:
        for limit in range(4, 800, 31):  # noqa: B007  (`count` reads it)
            statements = 0
            try:
                migrate(empty)
            except _StopError:
                sa.event.remove(empty, "before_cursor_execute", count)
                assert revision(empty) == "0001"
                sa.event.listen(empty, "before_cursor_execute", count)
            else:
                break
        else:
            pytest.fail("the upgrade has more statements than were tried")
    finally:
        if sa.event.contains(empty, "before_cursor_execute", count):
            sa.event.remove(empty, "before_cursor_execute", count)
    assert revision(empty) == HEAD


REWRITES = [
    "UPDATE audit SET actor = 'nobody'",
    "UPDATE audit SET actor = 'nobody' WHERE id = 1",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE id = 1",
]
SIDE_DOORS = {
    "sqlite": [
        "INSERT OR REPLACE INTO audit (id, at, actor, action) VALUES (1, '2026-01-01', 'nobody', 'x')",
        "UPDATE OR REPLACE audit SET id = 2 WHERE id = 1",
    ],
    "postgresql": [
        "TRUNCATE audit",
        (
            "INSERT INTO audit (id, at, actor, action) VALUES (1, now(), 'nobody', 'x') "
            "ON CONFLICT (id) DO UPDATE SET actor = excluded.actor"
        ),
    ],
}


def test_the_audit_can_only_grow(backend: str, empty: sa.Engine) -> None:
    """I9: the database itself refuses to change, delete, empty or replace audit rows."""
    migrate(empty)
    before = fill(empty)["audit"]
    for statement in REWRITES + SIDE_DOORS[backend]:
        with empty.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="never changed"):
            connection.exec_driver_sql(statement)
    with empty.connect() as connection:
        again = {**before._mapping, "id": 2}
        table = sa.Table("audit", sa.MetaData(), autoload_with=connection)
        connection.execute(table.insert().values(again))
        connection.commit()
        assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 2


_STARTERS = """
import os, sys
from pathlib import Path
from bot.store.keyring import load_keyring
from bot.store.setup import open_store
data = Path(sys.argv[2])

def start():
    engine = open_store(sys.argv[1], data, load_keyring(data / "keys.json"))
    print(engine.keyring.index("x", "y"), flush=True)
    engine.shut()

waiting, go = os.pipe()
starters = []
for _ in range(4):
    pid = os.fork()
    if not pid:
        os.close(go)
        os.read(waiting, 1)  # until all are there
        start()
        sys.exit()
    starters.append(pid)
os.close(go)
sys.exit(any(os.waitpid(pid, 0)[1] for pid in starters))
"""


def test_processes_that_start_at_once_migrate_once_and_share_one_key(
    backend: str, url: str
) -> None:
    """Four starters, one empty database, one empty data folder: one schema, one key file, no error."""
    with tempfile.TemporaryDirectory() as data:
        store = "sqlite" if backend == "sqlite" else url
        told = subprocess.run(
            [sys.executable, "-c", _STARTERS, store, data],
            cwd=ROOT,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert told.returncode == 0, told.stderr
        keys = told.stdout.splitlines()
        assert len(keys) == 4
        assert len(set(keys)) == 1, "they sealed with different keys"
