"""Text messages: one object per account, carried by one of four providers.

What is the same for all of them is here: numbers in E.164, the hospital's signature, how many parts
a text has. How a company wants to be spoken to is in `sms_providers/<provider>.py`.

    [channels.sms.main]
    provider = "kannel"

A text message can be read by whoever holds the phone, so nothing that reveals an illness goes out
here (`Limits.private`).
"""

import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import phonenumbers
from smsutil import split

from bot.channels.base import Finding, HookAnswer, HookRequest, Limits, Rate, Tools
from bot.channels.sms_providers.base import (
    Encoding,
    Heard,
    OpenProvider,
    OutboundSms,
    Parts,
    Provider,
)
from bot.errors import Refused, SettingsError
from bot.message import (
    MAX_TEXT,
    Address,
    Arrival,
    Form,
    Inbound,
    Outbound,
    Receipt,
    Sent,
    Worded,
    clean_text,
)

#: The providers, and what `pip install` of their SDK is called; empty where none is needed.
PROVIDERS: Mapping[str, str] = {
    "kannel": "", "twilio": "daoyi[twilio]", "aliyun": "daoyi[aliyun]", "tencent": "daoyi[tencent]",
}  # fmt: skip

_MAX_KEY = 200
_NUMBER = re.compile(r"[\d\s()+＋./-]{1,40}")


def parts(text: str, signature: str = "") -> Parts:
    """Return what a text costs with its signature before it; pure.

    160 GSM-7 characters are one message and 153 a part beyond; 70 and 67 in UCS-2.
    """
    result = split(signed(text, signature))
    if result.encoding == "gsm0338":
        return Parts(Encoding.GSM7, result.total_bytes, len(result.parts))
    return Parts(Encoding.UCS2, result.total_bytes // 2, len(result.parts))


def signed(text: str, signature: str) -> str:
    """Return a text as a phone shows it: 【signature】text."""
    return f"【{signature}】{text}" if signature else text


def e164(number: str, region: str) -> str | None:
    """Return a phone number as +8613…, or None where it is none.

    Args:
        region: whose way of writing is meant where no country is named: "CN".
    """
    if not _NUMBER.fullmatch(number):  # the library would find the digits in any text
        return None
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class Sms:
    """`Channel` for the text messages of one account.

    Attributes:
        provider: the provider's name, as it stands in the hook's path.
    """

    name = "sms"

    def __init__(self, account: str, provider: Provider, tools: Tools) -> None:
        options, caps = provider.options, provider.caps
        rate = Rate("account", options.per_second, 1.0)
        self._account, self._provider, self._region = account, provider, tools.region
        self._signature = options.signature
        self.provider = provider.name
        self.limits = Limits(
            text=options.max_parts,
            measure=lambda text: max(1, parts(text, options.signature).parts),
            join=True,
            private=False,
            free_text=caps.free_text,
            templates=caps.templates,
            rates=lambda _: (rate,),
            carrier="text message" if caps.free_text else "approved template",
        )

    def parts_of(self, worded: Worded) -> Parts | None:
        """Return what a message would cost here; None where a template's words are not known."""
        if self.limits.free_text:
            return parts(worded.text, self._signature)
        words = self._provider.words_of(worded.template) if worded.template else ""
        return parts(words, self._signature) if words else None

    def verify(self, request: HookRequest) -> str:
        """Return nobody: the body says which phone wrote.

        Raises:
            NotSigned: the request is not from the provider.
        """
        self._provider.verify(request)
        return ""

    def parse(self, request: HookRequest, user: str) -> list[Arrival]:  # noqa: ARG002
        """Return the messages and receipts in a request.

        What has no words and no picture, or comes from something that is no phone, is left out.

        Raises:
            BadInput: nothing in the request can be read.
        """
        arrived: list[Arrival] = []
        for item in self._provider.parse(request):
            if isinstance(item, Receipt):
                arrived.append(item)
            elif found := self._inbound(item, request.account):
                arrived.append(found)
        return arrived

    def _inbound(self, heard: Heard, account: str) -> Inbound | None:
        user = e164(heard.number, self._region)
        text = clean_text(heard.text)[:MAX_TEXT].strip()
        key = clean_text(heard.key)[:_MAX_KEY]
        if not user or not key or not (text or heard.form is not Form.TEXT):
            return None
        return Inbound(Address(self.name, account, user), key, text, heard.form)

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:  # noqa: ARG002
        """Return what ends the provider's repetitions; replies go by `send`."""
        return self._provider.ack(request)

    async def send(self, letter: Outbound) -> Sent:
        """Hand one message to the provider.

        Raises:
            SendError: it was not taken, or may not have been.
        """
        return await self._provider.send(self._sms(letter))

    async def look_up(self, letter: Outbound) -> Sent | None:
        """Return what became of a message whose answer was lost, or None where it never came.

        Raises:
            SendError: it cannot be told now (`TryLater`), or not at all (`Unknown`).
        """
        return await self._provider.look_up(self._sms(letter))

    async def check(self) -> list[Finding]:
        """Ask the provider; sends nothing, never raises."""
        return await self._provider.check()

    def _sms(self, letter: Outbound) -> OutboundSms:
        to = e164(letter.address.user, self._region)
        if to is None:
            raise Refused("bad_number")
        worded, caps = letter.worded, self._provider.caps
        cost = self.parts_of(worded)
        if not caps.free_text:
            if worded.template is None or worded.template.name not in caps.templates:
                raise Refused("no_template")
            return OutboundSms(letter.id, to, "", cost, worded.template, letter.at)
        if cost is not None and cost.parts > caps.max_parts:
            raise Refused("too_long")
        return OutboundSms(
            letter.id, to, signed(worded.text, self._signature), cost, None, letter.at
        )


def open_channel(
    account: str, config: Mapping[str, Any], secrets: Mapping[str, str], tools: Tools
) -> Sms:
    """Open an account of text messages with the provider that its section names.

    Raises:
        SettingsError: names the file, the key and what is expected; never a secret.
    """
    name = config.get("provider")
    if not isinstance(name, str) or name not in PROVIDERS:
        raise SettingsError(f"{tools.where}.provider must be one of {', '.join(PROVIDERS)}")
    try:
        module = import_module(f"bot.channels.sms_providers.{name}")
    except ModuleNotFoundError as exc:
        raise SettingsError(
            f"{tools.where}: provider {name} needs its SDK, which is not installed: "
            f'pip install "{PROVIDERS[name]}"'
        ) from exc
    opener: OpenProvider = module.open_provider
    provider = opener(account, config, secrets, tools)
    _check_options(provider, tools.where)
    return Sms(account, provider, tools)


def _check_options(provider: Provider, where: str) -> None:
    options, most = provider.options, provider.caps.max_parts
    checks = (
        ("max_parts", 1 <= options.max_parts <= most, f"a number from 1 to {most}"),
        ("per_second", options.per_second >= 1, "a number above 0"),
        ("timeout", 0 < options.timeout <= 30, "a number of seconds up to 30"),  # noqa: PLR2004
        ("signature", _is_signature(options.signature), "the hospital's short name without 【】"),
        ("api_base_url", _is_url(options.api_base_url), "https://…, or nothing"),
        ("callback_url", _is_url(options.callback_url), "https://…, or nothing"),
    )
    for key, is_right, expected in checks:
        if not is_right:
            raise SettingsError(f"{where}.{key} is not usable (expected {expected})")


def _is_signature(name: str) -> bool:
    return name == clean_text(name) and not set(name) & set("【】\n")


def _is_url(url: str) -> bool:
    return not url or url.startswith(("http://", "https://"))
