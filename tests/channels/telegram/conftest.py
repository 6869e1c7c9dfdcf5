"""A Bot API on this machine: our scripted stand-in, the npm emulator, and aiogram to judge both."""

import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from bench.standins.telegram import Telegram as Platform
from bot.channels import trouble
from bot.channels.telegram import Telegram
from tests.channels.telegram.shared import PEERS, Judge, Kept, listening, opened, running
from tests.helpers.peers import need


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for what never comes."""
    monkeypatch.setattr(trouble, "PAUSES", (0.01, 0.02, 0.05))


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    """Telegram, with its API on this machine."""
    made = Platform()
    async with listening(made.api) as made.url, running(made.run()):
        yield made


@pytest.fixture
def bot(platform: Platform) -> Callable[..., Telegram]:
    """A function that opens our channel on that platform: by polling, unless another mode is named."""
    return lambda mode="polling", public_url="": opened(platform.url, mode, public_url)


@pytest.fixture
def kept() -> Kept:
    """A store that keeps what it is given."""
    return Kept()


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    python = PEERS / ".venv" / "bin" / "python"
    need("aiogram in tests/peers/.venv (scripts/peers)", python.exists())
    with subprocess.Popen(
        [python, "-W", "ignore", PEERS / "aiogram_check.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Judge(process)
        assert process.stdin
        process.stdin.close()


@pytest.fixture
def emulator() -> Iterator[str]:
    """Npm telegram-test-api, its answers repaired; gives its address."""
    package = PEERS / "node_modules" / "telegram-test-api"
    need("telegram-test-api in tests/peers/node_modules (scripts/peers)", package.exists())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        ["node", PEERS / "telegram.js", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}"
        process.stdin.close()
