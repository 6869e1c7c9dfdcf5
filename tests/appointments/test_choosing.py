"""What words say about a visit, and which places are shown: nothing is guessed (I6)."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.appointments.booking.choosing import MOST_SHOWN, Said, at, read, spread
from bot.appointments.booking.drafts import Draft, draft_of
from bot.appointments.model import ClinicView, FreeSlot
from bot.dialogue.sessions import Session
from intents.names import Vocabulary

ZONE = ZoneInfo("Asia/Shanghai")
NAMES = Vocabulary({
    "department": {"heart": ("心内科", "cardiology"), "skin": ("皮肤科", "dermatology")},
    "doctor": {"li": ("李明远", "李主任", "dr li"), "li2": ("李华", "李主任"), "wu": ("吴静",)},
    "symptom": {"膝盖疼": ("膝盖疼", "knee pain")},
})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("心内科", {"departments": ("heart",)}),
        ("不是心内科，是皮肤科", {"departments": ("skin",), "elsewhere": ("heart",)}),
        ("not cardiology, dermatology", {"departments": ("skin",), "elsewhere": ("heart",)}),
        ("不要皮肤科", {"elsewhere": ("skin",)}),
        ("我叫李明远，想挂心内科", {"departments": ("heart",)}),
        ("My name is Dr Li", {}),
        ("我是李明远的病人", {"doctors": ("li",)}),
        ("不是给我", {"other": "person"}),
        ("不是我", {"other": "person"}),
        ("不要李明远，要吴静", {"doctors": ("wu",), "without": ("li",)}),
        ("李明远", {"doctors": ("li",)}),
        ("李主任", {"several": (("doctor", "li"), ("doctor", "li2"))}),
        ("心内科李主任", {"departments": ("heart",),
                       "several": (("doctor", "li"), ("doctor", "li2"))}),
        ("膝盖疼", {"symptoms": ("膝盖疼",)}),
        ("有没有便宜点的", {"cheaper": True}),
        ("太贵了", {"cheaper": True}),
        ("anything cheaper?", {"cheaper": True}),
        ("换个医生", {"other": "doctor"}),
        ("another doctor please", {"other": "doctor"}),
        ("换个科", {"other": "department"}),
        ("换个时间", {"other": "time"}),
        ("换个人", {"other": "person"}),
        ("专家号", {"tier": "expert"}),
        ("不要专家号，普通号就行", {"tier": "general"}),
        ("特需", {"tier": "special"}),
        ("更多", {"more": True}),
        ("好的约吧", {"agrees": True}),
        ("确认预约", {"agrees": True}),
        ("就这个吧", {"agrees": True}),
        ("yes please", {"agrees": True}),
        ("go ahead", {"agrees": True}),
        ("不约了", {"drops": True}),
        ("我不挂了", {"drops": True}),
        ("never mind", {"drops": True}),
        ("停车多少钱", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_what_words_say(text: str, said: dict[str, Any]) -> None:
    assert read(text, NAMES) == Said(**said)


@pytest.mark.parametrize("text", ["好？", "嗯……", "ok...", "确认吗", "yes?", "好。。。"])
def test_a_word_that_is_asked_or_left_hanging_agrees_to_nothing(text: str) -> None:
    said = read(text, NAMES)
    assert said.doubts
    assert not said.agrees


@pytest.mark.parametrize(
    "text",
    [
        "不要约", "先不约", "别约这个", "不确认", "好像不对", "确认一下医生是谁", "约的是哪天",
        "可以换一天吗", "好贵", "对了，停车怎么停", "yes or no?", "ok but another day", "don't book it",
        "is it right?", "不是这个", "等一下再确认",
    ],
)  # fmt: skip
def test_only_a_plain_yes_agrees(text: str) -> None:
    assert not read(text, NAMES).agrees


@given(st.text(max_size=80))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    said = read(text, NAMES)
    assert not (said.agrees and said.drops)


def clinic(number: int, day: int, fee: int) -> ClinicView:
    starts = datetime(2026, 11, day, 0, 0, tzinfo=UTC)
    return ClinicView(
        clinic_id=number, doctor=f"doctor{number}", department="heart", campus="main",
        date=date(2026, 11, day), part="morning", starts_at=starts,
        ends_at=starts + timedelta(hours=4), room="1", tier="expert", fee=Decimal(fee),
        doctor_name="李明远", doctor_name_en="Li Mingyuan", title="", title_en="",
        department_name="心内科", department_name_en="Cardiology", place="", place_en="", status="on",
        reason=None, released_at=starts, cancel_until=starts,
    )  # fmt: skip


def slot(view: ClinicView, place: int) -> FreeSlot:
    starts = view.starts_at + timedelta(minutes=30 * place)
    return FreeSlot(
        slot_id=view.clinic_id * 10 + place, starts_at=starts,
        ends_at=starts + timedelta(minutes=30), left=1, clinic=view,
    )  # fmt: skip


@st.composite
def free_slots(draw: st.DrawFn) -> list[FreeSlot]:
    days = draw(st.lists(st.integers(19, 28), min_size=1, max_size=6))
    views = [clinic(n, day, draw(st.sampled_from([10, 16, 22, 80]))) for n, day in enumerate(days)]
    slots = [slot(view, place) for view in views for place in range(draw(st.integers(1, 4)))]
    return sorted(slots, key=lambda one: (one.starts_at, one.slot_id))


@given(free_slots())
def test_what_is_shown_holds_the_nearest_and_the_cheapest(slots: list[FreeSlot]) -> None:
    shown = spread(slots)
    assert 1 <= len(shown) <= MOST_SHOWN
    assert len({one.slot_id for one in shown}) == len(shown)
    assert shown == sorted(shown, key=lambda one: (one.starts_at, one.slot_id))
    assert shown[0] == slots[0]
    assert min(one.clinic.fee for one in shown) == min(one.clinic.fee for one in slots)


def test_of_one_clinic_its_first_times_are_shown() -> None:
    slots = [slot(clinic(1, 20, 22), place) for place in range(8)]
    assert spread(slots) == slots[:MOST_SHOWN]


def test_a_time_is_found_by_the_hospital_s_clock() -> None:
    slots = [slot(clinic(1, 20, 22), place) for place in range(3)]  # 08:00, 08:30, 09:00
    assert at(slots, time(8, 30), ZONE) == slots[1]
    assert at(slots, time(8, 40), ZONE) == slots[1]
    assert at(slots, time(10, 0), ZONE) is None


def test_a_draft_survives_the_session_and_no_other_flow_s_is_taken() -> None:
    session = Session()
    draft = Draft(doctors=["li"], first="2026-11-20", last="2026-11-20", shown=[3], held=7)
    draft.keep(session)
    assert draft_of(session) == draft
    session.draft = {"flow": "waitlist", "held": 7}
    assert draft_of(session) is None
    assert draft_of(Session()) is None
