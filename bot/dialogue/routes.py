"""What routing looks at, and what it answers: who takes a message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.dialogue.sessions import Session
from bot.dialogue.understand import Understood

#: The option that stands for "none of these".
NONE_OF_THESE = "none"
#: Typed, these are always a person and the last thing said again, unless they are offered as options.
PERSON, REPEAT = 0, 9


@dataclass(frozen=True, slots=True)
class Seen:
    """All that routing may look at.

    Attributes:
        private: as the channel's `Limits.private`; in a text message carriers' words for stopping count.
    """

    understood: Understood
    session: Session
    holder: str
    now: datetime
    private: bool = True


@dataclass(frozen=True, slots=True)
class Enter:
    """A flow takes this message, at `entry`.

    Attributes:
        offer: it answers the offer, not the open question.
        reminder: it answers the reminder of this name, and neither; 0: it answers none.
    """

    flow: str
    entry: str
    values: Mapping[str, object] = field(default_factory=dict)
    offer: bool = False
    reminder: int = 0


@dataclass(frozen=True, slots=True)
class Silent:
    """A person holds this conversation: say nothing (I4)."""


Route = Enter | Silent


def option(value: str) -> Enter:
    """Return what an option stands for: `flow:<flow>.<entry>[:<choice>]`, `intent:<name>`, or none."""
    kind, _, rest = value.partition(":")
    if kind == "flow":
        where, _, chosen = rest.partition(":")
        flow, _, entry = where.partition(".")
        return Enter(flow, entry, {"choice": chosen} if chosen else {})
    if kind == "intent":
        return Enter("faq", "answer", {"intent": rest})
    return Enter("handoff", "open", {"reason": "none of these"})
