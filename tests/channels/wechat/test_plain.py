"""Plain mode, whose signature covers no message: whoever saw a URL cannot put words into a mouth."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import replays
from bot.channels.base import HookRequest
from bot.channels.replays import Signatures
from bot.errors import NotSigned
from tests.helpers.wechat import NOW, channel, post, query, xml

STRANGER = "oTest0Patient0000000000000002"


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(xml("取消我的预约", number=1), id="other words"),
        pytest.param(xml(user=STRANGER), id="another patient"),
        pytest.param(xml() + " ", id="a space more"),
    ],
)
def test_a_signature_is_good_for_one_message(forged: str) -> None:
    account = channel("plain", strict=True)
    assert account.verify(post(xml())) == ""
    assert account.verify(post(xml())) == "", "a repetition of WeChat's own"
    with pytest.raises(NotSigned, match="another message"):
        account.verify(post(forged))
    assert account.verify(post(forged, nonce="2")) == "", "signed for itself it is genuine"


def test_unless_it_is_strict_a_signature_may_come_with_several_messages() -> None:
    """Simulators sign many posts of one second alike; the inbox makes repetitions harmless."""
    account = channel("plain")
    assert account.verify(post(xml())) == account.verify(post(xml("别的话", number=2))) == ""


def test_the_signature_of_a_handshake_is_good_for_no_message() -> None:
    account = channel("plain", strict=True)
    shaken = HookRequest("main", b"", query={**query(), "echostr": "1"}, method="GET")
    account.verify(shaken)
    account.verify(shaken)
    with pytest.raises(NotSigned):
        account.verify(post(xml()))


def test_a_signature_that_is_not_genuine_takes_nobodys_place() -> None:
    account = channel("plain", strict=True)
    stamp = int(NOW.timestamp())
    old = post(xml("旧"), stamp=stamp - 3_600)
    for wrong in (old, replace(post(xml("假")), query={**query(), "signature": "0" * 40})):
        with pytest.raises(NotSigned):
            account.verify(wrong)
    assert account.verify(post(xml())) == ""


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.binary(max_size=2)), max_size=40))
def test_only_so_many_are_remembered(came: list[tuple[str, bytes]]) -> None:
    """Never more than `MOST`, and of those remembered only the first body counts."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(replays, "MOST", 3)
        known = Signatures()
        first: dict[str, bytes] = {}
        for signature, body in came:
            if signature not in known._bodies:
                first[signature] = body
            assert known.covers(signature, body) == (first[signature] == body)
            assert len(known._bodies) <= 3
