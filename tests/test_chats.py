"""Every transcript in `chats/`, played on the whole application, on both databases."""

from pathlib import Path

import pytest

from tests.helpers.chat import play_file
from tests.helpers.world import World

CHATS = sorted((Path(__file__).parent / "chats").glob("*.chat"))


@pytest.mark.parametrize("path", CHATS, ids=lambda path: path.stem)
async def test_a_conversation_goes_as_it_was_promised(path: Path, world: World) -> None:
    await play_file(path, world)
