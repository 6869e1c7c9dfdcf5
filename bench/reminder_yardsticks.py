"""What reminders are measured beside: APScheduler with a job a reminder, and bare SQL on the same rows.

APScheduler gets every advantage: its store is filled in one transaction where only its size matters,
its grace is without end, so that it drops nothing, and its jobs only count.
"""

import pickle
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import insert

from bot.store.sqlite import prepare, sqlite_module

_fired: list[int] = []
_all_fired = threading.Event()
_wanted = 0
#: So long a yardstick may take over its due jobs, in seconds.
_PATIENCE = 600.0


def fire(number: int) -> None:
    """Be a reminder that was dispatched."""
    _fired.append(number)
    if len(_fired) >= _wanted:
        _all_fired.set()


def apscheduler(folder: Path, pending: int, add: int, due: int) -> dict[str, float]:
    """Let APScheduler hold `pending` jobs; add `add` one by one, then dispatch `due` of its own.

    Returns:
        jobs added a second, and dispatched a second, counted from the first tick to the last job.
    """
    global _wanted  # noqa: PLW0603  (its jobs are module functions by name)
    _fired.clear()
    _all_fired.clear()
    _wanted = due
    store = SQLAlchemyJobStore(url=f"sqlite:///{folder / 'jobs.db'}")
    scheduler = BackgroundScheduler(
        jobstores={"default": store}, timezone="UTC", job_defaults={"misfire_grace_time": None}
    )
    scheduler.start(paused=True)
    try:
        later = datetime.now(UTC) + timedelta(days=30)  # noqa: TID251  (its own clock is the system's)
        _fill(scheduler, store, pending, later)
        started = perf_counter()
        for number in range(add):
            scheduler.add_job(fire, "date", run_date=later, args=[number])
        adding = perf_counter() - started
        _fill(scheduler, store, due, later - timedelta(days=31))
        started = perf_counter()
        scheduler.resume()
        while not _all_fired.wait(0.02) and perf_counter() - started < _PATIENCE:
            sleep(0)
        seconds = perf_counter() - started
        done = len(_fired)
    finally:
        scheduler.shutdown(wait=False)
    return {"add_per_s": add / adding, "dispatch_per_s": done / seconds, "dispatched": done}


def _fill(
    scheduler: BackgroundScheduler, store: SQLAlchemyJobStore, count: int, at: datetime
) -> None:
    """Put jobs into its table as it would, many to a transaction."""
    with store.engine.begin() as connection:
        for chunk in _chunks(count, 5_000):
            rows = []
            for number in chunk:
                job: Any = Job(
                    scheduler, id=f"{at:%Y%m%d}-{number}", func=fire, args=[number], kwargs={},
                    trigger=scheduler._create_trigger("date", {"run_date": at}),  # noqa: SLF001
                    executor="default", name="fire", misfire_grace_time=None, coalesce=True,
                    max_instances=1_000_000, next_run_time=at,
                )  # fmt: skip
                state = pickle.dumps(job.__getstate__(), pickle.HIGHEST_PROTOCOL)
                rows.append({"id": job.id, "next_run_time": at.timestamp(), "job_state": state})
            connection.execute(insert(store.jobs_t), rows)


def _chunks(count: int, size: int) -> Iterator[range]:
    for start in range(0, count, size):
        yield range(start, min(start + size, count))


def bare_sql(folder: Path, pending: int, due: int, batch: int = 500) -> float:
    """Update the rows of as many reminders that are due, and nothing else; return reminders a second.

    The same columns and the index that matters, on the same database, each batch durable.
    """
    module = sqlite_module()
    raw: sqlite3.Connection = module.connect(str(folder / "bare.db"), isolation_level=None)
    prepare(raw)
    raw.execute("CREATE TABLE r (id INTEGER PRIMARY KEY, due_at TEXT, state TEXT, outbox_id INT)")
    raw.execute("CREATE INDEX d ON r (due_at, id) WHERE state = 'pending'")
    raw.execute("BEGIN")
    for chunk in _chunks(pending + due, 50_000):
        raw.executemany(
            "INSERT INTO r (due_at, state) VALUES (?, 'pending')",
            [("2026-01-01" if n < due else "2027-01-01",) for n in chunk],
        )
    raw.execute("COMMIT")
    started, done = perf_counter(), 0
    while done < due:
        raw.execute("BEGIN IMMEDIATE")
        changed = raw.execute(
            "UPDATE r SET state = 'sent', outbox_id = id WHERE id IN (SELECT id FROM r WHERE "
            "state = 'pending' AND due_at <= '2026-06-01' ORDER BY due_at, id LIMIT ?)",
            (batch,),
        ).rowcount
        raw.execute("COMMIT")
        done += changed
    seconds = perf_counter() - started
    raw.close()
    return done / seconds
