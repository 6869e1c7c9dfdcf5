"""The clock of a demonstration: the system's, put forward by as much as somebody asked. Never back."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

#: Beside the data of the demonstration: what it stored must never lie in the future after a restart.
FILE = "demo-clock"


class DemoClock:
    """A clock that can be put forward, and remembers by how much.

    Args:
        system: the time, in UTC.
        folder: where it remembers.
    """

    def __init__(self, system: Callable[[], datetime], folder: Path) -> None:
        self._system = system
        self._file = folder / FILE
        self._lock = threading.Lock()
        self.ahead = self._read()

    def __call__(self) -> datetime:
        """Return the time in the demonstration, in UTC."""
        return self._system() + self.ahead

    def forward(self, to: datetime) -> None:
        """Go on from `to`; nothing happens where that is over."""
        with self._lock:
            ahead = to - self._system()
            if ahead > self.ahead:
                self.ahead = ahead
                self._file.write_text(f"{ahead.total_seconds()}\n", "ascii")

    def _read(self) -> timedelta:
        try:
            return max(timedelta(), timedelta(seconds=float(self._file.read_text("ascii"))))
        except (OSError, ValueError, OverflowError):
            return timedelta()
