"""The recipe "Add a channel" shows a diff that was really made, and that is all it takes."""

import re
import tomllib
from itertools import pairwise

import pytest

from bot.channels.opening import known_channels
from tests.conftest import ROOT

_RECIPE = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("### Add a channel\n")[1]
_DIFF = re.split(
    r"^\+\+\+ b/(.+)\n", _RECIPE.split("```diff\n")[1].split("```")[0], flags=re.MULTILINE
)
SHOWN = dict(zip(_DIFF[1::2], _DIFF[2::2], strict=True))


def test_the_recipe_is_one_file_one_block_one_test_and_one_line() -> None:
    assert _DIFF[0] == ""
    assert list(SHOWN) == [
        "bot/channels/relay.py",
        "config.toml",
        "tests/channels/test_relay.py",
        "pyproject.toml",
    ]


@pytest.mark.parametrize("name", list(SHOWN))
def test_what_the_recipe_shows_stands_in_the_file_in_this_order(name: str) -> None:
    """What is left out is marked: lines without "…" between them stand one after the other."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    shown = SHOWN[name].splitlines()
    assert all(line.startswith("+") for line in shown)
    place = 0
    for before, line in pairwise(["+…", *(line.rstrip() for line in shown)]):
        if line.strip("+ ") == "…":
            continue
        far = len(lines) if before.strip("+ ") == "…" else place + 1
        assert line[1:] in lines[place:far], f"{name} has no such line there: {line[1:]}"
        place = lines.index(line[1:], place) + 1


def test_no_channel_is_forgotten_where_channels_are_kept_apart() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    apart = next(one for one in contracts["contracts"] if one["id"] == "channels-apart")
    assert {f"bot.channels.{name}" for name in known_channels()} <= set(apart["modules"])
