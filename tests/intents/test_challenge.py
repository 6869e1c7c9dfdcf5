"""Messages as people really write them: what was understood stays understood."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.app import Content
from bot.appointments.options import BookingOptions
from bot.dialogue.challenge import played
from bot.dialogue.understand import Understander
from bot.hospital.live import LiveHospital
from bot.hospital.model import Hospital
from intents.challenge import (
    ChallengeError,
    Outcome,
    Phenomenon,
    Row,
    acted,
    is_right,
    judge,
    read_challenge,
)
from intents.match import Matcher

FOLDER = Path(__file__).parent / "challenge"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
NOW = datetime(2026, 11, 18, 10, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def phenomena(content: Content) -> dict[str, Phenomenon]:
    return {one.name: one for one in read_challenge(FOLDER, content.catalog.intents)}


@pytest.fixture(scope="module")
def play(content: Content, matcher: Matcher, demonstration: Hospital) -> Callable[[Row], Outcome]:
    live = LiveHospital(demonstration, 0, BookingOptions())
    reader = Understander(content.catalog, matcher, content.red_flags, live.vocabulary)
    return lambda row: played(row, reader, live.vocabulary(), NOW)


@pytest.mark.parametrize("name", NAMES)
def test_what_makes_messages_hard_is_understood_as_well_as_it_was(
    phenomena: dict[str, Phenomenon], play: Callable[[Row], Outcome], name: str
) -> None:
    judged = judge(phenomena[name], play)
    wrong = "\n".join(f"{row.say} {dict(row.expected)} {out}" for row, out in judged.failures)
    assert judged.rate >= phenomena[name].floor, wrong


def test_what_is_refused_or_supposed_is_never_done(
    phenomena: dict[str, Phenomenon], play: Callable[[Row], Outcome]
) -> None:
    rows = [row for one in phenomena.values() for row in one.rows if "not_act" in row.expected]
    assert len(rows) >= 80
    assert [row.say for row in rows if acted(play(row))] == []
    assert phenomena["negation"].floor == phenomena["hypothetical"].floor == 1.0


def test_there_are_enough_rows_of_everything(phenomena: dict[str, Phenomenon]) -> None:
    assert sum(len(one.rows) for one in phenomena.values()) >= 640
    assert {name: len(one.rows) for name, one in phenomena.items() if len(one.rows) < 35} == {}


@pytest.mark.parametrize(
    ("expected", "outcome", "right"),
    [
        ({"intent": "a.b"}, Outcome(answered=("a.b",)), True),
        ({"intent": "a.b"}, Outcome(offered=("a.c", "a.b")), True),
        ({"intent": "a.b"}, Outcome(answered=("a.c",)), False),
        ({"intent": "a.b", "or": ["a.c"]}, Outcome(answered=("a.c",)), True),
        ({"intents": ["a.b", "a.c"]}, Outcome(answered=("a.b",)), False),
        ({"intents": ["a.b", "a.c"]}, Outcome(answered=("a.c",), offered=("a.b",)), True),
        ({"request": "book"}, Outcome(requests=("book",)), True),
        ({"request": "book"}, Outcome(requests=("cancel",)), False),
        ({"act": "person"}, Outcome(acts=("person",)), True),
        ({"not_act": True}, Outcome(answered=("a.b",)), True),
        ({"not_act": True}, Outcome(requests=("cancel",)), False),
        ({"not_act": True}, Outcome(acts=("stop",)), False),
        ({"unknown": True}, Outcome(), True),
        ({"unknown": True}, Outcome(offered=("a.b",)), False),
        ({"unknown": True}, Outcome(answered=("assistant.off_topic",)), True),
        ({"unknown": True}, Outcome(requests=("book",)), False),
        ({"doctor": "李明远"}, Outcome(named=frozenset({("doctor", "李明远")})), True),
        ({"doctor": "李明远"}, Outcome(named=frozenset({("drug", "李明远")})), False),
    ],
)
def test_what_counts_as_understood(
    expected: dict[str, object], outcome: Outcome, right: bool
) -> None:
    assert is_right(Row(("x",), expected), outcome) is right


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ('[{ say = "a", intent = "no.such" }]', "row 1: no intent is called no.such"),
        ('[{ say = "a" }]', "row 1: nothing is expected of it"),
        ('[{ say = "", unknown = true }]', "row 1: `say` must be a message, or several"),
        ('[{ say = "a", unknown = true, colour = 1 }]', "row 1: `colour` is not known"),
        ("[]", "no row is there"),
        ("[", "cannot be read"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, rows: str, sentence: str) -> None:
    (tmp_path / "mine.toml").write_text(f'title = "t"\nfloor = 0.0\nrows = {rows}\n', "utf-8")
    with pytest.raises(ChallengeError, match=rf"^mine\.toml.*{sentence}"):
        read_challenge(tmp_path, ["a.b"])
