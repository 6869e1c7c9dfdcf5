"""An offer that comes unasked: answered by a tap or its own digits, whatever else is asked (I6)."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.dialogue import sessions
from bot.dialogue.router import route
from bot.dialogue.routes import Enter, Seen, Silent
from bot.dialogue.sessions import Session
from bot.dialogue.understand import Understood

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
SOON, TOMORROW = NOW + timedelta(minutes=15), NOW + timedelta(hours=24)
OFFERED = ["flow:waitlist.take:7", "flow:waitlist.skip:7", "flow:waitlist.leave:3"]
ASKED = ["flow:booking.slot:1", "flow:booking.slot:2", "flow:booking.more"]


def offered(until: datetime = SOON, *, busy: bool = False) -> Session:
    session = Session()
    if busy:
        session.ask(ASKED, NOW)
    session.make_offer(OFFERED, NOW, until, None)
    return session


def where(session: Session, said: Understood, now: datetime = NOW, holder: str = "bot") -> str:
    taken = route(Seen(said, session, holder, now))
    if isinstance(taken, Silent):
        return "silent"
    choice = f":{taken.values['choice']}" if "choice" in taken.values else ""
    return f"{taken.flow}.{taken.entry}{choice}{' (offer)' if taken.offer else ''}"


def digit(number: int) -> Understood:
    return Understood(None, number=number, text=str(number))


@pytest.mark.parametrize(
    ("number", "goes"),
    [
        (1, "booking.slot:1"), (2, "booking.slot:2"), (3, "booking.more"), (4, "faq.no_such_option"),
        (6, "waitlist.take:7 (offer)"), (7, "waitlist.skip:7 (offer)"),
        (8, "waitlist.leave:3 (offer)"), (9, "faq.repeat"), (0, "handoff.open"),
    ],
)  # fmt: skip
def test_beside_an_open_question_both_can_be_answered(number: int, goes: str) -> None:
    assert where(offered(busy=True), digit(number)) == goes


def test_alone_and_short_it_is_answered_by_small_digits() -> None:
    session = offered()
    assert session.offer is not None
    assert session.offer.base == 0
    assert where(session, digit(1)) == "waitlist.take:7 (offer)"


def test_a_small_digit_answers_the_question_that_was_asked_since() -> None:
    session = offered()
    session.ask(ASKED, NOW)
    assert where(session, digit(1)) == "booking.slot:1"
    session.expect = None
    assert where(session, digit(1)) != "waitlist.take:7 (offer)", "it may mean the menu before"


def test_what_stays_open_for_long_keeps_digits_of_its_own_all_the_while() -> None:
    session = offered(TOMORROW)
    later = NOW + timedelta(hours=20)
    assert where(session, digit(6), later) == "waitlist.take:7 (offer)"
    assert where(session, digit(1), later) != "waitlist.take:7 (offer)"
    session.ask(ASKED, later)
    assert where(session, digit(6), later) == "waitlist.take:7 (offer)"
    assert where(session, digit(1), later) == "booking.slot:1"


def test_it_survives_the_silence_after_which_everything_else_is_forgotten() -> None:
    session = offered(TOMORROW, busy=True)
    session.draft = {"flow": "booking"}
    later = NOW + timedelta(hours=20)
    loaded = sessions.load(sessions.dump(session), NOW, later, "zh-CN")
    assert (loaded.expect, loaded.draft) == (None, None)
    assert where(loaded, digit(7), later) == "waitlist.skip:7 (offer)"


@pytest.mark.parametrize("busy", [False, True])
def test_a_tap_is_bound_to_its_own_offer(busy: bool) -> None:
    session = offered(busy=busy)
    assert session.offer is not None
    tap = Understood(None, tap=(session.offer.ask, 1))
    assert where(session, tap) == "waitlist.take:7 (offer)"
    session.make_offer(["flow:stopped.take:1.2"], NOW, TOMORROW, None)
    assert where(session, tap) == "faq.stale", "an old one explains itself"


def test_when_its_time_is_over_it_books_nothing_and_explains_itself() -> None:
    session = offered()
    assert session.offer is not None
    late = SOON + timedelta(seconds=1)
    assert where(session, Understood(None, tap=(session.offer.ask, 1)), late) == "faq.stale"
    assert where(session, digit(1), late) == "faq.stale"


def test_yes_is_no_answer_to_an_offer() -> None:
    session = offered()
    assert where(session, Understood(None, act="yes")) == "faq.unclear_yes"


def test_while_a_person_holds_the_conversation_nothing_is_taken() -> None:
    session = offered()
    assert session.offer is not None
    tap = Understood(None, tap=(session.offer.ask, 1))
    assert where(session, tap, holder="staff") == "silent"


def test_what_is_taken_is_marked_so_that_the_open_question_stays() -> None:
    taken = route(Seen(digit(6), offered(busy=True), "bot", NOW))
    assert taken == Enter("waitlist", "take", {"choice": "7"}, offer=True)
