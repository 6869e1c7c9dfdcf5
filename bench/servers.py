"""Start the servers that are measured, each in a process of its own, and wait until they answer."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PATIENCE = 90.0


class BenchError(Exception):
    """The benchmark cannot run; the sentence says why."""


@contextmanager
def server(*arguments: str, secrets: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run `python ARGUMENTS PORT` until left; yield the port.

    Args:
        secrets: what it finds in its environment besides ours.
    """
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, *(str(port) if part == "PORT" else part for part in arguments)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, **(secrets or {})},
    )  # fmt: skip
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{' '.join(arguments)} did not start")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def daoyi(config: Path, data: Path) -> tuple[str, ...]:
    """Return the arguments that serve the application on `data`."""
    return ("-m", "bot", "--config", str(config), "serve", "--port", "PORT", "--data", str(data))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
