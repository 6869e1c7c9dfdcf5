"""config.toml: an error is one sentence that names the file, the key and what is expected."""

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import load_settings

ROOT = Path(__file__).parents[1]


def written(tmp_path: Path, text: str | bytes) -> Path:
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_an_empty_file_has_every_default(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, ""), {})
    assert (settings.server.port, settings.store.url, settings.hospital.locale) == (
        8200, "sqlite", "CN",
    )  # fmt: skip
    assert settings.data == tmp_path / "data"
    assert settings.key_file == tmp_path / "data" / "keys.json"


def test_the_shipped_file_says_every_default(tmp_path: Path) -> None:
    shipped, bare = (
        load_settings(ROOT / "config.toml", {}),
        load_settings(written(tmp_path, ""), {}),
    )
    for part in ("server", "store", "hospital", "content", "limits", "log", "zone"):
        assert getattr(shipped, part) == getattr(bare, part), part


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("server", ("is not valid TOML",)),
        ("[server\n", ("is not valid TOML", "line 1")),
        (b"\xff\xfe", ("cannot be read",)),
        ("[servre]\n", ("[servre] is not a known section", "server, store")),
        ("[server]\nprot = 1\n", ("server.prot is not a known key", "host, port, data")),
        ("server = 1\n", ("server must be a section, written [server]",)),
        ('[server]\nport = "8200"\n', ("server.port must be a whole number",)),
        ("[server]\nport = 1.5\n", ("server.port must be a whole number",)),
        ("[server]\nport = true\n", ("server.port must be a whole number",)),
        ("[server]\nport = 65536\n", ("server.port is not usable", "1 to 65535")),
        ("[server]\nport = -1\n", ("server.port is not usable",)),
        ("[server]\nhost = 1\n", ("server.host must be a text in quotes",)),
        ('[hospital]\ndemo = "yes"\n', ("hospital.demo must be true or false",)),
        ('[hospital]\ntimezone = "Beijing"\n', ("hospital.timezone", "Asia/Shanghai")),
        ('[hospital]\ntimezone = "../etc/passwd"\n', ("hospital.timezone", "IANA")),
        ('[hospital]\ntimezone = ""\n', ("hospital.timezone",)),
        ('[hospital]\ntimezone = "Asia"\n', ("hospital.timezone",)),
        ('[hospital]\nlocale = "cn"\n', ("hospital.locale", "CN HK")),
        ('[hospital]\nlanguage = "zh"\n', ("hospital.language", '"zh-CN" or "en"')),
        ("[limits]\nflood = 0\n", ("limits.flood ", "above 0")),
        ("[limits]\nflood_seconds = -5\n", ("limits.flood_seconds", "above 0")),
        ('[log]\nlevel = "loud"\n', ("log.level", "debug, info, warning or error")),
        ('[log]\nformat = "xml"\n', ("log.format", '"json"')),
        ("handoff = 1\n", ("handoff.hours must hold days",)),
        ("[handoff]\nhours = 8\n", ("handoff.hours must hold days",)),
        ('[handoff]\nhour = "x"\n', ("handoff.hour is not a known key", "[handoff.hours]")),
        ("[handoff.hours]\nmon = 8\n", ("handoff.hours must hold days",)),
        ('[handoff.hours]\nmonday = "08:00-17:30"\n', ("monday is not a day", "mon, tue")),
        ('[handoff.hours]\nmon = "8 to 5"\n', ("mon: '8 to 5'", "08:00-17:30")),
        ('[handoff.hours]\nmon = "17:30-08:00"\n', ("mon: ", "ends before it starts")),
    ],
    ids=lambda value: ascii(value)[:50] if isinstance(value, str | bytes) else "",
)
def test_what_is_wrong_is_named(text: str | bytes, parts: tuple[str, ...], tmp_path: Path) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SettingsError) as refused:
        load_settings(file, {})
    sentence = str(refused.value)
    assert sentence.startswith(f"{file}: ")
    assert "\n" not in sentence
    for part in parts:
        assert part in sentence


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.toml", tmp_path):
        with pytest.raises(SettingsError, match=r"no such file|cannot be read"):
            load_settings(path, {})


def test_the_environment_and_the_command_line_win(tmp_path: Path) -> None:
    file = written(tmp_path, '[store]\nurl = "sqlite"\nkey_file = "a.json"\n')
    environment = {"DAOYI_DATABASE_URL": "postgresql://x/y", "DAOYI_KEY_FILE": "/keys/b.json"}
    settings = load_settings(file, environment, data=tmp_path / "other")
    assert settings.store.url == "postgresql://x/y"
    assert settings.key_file == Path("/keys/b.json")
    assert settings.data == tmp_path / "other"
    assert load_settings(file, {}).key_file == tmp_path / "a.json"


def test_the_password_of_a_database_is_never_printed(tmp_path: Path) -> None:
    settings = load_settings(
        written(tmp_path, ""), {"DAOYI_DATABASE_URL": "postgresql://u:hunter2@h/d"}
    )
    assert "hunter2" not in repr(settings)
