"""The hospital's keys: seal, open, look up without revealing, rotate.

Keys live in a file outside the database (`[store] key_file`, or `DAOYI_KEY_FILE`). The first key
seals; every key opens, so a rotation needs no downtime.
"""

import hmac
import json
import os
import secrets
import tempfile
import threading
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import SealedError, StartError

_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
_NONCES_A_DRAW = 64


class Keyring:
    """Named 256-bit keys, newest first, and one key for blind indexes that never rotates."""

    def __init__(self, keys: list[bytes], index_key: bytes) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in [*keys, index_key]):
            raise StartError(f"every key must have {_KEY_BYTES} bytes")
        self._index_key = index_key
        self._keys = keys
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._newest = _key_id(keys[0])
        self._pool = b""
        self._drawn_by = 0
        self._lock = threading.Lock()

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt `plain` for one column: key id, nonce, ciphertext."""
        nonce = self._nonce()
        cipher = self._ciphers[self._newest]
        return self._newest + nonce + cipher.encrypt(nonce, plain, purpose.encode())

    def _nonce(self) -> bytes:
        """Return twelve fresh random bytes; drawn in bulk, since each draw gives up the interpreter."""
        with self._lock:
            if len(self._pool) < _NONCE_BYTES or self._drawn_by != os.getpid():
                self._drawn_by = os.getpid()  # a forked child must not use its parent's again
                self._pool = os.urandom(_NONCE_BYTES * _NONCES_A_DRAW)
            nonce, self._pool = self._pool[:_NONCE_BYTES], self._pool[_NONCE_BYTES:]
        return nonce

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what `seal` made for the same column.

        Raises:
            SealedError: the key is not in the ring, or the value was changed.
        """
        head, nonce = sealed[:_ID_BYTES], sealed[_ID_BYTES : _ID_BYTES + _NONCE_BYTES]
        cipher = self._ciphers.get(head)
        if cipher is None:
            raise SealedError(
                f"a value in {purpose} was sealed with a key that is not in the key file"
            )
        try:
            return cipher.decrypt(nonce, sealed[_ID_BYTES + _NONCE_BYTES :], purpose.encode())
        except (InvalidTag, ValueError) as exc:  # changed, or cut short
            raise SealedError(f"a value in {purpose} was changed or belongs elsewhere") from exc

    def is_current(self, sealed: bytes) -> bool:
        """Say whether `sealed` was made with the newest key."""
        return sealed[:_ID_BYTES] == self._newest

    def index(self, value: str, purpose: str) -> str:
        """Return a keyed digest of `value`: equal values look up, nothing can be read back."""
        message = f"{purpose}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._index_key, message, sha256).hexdigest()[:40]

    def sign(self, value: str, purpose: str) -> str:
        """Return a keyed signature of `value` for tokens that need no row."""
        return hmac.new(self._index_key, f"sign\0{purpose}\0{value}".encode(), sha256).hexdigest()


def load_keyring(path: Path) -> Keyring:
    """Read the key file, making a new one (mode 0600) where there is none.

    Of processes that start at once one makes it, and all read the same.

    Raises:
        StartError: the file is not a key file; it is never overwritten.
    """
    if not path.exists():
        try:
            keys = [secrets.token_bytes(_KEY_BYTES)]
            _write(path, keys, secrets.token_bytes(_KEY_BYTES), is_new=True)
        except OSError as exc:
            raise StartError(f"{path}: the key file cannot be made ({exc.strerror})") from exc
    return Keyring(*_read(path))


def add_key(path: Path) -> None:
    """Put a new key in front: it seals from now on; the old ones still open."""
    keys, index_key = _read(path)
    _write(path, [secrets.token_bytes(_KEY_BYTES), *keys], index_key)


def drop_old_keys(path: Path) -> int:
    """Keep only the newest key; return how many were dropped. Only after everything was resealed."""
    keys, index_key = _read(path)
    _write(path, keys[:1], index_key)
    return len(keys) - 1


def _read(path: Path) -> tuple[list[bytes], bytes]:
    try:
        data = json.loads(path.read_text())
        keys, index_key = (
            [bytes.fromhex(key) for key in data["keys"]],
            bytes.fromhex(data["index_key"]),
        )
        Keyring(keys, index_key)
    except (OSError, ValueError, KeyError, TypeError, StartError) as exc:
        raise StartError(
            f"{path}: not a key file; expected JSON with 'keys' (a list) and 'index_key', "
            f"each of {_KEY_BYTES} bytes in hexadecimal"
        ) from exc
    return keys, index_key


def _write(path: Path, keys: list[bytes], index_key: bytes, *, is_new: bool = False) -> None:
    """Put a whole file in place, durably: what is sealed next must never outlive its key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"keys": [key.hex() for key in keys], "index_key": index_key.hex()}
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # mode 0600
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(data, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            with suppress(FileExistsError):  # somebody else was first: theirs counts
                path.hardlink_to(draft)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _key_id(key: bytes) -> bytes:
    return sha256(b"daoyi key id\0" + key).digest()[:_ID_BYTES]
