"""The contract of a channel: five members, one vocabulary of values.

A channel verifies and parses what its platform posts, acknowledges it in the platform's form, and
sends. It never stores, never understands, and imports neither the database nor another channel.
One object serves one account. `tests/channels/contract.py` holds every channel to these words.

A channel's module offers `open_channel(account, config, secrets, tools) -> Channel`; that is all the
application needs to find it by the name of its section in config.toml. What only some channels can
do, `Runs`, `LooksUp`, `Tells` and `Checks`, is asked of them where they can.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from bot.message import Arrival, Outbound, Sent, Worded


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `messages` within `seconds`, over every process, for one account or one address.

    Sent evenly (GCRA): a tenth of it may go at once, of one over a minute or more half.
    """

    scope: Literal["account", "address"]
    messages: int
    seconds: float


def no_rates(user: str) -> tuple[Rate, ...]:  # noqa: ARG001
    """Return no limits: the platform takes all we say."""
    return ()


@dataclass(frozen=True, slots=True)
class Passive:
    """The platform takes a reply in its own request's answer.

    Attributes:
        wait: how long its request is kept for the reply, in seconds.
        until: this long after the message came the reply can no longer go that way; the outbox
            keeps it for so long.
        insists: nothing else carries a reply, so an unanswered request stays unanswered and the
            platform's own repetitions join the turn.
    """

    wait: float = 4.5
    until: float = 5.0
    insists: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel can carry.

    Attributes:
        text: the most that one message carries, as `measure` counts it.
        measure: counts a text: characters, bytes, parts …
        buttons: how many buttons a message may have; 0 means digits in the text instead.
        pull: the other side reads its messages from us; storing one is sending it.
        join: all that one turn says goes as one message.
        passive: replies may go in the answer to the platform's request.
        counted: messages are counted against what the patient's last message granted.
        private: a text may say what reveals an illness; False where others may read it (PR-06).
        free_text: takes texts of ours; False where only approved templates are taken.
        templates: our names of the templates this account can send.
        permitted: those of them that need a permission of the patient for each message.
        rates: how fast may be sent to a user.
        carrier: what carries a message where there is no choice, in its record.
    """

    text: int = 4_000
    measure: Callable[[str], int] = len
    buttons: int = 0
    pull: bool = False
    join: bool = False
    passive: Passive | None = None
    counted: bool = False
    private: bool = True
    free_text: bool = True
    templates: frozenset[str] = frozenset()
    permitted: frozenset[str] = frozenset()
    rates: Callable[[str], tuple[Rate, ...]] = no_rates
    carrier: str = "message"


@dataclass(frozen=True, slots=True)
class HookRequest:
    """What a platform posted: raw, before anyone trusts it.

    Attributes:
        headers: by lower-case name.
        query: by name; of a repeated one, the last.
        url: as the platform was told it (`server.public_url`), with the query.
        source: the address it came from.
    """

    account: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"
    url: str = field(default="", repr=False)
    source: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What to answer a platform once everything is stored."""

    body: bytes = b""
    media_type: str = "application/json"
    status: int = 200


class Channel(Protocol):
    """One account of one platform."""

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

    def parse(self, request: HookRequest, user: str) -> Sequence[Arrival]:
        """Return what is in a verified request; pure.

        A malformed item is left out and never takes its neighbours with it. A request that is none
        of a patient's business (a handshake, an event nobody needs) holds nothing.

        Raises:
            BadInput: nothing in the request can be read.
        """
        ...

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:
        """Return the answer to the platform, called only after everything is durably stored.

        Args:
            request: what is answered; verified and parsed before.
            said: what is to be said in this very answer, with ids; the same for a redelivery, byte
                for byte.
        """
        ...

    async def send(self, letter: Outbound) -> Sent:
        """Hand one message to the platform; never called with a transaction open.

        Raises:
            SendError: it was not taken, or may not have been; says what may be done next.
        """
        ...


#: Stores what arrived, durably, and starts the turns; returns after the commit.
Store = Callable[[Sequence[Arrival]], Awaitable[None]]


@runtime_checkable
class Runs(Protocol):
    """A channel with something to do while the application runs: poll, register its menu.

    One with a true attribute `runs_alone` is run by one process at a time, where several share a
    database: a poll that would end another's.
    """

    async def run(self, store: Store) -> None:
        """Work until cancelled; outages of the platform are waited out, never raised.

        On leaving, close what was opened.
        """
        ...


@runtime_checkable
class LooksUp(Protocol):
    """A channel that can be asked what became of a message whose answer was lost."""

    async def look_up(self, letter: Outbound) -> Sent | None:
        """Return what became of it, or None where the platform never got it.

        Raises:
            SendError: it cannot be told now (`TryLater`), or not at all (`Unknown`).
        """
        ...


@runtime_checkable
class Tells(Protocol):
    """A channel that notices by itself when its account does not work: its poll, its token, its menu."""

    def trouble(self) -> str:
        """Return what an operator must see to now, in a few words that name no secret, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at in an account.

    Attributes:
        what: a short word: "credentials", "hook", "balance" …
        ok: whether it is as it should be.
        sentence: what was found, and what to do where it is not right; names no secret.
    """

    what: str
    ok: bool
    sentence: str


@runtime_checkable
class Checks(Protocol):
    """A channel that can look whether its account works."""

    async def check(self) -> list[Finding]:
        """Ask the platform; never sends anything to a patient, never raises."""
        ...


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry of the menu a platform shows beside the conversation: from `content/<lang>/menu.toml`.

    Attributes:
        label: what is shown.
        value: comes back as the patient's text when it is chosen; empty for one that opens `items`.
        command: how it is typed where menus are commands: /book.
    """

    label: str
    value: str = ""
    command: str = ""
    items: tuple["MenuItem", ...] = ()


@dataclass(frozen=True, slots=True)
class Tools:
    """What the application lends a channel when it is opened.

    Attributes:
        clock: the time, in UTC.
        where: the file and section of its configuration, for error messages.
        menu: what the account's menu offers, by language, the hospital's own first.
        public_url: where the platforms reach us, without a slash at the end; empty where unknown.
        hospital: the hospital's name, in its own language.
        region: whose way of writing phone numbers is meant where none is named: "CN".
    """

    clock: Callable[[], datetime]
    where: str = "config.toml"
    menu: Mapping[str, Sequence[MenuItem]] = field(default_factory=dict)
    public_url: str = ""
    hospital: str = ""
    region: str = "CN"


def channel_of(channels: Mapping[str, Channel], channel: str, account: str) -> Channel | None:
    """Return the channel that serves an account: under "channel/account", or "channel" for all."""
    return channels.get(f"{channel}/{account}") or channels.get(channel)
