"""What goes over the wire of the Bot API: parameters in, refusals out."""

import json
import time
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Params = dict[str, Any]


class ApiError(Exception):
    """A refusal of the Bot API; `parameters` are what it adds for programs."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.parameters = parameters

    def answer(self) -> Response:
        """Return it as the Bot API says it."""
        said: Params = {"ok": False, "error_code": self.code, "description": str(self)}
        if self.parameters:
            said["parameters"] = self.parameters
        return JSONResponse(said, self.code)


def buttons(message: Params) -> list[Params]:
    """Return the buttons below a message."""
    rows = (message.get("reply_markup") or {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


def now() -> int:
    """Return the time as the Bot API gives it: whole seconds."""
    return int(time.time())


async def read_params(request: Request) -> Params:
    """Return a call's parameters, however they came; what is JSON within a form is read."""
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        return {**request.query_params, **json.loads(body or b"{}")}
    fields = {**request.query_params, **dict(parse_qsl(body.decode(), keep_blank_values=True))}
    return {
        key: json.loads(value) if value[:1] in ("[", "{") and key != "text" else value
        for key, value in fields.items()
    }
