"""Where somebody lives who never said so, as far as her address tells; pure."""

import phonenumbers
from phonenumbers.tzdata import TIMEZONE_DATA

#: The channels whose users are phone numbers.
_NUMBERS = frozenset({"sms"})


def zone_of(channel: str, user: str) -> str | None:
    """Return the zone of a phone number whose whole country has one; None: the hospital's counts.

    An area tells nothing where numbers are taken along: +1 202 may live in Honolulu.

    Args:
        user: the address on its channel, in E.164 where it is a phone number.
    """
    if channel not in _NUMBERS:
        return None
    try:
        number = phonenumbers.parse(user)
    except phonenumbers.NumberParseException:
        return None
    zones = TIMEZONE_DATA.get(str(number.country_code), ())
    return zones[0] if len(zones) == 1 and zones[0] != "Etc/Unknown" else None
