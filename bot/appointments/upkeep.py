"""What booking does by itself, every second or so: each job is safe to repeat, and on several processes.

A job looks without a lock, then does one thing a transaction, which looks again. So whoever dies in
the middle leaves nothing half done, and one row that fails stops no other: it is tried again a minute
later, and in the meantime staff get what only they can do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.appointments.ends import Ends
from bot.appointments.offer_labels import label
from bot.appointments.service import Bookings
from bot.appointments.stopped.silence import Silence
from bot.appointments.stopped.stopping import Stopping
from bot.appointments.telling import visit_values
from bot.appointments.waitlist.refill import Refill
from bot.dialogue.notices import Hearer, Notices
from bot.errors import StoreError
from bot.message import Button, Kind, Say
from bot.store.db import Engine, Tx
from scheduler.jobs import Job

log = structlog.get_logger()

#: One thing to do about a row, in a transaction of its own; False where nothing was to be done.
Act = Callable[[Tx, int, datetime], bool]

#: What failed is left alone for so long.
_LATER = timedelta(minutes=1)
#: A clinic has so many places to offer at one tick at most.
_MOST_OFFERS = 100
#: A booking whose hold ended can be gone on with from the notice for so long.
_GO_ON = timedelta(minutes=30)


@dataclass(slots=True)
class Upkeep:
    """The jobs of booking.

    Attributes:
        clock: the application's.
    """

    engine: Engine
    bookings: Bookings
    notices: Notices
    refill: Refill
    stopping: Stopping
    ends: Ends
    silence: Silence
    clock: Callable[[], datetime]
    _failed: dict[tuple[str, int], datetime] = field(default_factory=dict)

    def jobs(self) -> list[Job]:
        """Return them for the ticker."""
        return [
            Job("holds that ended", 1.0, self.holds),
            Job("clinics that are off", 1.0, self.settle),
            Job("waitlists", 2.0, self.waits),
            Job("patients to ring", 30.0, self.silent),
            Job("visits that are over", 60.0, self.over),
            Job("missed visits", 60.0, self.warn),
        ]

    async def holds(self) -> int:
        """Give back the places whose hold ended; tell whoever is still about to confirm, once."""
        now = self.clock()
        over = await self.engine.write(lambda tx: self.bookings.expire(tx, now))
        for visit in over:
            if not visit.offered:
                await self._do("hold", visit.appointment_id, self._ended)
        return len(over)

    async def settle(self) -> int:
        """Tell everybody who is booked at a clinic that is off."""
        now, stopping, told = self.clock(), self.stopping, 0
        for clinic_id in await self.engine.read(lambda tx: stopping.to_settle(tx, now)):
            while found := await self.engine.read(partial(stopping.visits, clinic_id=clinic_id)):
                done = [await self._settle(one) for one in found]
                told += sum(done)
                if not any(done):
                    break
            await self._do("clinic", clinic_id, stopping.finish)
        return told

    async def _settle(self, appointment_id: int) -> bool:
        """Cancel one visit and tell her; where that fails, cancel it and let staff ring."""
        if await self._do("visit", appointment_id, self.stopping.settle):
            return True
        if ("visit", appointment_id) not in self._failed:
            return False
        return await self._do("visit untold", appointment_id, self.stopping.give_up)

    async def waits(self) -> int:
        """End what came to its end, then offer what is free to whoever is first."""
        now, refill, done = self.clock(), self.refill, 0
        for entry_id in await self.engine.read(lambda tx: refill.to_end(tx, now)):
            done += await self._do("wait", entry_id, refill.end)
        for clinic_id in await self.engine.read(lambda tx: refill.to_fill(tx, now)):
            for _ in range(_MOST_OFFERS):
                if not await self._do("refill", clinic_id, refill.fill):
                    break
                done += 1
        return done

    async def silent(self) -> int:
        """List for a call who did not answer, or was not reached."""
        now, done = self.clock(), 0
        for one, why in await self.engine.read(lambda tx: self.silence.find(tx, now)):
            done += await self._do("call", one, partial(self.silence.list, why=why))
        return done

    async def over(self) -> int:
        """Close the visits of clinics that are over."""
        now, done = self.clock(), 0
        for one, missed in await self.engine.read(lambda tx: self.ends.over(tx, now)):
            done += await self._do("end", one, partial(self.ends.end, missed=missed))
        return done

    async def warn(self) -> int:
        """Tell whoever missed a visit what follows."""
        now, done = self.clock(), 0
        for one in await self.engine.read(lambda tx: self.ends.to_warn(tx, now)):
            done += await self._do("warning", one, self.ends.warn)
        return done

    async def _do(self, what: str, key: int, act: Act) -> bool:
        """Do one thing in a transaction; what fails is left alone for a minute, and stops nothing else.

        Raises:
            StoreError: the database is gone; the next tick tries again.
        """
        now = self.clock()
        if self._failed.get((what, key), now) > now:
            return False
        try:
            done = await self.engine.write(lambda tx: act(tx, key, now))
        except StoreError:
            raise
        except Exception as exc:  # noqa: BLE001  (whatever one row holds, the others go on)
            log.error("booking.job_failed", what=what, id=key, error=type(exc).__name__)
            self._failed[what, key] = now + _LATER
            return False
        self._failed.pop((what, key), None)
        return done

    def _ended(self, tx: Tx, appointment_id: int, now: datetime) -> bool:
        """Say that a place is no longer kept, where she was about to confirm it."""
        visit = self.bookings.visit(tx, appointment_id)
        if visit is None:
            return False
        session = self.notices.session(tx, visit.conversation_id, now)
        if (session.draft or {}).get("held") != appointment_id:
            return False
        dedupe_key = f"hold-ended:{appointment_id}"
        if self.notices.told(tx, dedupe_key):
            return False

        def say(hearer: Hearer) -> Say:
            values = visit_values(visit, hearer.lang, self.bookings.zone)
            go_on = Button(label("look", hearer.lang), "flow:booking.resume")
            values["answers"] = hearer.answers
            return Say("waitlist/hold_ended", Kind.NOTICE, values, (go_on,))

        told = self.notices.tell(
            tx,
            visit.conversation_id,
            say,
            now,
            until=now + _GO_ON,
            dedupe_key=dedupe_key,
            wanted=True,
        )
        return told is not None
