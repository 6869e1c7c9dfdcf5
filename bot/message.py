"""The values that travel: who wrote what, what we say, what became of it.

Frozen, without a database or an SDK in them. `messages/` moves them, `dialogue/` understands them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
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


class Form(StrEnum):
    """What form a patient's message has. All but `TEXT` may come without words."""

    TEXT = "text"
    VOICE = "voice"
    IMAGE = "image"
    VIDEO = "video"
    FILE = "file"
    STICKER = "sticker"
    LOCATION = "location"
    LINK = "link"
    CONTACT = "contact"
    FOLLOWED = "followed"  # began to follow, opened the chat, pressed /start
    LEFT = "left"  # blocked or unfollowed: unreachable from now on
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a message from a patient allows us to send: so many messages within so many seconds."""

    messages: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message from a person, as the platform gave it.

    Attributes:
        key: the platform's own key of the message; the same key is the same message.
        text: what was said, cleaned by `clean_text`; empty for forms without words.
        form: what it is; a voice message that the platform wrote down is `VOICE` with its words.
        grant: what it allows us to send, where the platform counts (`Limits.counted`).
    """

    address: Address
    key: str = field(repr=False)
    text: str = field(repr=False)
    form: Form = Form.TEXT
    grant: Grant | None = None


class Progress(StrEnum):
    """How far a message came, by the platform's receipts; only ever forward (`messages.receipts`)."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a platform says became of a message of ours; may come late, twice and out of order.

    Attributes:
        message_id: our own id of the message, where the platform gives it back; else 0.
        provider_id: the platform's id of the message (`Sent.provider_id`).
        part: which part of a split text it speaks of; 0 for the whole.
        code: the platform's short word for the reason; never a text of a message.
    """

    channel: str
    account: str
    progress: Progress
    message_id: int = 0
    provider_id: str = ""
    part: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Permission:
    """A patient allowed or refused one notice of a kind (WeChat's subscription notices).

    Attributes:
        key: the platform's own key of this answer; the same key is the same answer.
        template: the platform's id of the kind of notice.
    """

    address: Address
    key: str = field(repr=False)
    template: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """The platform gave a chat another address (Telegram: a group became a supergroup)."""

    address: Address
    user: str = field(repr=False)


#: What a platform may post.
Arrival = Inbound | Receipt | Permission | Moved


@dataclass(frozen=True, slots=True)
class Button:
    """One tap. `value` comes back as the text of the patient's next message."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Template:
    """The same message as a platform's approved template carries it.

    Attributes:
        name: our name of the template; an account's configuration knows the platform's id.
        values: what goes into its fields, by our names.
        discreet: the same for eyes that are not hers; empty where it may not stand there at all.
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    discreet: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Say:
    """What to say, before anyone has decided how: a template's name and its values.

    Attributes:
        name: `<domain>/<name>` of a reply template.
        values: what the template may mention.
        options: what may be chosen, in order: (label, value). Buttons, or digits where there are none.
        shortcuts: taps offered beside the text; never needed to answer it.
        named: what is remembered with the question that `options` asks.
        answer: (flow, entry) that takes an answer in the patient's own words; None where only
            `options` answer.
        here: the question is answered where it was asked, never on another channel of the person.
        template: the same for platforms that take approved templates only, or outside a window.
    """

    name: str
    kind: Kind = Kind.ANSWER
    values: Mapping[str, object] = field(default_factory=dict)
    options: tuple[Button, ...] = ()
    shortcuts: tuple[Button, ...] = ()
    named: dict[str, object] | None = None
    answer: tuple[str, str] | None = None
    here: bool = False
    template: Template | None = None


@dataclass(frozen=True, slots=True)
class Worded:
    """A text in one language for one channel, ready to be stored and sent.

    Attributes:
        template: the same as a template, for platforms that take no free text, or none unasked.
        discreet: the same for eyes that are not hers, should it have to go by another channel; where
            it is empty, such a channel says only that there is a message.
    """

    text: str = field(repr=False)
    kind: Kind = Kind.ANSWER
    buttons: tuple[Button, ...] = ()
    template: Template | None = None
    discreet: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Outbound:
    """A stored message on its way to one address.

    Attributes:
        at: when it was stored; None in a message that never was.
    """

    id: int
    address: Address
    worded: Worded
    attempt: int = 1
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a platform said when it took a message.

    Attributes:
        provider_id: its id of the message; receipts name it.
        progress: how far it came by now.
    """

    provider_id: str | None = None
    progress: Progress = Progress.ACCEPTED


def clean_text(raw: str) -> str:
    """Return `raw` without what no database or screen can carry.

    Lone surrogates become U+FFFD; NUL and other control characters go; line ends become LF.
    Nothing a reader can see is lost.
    """
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _SURROGATES.sub("�", text)).strip()
