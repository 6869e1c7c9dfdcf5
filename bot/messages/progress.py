"""How far a message came: only ever forward, in words and in SQL."""

from typing import Any

from sqlalchemy import ColumnElement, case

from bot.message import Progress

_STEPS = (Progress.QUEUED, Progress.ACCEPTED, Progress.SENT)
#: A terminal step stays; only `delivered` may still replace `undelivered`.
_LAST = len(_STEPS)
#: Steps after which the patient does not have the message.
LOST = frozenset({Progress.UNDELIVERED, Progress.FAILED})


def rank(progress: Progress | None) -> int:
    """Return how far `progress` is: 0 before anything is known."""
    if progress is None:
        return 0
    return _STEPS.index(progress) + 1 if progress in _STEPS else _LAST + 1


def forward(known: Progress | None, told: Progress) -> Progress | None:
    """Return the new step if `told` is one forward from `known`, else None."""
    if known is Progress.UNDELIVERED and told is Progress.DELIVERED:
        return told
    return told if rank(told) > rank(known) else None


def rank_of(column: Any) -> ColumnElement[int]:
    """Return `rank` of a column."""
    return case(*((column == step.value, rank(step)) for step in Progress), else_=0)
