"""The platforms, as patients see them: what arrived when, with windows, quotas and failures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.base import HookAnswer, HookRequest, Limits
from bot.channels.telegram import TEXT, units
from bot.errors import SendError, WaitForUser
from bot.message import Arrival, Grant, Outbound, Sent, Worded

WECHAT, TELEGRAM, SMS, WEB = "wechat", "telegram", "sms", "webchat"
ACCOUNT = "main"
#: What a message of a patient allows on WeChat.
GRANT = Grant(5, 48 * 3600)

#: Hears of each message as the platform takes it, and whether we will hear that it did.
Hears = Callable[[Outbound, bool], None]


@dataclass(slots=True)
class Trouble:
    """What goes wrong with one message.

    Attributes:
        error: what the application hears.
        taken: the platform took the message all the same.
        killed: called once the platform took it: the process dies before it records that.
    """

    error: SendError | None = None
    taken: bool = False
    killed: Callable[[], None] | None = None


class Platform:
    """One account of one platform.

    Args:
        hears: of each message taken.
        trouble: says what goes wrong with a message, None where nothing does.
        clock: the true time.
    """

    def __init__(
        self,
        name: str,
        limits: Limits,
        hears: Hears,
        trouble: Callable[[Outbound], Trouble | None],
        clock: Callable[[], datetime],
    ) -> None:
        self.name, self.limits = name, limits
        self._hears, self._trouble, self._clock = hears, trouble, clock
        self._windows: dict[str, tuple[datetime, int]] = {}
        self._count = 0

    def wrote(self, user: str) -> Grant | None:
        """Note that a patient wrote; return what that allows here."""
        if not self.limits.counted:
            return None
        self._windows[user] = (self._clock() + timedelta(seconds=GRANT.seconds), GRANT.messages)
        return GRANT

    def verify(self, request: HookRequest) -> str:
        """Trust everybody: nothing is posted here."""
        return request.query.get("from", "")

    def parse(self, request: HookRequest, user: str) -> Sequence[Arrival]:
        """Find nothing: nothing is posted here."""
        del request, user
        return []

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:
        """Answer with nothing."""
        del request, said
        return HookAnswer()

    async def send(self, letter: Outbound) -> Sent:
        """Take a message, or not."""
        trouble = self._trouble(letter) or Trouble()
        if trouble.error is not None and not trouble.taken:
            raise trouble.error
        self._use_window(letter)
        self._hears(letter, trouble.error is None and trouble.killed is None)
        if trouble.killed is not None:
            trouble.killed()
        if trouble.error is not None:
            raise trouble.error
        self._count += 1
        return Sent(f"{self.name}-{self._count}")

    def _use_window(self, letter: Outbound) -> None:
        template = letter.worded.template
        if not self.limits.counted or (template and template.name in self.limits.templates):
            return
        until, left = self._windows.get(letter.address.user, (self._clock(), 0))
        if left <= 0 or until <= self._clock():
            raise WaitForUser("no window")
        self._windows[letter.address.user] = (until, left - 1)


def limits(templates: frozenset[str] = frozenset()) -> dict[str, Limits]:
    """Return what each platform that pushes can carry.

    Args:
        templates: our names of the templates that WeChat approved.
    """
    return {
        WECHAT: Limits(
            text=2_048, measure=lambda text: len(text.encode()), join=True, counted=True,
            templates=templates,
        ),
        TELEGRAM: Limits(text=TEXT, measure=units, buttons=8),
        SMS: Limits(text=1_000, private=False),
    }  # fmt: skip
