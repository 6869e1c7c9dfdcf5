"""Posts that nobody at WeChat wrote: one changed byte, bombs, nonsense. 4xx, and nothing else."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.base import HookRequest
from bot.channels.wechat import MAX_BODY, Wechat
from bot.errors import BadInput
from bot.message import Arrival, Worded
from tests.helpers.wechat import MODES, channel, post, xml

OPEN = "<xml><FromUserName>o1</FromUserName><MsgType>text</MsgType>"
BOMBS = {
    "entities": '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + OPEN + "&b;</xml>",
    "a billion laughs": "<!DOCTYPE x [" + "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12)
    ) + "]>" + OPEN + "&l11;</xml>",
    "an external entity": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + OPEN + "&a;</xml>",
    "an external DTD": '<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd">' + OPEN + "</xml>",
    "a harmless DTD": "<!DOCTYPE xml>" + OPEN + "</xml>",
    "a DTD behind a comment": "<!-- <xml> --><!DOCTYPE xml>" + OPEN + "</xml>",
    "a DTD behind an instruction": "<?x <xml> ?><!DOCTYPE xml>" + OPEN + "</xml>",
    "a parameter entity": '<!DOCTYPE x [<!ENTITY % a "<!ENTITY b \'c\'>"> %a;]>' + OPEN + "&b;</xml>",
    "an unknown entity": OPEN + "<Content>&nothing;</Content></xml>",
    "deep": OPEN + "<a>" * 9_000 + "</a>" * 9_000 + "</xml>",
    "deep and never closed": "<xml>" + "<a>" * 20_000,
    "wide": OPEN + "<a/>" * 15_000 + "</xml>",
    "many of one name": OPEN + "<Content>x</Content>" * 3_000 + "</xml>",
    "attributes": "<xml " + " ".join(f'a{n}=""' for n in range(6_000)) + "/>",
    "one attribute twice": '<xml a="" a=""/>',
    "namespaces": '<x:xml xmlns:x="urn:x">' + OPEN + "</x:xml>",
    "another root": "<html><MsgType>text</MsgType></html>",
    "two roots": OPEN + "</xml><xml></xml>",
    "nothing": "",
    "spaces": " " * 60_000,
    "half": OPEN,
    "JSON": '{"xml": {"MsgType": "text"}}',
    "words in the root": "<xml>hello</xml>",
    "a message in words": "<xml><MsgType><a/></MsgType></xml>",
    "no sender": "<xml><MsgType>text</MsgType><Content>x</Content></xml>",
    "an empty sender": OPEN.replace("o1", "") + "</xml>",
    "a long sender": OPEN.replace("o1", "o" * 65) + "</xml>",
    "two senders": OPEN + "<FromUserName>o2</FromUserName></xml>",
    "a sender with parts": OPEN.replace("o1", "<a>o1</a>") + "</xml>",
    "two types": OPEN + "<MsgType>event</MsgType></xml>",
    "no type": "<xml><FromUserName>o1</FromUserName></xml>",
    "an event that is a list": OPEN.replace("text", "event") + "<Event>a</Event><Event>b</Event></xml>",
    "another encoding": '<?xml version="1.0" encoding="utf-16"?>' + OPEN + "<a>" * 30 + "</xml>",
    "open CDATA": OPEN + "<Content><![CDATA[x</Content></xml>",
    "spaces in an envelope": "<xml><Encrypt>" + " " * 60_000 + "</Encrypt></xml>",
    "many envelopes": "<xml>" + "<Encrypt>AAAA</Encrypt>" * 2_500 + "</xml>",
    "an endless envelope": "<xml><Encrypt>" + "A" * 60_000,
}  # fmt: skip
BYTES = {
    "not UTF-8": b"<xml>\xff\xfe</xml>",
    "UTF-16": xml().encode("utf-16"),
    "a broken character": xml().encode()[:-40] + b"\xe5\x81</xml>",
    "too long": b"<xml>" + b" " * MAX_BODY + b"</xml>",
    "zeroes": bytes(60_000),
}


def read(account: Wechat, request: HookRequest) -> list[Arrival]:
    return list(account.parse(request, account.verify(request)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [*BOMBS, *BYTES])
def test_it_is_refused_in_one_sentence_and_in_no_memory(name: str, mode: str) -> None:
    raw = BYTES.get(name) or BOMBS.get(name, "").encode()
    account = channel(mode)
    try:
        request = post(raw, mode)
    except UnicodeDecodeError:  # cannot be sealed as words; posted as it is
        request = replace(post(xml(), mode), body=raw)
    tracemalloc.start()
    with pytest.raises(BadInput) as refused:
        read(account, request)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 400 <= refused.value.status < 500
    assert len(str(refused.value)) < 100
    assert refused.value.__cause__ is None
    assert peak < 10_000_000


@pytest.mark.parametrize("mode", ["compatible", "secure"])
@pytest.mark.parametrize("name", BOMBS)
def test_it_is_refused_around_an_envelope_too(name: str, mode: str) -> None:
    request = post(xml(), mode)
    with pytest.raises(BadInput):
        read(channel(mode), replace(request, body=BOMBS[name].encode()))


def changes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    for place, byte in enumerate(raw):
        for other in {byte ^ 1, byte ^ 0x20, ord("A") if byte != ord("A") else ord("B")}:
            yield place, raw[:place] + bytes([other]) + raw[place + 1 :]


@pytest.mark.parametrize("mode", ["compatible", "secure"])
def test_one_changed_byte_of_the_body_changes_nothing_or_is_refused(mode: str) -> None:
    account, request = channel(mode), post(xml("胸口疼"), mode)
    meant = read(account, request)
    sealed = range(request.body.index(b"<Encrypt>"), request.body.index(b"</Encrypt>"))
    for place, body in changes(request.body):
        try:
            arrived = read(account, replace(request, body=body))
        except BadInput as exc:
            assert 400 <= exc.status < 500  # noqa: PT017
        else:
            assert place not in sealed
            assert arrived == meant


@pytest.mark.parametrize("mode", MODES)
def test_one_changed_byte_of_the_query_is_refused(mode: str) -> None:
    account, request = channel(mode), post(xml("胸口疼"), mode)
    counts = ("timestamp", "nonce", "signature" if mode == "plain" else "msg_signature")
    for name in counts:
        for _, value in changes(request.query[name].encode()):
            asked = {**request.query, name: value.decode("latin-1")}
            with pytest.raises(BadInput) as refused:
                read(account, replace(request, query=asked))
            assert refused.value.status == 403


@settings(max_examples=300)
@given(raw=st.binary(max_size=200), place=st.integers(0, 400))
def test_no_bytes_within_a_message_are_a_traceback(raw: bytes, place: int) -> None:
    whole = xml().encode()
    body = whole[:place] + raw + whole[place:]
    account, request = channel(), post(body)
    try:
        read(account, request)
        account.ack(request, [(1, Worded("好"))])
    except BadInput as exc:
        assert 400 <= exc.status < 500  # noqa: PT017


def test_markup_that_a_patient_typed_is_only_words() -> None:
    for text in ("<" * 4_000, "<!DOCTYPE xml>", "]]>" * 600, "<Encrypt>AAAA</Encrypt>"):
        (inbound,) = read(channel(), post(xml(text)))
        assert inbound.text == text  # type: ignore[union-attr]


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\ufffe", "\uffff"])
def test_a_sign_that_no_xml_may_hold_costs_no_message(sign: str) -> None:
    (inbound,) = read(channel(), post(xml(f"胸口{sign}疼")))
    assert inbound.text == "胸口疼"  # type: ignore[union-attr]
