"""Words that are no answer leave a question open, and what a flow is in the middle of is asked again."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.dialogue.flow import Goto
from bot.dialogue.routes import Enter
from bot.dialogue.sessions import EXPECT_FOR, Session
from bot.dialogue.turn import _asked_again

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
SPEAK = Enter("consent", "speak")


def session(flow: str = "booking", draft: str | None = "booking") -> Session:
    made = Session(draft={"flow": draft} if draft else None)
    made.ask([], NOW, answer=(flow, "words") if flow else None)
    return made


@pytest.mark.parametrize(
    "taken", [SPEAK, Enter("faq", "greeting"), Enter("faq", "kept"), Enter("faq", "menu")]
)
def test_what_was_begun_is_asked_again(taken: Enter) -> None:
    assert _asked_again(session(), taken, NOW) == Goto("booking", "resume")


@pytest.mark.parametrize(
    ("open_question", "taken"),
    [
        pytest.param(session(draft=None), SPEAK, id="nothing was begun"),
        pytest.param(session("family"), SPEAK, id="another flow asks"),
        pytest.param(session(""), SPEAK, id="only options answer"),
        pytest.param(Session(draft={"flow": "booking"}), SPEAK, id="no question is open"),
        pytest.param(session(), Enter("faq", "answer"), id="an answer comes back by itself"),
        pytest.param(session(), Enter("handoff", "open"), id="a person takes it"),
        pytest.param(session(), Enter("booking", "words"), id="it is an answer"),
    ],
)
def test_nothing_is_asked_again(open_question: Session, taken: Enter) -> None:
    assert _asked_again(open_question, taken, NOW) is None


def test_nothing_is_asked_again_after_half_an_hour() -> None:
    later = NOW + EXPECT_FOR + timedelta(seconds=1)
    assert _asked_again(session(), SPEAK, later) is None
