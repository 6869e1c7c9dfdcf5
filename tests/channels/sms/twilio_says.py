"""Twilio as the tests know it: an account of ours, posts it signed, answers it gives."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from bot.channels.base import HookRequest, Tools
from bot.channels.sms import Sms
from tests.channels.sms.scripted import Says
from tests.channels.sms.shared import NUMBER, PRIVATE, TOOLS, opened

TOKEN = "token-of-the-tests"
ACCOUNT = "AC" + "0" * 32
SID = "SM" + "0123456789abcdef" * 2
HOOK = "https://hospital.example/hooks/sms/twilio/main"


def twilio(base: str = "http://127.0.0.1:9", *, tools: Tools = TOOLS, **more: Any) -> Sms:
    config = {
        "provider": "twilio", "account_sid": ACCOUNT, "sender": "+14155550100",
        "api_base_url": base, "timeout": 0.4, **more,
    }  # fmt: skip
    return opened(config, {"auth_token": TOKEN, "api_secret": "of-the-key"}, tools)


def signature(url: str, pairs: list[tuple[str, str]], token: str = TOKEN) -> str:
    """Return Twilio's signature by its description, not by its library.

    The URL, then each distinct name with its distinct values, sorted, nothing between.
    """
    told = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(token.encode(), told.encode(), hashlib.sha1).digest()).decode()


def got(form: str, url: str = HOOK, **changed: Any) -> HookRequest:
    """Return a signed POST."""
    sign = signature(url, parse_qsl(form, keep_blank_values=True))
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    fields = {"headers": {"x-twilio-signature": sign}, "query": query, "url": url, **changed}
    return HookRequest("main", form.encode(), **fields)


FORM = urlencode({"MessageSid": SID, "From": NUMBER, "Body": "1", "SmsStatus": "received"})


def created(status: str = "queued", sid: str = SID) -> Says:
    message = {
        "sid": sid, "status": status, "account_sid": ACCOUNT, "body": PRIVATE, "to": NUMBER,
        "date_created": "Wed, 18 Nov 2026 02:00:00 +0000", "error_code": None,
    }  # fmt: skip
    return Says(201, json.dumps(message), {"Content-Type": "application/json"})


def refused(status: int, code: int, **headers: str) -> Says:
    told = {
        "code": code,
        "message": f"about {NUMBER}: {PRIVATE}",
        "status": status,
        "more_info": "",
    }
    return Says(status, json.dumps(told), {"Content-Type": "application/json", **headers})
