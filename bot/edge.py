"""What every public door shares: a bounded body, refusals that are counted."""

from fastapi import Request
from prometheus_client import Counter
from starlette.requests import ClientDisconnect

from bot.errors import BadInput

#: Requests that were refused; the reason is a status or a short word, never anything of the request.
REFUSED = Counter("daoyi_refused_total", "Requests refused at the edge", ["reason"])
_LENGTH_DIGITS = 18


async def read_body(request: Request, most: int) -> bytes:
    """Return the body of a request, but never read more than `most` bytes of it.

    Raises:
        BadInput: it is longer, or ended too early.
    """
    declared = request.headers.get("content-length", "0")
    too_long = BadInput(f"a message may have {most // 1024} KB at most", 413)
    if not declared.isdecimal() or len(declared) > _LENGTH_DIGITS or int(declared) > most:
        raise too_long
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise too_long
    except ClientDisconnect as exc:
        raise BadInput("the request ended before its body did", 400) from exc
    return bytes(body)
