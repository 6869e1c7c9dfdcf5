"""One server a data folder: a second one would send every message twice."""

import fcntl
import os
from pathlib import Path

from bot.errors import StartError


class FolderLock:
    """An exclusive lock on a data folder, held until the process ends or `release`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "daoyi.lock"
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            StartError: another process serves this folder, or the folder cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise StartError(f"{self._path.parent}: cannot be written ({exc.strerror})") from exc
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            holder = os.read(file, 20).decode("ascii", "ignore").strip() or "unknown"
            os.close(file)
            raise StartError(
                f"{self._path.parent} is already served by process {holder}; "
                "stop it first, or give this one its own --data folder"
            ) from exc
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
