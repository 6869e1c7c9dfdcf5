"""How the engine of reminders is put together: what it reads, who sweeps, what departs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge, Histogram

from bot.care.parts import Care
from bot.dialogue.flow import Flow
from bot.dialogue.listeners import Listeners
from bot.errors import StoreError
from bot.message import Worded
from bot.reminders import claims, sending
from bot.reminders.claims import Claimed
from bot.reminders.departing import Rechecks
from bot.reminders.flow import RemindersFlow
from bot.reminders.kinds import Kinds
from bot.reminders.live import Lives
from bot.reminders.looked import Counts
from bot.reminders.model import Subject
from bot.reminders.planning import Planner
from bot.reminders.recipients import Recipients
from bot.reminders.repeating import Repeating
from bot.reminders.sending import Sending
from bot.store.db import Engine, Tx
from bot.wiring.booking import Booking, visit_subject
from bot.wiring.care import care_jobs, greeter, put_care_together
from intents.reminding import Reminding as Words
from scheduler.backoff import retry_at
from scheduler.jobs import Job
from scheduler.sweep import Sweep

_DECIDED = Counter(
    "daoyi_reminders_total", "Reminders by what was decided", ["kind", "decision", "reason"]
)
_LAG = Histogram(
    "daoyi_reminder_lag_seconds",
    "How long after its time a reminder was stored to be sent",
    buckets=(0.1, 0.5, 1, 2, 5, 15, 60, 300, 1800, 7200, 86400),
)
_BACKLOG = Gauge("daoyi_reminders_due", "Reminders that are due and not decided about yet")
_FAILED = Counter("daoyi_reminders_failed_total", "Decisions about reminders that raised")

#: How long a sweeper may take over what it leased; then another decides.
LEASE = timedelta(minutes=5)
#: Waits after deciding failed, in seconds; after the last it is given up.
RETRY_STEPS = (60.0, 300.0, 1800.0)


#: Lets messages leave that were stored in this transaction: (what they say, by their ids; now).
Leave = Callable[[Tx, Mapping[int, Worded], datetime], None]


class ReminderPort:
    """What the sweep sweeps: reminders that are due."""

    def __init__(
        self, engine: Engine, parts: Sending, clock: Callable[[], datetime], owner: str
    ) -> None:
        self._engine = engine
        self._sending = parts
        self._rechecks = Rechecks(parts)
        self._clock = clock
        self._owner = owner
        self._leave: Leave | None = None

    def hand_to(self, leave: Leave) -> None:
        """Let what is decided leave at that very second, rather than wait in the outbox."""
        self._leave = leave

    async def recover(self, *, alone: bool = False) -> int:
        """Free what dead sweepers held.

        Args:
            alone: no other sweeper lives, so that no lease needs to run out first.
        """
        ended = self._clock() + (LEASE if alone else timedelta())
        return await self._engine.write(lambda tx: claims.recover(tx, ended))

    async def claim(self, limit: int) -> Sequence[Claimed]:
        """Lease what is due."""
        now = self._clock()
        return await self._engine.write(
            lambda tx: claims.claim(tx, self._owner, now, now + LEASE, limit)
        )

    async def release(self, items: Sequence[Claimed]) -> None:  # noqa: ARG002
        """Let others have what is leased here."""
        await self._engine.write(lambda tx: claims.release(tx, self._owner))

    async def dispatch(self, items: Sequence[Claimed], *, alone: bool) -> int:
        """Decide about a chunk, and store what is said."""
        now = self._clock()

        def decide(tx: Tx) -> Counts:
            counts = self._sending.dispatch(tx, self._owner, items, now, alone=alone)
            if self._leave is not None:
                self._leave(tx, counts.stored, now)
            return counts

        counts = await self._engine.write(decide)
        count(counts)
        return sum(counts.decided.values())

    async def failed(self, item: Claimed, error: Exception) -> None:  # noqa: ARG002
        """Let one that raised wait, or give it up."""
        now = self._clock()
        _FAILED.inc()
        await self._engine.write(
            lambda tx: sending.failed(
                tx, item, self._owner, lambda times: retry_at(now, times, RETRY_STEPS), now
            )
        )

    async def never_fetched(self) -> int:
        """End what waited in vain for its patient to write."""
        now = self._clock()
        return await self._engine.write(lambda tx: self._rechecks.never_fetched(tx, now))

    async def measure(self) -> None:
        """Show operators how many are due and were not decided about yet."""
        now = self._clock()
        _BACKLOG.set(await self._engine.read(lambda tx: claims.backlog(tx, now)))


def count(counts: Counts) -> None:
    """Add what a transaction came to to the figures operators see."""
    for (kind, decision, reason), many in counts.decided.items():
        _DECIDED.labels(kind=kind, decision=decision, reason=reason).inc(many)
    for lag in counts.lags:
        _LAG.observe(lag)


@dataclass(frozen=True, slots=True)
class Reminding:
    """What everything about reminders shares."""

    kinds: Kinds
    planner: Planner
    subjects: Mapping[str, Subject]
    sending: Sending
    rechecks: Rechecks
    port: ReminderPort
    sweep: Sweep[Claimed]
    care: Care


def subjects_of(parts: Booking) -> Mapping[str, Subject]:
    """Return who owns what reminders are about."""
    return {"visit": visit_subject(parts)}


def remind(
    parts: Booking,
    kinds: Kinds,
    subjects: Mapping[str, Subject],
    owner: str,
    busy: Callable[[], bool],
    answering: Callable[[], bool],
) -> Reminding:
    """Return the engine.

    Args:
        subjects: who owns what reminders are about.
        owner: names this process in its leases.
        busy: says whether patients are being answered these moments; `answering`: at this very one.
    """
    planner, care = parts.planner, put_care_together(parts)
    subjects = {**subjects, "plan": care.subject}
    made = Sending(
        kinds=kinds,
        subjects=subjects,
        recipients=Recipients(Listeners(parts.family, parts.today)),
        lives=Lives(kinds, parts.settings.zone),
        repeating=Repeating(kinds, planner),
        notices=parts.notices,
    )
    port = ReminderPort(parts.engine, made, parts.clock, owner)
    return Reminding(
        kinds, planner, subjects, made, Rechecks(made), port,
        Sweep(port, gone=(StoreError,), busy=busy, answering=answering), care,
    )  # fmt: skip


def reminder_flows(booking: Booking, parts: Reminding, words: Words) -> dict[str, Flow]:
    """Return the conversation about reminders.

    Args:
        words: reads the places that patients name.
    """
    listeners = Listeners(booking.family, booking.today)
    greets = greeter(booking, parts.care)
    flow = RemindersFlow(
        parts.kinds, parts.subjects, listeners, booking.settings.zone, words, greets
    )
    return {"reminders": flow}


def reminder_jobs(parts: Reminding) -> list[Job]:
    """Return what sends reminders as time goes by."""
    return [
        Job("reminders that are due", 1.0, parts.sweep.run),
        Job("reminders nobody fetched", 60.0, parts.port.never_fetched),
        Job("reminders that wait", 15.0, parts.port.measure),
        *care_jobs(parts.care),
    ]
