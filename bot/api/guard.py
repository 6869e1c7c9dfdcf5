"""Who may use the operators' interface: whoever shows its one key; and how much a request may carry."""

from collections.abc import Callable, Coroutine
from hmac import compare_digest
from typing import Any

from fastapi.responses import Response
from fastapi.routing import APIRoute
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from bot.edge import read_body
from bot.errors import BadInput, NotSigned

#: Who audit entries of this interface name.
OPERATOR = "operator"
#: A roster of a large hospital for half a year has some 30,000 lines.
MAX_BODY = 4 * 1024 * 1024
_WRONG_A_MINUTE = 20
_SCHEME = "bearer"


class Guard:
    """Looks at the key before anything else of a request.

    Args:
        key: the operators' key; empty switches the interface off.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._wrong = RateLimitItemPerMinute(_WRONG_A_MINUTE)

    def check(self, request: Request) -> None:
        """Let whoever shows the key pass.

        Raises:
            BadInput: there is no key (503), or too many wrong ones came from there (429).
            NotSigned: none was shown, or a wrong one.
        """
        if not self._key:
            raise BadInput("this interface is off: set DAOYI_OPERATOR_KEY", 503)
        caller = request.client.host if request.client else ""
        if not self._limiter.test(self._wrong, caller):
            raise BadInput("too many wrong keys; wait a minute", 429, retry_after=60)
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != _SCHEME or not compare_digest(shown.strip().encode(), self._key):
            self._limiter.hit(self._wrong, caller)
            raise NotSigned("show the operators' key: Authorization: Bearer …")


def guarded(guard: Guard) -> type[APIRoute]:
    """Return the kind of route that asks for the key, then reads no more than `MAX_BODY`."""

    class Guarded(APIRoute):
        """A route of the operators' interface."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """Return what answers a request."""
            handler = super().get_route_handler()

            async def handle(request: Request) -> Response:
                guard.check(request)
                body = await read_body(request, MAX_BODY)
                return await handler(_Read(request, body))

            return handle

    return Guarded


class _Read(Request):
    """A request whose body was read already."""

    def __init__(self, request: Request, body: bytes) -> None:
        super().__init__(request.scope, request.receive)
        self._body = body
