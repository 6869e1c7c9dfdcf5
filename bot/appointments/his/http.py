"""A hospital's own system that takes signed JSON over HTTP; the contract is `docs/his.md`.

Each report is a POST. `idempotency-key` is the step's id: a report that comes again has the same one.
`x-daoyi-signature` is the HMAC-SHA256, in small hex digits, of what `x-daoyi-timestamp` says (seconds
since 1970), a full stop, and the body. 2xx: taken. 422: refused for good, `{"code"}` may say why; a
booking is then cancelled. Whatever else is answered, the report comes again.
"""

import hmac
import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from ssl import SSLContext
from typing import Any

import httpx

from bot.appointments.his.options import HisOptions
from bot.appointments.his.reporter import Change, HospitalSystem, LocalHis, Reported
from bot.errors import NeedsOperator, Refused, SendError, TryLater

_CODE = r"[A-Za-z0-9_.-]{1,40}"
_BUSY = (408, 425, 429)


class HttpHis:
    """Reports by HTTP."""

    def __init__(self, options: HisOptions, key: str, clock: Callable[[], datetime]) -> None:
        self.wants_identity = options.identity
        self._options, self._key, self._clock = options, key.encode(), clock

    async def report(self, change: Change) -> Reported:
        """Post one step.

        Raises:
            SendError: as `HospitalSystem.report` says.
        """
        body = json.dumps(as_json(change), ensure_ascii=False).encode()
        stamp = str(int(self._clock().timestamp()))
        headers = {
            "content-type": "application/json",
            "idempotency-key": str(change.change_id),
            "x-daoyi-timestamp": stamp,
            "x-daoyi-signature": sign(self._key, stamp, body),
        }
        timeout = self._options.timeout
        try:
            async with httpx.AsyncClient(
                verify=self._tls, timeout=timeout, trust_env=False
            ) as client:
                answer = await client.post(self._options.url, content=body, headers=headers)
        except httpx.HTTPError:
            raise TryLater("his_no_answer") from None
        if not answer.is_success:
            raise _refusal(answer)
        return Reported(_word(answer, "reference"))

    @cached_property
    def _tls(self) -> SSLContext:
        return httpx.create_ssl_context()


def open_his(options: HisOptions, key: str, clock: Callable[[], datetime]) -> HospitalSystem:
    """Return the hospital's own system as it is configured; ours alone where none is."""
    return HttpHis(options, key, clock) if options.url else LocalHis()


def sign(key: bytes, stamp: str, body: bytes) -> str:
    """Return what a post is signed with."""
    return hmac.new(key, f"{stamp}.".encode() + body, "sha256").hexdigest()


def as_json(change: Change) -> dict[str, Any]:
    """Return a step as it is posted, and as the operators' interface lists it."""
    told: dict[str, Any] = {
        "id": change.change_id,
        "appointment": change.number,
        "from": change.old,
        "to": change.new,
        "at": change.at.isoformat(),
        "by": change.actor,
        "reason": change.reason,
        "patient": change.patient,
        "clinic": {
            "doctor": change.doctor, "department": change.department,
            "date": change.day.isoformat(), "part": change.part,
        },
        "starts_at": change.starts_at.isoformat(),
        "ends_at": change.ends_at.isoformat(),
        "fee": change.fee,
    }  # fmt: skip
    if change.identity is not None:
        who = change.identity
        told["identity"] = {
            "name": who.name, "document_kind": who.document_kind, "document": who.document,
            "phone": who.phone,
        }  # fmt: skip
    return told


def _refusal(answer: httpx.Response) -> SendError:
    status, code = answer.status_code, f"his_{answer.status_code}"
    if status == httpx.codes.UNPROCESSABLE_ENTITY:
        return Refused(_word(answer, "code") or code)
    if status in _BUSY or status >= 500:  # noqa: PLR2004
        after = answer.headers.get("retry-after", "")
        return TryLater(code, float(after) if re.fullmatch("[0-9]{1,4}", after) else None)
    return NeedsOperator(code)  # key, url or contract: nobody's visit is cancelled for that


def _word(answer: httpx.Response, name: str) -> str | None:
    """Return a short word of an answer; nothing else of it is kept."""
    try:
        found = str(answer.json()[name])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if re.fullmatch(_CODE, found) else None
