"""A real `daoyi serve` in a process of its own, as an operator starts it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0


class LiveServer:
    """A server on a data folder; may be killed and started again.

    Attributes:
        url: where it listens; set once it said so.
        log: everything it logged.
    """

    def __init__(self, data: Path, *, database_url: str | None = None, module: str = "bot") -> None:
        self.data = data
        self.url = ""
        self.log: list[str] = []
        self._module = module
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self._environment.pop("DAOYI_DATABASE_URL", None)
        if database_url:
            self._environment["DAOYI_DATABASE_URL"] = database_url
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, port: int = 0) -> None:
        """Start and wait until it says where it listens."""
        self.url = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module, "serve", "--port", str(port), "--data", str(self.data)],
            cwd=ROOT, env=self._environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        deadline = time.monotonic() + _PATIENCE
        while not self.url:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server did not start:\n" + "".join(self.log[-20:]))
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it as a power cut would: no time to say goodbye."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            self._process = None

    def stop(self) -> int:
        """Ask it to stop, as Ctrl-C does; return its exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGINT)
        status = self._process.wait(_PATIENCE)
        self._reader.join()
        self._process = None
        return status

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.log.append(line)
                if found := re.search(r"(http://[\d.]+:\d+)/chat", line):
                    self.url = found[1]
