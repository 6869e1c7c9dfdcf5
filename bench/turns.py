"""Whole turns through HTTP with real questions, beside a bare echo and the bare database.

What is measured is `daoyi serve` itself: signature, JSON, stored durably, understood, answered,
stored, acknowledged. All three run on this machine one after another, so read the ratios.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

from bench.client import Connection
from bench.commits import commits_per_second
from bench.servers import BenchError, daoyi, server

__all__ = ["BenchError", "run"]

#: Few patients ask more than this in one sitting; after two misses a person would hold the talk.
_SESSION_MESSAGES = 2


def run(config: Path, folder: Path, *, messages: int, patients: int) -> dict[str, Any]:
    """Run all three and return the figures. Raises `BenchError`."""
    questions = _questions(folder)
    with tempfile.TemporaryDirectory(prefix="daoyi-bench-") as scratch:
        with server("-m", "bench.echo", "PORT") as port:
            asyncio.run(_echo(port, questions, messages // 5, patients))
            echo = asyncio.run(_echo(port, questions, messages, patients))
        commits = commits_per_second(Path(scratch) / "commits", patients, messages * 2)
        with server(*daoyi(config.resolve(), Path(scratch) / "serve")) as port:
            asyncio.run(_turns(port, questions, messages // 10, patients))
            full = asyncio.run(_turns(port, questions, messages, patients))
            half = asyncio.run(
                _turns(port, questions, messages // 2, patients, rate=full["per_s"] / 2)
            )
    return {
        "messages": messages,
        "patients": patients,
        "questions": len(questions),
        "turns_per_s": round(full["per_s"], 1),
        "p50_ms": full["p50_ms"],
        "p99_ms": full["p99_ms"],
        "half_load_p50_ms": half["p50_ms"],
        "half_load_p99_ms": half["p99_ms"],
        "not_ok": full["not_ok"] + half["not_ok"],
        "echo_per_s": round(echo["per_s"], 1),
        "echo_p99_ms": echo["p99_ms"],
        "commits_per_s": round(commits, 1),
        "turns_to_echo": round(full["per_s"] / echo["per_s"], 3),
        "turns_to_commits": round(full["per_s"] / commits, 3),
    }


def _questions(folder: Path) -> list[str]:
    found = []
    for file in sorted(folder.glob("*/questions.jsonl")):
        found += [
            str(json.loads(line)["text"]) for line in file.read_text("utf-8").splitlines() if line
        ]
    if not found:
        raise BenchError(f"{folder}: holds no */questions.jsonl")
    return [text for text in found if text.strip()]


async def _echo(port: int, questions: list[str], messages: int, patients: int) -> dict[str, Any]:
    async def patient(number: int) -> tuple[list[float], int]:
        times, bad = [], 0
        async with Connection("127.0.0.1", port) as connection:
            for n in range(messages // patients):
                text = questions[(n * patients + number) % len(questions)]
                status, _, seconds = await connection.post("/echo", {"id": f"{n}", "text": text})
                times.append(seconds)
                bad += status != 200
        return times, bad

    return await _all(patient, patients)


async def _turns(
    port: int, questions: list[str], messages: int, patients: int, rate: float | None = None
) -> dict[str, Any]:
    """Every patient asks one question after another, as fast as answers come, or at `rate` in all."""
    pause = patients / rate if rate else 0.0

    async def patient(number: int) -> tuple[list[float], int]:
        times, bad, token = [], 0, ""
        async with Connection("127.0.0.1", port) as connection:
            await asyncio.sleep(pause * number / patients)
            due = perf_counter()
            for n in range(messages // patients):
                if n % _SESSION_MESSAGES == 0:
                    token = json.loads((await connection.post("/webchat/sessions", {}))[1])["token"]
                text = questions[(n * patients + number) % len(questions)][:4000]
                body = {"id": f"{number}-{n}", "text": text}
                status, _, seconds = await connection.post("/webchat/messages", body, token)
                times.append(seconds)
                bad += status != 200
                due += pause
                await asyncio.sleep(max(0.0, due - perf_counter()))
        return times, bad

    return await _all(patient, patients)


async def _all(patient: Any, patients: int) -> dict[str, Any]:
    started = perf_counter()
    results = await asyncio.gather(*(patient(number) for number in range(patients)))
    seconds = perf_counter() - started
    times = sorted(one for times, _ in results for one in times)
    percentile = quantiles(times, n=100)
    return {
        "per_s": len(times) / seconds,
        "p50_ms": round(percentile[49] * 1000, 1),
        "p99_ms": round(percentile[98] * 1000, 1),
        "not_ok": sum(bad for _, bad in results),
    }
