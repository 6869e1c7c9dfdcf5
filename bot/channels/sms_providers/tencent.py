"""Tencent Cloud SMS (腾讯云短信), by its official SDK: approved templates out, replies and receipts in.

There is no free text in the mainland: see `aliyun.py`. In the console both callbacks, status and
replies, point to
https://<public_url>/hooks/sms/tencent/<account>?secret=<DAOYI_SMS_<ACCOUNT>_HOOK_SECRET>.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from tencentcloud.common.credential import Credential  # type: ignore[import-untyped]
from tencentcloud.common.exception import TencentCloudSDKException  # type: ignore[import-untyped]
from tencentcloud.common.profile.client_profile import (  # type: ignore[import-untyped]
    ClientProfile,
)
from tencentcloud.common.profile.http_profile import HttpProfile  # type: ignore[import-untyped]
from tencentcloud.sms.v20210111 import models  # type: ignore[import-untyped]
from tencentcloud.sms.v20210111.sms_client import SmsClient  # type: ignore[import-untyped]

from bot.channels.base import Finding, HookAnswer, HookRequest, Tools
from bot.channels.options import read_options
from bot.channels.sms_providers.base import (
    Heard,
    OutboundSms,
    hook_finding,
    id_of,
    in_thread,
    key_of,
    never_sent,
    settled,
    short_code,
)
from bot.channels.sms_providers.templates import TemplateOnly, TemplateOptions, pushed
from bot.errors import (
    NeedsOperator,
    Refused,
    SendError,
    SettingsError,
    TryLater,
    Unknown,
    Unreachable,
)
from bot.message import Progress, Receipt, Sent

_LIMIT, _VALUE, _FAILED = "LimitExceeded.", "InvalidParameterValue.", "FailedOperation."
#: Codes that a later try can get past, and after how many seconds.
LATER: Mapping[str, float | None] = {
    "RequestLimitExceeded": 1.0,
    "RequestLimitExceeded.UinLimitExceeded": 1.0,
    "ResourceUnavailable": None,
    _LIMIT + "DeliveryFrequencyLimit": 60.0,
    _LIMIT + "GlobalSmsSendingRateLimit": 60.0,
    _LIMIT + "PhoneNumberThirtySecondLimit": 30.0,
    _LIMIT + "PhoneNumberOneHourLimit": 3_600.0,
}
#: Of those, what holds for one number only.
_ONE_NUMBER = frozenset({
    _LIMIT + "DeliveryFrequencyLimit", _LIMIT + "PhoneNumberThirtySecondLimit",
    _LIMIT + "PhoneNumberOneHourLimit",
})  # fmt: skip
UNREACHABLE = frozenset({_FAILED + "PhoneNumberInBlacklist"})
#: Codes that are about this one message; of the rest, `InternalError` may have been taken and any
#: other needs somebody to look at the account.
REFUSED = frozenset({
    _LIMIT + "PhoneNumberDailyLimit", _LIMIT + "PhoneNumberSameContentDailyLimit",
    _LIMIT + "PhoneNumberCountLimit", _VALUE + "IncorrectPhoneNumber",
    _VALUE + "ContentLengthLimit", _VALUE + "TemplateParameterFormatError",
    _VALUE + "TemplateParameterLengthLimit", _VALUE + "ProhibitedUseUrlInTemplateParameter",
    _FAILED + "ContainSensitiveWord", _FAILED + "PhoneNumberParseFail",
    _FAILED + "TemplateParamSetNotMatchApprovedTemplate", "InvalidParameter.DirtyWordFound",
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
    "UnsupportedOperation.UnsupportedRegion",
})  # fmt: skip
_PROGRESS: Mapping[str, Progress] = {
    "SUCCESS": Progress.DELIVERED, "FAIL": Progress.UNDELIVERED,
}  # fmt: skip
_PAGE = 100
_STATES: Mapping[int, str] = {
    0: "is approved", 1: "is being reviewed", 2: "is approved and not yet in force",
    -1: "was refused",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TencentOptions(TemplateOptions):
    """What an account at Tencent Cloud says in config.toml.

    Attributes:
        app_id: SmsSdkAppId, the application in the SMS console.
    """

    secret_id: str
    app_id: str
    region: str = "ap-guangzhou"
    api_base_url: str = "https://sms.tencentcloudapi.com"


class Tencent(TemplateOnly[TencentOptions]):
    """`Provider` for one application."""

    name = "tencent"

    def __init__(
        self, account: str, options: TencentOptions, secrets: Mapping[str, str], tools: Tools
    ) -> None:
        super().__init__(account, options, secrets, tools, "secret_key")

    def parse(self, request: HookRequest) -> list[Heard | Receipt]:
        """Return the receipts of a status callback, or the message of a reply callback.

        Raises:
            BadInput: it is no JSON array or object.
        """
        read = (
            self._report(item) if "report_status" in item else _reply(item)
            for item in pushed(request)
        )
        return [found for found in read if found is not None]

    def _report(self, item: Mapping[str, Any]) -> Receipt | None:
        progress, serial = (
            _PROGRESS.get(str(item["report_status"])),
            id_of(item.get("sid", "")),
        )
        if progress is None or not serial:
            return None
        code = "" if progress is Progress.DELIVERED else short_code(item.get("errmsg", ""))
        return Receipt("sms", self._account, progress, provider_id=serial, code=code)

    def ack(self, request: HookRequest) -> HookAnswer:  # noqa: ARG002
        """Return what ends Tencent's repetitions."""
        return HookAnswer(json.dumps({"result": 0, "errmsg": "OK"}).encode())

    async def send(self, sms: OutboundSms) -> Sent:
        """Send a template.

        Raises:
            SendError: see `_refusal` and `_fault`.
        """
        if sms.template is None:
            raise Refused("no_template")
        approved = self._templates[sms.template.name]
        request = models.SendSmsRequest()
        request.PhoneNumberSet = [sms.to]
        request.SmsSdkAppId = self.options.app_id
        request.SignName = self.options.signature
        request.TemplateId = approved.code
        request.TemplateParamSet = approved.values(sms.template)
        request.SessionContext = str(sms.id)
        answer = await self._ask(lambda client: client.SendSms(request))
        if not answer.SendStatusSet:
            raise Unknown("tencent_no_answer")
        status = answer.SendStatusSet[0]
        if status.Code != "Ok":
            raise _refusal(status.Code)
        return Sent(id_of(status.SerialNo), Progress.ACCEPTED)

    async def look_up(self, sms: OutboundSms) -> Sent | None:
        """Ask for the states of what went to this number since the message was stored.

        Tencent tells only what operators reported, and our id only where it was told to keep it: that
        a message is not there proves nothing.

        Raises:
            SendError: it cannot be told now, or not at all.
        """
        now = self._clock()
        request = models.PullSmsSendStatusByPhoneNumberRequest()
        request.BeginTime = int(settled(sms, now).timestamp())
        request.EndTime = int(now.timestamp())
        request.Offset, request.Limit = 0, _PAGE
        request.PhoneNumber, request.SmsSdkAppId = sms.to, self.options.app_id
        answer = await self._ask(lambda client: client.PullSmsSendStatusByPhoneNumber(request))
        for one in answer.PullSmsSendStatusSet or []:
            if str(one.SessionContext) == str(sms.id):
                progress = _PROGRESS.get(str(one.ReportStatus), Progress.ACCEPTED)
                return Sent(id_of(one.SerialNo), progress)
        raise Unknown("tencent_cannot_tell")

    async def check(self) -> list[Finding]:
        """Ask whether every template is approved."""
        found = [hook_finding(self._hook)]
        request = models.DescribeSmsTemplateListRequest()
        request.International, request.Limit, request.Offset = 0, _PAGE, 0
        codes = {approved.code: name for name, approved in sorted(self._templates.items())}
        request.TemplateIdSet = [int(code) for code in codes if code.isdigit()]
        try:
            answer = await self._ask(lambda client: client.DescribeSmsTemplateList(request))
        except SendError as exc:
            kind = "credentials" if isinstance(exc, NeedsOperator) else "gateway"
            return [*found, Finding(kind, False, f"Tencent could not be asked ({exc.code})")]
        states = {
            str(one.TemplateId): one.StatusCode for one in answer.DescribeTemplateStatusSet or []
        }
        for code, name in codes.items():
            word = _STATES.get(states.get(code, 9), "is not known there")
            found.append(
                Finding("template", states.get(code) == 0, f"template {name} ({code}) {word}")
            )
        return found

    async def _ask(self, call: Callable[[Any], Any]) -> Any:
        return await in_thread(lambda: call(self._client), _fault)

    @cached_property
    def _client(self) -> Any:
        url = urlsplit(self.options.api_base_url)
        http = HttpProfile(
            protocol=url.scheme, endpoint=url.netloc, reqTimeout=self.options.timeout
        )
        http.scheme = url.scheme  # the argument is ignored
        login = Credential(self.options.secret_id, self._secret)
        return SmsClient(login, self.options.region, ClientProfile(httpProfile=http))


def _reply(item: Mapping[str, Any]) -> Heard | None:
    mobile, text = str(item.get("mobile", "")), item.get("text")
    if not mobile or not isinstance(text, str):
        return None
    number = mobile if mobile.startswith("+") else f"+{item.get('nationcode', '86')}{mobile}"
    return Heard(number, key_of(number, item.get("time"), text, item.get("sign")), text)


def _refusal(code: str) -> SendError:
    short = short_code(code.rpartition(".")[2] or code)
    if code in LATER:
        return TryLater(short, LATER[code], whole_account=code not in _ONE_NUMBER)
    if code in UNREACHABLE:
        return Unreachable(short)
    if code in REFUSED:
        return Refused(short)
    if code == "InternalError" or code.startswith("InternalError."):
        return Unknown(short)
    return NeedsOperator(short)


def _fault(error: Exception) -> SendError:
    if never_sent(error):
        return TryLater("tencent_unreachable", whole_account=True)
    if isinstance(error, TencentCloudSDKException) and error.get_request_id():
        return _refusal(str(error.get_code()))
    return Unknown("tencent_no_answer")  # of the SDK's own making: no platform said it


def open_provider(
    account: str, config: Mapping[str, Any], secrets: Mapping[str, str], tools: Tools
) -> Tencent:
    """Open an account at Tencent Cloud.

    Raises:
        SettingsError: names the file, the key and what is expected.
    """
    options = read_options(TencentOptions, config, tools.where)
    if not options.signature:
        raise SettingsError(f"{tools.where}.signature is missing (expected the approved 签名)")
    return Tencent(account, options, secrets, tools)
