"""What the calling system exports as a file is taken whole, or every wrong row is named."""

from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.api.queue_file import read_queue, take
from bot.appointments.day.queue import News, Outcome, Queue, Word
from bot.appointments.day.queue_rules import QueueState
from bot.hospital.problems import HospitalDataError
from bot.store.db import Engine, Tx
from tests.helpers.booking import add_clinic, at

DAY = date(2026, 11, 18)
HEAD = "doctor,date,session,appointment,queue_no,state,room\n"


def read(text: str) -> Any:
    return read_queue(text.encode(), "calls.csv", DAY)


def test_rows_are_read_in_either_language() -> None:
    (one, two) = read(HEAD + "D9,,morning,48213907,12,called,2\nD9,2026/11/19,下午,,13,候诊,\n")
    assert one.clinic == ("D9", DAY, "morning")
    assert one.word == Word(QueueState.CALLED, "48213907", 12, "2")
    assert two.clinic == ("D9", date(2026, 11, 19), "afternoon")
    assert two.word == Word(QueueState.WAITING, "", 13, "")
    (three,) = read("医生,时段,预约号,状态\nD9,上午,48213907,过号\n")
    assert three.word == Word(QueueState.PASSED, "48213907")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("D9,,morning,48213907,,gone,\n", "calls.csv row 2, column state"),
        ("D9,,midnight,48213907,,called,\n", "calls.csv row 2, column session"),
        ("D9,,morning,,,called,\n", "calls.csv row 2: give appointment or queue_no"),
        ("D9,,morning,1,x,called,\n", "calls.csv row 2, column queue_no"),
        ("D9,,morning,1,,called,\nD9,,morning,1,,called,\n", "calls.csv row 3"),
        (",,morning,1,,called,\n", "calls.csv row 2, column doctor"),
    ],
)
def test_a_row_that_is_wrong_is_named(rows: str, words: str) -> None:
    with pytest.raises(HospitalDataError) as raised:
        read(HEAD + rows)
    assert words in str(raised.value)


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_each_clinic_hears_its_rows_and_an_unknown_one_is_named(engine: Engine) -> None:
    heard: list[tuple[int, News]] = []

    def hear(_tx: Tx, clinic: int, news: News, _now: object) -> Outcome:
        heard.append((clinic, news))
        return Outcome(known=len(news.words), told=1)

    queue = cast("Queue", SimpleNamespace(heard=hear))
    clinic, _ = await engine.write(lambda tx: add_clinic(tx, DAY, doctor="D9"))
    lines = read(HEAD + "D9,,morning,1,,called,\nD9,,morning,2,,waiting,\n")
    now = at(DAY, "08:30")
    taken = await engine.write(lambda tx: take(tx, queue, lines, "calls.csv", now))
    assert taken == {"known": 2, "strangers": 0, "told": 1}
    assert [(one, len(news.words)) for one, news in heard] == [(clinic, 2)]
    heard.clear()
    wrong = read(HEAD + "D9,,morning,1,,called,\nD8,,morning,2,,waiting,\n")
    with pytest.raises(HospitalDataError, match="row 3: D8 has no clinic on 2026-11-18, morning"):
        await engine.write(lambda tx: take(tx, queue, wrong, "calls.csv", now))
    assert heard == []
