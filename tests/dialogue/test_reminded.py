"""Several reminders stay open at once; each is answered by its own tap, digit or word (A16, I6)."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.dialogue import sessions
from bot.dialogue.router import route
from bot.dialogue.routes import Enter, Seen, Silent
from bot.dialogue.sessions import MOST_REMINDED, NO_DIGITS, Session
from bot.dialogue.understand import Understood
from intents.reminding import Said

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
DAY, LATER = timedelta(days=1), timedelta(hours=5)
ASKED = ["flow:booking.slot:1", "flow:booking.slot:2", "flow:booking.more"]


def remind(session: Session, number: int, *words: str, until: datetime = NOW + DAY) -> int:
    options = [f"flow:reminders.answer:{number}-{word}" for word in words]
    return session.remind(options, NOW, until, None).ask


def visit(session: Session, number: int = 1) -> int:
    return remind(session, number, "confirm", "move", "cancel")


def dose(session: Session, number: int = 2) -> int:
    return remind(session, number, "taken", "snooze", "skip")


def where(session: Session, said: Understood, now: datetime = NOW, holder: str = "bot") -> str:
    taken = route(Seen(said, session, holder, now))
    if isinstance(taken, Silent):
        return "silent"
    choice = f":{taken.values['choice']}" if "choice" in taken.values else ""
    return f"{taken.flow}.{taken.entry}{choice}"


def digit(number: int) -> Understood:
    return Understood(None, number=number, text=str(number))


def word(name: str, *, sure: bool = False, act: str | None = None) -> Understood:
    return Understood(None, act=act, said=Said(name, sure))


def test_digits_answer_it_hours_later() -> None:
    session = Session()
    visit(session)
    assert where(session, digit(2), NOW + LATER) == "reminders.answer:1-move"
    assert where(session, digit(4), NOW + LATER) == "faq.no_such_option"
    assert where(session, digit(0), NOW + LATER) == "handoff.open"


def test_of_two_the_newest_has_the_digits_and_each_its_own_taps() -> None:
    session = Session()
    first, second = visit(session), dose(session)
    assert where(session, digit(1)) == "reminders.answer:2-taken"
    assert where(session, Understood(None, tap=(first, 3))) == "reminders.answer:1-cancel"
    assert where(session, Understood(None, tap=(second, 2))) == "reminders.answer:2-snooze"


def test_a_question_shown_since_has_its_own_digits_until_it_is_long_over() -> None:
    session = Session()
    visit(session)
    session.ask(ASKED, NOW)
    assert where(session, digit(1)) == "booking.slot:1"
    assert where(session, digit(1), NOW + timedelta(minutes=45)) == "faq.stale", (
        "it may mean the list"
    )
    assert where(session, digit(1), NOW + LATER) == "reminders.answer:1-confirm"
    session.expect = None
    assert where(session, digit(1)) == "reminders.answer:1-confirm"


def test_beside_an_open_list_it_is_six_seven_eight_and_stays_so() -> None:
    session = Session()
    session.ask(ASKED, NOW)
    visit(session)
    assert where(session, digit(1)) == "booking.slot:1"
    assert where(session, digit(6)) == "reminders.answer:1-confirm"
    assert where(session, digit(8), NOW + LATER) == "reminders.answer:1-cancel"


def test_beside_a_list_and_an_offer_it_has_no_digits_but_words() -> None:
    session = Session()
    session.ask(ASKED, NOW)
    session.make_offer(["flow:waitlist.take:7"], NOW, NOW + timedelta(minutes=15), None)
    visit(session)
    assert session.reminded[0].base == NO_DIGITS
    assert where(session, digit(6)) == "waitlist.take:7"
    assert where(session, word("confirm", sure=True)) == "reminders.answer:1-confirm"


def test_an_offer_keeps_its_digits_when_a_reminder_comes() -> None:
    session = Session()
    session.make_offer(["flow:waitlist.take:7"], NOW, NOW + timedelta(hours=24), None)
    visit(session)
    assert where(session, digit(6)) == "waitlist.take:7"
    assert where(session, digit(1)) == "reminders.answer:1-confirm"


def test_words_go_to_the_newest_that_offers_them() -> None:
    session = Session()
    visit(session)
    dose(session)
    assert where(session, word("taken", sure=True)) == "reminders.answer:2-taken"
    assert where(session, word("move")) == "reminders.answer:1-move"
    assert where(session, word("yes", act="yes")) == "reminders.answer:1-confirm"
    assert where(session, word("better", sure=True)) == "faq.miss"


def test_ok_is_heard_and_never_taken_for_taken() -> None:
    session = Session()
    dose(session)
    assert where(session, word("yes", act="yes")) == "reminders.noted"
    assert where(session, word("not_yet", sure=True)) == "reminders.noted"


def test_after_anything_else_was_said_only_words_of_its_own_count() -> None:
    session = Session()
    visit(session)
    session.latest = 0
    assert where(session, word("cancel", act="cancel")) == "faq.dropped"
    assert where(session, word("yes", act="yes")) == "faq.unclear_yes"
    assert where(session, word("confirm", sure=True)) == "reminders.answer:1-confirm"


def test_while_a_flow_waits_for_words_ok_answers_that() -> None:
    session = Session()
    session.ask([], NOW, answer=("changes", "decided"))
    visit(session)
    assert where(session, word("yes", act="yes")) == "changes.decided"
    assert where(session, word("confirm", sure=True)) == "reminders.answer:1-confirm"


def test_when_its_time_is_over_only_its_tap_is_explained() -> None:
    session = Session()
    asked = visit(session)
    late = NOW + DAY + timedelta(hours=2)
    assert where(session, Understood(None, tap=(asked, 1)), late) == "reminders.answer:1-confirm"
    assert where(session, digit(1), late) == "faq.stale"
    assert where(session, word("confirm", sure=True), late) == "faq.miss"


def test_while_a_person_holds_the_conversation_nothing_is_taken() -> None:
    session = Session()
    visit(session)
    for said in (digit(1), word("confirm", sure=True), Understood(None, tap=(1, 1))):
        assert where(session, said, holder="staff") == "silent"


@pytest.mark.parametrize("said", [digit(9), Understood(None, act="repeat")])
def test_repeat_right_after_a_reminder_says_the_reminder(said: Understood) -> None:
    session = Session()
    visit(session)
    assert where(session, said) == "reminders.repeat"
    session.latest = 0
    assert where(session, said) == "faq.repeat"


def test_they_are_bounded_and_those_that_are_over_go_first() -> None:
    session = Session()
    kept = visit(session, 100)
    over = remind(session, 101, "taken", until=NOW - DAY)
    for number in range(MOST_REMINDED - 1):
        dose(session, number)
    asks = {one.ask for one in session.reminded}
    assert len(asks) == MOST_REMINDED
    assert kept in asks
    assert over not in asks


def test_they_are_kept_over_a_silence_that_forgets_all_else() -> None:
    session = Session()
    visit(session)
    session.ask(ASKED, NOW)
    later = NOW + timedelta(hours=20)
    loaded = sessions.load(sessions.dump(session), NOW, later, "zh-CN")
    assert loaded.expect is None
    assert where(loaded, digit(1), later) == "reminders.answer:1-confirm"


def test_the_open_question_stays_when_a_reminder_is_answered() -> None:
    session = Session()
    session.ask(ASKED, NOW)
    asked = visit(session)
    taken = route(Seen(digit(6), session, "bot", NOW))
    assert taken == Enter("reminders", "answer", {"choice": "1-confirm"}, reminder=asked)
