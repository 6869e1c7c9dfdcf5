"""Very many reminders due at one instant, while patients go on asking.

A real server process is asked real questions over web chat: in peace, from the instant at which all is
due, and in peace again. Conversations must hardly notice; nothing may be lost or told twice.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

from bench.client import Connection
from bench.reminder_ward import add_reminders, database_of, open_ward
from bench.servers import BenchError, server
from bot.settings import load_settings
from bot.store.sqlite import sqlite_module
from intents.catalog import load_catalog

__all__ = ["BenchError", "run"]

#: Questions a second, by so many patients; in peace for so long before the burst, and after it.
_RATE, _PATIENTS, _QUIET = 20.0, 20, 30.0
_WARM, _SETTLES = 200, 3.0
#: So often it is looked how far it is, in seconds: seldom enough to cost nothing.
_LOOK = 0.25
#: So long may it take until the last is handed over, and for every thousand more.
_PATIENCE, _MORE = 60.0, 15.0
_SESSION_MESSAGES = 2


def run(config: Path, *, due: int, told: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Fill a database, serve it, ask, let all be due, ask on; return the figures.

    Raises:
        BenchError: something was lost or doubled, or did not end.
    """
    questions = _questions(config)
    patience = _PATIENCE + _MORE * due / 1_000
    with tempfile.TemporaryDirectory(prefix="daoyi-bench-") as scratch:
        data, go, left = (Path(scratch) / name for name in ("data", "go", "told.json"))
        told(f"{due} visits are written")
        database = asyncio.run(_fill(config, data, due))
        asked = {
            "config": str(config.resolve()), "data": str(data), "go": str(go), "told": str(left),
        }  # fmt: skip
        told("the server starts")
        with server("-m", "bench.burst_server", json.dumps(asked), "PORT") as port:
            seen = asyncio.run(_drive(port, questions, database, go, due, told, patience))
        handed = json.loads(left.read_text("ascii"))
    if handed["handed"] != due or handed["twice"]:
        raise BenchError(f"of {due} {handed['handed']} were handed over, {handed['twice']} twice")
    quiet, during = _percentiles(seen.quiet), _percentiles(seen.during)
    return {
        "due": due,
        "leased_s": round(seen.leased, 2),
        "all_sent_s": round(seen.sent, 1),
        "dispatched_per_s": round(due / seen.sent, 1),
        "lag_p99_s": round(quantiles(handed["lags"], n=100)[98], 1),
        "asked_quiet": len(seen.quiet),
        "asked_burst": len(seen.during),
        **{f"quiet_{name}": value for name, value in quiet.items()},
        **{f"burst_{name}": value for name, value in during.items()},
        **{f"{name[:3]}_ratio": round(during[name] / quiet[name], 2) for name in quiet},
        "not_ok": seen.not_ok,
        "lost": due - handed["handed"],
        "doubled": handed["twice"],
    }


@dataclass(slots=True)
class _Seen:
    """What was measured, in seconds."""

    quiet: list[float] = field(default_factory=list)
    during: list[float] = field(default_factory=list)
    leased: float = 0.0
    sent: float = 0.0
    not_ok: int = 0


def _questions(config: Path) -> list[str]:
    rows = load_catalog(load_settings(config).content_folder).examples()
    return [text for _, text in rows if text][::7] or ["几点上班"]


async def _fill(config: Path, data: Path, due: int) -> Path:
    ward = await open_ward(config, data, due=due, pending=0)
    database = database_of(ward.app)
    await ward.app.engine.close()
    await asyncio.to_thread(add_reminders, database, due, due=True, talks=due)
    return database


async def _drive(
    port: int, questions: list[str], database: Path, go: Path, due: int,
    told: Callable[[str], None], patience: float,
) -> _Seen:  # fmt: skip
    seen = _Seen()
    ends = asyncio.Event()
    await _ask(port, questions, [], seen, for_s=_WARM / _RATE, ends=ends)
    told("patients ask, and nothing is due")
    await _ask(port, questions, seen.quiet, seen, for_s=_QUIET, ends=ends)
    await asyncio.to_thread(go.touch)
    told("all is due, and patients ask on")
    watch = asyncio.create_task(_watch(database, due, seen, ends, patience))
    await _ask(port, questions, seen.during, seen, for_s=patience, ends=ends)
    await watch
    told("all is sent, and patients ask on")
    await asyncio.sleep(_SETTLES)
    await _ask(port, questions, seen.quiet, seen, for_s=_QUIET, ends=asyncio.Event())
    return seen


async def _ask(
    port: int, questions: list[str], times: list[float], seen: _Seen, *, for_s: float,
    ends: asyncio.Event,
) -> None:  # fmt: skip
    """Let patients ask at the rate, each on a connection of its own, for so long or until all ends."""
    until = perf_counter() + for_s
    pause = _PATIENTS / _RATE

    async def patient(number: int) -> None:
        n, token = 0, ""
        async with Connection("127.0.0.1", port) as connection:
            await asyncio.sleep(pause * number / _PATIENTS)
            at = perf_counter()
            while perf_counter() < until and not ends.is_set():
                if n % _SESSION_MESSAGES == 0:
                    token = json.loads((await connection.post("/webchat/sessions", {}))[1])["token"]
                text = questions[(n * _PATIENTS + number) % len(questions)]
                status, _, seconds = await connection.post(
                    "/webchat/messages", {"id": f"{number}-{n}", "text": text}, token
                )
                times.append(seconds)
                seen.not_ok += status != 200
                n, at = n + 1, at + pause
                await asyncio.sleep(max(0.0, at - perf_counter()))

    await asyncio.gather(*(patient(number) for number in range(_PATIENTS)))


async def _watch(
    database: Path, due: int, seen: _Seen, ends: asyncio.Event, patience: float
) -> None:
    """Note when the last was leased and when the last was sent.

    Raises:
        BenchError: it took too long, or there is nothing left to wait for.
    """
    started = perf_counter()
    raw = sqlite_module().connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)
    try:
        while not seen.sent:
            await asyncio.sleep(_LOOK)
            now = perf_counter() - started
            if not seen.leased and not _exists(raw, "reminder", "state = 'pending'"):
                seen.leased = now
            if seen.leased and not _exists(raw, "reminder", "state IN ('pending', 'leased')"):
                sent, of = _outcome(raw)
                seen.sent = now if sent >= due else 0.0
                if of < due:
                    raise BenchError(f"of {due} reminders {of} were told of: {_reasons(raw)}")
            if now > patience:
                raise BenchError(f"after {now:.0f} s not all was sent: {_outcome(raw)[0]} of {due}")
    finally:
        raw.close()
        ends.set()


def _outcome(raw: Any) -> tuple[int, int]:
    """Return how many messages of reminders were sent, and how many there are."""
    sql = "SELECT sum(state = 'sent'), count(*) FROM outbox WHERE kind = 'reminder'"
    sent, of = raw.execute(sql).fetchone()
    return sent or 0, of


def _reasons(raw: Any) -> dict[str, int]:
    sql = "SELECT reason, count(*) FROM reminder WHERE state = 'skipped' GROUP BY reason"
    return dict(raw.execute(sql).fetchall())


def _exists(raw: Any, table: str, where: str) -> bool:
    return raw.execute(f"SELECT 1 FROM {table} WHERE {where} LIMIT 1").fetchone() is not None  # noqa: S608


def _percentiles(times: list[float]) -> dict[str, float]:
    cut = quantiles(times, n=100)
    return {"p50_ms": round(cut[49] * 1_000, 1), "p99_ms": round(cut[98] * 1_000, 1)}
