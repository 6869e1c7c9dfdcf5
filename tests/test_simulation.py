"""The whole application under a simulated clock: no reminder is wrong, and a wrong one would be seen.

`daoyi simulate` runs the same for a year; here runs are short and much happens in them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from bench.simulate import checks, run, world
from bench.simulate.checks import KINDS
from bench.simulate.hospital import Ward
from bench.simulate.rules import Rules, read_rules
from bench.simulate.run import Asked, Result, simulate
from bench.simulate.truth import Truth
from bot.app import Content
from bot.dialogue.notices import Notices
from bot.message import Kind
from bot.messages import departure
from bot.reminders import recipients, records
from bot.reminders.planning import Planner
from bot.reminders.rows import reminder
from bot.reminders.sending import Sending
from bot.settings import Settings
from bot.store.statements import Hot
from intents.match import Matcher
from scheduler.hours import Quiet
from tests.helpers.postgres import Server

Runs = Callable[[Asked], Result]
_AGAIN = Hot(
    update(reminder)
    .where(reminder.c.id == bindparam("reminder_id"))
    .values(state="pending", due_at=bindparam("due_at_"))
)


@pytest.fixture
def runs(settings: Settings, content: Content, matcher: Matcher) -> Runs:
    """Run a simulation on the checkout's own content."""
    return lambda asked: simulate(settings, asked, content=content, matcher=matcher)


_RUN = Asked(days=10, patients=40, seed=1, faults=True, rush=8)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_reminder_is_wrong_whatever_goes_wrong(runs: Runs, seed: int) -> None:
    result = runs(replace(_RUN, seed=seed))
    assert result.violations == [], result.figures
    assert result.figures["sent"] > 0
    keys = {"sent", "skipped", "deferred", "answered", "violations", "seed", "wall_s"}
    assert keys <= set(result.figures)


def test_no_reminder_is_wrong_on_a_server_either(runs: Runs, postgres: Server) -> None:
    result = runs(replace(_RUN, days=5, url=postgres.url()))
    assert result.violations == [], result.figures
    assert result.figures["sent"] > 0


def test_the_same_seed_is_the_same_run(runs: Runs) -> None:
    one, other = (runs(replace(_RUN, days=5)).figures for _ in range(2))
    assert _without_time(one) == _without_time(other)


def _without_time(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name != "wall_s"}


def _ignores_changes(patch: pytest.MonkeyPatch) -> None:
    """What was moved, cancelled or done is told of all the same."""
    patch.setattr(Planner, "drop", lambda *_, **__: 0)
    patch.setattr(Sending, "_over", lambda *_: None)


def _forgets_what_was_said(patch: pytest.MonkeyPatch) -> None:
    """What was sent is due again, under no key that would be known."""
    sent, word, told = records.sent, Notices.word, set()

    def again(tx: Any, said: Any, *args: Any) -> None:
        sent(tx, said, *args)
        for due, *_ in said:
            if due.id not in told:
                told.add(due.id)
                tx.run(_AGAIN, reminder_id=due.id, due_at_=args[-1] + timedelta(minutes=1))

    patch.setattr(records, "sent", again)
    patch.setattr(
        Notices, "word", lambda *args, **more: word(*args, **{**more, "dedupe_key": None})
    )


def _loses_a_kind(patch: pytest.MonkeyPatch) -> None:
    """One kind of reminder is never planned."""
    add = Planner.add

    def some(planner: Planner, tx: Any, thing: Any, kind: Any, *args: Any) -> bool:
        return kind.key != "visit_day_before" and add(planner, tx, thing, kind, *args)

    patch.setattr(Planner, "add", some)


def _never_sleeps(patch: pytest.MonkeyPatch) -> None:
    """No hour is quiet."""
    patch.setattr(Quiet, "covers", lambda *_: False)


def _may_say_less(patch: pytest.MonkeyPatch) -> None:
    """The budget is smaller than the application believes, and counts for what is needed too."""

    def strict(folder: Any) -> Rules:
        return replace(read_rules(folder), a_day=0)

    patch.setattr(world, "read_rules", strict)
    patch.setattr(checks, "SPARED", frozenset({"needed", "useful", "courtesy"}))


def _speaks_over_staff(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks who holds a conversation."""
    made = recipients._recipient
    patch.setattr(recipients, "_recipient", lambda *args: replace(made(*args), held=False))
    patch.setattr(departure, "SPOKEN_WHILE_HELD", frozenset(Kind))
    patch.setattr(run, "Ward", lambda made, absences, _: Ward(made, absences, takeovers=300.0))


def test_the_oracle_sees_an_engine_that_is_broken(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for broken in (
        _ignores_changes, _forgets_what_was_said, _loses_a_kind, _never_sleeps, _may_say_less,
        _speaks_over_staff,
    ):  # fmt: skip
        broken(monkeypatch)
    result = runs(Asked(days=9, patients=40, seed=4, rush=12))
    seen = {kind for kind, many in result.figures["violations"].items() if many}
    assert seen == set(KINDS) - {"double_booked"}, result.figures


def test_a_place_that_two_have_is_seen() -> None:
    """The database refuses it; so the oracle is shown the steps of two who had it."""
    at = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)

    class Step:
        capacity, slot_id, starts_at, ends_at, reason = 1, 7, at, at + timedelta(hours=1), None

        def __init__(self, number: int) -> None:
            self.id = self.appointment_id = self.patient_id = self.conversation_id = number
            self.new = "booked"

    truth = Truth([])
    truth.read_steps(lambda *_, **__: [Step(1), Step(2)], at)
    assert truth.seat_twice == ["slot 7 has 2 of 1"]
