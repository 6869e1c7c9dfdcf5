"""While a flow waits for an answer in words: what goes to it, and what still wins."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.dialogue import sessions
from bot.dialogue.router import route
from bot.dialogue.routes import Enter, Seen, Silent
from bot.dialogue.sessions import EXPECT_FOR, Session
from bot.dialogue.turn import _stays_open
from bot.dialogue.understand import Answer, Understood
from intents.match import Match
from intents.urgent import Alarm

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
ALARM = Alarm("chest_pain", "r", "1", crisis=False)
PARKING = Answer(Match("visit.parking", 0.9, "停车"))
ASKED = ("bind", "code")


def asked(options: list[str] | None = None) -> Session:
    session = Session()
    session.ask(options or [], NOW, answer=ASKED, here=True)
    return session


def where(said: Understood, session: Session, holder: str = "bot", now: datetime = NOW) -> str:
    taken = route(Seen(said, session, holder, now))
    return "silent" if isinstance(taken, Silent) else f"{taken.flow}.{taken.entry}"


@pytest.mark.parametrize(
    ("said", "goes"),
    [
        pytest.param(Understood(None, text="123456"), "bind.code", id="the code"),
        pytest.param(Understood(None, number=1, text="1"), "bind.code", id="a digit is no choice"),
        pytest.param(Understood(None, act="yes"), "bind.code", id="yes"),
        pytest.param(Understood(None, act="no"), "bind.code", id="no"),
        pytest.param(Understood(None, decision=PARKING), "bind.code", id="a question: it decides"),
        pytest.param(Understood(ALARM, text="123456"), "urgent.alarm", id="a red flag wins"),
        pytest.param(Understood(None, act="stop"), "consent.stop", id="stop wins"),
        pytest.param(Understood(None, act="person"), "handoff.open", id="a person wins"),
        pytest.param(Understood(None, number=0), "handoff.open", id="0 is a person"),
        pytest.param(Understood(None, number=9), "faq.repeat", id="9 repeats"),
        pytest.param(Understood(None, act="cancel"), "faq.dropped", id="cancel wins"),
        pytest.param(Understood(None, act="back"), "faq.menu", id="back wins"),
        pytest.param(Understood(None, command="person"), "handoff.open", id="the button too"),
        pytest.param(Understood(None, tap=(7, 1)), "faq.stale", id="an old button explains itself"),
        pytest.param(Understood(None, act="bind"), "bind.start", id="beginning again"),
    ],
)
def test_what_goes_where(said: Understood, goes: str) -> None:
    assert where(said, asked()) == goes


def test_options_beside_an_answer_in_words_are_chosen_by_their_digits() -> None:
    session = asked(["flow:bind.unbound", "flow:bind.kept"])
    assert where(Understood(None, number=1), session) == "bind.unbound"
    assert where(Understood(None, tap=(1, 2)), session) == "bind.kept"
    assert where(Understood(None, number=5), session) == "faq.no_such_option"
    assert where(Understood(None, text="嗯？"), session) == "bind.code"


def test_nobody_answers_for_a_person_who_holds_the_conversation() -> None:
    assert where(Understood(None, text="123456"), asked(), "staff") == "silent"


def test_after_half_an_hour_nothing_is_waited_for() -> None:
    late = NOW + EXPECT_FOR + timedelta(seconds=1)
    assert where(Understood(None, text="123456"), asked(), now=late) == "faq.miss"


@pytest.mark.parametrize(
    ("taken", "open_"),
    [
        (Enter("faq", "repeat"), True), (Enter("faq", "greeting"), True),
        (Enter("consent", "speak"), True), (Enter("media", "voice"), True),
        (Enter("urgent", "alarm"), False), (Enter("faq", "dropped"), False),
        (Enter("consent", "stop"), False), (Enter("bind", "code"), False),
    ],
)  # fmt: skip
def test_what_leaves_the_question_open(taken: Enter, open_: bool) -> None:
    assert _stays_open(asked(), taken) is open_


def test_a_greeting_closes_a_question_that_only_options_answer() -> None:
    session = Session()
    session.ask(["none"], NOW)
    assert not _stays_open(session, Enter("faq", "greeting"))


def test_a_question_is_remembered_and_one_of_an_older_version_is_read() -> None:
    session = asked()
    stored = sessions.dump(session)
    assert sessions.load(stored, NOW, NOW, "zh-CN") == session
    for name in ("flow", "entry", "here"):
        del stored["expect"][name]
    expect = sessions.load(stored, NOW, NOW, "zh-CN").expect
    assert expect is not None
    assert (expect.flow, expect.entry, expect.here) == ("", "", False)
