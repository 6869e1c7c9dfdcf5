"""Opening the configured accounts: a channel is found by its file, imported only when it is used."""

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from bot.channels.base import Channel, Tools
from bot.errors import StartError

_FOLDER = Path(__file__).parent
_OPENS = re.compile(r"^(?:def open_channel\(|from \S+ import .*\bopen_channel\b)", re.MULTILINE)


class Account(Protocol):
    """One configured account, as the settings hold it."""

    @property
    def channel(self) -> str:
        """The name of its channel."""
        ...

    @property
    def account(self) -> str:
        """Its own name."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """Its section of the configuration."""
        ...

    @property
    def secrets(self) -> Mapping[str, str]:
        """Its secrets of the environment, by lower-case name."""
        ...


def known_channels() -> list[str]:
    """Return the names of the channels that can be configured: those whose file can open one."""
    files = {path.stem: path for path in _FOLDER.glob("*.py")}
    files |= {path.parent.name: path for path in _FOLDER.glob("*/__init__.py")}
    return sorted(name for name, path in files.items() if _OPENS.search(path.read_text("utf-8")))


def open_accounts(
    accounts: Iterable[Account], file: Path, tools: Callable[[str], Tools]
) -> dict[str, Channel]:
    """Return the channel of every account by "<channel>/<account>"; nothing is asked of a platform.

    Args:
        file: the configuration, for error messages.
        tools: makes what a channel is lent, of where its account is configured.

    Raises:
        StartError: there is no such channel. SettingsError: an account's section is not right.
    """
    known = known_channels()
    opened: dict[str, Channel] = {}
    for one in accounts:
        where = f"{file}: channels.{one.channel}"
        if one.channel not in known:
            raise StartError(f"{where} is not a known channel (expected {', '.join(known)})")
        module = importlib.import_module(f"bot.channels.{one.channel}")
        opened[f"{one.channel}/{one.account}"] = module.open_channel(
            one.account, one.options, one.secrets, tools(f"{where}.{one.account}")
        )
    return opened
