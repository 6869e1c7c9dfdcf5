"""What proves that a phone and a conversation are in the same hands (pure).

A code goes to the phone; whoever types it in the conversation that asked holds both. Everything that
limits guessing, nagging and mixing up people is decided here.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

#: How long a code is good for.
CODE_FOR = timedelta(minutes=5)
#: How many guesses a code survives; the last may still be right.
TRIES = 5
DIGITS = 6
#: At most so many codes within so long, for a phone and for a conversation.
RATES = (
    (timedelta(minutes=1), 1),
    (timedelta(hours=1), 5),
    (timedelta(days=1), 10),
)
#: At most so many codes an hour for everybody together: what an attack may cost the hospital.
ALL_RATE = (timedelta(hours=1), 300)
#: How many of the last codes must be known to decide.
REMEMBERED = max(most for _, most in RATES)

_CODE = re.compile(r"(?<![\d+])(?<!\d[ -])(\d{3}[ -]?\d{3})(?![\d]|[ -]\d)")
_NEW_CODE = re.compile(
    r"新.{0,3}验证码|重新?[发获取]|再[发要来]|没.{0,2}收到|换一个|new code|another code|re-?send|"
    r"send (?:it|the code|a code)? ?again|(?:did ?n.?t|not) (?:get|receive|arrive)",
    re.IGNORECASE,
)


class Problem(StrEnum):
    """Why no code can be sent to what somebody typed."""

    NONE = "none"  # there is no phone number in it
    NOT_MOBILE = "not_mobile"  # it rings, but takes no text messages
    SEVERAL = "several"


def phone_in(text: str, region: str | None) -> str | Problem:
    """Return the one phone in a text that can take a message, as E.164: +8613800138000.

    Args:
        region: whose numbers are meant where no country is named ("CN"); None where nobody's are.
    """
    import phonenumbers as phones  # noqa: PLC0415  (a tenth of a second, and few patients need it)

    plain = unicodedata.normalize("NFKC", text)
    found = phones.PhoneNumberMatcher(plain, region, leniency=phones.Leniency.VALID)
    kinds = {
        phones.format_number(match.number, phones.PhoneNumberFormat.E164): phones.number_type(
            match.number
        )
        for match in found
    }
    types = phones.PhoneNumberType
    texted = [
        number
        for number, kind in kinds.items()
        if kind in (types.MOBILE, types.FIXED_LINE_OR_MOBILE, types.UNKNOWN)
    ]
    if len(texted) > 1:
        return Problem.SEVERAL
    return texted[0] if texted else Problem.NOT_MOBILE if kinds else Problem.NONE


def code_in(text: str) -> str | None:
    """Return the one code in a text, however its digits are written; None where there is none."""
    found = {re.sub(r"\D", "", code) for code in _CODE.findall(unicodedata.normalize("NFKC", text))}
    return found.pop() if len(found) == 1 else None


def asks_again(text: str) -> bool:
    """Say whether somebody who waits for a code asks for another one."""
    return _NEW_CODE.search(unicodedata.normalize("NFKC", text)) is not None


def has_digits(text: str) -> bool:
    """Say whether a text may be meant as a number at all."""
    return any(character.isdigit() for character in unicodedata.normalize("NFKC", text))


def ends(phone: str) -> str:
    """Return what of a phone may be shown in a conversation: its last four digits."""
    return phone[-4:]


def wait_for(now: datetime, sent: Sequence[datetime]) -> timedelta:
    """Return how long to wait before another code may go; zero where one may go now.

    Args:
        sent: when the last codes went, to one phone or from one conversation, in any order; the last
            `REMEMBERED` are enough.
    """
    return max((_wait(now, sent, window, most) for window, most in RATES), default=timedelta())


def wait_for_all(now: datetime, earlier: datetime | None) -> timedelta:
    """Return the same for everybody together.

    Args:
        earlier: when the code went that is `ALL_RATE` codes back; None where there are fewer.
    """
    return max(timedelta(), earlier + ALL_RATE[0] - now) if earlier else timedelta()


def _wait(now: datetime, sent: Sequence[datetime], window: timedelta, most: int) -> timedelta:
    inside = sorted(at for at in sent if at > now - window)
    return inside[-most] + window - now if len(inside) >= most else timedelta()


def minutes(wait: timedelta) -> int:
    """Return a wait as whole minutes that are surely enough, at least one."""
    return max(1, -(-int(wait.total_seconds() + 0.999) // 60))


def may_join(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Say whether two cards can be of one person: no field is filled in both with different words."""
    return all(not one[name] or not other[name] or one[name] == other[name] for name in one)


def order_of(words: str | None, known: Sequence[str]) -> str | None:
    """Return an order of channels as it is kept, "sms wechat"; None for the hospital's own.

    Raises:
        ValueError: a channel is not known, or named twice.
    """
    names = (words or "").split()
    if len(set(names)) != len(names) or not set(names) <= set(known):
        raise ValueError("unknown or repeated channel")
    return " ".join(names) or None
