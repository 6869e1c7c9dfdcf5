"""RM-14: when many lose their visit at once, they are not all sent to the same three places."""

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.appointments.model import ClinicView, FreeSlot
from bot.appointments.stopped.spreading import OFFERED, offered
from tests.helpers.booking import at

DAY = date(2026, 11, 25)


def clinic(key: int, *, doctor: str = "doc-1", tier: str = "expert", day: date = DAY) -> ClinicView:
    start = at(day, "08:00")
    return ClinicView(
        clinic_id=key, doctor=doctor, department="dept-heart", campus="main", date=day,
        part="morning", starts_at=start, ends_at=start + timedelta(hours=4), room="301", tier=tier,
        fee=Decimal(22), doctor_name="李", doctor_name_en="Li", title="", title_en="",
        department_name="心内科", department_name_en="Cardiology", place="", place_en="",
        status="on", reason=None, released_at=start, cancel_until=start,
    )  # fmt: skip


def slots(view: ClinicView, *left: int) -> list[FreeSlot]:
    def begins(n: int) -> datetime:
        return view.starts_at + timedelta(minutes=30 * n)

    return [
        FreeSlot(
            slot_id=view.clinic_id * 100 + n, starts_at=begins(n), ends_at=begins(n + 1), left=many,
            clinic=view,
        )
        for n, many in enumerate(left)
    ]  # fmt: skip


OFF = clinic(1)
SAME = slots(clinic(2, day=DAY + timedelta(days=7)), 1, 1)
LIKE = slots(clinic(3, doctor="doc-2"), 2)
OTHER = slots(clinic(4, doctor="doc-3", tier="general", day=DAY + timedelta(days=1)), 1, 1, 1)


def test_the_first_choice_is_the_same_doctor_then_the_same_kind() -> None:
    free = [*OTHER, *LIKE, *SAME]
    firsts = [offered(free, OFF, rank)[0].clinic.clinic_id for rank in range(7)]
    assert firsts == [2, 2, 3, 3, 4, 4, 4]
    assert [one.clinic.clinic_id for one in offered(free, OFF, 0)] == [2, 3, 4]


def test_other_days_come_before_the_same_day() -> None:
    third = slots(clinic(5, doctor="doc-4", day=DAY + timedelta(days=7)), 1)
    chosen = offered([*SAME, *third, *OTHER], OFF, 0)
    assert [one.clinic.clinic_id for one in chosen] == [2, 4, 5]


def test_one_clinic_alone_offers_three_of_its_times() -> None:
    alone = slots(clinic(2, day=DAY + timedelta(days=7)), 1, 1, 1, 1)
    assert len({one.slot_id for one in offered(alone, OFF, 2)}) == OFFERED
    assert offered([], OFF, 0) == []


@given(
    left=st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=4), min_size=1, max_size=5),
    many=st.integers(1, 60),
)
def test_no_place_is_the_first_choice_of_more_than_it_can_take(
    left: list[list[int]], many: int
) -> None:
    free = [
        slot
        for key, seats in enumerate(left, 2)
        for slot in slots(
            clinic(key, doctor=f"doc-{key % 3}", day=DAY + timedelta(days=key)), *seats
        )
    ]
    seats = {slot.slot_id: slot.left for slot in free}
    told = [offered(free, OFF, rank) for rank in range(many)]
    for chosen in told:
        keys = [slot.slot_id for slot in chosen]
        assert len(set(keys)) == len(keys) == min(OFFERED, len(free))
    firsts = Counter(chosen[0].slot_id for chosen in told[: sum(seats.values())])
    assert all(firsts[key] <= seats[key] for key in seats)
