"""The same date phrases read with jionlp and dateparser, where they are installed.

They are asked as kindly as can be: only days count, a whole phrase is handed over, and what neither
reads counts as asked. Parts of the day, times and "the sooner the better" are not held against them.
"""

import contextlib
import io
import os
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from importlib import import_module
from time import perf_counter
from typing import Any

from bench.dates import ASKED, RIGHT, WRONG, Phrase, ours, phrases

Days = tuple[date, date] | None
_OPEN = date(9999, 1, 1)


def others() -> dict[str, Any]:
    """Return each reader's outcomes by language, with what it costs to load; ours beside them."""
    found: dict[str, Any] = {}
    for name, lang, load in (("jionlp", "zh-CN", _jionlp), ("dateparser", "en", _dateparser)):
        memory, started = _memory_mb(), perf_counter()
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                read = load()
        except ImportError:
            found[name] = "not installed"
            continue
        with contextlib.redirect_stdout(io.StringIO()):
            read("x", datetime(2026, 11, 18, 10))  # noqa: DTZ001  (local by nature)
        load_s, load_mb = round(perf_counter() - started, 2), round(_memory_mb() - memory, 1)
        mine = [phrase for phrase in phrases() if phrase.lang == lang]
        found[name] = _outcomes(mine, read) | {"load_s": load_s, "load_mb": load_mb}
        found[f"ours, {lang}"] = _outcomes(mine, _ours)
    return found


def _outcomes(mine: list[Phrase], read: Callable[[str, datetime], Days]) -> dict[str, Any]:
    started = perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        outcomes = Counter(_outcome(phrase, read(phrase.text, phrase.now)) for phrase in mine)
    mean = 1000 * (perf_counter() - started) / len(mine)
    return {
        "phrases": len(mine),
        **{name: outcomes[name] for name in (RIGHT, ASKED, WRONG)},
        "mean_ms": round(mean, 2),
    }


def _outcome(phrase: Phrase, days: Days) -> str:
    wanted = phrase.wanted
    if days is None:
        return RIGHT if wanted.ask or wanted.first is None else ASKED
    expected = (wanted.first, wanted.last or _OPEN)
    return RIGHT if wanted.first is not None and days == expected else WRONG


def _ours(text: str, now: datetime) -> Days:
    when = ours(text, now)
    return (when.first, when.last or _OPEN) if when.first else None


def _jionlp() -> Callable[[str, datetime], Days]:
    jionlp = import_module("jionlp")

    def read(text: str, now: datetime) -> Days:
        try:
            found = jionlp.ner.extract_time(text, time_base=now.timestamp())
            spans = [one["detail"] for one in found if one["type"] in ("time_point", "time_span")]
        except Exception:  # noqa: BLE001  (whatever it cannot read is asked about)
            return None
        if len(spans) != 1:
            return None
        begin, end = spans[0]["time"]
        return _day(begin, now.date()), _day(end, _OPEN)

    return read


def _day(written: str, otherwise: date) -> date:
    try:
        return datetime.fromisoformat(written).date()
    except ValueError:  # "inf"
        return otherwise


def _dateparser() -> Callable[[str, datetime], Days]:
    search = import_module("dateparser.search")

    def read(text: str, now: datetime) -> Days:
        settings = {"RELATIVE_BASE": now, "PREFER_DATES_FROM": "future"}
        found = search.search_dates(text, languages=["en"], settings=settings) or []
        return (found[0][1].date(), found[0][1].date()) if len(found) == 1 else None

    return read


def _memory_mb() -> float:
    """Give the memory of this process as it stands."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


__all__ = ["others"]
