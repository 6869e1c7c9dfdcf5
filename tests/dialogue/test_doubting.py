"""When the question of a doubt is asked, and what answers it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.dialogue.doubting import DOUBT, answer_to, asks
from bot.dialogue.router import route
from bot.dialogue.routes import Enter, Seen
from bot.dialogue.sessions import EXPECT_FOR, Session
from bot.dialogue.understand import Understood
from intents.urgent import MODEL, Alarm, Doubt

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
RULE = Understood(None, doubt=Doubt("chest_pain", "grey.chest", "1"), text="胸口有点疼")
ALONE = Understood(None, doubt=Doubt("other", MODEL, "1"), text="说不清楚")


def asked() -> Session:
    session = Session()
    options = [f"flow:{DOUBT}.yes", f"flow:{DOUBT}.no"]
    session.ask(options, NOW, {"text": "x"}, answer=(DOUBT, "answer"), here=True)
    return session


def waits() -> Session:
    session = Session()
    session.ask([], NOW, answer=("booking", "day"))
    return session


@pytest.mark.parametrize(
    ("said", "session", "asks_it"),
    [
        (RULE, Session(), True), (ALONE, Session(), True), (RULE, waits(), True),
        (ALONE, waits(), False), (Understood(None), Session(), False),
    ],
    ids=["a rule", "the model", "a rule in a flow", "the model in a flow", "no doubt"],
)  # fmt: skip
def test_a_doubt_is_asked_about(said: Understood, session: Session, *, asks_it: bool) -> None:
    assert asks(said, session, NOW) is asks_it


@pytest.mark.parametrize(
    ("said", "entry"),
    [
        (Understood(None, number=1), "yes"), (Understood(None, number=2), "no"),
        (Understood(None, tap=(1, 1)), "yes"), (Understood(None, tap=(1, 2)), "no"),
        (Understood(None, number=7), "answer"), (Understood(None, text="也许"), "answer"),
        (RULE, "answer"), (Understood(None, tap=(9, 1)), None),
        (Understood(None, command="person"), None),
    ],
)  # fmt: skip
def test_what_follows_the_question_answers_it(said: Understood, entry: str | None) -> None:
    assert answer_to(said, asked(), "bot", NOW) == entry
    assert answer_to(said, asked(), "desk", NOW) == entry, "also while a person is waited for"
    assert answer_to(said, asked(), "staff", NOW) is None, "not once one is there"
    assert answer_to(said, asked(), "bot", NOW + EXPECT_FOR + timedelta(seconds=1)) is None
    assert answer_to(said, Session(), "bot", NOW) is None


def test_an_alarm_comes_before_the_answer_and_staff_before_a_doubt() -> None:
    alarm = Alarm("bleeding", "r", "1", crisis=False)
    seen = Seen(Understood(alarm, text="x"), asked(), "bot", NOW)
    assert route(seen) == Enter("urgent", "alarm")
    assert route(Seen(RULE, Session(), "bot", NOW)) == Enter(DOUBT, "ask")
    assert not isinstance(route(Seen(RULE, Session(), "staff", NOW)), Enter)
    stop = replace(RULE, act="stop")
    assert route(Seen(stop, Session(), "bot", NOW)) == Enter("consent", "stop")
