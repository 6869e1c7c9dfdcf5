"""BK-16: what an appointment can become is a table, and nothing else happens."""

import re
from itertools import product

import pytest

from bot.appointments import states
from bot.appointments.states import LIVE, NEXT, SEATED, IllegalStep, State, check_step
from bot.store import booking_tables

ENDS = {State.DONE, State.CANCELLED, State.HOSPITAL_CANCELLED, State.EXPIRED}


@pytest.mark.parametrize(("old", "new"), list(product(State, State)))
def test_a_step_is_in_the_table_or_refused_with_a_reason(old: State, new: State) -> None:
    if new in NEXT[old]:
        check_step(old, new)
    else:
        with pytest.raises(IllegalStep, match=f"that is {old} cannot become {new}$"):
            check_step(old, new)


def test_nothing_comes_after_the_end_and_nothing_comes_back() -> None:
    assert {state for state in State if not NEXT[state]} == ENDS
    given_back = set(State) - SEATED
    assert all(NEXT[state] <= given_back for state in given_back), "a seat given back stays so"


def test_every_state_can_be_reached_and_left_for_an_end() -> None:
    reached = {State.HELD}
    while more := {new for old in reached for new in NEXT[old]} - reached:
        reached |= more
    assert reached == set(State)
    assert all(NEXT[state] & (ENDS | LIVE) for state in set(State) - ENDS)


def test_the_database_knows_the_same_states_and_which_have_a_seat() -> None:
    """The table's own check and the code's set are one."""
    assert set(re.findall(r"\w+", booking_tables._SEATED)) == {state.value for state in SEATED}


def test_the_drawing_shows_every_state() -> None:
    """The diagram that people read is the one that is in force."""
    drawn = str(states.__doc__).partition("\n")[2]
    assert [state for state in State if state.value not in drawn] == []
