"""One process of the rush: `python -m bench.booking_node chat|bare SPEC`.

It says "ready", waits for a line, runs its share of the patients, and prints what became of them.
"""

import asyncio
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.booking_ward import ACCOUNT, CHANNEL, NOW, place, settings_at, user
from bot.app import App, build
from bot.errors import StoreBusy
from bot.hospital.files import DEMO, read_folder
from bot.message import Address, Inbound, Worded
from bot.store.sqlite import prepare

_YES, _NUMBER = "确认预约", "预约号"
_AGAIN = 0.05
#: A place on bare SQL: one row that nobody can add twice.
_TABLE = (
    "CREATE TABLE IF NOT EXISTS bare_seat (slot int NOT NULL, patient int NOT NULL, UNIQUE (slot))"
)
_TAKE = "INSERT INTO bare_seat (slot, patient) VALUES ({0}, {0}) ON CONFLICT DO NOTHING"


def main() -> None:
    """Run one share of one race."""
    kind, spec = sys.argv[1], json.loads(sys.argv[2])
    told = asyncio.run(_chat(spec)) if kind == "chat" else _bare(spec)
    print(json.dumps(told), flush=True)


def _numbers(spec: Mapping[str, Any]) -> range:
    return range(spec["first"], spec["patients"], spec["step"])


def _wait_for_start() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


async def _chat(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Let patients write to a whole application; nothing of it ticks."""
    settings = settings_at(Path(spec["config"]), Path(spec["data"]), spec["store"])
    app = await build(settings, clock=lambda: NOW)
    hospital = read_folder(DEMO)
    free = asyncio.Semaphore(spec["at_once"])
    times: list[float] = []

    async def patient(number: int) -> str:
        async with free:
            sentence = place(hospital, number, spec["slots"]).sentence()
            replies = await _say(app, number, 1, sentence, times)
            if sure := _option(replies, _YES):
                replies = await _say(app, number, 2, sure, times)
        return _became(replies)

    _wait_for_start()
    became = Counter(await asyncio.gather(*(patient(number) for number in _numbers(spec))))
    await app.engine.close()
    return {"counts": became, "ms": [round(one * 1000, 1) for one in times]}


async def _say(app: App, number: int, nth: int, text: str, times: list[float]) -> list[Worded]:
    """Send one message as the chat page does, again where the server is too busy; return the replies."""
    inbound = Inbound(Address(CHANNEL, ACCOUNT, user(number)), f"{user(number)}:{nth}", text)
    started = perf_counter()
    while True:
        try:
            replies = await app.turns.answer(await app.turns.accept(inbound), text)
        except StoreBusy:
            await asyncio.sleep(_AGAIN)
        else:
            times.append(perf_counter() - started)
            return [worded for _, worded in replies]


def _option(replies: list[Worded], label: str) -> str | None:
    taps = (button for worded in replies for button in worded.buttons)
    return next((button.value for button in taps if label in button.label), None)


def _became(replies: list[Worded]) -> str:
    """Say what a patient was told in the end: a number is a booking, a priced choice an alternative."""
    if not replies:
        return "unanswered"
    if any(_NUMBER in worded.text for worded in replies):
        return "booked"
    return "alternative" if _option(replies, "¥") else "refused"


def _bare(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Take the same places with one statement a patient, each durable before the next."""
    take = _sqlite(spec) if spec["store"] == "sqlite" else _postgres(spec)
    _wait_for_start()
    won = sum(take(number % spec["slots"], number) for number in _numbers(spec))
    return {"counts": {"booked": won}, "ms": []}


def _sqlite(spec: Mapping[str, Any]) -> Any:
    raw = sqlite3.connect(Path(spec["data"]) / "bare.sqlite3", isolation_level=None)
    prepare(raw)
    raw.execute(_TABLE)
    sql = _TAKE.format("?")

    def take(slot: int, number: int) -> int:
        raw.execute("BEGIN IMMEDIATE")
        won = raw.execute(sql, (slot, number)).rowcount
        raw.execute("COMMIT")
        return won

    return take


def _postgres(spec: Mapping[str, Any]) -> Any:
    import psycopg  # noqa: PLC0415  (only where PostgreSQL is asked for)

    raw = psycopg.connect(spec["store"], autocommit=True)
    raw.execute("SELECT pg_advisory_lock(1)")  # two that make one table at once disturb each other
    raw.execute(_TABLE)
    raw.execute("SELECT pg_advisory_unlock(1)")
    sql = _TAKE.format("%s").encode()
    return lambda slot, number: raw.execute(sql, (slot, number)).rowcount


if __name__ == "__main__":
    main()
