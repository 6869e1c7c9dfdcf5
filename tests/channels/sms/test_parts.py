"""How long a text is, before it is sent; what counts as a phone number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.sms import e164, parts
from bot.channels.sms_providers.base import Encoding
from tests.channels.sms.shared import opened

GSM, UCS = Encoding.GSM7, Encoding.UCS2

PARTS = [
    pytest.param("a" * 160, "", GSM, 160, 1, id="160 letters are one message"),
    pytest.param("a" * 161, "", GSM, 161, 2, id="161 letters are two"),
    pytest.param("a" * 306, "", GSM, 306, 2, id="153 letters fit into a part"),
    pytest.param("a" * 307, "", GSM, 307, 3, id="one more needs another part"),
    pytest.param("中" * 70, "", UCS, 70, 1, id="70 characters are one message"),
    pytest.param("中" * 71, "", UCS, 71, 2, id="71 characters are two"),
    pytest.param("中" * 134, "", UCS, 134, 2, id="67 characters fit into a part"),
    pytest.param("中" * 135, "", UCS, 135, 3, id="one more character needs another part"),
    pytest.param("€" * 80, "", GSM, 160, 1, id="a euro sign counts two"),
    pytest.param("€" * 81, "", GSM, 162, 2, id="81 euro signs are two messages"),
    pytest.param("😀" * 35, "", UCS, 70, 1, id="an emoji counts two"),
    pytest.param("a" * 69 + "，", "", UCS, 70, 1, id="one full-width comma changes the alphabet"),
    pytest.param("a" * 70 + "，", "", UCS, 71, 2, id="and may double the price"),
    pytest.param("中" * 64, "示范医院", UCS, 70, 1, id="the signature is counted"),
    pytest.param("中" * 65, "示范医院", UCS, 71, 2, id="and may need a part of its own"),
    pytest.param("a" * 100, "Clinic", UCS, 108, 2, id="its brackets make every text UCS-2"),
]


@pytest.mark.parametrize(("text", "signature", "encoding", "units", "count"), PARTS)
def test_a_text_costs(
    text: str, signature: str, encoding: Encoding, units: int, count: int
) -> None:
    cost = parts(text, signature)
    assert (cost.encoding, cost.units, cost.parts) == (encoding, units, count)


@given(text=st.text(min_size=1, max_size=700))
def test_a_longer_text_never_costs_less(text: str) -> None:
    whole, less = parts(text), parts(text[:-1] or text)
    assert whole.parts >= less.parts
    assert whole.units >= less.units
    assert whole.parts >= 1


NUMBERS = [
    pytest.param("13800000001", "CN", "+8613800000001", id="as people write it in China"),
    pytest.param("8613800000001", "CN", "+8613800000001", id="with the country, without the plus"),
    pytest.param("+8613800000001", "US", "+8613800000001", id="a named country wins"),
    pytest.param("008613800000001", "CN", "+8613800000001", id="with 00"),
    pytest.param("138 0000 0001", "CN", "+8613800000001", id="with spaces"),
    pytest.param("１３８００００００01", "CN", "+8613800000001", id="in full-width digits"),
    pytest.param(
        "(415) 555-0132", "US", "+14155550132", id="as people write it in the United States"
    ),
    pytest.param("91234567", "HK", "+85291234567", id="as people write it in Hong Kong"),
    pytest.param("10086", "CN", None, id="a service's short number is no patient"),
    pytest.param("1069000012345678", "CN", None, id="nor is a company's long one"),
    pytest.param("HOSPITAL", "CN", None, id="nor is a word"),
    pytest.param("whatsapp:+8613800000001", "CN", None, id="nor is another platform's address"),
    pytest.param("call 13800000001", "CN", None, id="nor is a text with a number in it"),
    pytest.param("", "CN", None, id="nor is nothing"),
    pytest.param("+86", "CN", None, id="nor is a country alone"),
]


@pytest.mark.parametrize(("raw", "region", "number"), NUMBERS)
def test_a_number_in_e164(raw: str, region: str, number: str | None) -> None:
    assert e164(raw, region) == number


@given(raw=st.text(max_size=60))
def test_any_text_is_a_number_or_none(raw: str) -> None:
    number = e164(raw, "CN")
    assert number is None or (number.startswith("+") and number[1:].isascii())
    assert number is None or e164(number, "US") == number, "and stays the same"


def test_the_core_splits_by_parts_with_the_signature() -> None:
    channel = opened(
        {"provider": "kannel", "username": "daoyi", "signature": "示范医院", "max_parts": 2},
        {"password": "p", "hook_secret": "s" * 16},
    )
    limits = channel.limits
    assert limits.text == 2
    assert (limits.measure("中" * 64), limits.measure("中" * 65), limits.measure("中" * 129)) == (
        1,
        2,
        3,
    )
    assert limits.measure("") == 1
    assert (limits.buttons, limits.join, limits.private, limits.pull) == (0, True, False, False)
