"""Rows of the tables: a recorded payload, a fault and what must come of it."""

from dataclasses import dataclass
from pathlib import Path

from bot.errors import SendError, TryLater
from bot.message import Sent
from tests.channels.sms.scripted import Says

_PAYLOADS = Path(__file__).parents[1] / "payloads" / "sms"


def payload(provider: str, name: str) -> str:
    """Return a recorded payload: written by us after the platform's format, of nobody."""
    (path,) = (_PAYLOADS / provider).glob(f"{name}.*")
    return path.read_text("utf-8").strip()


@dataclass(frozen=True, slots=True)
class Fault:
    """What the platform says, and what the core must be told.

    Attributes:
        after: seconds to wait, where the platform said so.
        whole: the wait is for the whole account; None where that is not asked.
    """

    kind: str
    code: str
    says: Says = Says()  # noqa: RUF009  (frozen)
    after: float | None = None
    whole: bool | None = None
    why: str = ""

    def __str__(self) -> str:
        return f"{self.why}: {self.kind}"

    def check(self, came: Sent | SendError | None) -> None:
        """Compare with what came of it."""
        assert isinstance(came, SendError), came
        assert (type(came).__name__, came.code) == (self.kind, self.code)
        if isinstance(came, TryLater):
            assert came.after == self.after
            assert self.whole in (None, came.whole_account)
