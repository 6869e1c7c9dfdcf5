"""How a message leaves where there is a choice: in words, as a template, as a notice; and why so. Pure.

What a platform counts (five messages after each that she wrote) is there for the conversation first: an
answer, a nurse. So a reminder goes in words, which say more and can be answered by a tap, only while
enough is left for that; then as a template, which costs nothing; then as a notice, of which she allowed
each one by itself. Where there is none of these it may use what is left but for the last.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.channels.base import Limits
from bot.message import Kind, Worded

#: What a reminder leaves of a window where a template or a notice carries it as well, and where not.
SPARED, LAST = 2, 1


class By(StrEnum):
    """What carries a message."""

    WORDS = "service message"
    TEMPLATE = "template"
    NOTICE = "notice"
    #: Nothing, before she writes.
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Way:
    """What carries a message, and why that."""

    by: By
    why: str

    def __str__(self) -> str:
        """Return it as it is stored with the message (`outbox.way`)."""
        return f"{self.by}: {self.why}"


def choose(worded: Worded, limits: Limits, left: int, allowed: Callable[[], bool]) -> Way | None:
    """Return how a message goes; None where there is nothing to choose: as its channel does it.

    Args:
        left: messages left in her window; 0 where none is open.
        allowed: whether she allowed one more notice of this kind; asked only where it matters.
    """
    name = worded.template.name if worded.template else ""
    insists = limits.passive is not None and limits.passive.insists
    if insists:
        return _otherwise(name, limits, allowed, "account only answers")
    if not limits.counted:
        known = name in limits.templates and limits.free_text
        return _otherwise(name, limits, allowed, "its own text") if known else None
    spoken = limits.measure(worded.text) <= limits.text
    if worded.kind is Kind.EMERGENCY:
        return Way(By.WORDS, "emergency")
    why = "window spared" if spoken and left else "no window"
    other = _otherwise(name, limits, allowed, why)
    least = 0 if worded.kind is not Kind.REMINDER else LAST if other.by is By.NOTHING else SPARED
    return Way(By.WORDS, "window open") if spoken and left > least else other


def _otherwise(name: str, limits: Limits, allowed: Callable[[], bool], why: str) -> Way:
    if name in limits.permitted:
        return Way(By.NOTICE, f"allowed once, {why}") if allowed() else Way(By.NOTHING, why)
    return Way(By.TEMPLATE if name in limits.templates else By.NOTHING, why)


def as_carried(worded: Worded, way: str | None) -> Worded:
    """Return what the channel is handed: its words alone, where they were chosen."""
    return replace(worded, template=None) if (way or "").startswith(By.WORDS) else worded
