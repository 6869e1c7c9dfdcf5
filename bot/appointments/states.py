"""What an appointment can be, and what can become of it (BK-16); pure.

    held ──► booked ──► checked_in ──► done
     │ │       │ │ │        │ │
     │ │       │ │ └────────│─┴──► hospital_cancelled
     │ │       │ └──► no_show
     │ └───────┴───────────┴─────► cancelled
     └► expired

Whatever counts has a seat; the database holds both together.
"""

from collections.abc import Mapping
from enum import StrEnum

from bot.errors import BadInput


class State(StrEnum):
    """Where an appointment stands."""

    HELD = "held"
    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    DONE = "done"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    HOSPITAL_CANCELLED = "hospital_cancelled"
    EXPIRED = "expired"


#: What may become of each; nothing else may.
NEXT: Mapping[State, frozenset[State]] = {
    State.HELD: frozenset({State.BOOKED, State.CANCELLED, State.EXPIRED, State.HOSPITAL_CANCELLED}),
    State.BOOKED: frozenset(
        {State.CHECKED_IN, State.CANCELLED, State.NO_SHOW, State.HOSPITAL_CANCELLED, State.DONE}
    ),
    State.CHECKED_IN: frozenset({State.DONE, State.CANCELLED, State.HOSPITAL_CANCELLED}),
    State.DONE: frozenset(),
    State.NO_SHOW: frozenset({State.DONE}),  # she had come after all, says the desk
    State.CANCELLED: frozenset(),
    State.HOSPITAL_CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}
#: Still to come, or under way.
LIVE = frozenset({State.BOOKED, State.CHECKED_IN})
#: Has a seat that nobody else gets.
SEATED = frozenset({State.HELD, State.BOOKED, State.CHECKED_IN, State.DONE, State.NO_SHOW})


class IllegalStep(BadInput):
    """An appointment was asked to become what it cannot (BK-16)."""


def check_step(old: State, new: State) -> None:
    """Refuse a step that is not in the table.

    Raises:
        IllegalStep: says from what to what.
    """
    if new not in NEXT[old]:
        raise IllegalStep(f"an appointment that is {old} cannot become {new}")
