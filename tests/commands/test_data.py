"""`daoyi init-db`, `import`, `staff`, `keys`: and what they say when something is wrong."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from bot.hospital.files import DEMO
from tests.commands.conftest import Shop

PASSWORD = {"DAOYI_STAFF_PASSWORD": "quite-a-long-passphrase"}


def table(shop: Shop, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(shop.data / "daoyi.sqlite3")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_init_db_makes_a_database_and_does_no_harm_twice(shop: Shop) -> None:
    for _ in range(2):
        said = shop.inside("init-db")
        assert (said.status, said.out) == (0, "the sqlite database is ready\n")
    assert (shop.data / "keys.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("mysql://root:hunter2@localhost/x", ("store.url", "mysql", "postgresql://")),
        ("sqlite:///x.db", ("store.url", "sqlite", "postgresql://")),
        ("nonsense", ("store.url", "nonsense")),
        (
            "postgresql://u:hunter2@127.0.0.1:1/x",
            ("store.url", "cannot be reached", "running server"),
        ),
        ("postgresql://u:hunter2@127.0.0.1:notaport/x", ("store.url",)),
        ("postgresql://u:hunter2@127.0.0.1:1/x?colour=red", ("store.url",)),
    ],
)
@pytest.mark.parametrize("command", [("init-db",), ("serve",), ("ask", "你好")], ids=lambda c: c[0])
def test_a_database_that_cannot_be_used(
    url: str, parts: tuple[str, ...], command: tuple[str, ...], shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("DAOYI_DATABASE_URL", url)
    shop.config.write_text(shop.config.read_text() + f'[store]\nurl = "{url}"\n')
    said = shop.inside(*command)
    said.refuses(*parts)
    assert "hunter2" not in said.err + said.out


def test_a_key_file_that_is_none_is_never_overwritten(shop: Shop) -> None:
    shop.data.mkdir()
    (shop.data / "keys.json").write_text('{"keys": []}')
    shop.inside("init-db").refuses("keys.json", "not a key file", "hexadecimal")
    assert (shop.data / "keys.json").read_text() == '{"keys": []}'


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[server\n", ("config.toml", "is not valid TOML")),
        ('[server]\nport = "x"\n', ("config.toml", "server.port", "whole number")),
        ("[nothing]\n", ("config.toml", "[nothing]")),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ("serve",), ("chat",), ("ask", "x"), ("content", "check"), ("init-db",), ("keys", "rotate"),
        ("import", "hospital", str(DEMO)), ("intents", "eval", "x", "--catalog", "built-in"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_settings_that_are_wrong(
    text: str, parts: tuple[str, ...], command: tuple[str, ...], shop: Shop
) -> None:
    shop.config.write_text(text)
    shop.inside(*command).refuses(*parts)


def test_a_hospital_is_imported_or_only_tried(shop: Shop) -> None:
    tried = shop.inside("import", "hospital", str(DEMO), "--dry-run", "--json")
    assert tried.status == 0, tried.err
    assert tried.json["dry_run"] is True
    assert not (shop.data / "daoyi.sqlite3").exists()
    done = shop.inside("import", "hospital", str(DEMO), "--json")
    assert done.status == 0, done.err
    assert done.json["dry_run"] is False
    assert done.json["rows"]["drugs"] > 100
    ((drugs,),) = table(shop, "SELECT count(*) FROM hospital_drug")
    assert drugs == done.json["rows"]["drugs"]


def test_a_sheet_is_imported_or_only_tried(shop: Shop, tmp_path: Path) -> None:
    assert shop.inside("import", "hospital", str(DEMO)).status == 0
    lines = (DEMO / "drugs.csv").read_text("utf-8").splitlines()
    sheet = tmp_path / "drugs.csv"
    sheet.write_text("\n".join([*lines[:3], ""]), "utf-8")
    before = table(shop, "SELECT count(*) FROM hospital_drug")
    tried = shop.inside("import", "sheet", "drugs", str(sheet), "--dry-run", "--json")
    assert (tried.json["dry_run"], tried.json["rows"]["drugs"]) == (True, 2)
    assert table(shop, "SELECT count(*) FROM hospital_drug") == before
    done = shop.inside("import", "sheet", "drugs", str(sheet), "--json")
    assert done.json["dry_run"] is False
    assert table(shop, "SELECT count(*) FROM hospital_drug") == [(2,)]


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        (",6.80,", ",free,", ("drugs.csv", "2", "price")),
        (",6.80,", ",-1,", ("drugs.csv", "2", "price")),
        ("2026-10-26", "26.10.2026", ("drugs.csv", "2", "checked")),
        (
            "drug-amoxicillin-gra,",
            "drug-amoxicillin-cap,",
            ("drugs.csv", "3", "drug-amoxicillin-cap"),
        ),
        ("code,name,", "code,title,", ("drugs.csv", "name")),
    ],
    ids=["no price", "a price below nothing", "no date", "a code twice", "no column"],
)
def test_a_sheet_that_is_wrong_names_row_and_column_and_changes_nothing(
    old: str, new: str, parts: tuple[str, ...], shop: Shop, tmp_path: Path
) -> None:
    assert shop.inside("import", "hospital", str(DEMO)).status == 0
    before = table(shop, "SELECT * FROM hospital_drug ORDER BY code")
    text = (DEMO / "drugs.csv").read_text("utf-8")
    assert old in text
    sheet = tmp_path / "drugs.csv"
    sheet.write_text(text.replace(old, new, 1), "utf-8")
    for more in ((), ("--dry-run",)):
        shop.inside("import", "sheet", "drugs", str(sheet), *more).refuses(*parts)
    assert table(shop, "SELECT * FROM hospital_drug ORDER BY code") == before


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("sheet", "cars", "x.csv"), ("'cars'", "departments")),
        (("sheet", "drugs", "nowhere.csv"), ("nowhere.csv", "cannot be read")),
        (("hospital", "nowhere"), ("hospital.toml",)),
    ],
    ids=["an unknown kind", "no file", "no folder"],
)
def test_what_cannot_be_imported(
    arguments: tuple[str, ...], parts: tuple[str, ...], shop: Shop
) -> None:
    shop.inside("import", *arguments).refuses(*parts)


def test_a_folder_with_a_broken_hospital_toml(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    shutil.copytree(DEMO, folder)
    text = (folder / "hospital.toml").read_text("utf-8")
    (folder / "hospital.toml").write_text(
        text.replace("parking_hour = 4", 'parking_hour = "four"'), "utf-8"
    )
    shop.inside("import", "hospital", str(folder)).refuses("hospital.toml", "parking_hour")


def test_staff_sign_in_after_they_were_added(shop: Shop) -> None:
    added = shop("staff", "add", "li", "--name", "李护士", environment=PASSWORD)
    assert (added.status, added.out) == (0, "li can sign in at /console\n"), added.err
    ((username, name, role, password),) = table(
        shop, "SELECT username, display_name, role, password_hash FROM staff"
    )
    assert (username, name, role) == ("li", "李护士", "agent")
    assert str(password).startswith("$argon2id$")


@pytest.mark.parametrize(
    ("arguments", "password", "parts"),
    [
        (("li",), "short", ("password",)),
        (("Li Li",), "quite-a-long-passphrase", ("username",)),
        (("li", "--role", "king"), "quite-a-long-passphrase", ("role", "agent")),
        (("li", "--name", "x" * 100), "quite-a-long-passphrase", ("display name",)),
    ],
    ids=["password", "username", "role", "name"],
)
def test_staff_that_cannot_be_added(
    arguments: tuple[str, ...], password: str, parts: tuple[str, ...], shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("DAOYI_STAFF_PASSWORD", password)
    said = shop.inside("staff", "add", *arguments)
    said.refuses(*parts)
    assert password not in said.err


def test_keys_are_rotated_and_everything_still_opens(shop: Shop) -> None:
    assert "4元" in shop("chat", stdin="停车多少钱\n").out
    before = json.loads((shop.data / "keys.json").read_text())
    sealed = table(shop, "SELECT body FROM inbox")
    rotated = shop("keys", "rotate", "--json")
    assert rotated.status == 0, rotated.err
    assert rotated.json["dropped_keys"] == 1
    assert sum(rotated.json["resealed"].values()) > 0
    after = json.loads((shop.data / "keys.json").read_text())
    assert len(after["keys"]) == 1
    assert after["keys"] != before["keys"]
    assert after["index_key"] == before["index_key"]
    assert table(shop, "SELECT body FROM inbox") != sealed
    again = shop("chat", stdin="再说一遍\n")
    assert "4元" in again.out, "the session of yesterday is still read"
