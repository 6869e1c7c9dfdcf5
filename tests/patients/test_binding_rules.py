"""Which phone is meant, how often a code may go, whose card a person gets: tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.patients.binding_rules import (
    ALL_RATE,
    RATES,
    REMEMBERED,
    Problem,
    asks_again,
    code_in,
    ends,
    may_join,
    minutes,
    order_of,
    phone_in,
    wait_for,
    wait_for_all,
)

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
OURS = "+8613800138000"


@pytest.mark.parametrize(
    ("text", "region", "phone"),
    [
        pytest.param("13800138000", "CN", OURS, id="as everybody writes it"),
        pytest.param("138 0013 8000", "CN", OURS, id="with spaces"),
        pytest.param("138-0013-8000", "CN", OURS, id="with hyphens"),
        pytest.param("１３８００１３８０００", "CN", OURS, id="in wide digits"),
        pytest.param("我的手机号是13800138000，谢谢", "CN", OURS, id="inside a sentence"),
        pytest.param("8613800138000", "CN", OURS, id="with the country, without the plus"),
        pytest.param("0086 13800138000", "CN", OURS, id="as one dials it from abroad"),
        pytest.param("13800138000，就是13800138000", "CN", OURS, id="the same number twice is one"),
        pytest.param("办公室010-12345678，手机13800138000", "CN", OURS, id="the mobile of two"),
        pytest.param("+852 9123 4567", "CN", "+85291234567", id="of another country"),
        pytest.param("+8613800138000", None, OURS, id="with its country where none is ours"),
        pytest.param(
            "(415) 555-2671", "US", "+14155552671", id="where lines and mobiles look alike"
        ),
        pytest.param("13800138000", None, Problem.NONE, id="without a country nobody knows whose"),
        pytest.param("1380013800", "CN", Problem.NONE, id="one digit short"),
        pytest.param("138001380001", "CN", Problem.NONE, id="one digit too many"),
        pytest.param("110101199003078888", "CN", Problem.NONE, id="an identity card"),
        pytest.param("123456", "CN", Problem.NONE, id="a code"),
        pytest.param("1", "CN", Problem.NONE, id="a choice"),
        pytest.param("停车多少钱", "CN", Problem.NONE, id="a question"),
        pytest.param("", "CN", Problem.NONE, id="nothing"),
        pytest.param("010-12345678", "CN", Problem.NOT_MOBILE, id="a landline"),
        pytest.param("4008001234", "CN", Problem.NOT_MOBILE, id="a service line"),
        pytest.param("13800138000或13900139000", "CN", Problem.SEVERAL, id="two mobiles"),
    ],
)
def test_a_phone_is_read_as_people_write_it(
    text: str, region: str | None, phone: str | Problem
) -> None:
    assert phone_in(text, region) == phone


@given(text=st.text(max_size=200), region=st.sampled_from(["CN", "US", "GB", None]))
def test_no_text_breaks_the_reading_of_a_number(text: str, region: str | None) -> None:
    found = phone_in(text, region)
    assert isinstance(found, Problem) or (found[0] == "+" and found[1:].isdigit())
    code = code_in(text)
    assert code is None or (len(code) == 6 and code.isdigit())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("123456", "123456", id="as it stands"),
        pytest.param(" 123 456 ", "123456", id="with a space"),
        pytest.param("123-456", "123456", id="with a hyphen"),
        pytest.param("１２３４５６", "123456", id="in wide digits"),
        pytest.param("验证码是012345。", "012345", id="inside a sentence"),
        pytest.param("123456 123456", None, id="two in a row are no code"),
        pytest.param("12345", None, id="too short"),
        pytest.param("1234567", None, id="too long"),
        pytest.param("13800138000", None, id="a phone"),
        pytest.param("+12345", None, id="a piece of a phone"),
        pytest.param("1", None, id="a choice"),
        pytest.param("一二三四五六", None, id="words"),
        pytest.param("123456 or 654321", None, id="two codes"),
        pytest.param("123 456 789", None, id="more than a code"),
    ],
)
def test_a_code_is_six_digits_and_nothing_else(text: str, code: str | None) -> None:
    assert code_in(text) == code


@pytest.mark.parametrize(
    ("text", "asks"),
    [("新验证码", True), ("没收到", True), ("重发一个", True), ("换一个", True), ("new code", True),
     ("I did not get it", True), ("resend please", True), ("123456", False), ("好的", False)],
)  # fmt: skip
def test_asking_for_another_code(text: str, asks: bool) -> None:
    assert asks_again(text) is asks


def ago(*minutes_: float) -> list[datetime]:
    return [NOW - timedelta(minutes=n) for n in minutes_]


@pytest.mark.parametrize(
    ("sent", "wait"),
    [
        pytest.param([], 0, id="the first goes"),
        pytest.param(ago(0.5), 0.5, id="one a minute"),
        pytest.param(ago(1), 0, id="a minute later it goes"),
        pytest.param(ago(2, 12, 22, 32, 42), 18, id="five an hour"),
        pytest.param(ago(2, 12, 22, 32), 0, id="the fifth goes"),
        pytest.param(ago(*range(70, 770, 70)), 1440 - 700, id="ten a day"),
        pytest.param(ago(*range(70, 700, 70)), 0, id="the tenth goes"),
        pytest.param(ago(*range(1440, 1450)), 0, id="yesterday is over"),
    ],
)
def test_codes_have_limits(sent: list[datetime], wait: float) -> None:
    assert wait_for(NOW, sent) == timedelta(minutes=wait)
    assert wait_for(NOW, sent[::-1]) == timedelta(minutes=wait), "in whatever order"


@given(gaps=st.lists(st.integers(0, 7_200), min_size=1, max_size=60))
def test_no_pace_of_asking_gets_more_than_the_limits(gaps: list[int]) -> None:
    now, sent = NOW, list[datetime]()
    for gap in gaps:
        now += timedelta(seconds=gap)
        wait = wait_for(now, sent[-REMEMBERED:])
        if not wait:
            sent.append(now)
        else:
            assert not wait_for(now + wait, sent[-REMEMBERED:]), "the wait that is told is enough"
    for window, most in RATES:
        for at in sent:
            assert sum(at - window < other <= at for other in sent) <= most


@pytest.mark.parametrize(
    ("earlier", "wait"),
    [
        pytest.param(None, 0, id="fewer than the cap"),
        pytest.param(NOW - timedelta(minutes=59), 1, id="the cap is reached"),
        pytest.param(NOW - timedelta(hours=1), 0, id="an hour later it goes"),
    ],
)
def test_everybody_together_has_a_limit(earlier: datetime | None, wait: int) -> None:
    assert ALL_RATE[1] > REMEMBERED
    assert wait_for_all(NOW, earlier) == timedelta(minutes=wait)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, 1), (1, 1), (59, 1), (60, 1), (60.5, 2), (61, 2), (3_600, 60)]
)
def test_a_wait_is_told_in_minutes_that_are_enough(seconds: float, told: int) -> None:
    assert minutes(timedelta(seconds=seconds)) == told


CARD: dict[str, object] = {"name": "欧阳", "phone": None, "document": None, "health_note": None}


@pytest.mark.parametrize(
    ("other", "may"),
    [
        pytest.param(CARD, True, id="the same words"),
        pytest.param(dict.fromkeys(CARD), True, id="an empty card"),
        pytest.param(
            {**CARD, "name": None, "document": "1"}, True, id="what the other leaves open"
        ),
        pytest.param({**CARD, "name": "欧阳修"}, False, id="another name"),
    ],
)
def test_only_cards_that_agree_are_one_persons(other: dict[str, object], may: bool) -> None:
    assert may_join(CARD, other) is may
    assert may_join(other, CARD) is may


@pytest.mark.parametrize(
    ("words", "kept"),
    [("sms wechat", "sms wechat"), ("  sms ", "sms"), ("", None), (None, None)],
)
def test_an_order_of_channels(words: str | None, kept: str | None) -> None:
    assert order_of(words, ("wechat", "sms")) == kept


@pytest.mark.parametrize("words", ["fax", "sms sms", "sms;wechat"])
def test_an_order_of_channels_names_known_ones_once(words: str) -> None:
    with pytest.raises(ValueError, match="unknown or repeated"):
        order_of(words, ("wechat", "sms"))


def test_only_the_end_of_a_phone_is_shown() -> None:
    assert ends(OURS) == "8000"
