"""An alarm where the calling system falls silent while people wait; it ends by itself."""

from collections.abc import Callable
from datetime import datetime

import structlog
from prometheus_client import Gauge

from bot.appointments.day.queue import Queue
from bot.store.db import Engine

log = structlog.get_logger()

_SILENT = Gauge(
    "daoyi_queue_silent_clinics",
    "Clinics under way with people in line of which the calling system says nothing",
)


class QueueWatch:
    """Looks at every clinic under way; a job calls `look`."""

    def __init__(self, engine: Engine, queue: Queue, clock: Callable[[], datetime]) -> None:
        self._engine, self._queue, self._clock = engine, queue, clock
        self._known: frozenset[int] = frozenset()

    async def look(self) -> int:
        """Raise alarms and end them; return of how many clinics nothing is heard."""
        now = self._clock()
        silent = await self._engine.read(lambda tx: self._queue.silent(tx, now))
        clinics = frozenset(one.clinic_id for one in silent)
        for one in silent:
            if one.clinic_id not in self._known:
                log.warning("queue.silent", clinic=one.clinic_id, waiting=one.waiting)
        for clinic_id in sorted(self._known - clinics):
            log.info("queue.speaks_again", clinic=clinic_id)
        self._known = clinics
        _SILENT.set(len(clinics))
        return len(clinics)
