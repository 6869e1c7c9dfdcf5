"""`[his]` of config.toml: where the hospital's own system takes reports."""

import re
from dataclasses import dataclass

from bot.errors import SettingsError

#: Both sides sign with a key as long as this at least.
SHORTEST_KEY = 32
_LONGEST_WAIT = 30
_URL = r"https?://([A-Za-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?"


@dataclass(frozen=True, slots=True)
class HisOptions:
    """Where steps of appointments are reported to.

    Attributes:
        url: takes signed posts (`docs/his.md`); empty where there is no such system.
        identity: reports carry the patient's name, document and phone; each is audited.
        timeout: seconds until a report is taken for lost and comes again.
    """

    url: str = ""
    identity: bool = False
    timeout: float = 10.0


def check_his(options: HisOptions, key: str, where: str) -> None:
    """Refuse what cannot work.

    Raises:
        SettingsError: names `where`, the key or the variable, and what is expected.
    """
    if not options.url:
        return
    if not re.fullmatch(_URL, options.url):
        raise SettingsError(f"{where}.url is not usable (expected https://…)")
    if not 1 <= options.timeout <= _LONGEST_WAIT:
        raise SettingsError(
            f"{where}.timeout is not usable (expected 1 to {_LONGEST_WAIT} seconds)"
        )
    if len(key) < SHORTEST_KEY:
        raise SettingsError(f"{where}: DAOYI_HIS_KEY must have {SHORTEST_KEY} characters or more")
