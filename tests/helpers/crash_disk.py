"""A disk whose power can be cut: an SQLite VFS in memory that loses, tears and reorders writes.

What a file was told to sync is durable. Everything written since is in the disk's cache: at the cut
each such write survives whole, in some of its 512-byte sectors, or not at all, whatever came after
it. `after_cut` gives the bytes that a real disk could hold.
"""

import random
from dataclasses import dataclass, field
from typing import Any

import apsw

_SECTOR = 512
_WHOLE, _TORN = 0.4, 0.6


class PowerCut(apsw.IOError):
    """The machine is off; nothing more reaches the disk."""


@dataclass(slots=True)
class Platter:
    """One file: what is durable, what the running system sees, and what is still in the cache."""

    durable: bytearray
    seen: bytearray
    cache: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, at: int, data: bytes) -> None:
        """Write into the cache."""
        _put(self.seen, at, data)
        self.cache.append((at, bytes(data)))

    def truncate(self, size: int) -> None:
        """Shorten in the cache."""
        del self.seen[size:]
        self.cache.append((size, None))

    def sync(self) -> None:
        """Make everything durable."""
        self.durable = bytearray(self.seen)
        self.cache.clear()

    def after_cut(self, chance: random.Random) -> bytes:
        """Return what a disk may hold once the power is back."""
        left = bytearray(self.durable)
        for at, data in self.cache:
            luck = chance.random()
            if data is None:
                if luck < _WHOLE:
                    del left[at:]
            elif luck < _WHOLE:
                _put(left, at, data)
            elif luck < _TORN:
                for start in range(0, len(data), _SECTOR):
                    if chance.random() < 0.5:
                        _put(left, at + start, data[start : start + _SECTOR])
        return bytes(left)


def _put(into: bytearray, at: int, data: bytes) -> None:
    if len(into) < at:
        into.extend(bytes(at - len(into)))
    into[at : at + len(data)] = data


class Disk(apsw.VFS):
    """A disk in memory, registered under `name`.

    Args:
        files: what it holds, by path.
        cut_after: how many writes and syncs it takes before the power goes.
    """

    def __init__(self, name: str, files: dict[str, bytes], cut_after: int) -> None:
        super().__init__(name, "")
        self.name = name
        self.files = {
            path: Platter(bytearray(data), bytearray(data)) for path, data in files.items()
        }
        self.left = cut_after
        self.is_off = False

    def spend(self) -> None:
        """Count one write or sync; the last one never arrives."""
        self.left -= 1
        if self.left <= 0:
            self.is_off = True
        if self.is_off:
            raise PowerCut("the power is off")

    def after_cut(self, chance: random.Random) -> dict[str, bytes]:
        """Return what the files may hold once the power is back."""
        return {path: platter.after_cut(chance) for path, platter in self.files.items()}

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802
        """Open or make a file."""
        path = name if isinstance(name, str) else name.filename()
        flags[1] = flags[0]
        return _Open(self, self.files.setdefault(path, Platter(bytearray(), bytearray())))

    def xDelete(self, name: str, _sync_folder: bool) -> None:  # noqa: N802
        """Delete a file."""
        self.spend()
        self.files.pop(name, None)

    def xAccess(self, name: str, _flags: int) -> bool:  # noqa: N802
        """Say whether a file is there."""
        return name in self.files

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        """Return the name: there are no folders."""
        return name


class _Open:
    """An open file; SQLite's own names for what can be done with it."""

    def __init__(self, disk: Disk, platter: Platter) -> None:
        self._disk = disk
        self._platter = platter

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self._platter.seen[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.spend()
        self._platter.write(offset, data)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.spend()
        self._platter.truncate(size)

    def xSync(self, _flags: int) -> None:  # noqa: N802
        self._disk.spend()
        self._platter.sync()

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._platter.seen)

    def xLock(self, _level: int) -> None:  # noqa: N802
        """Nobody else is here."""

    def xUnlock(self, _level: int) -> None:  # noqa: N802
        """Nobody else is here."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, _op: int, _pointer: int) -> bool:  # noqa: N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return _SECTOR

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0

    def xClose(self) -> None:  # noqa: N802
        """Nothing to give back."""
