"""Tencent Cloud: the contract, its callbacks, its SDK against a stand-in, each way a send goes wrong."""

import json
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import HookRequest
from bot.channels.sms import Sms
from bot.channels.sms_providers.tencent import LATER, REFUSED, UNREACHABLE
from bot.errors import BadInput, SettingsError
from bot.message import Inbound, Kind, Progress, Receipt, Sent, Template, Worded
from tests.channels.sms.scripted import Says, Scripted
from tests.channels.sms.shared import (
    NOW,
    NUMBER,
    PRIVATE,
    SECRET,
    SmsContract,
    found,
    letter,
    opened,
    outcome,
)
from tests.channels.sms.table import Fault, payload

REMINDER = Template("visit_reminder", {"patient": "张女士", "time": "11月20日 10:00"})
TEMPLATES = {
    "visit_reminder": {
        "code": "100001", "fields": ["patient", "time"],
        "text": "{1}您好，您已预约{2}的门诊。",
    },
    "verify": {"code": "100002", "fields": ["code"]},
}  # fmt: skip
JSON = {"Content-Type": "application/json"}
SERIAL = "5000:1045710669157053657849499619"


def tencent(base: str = "http://127.0.0.1:9", **more: Any) -> Sms:
    config = {
        "provider": "tencent", "secret_id": "secret-id", "app_id": "1400000001",
        "signature": "示范医院", "timeout": 0.4, "api_base_url": base, "templates": TEMPLATES, **more,
    }  # fmt: skip
    return opened(config, {"secret_key": "key-of-the-tests", "hook_secret": SECRET})


def push(body: bytes, secret: str = SECRET) -> HookRequest:
    return HookRequest("main", body, JSON, {"secret": secret})


def says(**response: Any) -> Says:
    return Says(200, json.dumps({"Response": {"RequestId": "R-1", **response}}), JSON)


def status(code: str = "Ok") -> Says:
    one = {"SerialNo": SERIAL, "PhoneNumber": NUMBER, "Fee": 1, "SessionContext": "7", "Code": code,
           "Message": f"about {NUMBER}", "IsoCode": "CN"}  # fmt: skip
    return says(SendStatusSet=[one])


def error(code: str) -> Says:
    return says(Error={"Code": code, "Message": f"about {NUMBER}"})


class TestContract(SmsContract):
    """What every channel promises, kept by this provider."""

    template = REMINDER
    forged: ClassVar = [
        ("no secret", HookRequest("main", b"[]")),
        ("another secret", push(b"[]", "hook-secret-of-somebody")),
    ]

    @pytest.fixture(autouse=True)
    def _peer(self, scripted: Scripted) -> None:
        scripted.says(status())
        self.peer = scripted

    def channel(self) -> Sms:
        return tencent(self.peer.base)

    def request(self, channel: Any, key: str = "k1", text: str = "停车多少钱") -> HookRequest:  # noqa: ARG002
        reply = {"nationcode": "86", "mobile": "13800000001", "text": text, "time": key}
        return push(json.dumps(reply).encode())


def read(name: str) -> list[Any]:
    channel = tencent()
    request = push(payload("tencent", name).encode())
    return channel.parse(request, channel.verify(request))


RECEIPT = Receipt("sms", "main", Progress.DELIVERED, 0, SERIAL)
LOST = Receipt("sms", "main", Progress.UNDELIVERED, 0, "5000:2", code="MK:0001")


@pytest.mark.parametrize(
    ("name", "receipts"), [("report", [RECEIPT]), ("reports", [RECEIPT, LOST])]
)
def test_receipts(name: str, receipts: list[Receipt]) -> None:
    assert read(name) == receipts


async def test_a_receipt_names_what_a_send_returned(scripted: Scripted) -> None:
    scripted.says(status())
    sent = await tencent(scripted.base).send(letter(template=REMINDER))
    (receipt,) = read("report")
    assert receipt.provider_id == sent.provider_id


REPLIES = [
    pytest.param("reply", NUMBER, id="from the mainland"),
    pytest.param("reply-from-hong-kong", "+85291234567", id="from elsewhere"),
]


@pytest.mark.parametrize(("name", "number"), REPLIES)
def test_a_reply(name: str, number: str) -> None:
    (inbound,) = read(name)
    assert isinstance(inbound, Inbound)
    assert (inbound.text, inbound.address.user) == ("你好，停车多少钱？", number)


def test_a_broken_reply_says_nothing() -> None:
    assert read("reply-broken") == []


@given(data=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["mobile", "nationcode", "text", "time", "report_status", "sid"]), inner),
))  # fmt: skip
def test_no_push_breaks_it(data: Any) -> None:
    channel = tencent()
    try:
        arrived = channel.parse(push(json.dumps(data).encode()), "")
    except BadInput as exc:
        assert exc.status == 400  # noqa: PT017
    else:
        assert all(isinstance(item, Inbound | Receipt) for item in arrived)


def test_the_answer_ends_the_repetitions() -> None:
    answer = tencent().ack(push(b"[]"), [])
    assert json.loads(answer.body) == {"result": 0, "errmsg": "OK"}
    assert (answer.status, answer.media_type) == (200, "application/json")


def test_a_templates_length_is_known_where_its_words_are() -> None:
    cost = tencent().parts_of(Worded("", Kind.REMINDER, template=REMINDER))
    assert cost is not None
    assert cost.units == len("【示范医院】张女士您好，您已预约11月20日 10:00的门诊。")
    assert not tencent().limits.free_text


async def test_a_send_is_signed_by_the_sdk(scripted: Scripted) -> None:
    scripted.says(status())
    sent = await tencent(scripted.base).send(letter(template=REMINDER))
    assert sent == Sent(SERIAL, Progress.ACCEPTED)
    (request,) = scripted.asked
    assert json.loads(request.body) == {
        "PhoneNumberSet": [NUMBER], "SmsSdkAppId": "1400000001", "SignName": "示范医院",
        "TemplateId": "100001", "TemplateParamSet": ["张女士", "11月20日 10:00"], "SessionContext": "7",
    }  # fmt: skip
    assert request.headers["authorization"].startswith("TC3-HMAC-SHA256 Credential=secret-id/")
    assert request.headers["x-tc-action"] == "SendSms"
    assert {"x-tc-timestamp", "x-tc-version", "x-tc-region"} <= set(request.headers)
    assert PRIVATE.encode() not in request.body


NO_TEMPLATE = [
    pytest.param(None, "no_template", id="free text"),
    pytest.param(Template("payment_reminder"), "no_template", id="a template nobody approved"),
    pytest.param(
        Template("visit_reminder", {"patient": "x"}), "template_values", id="a value missing"
    ),
]


@pytest.mark.parametrize(("template", "code"), NO_TEMPLATE)
async def test_what_is_no_approved_template_is_refused_here(
    scripted: Scripted, template: Template | None, code: str
) -> None:
    scripted.says(status())
    Fault("Refused", code).check(await outcome(tencent(scripted.base), letter(template=template)))
    assert scripted.asked == []


LIMIT, FAILED = "LimitExceeded.", "FailedOperation."
FAULTS = [
    Fault("TryLater", "PhoneNumberThirtySecondLimit", status(LIMIT + "PhoneNumberThirtySecondLimit"),
          30.0, False, "one in 30 s"),
    Fault("TryLater", "PhoneNumberOneHourLimit", status(LIMIT + "PhoneNumberOneHourLimit"),
          3600.0, False, "too many in an hour"),
    Fault("TryLater", "DeliveryFrequencyLimit", status(LIMIT + "DeliveryFrequencyLimit"), 60.0, False,
          "too often"),
    Fault("TryLater", "RequestLimitExceeded", error("RequestLimitExceeded"), 1.0, True, "too many"),
    Fault("Refused", "PhoneNumberDailyLimit", status(LIMIT + "PhoneNumberDailyLimit"), why="ten a day"),
    Fault("Refused", "IncorrectPhoneNumber", status("InvalidParameterValue.IncorrectPhoneNumber"),
          why="no valid number"),
    Fault("Refused", "ContainSensitiveWord", status(FAILED + "ContainSensitiveWord"), why="a bad word"),
    Fault("Unreachable", "PhoneNumberInBlacklist", status(FAILED + "PhoneNumberInBlacklist"),
          why="she opted out"),
    Fault("NeedsOperator", "InsufficientBalanceInSmsPackage",
          status(FAILED + "InsufficientBalanceInSmsPackage"), why="balance"),
    Fault("NeedsOperator", "TemplateIncorrectOrUnapproved",
          status(FAILED + "TemplateIncorrectOrUnapproved"), why="template"),
    Fault("NeedsOperator", "AppDailyLimit", status(LIMIT + "AppDailyLimit"), why="the account's limit"),
    Fault("NeedsOperator", "SecretIdNotFound", error("AuthFailure.SecretIdNotFound"),
          why="dead credentials"),
    Fault("NeedsOperator", "SignatureFailure", error("AuthFailure.SignatureFailure"), why="secret"),
    Fault("NeedsOperator", "RequestIpNotInWhitelist",
          error("UnauthorizedOperation.RequestIpNotInWhitelist"), why="our address"),
    Fault("Unknown", "InternalError", error("InternalError"), why="internal error"),
    Fault("Unknown", "Timeout", error("InternalError.Timeout"), why="their timeout"),
    Fault("Unknown", "tencent_no_answer", says(SendStatusSet=[]), why="no status"),
    Fault("Unknown", "tencent_no_answer", Says(500, "{}", JSON), why="500"),
    Fault("Unknown", "tencent_no_answer", Says(503, "{}", JSON), why="503, which the SDK hides"),
    Fault("Unknown", "tencent_no_answer", Says(200, "<html>"), why="200 that is no JSON"),
    Fault("Unknown", "tencent_no_answer", Says(hang=True), why="no answer"),
    Fault("Unknown", "tencent_no_answer", Says(0), why="hung up"),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_send_that_goes_wrong(
    scripted: Scripted, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.says(fault.says)
    fault.check(await outcome(tencent(scripted.base), letter(template=REMINDER)))
    assert len(scripted.asked) == 1, "nothing tries again on its own"
    assert "13800000001" not in caplog.text


async def test_a_dead_line_is_tried_later() -> None:
    fault = Fault("TryLater", "tencent_unreachable", whole=True)
    fault.check(await outcome(tencent(), letter(template=REMINDER)))


def test_no_code_means_two_things() -> None:
    assert not set(LATER) & (REFUSED | UNREACHABLE)
    assert not REFUSED & UNREACHABLE


def reported(*contexts: str, state: str = "SUCCESS") -> Says:
    listed = [
        {"SessionContext": one, "ReportStatus": state, "SerialNo": SERIAL} for one in contexts
    ]
    return says(PullSmsSendStatusSet=listed)


LOOKED = [
    pytest.param(reported("6", "7"), Sent(SERIAL, Progress.DELIVERED), id="it arrived"),
    pytest.param(reported("7", state="FAIL"), Sent(SERIAL, Progress.UNDELIVERED), id="in vain"),
]


@pytest.mark.parametrize(("answer", "sent"), LOOKED)
async def test_what_became_of_a_lost_answer(scripted: Scripted, answer: Says, sent: Sent) -> None:
    scripted.says(answer)
    assert await found(tencent(scripted.base), letter(template=REMINDER)) == sent
    asked = json.loads(scripted.asked[0].body)
    assert asked["PhoneNumber"] == NUMBER
    assert asked["BeginTime"] == int((NOW - timedelta(minutes=5)).timestamp())


@pytest.mark.parametrize("answer", [reported(), reported("6"), reported("")])
async def test_that_nothing_is_there_proves_nothing(scripted: Scripted, answer: Says) -> None:
    """Tencent lists what operators reported, and our id only where it was asked to keep it."""
    scripted.says(answer)
    came = await found(tencent(scripted.base), letter(template=REMINDER))
    Fault("Unknown", "tencent_cannot_tell").check(came)


async def test_looking_whether_everything_is_approved(scripted: Scripted) -> None:
    states = [{"TemplateId": 100001, "StatusCode": 0}, {"TemplateId": 100002, "StatusCode": 1}]
    scripted.says(says(DescribeTemplateStatusSet=states))
    hook, verify, reminder = await tencent(scripted.base).check()
    assert [hook.ok, reminder.ok, verify.ok] == [True, True, False]
    assert "is being reviewed" in verify.sentence
    scripted.says(says(DescribeTemplateStatusSet=[]))
    assert "is not known there" in (await tencent(scripted.base).check())[1].sentence


async def test_dead_credentials_are_a_finding(scripted: Scripted) -> None:
    scripted.says(error("AuthFailure.SecretIdNotFound"))
    findings = await tencent(scripted.base).check()
    assert {finding.what for finding in findings if not finding.ok} == {"credentials"}


def test_a_missing_signature_is_named() -> None:
    with pytest.raises(SettingsError, match="signature is missing"):
        tencent(signature="")
