"""What a conversation remembers, and for how long."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue import sessions
from bot.dialogue.sessions import EXPECT_FOR, SESSION_FOR, Session
from intents.entities import Entities

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
NAMES = st.lists(st.text(min_size=1, max_size=8), max_size=3).map(tuple)


def kept(session: Session, after: timedelta) -> Session:
    return sessions.load(sessions.dump(session), NOW, NOW + after, "zh-CN")


def test_a_new_conversation_speaks_the_hospital_s_language() -> None:
    assert sessions.load(None, NOW, NOW, "en") == Session(lang="en")
    assert sessions.load({}, NOW, NOW, "en") == Session(lang="en")


def test_what_is_kept_is_what_was_there() -> None:
    session = Session(lang="en", traditional=False, greeted=True, misses=1, alarms=2, last_inbox=5)
    session.ask(["intent:a.b", "none"], NOW, {"drugs": ("阿莫西林",)})
    assert kept(session, timedelta(minutes=1)) == session


@pytest.mark.parametrize(
    ("after", "is_open"),
    [
        (timedelta(0), True),
        (EXPECT_FOR, True),
        (EXPECT_FOR + timedelta(seconds=1), False),
    ],
    ids=["at once", "just in time", "too late"],
)
def test_a_question_stays_open_for_a_while(after: timedelta, is_open: bool) -> None:
    session = Session()
    session.ask(["none"], NOW)
    assert session.expect is not None
    assert session.expect.is_open(NOW + after) is is_open


def test_a_long_silence_starts_afresh_but_forgets_neither_language_nor_alarms() -> None:
    session = Session(lang="en", greeted=True, misses=1, alarms=3, last_inbox=5)
    session.ask(["none"], NOW)
    later = kept(session, SESSION_FOR + timedelta(seconds=1))
    assert later == Session(lang="en", greeted=True, misses=0, alarms=3, asks=1)


def test_two_questions_have_two_names() -> None:
    session = Session()
    assert len({session.ask(["none"], NOW) for _ in range(5)}) == 5


@given(
    drugs=NAMES,
    symptoms=NAMES,
    near=st.dictionaries(st.text(min_size=1, max_size=5), NAMES.filter(bool), max_size=2),
    day=st.none() | st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    session=st.sampled_from([None, "morning", "afternoon"]),
)
def test_what_a_message_named_survives_the_wait_for_a_choice(
    drugs: tuple[str, ...],
    symptoms: tuple[str, ...],
    near: dict[str, tuple[str, ...]],
    day: date | None,
    session: str | None,
) -> None:
    named = Entities(drugs=drugs, symptoms=symptoms, near_words=near, day=day, session=session)  # type: ignore[arg-type]
    import json

    through_the_database = json.loads(json.dumps(sessions.pack(named)))
    assert sessions.unpack(through_the_database) == named


def test_what_another_flow_asked_with_names_nothing() -> None:
    asked_with = {
        "departments": ["heart"],
        "back": "booking.who",
        "number": "",
        "day": "2026-11-25",
    }
    named = sessions.unpack(asked_with)
    assert named == Entities(departments=("heart",), day=date(2026, 11, 25))
