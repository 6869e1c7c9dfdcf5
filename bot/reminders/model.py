"""What reminders are about, and the port by which a domain tells of it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.dialogue.flow import Scene, Step
from bot.store.db import Tx
from scheduler.reminders import Reason


@dataclass(frozen=True, slots=True)
class Thing:
    """What a reminder is about, as it is now: a visit, a plan.

    Attributes:
        about: "visit" or "plan"; with `about_id` it names the row.
        what: which kinds of reminders it has: `Kind.about` ("visit", "medication", "fee" …).
        version: of the thing; what was planned for an older one is stale.
        patient_id: whom it is about; None where somebody is reminded of something of her own in the
            conversation where she asked for it.
        conversation_id: where it was asked for; None where the hospital's own system brought it.
        payer_id: the one patient who is told instead of her: money is told to nobody else.
        moments: when what happens, by the names that `Kind.of` uses, in UTC.
        zone: whose clocks count (IANA).
        over: why it is not to be told of any more; None: it is.
        tags: what more is true of it; `Kind.only` asks for one.
        values: what a text may say of it, in a language.
    """

    about: str
    about_id: int
    what: str
    version: int
    patient_id: int | None
    conversation_id: int | None
    moments: Mapping[str, datetime]
    zone: str
    over: Reason | None = None
    payer_id: int | None = None
    tags: frozenset[str] = frozenset()
    values: Callable[[str], Mapping[str, Any]] = field(default=lambda _: {}, repr=False)


@dataclass(frozen=True, slots=True)
class Due:
    """One row of `reminder`, as far as deciding needs it."""

    id: int
    about: str
    about_id: int
    about_version: int
    kind: str
    occurs_at: datetime
    patient_id: int | None
    conversation_id: int | None
    due_at: datetime
    send_until: datetime | None
    attempts: int = 0


class Subject(Protocol):
    """The domain that owns one `about`; `wiring` hands it to the engine."""

    def look(self, tx: Tx, about_id: int, now: datetime) -> Thing | None:
        """Return the thing as it is at this instant; None where it is not there any more."""
        ...

    def look_all(self, tx: Tx, about_ids: Collection[int], now: datetime) -> Mapping[int, Thing]:
        """Return those of these things that are there, as `look` would."""
        ...

    def state_of(self, tx: Tx, due: Due, thing: Thing, now: datetime) -> Reason | None:
        """Return why this one reminder is not to be told of any more, beyond `thing.over`.

        A dose that was answered, a window in which she came, a time that is another now.
        """
        ...

    def next_moment(self, tx: Tx, thing: Thing, moment: str, after: datetime) -> datetime | None:
        """Return when a moment comes again after an instant; None where it does not recur."""
        ...

    def told(self, tx: Tx, due: Due, thing: Thing, outbox_id: int, now: datetime) -> None:
        """Take note that a reminder was said; in the same transaction."""
        ...

    def answer(self, scene: Scene, dues: Sequence[Due], word: str) -> Step:
        """Take the answer to what one message reminded of: `word` is one of `kinds.ANSWERS`."""
        ...
