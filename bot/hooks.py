"""Where platforms post: verify → parse → store → turn → ack. No channel has a name here.

A platform whose replies travel in its own request's answer (`Limits.passive`) is kept waiting for the
turn, but never longer than it waits; everybody else is acknowledged right after the commit.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from bot.channels.base import Channel, HookAnswer, HookRequest, Passive
from bot.dialogue.intake import Intake, Started
from bot.dialogue.turn import held_for
from bot.edge import REFUSED, read_body
from bot.errors import BadInput, NotSigned, StoreError
from bot.message import Arrival, Inbound, Worded
from bot.messages import outbox
from bot.store.db import Engine, Tx

log = structlog.get_logger()

#: Bytes of one post; the largest batch of updates or receipts is far below.
MAX_BODY = 256 * 1024
#: Seconds for which a request is still kept after the platform has given it up.
_LINGER = 0.5
_RETRY = {"Retry-After": "1"}

Said = list[tuple[int, Worded]]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the hooks need.

    Attributes:
        channels: by "<channel>/<account>".
        public_url: where platforms reach us; what they sign is rebuilt from it, never from what a
            request says of itself. Empty where unknown.
    """

    engine: Engine
    intake: Intake
    channels: Mapping[str, Channel]
    clock: Callable[[], datetime]
    public_url: str = ""


def mount_hooks(app: FastAPI, hooks: Hooks) -> None:
    """Add the hooks of every account to `app`."""
    answers: dict[int | str, dict[str, str]] = {
        403: {"description": "not signed by the platform"},
        404: {"description": "no such account"},
        413: {"description": "longer than a post may be"},
        503: {"description": "not stored; post it again"},
    }

    async def hook(request: Request, channel: str, account: str) -> Response:
        """Take what a platform posts. 2xx means that it is stored."""
        return await _take(hooks, request, channel, account)

    async def sms_hook(request: Request, provider: str, account: str) -> Response:
        """Take what a text message provider posts. 2xx means that it is stored."""
        return await _take(hooks, request, "sms", account, provider)

    for method in ("GET", "POST"):
        for path, endpoint in (
            ("/hooks/{channel}/{account}", hook),
            ("/hooks/sms/{provider}/{account}", sms_hook),
        ):
            app.add_api_route(
                path, endpoint, methods=[method], tags=["hooks"], response_class=Response,
                responses=answers, operation_id=f"{endpoint.__name__}_{method}".lower(),
            )  # fmt: skip


async def _take(
    hooks: Hooks, request: Request, name: str, account: str, provider: str = ""
) -> Response:
    began = asyncio.get_running_loop().time()
    channel = hooks.channels.get(f"{name}/{account}")
    if channel is None or getattr(channel, "provider", "") != provider:
        raise BadInput("there is no such account", 404)
    hook = await _hook(hooks, request, account)
    arrived = _read(channel, hook, name)
    passive = channel.limits.passive
    try:
        started = await hooks.intake.receive(arrived)
    except StoreError as exc:
        REFUSED.labels(reason="store").inc()
        urgent = _urgent(hooks, arrived) if passive else []
        if (
            urgent
        ):  # a text she can read is worth more than a repetition that may find us away again
            return _answer(channel.ack(hook, urgent))
        return JSONResponse({"error": str(exc)}, 503, headers=_RETRY)
    if passive is None or not started:
        return _answer(channel.ack(hook, []))
    return await _Waiting(hooks, channel, passive, hook, started, began).answer()


def _read(channel: Channel, hook: HookRequest, name: str) -> Sequence[Arrival]:
    """Return what is in a post.

    Raises:
        BadInput: it is not the platform's (403), or nobody can read it.
    """
    try:
        return channel.parse(hook, channel.verify(hook))
    except NotSigned as exc:
        raise BadInput(str(exc), 403) from exc
    except BadInput:
        raise
    except Exception as exc:
        log.error("hook.not_read", channel=name, error=type(exc).__name__)
        raise BadInput("this cannot be read", 400) from exc


async def _hook(hooks: Hooks, request: Request, account: str) -> HookRequest:
    body = await read_body(request, MAX_BODY)
    url = str(request.url)
    if hooks.public_url:
        path = request.scope.get("raw_path") or request.url.path.encode()
        asked = request.scope["query_string"]
        target = (path + b"?" + asked if asked else path).decode("latin-1")
        url = hooks.public_url.rstrip("/") + target
    return HookRequest(
        account, body, dict(request.headers), dict(request.query_params),
        method=request.method, url=url, source=request.client.host if request.client else "",
    )  # fmt: skip


def _urgent(hooks: Hooks, arrived: Sequence[Arrival]) -> Said:
    """Return what cannot wait, from memory."""
    messages = [item for item in arrived if isinstance(item, Inbound)]
    return [(0, worded) for inbound in messages for worded in hooks.intake.urgent(inbound)]


def _answer(answer: HookAnswer) -> Response:
    return Response(answer.body, answer.status, media_type=answer.media_type)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request that is kept open for its reply.

    Attributes:
        began: when the platform began to wait, in the event loop's time.
    """

    hooks: Hooks
    channel: Channel
    passive: Passive
    hook: HookRequest
    started: Sequence[Started]
    began: float

    async def answer(self) -> Response:
        """Return the reply, or the acknowledgement without one where it takes too long.

        Where nothing else carries a reply, a request whose reply is not ready is left unanswered
        instead, so that the platform repeats it; only its last repetition is acknowledged.
        """
        turns = [item.turn for item in self.started if item.turn is not None]
        if not turns:
            return _answer(self.channel.ack(self.hook, []))
        seconds, is_last = self._patience()
        await asyncio.wait(turns, timeout=max(0.0, seconds))
        said = await self._said() if all(_is_ready(turn) for turn in turns) else None
        if said is None:
            said = _urgent(self.hooks, [item.stored.inbound for item in self.started])
            if not said and not is_last:
                return JSONResponse({"error": "not answered yet"}, 503, headers=_RETRY)
        return _answer(self.channel.ack(self.hook, said))

    def _patience(self) -> tuple[float, bool]:
        """Return for how many seconds to wait, and whether the platform will not ask again."""
        waited = asyncio.get_running_loop().time() - self.began
        if not self.passive.insists:
            return self.passive.wait - waited, True
        mine = self.passive.until + _LINGER - waited
        now = self.hooks.clock()
        received = min(item.stored.accepted.received_at or now for item in self.started)
        left = (received + held_for(self.passive) - now).total_seconds()
        return min(mine, left), left <= mine

    async def _said(self) -> Said | None:
        """Take what was said for this answer, the same for every repetition; None: not now."""
        ids = [item.stored.accepted.inbox_id for item in self.started if item.turn is not None]
        now, limits = self.hooks.clock(), self.channel.limits

        def take(tx: Tx) -> Said:
            return [
                said for inbox_id in ids for said in outbox.take_passive(tx, inbox_id, limits, now)
            ]

        try:
            return await self.hooks.engine.write(take)
        except StoreError:
            return None


def _is_ready(turn: "asyncio.Task[object]") -> bool:
    return (
        turn.done() and not turn.cancelled() and not turn.exception() and turn.result() is not None
    )
