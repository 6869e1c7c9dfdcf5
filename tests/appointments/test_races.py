"""Many at once, over several connections to one database: one winner a seat, and never an error.

Each engine has a writer of its own, as each process has; the database alone stands between them.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from bot.appointments.model import Refusal, Visit
from bot.appointments.options import BookingOptions
from bot.appointments.service import Bookings
from bot.appointments.states import NEXT, State
from bot.store.booking_tables import Appointment, AppointmentChange, PatientTime
from bot.store.db import Engine, Tx
from tests.helpers.booking import ZONE, add_clinic, add_conversation, add_patient
from tests.helpers.desk import DAY, NOW

RACERS = 8
BOOKINGS = Bookings(BookingOptions(), ZONE)
_appointment = Appointment.__table__  # type: ignore[attr-defined]
_change = AppointmentChange.__table__  # type: ignore[attr-defined]
_time = PatientTime.__table__  # type: ignore[attr-defined]


@pytest.fixture
async def engines(open_engine: Callable[[], Engine]) -> AsyncIterator[list[Engine]]:
    """Four ways to write into one database."""
    opened = [open_engine() for _ in range(4)]
    yield opened
    for engine in opened:
        await engine.close()


async def people(engine: Engine, many: int) -> list[tuple[int, int]]:
    """Return so many conversations, each with its patient."""

    def make(tx: Tx) -> list[tuple[int, int]]:
        return [
            (add_conversation(tx, f"u{n}", NOW), add_patient(tx, f"人{n}", NOW))
            for n in range(many)
        ]

    return await engine.write(make)


async def clinic(engine: Engine, **more: Any) -> list[int]:
    return (await engine.write(lambda tx: add_clinic(tx, DAY, **more)))[1]


async def race(engines: Sequence[Engine], ops: Sequence[Callable[[Tx], Any]]) -> list[Any]:
    """Start every operation at once, dealt out to the engines; return what each was answered."""
    waiting: list[Awaitable[Any]] = [
        engines[number % len(engines)].write(op) for number, op in enumerate(ops)
    ]
    return list(await asyncio.gather(*waiting))


def takes(slot_id: int, conversation_id: int, patient_id: int) -> Callable[[Tx], Any]:
    """Hold and confirm in one go, as a patient who is quick."""

    def op(tx: Tx) -> Visit | Refusal:
        held = BOOKINGS.hold(tx, slot_id, conversation_id, NOW, patient_id=patient_id)
        if isinstance(held, Refusal):
            return held
        return BOOKINGS.confirm(tx, held.appointment_id, conversation_id, NOW)

    return op


async def rows(engine: Engine, table: Any) -> list[Any]:
    def read(tx: Tx) -> list[Any]:
        with tx.session() as session:
            return list(session.execute(sa.select(table).order_by(*table.primary_key)))

    return await engine.read(read)


async def add_up(engine: Engine) -> None:
    """Check what must be true after any race."""
    visits = await rows(engine, _appointment)
    taken = [(row.slot_id, row.seat) for row in visits if row.seat is not None]
    assert len(set(taken)) == len(taken)
    assert all(row.seat is None or 1 <= row.seat <= row.capacity for row in visits)
    at: dict[int, str] = {}
    for step in await rows(engine, _change):
        assert step.old == at.get(step.appointment_id, "")
        assert step.old == "" or State(step.new) in NEXT[State(step.old)]
        at[step.appointment_id] = step.new
    assert at == {row.id: row.state for row in visits}


async def test_one_slot_has_as_many_winners_as_places(engines: list[Engine]) -> None:
    slot_id = (await clinic(engines[0], capacity=3))[0]
    crowd = await people(engines[0], RACERS * 4)
    told = await race(engines, [takes(slot_id, *who) for who in crowd])
    booked = [one for one in told if isinstance(one, Visit)]
    assert [one.state for one in booked] == [State.BOOKED] * 3
    assert Counter(one for one in told if isinstance(one, Refusal)) == {
        Refusal.FULL: RACERS * 4 - 3
    }
    assert len({one.number for one in booked}) == 3
    await add_up(engines[0])


async def test_a_rush_on_many_slots_sells_each_place_once(engines: list[Engine]) -> None:
    """Everybody tries every slot in an order of her own: nobody waits in a circle, none is left over."""
    slots = await clinic(engines[0], slots=6, capacity=2)
    crowd = await people(engines[0], RACERS * 2)
    random = Random(4)  # noqa: S311  (the same orders every time)

    async def patient(engine: Engine, who: tuple[int, int]) -> list[Any]:
        order = random.sample(slots, len(slots))
        told = []
        for slot_id in order:
            told.append(await engine.write(takes(slot_id, *who)))
            if isinstance(told[-1], Visit):
                break
        return told

    told = await asyncio.gather(
        *(patient(engines[n % len(engines)], who) for n, who in enumerate(crowd))
    )
    assert sum(isinstance(one[-1], Visit) for one in told) == 12
    assert {answer for one in told for answer in one if isinstance(answer, Refusal)} == {
        Refusal.FULL
    }
    await add_up(engines[0])


async def test_a_patient_is_booked_into_one_of_two_places(engines: list[Engine]) -> None:
    """Her children book for her in the same minute, with different doctors."""
    slots = [
        (await clinic(engines[0], doctor=f"doc-{n}", department=f"dept-{n}"))[0]
        for n in range(RACERS)
    ]
    crowd = await people(engines[0], RACERS)
    mother = crowd[0][1]
    told = await race(
        engines, [takes(slot, who[0], mother) for slot, who in zip(slots, crowd, strict=True)]
    )
    assert Counter(type(one) for one in told) == {Visit: 1, Refusal: RACERS - 1}
    assert {one for one in told if isinstance(one, Refusal)} == {Refusal.CLASH}
    assert len(await rows(engines[0], _time)) == 2
    await add_up(engines[0])


async def test_limits_hold_in_a_race(engines: list[Engine]) -> None:
    """Three departments at three times of one day: two are her most."""
    slots = [
        (await clinic(engines[0], doctor=f"doc-{part}", department=f"dept-{part}", part=part))[0]
        for part in ("morning", "afternoon", "evening")
    ]
    crowd = await people(engines[0], 3)
    mother = crowd[0][1]
    told = await race(
        engines, [takes(slot, who[0], mother) for slot, who in zip(slots, crowd, strict=True)]
    )
    assert Counter(one if isinstance(one, Refusal) else "booked" for one in told) == {
        "booked": 2, Refusal.PER_DAY: 1,
    }  # fmt: skip


async def test_the_same_request_many_times_is_one_visit(engines: list[Engine]) -> None:
    slots = await clinic(engines[0], capacity=5)
    ((conversation_id, patient_id),) = await people(engines[0], 1)

    def tap(tx: Tx) -> Visit | Refusal:
        return BOOKINGS.hold(
            tx, slots[0], conversation_id, NOW, patient_id=patient_id, request_key="inbox:7"
        )

    told = await race(engines, [tap] * RACERS)
    assert len({one.appointment_id for one in told}) == 1
    first = told[0].appointment_id
    again = await race(
        engines, [lambda tx: BOOKINGS.confirm(tx, first, conversation_id, NOW)] * RACERS
    )
    assert {one.state for one in again} == {State.BOOKED}
    assert [row.new for row in await rows(engines[0], _change)] == ["held", "booked"]


async def test_confirmation_end_and_cancellation_have_one_winner(engines: list[Engine]) -> None:
    """I-05, at the very minute the hold ends: whoever is first is right, and all agree after."""
    slots = await clinic(engines[0], slots=6, capacity=1)
    crowd = await people(engines[0], len(slots))
    end = NOW + timedelta(minutes=BOOKINGS.options.hold_minutes)
    for slot_id, (who, patient_id) in zip(slots, crowd, strict=True):

        def hold(tx: Tx, s: int = slot_id, c: int = who, p: int = patient_id) -> Visit | Refusal:
            return BOOKINGS.hold(tx, s, c, NOW, patient_id=p)

        held = await engines[0].write(hold)
        assert isinstance(held, Visit)
        one = held.appointment_id
        last = end - timedelta(seconds=1)
        ops: list[Callable[[Tx], Any]] = [
            partial(BOOKINGS.confirm, appointment_id=one, conversation_id=who, now=last),
            partial(BOOKINGS.expire, now=end),
            partial(BOOKINGS.cancel, appointment_id=one, now=NOW, actor="patient"),
            partial(BOOKINGS.release, appointment_id=one, now=NOW),
        ]
        confirmed, expired, _, _ = await race(engines, ops)
        assert not (isinstance(confirmed, Visit) and expired)
    await add_up(engines[0])
