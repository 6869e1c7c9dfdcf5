"""The calling system is heard: twice, late, in any order; patients are told once what matters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, cast

import pytest
from sqlmodel import select

from bot.appointments.day.queue import News, Outcome, Queue, Standing, Word, room_words
from bot.appointments.day.queue_rules import QueueState
from bot.appointments.day.queue_watch import QueueWatch
from bot.appointments.model import Visit
from bot.appointments.options import BookingOptions
from bot.appointments.service import Bookings
from bot.appointments.states import State
from bot.dialogue.listeners import Listeners
from bot.dialogue.notices import Hearer, Notices
from bot.message import Say
from bot.patients.family import Household
from bot.store.booking_tables import FamilyMember
from bot.store.db import Engine, Tx
from tests.helpers.booking import ZONE, add_clinic, add_conversation, add_patient, at

DAY = date(2026, 11, 18)
OPEN = at(DAY, "08:00")
WAITING, CALLED, PASSED, SEEN = QueueState


@dataclass
class Heard:
    """`Notices`, as far as the line needs it: remembers what was said; a key counts once."""

    said: list[tuple[int, str, Any, bool]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def tell(
        self, _tx: Tx, conversation_id: int, saying: Callable[[Hearer], Say], now: datetime,
        *, dedupe_key: str, expires_at: datetime, wanted: bool,
    ) -> int:  # fmt: skip
        say = saying(Hearer("zh-CN", answers=False))
        assert dedupe_key not in self.keys, "the database would refuse the second"
        assert expires_at > now
        self.keys.add(dedupe_key)
        self.said.append((conversation_id, say.name, say.values.get("ahead"), wanted))
        return len(self.said)

    def take(self) -> list[tuple[int, str, Any]]:
        """Return what was said since the last time."""
        said = [each[:3] for each in self.said]
        self.said.clear()
        return said


@dataclass
class Line:
    """A clinic with one line and those who wait in it."""

    engine: Engine
    queue: Queue
    heard: Heard
    clinic: int
    visits: list[Visit]

    async def hears(self, now: datetime, news: News) -> Outcome:
        return await self.engine.write(lambda tx: self.queue.heard(tx, self.clinic, news, now))

    async def says(self, now: datetime, *states: tuple[int, QueueState], **more: Any) -> Outcome:
        """Let the system speak of our patients, by their place in the order of booking."""
        words = tuple(Word(state, self.visits[place].number) for place, state in states)
        return await self.hears(now, News(more.pop("at", now), words=words, **more))

    async def stands(self, place: int, now: datetime) -> Standing:
        one = self.visits[place].appointment_id
        return await self.engine.write(lambda tx: self.queue.standing(tx, one, now))

    async def state(self, place: int) -> State:
        one = self.visits[place].appointment_id
        found = await self.engine.read(lambda tx: self.queue.bookings.visit(tx, one))
        assert found is not None
        return found.state

    def told(self) -> list[tuple[int, str, Any]]:
        """Return what was said since, by place in the order of booking."""
        places = {visit.conversation_id: place for place, visit in enumerate(self.visits)}
        return [(places[one], name, ahead) for one, name, ahead in self.heard.take()]


@pytest.fixture
async def line(engine: Engine) -> Line:
    """Seven people with a visit today, all checked in, in the order of booking."""
    bookings = Bookings(BookingOptions(), ZONE)
    heard = Heard()
    options = bookings.options
    family = Household(options.family, options.guardian_age, options.frail_age)
    listeners = Listeners(family, lambda now: now.astimezone(ZONE).date())
    queue = Queue(options, ZONE, bookings, cast("Notices", heard), listeners)
    early = OPEN - timedelta(days=2)

    def make(tx: Tx) -> Line:
        clinic, (slot,) = add_clinic(tx, DAY, capacity=9, room="2")
        made = []
        for place in range(7):
            conversation = add_conversation(tx, f"u{place}", early)
            patient = add_patient(tx, f"病人{place}", early, conversation)
            held = bookings.hold(tx, slot, conversation, early, patient_id=patient)
            assert isinstance(held, Visit)
            visit = bookings.confirm(tx, held.appointment_id, conversation, early)
            assert isinstance(visit, Visit)
            made.append(visit)
        return Line(engine, queue, heard, clinic, made)

    return await engine.write(make)


async def arrive(line: Line, places: Iterable[int], now: datetime) -> list[Standing]:
    def enter(tx: Tx) -> list[Standing]:
        stood = []
        for place in places:
            one = line.visits[place].appointment_id
            assert isinstance(line.queue.bookings.check_in(tx, one, now, actor="patient"), Visit)
            stood.append(line.queue.join(tx, one, now))
        return stood

    return await line.engine.write(enter)


async def test_numbers_follow_the_order_of_checking_in(line: Line) -> None:
    stood = await arrive(line, (2, 0, 1), OPEN - timedelta(minutes=20))
    assert [(one.number, one.ahead) for one in stood] == [(1, 0), (2, 1), (3, 2)]
    (again,) = await arrive(line, (0,), OPEN - timedelta(minutes=10))
    assert (again.number, again.ahead) == (2, 1), "checking in twice is checking in once"


async def test_a_morning_in_the_line(line: Line) -> None:
    await arrive(line, range(7), OPEN - timedelta(minutes=20))
    now = OPEN + timedelta(minutes=1)
    await line.says(now, (0, CALLED))
    assert line.told() == [
        (0, "queue/called", None), (2, "queue/ahead", 1), (4, "queue/ahead", 3), (6, "queue/ahead", 5),
    ]  # fmt: skip
    await line.says(now, (0, CALLED))
    assert line.told() == [], "said twice is told once"
    now += timedelta(minutes=8)
    await line.says(now, (0, SEEN), (1, CALLED))
    assert line.told() == [
        (1, "queue/called", None), (3, "queue/ahead", 1), (5, "queue/ahead", 3),
    ]  # fmt: skip
    assert (await line.state(0), await line.state(1)) == (State.DONE, State.CHECKED_IN)
    now += timedelta(minutes=8)
    await line.says(now, (1, PASSED), (2, CALLED))
    assert line.told() == [
        (1, "queue/passed", None), (2, "queue/called", None), (4, "queue/ahead", 1),
        (6, "queue/ahead", 3),
    ]  # fmt: skip
    now += timedelta(minutes=1)
    await line.says(now, (2, SEEN), (3, SEEN), (4, CALLED))
    assert line.told() == [
        (4, "queue/called", None), (5, "queue/ahead", 0), (6, "queue/ahead", 1),
    ]  # fmt: skip


async def test_news_that_comes_late_changes_nothing(line: Line) -> None:
    await arrive(line, range(3), OPEN - timedelta(minutes=20))
    now = OPEN + timedelta(minutes=9)
    await line.says(now, (0, SEEN), (1, CALLED), serving=2)
    line.told()
    late = await line.says(now, (0, CALLED), (1, WAITING), serving=1, at=now - timedelta(minutes=5))
    assert (late.is_late, line.told()) == (True, [])
    stands = await line.stands(2, now)
    assert (stands.ahead, stands.heard_at) == (0, now)
    assert (await line.stands(1, now)).state is CALLED


async def test_late_news_of_somebody_else_still_counts_for_her(line: Line) -> None:
    await arrive(line, range(3), OPEN - timedelta(minutes=20))
    now = OPEN + timedelta(minutes=9)
    await line.says(now, (1, CALLED), serving=2)
    await line.says(now, (0, SEEN), at=now - timedelta(minutes=1))
    assert (await line.state(0), (await line.stands(2, now)).ahead) == (State.DONE, 0)


async def test_what_is_old_is_kept_and_not_told(line: Line) -> None:
    await arrive(line, range(2), OPEN - timedelta(minutes=20))
    now = OPEN + timedelta(minutes=40)
    await line.says(now, (1, CALLED), at=OPEN + timedelta(minutes=5))
    assert (line.told(), (await line.stands(1, now)).state) == ([], CALLED)


async def test_the_systems_own_numbers_count_people_from_the_window_too(line: Line) -> None:
    await arrive(line, (0,), OPEN - timedelta(minutes=5))
    number = line.visits[0].number
    now = OPEN + timedelta(minutes=1)
    mine = Word(WAITING, number, queue_no=12)
    outcome = await line.hears(now, News(serving=4, words=(mine, Word(WAITING, queue_no=9))))
    assert (outcome.known, outcome.strangers) == (1, 1)
    stands = await line.stands(0, now)
    assert (stands.number, stands.ahead) == (12, 7)
    now += timedelta(minutes=1)
    await line.hears(now, News(serving=8))
    assert line.told() == [(0, "queue/ahead", 3)]
    await line.hears(now + timedelta(minutes=1), News(words=(Word(CALLED, queue_no=12, room="2"),)))
    assert line.told() == [(0, "queue/called", None)]


async def test_a_number_that_she_just_lost_is_not_her(line: Line) -> None:
    """Ours was the first at the desk; the system gives her another number and calls a stranger."""
    words = (Word(WAITING, line.visits[0].number, 2), Word(CALLED, "", 1))
    outcome = await line.hears(OPEN, News(OPEN, words=words))
    assert (outcome.known, outcome.strangers) == (1, 1)
    assert (await line.stands(0, OPEN)).state is WAITING


async def test_who_is_seen_in_the_line_without_checking_in_here_is_checked_in(line: Line) -> None:
    await line.says(OPEN, (0, WAITING), (1, PASSED), (2, SEEN))
    assert [await line.state(place) for place in range(3)] == [
        State.CHECKED_IN, State.BOOKED, State.DONE,
    ]  # fmt: skip
    assert line.told() == []


async def test_only_the_counts_are_a_courtesy(line: Line) -> None:
    await arrive(line, range(6), OPEN - timedelta(minutes=5))
    await line.says(OPEN, (0, PASSED), (1, CALLED))
    assert {(name, wanted) for _, name, _, wanted in line.heard.said} == {
        ("queue/passed", False), ("queue/called", False), ("queue/ahead", True),
    }  # fmt: skip


async def test_a_system_that_only_shows_numbers_is_enough(line: Line) -> None:
    await arrive(line, range(4), OPEN - timedelta(minutes=20))
    now = OPEN + timedelta(minutes=1)
    await line.hears(now, News(serving=1, room="5"))
    assert (0, "queue/called", None) in line.told()
    await line.hears(now + timedelta(minutes=9), News(serving=3))
    assert [one[:2] for one in line.told()] == [
        (1, "queue/called"), (2, "queue/called"), (3, "queue/ahead"),
    ]  # fmt: skip
    assert (await line.stands(3, now)).ahead == 0


async def test_what_she_was_told_when_she_asked_is_not_sent_again(line: Line) -> None:
    await arrive(line, range(5), OPEN - timedelta(minutes=20))
    now = OPEN + timedelta(minutes=1)
    await line.hears(now, News(serving=1))
    line.told()
    assert (await line.stands(4, now)).ahead == 3
    await line.hears(now + timedelta(minutes=1), News(serving=1))
    assert line.told() == []


async def test_a_system_that_falls_silent_is_noticed_and_said(line: Line, clock: Any) -> None:
    await arrive(line, range(2), OPEN - timedelta(minutes=20))
    watch = QueueWatch(line.engine, line.queue, lambda: clock.now)
    clock.now = OPEN - timedelta(minutes=1)
    before = await line.stands(1, clock.now)
    assert (before.is_silent, before.ahead) == (False, 1), "nobody is called before it begins"
    clock.now = OPEN + timedelta(minutes=1)
    unheard = await line.stands(1, clock.now)
    assert (unheard.is_silent, unheard.ahead, unheard.heard_at) == (True, None, None)
    clock.now = OPEN + timedelta(minutes=30)
    assert await watch.look() == 0, "a hospital without a calling system has none to be silent"
    await line.says(clock.now, (0, WAITING))
    assert (await line.stands(1, clock.now)).ahead == 1
    assert await watch.look() == 0
    clock.now += timedelta(minutes=15)
    silent = await line.engine.read(lambda tx: line.queue.silent(tx, clock.now))
    assert [(one.clinic_id, one.waiting) for one in silent] == [(line.clinic, 2)]
    assert await watch.look() == 1
    heard = (await line.stands(1, clock.now)).heard_at
    assert heard == OPEN + timedelta(minutes=30)
    await line.says(clock.now, (0, CALLED))
    assert await watch.look() == 0, "it ends by itself"
    clock.now = at(DAY, "12:00")
    assert await watch.look() == 0, "a clinic that ended is not waited for"


async def test_whoever_may_not_book_for_her_any_more_hears_nothing(line: Line) -> None:
    await arrive(line, range(2), OPEN - timedelta(minutes=20))

    def end(tx: Tx) -> None:
        with tx.session() as session:
            patient = line.visits[0].patient_id
            member = session.exec(
                select(FamilyMember).where(FamilyMember.patient_id == patient)
            ).one()
            member.ended_at = OPEN
            session.add(member)

    await line.engine.write(end)
    assert (await line.says(OPEN, (0, CALLED))).told == 0
    assert line.told() == []


@pytest.mark.parametrize(
    ("room", "lang", "told"),
    [
        ("2", "zh-CN", "2诊室"), ("2", "en", "room 2"), ("VIP", "zh-CN", "VIP"),
        ("抽血室", "zh-CN", "抽血室"), ("", "en", ""),
    ],
)  # fmt: skip
def test_a_room_is_told(room: str, lang: str, told: str) -> None:
    assert room_words(room, lang) == told
