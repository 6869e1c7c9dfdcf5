"""What a stand-in offers: an API for our channel to call, a phone to write on, faults to switch on."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.types import ASGIApp


@dataclass(slots=True)
class Faults:
    """What goes wrong, while it is switched on.

    Attributes:
        retry_storm: every message of a patient is posted again and again, as an impatient platform does.
        slow_answer: the platform's API takes its time: it did what was asked, and answers too late.
        blocked: the patient blocked the account, or unfollowed it.
        gateway_dead: the platform's API answers nothing but errors.
        token_expired: the platform takes no credentials of ours that it gave out before.
        duplicate: every message of a patient is posted twice.
        out_of_order: the next two messages of a patient are posted in the other order.
    """

    retry_storm: bool = False
    slow_answer: bool = False
    blocked: bool = False
    gateway_dead: bool = False
    token_expired: bool = False
    duplicate: bool = False
    out_of_order: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on a simulated phone's screen.

    Attributes:
        who: "patient", "hospital", or "platform" for what the platform itself shows.
        buttons: (label, value); a tap on one sends its value.
        note: how it came: "passive reply", "customer-service message", "2 parts" …
        at: when, in seconds since 1970 by the platform's clock.
    """

    id: int
    who: str
    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    note: str = ""
    at: float = 0.0


@dataclass(slots=True)
class Screen:
    """What one phone shows, oldest first.

    Attributes:
        clock: seconds since 1970.
    """

    clock: Callable[[], float] = time.time
    shown: list[Shown] = field(default_factory=list)

    def add(
        self,
        who: str,
        text: str,
        buttons: Sequence[tuple[str, str]] = (),
        note: str = "",
    ) -> Shown:
        """Show one more message; return it."""
        message = Shown(len(self.shown) + 1, who, text, tuple(buttons), note, self.clock())
        self.shown.append(message)
        return message


class StandIn(Protocol):
    """A platform, as far as one account of ours can tell."""

    name: str
    faults: Faults

    @property
    def api(self) -> ASGIApp:
        """The platform's API, to be mounted where the account's `api_base_url` points."""
        ...

    @property
    def account(self) -> tuple[Mapping[str, object], Mapping[str, str]]:
        """The options and secrets with which our channel is opened on this stand-in."""
        ...

    async def say(self, user: str, text: str) -> None:
        """Let a patient write, or tap a button (`text` is its value).

        Returns when the platform has delivered it, or given up.
        """
        ...

    def screen(self, user: str) -> Sequence[Shown]:
        """Return what this patient's phone shows."""
        ...

    async def run(self) -> None:
        """Do what the platform does on its own (deliver, repeat, report), until cancelled."""
        ...
