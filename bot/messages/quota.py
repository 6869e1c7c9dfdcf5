"""What a message uses up as it leaves: one of a window, one permission, or nothing of either."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update

from bot.channels.base import Limits
from bot.message import Kind, Worded
from bot.messages import permissions, windows
from bot.messages.carrying import By, Way, choose
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Outbox

_outbox = Outbox.__table__  # type: ignore[attr-defined]

#: Kept before it goes: should its answer be lost, that is how it is asked about.
_KEEP = Hot(
    update(_outbox).where(_outbox.c.id == bindparam("outbox_id")).values(way=bindparam("way_"))
)
#: Her window, then her permission, then neither.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Used:
    """How a message goes, and what that used up.

    Attributes:
        way: None where there was no choice.
        window: the end of the window it was counted in.
        permission: the kind of notice it used a permission of.
        lacks_permission: only a notice would carry it, and she allowed none.
    """

    way: Way | None = None
    window: datetime | None = None
    permission: str | None = None
    lacks_permission: bool = False

    @property
    def must_wait(self) -> bool:
        """Say whether nothing carries it before she writes."""
        return self.way is not None and self.way.by is By.NOTHING


def take(tx: Tx, outbox_id: int, to: Any, worded: Worded, limits: Limits, now: datetime) -> Used:
    """Decide how a message goes and use up what that needs.

    Args:
        to: its conversation: `id`, `window_until`, `window_left`.
    """
    used = _used(tx, to, worded, limits, now)
    if used.must_wait:
        name = worded.template.name if worded.template else ""
        return replace(used, lacks_permission=name in limits.permitted)
    if used.way is not None and worded.template is not None:
        tx.run(_KEEP, outbox_id=outbox_id, way_=str(used.way))
    return used


def _used(tx: Tx, to: Any, worded: Worded, limits: Limits, now: datetime) -> Used:
    template = worded.template.name if worded.template else ""
    is_open = to.window_until is not None and to.window_until > now
    left = to.window_left if is_open else 0
    may = True

    def allowed() -> bool:
        return may and permissions.remaining(tx, to.id, template) > 0

    way = None
    for _ in range(_TRIES):
        way = choose(worded, limits, left, allowed)
        if way is not None and way.by is By.NOTICE:
            if permissions.take(tx, to.id, template):
                return Used(way, permission=template)
            may = False  # another sender used the last one up
            continue
        if not limits.counted or way is None or way.by is By.TEMPLATE:
            return Used(way)
        if way.by is By.NOTHING and left:
            return Used(way)
        # Also where none seemed open: what she writes in this moment opens it, or finds what waits.
        window = windows.take(tx, to.id, now)
        if window is not None:
            return Used(Way(By.WORDS, "window open"), window)
        if way.by is By.NOTHING or worded.kind is Kind.EMERGENCY:
            return Used(way)
        left = 0  # another sender used the last one up
    return Used(way)
