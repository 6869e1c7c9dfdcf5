"""Accounts are opened by the name of their section: a new channel is one file, and no list to edit."""

from pathlib import Path

import pytest

from bot.channels import opening
from bot.channels.base import Tools
from bot.channels.opening import known_channels, open_accounts
from bot.errors import StartError
from bot.settings import Account, Settings

FILE = Path("config.toml")
PIGEON = """
class Pigeon:
    def __init__(self, *given):
        self.given = given


def open_channel(account, config, secrets, tools):
    return Pigeon(account, config, secrets, tools.where)
"""


def tools(where: str) -> Tools:
    return Tools(Settings, where)  # type: ignore[arg-type]  # nobody asks for the time here


@pytest.fixture
def pigeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more file in the folder of channels."""
    (tmp_path / "pigeon.py").write_text(PIGEON)
    (tmp_path / "notes.py").write_text("# says open_channel( and has none\n")
    monkeypatch.setattr(opening, "_FOLDER", tmp_path)
    monkeypatch.setattr("bot.channels.__path__", [str(tmp_path)])


def test_the_three_platforms_can_be_configured() -> None:
    assert {"sms", "telegram", "wechat"} <= set(known_channels())
    assert not {"base", "split", "menu", "opening", "options", "terminal", "webchat"} & set(
        known_channels()
    )


@pytest.mark.usefixtures("pigeon")
def test_a_channel_is_one_file() -> None:
    assert known_channels() == ["pigeon"]
    account = Account("pigeon", "loft", {"wings": 2}, {"token": "t"})
    opened = open_accounts([account], FILE, tools)
    assert list(opened) == ["pigeon/loft"]
    given = opened["pigeon/loft"].given  # type: ignore[attr-defined]
    assert given == ("loft", {"wings": 2}, {"token": "t"}, "config.toml: channels.pigeon.loft")


@pytest.mark.usefixtures("pigeon")
@pytest.mark.parametrize("name", ["owl", "notes", "base", "os", "..", "pigeon.py", ""])
def test_an_unknown_channel_is_named_with_those_that_are_known(name: str) -> None:
    with pytest.raises(StartError) as refused:
        open_accounts([Account(name, "main", {}, {})], FILE, tools)
    assert f"config.toml: channels.{name} is not a known channel" in str(refused.value)
    assert "pigeon" in str(refused.value)


def test_what_is_not_configured_is_not_imported() -> None:
    assert open_accounts([], FILE, tools) == {}
