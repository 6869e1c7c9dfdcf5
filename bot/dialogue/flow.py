"""The contract of a flow: takes a message at an entry, changes things, says what to say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.dialogue.sessions import Expect, Session
from bot.dialogue.understand import Understood
from bot.message import Say
from bot.store.db import Tx


@dataclass(slots=True)
class Scene:
    """Where a flow stands: one message of one conversation, inside the turn's transaction.

    Flows change `session` in place; everything they store goes through `tx` and is committed, or
    undone, with the rest of the turn. `asked` is the question of ours that this message closed.
    `private` is as the channel's `Limits.private`: False where others may read, and pretend to be her.
    """

    tx: Tx
    now: datetime
    conversation_id: int
    inbox_id: int
    holder: str
    session: Session
    understood: Understood
    values: Mapping[str, Any] = field(default_factory=dict)
    asked: Expect | None = None
    private: bool = True


@dataclass(frozen=True, slots=True)
class Goto:
    """Let another flow go on with the same message."""

    flow: str
    entry: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What a flow decided: what to say, in order, and who goes on.

    Attributes:
        back: who goes on when `goto`, and whoever that hands on to, has said all: a question in
            between is answered, then ours is asked again.
    """

    says: tuple[Say, ...] = ()
    goto: Goto | None = None
    back: Goto | None = None


class Flow(Protocol):
    """A conversation about one thing."""

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at `entry`; commit nothing, send nothing."""
        ...
