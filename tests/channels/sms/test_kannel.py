"""Kannel: the contract, its callbacks, its answers, each way a send can go wrong."""

from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import HookRequest, Tools
from bot.channels.sms import Sms
from bot.errors import BadInput, NotSigned, SettingsError
from bot.message import Form, Inbound, Progress, Receipt, Sent
from tests.channels.sms.scripted import Asked, Says, Scripted
from tests.channels.sms.shared import (
    NOW,
    NUMBER,
    PRIVATE,
    SECRET,
    TOOLS,
    SmsContract,
    found,
    letter,
    opened,
    outcome,
)
from tests.channels.sms.table import Fault, payload

HOOK = "https://hospital.example/hooks/sms/kannel/main"
ACCEPTED = Says(202, "0: Accepted for delivery")


def kannel(base: str = "http://127.0.0.1:9", *, tools: Tools = TOOLS, **more: Any) -> Sms:
    config = {
        "provider": "kannel", "api_base_url": base, "username": "daoyi", "sender": "10690000",
        "timeout": 0.4, **more,
    }  # fmt: skip
    return opened(config, {"password": "pass-of-the-tests", "hook_secret": SECRET}, tools)


def got(query: str, *, secret: str = SECRET, source: str = "127.0.0.1") -> HookRequest:
    """Return a GET as our server hands it over: the query as text, the URL as it was."""
    query = query.replace(SECRET, secret)
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    url = f"{HOOK}?{query}"
    return HookRequest("main", b"", {}, pairs, "GET", url, source)


def posted(body: bytes, content_type: str, **headers: str) -> HookRequest:
    query = {"secret": SECRET, "id": "24bc9a5d-b6a0-4d72-bdfd-95f87f098ae0"}
    names = {f"x-kannel-{name}": value for name, value in headers.items()}
    return HookRequest("main", body, {"content-type": content_type, **names}, query)


def ucs2(text: str) -> str:
    return quote(text.encode("utf-16-be", "surrogatepass"), safe="")


class TestContract(SmsContract):
    """What every channel promises, kept by this provider."""

    forged: ClassVar = [
        ("no secret", HookRequest("main", b"", {}, {}, "GET", HOOK)),
        ("another secret", got("secret=hook-secret-of-somebody&id=1&from=1&text=1")),
        ("a longer secret", got(f"secret={SECRET}x&id=1")),
        ("a secret that is no ASCII", got("secret=%E5%AF%86%E7%A0%81&id=1")),
    ]

    @pytest.fixture(autouse=True)
    def _peer(self, scripted: Scripted) -> None:
        scripted.says(ACCEPTED)
        self.peer = scripted

    def channel(self) -> Sms:
        return kannel(self.peer.base)

    def request(self, channel: Any, key: str = "k1", text: str = "停车多少钱") -> HookRequest:  # noqa: ARG002
        return got(
            f"secret={SECRET}&id={key}&from=%2B8613800000001&charset=UTF-16BE&text={ucs2(text)}"
        )


def read(name: str) -> list[Any]:
    channel = kannel()
    request = got(payload("kannel", name))
    return channel.parse(request, channel.verify(request))


INBOUND = [
    pytest.param("inbound-ucs2", "你好，停车多少钱？", id="Chinese comes as UTF-16 in the URL"),
    pytest.param("inbound-gsm", "hello & 100% €", id="Latin comes as UTF-8"),
    pytest.param("inbound-emoji", "a😀b", id="an emoji is two units and one character"),
    pytest.param(
        "inbound-half-a-character", "你\ufffd", id="half a character takes nothing with it"
    ),
    pytest.param("inbound-unknown-charset", "hi", id="an unknown charset is read as UTF-8"),
    pytest.param("inbound-without-country", "1", id="a number without a country is ours"),
]


@pytest.mark.parametrize(("name", "text"), INBOUND)
def test_a_message_by_get_url(name: str, text: str) -> None:
    (inbound,) = read(name)
    assert isinstance(inbound, Inbound)
    assert inbound.text == text
    assert inbound.address.user == NUMBER
    assert inbound.form is Form.TEXT
    assert inbound.key in payload("kannel", name)


@pytest.mark.parametrize("name", ["inbound-from-a-service", "inbound-from-a-word", "inbound-empty"])
def test_what_no_patient_wrote_is_left_out(name: str) -> None:
    assert read(name) == []


POSTED = [
    pytest.param("你好".encode("utf-16-be"), 'text/plain; charset="UTF-16BE"', "你好", id="UTF-16"),
    pytest.param(b"hello", 'text/plain; charset="UTF-8"', "hello", id="UTF-8"),
    pytest.param("é".encode("latin-1"), "text/plain; charset=ISO-8859-1", "é", id="Latin-1"),
    pytest.param(b"hi", "text/plain", "hi", id="none named"),
]


@pytest.mark.parametrize(("body", "content_type", "text"), POSTED)
def test_a_message_by_post_url(body: bytes, content_type: str, text: str) -> None:
    channel = kannel()
    request = posted(body, content_type, **{"from": NUMBER, "to": "10690000"})
    (inbound,) = channel.parse(request, channel.verify(request))
    assert isinstance(inbound, Inbound)
    assert (inbound.text, inbound.address.user) == (text, NUMBER)


def test_a_message_without_an_id_is_refused_so_that_somebody_looks() -> None:
    with pytest.raises(BadInput, match="id=%I") as refused:
        kannel().parse(got(f"secret={SECRET}&from=%2B8613800000001&text=1"), "")
    assert refused.value.status == 400


RECEIPTS = [
    pytest.param("receipt-8", Progress.SENT, "smsc-1", 0, "", id="8: the operator has it"),
    pytest.param("receipt-1", Progress.DELIVERED, "smsc-1", 0, "", id="1: the phone has it"),
    pytest.param("receipt-2", Progress.UNDELIVERED, "smsc-1", 0, "error_51", id="2: with its code"),
    pytest.param("receipt-4", Progress.ACCEPTED, "smsc-1", 0, "buffered", id="4: it waits"),
    pytest.param("receipt-16", Progress.FAILED, "", 0, "centre_refused", id="16: refused"),
    pytest.param("receipt-1-of-two-parts", Progress.DELIVERED, "smsc-1", 1, "",
                 id="of a split text it speaks for the first part"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "progress", "smsc_id", "part", "code"), RECEIPTS)
def test_a_receipt(name: str, progress: Progress, smsc_id: str, part: int, code: str) -> None:
    assert read(name) == [Receipt("sms", "main", progress, 7, smsc_id, part, code)]


@pytest.mark.parametrize("name", ["receipt-unknown-type", "receipt-of-nobody"])
def test_a_receipt_of_nothing_says_nothing(name: str) -> None:
    assert read(name) == []


@given(query=st.text(max_size=80), meta=st.binary(max_size=60))
def test_no_query_breaks_it(query: str, meta: bytes) -> None:
    channel = kannel()
    for text in (
        quote(query),
        f"dlr=7&type=2&meta={quote(quote(meta))}",
        f"id=1&from={quote(query)}",
    ):
        request = got(f"secret={SECRET}&{text}")
        try:
            arrived = channel.parse(request, channel.verify(request))
        except BadInput as exc:
            assert exc.status == 400  # noqa: PT017
        else:
            assert all(isinstance(item, Inbound | Receipt) for item in arrived)


SOURCES = [
    pytest.param((), "8.8.8.8", True, id="any address that knows the secret"),
    pytest.param(("10.0.0.0/8",), "10.1.2.3", True, id="one of the network"),
    pytest.param(("10.0.0.0/8", "::1"), "::1", True, id="one of several"),
    pytest.param(("10.0.0.0/8",), "11.1.2.3", False, id="one of elsewhere"),
    pytest.param(("10.0.0.0/8",), "", False, id="one that nobody knows"),
]


@pytest.mark.parametrize(("sources", "source", "may"), SOURCES)
def test_where_a_request_may_come_from(sources: tuple[str, ...], source: str, *, may: bool) -> None:
    channel = kannel(sources=list(sources))
    request = got(f"secret={SECRET}&id=1", source=source)
    if may:
        assert channel.verify(request) == ""
        return
    with pytest.raises(NotSigned):
        channel.verify(request)


def test_the_answer_has_no_body_that_could_go_to_the_patient() -> None:
    answer = kannel().ack(got(f"secret={SECRET}&id=1"), [])
    assert (answer.body, answer.status) == (b"", 200)


async def asked(scripted: Scripted, text: str, **more: Any) -> Asked:
    scripted.says(ACCEPTED)
    assert await kannel(scripted.base, **more).send(letter(text)) == Sent(None, Progress.ACCEPTED)
    (request,) = scripted.asked
    return request


async def test_a_send_is_a_post_without_the_message_in_its_url(scripted: Scripted) -> None:
    request = await asked(scripted, "中" * 71)
    headers = {
        name: value for name, value in request.headers.items() if name.startswith("x-kannel")
    }
    assert (request.method, request.path, request.query) == ("POST", "/cgi-bin/sendsms", {})
    assert request.body.decode() == "中" * 71
    assert headers == {
        "x-kannel-username": "daoyi",
        "x-kannel-password": "pass-of-the-tests",
        "x-kannel-from": "10690000",
        "x-kannel-to": NUMBER,
        "x-kannel-coding": "2",
        "x-kannel-dlr-mask": "31",
        "x-kannel-dlr-url": f"{HOOK}?secret={SECRET}&dlr=7&parts=2&type=%d&smsc=%F&meta=%D",
    }


async def test_latin_goes_as_gsm(scripted: Scripted) -> None:
    request = await asked(scripted, "Tomorrow 10:00, €15")
    assert request.headers["x-kannel-coding"] == "0"
    assert request.body.decode() == "Tomorrow 10:00, €15"


async def test_the_signature_goes_first(scripted: Scripted) -> None:
    request = await asked(scripted, "Tomorrow 10:00", signature="示范医院")
    assert request.body.decode() == "【示范医院】Tomorrow 10:00"
    assert request.headers["x-kannel-coding"] == "2"


async def test_a_send_may_be_a_get_for_gateways_that_only_know_that(scripted: Scripted) -> None:
    request = await asked(scripted, "明天十点", method="GET")
    assert request.method == "GET"
    assert {name: value[0] for name, value in request.query.items()} == {
        "username": "daoyi", "password": "pass-of-the-tests", "from": "10690000", "to": NUMBER,
        "text": "明天十点", "charset": "UTF-8", "coding": "2", "dlr-mask": "31",
        "dlr-url": f"{HOOK}?secret={SECRET}&dlr=7&parts=1&type=%d&smsc=%F&meta=%D",
    }  # fmt: skip


async def test_no_receipts_are_asked_for_where_nobody_can_reach_us(scripted: Scripted) -> None:
    request = await asked(scripted, "1", tools=Tools(lambda: NOW, "config.toml"))
    assert not [name for name in request.headers if "dlr" in name]


async def test_a_callback_url_replaces_the_public_one(scripted: Scripted) -> None:
    request = await asked(scripted, "1", callback_url="http://10.0.0.5:8200/")
    assert request.headers["x-kannel-dlr-url"].startswith(
        "http://10.0.0.5:8200/hooks/sms/kannel/main?"
    )


async def test_a_queue_is_not_yet_accepted(scripted: Scripted) -> None:
    scripted.says(Says(202, "3: Queued for later delivery"))
    assert await kannel(scripted.base).send(letter()) == Sent(None, Progress.QUEUED)


FAULTS = [
    Fault(
        "Refused", "kannel_400", Says(400, "Empty receiver number not allowed, rejected"), why="400"
    ),
    Fault("Refused", "kannel_413", Says(413), why="413"),
    Fault("NeedsOperator", "kannel_403", Says(403, "Authorization failed for sendsms"), why="403"),
    Fault("NeedsOperator", "kannel_404", Says(404), why="404"),
    Fault("TryLater", "kannel_503", Says(503, "Temporal failure, try again later."), why="503"),
    Fault("TryLater", "kannel_429", Says(429, headers={"Retry-After": "7"}), 7.0, why="429"),
    Fault(
        "TryLater",
        "kannel_429",
        Says(429, headers={"Retry-After": "soon"}),
        why="429 without a number",
    ),
    Fault("Unknown", "kannel_500", Says(500), why="500: it may have been read"),
    Fault("Unknown", "kannel_502", Says(502), why="502: whoever stands between does not know"),
    Fault("Unknown", "kannel_no_answer", Says(hang=True), why="no answer"),
    Fault("Unknown", "kannel_no_answer", Says(0), why="hung up"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_send_that_goes_wrong(scripted: Scripted, method: str, fault: Fault) -> None:
    scripted.says(fault.says)
    fault.check(await outcome(kannel(scripted.base, method=method), letter()))
    assert len(scripted.asked) == 1, "nothing tries again on its own"


async def test_a_dead_gateway_is_tried_later() -> None:
    Fault("TryLater", "kannel_unreachable", why="").check(await outcome(kannel(), letter()))


async def test_a_text_beyond_what_kannel_splits_is_refused(scripted: Scripted) -> None:
    Fault("Refused", "too_long", why="").check(await outcome(kannel(), letter("中" * 671)))
    await asked(scripted, "中" * 670)


async def test_kannel_cannot_be_asked() -> None:
    Fault("Unknown", "kannel_cannot_tell", why="").check(await found(kannel(), letter()))


CHECKS = [
    pytest.param(
        Says(400, "Missing receiver number, rejected"), True, "takes the password", id="right"
    ),
    pytest.param(
        Says(403, "Authorization failed for sendsms"), False, "answers 403", id="password"
    ),
    pytest.param(Says(404), False, "answers 404", id="path"),
    pytest.param(Says(hang=True), False, "is Kannel running", id="silent"),
]


@pytest.mark.parametrize(("says", "ok", "words"), CHECKS)
async def test_looking_whether_it_works(
    scripted: Scripted, says: Says, words: str, *, ok: bool
) -> None:
    scripted.says(says)
    hook, state = await kannel(scripted.base).check()
    assert hook.ok
    assert HOOK in hook.sentence
    assert state.ok is ok
    assert words in state.sentence
    assert not any(word in hook.sentence + state.sentence for word in ("pass-of", SECRET))


async def test_nobody_can_reach_us_is_a_finding() -> None:
    hook, _ = await kannel(tools=Tools(lambda: NOW, "config.toml")).check()
    assert not hook.ok
    assert "public_url" in hook.sentence


WRONG = [
    pytest.param({"username": 7}, "username must be a text", id="a number for a name"),
    pytest.param({"color": "red"}, "color is not a known key", id="an unknown key"),
    pytest.param({"method": "PUT"}, 'method must be "POST" or "GET"', id="another method"),
    pytest.param({"max_parts": 11}, "max_parts is not usable", id="more parts than Kannel splits"),
    pytest.param({"max_parts": 0}, "max_parts is not usable", id="no parts"),
    pytest.param({"per_second": 0}, "per_second is not usable", id="no speed"),
    pytest.param({"timeout": 60}, "timeout is not usable", id="an endless wait"),
    pytest.param({"signature": "【示范医院】"}, "signature is not usable", id="brackets twice"),
    pytest.param({"api_base_url": "127.0.0.1:13013"}, "api_base_url is not usable", id="no scheme"),
    pytest.param({"sources": ["everywhere"]}, "sources must list", id="no address"),
    pytest.param({"sources": [1.5]}, "sources must list", id="no text"),
    pytest.param({"sender": "医院"}, "sender must be plain", id="a sender no header carries"),
    pytest.param({"provider": "carrier pigeon"}, "provider must be one of", id="no such provider"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_a_wrong_setting_is_named(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=r"config\.toml: channels\.sms\.main") as refused:
        kannel(**wrong)
    assert sentence in str(refused.value)


SECRETS = [
    pytest.param({"hook_secret": SECRET}, "DAOYI_SMS_MAIN_PASSWORD is not set", id="no password"),
    pytest.param({"password": "p"}, "DAOYI_SMS_MAIN_HOOK_SECRET is not set", id="no hook secret"),
    pytest.param({"password": "p", "hook_secret": "short"}, "HOOK_SECRET is not usable", id="short"),
    pytest.param({"password": "p", "hook_secret": "with%41percents" * 2}, "HOOK_SECRET is not usable",
                 id="Kannel would read it as an escape"),
]  # fmt: skip


@pytest.mark.parametrize(("secrets", "sentence"), SECRETS)
def test_a_missing_secret_is_named_and_never_shown(secrets: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        opened({"provider": "kannel", "username": "daoyi"}, secrets)
    assert sentence in str(refused.value)
    assert not any(value in str(refused.value) for value in secrets.values() if len(value) > 1)


def test_nothing_private_is_in_the_representation_of_anything() -> None:
    (inbound,) = read("inbound-ucs2")
    assert NUMBER not in repr(inbound)
    assert "停车" not in repr(inbound)
    assert PRIVATE not in repr(letter())
