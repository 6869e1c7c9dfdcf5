"""The hospital's own system hears of every step once, in order, whatever becomes of a report."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.appointments.his import reporter as his
from bot.appointments.his.http import HttpHis, as_json, open_his, sign
from bot.appointments.his.options import HisOptions, check_his
from bot.appointments.his.reporter import Change, HospitalSystem, LocalHis, Reported, Reporter
from bot.appointments.model import Visit
from bot.appointments.options import BookingOptions
from bot.appointments.service import Bookings
from bot.errors import NeedsOperator, Refused, SendError, SettingsError, TryLater
from bot.store.db import Engine, Tx
from tests.channels.sms.scripted import Says, Scripted
from tests.conftest import Clock
from tests.helpers.booking import ZONE, add_clinic, add_conversation, add_patient

DAY = date(2026, 11, 25)
KEY = "key-of-the-tests-and-of-nobody-else"
BOOKINGS = Bookings(BookingOptions(), ZONE)


class Ward:
    """A hospital's system that answers as told, by step; it takes what it is told nothing about."""

    def __init__(self, *, wants_identity: bool = False) -> None:
        self.wants_identity = wants_identity
        self.taken: list[Change] = []
        self.seen: list[int] = []
        self.answers: dict[str, list[Exception]] = {}

    async def report(self, change: Change) -> Reported:
        self.seen.append(change.change_id)
        if self.answers.get(change.new):
            raise self.answers[change.new].pop(0)
        self.taken.append(change)
        return Reported()

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(change.old, change.new) for change in self.taken]


def reporter(engine: Engine, ward: HospitalSystem, clock: Clock, refused: list[int]) -> Reporter:
    def refuse(tx: Tx, appointment_id: int, now: datetime) -> None:
        BOOKINGS.hospital_cancel(tx, appointment_id, now, reason="refused", actor="his")
        refused.append(appointment_id)

    return Reporter(engine, ward, clock, refuse)


async def booked(engine: Engine, clock: Clock, name: str = "王芳", day: date = DAY) -> Visit:
    """Let somebody book a visit: two steps to report."""

    def book(tx: Tx) -> Visit:
        _, (slot,) = add_clinic(tx, day, doctor=f"doc-{name}")
        conversation = add_conversation(tx, name, clock.now)
        patient = add_patient(tx, name, clock.now, conversation)
        held = BOOKINGS.hold(tx, slot, conversation, clock.now, patient_id=patient)
        assert isinstance(held, Visit)
        visit = BOOKINGS.confirm(tx, held.appointment_id, conversation, clock.now)
        assert isinstance(visit, Visit)
        return visit

    return await engine.write(book)


async def test_every_step_is_reported_once_and_in_order(engine: Engine, clock: Clock) -> None:
    visit = await booked(engine, clock)
    ward, refused = Ward(), []  # type: ignore[var-annotated]
    report = reporter(engine, ward, clock, refused).report
    assert [await report() for _ in range(3)] == [1, 1, 0]
    assert [new for _, new in ward.steps] == ["held", "booked"]
    (_, last) = ward.taken
    assert (last.number, last.patient, last.identity) == (visit.number, visit.patient_id, None)
    assert (last.doctor, last.day, last.part, last.fee) == ("doc-王芳", DAY, "morning", "22")


async def test_a_report_that_is_not_taken_comes_again_and_holds_up_no_other(
    engine: Engine, clock: Clock
) -> None:
    first = await booked(engine, clock, "甲")
    second = await booked(engine, clock, "乙")
    ward, refused = Ward(), []  # type: ignore[var-annotated]
    ward.answers["held"] = [TryLater("busy"), RuntimeError("a bug")]
    report = reporter(engine, ward, clock, refused).report
    for _ in range(4):
        await report()
    assert ward.steps == [], "both wait"
    for seconds in (6, 16, 16):
        clock.move(seconds=seconds)
        while await report():
            pass
    numbers = [change.number for change in ward.taken]
    assert sorted(numbers) == sorted([first.number] * 2 + [second.number] * 2)
    for number in {*numbers}:
        assert [c.new for c in ward.taken if c.number == number] == ["held", "booked"]
    assert await report() == 0


async def test_no_report_is_ever_given_up(engine: Engine, clock: Clock) -> None:
    await booked(engine, clock)
    ward, refused = Ward(), []  # type: ignore[var-annotated]
    ward.answers["held"] = [NeedsOperator("his_401") for _ in range(12)]
    report = reporter(engine, ward, clock, refused).report
    for _ in range(13):
        await report()
        clock.move(seconds=his.RETRY_STEPS[-1])
    await report()
    assert [new for _, new in ward.steps] == ["held", "booked"]
    assert len({*ward.seen}) == 2, "each with its own id, however often it came"


async def test_whoever_dies_with_a_report_has_it_for_a_while_only(
    engine: Engine, clock: Clock
) -> None:
    await booked(engine, clock)
    assert len(await engine.write(lambda tx: his._claim(tx, clock.now))) == 1
    ward, refused = Ward(), []  # type: ignore[var-annotated]
    report = reporter(engine, ward, clock, refused).report
    assert await report() == 0
    clock.move(seconds=his.LEASE.total_seconds())
    assert await report() == 1


async def test_a_booking_that_is_refused_is_cancelled_by_the_hospital_once(
    engine: Engine, clock: Clock
) -> None:
    visit = await booked(engine, clock)
    ward, refused = Ward(), []  # type: ignore[var-annotated]
    ward.answers["booked"] = [Refused("sold_at_the_window")]
    report = reporter(engine, ward, clock, refused).report
    for _ in range(4):
        await report()
    assert refused == [visit.appointment_id]
    assert [new for _, new in ward.steps] == ["held", "hospital_cancelled"]
    assert not await report()


async def test_what_is_refused_otherwise_stands(engine: Engine, clock: Clock) -> None:
    await booked(engine, clock)
    ward, refused = Ward(), []  # type: ignore[var-annotated]
    ward.answers["held"] = [Refused("no_holds_please")]
    report = reporter(engine, ward, clock, refused).report
    await report()
    await report()
    assert (refused, ward.steps) == ([], [("held", "booked")])


async def test_names_go_only_where_they_are_wanted_and_each_time_on_record(
    engine: Engine, clock: Clock
) -> None:
    visit = await booked(engine, clock)
    ward, refused = Ward(wants_identity=True), []  # type: ignore[var-annotated]
    report = reporter(engine, ward, clock, refused).report
    await report()
    await report()
    who = ward.taken[-1].identity
    assert who is not None
    assert (who.name, who.document_kind) == ("王芳", "passport")
    assert "王芳" not in repr(who)

    def audited(tx: Tx) -> list[Any]:
        with tx.session() as session:
            return list(
                session.execute(
                    text("SELECT actor, detail FROM audit WHERE action = 'patient.reported'")
                )
            )

    assert [tuple(row) for row in await engine.write(audited)] == [("his", visit.number)] * 2


async def test_without_a_system_everything_is_taken(engine: Engine, clock: Clock) -> None:
    await booked(engine, clock)
    system = open_his(HisOptions(), "", clock)
    assert isinstance(system, LocalHis)
    report = reporter(engine, system, clock, []).report
    assert [await report() for _ in range(3)] == [1, 1, 0]


async def test_steps_are_listed_in_order_for_a_system_that_asks(
    engine: Engine, clock: Clock
) -> None:
    await booked(engine, clock)
    listed = await engine.read(lambda tx: his.changes_after(tx, 0, 10))
    assert [change.new for change in listed] == ["held", "booked"]
    rest = await engine.read(lambda tx: his.changes_after(tx, listed[0].change_id, 10))
    assert rest == listed[1:]


CHANGE = Change(
    change_id=7, number="48213907", old="held", new="booked", at=datetime(2026, 11, 18, 2, tzinfo=UTC),
    actor="patient", reason=None, patient=3, doctor="D0101", department="cardio", day=DAY,
    part="morning", starts_at=datetime(2026, 11, 25, 1, tzinfo=UTC),
    ends_at=datetime(2026, 11, 25, 1, tzinfo=UTC) + timedelta(minutes=30), fee="22",
)  # fmt: skip


@pytest.fixture(scope="module")
def served() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def stand_in(served: Scripted) -> Callable[[Says], HttpHis]:
    """A system over HTTP that answers as told."""
    served.reset()

    def answering(says: Says) -> HttpHis:
        served.says(says)
        return HttpHis(HisOptions(url=served.base), KEY, lambda: CHANGE.at)

    return answering


async def test_a_step_is_posted_signed_with_its_id(
    stand_in: Callable[[Says], HttpHis], served: Scripted
) -> None:
    taken = await stand_in(Says(200, '{"reference": "H-1"}')).report(CHANGE)
    assert taken.reference == "H-1"
    (post,) = served.asked
    assert json.loads(post.body) == as_json(CHANGE)
    headers = post.headers
    assert headers["idempotency-key"] == "7"
    stamp = headers["x-daoyi-timestamp"]
    assert headers["x-daoyi-signature"] == sign(KEY.encode(), stamp, post.body)


@pytest.mark.parametrize(
    ("says", "error", "code"),
    [
        (Says(422, '{"code": "sold"}'), Refused, "sold"),
        (Says(422, "no"), Refused, "his_422"),
        (Says(422, '{"code": "her name is 王芳"}'), Refused, "his_422"),
        (Says(429, "", {"retry-after": "30"}), TryLater, "his_429"),
        (Says(500, ""), TryLater, "his_500"),
        (Says(401, ""), NeedsOperator, "his_401"),
        (Says(400, ""), NeedsOperator, "his_400"),
        (Says(302, ""), NeedsOperator, "his_302"),
        (Says(404, ""), NeedsOperator, "his_404"),
    ],
)
async def test_an_answer_says_what_may_be_done(
    stand_in: Callable[[Says], HttpHis], says: Says, error: type[SendError], code: str
) -> None:
    with pytest.raises(error) as raised:
        await stand_in(says).report(CHANGE)
    assert raised.value.code == code
    assert type(raised.value) is error


async def test_nobody_there_is_tried_later() -> None:
    with pytest.raises(TryLater):
        await HttpHis(HisOptions("http://127.0.0.1:9/"), KEY, lambda: CHANGE.at).report(CHANGE)


@pytest.mark.parametrize(
    ("options", "key", "words"),
    [
        (HisOptions(url="ftp://x"), KEY, "his.url"),
        (HisOptions(url="https://x", timeout=90.0), KEY, "his.timeout"),
        (HisOptions(url="https://x"), "short", "DAOYI_HIS_KEY"),
    ],
)
def test_a_setting_that_cannot_work_is_named(options: HisOptions, key: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        check_his(options, key, "config.toml: his")


def test_without_a_system_no_key_is_needed() -> None:
    check_his(HisOptions(), "", "config.toml: his")
