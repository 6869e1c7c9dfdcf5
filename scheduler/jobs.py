"""Ticks: named jobs at an interval. The only place that imports APScheduler.

It holds no reminder and no message: with its default grace a late job is dropped for good, so every
tick may run late, two at once become one, and whatever is due stands in a table.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every `seconds`; `run` returns a value worth logging when it is truthy."""

    name: str
    seconds: float
    run: Callable[[], Awaitable[object]]


class Ticker:
    """Runs jobs on the current event loop until stopped."""

    def __init__(self, jobs: list[Job]) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        for job in jobs:
            self._scheduler.add_job(
                _logged,
                "interval",
                args=(job,),
                id=job.name,
                seconds=job.seconds,
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )

    def start(self) -> None:
        """Start ticking; call it on the event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop ticking; a job under way is left to finish."""
        self._scheduler.shutdown(wait=False)


async def _logged(job: Job) -> None:
    """Run one job; a failure is logged by its kind and tried again at the next tick."""
    try:
        did = await job.run()
    except Exception as exc:  # noqa: BLE001  (one bad tick must not end all others)
        log.error("job.failed", job=job.name, error=type(exc).__name__)
    else:
        if did:
            log.info("job.ran", job=job.name, did=did)
