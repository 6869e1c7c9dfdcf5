"""Aliyun: the contract, its pushes, its SDK against a stand-in, each way a send can go wrong."""

import json
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import HookRequest
from bot.channels.sms import Sms
from bot.channels.sms_providers.aliyun import LATER, REFUSED
from bot.errors import BadInput, SettingsError
from bot.message import Inbound, Kind, Progress, Receipt, Sent, Template, Worded
from tests.channels.sms.scripted import Asked, Says, Scripted
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
        "code": "SMS_100001", "fields": ["patient", "time"], "names": ["name", "time"],
        "text": "${name}您好，您已预约${time}的门诊，请提前十分钟到达。回T退订",
    },
    "verify": {"code": "SMS_100002", "fields": ["code"]},
}  # fmt: skip
JSON = {"Content-Type": "application/json"}
BIZ = "932702304080415357^0"


def aliyun(base: str = "http://127.0.0.1:9", **more: Any) -> Sms:
    config = {
        "provider": "aliyun", "access_key_id": "key-id", "signature": "示范医院", "timeout": 0.4,
        "api_base_url": base, "templates": TEMPLATES, **more,
    }  # fmt: skip
    return opened(config, {"access_key_secret": "secret-of-the-tests", "hook_secret": SECRET})


def push(body: bytes, secret: str = SECRET) -> HookRequest:
    return HookRequest("main", body, JSON, {"secret": secret})


def says(code: str = "OK", message: str = "OK", status: int = 200, **more: Any) -> Says:
    body = {"RequestId": "R-1", "Code": code, "Message": message, **more}
    return Says(status, json.dumps(body), JSON)


SENT = says(BizId=BIZ)


class TestContract(SmsContract):
    """What every channel promises, kept by this provider."""

    template = REMINDER
    forged: ClassVar = [
        ("no secret", HookRequest("main", b"[]")),
        ("another secret", push(b"[]", "hook-secret-of-somebody")),
    ]

    @pytest.fixture(autouse=True)
    def _peer(self, scripted: Scripted) -> None:
        scripted.says(SENT)
        self.peer = scripted

    def channel(self) -> Sms:
        return aliyun(self.peer.base)

    def request(self, channel: Any, key: str = "k1", text: str = "停车多少钱") -> HookRequest:  # noqa: ARG002
        up = {"phone_number": "13800000001", "content": text, "send_time": "2026-11-18 10:01:00",
              "sequence_id": key}  # fmt: skip
        return push(json.dumps([up]).encode())


def read(name: str) -> list[Any]:
    channel = aliyun()
    request = push(payload("aliyun", name).encode())
    return channel.parse(request, channel.verify(request))


RECEIPT = Receipt("sms", "main", Progress.DELIVERED, 7, BIZ)
LOST = Receipt("sms", "main", Progress.UNDELIVERED, 8, "932702304080415358^0",
               code="MOBILE_TERMINATED_ERROR")  # fmt: skip
NAMELESS = Receipt("sms", "main", Progress.DELIVERED, 0, "1^0")

REPORTS = [
    pytest.param("report", [RECEIPT], id="one"),
    pytest.param("reports", [RECEIPT, LOST, NAMELESS], id="several in one push"),
    pytest.param("report-broken-neighbour", [RECEIPT], id="a broken one takes none with it"),
]


@pytest.mark.parametrize(("name", "receipts"), REPORTS)
def test_receipts(name: str, receipts: list[Receipt]) -> None:
    assert read(name) == receipts


def test_messages_of_a_push() -> None:
    (only,) = read("up")
    first, second = read("ups")
    assert isinstance(only, Inbound)
    assert (only.text, only.address.user) == ("你好，停车多少钱？", NUMBER)
    assert only == first
    assert second.text == "1"
    assert second.key != first.key


@given(data=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["phone_number", "content", "biz_id", "success", "out_id", "err_code"]), inner),
))  # fmt: skip
def test_no_push_breaks_it(data: Any) -> None:
    channel = aliyun()
    try:
        arrived = channel.parse(push(json.dumps(data).encode()), "")
    except BadInput as exc:
        assert exc.status == 400  # noqa: PT017
    else:
        assert all(isinstance(item, Inbound | Receipt) for item in arrived)


def test_the_answer_ends_the_repetitions() -> None:
    answer = aliyun().ack(push(b"[]"), [])
    assert json.loads(answer.body) == {"code": 0, "msg": "接收成功"}
    assert (answer.status, answer.media_type) == (200, "application/json")


def test_it_takes_templates_only() -> None:
    limits = aliyun().limits
    assert not limits.free_text
    assert limits.templates == {"visit_reminder", "verify"}


def test_a_templates_length_is_known_where_its_words_are() -> None:
    channel = aliyun()
    cost = channel.parts_of(Worded("", Kind.REMINDER, template=REMINDER))
    assert cost is not None
    text = "【示范医院】张女士您好，您已预约11月20日 10:00的门诊，请提前十分钟到达。回T退订"
    assert (cost.units, cost.parts) == (len(text), 1)
    assert channel.parts_of(Worded("", template=Template("verify", {"code": "1"}))) is None
    assert channel.parts_of(Worded("free")) is None


async def test_a_send_is_signed_by_the_sdk(scripted: Scripted) -> None:
    scripted.says(SENT)
    sent = await aliyun(scripted.base).send(letter(template=REMINDER))
    assert sent == Sent(BIZ, Progress.ACCEPTED)
    (request,) = scripted.asked
    fields = {name: value[0] for name, value in request.query.items()}
    assert json.loads(fields.pop("TemplateParam")) == {"name": "张女士", "time": "11月20日 10:00"}
    assert fields == {
        "PhoneNumbers": "13800000001", "SignName": "示范医院", "TemplateCode": "SMS_100001",
        "OutId": "7",
    }  # fmt: skip
    assert request.headers["authorization"].startswith("ACS3-HMAC-SHA256 Credential=key-id")
    assert request.headers["x-acs-action"] == "SendSms"
    assert {"x-acs-signature-nonce", "x-acs-content-sha256", "x-acs-date"} <= set(request.headers)
    assert PRIVATE not in f"{request.query}{request.body!r}", "only the template's values leave us"


async def test_a_receipt_names_what_a_send_returned(scripted: Scripted) -> None:
    """The core finds a message by our id in the receipt; the provider's id must be told alike too."""
    scripted.says(SENT)
    sent = await aliyun(scripted.base).send(letter(template=REMINDER))
    (receipt,) = read("report")
    assert receipt.provider_id == sent.provider_id


async def test_a_number_abroad_goes_with_its_country(scripted: Scripted) -> None:
    scripted.says(SENT)
    await aliyun(scripted.base).send(letter(to="+85291234567", template=REMINDER))
    assert scripted.asked[0].query["PhoneNumbers"] == ["85291234567"]


NO_TEMPLATE = [
    pytest.param(None, "no_template", id="free text"),
    pytest.param(Template("payment_reminder"), "no_template", id="a template nobody approved"),
    pytest.param(
        Template("visit_reminder", {"patient": "x"}), "template_values", id="a value missing"
    ),
    pytest.param(
        Template("visit_reminder", {"patient": "x", "time": " "}), "template_values", id="empty"
    ),
]


@pytest.mark.parametrize(("template", "code"), NO_TEMPLATE)
async def test_what_is_no_approved_template_is_refused_here(
    scripted: Scripted, template: Template | None, code: str
) -> None:
    scripted.says(SENT)
    Fault("Refused", code).check(await outcome(aliyun(scripted.base), letter(template=template)))
    assert scripted.asked == []


FREQUENCY, SYSTEM = "isv.BUSINESS_LIMIT_CONTROL", "isp.SYSTEM_ERROR"
NO_KEY = says("InvalidAccessKeyId.NotFound", status=404)


def _body(kind: str, code: str, why: str) -> Fault:
    """Return a fault that comes as a code in an answer with status 200."""
    return Fault(kind, code, says(code), why=why)


FAULTS = [
    Fault("TryLater", FREQUENCY, says(FREQUENCY, "触发分钟级流控Permits:1"), 60.0, False, "1/min"),
    Fault("TryLater", FREQUENCY, says(FREQUENCY, "触发小时级流控Permits:5"), 3600.0, False, "5/h"),
    Fault("Refused", FREQUENCY + "_day", says(FREQUENCY, "触发天级流控Permits:10"), why="ten a day"),
    _body("Refused", "isv.MOBILE_NUMBER_ILLEGAL", "number"),
    _body("Refused", "isv.BLACK_KEY_CONTROL_LIMIT", "a bad word"),
    _body("NeedsOperator", "isv.AMOUNT_NOT_ENOUGH", "balance"),
    _body("NeedsOperator", "isv.SMS_SIGNATURE_ILLEGAL", "signature"),
    _body("NeedsOperator", "isv.DAY_LIMIT_CONTROL", "account's limit"),
    _body("NeedsOperator", "isv.NEVER_HEARD_OF", "any other code"),
    Fault("TryLater", SYSTEM, says(SYSTEM), whole=True, why="their system"),
    Fault("NeedsOperator", "InvalidAccessKeyId.NotFound", NO_KEY, why="dead credentials"),
    Fault("NeedsOperator", "SignatureDoesNotMatch", says("SignatureDoesNotMatch", status=400),
          why="wrong secret"),
    Fault("TryLater", "Throttling.User", says("Throttling.User", status=400), 1.0, True, "too many"),
    Fault("TryLater", "Throttling", says("Throttling", status=429), 1.0, True, "429"),
    Fault("TryLater", "ServiceUnavailable", says("ServiceUnavailable", status=503), 1.0, True, "503"),
    Fault("Unknown", "aliyun_500", says("InternalError", status=500), why="500: it may have been taken"),
    Fault("Unknown", "aliyun_no_answer", Says(502, "<html>"), why="502 that is no JSON"),
    Fault("Unknown", "aliyun_no_answer", Says(200, "{}", JSON), why="200 without a code"),
    Fault("Unknown", "aliyun_no_answer", Says(hang=True), why="no answer"),
    Fault("Unknown", "aliyun_no_answer", Says(0), why="hung up"),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_send_that_goes_wrong(
    scripted: Scripted, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.says(fault.says)
    fault.check(await outcome(aliyun(scripted.base), letter(template=REMINDER)))
    assert len(scripted.asked) == 1, "nothing tries again on its own"
    assert "13800000001" not in caplog.text


async def test_a_dead_line_is_tried_later() -> None:
    fault = Fault("TryLater", "aliyun_unreachable", whole=True)
    fault.check(await outcome(aliyun(), letter(template=REMINDER)))


def test_no_code_means_two_things() -> None:
    assert not set(LATER) & REFUSED


def details(*ids: str, state: int = 3) -> Says:
    listed = [{"OutId": one, "SendStatus": state, "PhoneNum": "13800000001"} for one in ids]
    return says(SmsSendDetailDTOs={"SmsSendDetailDTO": listed}, TotalCount=len(listed))


LOOKED = [
    pytest.param(details("6", "7"), Sent(None, Progress.DELIVERED), id="it arrived"),
    pytest.param(details("7", state=1), Sent(None, Progress.ACCEPTED), id="it is under way"),
    pytest.param(details("7", state=2), Sent(None, Progress.UNDELIVERED), id="in vain"),
    pytest.param(details("6", "8"), None, id="only others are there"),
    pytest.param(details(), None, id="nothing is there"),
]


@pytest.mark.parametrize(("answer", "sent"), LOOKED)
async def test_what_became_of_a_lost_answer(
    scripted: Scripted, answer: Says, sent: Sent | None
) -> None:
    scripted.says(answer)
    assert await found(aliyun(scripted.base), letter(template=REMINDER)) == sent
    (request,) = scripted.asked
    assert request.query["SendDate"] == ["20261118"]
    assert request.query["PhoneNumber"] == ["13800000001"]


async def test_a_message_of_yesterday_is_looked_for_on_both_days(scripted: Scripted) -> None:
    def live(asked: Asked) -> Says:
        return details("7") if asked.query["SendDate"] == ["20261118"] else details()

    scripted.live = live
    at = NOW - timedelta(hours=11)
    sent = await found(aliyun(scripted.base), letter(template=REMINDER, at=at))
    assert sent == Sent(None, Progress.DELIVERED)
    assert [asked.query["SendDate"][0] for asked in scripted.asked] == ["20261117", "20261118"]


async def test_a_list_proves_nothing_about_the_last_minute(scripted: Scripted) -> None:
    at = NOW - timedelta(seconds=20)
    came = await found(aliyun(scripted.base), letter(template=REMINDER, at=at))
    Fault("TryLater", "too_early", after=40.0).check(came)


async def test_what_cannot_be_told_now(scripted: Scripted) -> None:
    scripted.says(Says(hang=True))
    came = await found(aliyun(scripted.base), letter(template=REMINDER))
    Fault("Unknown", "aliyun_no_answer").check(came)


async def test_looking_whether_everything_is_approved(scripted: Scripted) -> None:
    def live(asked: Asked) -> Says:
        if asked.headers["x-acs-action"] == "QuerySmsSign":
            return says(SignStatus=1)
        return says(TemplateStatus=1 if asked.query["TemplateCode"] == ["SMS_100001"] else 0)

    scripted.live = live
    hook, sign, reminder, verify = sorted(await aliyun(scripted.base).check(), key=_order)
    assert [hook.ok, sign.ok, reminder.ok, verify.ok] == [True, True, True, False]
    assert "is being reviewed" in verify.sentence


def _order(finding: Any) -> int:
    places = ("expected at", "signature", "visit_reminder", "verify")
    return next(number for number, word in enumerate(places) if word in finding.sentence)


async def test_dead_credentials_are_a_finding(scripted: Scripted) -> None:
    scripted.says(says("InvalidAccessKeyId.NotFound", status=404))
    findings = await aliyun(scripted.base).check()
    assert {finding.what for finding in findings if not finding.ok} == {"credentials"}


WRONG = [
    pytest.param({"signature": ""}, "signature is missing", id="no signature"),
    pytest.param({"templates": {"x": "SMS_1"}}, "templates.x must be a section", id="a code alone"),
    pytest.param({"templates": {"x": {}}}, "templates.x.code is missing", id="no code"),
    pytest.param({"templates": {"x": {"code": "S", "fields": [1]}}}, "must list names", id="a number"),
    pytest.param({"templates": {"x": {"code": "S", "fields": ["a"], "names": ["a", "b"]}}},
                 "as many entries", id="more names than fields"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_a_wrong_setting_is_named(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        aliyun(**wrong)
