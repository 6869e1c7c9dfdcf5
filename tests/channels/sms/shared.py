"""What the tests of every provider of text messages share."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.channels.base import Tools
from bot.channels.sms import Sms, open_channel
from bot.errors import SendError
from bot.message import Address, Kind, Outbound, Sent, Template, Worded
from tests.channels.contract import ChannelContract

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
NUMBER = "+8613800000001"
SECRET = "hook-secret-of-the-tests"
PUBLIC = "https://hospital.example"
#: A text that must never come out anywhere but on the phone.
PRIVATE = "张小姐的复诊在周三上午"

TOOLS = Tools(lambda: NOW, "config.toml: channels.sms.main", public_url=PUBLIC, hospital="示范医院")


def opened(config: Mapping[str, Any], secrets: Mapping[str, str], tools: Tools = TOOLS) -> Sms:
    """Open an account as the application does."""
    return open_channel("main", config, secrets, tools)


def letter(
    text: str = PRIVATE,
    *,
    id: int = 7,  # noqa: A002
    to: str = NUMBER,
    template: Template | None = None,
    at: datetime | None = NOW - timedelta(minutes=5),
) -> Outbound:
    """Return a stored message."""
    worded = Worded(text, Kind.REMINDER, template=template)
    return Outbound(id, Address("sms", "main", to), worded, at=at)


async def outcome(channel: Sms, message: Outbound) -> Sent | SendError:
    """Send and return what became of it; nothing of the message may be in an error."""
    try:
        return await channel.send(message)
    except SendError as exc:
        _says_nothing(exc)
        return exc


async def found(channel: Sms, message: Outbound) -> Sent | SendError | None:
    """Look a message up and return what was found."""
    try:
        return await channel.look_up(message)
    except SendError as exc:
        _says_nothing(exc)
        return exc


def _says_nothing(exc: SendError) -> None:
    told = f"{exc} {exc.code} {exc.__cause__!r}"
    for secret in (PRIVATE, "13800000001", "of-the-tests", SECRET):
        assert secret not in told
    assert exc.code
    assert len(exc.code) <= 40


class SmsContract(ChannelContract):
    """The contract, with a phone number where a user is meant."""

    name = "sms"
    refuses = False

    #: What goes out; template-only providers need one.
    template: Template | None = None

    async def test_sending_says_what_became_of_it(self) -> None:
        sent = await self.channel().send(letter(template=type(self).template))
        assert isinstance(sent, Sent)

    async def test_a_bad_number_is_refused_without_saying_it(self) -> None:
        channel = self.channel()
        assert isinstance(channel, Sms)
        for bad in ("", "somebody", "+86", "110", "x" * 500):
            error = await outcome(channel, letter(to=bad, template=type(self).template))
            assert isinstance(error, SendError)
            assert (type(error).__name__, error.code) == ("Refused", "bad_number")
