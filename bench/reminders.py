"""Reminders that are due at one instant, from due to handed over, beside APScheduler and bare SQL.

Each run is a process of its own, so that its memory is its own: few reminders pending, many pending.
What is due is planned as booking plans it, and that is timed; what only waits is written straight into
the table (`seeded`), for it would take longer than all that is measured.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

from bench.reminder_ward import DUE, NOW, Ward, open_ward
from bench.reminder_yardsticks import apscheduler, bare_sql
from bench.servers import ROOT, BenchError
from bot.store.db import Tx

__all__ = ["BenchError", "run"]

_SMALL = 10_000
#: APScheduler's own store is filled with so many jobs, gets so many more, and dispatches so many.
_JOBS, _ADDED, _FIRED = 100_000, 500, 1_000
_CHUNK = 50
_PATIENCE = 1_200.0


def run(
    config: Path,
    *,
    pending: int,
    due: int,
    versus: str,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure both sizes and the yardsticks, one after another.

    Args:
        versus: "apscheduler", or "" for none.
        told: hears what is being done.

    Raises:
        BenchError: a run did not end, or did not hand every reminder over once.
    """
    with tempfile.TemporaryDirectory(prefix="daoyi-bench-") as learnt:
        told(f"{due} reminders due, {_SMALL} pending")
        small = _apart(config, _SMALL, due, learnt)
        told(f"{due} reminders due, {pending} pending")
        large = _apart(config, pending, due, learnt)
    told("bare SQL")
    with tempfile.TemporaryDirectory(prefix="daoyi-bench-") as scratch:
        bare = bare_sql(Path(scratch), pending, due)
    figures = {
        "pending": pending,
        "due": due,
        "seeded": pending,
        "seeding_s": round(large["seeding_s"], 1),
        "added": round(large["added"]),
        **{name: round(large[name], 1) for name in ("add_per_s", "dispatch_per_s", "lag_p99_ms")},
        "decide_per_s": round(large["decide_per_s"], 1),
        "rss_growth_mb": round(large["rss_growth_mb"], 1),
        "bare_sql_ratio": round(large["dispatch_per_s"] / bare, 4),
        "cost_ratio_small_to_large": round(small["dispatch_per_s"] / large["dispatch_per_s"], 2),
    }
    if versus:
        told(f"APScheduler, {_JOBS} jobs")
        with tempfile.TemporaryDirectory(prefix="daoyi-bench-") as scratch:
            theirs = apscheduler(Path(scratch), _JOBS, _ADDED, _FIRED)
        figures |= {
            "apscheduler_pending": _JOBS,
            "apscheduler_add_per_s": round(theirs["add_per_s"], 1),
            "apscheduler_dispatch_per_s": round(theirs["dispatch_per_s"], 1),
            "add_ratio": round(large["add_per_s"] / theirs["add_per_s"], 1),
            "dispatch_ratio": round(large["dispatch_per_s"] / theirs["dispatch_per_s"], 1),
        }
    return figures


def _apart(config: Path, pending: int, due: int, learnt: str) -> dict[str, float]:
    """Run one size in a process of its own.

    Args:
        learnt: a folder in which the first leaves what it learnt of the questions.
    """
    spec = json.dumps(
        {"config": str(config.resolve()), "pending": pending, "due": due, "learnt": learnt}
    )
    done = subprocess.run(
        [sys.executable, "-m", "bench.reminders", spec],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BenchError(f"a run with {pending} pending failed: {done.stderr.strip()[-300:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


async def _measure(config: Path, pending: int, due: int, learnt: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="daoyi-bench-") as scratch:
        here = Path(scratch) / "learnt"
        shutil.copytree(learnt, here, dirs_exist_ok=True)
        started = perf_counter()
        ward = await open_ward(config, Path(scratch), due=due, pending=pending)
        seeding = perf_counter() - started
        if here.exists():
            shutil.copytree(here, learnt, dirs_exist_ok=True)
        before = _resident()
        added, adding = await _add(ward)
        told = await _dispatch(ward, due)
        growth = _resident() - before
        await ward.app.engine.close()
    return {
        **told,
        "added": added,
        "add_per_s": added / adding,
        "rss_growth_mb": growth,
        "seeding_s": seeding,
    }


async def _add(ward: Ward) -> tuple[int, float]:
    """Plan the reminders of every visit, as booking does; return how many, and the seconds."""
    planner, subject = ward.app.reminding.planner, ward.app.reminding.subjects["visit"]

    def plan(tx: Tx, visits: list[int]) -> int:
        things = subject.look_all(tx, visits, NOW)
        return sum(planner.plan(tx, thing, NOW) for thing in things.values())

    started, added = perf_counter(), 0
    for first in range(0, len(ward.visits), _CHUNK):
        added += await ward.app.engine.write(
            partial(plan, visits=ward.visits[first : first + _CHUNK])
        )
    return added, perf_counter() - started


async def _dispatch(ward: Ward, due: int) -> dict[str, float]:
    """Let the reminders of the day before be due, all at once; return how fast they were handed over."""
    ward.clock.now, ward.channel.wanted = DUE, due
    started = perf_counter()
    sender = asyncio.create_task(ward.app.delivery.run())
    await ward.app.reminding.sweep.run()
    decided = perf_counter() - started
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await ward.channel.done.wait()
    sender.cancel()
    with suppress(asyncio.CancelledError):
        await sender
    handed = ward.channel.handed
    if len(handed) != due:
        raise BenchError(f"{len(handed)} of {due} reminders were handed over")
    lags = [(at - started) * 1_000 for at in handed]
    return {
        "dispatch_per_s": due / (max(handed) - started),
        "decide_per_s": due / decided,
        "lag_p99_ms": quantiles(lags, n=100)[98],
    }


def _resident() -> float:
    """Return the resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4_096 / 1e6


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    config, learnt = Path(given["config"]), Path(given["learnt"])
    print(json.dumps(asyncio.run(_measure(config, given["pending"], given["due"], learnt))))
