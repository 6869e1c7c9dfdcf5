"""A terminal as a channel: for `daoyi chat` and for demonstrations. One person, digits for buttons."""

import asyncio
from collections.abc import Callable, Sequence

from bot.channels.base import HookAnswer, HookRequest, Limits
from bot.errors import BadInput
from bot.message import MAX_TEXT, Address, Inbound, Outbound, Sent, Worded, clean_text


class Terminal:
    """`Channel` for the person at the keyboard.

    Args:
        show: prints one message.
        run: names this sitting, so that its message keys are its own.
    """

    name = "terminal"
    limits = Limits(text=MAX_TEXT, buttons=0, pull=False)

    def __init__(self, show: Callable[[Worded], None], run: str) -> None:
        self._show = show
        self._run = run
        self._count = 0
        self._shown: set[int] = set()
        self._news = asyncio.Condition()

    def verify(self, request: HookRequest) -> str:  # noqa: ARG002  (whoever sits here is who they are)
        """Return the one user."""
        return "keyboard"

    def parse(self, request: HookRequest, user: str) -> list[Inbound]:
        """Return one typed line as a message.

        Raises:
            BadInput: it says nothing, or too much.
        """
        text = clean_text(request.body.decode("utf-8", "replace"))
        if not text:
            raise BadInput("say something")
        if len(text) > MAX_TEXT:
            raise BadInput(f"at most {MAX_TEXT} characters", 413)
        self._count += 1
        key = f"{self._run}:{self._count}"
        return [Inbound(Address(self.name, request.account, user), key, text)]

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:  # noqa: ARG002
        """Return nothing: a keyboard waits for no answer."""
        return HookAnswer(media_type="text/plain")

    async def send(self, letter: Outbound) -> Sent:
        """Print a message."""
        self._show(letter.worded)
        async with self._news:
            self._shown.add(letter.id)
            self._news.notify_all()
        return Sent()

    async def shown(self, ids: Sequence[int], seconds: float = 5.0) -> bool:
        """Wait until these messages were printed; False when that takes longer than `seconds`."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self._shown.issuperset(ids))
        except TimeoutError:
            return False
        return True
