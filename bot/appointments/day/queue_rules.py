"""The day of a visit: when one can check in, and who is told what while she waits; pure.

She hears how many are before her at a few counts, each at most once and only downwards; that she is
called; that she was passed. Whoever is inside already hears nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.appointments.options import BookingOptions


class Arrival(StrEnum):
    """Whether one can check in now."""

    EARLY = "early"
    READY = "ready"
    LATE = "late"  # at the desk, to the end of the session's line (BK-13)


class QueueState(StrEnum):
    """Where somebody stands in today's line."""

    WAITING = "waiting"
    CALLED = "called"
    PASSED = "passed"  # 过号: was called and did not come
    SEEN = "seen"


class Told(StrEnum):
    """What is worth a message to somebody who waits."""

    AHEAD = "ahead"
    CALLED = "called"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's place in the line of a clinic.

    Attributes:
        number: her number in the line; None before she has one.
        told: the last number of people before her that she was told.
    """

    appointment_id: int
    number: int | None = None
    state: QueueState | None = None
    told: int | None = None


def opens_at(starts_at: datetime, options: BookingOptions) -> datetime:
    """Return from when one can check in for a visit that starts then."""
    return starts_at - timedelta(minutes=options.check_in_minutes)


def arrival(
    starts_at: datetime, ends_at: datetime, now: datetime, options: BookingOptions
) -> Arrival:
    """Say whether one can check in at `now` for a window."""
    if now < opens_at(starts_at, options):
        return Arrival.EARLY
    is_late = now > ends_at + timedelta(minutes=options.late_minutes)
    return Arrival.LATE if is_late else Arrival.READY


def ahead(mine: Place, line: Iterable[Place], serving: int) -> int | None:
    """Return how many are seen before her; None where nobody can say.

    A number between the one that was called last and hers counts, unless it is known that whoever has
    it does not wait: it may be somebody from the window. Who waits with a smaller number than the last
    called counts too. Where she is not behind the number called last, all numbers before hers must be
    known, or nothing can be said: they may begin anywhere, and she may have been passed before.

    Args:
        serving: the number called last, 0 before the first.
    """
    if mine.number is None or mine.state is not QueueState.WAITING:
        return None
    before = {
        place.number: place
        for place in line
        if place.number is not None and place.number < mine.number
    }
    if not 0 < serving < mine.number and len(before) != mine.number - 1:
        return None
    between = max(mine.number - serving - 1, 0)
    gone = sum(
        place.state is not QueueState.WAITING
        for number, place in before.items()
        if number > serving
    )
    behind = sum(
        place.state is QueueState.WAITING for number, place in before.items() if number <= serving
    )
    return between - gone + behind


def news_for(before: Place, after: Place, count: int | None, counts: Sequence[int]) -> Told | None:
    """Return what she is told of a change; None where it does not matter to her.

    Args:
        count: how many are before her after the change.
        counts: at which counts she wants to hear (`queue_ahead`).
    """
    if after.state is not before.state and after.state in (QueueState.CALLED, QueueState.PASSED):
        return Told(after.state.value)
    if after.state is not QueueState.WAITING or count is None:
        return None
    return Told.AHEAD if is_due(count, before.told, counts) else None


def is_due(count: int, told: int | None, counts: Sequence[int]) -> bool:
    """Say whether `count` reached one of `counts` that is below what she was told last."""
    return any(count <= at and (told is None or at < told) for at in counts)
