"""The values that travel: who wrote what, what we say, what became of it.

Frozen, without a database or an SDK in them. `messages/` moves them, `dialogue/` understands them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

#: The longest text of one message that is read, in characters. Longer input is refused at the edge.
MAX_TEXT = 4_000

_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Kind(StrEnum):
    """What an outgoing message is to the patient; channels and the page may show it differently."""

    ANSWER = "answer"
    QUESTION = "question"
    EMERGENCY = "emergency"
    STAFF = "staff"
    REMINDER = "reminder"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person can be reached: a user of one account of one channel."""

    channel: str
    account: str
    user: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message from a person, as the platform gave it.

    Attributes:
        key: the platform's own key of the message; the same key is the same message.
        text: what was said, cleaned by `clean_text`; empty for kinds without words.
        kind: "text", or what else the platform sent ("image", "voice" …).
    """

    address: Address
    key: str = field(repr=False)
    text: str = field(repr=False)
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Button:
    """One tap. `value` comes back as the text of the patient's next message."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Say:
    """What to say, before anyone has decided how: a template's name and its values.

    Attributes:
        name: `<domain>/<name>` of a reply template.
        values: what the template may mention.
        options: what may be chosen, in order: (label, value). Buttons, or digits where there are none.
        shortcuts: taps offered beside the text; never needed to answer it.
        named: what is remembered with the question that `options` asks.
    """

    name: str
    kind: Kind = Kind.ANSWER
    values: Mapping[str, object] = field(default_factory=dict)
    options: tuple[Button, ...] = ()
    shortcuts: tuple[Button, ...] = ()
    named: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Worded:
    """A text in one language for one channel, ready to be stored and sent."""

    text: str = field(repr=False)
    kind: Kind = Kind.ANSWER
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Outbound:
    """A stored message on its way to one address."""

    id: int
    address: Address
    worded: Worded
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """What a platform said when it took a message."""

    provider_id: str | None = None


def clean_text(raw: str) -> str:
    """Return `raw` without what no database or screen can carry.

    Lone surrogates become U+FFFD; NUL and other control characters go; line ends become LF.
    Nothing a reader can see is lost.
    """
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _SURROGATES.sub("�", text)).strip()
