"""What an answer to the reminder of a visit does: it thanks, goes on, or says how things stand now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.appointments.changes.own import Own
from bot.appointments.changes.said import Telling
from bot.appointments.links import Links
from bot.appointments.model import Visit
from bot.appointments.reminding.answers import VisitAnswers
from bot.appointments.reminding.subject import VisitSubject
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.listeners import Listeners
from bot.dialogue.sessions import Session
from bot.dialogue.understand import Understood
from bot.patients.family import Household
from bot.reminders.model import Due, Thing
from bot.store.booking_tables import Clinic, Patient
from bot.store.db import Tx
from bot.store.reminder_tables import Reminder
from bot.store.statements import Hot
from scheduler.reminders import Reason
from tests.helpers.booking import ZONE, at
from tests.helpers.desk import DAY, Desk
from tests.helpers.reminded import Asks, bookings, visit_reminders

_reminder = Reminder.__table__  # type: ignore[attr-defined]
_DUES = Hot(sa.select(_reminder).order_by(_reminder.c.due_at, _reminder.c.id))


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Two patients whose visits are reminded of."""
    desk.bookings = bookings()
    return desk


@dataclass
class Answering:
    """Somebody who answers reminders."""

    desk: Desk
    subject: VisitSubject

    def dues(self, *visits: Visit) -> list[Due]:
        ids = [visit.appointment_id for visit in visits]
        names = Due.__dataclass_fields__
        rows = [row for row in self.desk.tx.rows(_DUES) if row.about_id in ids]
        return [Due(**{name: getattr(row, name) for name in names}) for row in rows]

    def says(self, word: str, *visits: Visit, conversation_id: int | None = None) -> Step:
        scene = Scene(
            self.desk.tx, self.desk.now, conversation_id or self.desk.mine, 1, "bot", Session(),
            Understood(None),
        )  # fmt: skip
        return self.subject.answer(scene, self.dues(*visits), word)

    def look(self, visit: Visit, now: datetime | None = None) -> Thing:
        found = self.subject.look(self.desk.tx, visit.appointment_id, now or self.desk.now)
        assert found is not None
        return found


def today(now: datetime) -> date:
    return now.astimezone(ZONE).date()


@pytest.fixture
def answering(desk: Desk) -> Answering:
    family = Household()
    answers = VisitAnswers(
        Own(desk.bookings, family), Telling(Links("", lambda *_: ("", "")), ZONE)
    )
    return Answering(desk, VisitSubject(visit_reminders(), Listeners(family, today), answers))


def said(step: Step) -> list[tuple[str, Mapping[str, object]]]:
    return [(say.name, say.values) for say in step.says]


def numbers(told: object) -> list[str]:
    assert isinstance(told, Sequence)
    return [one["number"] for one in told]


def test_she_comes_and_is_thanked(desk: Desk, answering: Answering) -> None:
    visit = desk.booked(desk.slot())
    [(name, values)] = said(answering.says("confirm", visit))
    assert name == "reminders/visit_confirmed"
    assert numbers(values["visits"]) == [visit.number]


@pytest.mark.parametrize("word", ["move", "cancel"])
def test_moving_and_cancelling_go_on_where_they_are_asked_about(
    desk: Desk, answering: Answering, word: str
) -> None:
    visit = desk.booked(desk.slot())
    step = answering.says(word, visit)
    assert step == Step(goto=Goto("changes", word, {"choice": visit.appointment_id}))
    assert desk.after(visit) == visit, "nothing is done by the answer itself (I6)"


def test_of_several_all_are_confirmed_and_one_is_chosen(desk: Desk, answering: Answering) -> None:
    first = desk.booked(desk.slot())
    second = desk.booked(desk.slot(doctor="doc-2", part="afternoon", department="dept-skin"))
    [(_, values)] = said(answering.says("confirm", first, second))
    assert numbers(values["visits"]) == [first.number, second.number]
    step = answering.says("cancel", first, second)
    both = [first.appointment_id, second.appointment_id]
    assert step.goto == Goto("changes", "cancel", {"among": both})


@pytest.mark.parametrize("word", ["confirm", "move", "cancel"])
def test_a_reminder_of_a_visit_that_moved_says_its_new_time(
    desk: Desk, answering: Answering, word: str
) -> None:
    old = desk.booked(desk.slot())
    later = desk.slot(DAY + timedelta(days=2))
    new = desk.confirm(desk.held(later, replaces_id=old.appointment_id))
    assert isinstance(new, Visit)
    [(name, values)] = said(answering.says(word, old))
    assert name == "reminders/visit_changed"
    assert (values["new"]["number"], values["old"]["number"]) == (new.number, old.number)  # type: ignore[index]


def test_a_reminder_of_a_visit_that_was_cancelled_says_so(desk: Desk, answering: Answering) -> None:
    visit = desk.booked(desk.slot())
    desk.cancel(visit)
    [(name, values)] = said(answering.says("confirm", visit))
    assert (name, values["state"]) == ("visits/not_any_more", "cancelled")


def test_of_two_one_was_cancelled_meanwhile(desk: Desk, answering: Answering) -> None:
    first = desk.booked(desk.slot())
    second = desk.booked(desk.slot(doctor="doc-2", part="afternoon", department="dept-skin"))
    desk.cancel(first)
    [(_, values)] = said(answering.says("confirm", first, second))
    assert numbers(values["visits"]) == [second.number]
    assert numbers(values["changed"]) == [first.number]


def test_nobody_answers_for_somebody_elses_visit(desk: Desk, answering: Answering) -> None:
    visit = desk.booked(desk.slot())
    for word in ("confirm", "move", "cancel"):
        step = answering.says(word, visit, conversation_id=desk.hers)
        assert [name for name, _ in said(step)] == ["visits/not_hers"]
        assert step.goto is None


def test_who_is_here_already_is_not_asked_again(desk: Desk, answering: Answering) -> None:
    visit = desk.booked(desk.slot())
    desk.bookings.check_in(desk.tx, visit.appointment_id, desk.now, actor="x")
    [(name, _)] = said(answering.says("confirm", visit))
    assert name == "reminders/visit_confirmed"


def test_what_is_true_of_a_visit_that_is_looked_at(desk: Desk, answering: Answering) -> None:
    visit = desk.booked(desk.slot())
    thing = answering.look(visit)
    assert (thing.over, thing.version, thing.patient_id) == (None, visit.version, desk.me)
    for due in answering.dues(visit):
        assert answering.subject.state_of(desk.tx, due, thing, desk.now) is None
    desk.cancel(visit)
    assert answering.look(visit).over is Reason.CANCELLED
    assert answering.subject.look(desk.tx, 10**9, desk.now) is None


def test_a_stopped_clinic_is_not_told_of_though_nobody_was_told_yet(
    desk: Desk, answering: Answering
) -> None:
    visit = desk.booked(desk.slot())
    with desk.tx.session() as session:
        session.execute(sa.update(Clinic).values(status="stopped"))
    assert answering.look(visit).over is Reason.CANCELLED


def test_a_held_place_is_not_told_of(desk: Desk, answering: Answering) -> None:
    assert answering.look(desk.held(desk.slot())).over is Reason.GONE


def test_once_it_began_it_is_too_late(desk: Desk, answering: Answering) -> None:
    visit = desk.booked(desk.slot())
    [first, *_] = answering.dues(visit)
    thing = answering.look(visit)
    assert answering.subject.state_of(desk.tx, first, thing, visit.starts_at) is Reason.TOO_LATE


def test_a_step_that_the_table_has_no_more_is_not_told(desk: Desk, answering: Answering) -> None:
    lines = [Asks(days_before=1, at="18:00", text="a")]
    desk.bookings = bookings(lines)
    visit = desk.booked(desk.slot())
    [step] = [due for due in answering.dues(visit) if due.kind == "visit_prepare"]
    kept = VisitSubject(
        visit_reminders(lines), answering.subject.listeners, answering.subject.answers
    )
    still = kept.look(desk.tx, visit.appointment_id, desk.now)
    assert still is not None
    assert kept.state_of(desk.tx, step, still, desk.now) is None
    gone = answering.look(visit)
    assert answering.subject.state_of(desk.tx, step, gone, desk.now) is Reason.STOPPED


@pytest.mark.parametrize("frail", [False, True])
def test_the_frail_are_rung_where_they_do_not_answer(
    desk: Desk, answering: Answering, frail: bool
) -> None:
    visit = desk.booked(desk.slot())
    _set_frail(desk.tx, desk.me, frail)
    tags = answering.look(visit).tags
    assert ("frail" in tags) is frail
    kind = answering.subject.reminders.planner.kinds.kinds["visit_day_before"]
    assert (kind.then, kind.then_only) == ("staff", "frail")


def _set_frail(tx: Tx, patient_id: int, frail: bool) -> None:
    with tx.session() as session:
        chosen = sa.update(Patient).where(sa.column("id") == patient_id)
        session.execute(chosen.values(frail=frail))


def test_the_evening_before_is_before_the_visit(answering: Answering, desk: Desk) -> None:
    visit = desk.booked(desk.slot())
    values = answering.look(visit, at(DAY - timedelta(days=1), "20:00").astimezone(UTC)).values(
        "en"
    )
    assert values["days"] == 1
