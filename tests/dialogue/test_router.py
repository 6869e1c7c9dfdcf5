"""What does a message mean now? Every state against every kind of message, as one table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.app import Content
from bot.dialogue.router import ASKED_BY_NAME, GUIDE, MISSES_BEFORE_PERSON, RULES, route
from bot.dialogue.routes import NONE_OF_THESE, Enter, Seen, Silent
from bot.dialogue.sessions import EXPECT_FOR, Session
from bot.dialogue.understand import Answer, Choose, Understood
from intents.entities import Entities
from intents.match import Match
from intents.urgent import Alarm

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
PARKING, FEES = Match("visit.parking", 0.9, "停车"), Match("fees.registration", 0.4, "挂号费")


def fresh() -> Seen:
    return Seen(Understood(None), Session(), "bot", NOW)


def asked() -> Seen:
    session = Session()
    session.ask(["intent:visit.parking", "intent:fees.registration", NONE_OF_THESE], NOW)
    return Seen(Understood(None), session, "bot", NOW)


def expired() -> Seen:
    seen = asked()
    return Seen(seen.understood, seen.session, "bot", NOW + EXPECT_FOR + timedelta(seconds=1))


def answered() -> Seen:
    seen = asked()
    seen.session.expect = None
    return seen


def missed() -> Seen:
    return Seen(Understood(None), Session(misses=MISSES_BEFORE_PERSON - 1), "bot", NOW)


def waiting() -> Seen:
    return Seen(Understood(None), asked().session, "desk", NOW)


def held() -> Seen:
    return Seen(Understood(None), asked().session, "staff", NOW)


STATES = (fresh, asked, expired, answered, missed, waiting, held)

SAID = {
    "alarm": Understood(Alarm("chest_pain", "r", "1", crisis=False)),
    "alarm in a stop word": Understood(Alarm("suicide", "r", "1", crisis=True), act="stop"),
    "alarm in a choice": Understood(Alarm("bleeding", "r", "1", crisis=False), number=1),
    "stop": Understood(None, act="stop"),
    "start": Understood(None, act="start"),
    "[stop waiting]": Understood(None, command="leave"),
    "cancel": Understood(None, act="cancel"),
    "back": Understood(None, act="back"),
    "1": Understood(None, number=1),
    "3": Understood(None, number=3),
    "9": Understood(None, number=9),
    "8": Understood(None, number=8),
    "0": Understood(None, number=0),
    "[button 2]": Understood(None, tap=(1, 2)),
    "[button 9]": Understood(None, tap=(1, 9)),
    "[old button]": Understood(None, tap=(7, 1)),
    "[button 0]": Understood(None, tap=(1, 0)),
    "person": Understood(None, act="person"),
    "[person]": Understood(None, command="person"),
    "repeat": Understood(None, act="repeat"),
    "menu": Understood(None, act="menu"),
    "[menu]": Understood(None, command="menu"),
    "greeting": Understood(None, act="greeting"),
    "thanks": Understood(None, act="thanks"),
    "goodbye": Understood(None, act="goodbye"),
    "simpler": Understood(None, act="simpler"),
    "yes": Understood(None, act="yes"),
    "no": Understood(None, act="no"),
    "english": Understood(None, act="language_en"),
    "chinese": Understood(None, act="language_zh"),
    "[forged]": Understood(None, command="delete"),
    "a question": Understood(None, decision=Answer(PARKING)),
    "an unclear question": Understood(None, decision=Choose((PARKING, FEES))),
    "unclear, with a complaint": Understood(
        None, decision=Choose((FEES, PARKING)), entities=Entities(symptoms=("膝盖疼",))
    ),
    "only a complaint": Understood(None, entities=Entities(symptoms=("膝盖疼",))),
    "only a drug": Understood(None, only=("drug",)),
    "only a doctor": Understood(None, only=("doctor",)),
    "gibberish": Understood(None),
}

#: A row a message, a column a state, in the order of STATES. "=" is what stands left of it.
TABLE = """
alarm                     | urgent.alarm   | = | = | = | = | = | =
alarm in a stop word      | urgent.alarm   | = | = | = | = | = | =
alarm in a choice         | urgent.alarm   | = | = | = | = | = | =
stop                      | consent.stop   | = | = | = | = | = | =
start                     | consent.start  | = | = | = | = | = | =
[stop waiting]            | faq.menu       | = | = | = | = | handoff.leave | silent
cancel                    | faq.dropped    | = | = | = | = | handoff.leave | silent
back                      | faq.menu       | = | = | = | = | handoff.leave | silent
1                         | faq.miss       | faq.answer | faq.stale | = | handoff.open | silent | =
3                         | faq.miss       | handoff.open | faq.stale | = | handoff.open | silent | =
9                         | faq.repeat     | = | = | = | = | silent | =
8                         | faq.miss | faq.no_such_option | faq.stale | = | handoff.open | silent | =
0                         | handoff.open   | = | = | = | = | silent | =
[button 2]                | faq.stale      | faq.answer | faq.stale | = | = | silent | =
[button 9]                | faq.stale      | faq.no_such_option | faq.stale | = | = | silent | =
[old button]              | faq.stale      | = | = | = | = | silent | =
[button 0]                | faq.stale      | faq.no_such_option | faq.stale | = | = | silent | =
person                    | handoff.open   | = | = | = | = | silent | =
[person]                  | handoff.open   | = | = | = | = | silent | =
repeat                    | faq.repeat     | = | = | = | = | silent | =
menu                      | faq.menu       | = | = | = | = | silent | =
[menu]                    | faq.menu       | = | = | = | = | silent | =
greeting                  | faq.greeting   | = | = | = | = | silent | =
thanks                    | faq.thanks     | = | = | = | = | silent | =
goodbye                   | faq.goodbye    | = | = | = | = | silent | =
simpler                   | faq.simpler    | = | = | = | = | silent | =
yes                       | faq.unclear_yes | = | = | = | = | silent | =
no                        | faq.unclear_yes | = | = | = | = | silent | =
english                   | consent.speak  | = | = | = | = | silent | =
chinese                   | consent.speak  | = | = | = | = | silent | =
[forged]                  | faq.miss       | = | = | = | handoff.open | silent | =
a question                | faq.answer     | = | = | = | = | silent | =
an unclear question       | faq.candidates | = | = | = | = | silent | =
unclear, with a complaint | faq.candidates | = | = | = | = | silent | =
only a complaint          | faq.answer     | = | = | = | = | silent | =
only a drug               | faq.answer     | = | = | = | = | silent | =
only a doctor             | faq.candidates | = | = | = | = | silent | =
gibberish                 | faq.miss       | = | = | = | handoff.open | silent | =
"""


def cells() -> list[tuple[str, int, str]]:
    found = []
    for line in TABLE.strip().splitlines():
        said, *words = (cell.strip() for cell in line.split("|"))
        assert len(words) == len(STATES), line
        for place, word in enumerate(words):
            words[place] = words[place - 1] if word == "=" else word
        found += [(said, place, word) for place, word in enumerate(words)]
    return found


def test_the_table_has_a_row_for_every_kind_of_message() -> None:
    assert {said for said, _, _ in cells()} == set(SAID)


@pytest.mark.parametrize(
    ("said", "state", "expected"),
    cells(),
    ids=lambda value: STATES[value].__name__ if isinstance(value, int) else value,
)
def test_who_takes_a_message(said: str, state: int, expected: str) -> None:
    before = STATES[state]()
    taken = route(Seen(SAID[said], before.session, before.holder, before.now))
    told = "silent" if isinstance(taken, Silent) else f"{taken.flow}.{taken.entry}"
    assert told == expected


def test_a_choice_is_what_was_offered_under_that_number() -> None:
    seen = asked()
    for number, intent in ((1, "visit.parking"), (2, "fees.registration")):
        for said in (Understood(None, number=number), Understood(None, tap=(1, number))):
            taken = route(Seen(said, seen.session, "bot", NOW))
            assert taken == Enter("faq", "answer", {"intent": intent})
    none = route(Seen(Understood(None, number=3), seen.session, "bot", NOW))
    assert none == Enter("handoff", "open", {"reason": "none of these"})


def test_a_named_complaint_offers_the_guide_first_and_never_more_than_three() -> None:
    taken = route(Seen(SAID["unclear, with a complaint"], Session(), "bot", NOW))
    assert isinstance(taken, Enter)
    assert taken.values["intents"] == (GUIDE, "fees.registration", "visit.parking")
    many = Choose(tuple(Match(f"a.b{n}", 0.3, "x") for n in range(3)))
    said = Understood(None, decision=many, entities=Entities(symptoms=("膝盖疼",)))
    taken = route(Seen(said, Session(), "bot", NOW))
    assert isinstance(taken, Enter)
    assert taken.values["intents"] == (GUIDE, "a.b0", "a.b1")


def test_every_intent_that_a_name_asks_for_has_an_answer(content: Content) -> None:
    assert set().union(*ASKED_BY_NAME.values(), {GUIDE}) <= set(content.catalog.intents)


def test_the_order_of_the_rules_is_the_promise() -> None:
    assert [rule.__name__.strip("_") for rule in RULES] == [
        "red_flag",
        "stop_or_start",
        "doubt_answered",
        "held",
        "doubtful",
        "wordless",
        "offered",
        "reminded",
        "expected",
        "said_again",
        "every_state",
        "goes_on",
        "answers_nothing",
        "requested",
        "bookable",
        "only_a_name",
        "intent",
        "candidates",
        "complaint",
    ]


@pytest.mark.parametrize(
    ("private", "act", "taken"),
    [
        (False, None, Enter("consent", "stop")),
        (False, "cancel", Enter("consent", "stop")),
        (True, "cancel", Enter("faq", "dropped")),
        (True, None, Enter("faq", "miss")),
    ],
)
def test_carriers_words_stop_only_where_others_may_read(
    act: str | None, taken: Enter, *, private: bool
) -> None:
    said = Understood(None, act=act, texted_stop=True)
    assert route(Seen(said, Session(), "bot", NOW, private)) == taken
    if not private:
        assert route(Seen(said, Session(), "staff", NOW, private)) == taken
        alarm = replace(said, alarm=Alarm("bleeding", "r", "1", crisis=False))
        assert route(Seen(alarm, Session(), "bot", NOW, private)) == Enter("urgent", "alarm")


def drafting(flow: str) -> Session:
    return Session(draft={"flow": flow})


@pytest.mark.parametrize(
    ("words", "flow", "taken"),
    [
        ("继续", "booking", Enter("booking", "resume")),
        ("go on", "changes", Enter("changes", "resume")),
        ("继续", "waitlist", Enter("faq", "miss")),
        ("继续吃药", "booking", Enter("faq", "miss")),
    ],
)
def test_going_on_asks_again_what_is_under_way(words: str, flow: str, taken: Enter) -> None:
    assert route(Seen(Understood(None, text=words), drafting(flow), "bot", NOW)) == taken


def test_a_name_alone_books_after_an_answer_that_offered_to() -> None:
    session = Session()
    session.ask(["flow:booking.start"], NOW)
    said = Understood(None, text="骨科", only=("department",))
    assert route(Seen(said, session, "bot", NOW)) == Enter("booking", "start")
    late = NOW + EXPECT_FOR + timedelta(seconds=1)
    assert route(Seen(said, session, "bot", late)) != Enter("booking", "start")


def test_a_second_yes_is_told_that_all_is_done() -> None:
    session = Session()
    session.ask(["flow:booking.sure:7"], NOW)
    done = Enter("booking", "sure", {"choice": "7"})
    assert route(Seen(Understood(None, act="yes"), session, "bot", NOW)) == done
    assert route(Seen(Understood(None, tap=(1, 1)), session, "bot", NOW)) == done
    session.ask(["flow:booking.sure:7", "flow:booking.cancel"], NOW)
    assert route(Seen(Understood(None, act="yes"), session, "bot", NOW)) != done


def test_nine_that_is_offered_is_an_option() -> None:
    session = Session()
    session.ask([*(["intent:visit.parking"] * 8), NONE_OF_THESE], NOW)
    taken = route(Seen(Understood(None, number=9), session, "bot", NOW))
    assert taken == Enter("handoff", "open", {"reason": "none of these"})


def test_not_to_cancel_is_answered_as_said() -> None:
    assert route(Seen(Understood(None, act="keep"), Session(), "bot", NOW)) == Enter("faq", "kept")
