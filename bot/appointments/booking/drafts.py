"""A booking that is not finished: what is known of it so far, as the conversation's session keeps it."""

from dataclasses import dataclass, field, fields
from datetime import date, time
from decimal import Decimal
from typing import Any

from bot.appointments.finding import Wanted
from bot.dialogue.sessions import Session

FLOW = "booking"
#: Questions of a booking, in their order.
WHERE, WHICH, WHEN, WHO, CONFIRM = "where", "which", "when", "who", "confirm"


@dataclass(slots=True)
class Draft:
    """What is known of a booking; JSON values, so that a session can keep it.

    Attributes:
        stage: what was asked last.
        without: doctors she does not want.
        below: a fee that is too much for her; `fee`: the highest that was shown.
        pick: she wants to choose the time from what is there, whatever she named before;
            `pick_person`: she wants to choose whose visit it is.
        symptoms: what she named instead of a department: it is said again as a suggestion.
        patient_id: who it is for, once that is sure.
        somebody: the words that named a person who is not known here yet; hers are the next answer.
        held: the appointment that keeps a place for her.
        slot: the place that it keeps, to be kept again where the hold ran out.
        shown: places that were offered already.
        several: names that more than one answers to, to choose from: "doctor:<code>" …
    """

    stage: str = WHERE
    departments: list[str] = field(default_factory=list)
    doctors: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    symptoms: list[str] = field(default_factory=list)
    first: str | None = None
    last: str | None = None
    part: str | None = None
    from_time: str | None = None
    to_time: str | None = None
    soonest: bool = False
    tier: str | None = None
    campus: str | None = None
    below: str | None = None
    fee: str | None = None
    pick: bool = False
    pick_person: bool = False
    patient_id: int | None = None
    somebody: str = ""
    held: int | None = None
    slot: int | None = None
    shown: list[int] = field(default_factory=list)
    several: list[str] = field(default_factory=list)

    @property
    def placed(self) -> bool:
        """Say whether it is known where she wants to be seen."""
        return bool(self.departments or self.doctors)

    @property
    def timed(self) -> bool:
        """Say whether she named a day, a part of it or a time."""
        return bool(self.first or self.last or self.part or self.from_time or self.to_time)

    def wanted(self) -> Wanted:
        """Return what to look for."""
        return Wanted(
            departments=() if self.doctors else tuple(self.departments),
            doctors=tuple(self.doctors),
            first=date.fromisoformat(self.first) if self.first else None,
            last=date.fromisoformat(self.last) if self.last else None,
            part=self.part,
            tier=self.tier,
            from_time=time.fromisoformat(self.from_time) if self.from_time else None,
            to_time=time.fromisoformat(self.to_time) if self.to_time else None,
            campus=self.campus,
        )

    def suits(self, doctor: str, fee: Decimal) -> bool:
        """Say whether a place with this doctor, at this fee, is none she turned down."""
        return doctor not in self.without and (self.below is None or fee < Decimal(self.below))

    def forget_time(self) -> None:
        """Any time will do."""
        self.first = self.last = self.part = self.from_time = self.to_time = None
        self.soonest, self.shown = False, []

    def forget_place(self) -> None:
        """Any department and doctor will do."""
        self.departments, self.doctors, self.without, self.symptoms = [], [], [], []
        self.several, self.below, self.tier, self.shown = [], None, None, []

    def keep(self, session: Session) -> None:
        """Let the conversation remember it."""
        session.draft = {"flow": FLOW} | {
            name: value for name in _NAMES if (value := getattr(self, name))
        }


_NAMES = tuple(one.name for one in fields(Draft))


def draft_of(session: Session) -> Draft | None:
    """Return the booking that a conversation is in the middle of, if it is."""
    kept: dict[str, Any] = session.draft or {}
    if kept.get("flow") != FLOW:
        return None
    return Draft(**{name: kept[name] for name in _NAMES if name in kept})
