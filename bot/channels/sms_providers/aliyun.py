"""Aliyun SMS (阿里云短信), by its official SDK: approved templates out, replies and receipts in.

There is no free text in the mainland: each message is a template that Aliyun approved, under a
signature that Aliyun approved. In the console both pushes, SmsReport and SmsUp, point to
https://<public_url>/hooks/sms/aliyun/<account>?secret=<DAOYI_SMS_<ACCOUNT>_HOOK_SECRET>.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from alibabacloud_dysmsapi20170525 import models  # type: ignore[import-untyped]
from alibabacloud_dysmsapi20170525.client import Client  # type: ignore[import-untyped]
from alibabacloud_tea_openapi.utils_models import Config  # type: ignore[import-untyped]
from darabonba.runtime import RuntimeOptions  # type: ignore[import-untyped]

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
    number_of,
    settled,
    short_code,
)
from bot.channels.sms_providers.templates import TemplateOnly, TemplateOptions, pushed
from bot.errors import NeedsOperator, Refused, SendError, SettingsError, TryLater, Unknown
from bot.message import Progress, Receipt, Sent, Template

# The SDK prints to standard error by itself, numbers included, where DEBUG=sdk is set.
for _noisy in ("darabonba-core", "alibabacloud-tea"):
    logging.getLogger(_noisy).disabled = True

#: Codes that a later try can get past, and after how many seconds.
LATER: Mapping[str, float | None] = {
    "isp.SYSTEM_ERROR": None, "Throttling": 1.0, "Throttling.User": 1.0, "Throttling.Api": 1.0,
    "ServiceUnavailable": None,
}  # fmt: skip
#: Codes that are about this one message; any other needs somebody to look at the account.
REFUSED = frozenset({
    "isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT", "isv.TEMPLATE_MISSING_PARAMETERS",
    "isv.TEMPLATE_PARAMS_ILLEGAL", "isv.INVALID_PARAMETERS", "isv.INVALID_JSON_PARAM",
    "isv.PARAM_LENGTH_LIMIT", "isv.PARAM_NOT_SUPPORT_URL", "isv.BLACK_KEY_CONTROL_LIMIT",
    "isv.DENY_IP_RANGE", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "isv.CUSTOMER_REFUSED",
})  # fmt: skip
#: One number got too many: its limits are 1 a minute, 5 an hour, 10 in 24 hours.
FREQUENCY = "isv.BUSINESS_LIMIT_CONTROL"

_SENT: Mapping[int, Progress] = {
    1: Progress.ACCEPTED, 2: Progress.UNDELIVERED, 3: Progress.DELIVERED,
}  # fmt: skip
_CHINA = timezone(timedelta(hours=8))
_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AliyunOptions(TemplateOptions):
    """What an account at Aliyun says in config.toml."""

    access_key_id: str
    api_base_url: str = "https://dysmsapi.aliyuncs.com"


class Aliyun(TemplateOnly[AliyunOptions]):
    """`Provider` for one access key."""

    name = "aliyun"

    def __init__(
        self, account: str, options: AliyunOptions, secrets: Mapping[str, str], tools: Tools
    ) -> None:
        super().__init__(account, options, secrets, tools, "access_key_secret")

    def parse(self, request: HookRequest) -> list[Heard | Receipt]:
        """Return the receipts (SmsReport) or messages (SmsUp) of a push.

        Raises:
            BadInput: it is no JSON array.
        """
        read = (self._report(item) if "biz_id" in item else _up(item) for item in pushed(request))
        return [found for found in read if found is not None]

    def _report(self, item: Mapping[str, Any]) -> Receipt | None:
        if not isinstance(item.get("success"), bool):
            return None
        progress = Progress.DELIVERED if item["success"] else Progress.UNDELIVERED
        code = "" if item["success"] else short_code(item.get("err_code", ""))
        return Receipt(
            "sms", self._account, progress, number_of(item.get("out_id", "")),
            id_of(item["biz_id"]), code=code,
        )  # fmt: skip

    def ack(self, request: HookRequest) -> HookAnswer:  # noqa: ARG002
        """Return what ends Aliyun's repetitions."""
        return HookAnswer(json.dumps({"code": 0, "msg": "接收成功"}, ensure_ascii=False).encode())

    async def send(self, sms: OutboundSms) -> Sent:
        """Send a template.

        Raises:
            SendError: see `_refusal` and `_fault`.
        """
        template = _needed(sms.template)
        approved = self._templates[template.name]
        named = dict(zip(approved.names, approved.values(template), strict=True))
        request = models.SendSmsRequest(
            phone_numbers=_local(sms.to),
            sign_name=self.options.signature,
            template_code=approved.code,
            template_param=json.dumps(named, ensure_ascii=False),
            out_id=str(sms.id),
        )
        body = await self._ask(lambda client, rt: client.send_sms_with_options(request, rt))
        return Sent(id_of(body.biz_id), Progress.ACCEPTED)

    async def look_up(self, sms: OutboundSms) -> Sent | None:
        """Ask for what went to this number since the message was stored, by our id in it.

        Raises:
            SendError: it cannot be told now.
        """
        now = self._clock()
        since = settled(sms, now)
        for day in sorted({_day(since), _day(now)}):
            for one in await self._details(sms.to, day):
                if str(one.out_id) == str(sms.id):
                    return Sent(None, _SENT.get(int(one.send_status or 0), Progress.ACCEPTED))
        return None

    async def check(self) -> list[Finding]:
        """Ask whether the signature and every template are approved."""
        found = [hook_finding(self._hook)]
        sign = models.QuerySmsSignRequest(sign_name=self.options.signature)
        found.append(
            await self._approval(
                f"signature {self.options.signature}",
                lambda client, rt: client.query_sms_sign_with_options(sign, rt).body.sign_status,
            )
        )
        for name, approved in sorted(self._templates.items()):
            found.append(await self._template(name, approved.code))
        return found

    async def _template(self, name: str, code: str) -> Finding:
        asked = models.QuerySmsTemplateRequest(template_code=code)
        return await self._approval(
            f"template {name} ({code})",
            lambda client, rt: (
                client.query_sms_template_with_options(asked, rt).body.template_status
            ),
        )

    async def _details(self, to: str, day: str) -> list[Any]:
        asked = models.QuerySendDetailsRequest(
            phone_number=_local(to), send_date=day, page_size=_PAGE, current_page=1
        )
        body = await self._ask(lambda client, rt: client.query_send_details_with_options(asked, rt))
        listed = body.sms_send_detail_dtos
        return list((listed.sms_send_detail_dto if listed else None) or [])

    async def _approval(self, what: str, call: Callable[[Any, Any], Any]) -> Finding:
        try:
            state = await in_thread(lambda: call(self._client, self._runtime), _fault)
        except SendError as exc:
            kind = "credentials" if isinstance(exc, NeedsOperator) else "gateway"
            return Finding(kind, False, f"Aliyun could not be asked about {what} ({exc.code})")
        words = {0: "is being reviewed", 1: "is approved", 2: "was refused"}
        return Finding("template", state == 1, f"{what} {words.get(state, 'is not known there')}")

    async def _ask(self, call: Callable[[Any, Any], Any]) -> Any:
        body = (await in_thread(lambda: call(self._client, self._runtime), _fault)).body
        if body is None or not body.code:
            raise Unknown("aliyun_no_answer")
        if body.code != "OK":
            raise _refusal(body.code, body.message or "")
        return body

    @cached_property
    def _client(self) -> Any:
        url = urlsplit(self.options.api_base_url)
        return Client(
            Config(
                access_key_id=self.options.access_key_id,
                access_key_secret=self._secret,
                endpoint=url.netloc,
                protocol=url.scheme,
            )
        )

    @cached_property
    def _runtime(self) -> Any:
        patience = int(self.options.timeout * 1000)
        return RuntimeOptions(
            autoretry=False, connect_timeout=patience, read_timeout=patience, max_attempts=1
        )


def _needed(template: Template | None) -> Template:
    if template is None:
        raise Refused("no_template")
    return template


def _up(item: Mapping[str, Any]) -> Heard | None:
    number, text = item.get("phone_number"), item.get("content")
    if not isinstance(number, str) or not isinstance(text, str):
        return None
    key = key_of(number, item.get("send_time"), text, item.get("sequence_id"))
    return Heard(number, key, text)


def _local(number: str) -> str:
    """Return a number as Aliyun wants it: eleven digits in the mainland, else without the plus."""
    return number.removeprefix("+86").removeprefix("+")


def _day(at: datetime) -> str:
    return at.astimezone(_CHINA).strftime("%Y%m%d")


def _refusal(code: str, message: str) -> SendError:
    """Return what a code means; the message tells which of one number's limits was reached."""
    short = short_code(code)
    if code == FREQUENCY:
        if "天" in message:
            return Refused(f"{short}_day"[:40])
        return TryLater(short, 3_600.0 if "小时" in message else 60.0)
    if code in LATER:
        return TryLater(short, LATER[code], whole_account=True)
    return Refused(short) if code in REFUSED else NeedsOperator(short)


def _fault(error: Exception) -> SendError:
    """Return what an SDK's error means: a status and a code, or a connection that broke."""
    status, code = getattr(error, "status_code", None), getattr(error, "code", None)
    if never_sent(error):
        return TryLater("aliyun_unreachable", whole_account=True)
    if not isinstance(status, int):
        return Unknown("aliyun_no_answer")
    if status in (429, 503) or str(code).startswith("Throttling"):
        return TryLater(short_code(code or status), 1.0, whole_account=True)
    if status // 100 == 5:  # noqa: PLR2004
        return Unknown(f"aliyun_{status}")
    return _refusal(str(code), "") if code else NeedsOperator(f"aliyun_{status}")


def open_provider(
    account: str, config: Mapping[str, Any], secrets: Mapping[str, str], tools: Tools
) -> Aliyun:
    """Open an account at Aliyun.

    Raises:
        SettingsError: names the file, the key and what is expected.
    """
    options = read_options(AliyunOptions, config, tools.where)
    if not options.signature:
        raise SettingsError(f"{tools.where}.signature is missing (expected the approved 签名)")
    return Aliyun(account, options, secrets, tools)
