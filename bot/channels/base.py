"""The contract of a channel: five members, one vocabulary of values.

A channel verifies and parses what its platform posts, acknowledges it in the platform's form, and
sends. It never stores, never understands, and imports neither the database nor another channel.
`tests/channels/contract.py` holds every channel to these words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.message import Inbound, Outbound, Sent, Worded


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel can carry.

    Attributes:
        text: characters in one message.
        buttons: how many buttons a message may have; 0 means digits in the text instead.
        pull: the other side reads its messages from us; storing one is sending it.
    """

    text: int = 4_000
    buttons: int = 0
    pull: bool = False


@dataclass(frozen=True, slots=True)
class HookRequest:
    """What a platform posted: raw, before anyone trusts it."""

    account: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What to answer a platform once everything is stored."""

    body: bytes = b""
    media_type: str = "application/json"
    status: int = 200


class Channel(Protocol):
    """One platform."""

    @property
    def limits(self) -> Limits:
        """What this channel can carry."""
        ...

    def verify(self, request: HookRequest) -> str:
        """Return who posted (a user of this channel, or an empty string where the body says it).

        Raises:
            NotSigned: the request is not from the platform or the user it claims.
        """
        ...

    def parse(self, request: HookRequest, user: str) -> list[Inbound]:
        """Return the messages in a verified request; pure.

        A malformed item is left out and never takes its neighbours with it.

        Raises:
            BadInput: nothing in the request can be read.
        """
        ...

    def ack(self, said: Sequence[tuple[int, Worded]]) -> HookAnswer:
        """Return the answer to the platform, called only after everything is durably stored.

        Args:
            said: what the turn said by now, with ids; the same for a redelivery, byte for byte.
        """
        ...

    async def send(self, letter: Outbound) -> Sent:
        """Hand one message to the platform; never called with a transaction open.

        Raises:
            SendError: it was not taken, or may not have been; says what may be done next.
        """
        ...
