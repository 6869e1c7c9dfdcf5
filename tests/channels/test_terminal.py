"""The terminal as a channel: the contract, and that it shows what was sent."""

from bot.channels.base import Channel, HookRequest
from bot.channels.terminal import Terminal
from bot.message import Address, Outbound, Worded
from tests.channels.contract import ChannelContract


def make() -> Terminal:
    return Terminal(lambda _: None, "run")


class TestTerminal(ChannelContract):
    """The contract, and what only a terminal does."""

    name = "terminal"
    repeats = False

    def channel(self) -> Channel:
        return make()

    def request(self, channel: Channel, key: str = "k1", text: str = "停车多少钱") -> HookRequest:  # noqa: ARG002
        return HookRequest("main", text.encode())

    async def test_what_is_sent_is_shown_once(self) -> None:
        shown: list[str] = []
        terminal = Terminal(lambda worded: shown.append(worded.text), "run")
        await terminal.send(Outbound(3, Address("terminal", "main", "keyboard"), Worded("您好")))
        assert shown == ["您好"]
        assert await terminal.shown([3])
        assert not await terminal.shown([3, 4], seconds=0.01)

    def test_two_sittings_share_no_keys(self) -> None:
        request = HookRequest("main", b"hello")
        keys = {Terminal(lambda _: None, run).parse(request, "keyboard")[0].key for run in "ab"}
        assert len(keys) == 2
