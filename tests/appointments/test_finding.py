"""What is free is what can be booked; what is offered instead is what is most like it."""

from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.appointments import finding
from bot.appointments.finding import Wanted
from bot.appointments.model import FreeSlot, Refusal, Visit
from tests.helpers.booking import ZONE, add_clinic, add_conversation, add_patient, at
from tests.helpers.desk import DAY, NOW, Desk

NEXT = timedelta(days=1)
_strangers = count()


def free(desk: Desk, now: datetime = NOW, limit: int = 20, **wanted: Any) -> list[FreeSlot]:
    options = desk.bookings.options
    return finding.free(desk.tx, Wanted(**wanted), now, options, ZONE, limit)


def told(slots: list[FreeSlot]) -> list[str]:
    """Return slots in short: `25 doc-1 08:30 x2`."""
    return [
        f"{one.clinic.date.day} {one.clinic.doctor} {one.starts_at.astimezone(ZONE):%H:%M} x{one.left}"
        for one in slots
    ]


@pytest.fixture
def week(desk: Desk) -> Desk:
    """Two departments, three doctors, a few days."""
    add_clinic(desk.tx, DAY, slots=2)
    add_clinic(desk.tx, DAY, part="afternoon", tier="special", campus="east")
    add_clinic(desk.tx, DAY + NEXT, doctor="doc-2", capacity=3, tier="general")
    add_clinic(desk.tx, DAY + 2 * NEXT, doctor="doc-3", department="dept-skin")
    return desk


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["25 doc-1 08:00 x1", "25 doc-1 08:30 x1", "25 doc-1 14:00 x1", "26 doc-2 08:00 x3",
              "27 doc-3 08:00 x1"]),
        ({"limit": 2}, ["25 doc-1 08:00 x1", "25 doc-1 08:30 x1"]),
        ({"doctors": ("doc-2",)}, ["26 doc-2 08:00 x3"]),
        ({"doctors": ("doc-2", "doc-3")}, ["26 doc-2 08:00 x3", "27 doc-3 08:00 x1"]),
        ({"doctors": ("doc-2",), "departments": ("dept-skin",)}, []),
        ({"departments": ("dept-skin",)}, ["27 doc-3 08:00 x1"]),
        ({"departments": ("dept-skin", "dept-heart"), "first": DAY + NEXT},
         ["26 doc-2 08:00 x3", "27 doc-3 08:00 x1"]),
        ({"first": DAY + NEXT, "last": DAY + NEXT}, ["26 doc-2 08:00 x3"]),
        ({"last": DAY, "part": "afternoon"}, ["25 doc-1 14:00 x1"]),
        ({"tier": "general"}, ["26 doc-2 08:00 x3"]),
        ({"campus": "east"}, ["25 doc-1 14:00 x1"]),
        ({"from_time": time(8, 30), "last": DAY}, ["25 doc-1 08:30 x1", "25 doc-1 14:00 x1"]),
        ({"to_time": time(8, 30), "last": DAY}, ["25 doc-1 08:00 x1"]),
        ({"from_time": time(9), "to_time": time(12)}, []),
        ({"first": date(2020, 1, 1), "last": date(2020, 1, 2)}, []),
    ],
)  # fmt: skip
def test_what_is_wanted(week: Desk, wanted: dict[str, Any], expected: list[str]) -> None:
    assert told(free(week, **wanted)) == expected


def test_the_soonest_of_clinics_that_overlap(desk: Desk) -> None:
    """Slots of two doctors, in turn, also where there are more than are asked for."""
    add_clinic(desk.tx, DAY, slots=3)
    add_clinic(desk.tx, DAY, doctor="doc-2", slots=3, starts_at=at(DAY, "08:00"))
    found = told(free(desk, limit=4))
    assert [one.removesuffix(" x1") for one in found] == [
        "25 doc-1 08:00", "25 doc-2 08:00", "25 doc-1 08:30", "25 doc-2 08:30",
    ]  # fmt: skip


def test_what_is_over_stopped_unreleased_or_not_online_is_not_free(desk: Desk) -> None:
    today = NOW.astimezone(ZONE).date()
    add_clinic(desk.tx, today, slots=6)
    add_clinic(desk.tx, DAY, status="stopped")
    add_clinic(desk.tx, DAY, doctor="doc-2", released_at=NOW + NEXT)
    add_clinic(desk.tx, DAY, doctor="doc-3", pool="window")
    add_clinic(desk.tx, DAY, doctor="doc-4", capacity=0)
    assert told(free(desk)) == ["18 doc-1 10:00 x1", "18 doc-1 10:30 x1"]
    late = at(today, "10:21")
    assert told(free(desk, now=late)) == ["18 doc-1 10:30 x1"], "the last minutes are closed"


WHY: list[tuple[str, list[dict[str, Any]], dict[str, Any], Refusal | None]] = [
    ("nothing-at-all", [], {}, None),
    ("full", [{"capacity": 0}], {}, Refusal.FULL),
    ("stopped", [{"status": "stopped"}], {}, Refusal.STOPPED),
    ("unreleased", [{"released_at": NOW + NEXT}], {}, Refusal.UNRELEASED),
    ("closed", [{"day": NOW.astimezone(ZONE).date()}], {}, Refusal.CLOSED),
    ("over", [{"day": NOW.astimezone(ZONE).date() - NEXT}], {}, None),
    ("full-and-stopped", [{"capacity": 0}, {"doctor": "d2", "status": "stopped"}], {}, Refusal.FULL),
    ("another-time", [{"capacity": 0}], {"from_time": time(15)}, None),
    ("another-part", [{"capacity": 0}], {"part": "evening"}, None),
    ("another-doctor", [{"capacity": 0}], {"doctors": ("doc-9",)}, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "wanted", "why"), [pytest.param(*case[1:], id=case[0]) for case in WHY]
)
def test_why_there_is_none(
    desk: Desk, made: list[dict[str, Any]], wanted: dict[str, Any], why: Refusal | None
) -> None:
    for values in made:
        add_clinic(desk.tx, **{"day": DAY, **values})
    options = desk.bookings.options
    assert free(desk, **wanted) == []
    assert finding.why_none(desk.tx, Wanted(**wanted), NOW, options, ZONE) is why


def test_every_clinic_is_told_whatever_its_state(desk: Desk) -> None:
    add_clinic(desk.tx, DAY + NEXT, status="stopped", reason="出差")
    add_clinic(desk.tx, DAY, capacity=0)
    add_clinic(desk.tx, NOW.date() - NEXT)
    found = finding.clinics(desk.tx, Wanted(), NOW, ZONE)
    assert [(one.date, one.status, one.reason) for one in found] == [
        (DAY, "on", None), (DAY + NEXT, "stopped", "出差"),
    ]  # fmt: skip
    assert finding.clinics(desk.tx, Wanted(), NOW, ZONE, limit=1) == found[:1]
    assert finding.clinic_of(desk.tx, found[0].clinic_id) == found[0]
    assert finding.clinic_of(desk.tx, 10**6) is None


def instead(desk: Desk, clinic_id: int, **more: Any) -> list[str]:
    view = finding.clinic_of(desk.tx, clinic_id)
    assert view is not None
    return told(finding.alternatives(desk.tx, view, NOW, desk.bookings.options, ZONE, **more))


def test_alternatives_are_the_same_doctor_then_the_same_kind_then_the_department(
    desk: Desk,
) -> None:
    gone, _ = add_clinic(desk.tx, DAY, status="stopped")
    add_clinic(desk.tx, DAY, doctor="doc-4", tier="general")
    add_clinic(desk.tx, DAY + NEXT, doctor="doc-5", department="dept-skin")
    add_clinic(desk.tx, DAY + 2 * NEXT, doctor="doc-2")
    add_clinic(desk.tx, DAY + 5 * NEXT, slots=3)
    assert instead(desk, gone) == ["30 doc-1 08:00 x1", "27 doc-2 08:00 x1", "25 doc-4 08:00 x1"]
    assert instead(desk, gone, limit=1) == ["30 doc-1 08:00 x1"]
    assert instead(desk, gone, not_with=("doc-1",))[0] == "27 doc-2 08:00 x1"


def test_alternatives_are_spread_over_days(desk: Desk) -> None:
    full, _ = add_clinic(desk.tx, DAY, capacity=0)
    add_clinic(desk.tx, DAY + NEXT, slots=4)
    add_clinic(desk.tx, DAY + NEXT, part="afternoon")
    assert instead(desk, full) == ["26 doc-1 08:00 x1", "26 doc-1 14:00 x1"]
    add_clinic(desk.tx, DAY + 2 * NEXT)
    add_clinic(desk.tx, DAY + 3 * NEXT, doctor="doc-2")
    assert instead(desk, full) == ["26 doc-1 08:00 x1", "27 doc-1 08:00 x1", "28 doc-2 08:00 x1"]


def test_another_time_of_the_same_clinic_is_the_best_alternative(desk: Desk) -> None:
    clinic_id, (first, _) = add_clinic(desk.tx, DAY, slots=2)
    desk.booked(first)
    assert instead(desk, clinic_id) == ["25 doc-1 08:30 x1"]


def test_a_place_that_somebody_waits_for_is_not_free(desk: Desk) -> None:
    clinic_id, slots = add_clinic(desk.tx, DAY, slots=2, capacity=2)
    desk.wait(clinic_id, desk.her, desk.hers)
    assert told(free(desk)) == ["25 doc-1 08:00 x2", "25 doc-1 08:30 x2"], "three are left for all"
    desk.booked(slots[0])
    assert told(free(desk)) == ["25 doc-1 08:00 x1", "25 doc-1 08:30 x2"]
    others = [
        (add_conversation(desk.tx, f"u{n}", NOW), add_patient(desk.tx, "某", NOW)) for n in range(2)
    ]
    desk.booked(slots[1], conversation_id=others[0][0], patient_id=others[0][1])
    assert told(free(desk)) == ["25 doc-1 08:00 x1", "25 doc-1 08:30 x1"]
    desk.booked(slots[1], conversation_id=others[1][0], patient_id=others[1][1])
    assert free(desk) == []
    assert finding.slots_of(desk.tx, clinic_id, NOW, desk.bookings.options, ZONE) == []


_CLINICS = st.lists(
    st.fixed_dictionaries(
        {
            "capacity": st.integers(0, 2),
            "slots": st.integers(1, 3),
            "status": st.sampled_from(["on", "on", "on", "stopped"]),
            "pool": st.sampled_from(["online", "online", "window"]),
            "released_at": st.sampled_from([NOW, NOW + NEXT]),
            "day": st.sampled_from([DAY, DAY + NEXT, NOW.astimezone(ZONE).date()]),
            "waiting": st.integers(0, 2),
        }
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@settings(max_examples=25)
@given(made=_CLINICS, taken=st.lists(st.integers(0, 8), max_size=4))
def test_free_is_exactly_what_can_be_held(
    desk: Desk, made: list[dict[str, Any]], taken: list[int]
) -> None:
    """Whatever is told as free can be taken, and whatever can be taken was told."""
    raw = desk.tx._link.raw
    raw.execute("SAVEPOINT example")
    every: list[int] = []
    for number, values in enumerate(made):
        waiting = values["waiting"]
        rest = {key: value for key, value in values.items() if key != "waiting"}
        clinic_id, slots = add_clinic(desk.tx, doctor=f"doc-{number}", **rest)
        every += slots
        for place in range(waiting):
            somebody = add_patient(desk.tx, f"候{place}", NOW)
            desk.wait(clinic_id, somebody, desk.hers)
    for number in taken:
        stranger = add_conversation(desk.tx, f"t{next(_strangers)}", NOW)
        desk.hold(every[number % len(every)], conversation_id=stranger, patient_id=None)
    told_free = {one.slot_id for one in free(desk, limit=1_000)}
    can = set()
    for slot_id in every:
        raw.execute("SAVEPOINT try")
        if isinstance(desk.hold(slot_id, patient_id=None), Visit):
            can.add(slot_id)
        raw.execute("ROLLBACK TO SAVEPOINT try")
    raw.execute("ROLLBACK TO SAVEPOINT example")
    assert told_free == can
