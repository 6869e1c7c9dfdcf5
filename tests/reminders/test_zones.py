"""Where somebody lives who never said so."""

from zoneinfo import ZoneInfo

import pytest
from phonenumbers.tzdata import TIMEZONE_DATA

from bot.reminders.zones import zone_of


@pytest.mark.parametrize(
    ("user", "zone"),
    [
        pytest.param("+8613800000001", "Asia/Shanghai", id="the mainland"),
        pytest.param("+85291234567", "Asia/Hong_Kong", id="Hong Kong"),
        pytest.param("+33612345678", "Europe/Paris", id="France"),
        pytest.param("+819012345678", "Asia/Tokyo", id="Japan"),
        pytest.param("+12025550123", None, id="an area code tells where a number was bought"),
        pytest.param("+79161234567", None, id="eleven zones"),
        pytest.param("+34612345678", None, id="the Canaries have another"),
        pytest.param("+88212345", None, id="no country"),
        pytest.param("13800000001", None, id="no country named"),
        pytest.param("not a number", None, id="nothing"),
        pytest.param("", None, id="empty"),
    ],
)
def test_a_country_with_one_zone_tells(user: str, zone: str | None) -> None:
    assert zone_of("sms", user) == zone


def test_other_addresses_tell_nothing() -> None:
    for channel in ("wechat", "telegram", "webchat"):
        assert zone_of(channel, "+8613800000001") is None


def test_every_zone_that_may_come_out_is_known_here() -> None:
    for zones in TIMEZONE_DATA.values():
        if len(zones) == 1 and zones[0] != "Etc/Unknown":
            ZoneInfo(zones[0])
