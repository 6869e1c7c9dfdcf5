"""Every refusal has its own words and a way on; every text about a visit names what matters."""

from pathlib import Path

import pytest

from bot.app import Content
from bot.appointments.model import Refusal
from bot.appointments.options import BookingOptions
from bot.dialogue.wording import Wording
from bot.hospital.live import LiveHospital
from bot.hospital.model import Hospital
from tests.dialogue.booking_texts import BOOKING

REPLIES = Path(__file__).parents[2] / "templates" / "replies"
LANGUAGES = ("zh-CN", "en")
OF_CLINICS = {Refusal.FULL, Refusal.STOPPED, Refusal.UNRELEASED, Refusal.CLOSED}
#: Said by `booking/expired`, with the place kept once more or others instead.
OF_HOLDS = {Refusal.EXPIRED}
ALL = set(Refusal) - OF_CLINICS - OF_HOLDS
WAYS = {
    "zh-CN": ("换", "人工", "绑定", "挂号", "预约台", "我的预约"),
    "en": ("another", "agent", "Link", "desk", "book", "my visits"),
}


@pytest.fixture(scope="module")
def wording(content: Content) -> Wording:
    return Wording(REPLIES, content.catalog)


@pytest.fixture(scope="module")
def live(demonstration: Hospital) -> LiveHospital:
    return LiveHospital(demonstration, 0, BookingOptions())


def said(wording: Wording, live: LiveHospital, lang: str, name: str, **values: object) -> str:
    case = BOOKING[name][0] | values
    return wording.text(name, lang, {"h": live.info(lang), **case})


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_refusal_has_its_own_words_and_a_way_on(
    lang: str, wording: Wording, live: LiveHospital
) -> None:
    own = {why: said(wording, live, lang, "booking/refused", why=why.value) for why in ALL}
    own |= {
        why: said(wording, live, lang, "booking/refused_clinic", why=why.value, slots=[])
        for why in OF_CLINICS
    }
    texts = {why: text for why, text in own.items() if why is not Refusal.NO_STEP}
    assert len(set(texts.values())) == len(texts)
    for why, text in own.items():
        assert any(way in text for way in WAYS[lang]), why


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["booking/confirm", "booking/booked"])
def test_a_visit_is_told_with_all_that_matters(
    name: str, lang: str, wording: Wording, live: LiveHospital
) -> None:
    text = said(wording, live, lang, name)
    case = BOOKING[name][0]
    for key in ("who", "doctor", "day", "window", "place", "fee", "cancel_until", "department"):
        assert str(case[key]) in text, key
