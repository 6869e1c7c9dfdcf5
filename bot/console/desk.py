"""What the console is put together from, and the errors it words itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment

from bot.channels.base import Channel, Limits, channel_of
from bot.dialogue.facts import Facts
from bot.dialogue.wording import Wording
from bot.errors import BadInput
from bot.messages.feed import Feed
from bot.store.db import Engine


@dataclass(frozen=True, slots=True)
class Console:
    """Everything the console needs.

    Attributes:
        channels: by name; says what each can carry.
        wake: says that there may be something to send.
        templates: renders the pages; escapes on its own.
        assets: the folder with the pages' scripts, styles and words.
        language: what the console speaks until somebody chooses.
        zone: the hospital's time zone, in which times are shown.
        trouble: returns the accounts of platforms that call for an operator, with what is wrong.
    """

    engine: Engine
    channels: Mapping[str, Channel]
    wording: Wording
    hospital: Facts
    feed: Feed
    wake: Callable[[], None]
    clock: Callable[[], datetime]
    templates: Environment
    assets: Path
    language: str
    zone: tzinfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    trouble: Callable[[], Mapping[str, str]] = dict

    def limits(self, channel: str, account: str) -> Limits:
        """Return what an account of a channel can carry.

        Raises:
            Problem: the channel is not set up any more (409).
        """
        known = channel_of(self.channels, channel, account)
        if known is None:
            raise Problem("channel_off", 409)
        return known.limits


class Problem(BadInput):
    """Something we refuse, with a sentence in every language of the console.

    Args:
        key: names the sentence, `error.<key>` in the console's words.
        values: what the sentence mentions; never a patient's words.
    """

    def __init__(
        self, key: str, status: int = 422, *, retry_after: int | None = None, **values: object
    ) -> None:
        super().__init__(key, status, retry_after=retry_after)
        self.key = key
        self.values = values


class NeedsReason(Problem):
    """What is to be opened is in nobody's queue: it asks for a reason (PR-10).

    Args:
        opens: the page, below which the reason is sent to `break-glass`.
    """

    def __init__(self, opens: str) -> None:
        super().__init__("needs_reason", 403)
        self.opens = opens


class SignInFirst(Problem):
    """Nobody is signed in (401).

    Args:
        wanted: the page that was asked for; None where a page's module asked, not a person.
    """

    def __init__(self, wanted: str | None) -> None:
        super().__init__("sign_in_first", 401)
        self.wanted = wanted
