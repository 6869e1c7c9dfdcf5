"""The port to who may be booked for in a conversation; `bot/patients` implements it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from bot.store.db import Tx


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody a conversation may book for: herself, or one of her family (BK-01).

    Attributes:
        relation: "self", "spouse", "child", "parent", "other".
        verified: an account holder who proved her phone vouches for the document.
        born: by the document; None where it does not say.
        minor: needs a guardian (PR-11), by the hospital's age.
        frail: is called rather than written to when something goes wrong, by age or as staff noted.
        sex: "female" or "male", by the document; None where it does not say.
        guardian_id: the patient who accompanies her, where she is a minor.
    """

    member_id: int
    patient_id: int
    name: str = field(repr=False)
    relation: str = "self"
    verified: bool = False
    born: date | None = field(default=None, repr=False)
    minor: bool = False
    frail: bool = False
    sex: str | None = field(default=None, repr=False)
    guardian_id: int | None = None


class Family(Protocol):
    """Who a conversation may book for, and see the bookings of: the only way to either (I7)."""

    def members(self, tx: Tx, conversation_id: int, today: date) -> Sequence[Member]:
        """Return her family, herself first, then as they were added; at most five."""
        ...

    def frail(self, tx: Tx, patient_ids: Collection[int], today: date) -> Collection[int]:
        """Return who of these patients is called rather than written to; as `Member.frail`."""
        ...

    def named(self, text: str, members: Sequence[Member]) -> Sequence[Member]:
        """Return whom of them a text names, by name or by relation ("给我妈"); none where nobody."""
        ...
