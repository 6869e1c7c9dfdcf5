"""What booking does and says without being asked, put together: waitlists, cancelled clinics, upkeep."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from bot.appointments.ends import Ends
from bot.appointments.service import Bookings
from bot.appointments.stopped.flow import StoppedFlow
from bot.appointments.stopped.instead import Instead
from bot.appointments.stopped.silence import Silence
from bot.appointments.stopped.stopping import Stopping
from bot.appointments.upkeep import Upkeep
from bot.appointments.waitlist.flow import WaitlistFlow
from bot.appointments.waitlist.notices import WaitlistNotices
from bot.appointments.waitlist.refill import Refill
from bot.dialogue.flow import Flow
from bot.dialogue.listeners import Listeners
from bot.dialogue.notices import Notices
from bot.dialogue.people import Family
from bot.store.db import Engine


@dataclass(frozen=True, slots=True)
class Unasked:
    """The parts, made of what all of booking shares.

    Attributes:
        today: the hospital's date at an instant.
        opens: when staff work next, from an instant on; None when they never do.
    """

    bookings: Bookings
    family: Family
    notices: Notices
    today: Callable[[datetime], date]
    opens: Callable[[datetime], datetime | None]

    @property
    def listeners(self) -> Listeners:
        """Return who is told of a patient's visit."""
        return Listeners(self.family, self.today)

    @property
    def says(self) -> WaitlistNotices:
        """Return what is said to those who wait."""
        return WaitlistNotices(self.bookings, self.listeners, self.notices)

    @property
    def refill(self) -> Refill:
        """Return what offers free places to those who wait."""
        return Refill(self.bookings, self.listeners, self.notices, self.says)

    @property
    def instead(self) -> Instead:
        """Return what is offered in place of a cancelled visit."""
        return Instead(self.bookings, self.listeners)

    @property
    def stopping(self) -> Stopping:
        """Return what settles clinics that are off."""
        return Stopping(self.bookings, self.listeners, self.notices, self.instead, self.opens)

    def flows(self) -> dict[str, Flow]:
        """Return the conversations, by name."""
        return {
            "waitlist": WaitlistFlow(self.bookings, self.listeners, self.says),
            "stopped": StoppedFlow(self.instead),
        }

    def upkeep(self, engine: Engine, clock: Callable[[], datetime]) -> Upkeep:
        """Return the jobs."""
        stopping = self.stopping
        return Upkeep(
            engine, self.bookings, self.notices, self.refill, stopping,
            Ends(self.bookings, self.listeners, self.notices), Silence(stopping), clock,
        )  # fmt: skip
