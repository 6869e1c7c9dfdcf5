"""What somebody chose about reminders in a conversation: her hours, her zone, what she wants none of."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, TypedDict, Unpack

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO UPDATE

from bot.store import many
from bot.store.db import Tx
from bot.store.reminder_tables import ReminderChoice
from bot.store.statements import Hot

_choice = ReminderChoice.__table__  # type: ignore[attr-defined]
_CHOSEN = (
    "zone",
    "best_from",
    "best_until",
    "paused_from",
    "paused_until",
    "pause_keeps",
    "muted_on",
    "greetings_at",
    "off",
    "updated_at",
)

_OF = Hot(select(_choice).where(_choice.c.conversation_id == bindparam("conversation_id")))
_OF_MANY = Hot(select(_choice).where(many.among(_choice.c.conversation_id)))
_new = insert(_choice).values(
    conversation_id=bindparam("conversation_id"), **{name: bindparam(name) for name in _CHOSEN}
)
_KEEP = Hot(
    _new.on_conflict_do_update(
        index_elements=[_choice.c.conversation_id],
        set_={name: _new.excluded[name] for name in _CHOSEN},
    )
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What holds for a conversation; the hospital's defaults where she chose nothing.

    Attributes:
        zone: where she lives (IANA); None: where the hospital is.
        best: from when to when, on her clocks, she likes to be told of what can wait.
        paused_from, paused_until: nothing but what cannot wait in between; look at `pause`.
        pause_keeps: what has a time of its own comes even so: visits, medicine.
        muted_on: nothing more on that day of hers.
        greetings_at: when she asked for greetings; None: she did not.
        off: the kinds of reminders she wants no more, by what they are about (`kinds.ABOUT`) or by key.
    """

    zone: str | None = None
    best: tuple[time, time] | None = None
    paused_until: datetime | None = None
    muted_on: date | None = None
    greetings_at: datetime | None = None
    off: frozenset[str] = frozenset()
    paused_from: datetime | None = None
    pause_keeps: bool = False

    def pause(self, now: datetime) -> datetime | None:
        """Return until when she is left alone at `now`; None where no pause is on."""
        if self.paused_until is None or self.paused_until <= now:
            return None
        begun = self.paused_from is None or self.paused_from <= now
        return self.paused_until if begun else None

    def wants(self, about: str, kind: str) -> bool:
        """Say whether she did not turn off what a kind is about, nor the kind itself."""
        return about not in self.off and kind not in self.off


class Changed(TypedDict, total=False):
    """The fields of a `Choice` that change; what is not named stays."""

    zone: str | None
    best: tuple[time, time] | None
    paused_from: datetime | None
    paused_until: datetime | None
    pause_keeps: bool
    muted_on: date | None
    greetings_at: datetime | None
    off: frozenset[str]


def choice_of(tx: Tx, conversation_id: int) -> Choice:
    """Return what holds for a conversation."""
    row = tx.one(_OF, conversation_id=conversation_id)
    return _choice_in(row) if row is not None else Choice()


def choices_of(tx: Tx, conversation_ids: Collection[int]) -> dict[int, Choice]:
    """Return what holds for many conversations."""
    found = dict.fromkeys(conversation_ids, Choice())
    for row in many.rows(tx, _OF_MANY, conversation_ids):
        found[row.conversation_id] = _choice_in(row)
    return found


def _choice_in(row: Any) -> Choice:
    best = None
    if row.best_from is not None and row.best_until is not None:
        best = time.fromisoformat(row.best_from), time.fromisoformat(row.best_until)
    return Choice(
        row.zone, best, row.paused_until, row.muted_on, row.greetings_at,
        frozenset((row.off or "").split()), row.paused_from, bool(row.pause_keeps),
    )  # fmt: skip


def choose(tx: Tx, conversation_id: int, now: datetime, **changed: Unpack[Changed]) -> Choice:
    """Change what holds for a conversation; return it."""
    after = replace(choice_of(tx, conversation_id), **changed)
    first, last = after.best or (None, None)
    tx.run(
        _KEEP,
        conversation_id=conversation_id,
        zone=after.zone,
        best_from=f"{first:%H:%M}" if first else None,
        best_until=f"{last:%H:%M}" if last else None,
        paused_from=after.paused_from,
        paused_until=after.paused_until,
        pause_keeps=after.pause_keeps or None,
        muted_on=after.muted_on,
        greetings_at=after.greetings_at,
        off=" ".join(sorted(after.off)) or None,
        updated_at=now,
    )
    return after
