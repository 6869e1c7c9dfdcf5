"""Secure mode against two libraries of npm: they seal and we open, we seal and they open."""

import shutil
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.standins.wechat import APP_ID
from bot.channels.base import HookRequest
from bot.channels.wechat import Wechat
from bot.errors import BadInput, NotSigned
from bot.message import Inbound, Worded
from tests.helpers.peers import need
from tests.helpers.wechat import PEERS, Peer, channel, post, query, xml

LIBRARIES = ("wechat-crypto", "@wecom/crypto")
TEXTS = [
    "停车多少钱", "a", "😀" * 300, "]]>", "<b>&amp;</b>", "第一行\n第二行", "。" * 2_000,
    *("字" * length for length in range(1, 33)),
]  # fmt: skip


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """The two libraries, in a process of their own."""
    need("Node (apt-get install nodejs)", shutil.which("node") is not None)
    here = all((PEERS / "node_modules" / library).is_dir() for library in LIBRARIES)
    need("the peers (npm ci --prefix tests/peers)", here)
    started = Peer()
    yield started
    started.close()


def sealed(peer: Peer, library: str, body: str, **other: str) -> HookRequest:
    asked = query()
    told = {"timestamp": asked["timestamp"], "nonce": asked["nonce"], "xml": body, **other}
    answer = peer.ask(library, "seal", **told)
    asked |= {"encrypt_type": "aes", "msg_signature": answer["signature"]}
    raw = f"<xml><Encrypt><![CDATA[{answer['encrypt']}]]></Encrypt></xml>"
    return HookRequest("main", raw.encode(), {}, asked)


def opened(peer: Peer, library: str, answer: bytes) -> dict[str, str]:
    """Return what a reply says, opened and checked by a library."""
    outer = {one.tag: one.text or "" for one in ET.fromstring(answer)}  # noqa: S314
    told = {"timestamp": outer["TimeStamp"], "nonce": outer["Nonce"], "encrypt": outer["Encrypt"]}
    inner = peer.ask(library, "open", **told)
    assert inner["signature"] == outer["MsgSignature"]
    assert inner["app_id"] == APP_ID
    return {one.tag: one.text or "" for one in ET.fromstring(inner["xml"])}  # noqa: S314


def texts(account: Wechat, request: HookRequest) -> list[str]:
    arrived = account.parse(request, account.verify(request))
    return [item.text for item in arrived if isinstance(item, Inbound)]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("mode", ["compatible", "secure"])
def test_we_open_what_others_sealed(peer: Peer, library: str, mode: str) -> None:
    account = channel(mode)
    for text in TEXTS:
        assert texts(account, sealed(peer, library, xml(text))) == [text]


@pytest.mark.parametrize("library", LIBRARIES)
def test_others_open_what_we_sealed(peer: Peer, library: str) -> None:
    account = channel("secure")
    for text in TEXTS:
        if len(text.encode()) > 2_048:
            continue
        request = post(xml("你好"), "secure")
        answer = account.ack(request, [(1, Worded(text))])
        assert opened(peer, library, answer.body)["Content"] == text


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("text", ["a]]><Content>x", "]]>]]>", "]]", "<xml>&lt;", "x]]]]>"])
def test_no_text_breaks_out_of_a_sealed_reply(peer: Peer, library: str, text: str) -> None:
    answer = channel("secure").ack(post(xml("你好"), "secure"), [(1, Worded(text))])
    assert opened(peer, library, answer.body)["Content"] == text


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "other",
    [
        {"app_id": "wx0000000000000009"},
        {"aes_key": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"},
        {"xml": "no xml at all"},
        {"xml": ""},
        {"xml": "<xml></xml>"},
        {"xml": "<xml><MsgType>text</MsgType></xml>"},
    ],
    ids=["for another account", "with another key", "words", "nothing", "empty", "from nobody"],
)
def test_what_is_signed_and_no_message_is_refused(
    peer: Peer, library: str, other: dict[str, str]
) -> None:
    account, request = channel("secure"), sealed(peer, library, **{"body": xml(), **other})
    assert account.verify(request) == ""
    with pytest.raises(BadInput) as refused:
        account.parse(request, "")
    assert refused.value.status == 400


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_signature_without_the_message_does_not_count(peer: Peer, library: str) -> None:
    """People pass `signature` where `msg_signature` belongs."""
    request = sealed(peer, library, xml())
    wrong = {**request.query, "msg_signature": request.query["signature"]}
    with pytest.raises(NotSigned):
        channel("secure").verify(HookRequest("main", request.body, {}, wrong))


def test_in_compatible_mode_only_the_sealed_words_count(peer: Peer) -> None:
    request = sealed(peer, "wechat-crypto", xml("真的"))
    lie = xml("假的", user="oSomebodyElse").removesuffix("</xml>").encode()
    beside = HookRequest("main", lie + request.body.removeprefix(b"<xml>"), {}, request.query)
    assert texts(channel("compatible"), beside) == ["真的"]


def test_a_second_ciphertext_is_not_opened(peer: Peer) -> None:
    """Words of a patient may look like an envelope: the one that is signed counts."""
    request = sealed(peer, "wechat-crypto", xml("真的"))
    decoy = b"<xml><Content><![CDATA[<Encrypt>AAAA</Encrypt>]]></Content>"
    beside = HookRequest("main", decoy + request.body.removeprefix(b"<xml>"), {}, request.query)
    assert texts(channel("compatible"), beside) == ["真的"]


@settings(max_examples=40)
@given(text=st.text(min_size=1, max_size=300))
def test_the_same_reply_is_the_same_bytes_and_another_is_not(text: str) -> None:
    account, request = channel("secure"), post(xml("你好"), "secure")
    one = account.ack(request, [(1, Worded(text))])
    again = account.ack(post(xml("你好"), "secure", nonce="7"), [(1, Worded(text))])
    assert one == again
    if one.body != b"success":
        assert one != account.ack(request, [(1, Worded(text + "。"))])
