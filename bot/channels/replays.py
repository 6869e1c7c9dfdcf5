"""Signatures that do not cover what they came with: each is good for one body only.

Whoever saw one signed URL could otherwise post any words with it while it is fresh. The same body may
come again: a platform's repetitions do. Kept in memory, so each process knows what it saw itself.
"""

from hashlib import sha256

#: So many are remembered; a busy account has some thousands in five minutes.
MOST = 20_000


class Signatures:
    """What came with which signature, the last of them."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def covers(self, signature: str, body: bytes) -> bool:
        """Say whether a genuine signature came with this body before, or with none yet."""
        digest = sha256(body).digest()
        if len(self._bodies) >= MOST and signature not in self._bodies:
            del self._bodies[next(iter(self._bodies))]
        return self._bodies.setdefault(signature, digest) == digest
