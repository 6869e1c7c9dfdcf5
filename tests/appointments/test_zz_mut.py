import pytest
from bot.reminders.planning import Planner
from tests.appointments.test_reminding_machine import *
def test_mut(tx, monkeypatch):
    monkeypatch.setattr(Planner,"drop",lambda *a,**k:0)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(lambda: Reminded(tx), settings=settings(max_examples=25, stateful_step_count=30, deadline=None, database=None, report_multiple_bugs=False))
del test_reminders_are_those_of_the_visits_there_are
