"""The contract of channels, in each of WeChat's three modes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar
from zlib import crc32

import httpx
import pytest

from bench.standins.wechat import Wechat as StandIn
from bot.channels.base import Channel, Checks, HookRequest, LooksUp, Runs
from tests.channels.contract import ChannelContract
from tests.helpers.wechat import CREATED, NOW, USER, channel, post, query, xml


def _forged(mode: str) -> Sequence[tuple[str, HookRequest]]:
    good, name = post(xml(), mode), "signature" if mode == "plain" else "msg_signature"
    signed = good.query[name]
    other = "0" if signed[0] != "0" else "1"

    def but(**changed: str) -> HookRequest:
        return replace(good, query={**good.query, **changed})

    return [
        ("nothing", HookRequest("main", good.body)),
        ("no signature", replace(good, query={**good.query, name: ""})),
        ("half a signature", but(**{name: signed[:20]})),
        ("the first letter differs", but(**{name: other + signed[1:]})),
        (
            "the last letter differs",
            but(**{name: signed[:-1] + ("0" if signed[-1] != "0" else "1")}),
        ),
        ("in capitals", but(**{name: signed.upper()})),
        ("not ASCII", but(**{name: "ü" + signed[1:]})),
        ("a lone surrogate", but(**{name: "\udead" + signed[1:]})),
        ("another nonce", but(nonce="1")),
        ("another time", but(timestamp=str(CREATED + 1))),
        (
            "another token",
            post(xml(), mode, token="another") if mode == "plain" else but(nonce="2"),
        ),
        ("too old", post(xml(), mode, stamp=CREATED - 301)),
        ("from the future", post(xml(), mode, stamp=CREATED + 301)),
        ("no time", post(xml(), mode, stamp="")),
        ("a time in words", post(xml(), mode, stamp="now")),
        ("a time of other digits", post(xml(), mode, stamp="١٧٩٤٩٦٧٢٠٠")),
        ("a time without end", post(xml(), mode, stamp="9" * 5_000)),
    ]


class WechatContract(ChannelContract):
    """What every mode shares."""

    name = "wechat"
    refuses = False
    mode: ClassVar[str]

    def channel(self) -> Channel:
        stand_in = StandIn("http://127.0.0.1/hook", "http://127.0.0.1", clock=NOW.timestamp)
        stand_in._windows["somebody"] = NOW.timestamp() + 1, 5
        stand_in.platform._keys = ("wx0000000000000001", "wechat-secret")
        return channel(self.mode, transport=httpx.ASGITransport(stand_in.api))

    def request(self, channel: Channel, key: str = "k1", text: str = "停车多少钱") -> HookRequest:  # noqa: ARG002
        number = 24_000_000_000_000_000 + int(key.removeprefix("k"))
        plain = "".join(sign for sign in text if sign in "\t\n\r" or sign >= " ")
        plain = plain.replace("\ufffe", "").replace("\uffff", "")  # no XML can hold them
        body = xml(plain, number)
        nonce = str(crc32(body.encode("utf-8", "surrogatepass")))  # WeChat's own differ, too
        return post(body, self.mode, nonce=nonce)

    def test_it_can_do_what_the_application_asks_of_it(self) -> None:
        made = self.channel()
        assert isinstance(made, Runs)
        assert isinstance(made, LooksUp)
        assert isinstance(made, Checks)

    def test_a_nonce_may_come_again(self) -> None:
        channel, request = self.channel(), post(xml(), self.mode)
        assert [channel.verify(request) for _ in range(3)] == ["", "", ""]

    @pytest.mark.parametrize("stamp", [CREATED - 300, CREATED, CREATED + 300])
    def test_a_clock_may_be_off_by_five_minutes(self, stamp: int) -> None:
        assert self.channel().verify(post(xml(), self.mode, stamp=stamp)) == ""

    def test_how_old_a_post_may_be_is_a_setting(self) -> None:
        old = post(xml(), self.mode, stamp=CREATED - 10**8)
        assert channel(self.mode, max_age_s=0).verify(old) == ""
        assert channel(self.mode, max_age_s=2 * 10**8).verify(old) == ""

    def test_a_handshake_is_answered_with_its_echo_as_text(self) -> None:
        channel = self.channel()
        shake = HookRequest("main", b"", {}, query() | {"echostr": "5837<b>"}, method="GET")
        assert channel.verify(shake) == ""
        assert channel.parse(shake, "") == []
        answer = channel.ack(shake, [])
        assert (answer.body, answer.media_type, answer.status) == (b"5837<b>", "text/plain", 200)

    def test_the_patient_is_who_the_message_says(self) -> None:
        (inbound,) = self.parsed(self.channel(), post(xml(), self.mode))
        assert inbound.address.user == USER


class TestPlain(WechatContract):
    """明文模式: the signature does not cover the body."""

    mode = "plain"
    forged = _forged("plain")


class TestCompatible(WechatContract):
    """兼容模式: both, and only the encrypted part counts."""

    mode = "compatible"
    forged = (*_forged("compatible"), ("plain words only", post(xml(), "plain")))


class TestSecure(WechatContract):
    """安全模式: encrypted only."""

    mode = "secure"
    forged = (*_forged("secure"), ("plain words only", post(xml(), "plain")))
