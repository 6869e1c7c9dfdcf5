"""What `bot/channels/base.py` promises, as tests that every channel passes.

A channel's own test file subclasses `ChannelContract` and says what its platform posts.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import Channel, HookRequest
from bot.errors import BadInput, NotSigned, SendError
from bot.message import MAX_TEXT, Address, Button, Form, Inbound, Kind, Outbound, Sent, Worded

#: What a server hands over as header values: Latin-1.
HEADER = st.text(st.characters(max_codepoint=255), max_size=80)
WORDED = st.builds(
    Worded,
    st.text(min_size=1, max_size=200),
    st.sampled_from(Kind),
    st.lists(st.builds(Button, st.text(max_size=20), st.text(max_size=20)), max_size=4).map(tuple),
)
SAID = st.lists(st.tuples(st.integers(0, 2**62), WORDED), max_size=5)
NAMES = ["authorization", "cookie", "x", "x-telegram-bot-api-secret-token", "x-twilio-signature"]


class ChannelContract(ABC):
    """Subclass it as `Test…`, and give what is below."""

    #: The channel's name in addresses.
    name: ClassVar[str]
    #: Why each is not from the platform, and the request; empty where everything that arrives is.
    forged: ClassVar[Sequence[tuple[str, HookRequest]]] = ()
    #: Whether a message without words, or with too many, is refused; else it is left out or cut.
    refuses: ClassVar[bool] = True
    #: Whether the platform may send a message again; a keyboard does not.
    repeats: ClassVar[bool] = True

    @abstractmethod
    def channel(self) -> Channel:
        """Make a channel."""

    @abstractmethod
    def request(self, channel: Channel, key: str = "k1", text: str = "停车多少钱") -> HookRequest:
        """Make a request that the platform really signed."""

    def parsed(self, channel: Channel, request: HookRequest) -> list[Inbound]:
        arrived = channel.parse(request, channel.verify(request))
        return [item for item in arrived if isinstance(item, Inbound)]

    def test_a_signed_request_is_who_it_says(self) -> None:
        channel = self.channel()
        request = self.request(channel)
        assert channel.verify(request) == channel.verify(request)

    def test_what_is_not_signed_is_refused(self) -> None:
        channel = self.channel()
        for why, request in type(self).forged:
            with pytest.raises(NotSigned) as refused:
                channel.verify(request)
            assert refused.value.status in (401, 403), why

    def test_a_message_is_read_whole(self) -> None:
        channel = self.channel()
        (inbound,) = self.parsed(channel, self.request(channel, "k1", " 你好，\r\n 第二行 "))
        assert inbound.text == "你好，\n 第二行"
        assert (inbound.address.channel, inbound.address.account) == (self.name, "main")
        assert inbound.address.user
        assert inbound.form is Form.TEXT

    def test_two_messages_have_two_keys(self) -> None:
        channel = self.channel()
        keys = {
            self.parsed(channel, self.request(channel, key, "同样的话"))[0].key
            for key in ("k1", "k2", "k3")
        }
        assert len(keys) == 3

    def test_the_same_message_again_has_the_same_key(self) -> None:
        channel = self.channel()
        first, again = (self.parsed(channel, self.request(channel, "k1", "话")) for _ in range(2))
        assert (first == again) is type(self).repeats

    @pytest.mark.parametrize("text", ["", " ", "\n\t ", "\x00", "x" * (MAX_TEXT + 1)])
    def test_nothing_and_too_much_are_no_message(self, text: str) -> None:
        """Refused in a sentence; or, where a platform would only send it again, left out or cut."""
        channel = self.channel()
        if not type(self).refuses:
            messages = self.parsed(channel, self.request(channel, "k1", text))
            assert all(len(message.text) <= MAX_TEXT for message in messages)
            return
        with pytest.raises(BadInput) as refused:
            self.parsed(channel, self.request(channel, "k1", text))
        assert 400 <= refused.value.status < 500
        assert str(refused.value)

    @given(body=st.binary(max_size=300))
    def test_no_bytes_break_it(self, body: bytes) -> None:
        channel = self.channel()
        try:
            arrived = channel.parse(HookRequest("main", body), "somebody")
        except BadInput as exc:
            assert 400 <= exc.status < 500  # noqa: PT017
            return
        messages = [item for item in arrived if isinstance(item, Inbound)]
        assert all(len(message.text) <= MAX_TEXT for message in messages)
        assert all(message.text or message.form is not Form.TEXT for message in messages)
        assert all("\x00" not in message.text + message.key for message in messages)
        "".join(message.text + message.key for message in messages).encode()

    @given(text=st.text(max_size=200))
    def test_no_text_breaks_it(self, text: str) -> None:
        channel = self.channel()
        try:
            messages = self.parsed(channel, self.request(channel, "k1", text))
        except BadInput:
            return
        for message in messages:
            message.text.encode()
            assert message.text == message.text.strip() != ""

    @given(headers=st.dictionaries(st.sampled_from(NAMES), HEADER))
    def test_no_header_breaks_it(self, headers: Mapping[str, str]) -> None:
        channel = self.channel()
        try:
            user = channel.verify(HookRequest("main", b"", headers))
        except NotSigned as exc:
            assert exc.status in (401, 403)  # noqa: PT017
        else:
            assert not type(self).forged, f"{user!r} got in without a signature"

    @given(said=SAID)
    def test_the_same_answer_is_the_same_bytes(self, said: list[tuple[int, Worded]]) -> None:
        channel = self.channel()
        request = self.request(channel)
        first, second = channel.ack(request, said), channel.ack(request, list(said))
        assert (first.body, first.media_type, first.status) == (
            second.body,
            second.media_type,
            second.status,
        )
        assert 200 <= first.status < 300

    async def test_sending_says_what_became_of_it(self) -> None:
        channel = self.channel()
        letter = Outbound(7, Address(self.name, "main", "somebody"), Worded("您好"))
        try:
            sent = await channel.send(letter)
        except SendError as exc:
            assert channel.limits.pull, "only a channel that is read may refuse everything"
            assert not exc.retryable  # noqa: PT017
            assert "您好" not in f"{exc}{exc.code}"  # noqa: PT017
        else:
            assert isinstance(sent, Sent)
            assert not channel.limits.pull

    def test_its_limits_can_carry_a_message(self) -> None:
        limits = self.channel().limits
        assert limits.text > 0
        assert limits.buttons >= 0
        assert limits.measure("您好") <= limits.text
