"""Twilio: the contract, its signature, its callbacks, each way a send can go wrong."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import HookRequest, Tools
from bot.channels.sms import Sms
from bot.channels.sms_providers.twilio import PROGRESS
from bot.errors import BadInput, NotSigned, SettingsError
from bot.message import Form, Inbound, Progress, Receipt, Sent
from tests.channels.sms.scripted import Says, Scripted
from tests.channels.sms.shared import (
    NOW,
    NUMBER,
    PRIVATE,
    SmsContract,
    found,
    letter,
    opened,
    outcome,
)
from tests.channels.sms.table import Fault, payload
from tests.channels.sms.twilio_says import (
    ACCOUNT,
    FORM,
    HOOK,
    SID,
    TOKEN,
    created,
    got,
    refused,
    signature,
    twilio,
)


class TestContract(SmsContract):
    """What every channel promises, kept by this provider."""

    forged: ClassVar = [
        ("no signature", got(FORM, headers={})),
        ("an empty signature", got(FORM, headers={"x-twilio-signature": ""})),
        ("another account's", got(FORM, headers={"x-twilio-signature": signature(HOOK, [], "other")})),
        ("signed for another host", got(FORM, headers={"x-twilio-signature": signature(
            "https://elsewhere.example/hooks/sms/twilio/main", parse_qsl(FORM))})),
        ("of another body", got(FORM + "&Body=2", headers=got(FORM).headers)),
        ("of another query", got(FORM, url=HOOK + "?id=9", headers=got(FORM, HOOK + "?id=8").headers)),
        ("no ASCII", got(FORM, headers={"x-twilio-signature": "签" * 28})),
    ]  # fmt: skip

    @pytest.fixture(autouse=True)
    def _peer(self, scripted: Scripted) -> None:
        scripted.says(created())
        self.peer = scripted

    def channel(self) -> Sms:
        return twilio(self.peer.base)

    def request(self, channel: Any, key: str = "k1", text: str = "停车多少钱") -> HookRequest:  # noqa: ARG002
        fields = {"MessageSid": key, "From": NUMBER, "Body": text, "SmsStatus": "received"}
        return got(urlencode(fields, errors="surrogatepass"))


SIGNED = [
    pytest.param("https://hospital.example/hooks/sms/twilio/main", None, id="https without a port"),
    pytest.param("https://hospital.example/hooks/sms/twilio/main",
                 "https://hospital.example:443/hooks/sms/twilio/main", id="https, signed with the port"),
    pytest.param("https://hospital.example:8443/hooks/sms/twilio/main", None, id="https with a port"),
    pytest.param("http://hospital.example/hooks/sms/twilio/main?id=7", None, id="http with a query"),
    pytest.param("http://hospital.example/hooks/sms/twilio/main",
                 "http://hospital.example:80/hooks/sms/twilio/main", id="http, signed with the port"),
    pytest.param("http://hospital.example:8080/hooks/sms/twilio/main",
                 "http://hospital.example/hooks/sms/twilio/main", id="signed without our port"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "as_signed"), SIGNED)
def test_six_ways_twilio_signs(url: str, as_signed: str | None) -> None:
    pairs = [("Body", "你好 &=+"), ("From", NUMBER), ("Digit", "1"), ("Digit", "2"), ("Digit", "1"),
             ("Empty", "")]  # fmt: skip
    sign = signature(as_signed or url, pairs)
    request = HookRequest(
        "main", urlencode(pairs).encode(), {"x-twilio-signature": sign},
        dict(parse_qsl(urlsplit(url).query)), url=url,
    )  # fmt: skip
    channel = twilio(tools=Tools(lambda: NOW, public_url=url.partition("/hooks/")[0]))
    assert channel.verify(request) == ""
    for forged in (sign[:-2] + "AA", sign.swapcase(), ""):
        with pytest.raises(NotSigned):
            channel.verify(
                HookRequest("main", request.body, {"x-twilio-signature": forged}, url=url)
            )


def test_a_signed_body_hash_is_held_against_the_body() -> None:
    body = b'{"MessageSid": "x"}'
    url = f"{HOOK}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {"x-twilio-signature": signature(url, [])}
    query = dict(parse_qsl(urlsplit(url).query))
    twilio().verify(HookRequest("main", body, headers, query, url=url))
    with pytest.raises(NotSigned):
        twilio().verify(HookRequest("main", body + b" ", headers, query, url=url))


def test_a_get_is_signed_by_its_url_alone() -> None:
    url = f"{HOOK}?{FORM}"
    request = got("", url=url, method="GET")
    channel = twilio()
    (inbound,) = channel.parse(request, channel.verify(request))
    assert isinstance(inbound, Inbound)
    assert (inbound.key, inbound.text) == (SID, "1")


def test_a_callback_url_is_what_twilio_signs() -> None:
    base = "https://sms.hospital.example"
    url = f"{base}/hooks/sms/twilio/main?id=7"
    request = got(FORM, url=url)
    assert twilio(callback_url=base).verify(request) == ""
    with pytest.raises(NotSigned):
        twilio().verify(request)


def test_the_host_of_the_request_decides_nothing() -> None:
    """What Twilio signed is rebuilt from `server.public_url`; a proxy's own name is not asked."""
    headers = {**got(FORM).headers, "host": "10.0.0.5:8200", "x-forwarded-host": "evil.example"}
    url = "http://10.0.0.5:8200/hooks/sms/twilio/main"
    assert twilio().verify(got(FORM, headers=headers)) == ""
    assert twilio().verify(got(FORM, url, headers=headers)) == ""


def read(name: str, url: str = HOOK) -> list[Any]:
    channel = twilio()
    request = got(payload("twilio", name), url)
    return channel.parse(request, channel.verify(request))


INBOUND = [
    pytest.param("inbound", Form.TEXT, "你好，停车多少钱？", id="a text"),
    pytest.param("inbound-picture", Form.IMAGE, "", id="a picture without words"),
    pytest.param("inbound-picture-with-words", Form.IMAGE, "看这个", id="a picture with words"),
    pytest.param("inbound-sound", Form.VOICE, "", id="a sound"),
    pytest.param("inbound-card", Form.FILE, "", id="anything else"),
    pytest.param("inbound-opt-out", Form.TEXT, "STOP", id="an opt-out Twilio has seen itself"),
]


@pytest.mark.parametrize(("name", "form", "text"), INBOUND)
def test_a_message(name: str, form: Form, text: str) -> None:
    (inbound,) = read(name)
    assert isinstance(inbound, Inbound)
    assert (inbound.form, inbound.text, inbound.key) == (form, text, SID)
    assert inbound.address.user == NUMBER


@pytest.mark.parametrize("name", ["inbound-empty", "inbound-from-a-word", "inbound-whatsapp"])
def test_what_no_patient_wrote_is_left_out(name: str) -> None:
    assert read(name) == []


STATUSES = [
    pytest.param("scheduled", Progress.QUEUED, "", id="scheduled"),
    pytest.param("accepted", Progress.ACCEPTED, "", id="accepted"),
    pytest.param("queued", Progress.ACCEPTED, "", id="queued"),
    pytest.param("sending", Progress.ACCEPTED, "", id="sending"),
    pytest.param("sent", Progress.SENT, "", id="sent"),
    pytest.param("delivered", Progress.DELIVERED, "", id="delivered"),
    pytest.param("read", Progress.DELIVERED, "", id="read"),
    pytest.param(
        "undelivered", Progress.UNDELIVERED, "30003", id="undelivered: unreachable handset"
    ),
    pytest.param("partially_delivered", Progress.UNDELIVERED, "partially_delivered", id="in part"),
    pytest.param("failed", Progress.FAILED, "30007", id="failed: filtered by the carrier"),
    pytest.param("canceled", Progress.FAILED, "canceled", id="canceled"),
]


@pytest.mark.parametrize(("status", "progress", "code"), STATUSES)
def test_a_receipt(status: str, progress: Progress, code: str) -> None:
    assert read(f"status-{status}", f"{HOOK}?id=7") == [
        Receipt("sms", "main", progress, 7, SID, code=code)
    ]


def test_every_state_of_twilio_has_its_row() -> None:
    assert {param.values[0] for param in STATUSES} == set(PROGRESS)


def test_a_state_that_twilio_added_since_says_nothing() -> None:
    assert read("status-new", f"{HOOK}?id=7") == []


def test_a_receipt_without_our_id_is_known_by_twilios() -> None:
    assert read("status-sent") == [Receipt("sms", "main", Progress.SENT, 0, SID)]


@given(form=st.dictionaries(st.sampled_from(["MessageSid", "MessageStatus", "SmsStatus", "From", "Body",
                                             "NumMedia", "MediaContentType0", "ErrorCode"]),
                            st.text(max_size=40)))  # fmt: skip
def test_no_form_breaks_it(form: dict[str, str]) -> None:
    channel = twilio()
    request = got(urlencode(form, errors="replace"))
    try:
        arrived = channel.parse(request, channel.verify(request))
    except BadInput as exc:
        assert exc.status == 400  # noqa: PT017
    else:
        assert all(isinstance(item, Inbound | Receipt) for item in arrived)


def test_the_answer_is_empty_twiml() -> None:
    answer = twilio().ack(got(FORM), [])
    assert (answer.body, answer.media_type, answer.status) == (b"<Response/>", "text/xml", 200)


async def test_a_send(scripted: Scripted) -> None:
    scripted.says(created())
    assert await twilio(scripted.base).send(letter()) == Sent(SID, Progress.ACCEPTED)
    (request,) = scripted.asked
    assert (request.method, request.path) == (
        "POST",
        f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
    )
    assert {name: value[0] for name, value in request.form.items()} == {
        "To": NUMBER, "From": "+14155550100", "Body": PRIVATE, "StatusCallback": f"{HOOK}?id=7",
    }  # fmt: skip
    login = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
    assert login == f"{ACCOUNT}:{TOKEN}"


async def test_a_messaging_service_and_an_api_key(scripted: Scripted) -> None:
    scripted.says(created("accepted"))
    service = "MG" + "1" * 32
    channel = twilio(scripted.base, sender="", messaging_service=service, api_key="SK1")
    await channel.send(letter())
    (request,) = scripted.asked
    assert request.form["MessagingServiceSid"] == [service]
    assert "From" not in request.form
    login = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
    assert login == "SK1:of-the-key"
    assert ACCOUNT in request.path


async def test_no_receipts_are_asked_for_where_nobody_can_reach_us(scripted: Scripted) -> None:
    scripted.says(created())
    await twilio(scripted.base, tools=Tools(lambda: NOW, "config.toml")).send(letter())
    assert "StatusCallback" not in scripted.asked[0].form


FAULTS = [
    Fault("Unreachable", "twilio_21610", refused(400, 21610), why="she opted out at Twilio"),
    Fault("Refused", "twilio_21211", refused(400, 21211), why="no valid number"),
    Fault("Refused", "twilio_21614", refused(400, 21614), why="no mobile"),
    Fault("Refused", "twilio_21617", refused(400, 21617), why="too long"),
    Fault("Refused", "twilio_99999", refused(400, 99999), why="anything else about this message"),
    Fault("TryLater", "twilio_429", refused(429, 20429), whole=True, why="too many"),
    Fault("TryLater", "twilio_429", refused(429, 20429, **{"Retry-After": "3"}), 3.0, why="3 s"),
    Fault("TryLater", "twilio_21611", refused(400, 21611), why="the sender's queue is full"),
    Fault("TryLater", "twilio_503", refused(503, 0), why="maintenance"),
    Fault("NeedsOperator", "twilio_20003", refused(401, 20003), why="dead credentials"),
    Fault("NeedsOperator", "twilio_20005", refused(403, 20005), why="suspended account"),
    Fault("NeedsOperator", "twilio_21408", refused(400, 21408), why="country not allowed"),
    Fault("NeedsOperator", "twilio_21608", refused(400, 21608), why="a trial account"),
    Fault("NeedsOperator", "twilio_21606", refused(400, 21606), why="not our number"),
    Fault("NeedsOperator", "twilio_20404", refused(404, 20404), why="no such account"),
    Fault("Unknown", "twilio_20500", refused(500, 20500), why="500: it may have been taken"),
    Fault("Unknown", "twilio_502", Says(502, "<html>bad gateway</html>"), why="502 that is no JSON"),
    Fault("Unknown", "twilio_no_answer", Says(200, "<html>"), why="200 that is no JSON"),
    Fault("Unknown", "twilio_no_answer", Says(hang=True), why="no answer"),
    Fault("Unknown", "twilio_no_answer", Says(0), why="hung up"),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_send_that_goes_wrong(
    scripted: Scripted, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.says(fault.says)
    with caplog.at_level(0, "twilio"):
        fault.check(await outcome(twilio(scripted.base), letter()))
    assert len(scripted.asked) == 1, "nothing tries again on its own"
    assert NUMBER not in caplog.text
    assert PRIVATE not in caplog.text


async def test_a_dead_line_is_tried_later() -> None:
    fault = Fault("TryLater", "twilio_unreachable", whole=True)
    fault.check(await outcome(twilio(), letter()))


def listed(*messages: dict[str, Any]) -> Says:
    page = {
        "messages": list(messages), "next_page_uri": None, "page": 0, "page_size": 50, "end": 0,
        "start": 0, "uri": "/2010-04-01", "first_page_uri": "", "previous_page_uri": None,
    }  # fmt: skip
    return Says(200, json.dumps(page), {"Content-Type": "application/json"})


def message(minutes: float = 5, body: str = PRIVATE, status: str = "sent") -> dict[str, Any]:
    made = (NOW - timedelta(minutes=minutes)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return {"sid": SID, "status": status, "body": body, "date_created": made, "to": NUMBER}


LOOKED = [
    pytest.param([message()], Sent(SID, Progress.SENT), id="it is there"),
    pytest.param([message(1, "别的"), message(4, status="queued")], Sent(SID, Progress.ACCEPTED),
                 id="it waits at Twilio, behind another"),
    pytest.param([message(4.9, status="undelivered")], Sent(SID, Progress.UNDELIVERED), id="in vain"),
    pytest.param([], None, id="nothing is there"),
    pytest.param([message(body="别的")], None, id="only another text is there"),
    pytest.param([message(60)], None, id="only the same text of an hour ago is there"),
]  # fmt: skip


@pytest.mark.parametrize(("messages", "sent"), LOOKED)
async def test_what_became_of_a_lost_answer(
    scripted: Scripted, messages: list[dict[str, Any]], sent: Sent | None
) -> None:
    scripted.says(listed(*messages))
    assert await found(twilio(scripted.base), letter()) == sent
    assert scripted.asked[0].query["To"] == [NUMBER]
    assert not [name for name in scripted.asked[0].query if name.startswith("DateSent")]


NOT_TOLD = [
    Fault("TryLater", "twilio_503", refused(503, 0), why="away"),
    Fault("NeedsOperator", "twilio_20003", refused(401, 20003), why="dead credentials"),
    Fault("Unknown", "twilio_no_answer", Says(hang=True), why="no answer"),
]


@pytest.mark.parametrize("fault", NOT_TOLD, ids=str)
async def test_what_cannot_be_told_now(scripted: Scripted, fault: Fault) -> None:
    scripted.says(fault.says)
    fault.check(await found(twilio(scripted.base), letter()))


async def test_a_list_proves_nothing_about_the_last_minute(scripted: Scripted) -> None:
    scripted.says(listed())
    at = NOW - timedelta(seconds=20)
    Fault("TryLater", "too_early", after=40.0).check(
        await found(twilio(scripted.base), letter(at=at))
    )
    Fault("TryLater", "not_stored").check(await found(twilio(scripted.base), letter(at=None)))
    assert scripted.asked == []


CHECKS = [
    pytest.param(Says(200, json.dumps({"sid": ACCOUNT, "status": "active"})), True, "active", id="ok"),
    pytest.param(Says(200, json.dumps({"sid": ACCOUNT, "status": "suspended"})), False, "is suspended",
                 id="suspended"),
    pytest.param(refused(401, 20003), False, "refuses account_sid", id="dead credentials"),
    pytest.param(Says(hang=True), False, "does not answer", id="silent"),
]  # fmt: skip


@pytest.mark.parametrize(("says", "ok", "words"), CHECKS)
async def test_looking_whether_it_works(
    scripted: Scripted, says: Says, words: str, *, ok: bool
) -> None:
    scripted.says(says)
    hook, state = await twilio(scripted.base).check()
    assert (hook.ok, state.ok) == (True, ok)
    assert words in state.sentence
    assert TOKEN not in state.sentence


WRONG = [
    pytest.param({"sender": ""}, "either sender or messaging_service", id="nobody to send as"),
    pytest.param(
        {"messaging_service": "MG1"}, "either sender or messaging_service", id="two to send as"
    ),
    pytest.param({"account_sid": None}, "account_sid must be a text", id="no account"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_a_wrong_setting_is_named(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        twilio(**wrong)


def test_a_missing_token_is_named() -> None:
    with pytest.raises(SettingsError, match="DAOYI_SMS_MAIN_AUTH_TOKEN"):
        opened({"provider": "twilio", "account_sid": ACCOUNT, "sender": "+1"}, {})
