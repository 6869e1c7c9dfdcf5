"""Liveness: a stream of hints to the pages. A hint counts; it holds no word of anybody.

The truth is fetched by the page afterwards. A stream looks again at every hint of this process and
every few seconds, so that what another process did shows, too.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import bindparam, func, select

from bot.console import access, conversation
from bot.console.dead_letters import dead_letters
from bot.console.desk import Console, Problem
from bot.console.guard import Guard, Visit
from bot.console.sessions import Signed
from bot.errors import StoreError
from bot.messages.feed import Feed
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, HandoffCase
from bot.store.urgent_tables import RedFlag

_case = HandoffCase.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_flag = RedFlag.__table__  # type: ignore[attr-defined]

_LOOK_EVERY = 2.0
#: Hints of a busy hospital are gathered for this long.
_GATHER = 0.25

_FLAGS = Hot(
    select(func.count().label("n"), func.max(_flag.c.id).label("newest")).where(
        _flag.c.acknowledged_at.is_(None)
    )
)
_CASES = Hot(
    select(_case.c.id, _case.c.state, _case.c.token, _case.c.staff_id, _conversation.c.last_seq)
    .join_from(_case, _conversation)
    .where(_case.c.state != "closed")
    .order_by(_case.c.id)
    .limit(bindparam("limit"))
)
_CASES_COUNTED = 500


@dataclass(frozen=True, slots=True)
class Hint:
    """What a page compares with what it shows.

    Attributes:
        flags: alarms that nobody acknowledged; `newest_flag` names the last.
        open: cases that nobody claimed; `newest_case` names the last.
        queue: changes whenever the queue as this person sees it does.
        talk: changes whenever the conversation that the page shows does; empty for the queue.
    """

    flags: int
    newest_flag: int
    open: int
    newest_case: int
    queue: str
    talk: str


def hint(tx: Tx, signed: Signed, talk: str) -> Hint:
    """Return what changed, in numbers."""
    flags = tx.one(_FLAGS)
    cases = tx.rows(_CASES, limit=_CASES_COUNTED)
    open_ids = [case.id for case in cases if case.state == "open"]
    newest_flag, newest_case = flags.newest or 0, max(open_ids, default=0)
    changes = sum(case.token for case in cases)
    said = sum(case.last_seq for case in cases if case.staff_id == signed.staff_id)
    lost = sum(letter.id for letter in dead_letters(tx))
    parts = (flags.n, newest_flag, len(cases), len(open_ids), newest_case, changes, said, lost)
    queue = ".".join(map(str, parts))
    return Hint(flags.n, newest_flag, len(open_ids), newest_case, queue, talk)


def mount_feed(router: APIRouter, console: Console, guard: Guard) -> None:
    """Add the stream of hints."""

    @router.get("/events")
    async def events(
        visit: Annotated[Visit, Depends(guard.live)],
        conversation_id: Annotated[int | None, Query(alias="conversation", ge=1, lt=2**62)] = None,
    ) -> StreamingResponse:
        return StreamingResponse(
            _hints(console, guard, visit, conversation_id),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )


async def _hints(
    console: Console, guard: Guard, visit: Visit, conversation_id: int | None
) -> AsyncIterator[str]:
    """Yield a hint whenever it differs from the last, until the session or the server ends."""
    yield "retry: 2000\n\n"
    last: Hint | None = None
    while not console.feed.closed:
        # Waiting begins before looking: what happens in between is not missed.
        news = asyncio.create_task(console.feed.wait(Feed.EVERYTHING, _LOOK_EVERY))
        try:
            seen = await _look(console, guard, visit, conversation_id)
            if seen is None:
                yield "event: gone\ndata: {}\n\n"
                return
            same = seen == last
            yield (
                ": still here\n\n" if same else f"event: hint\ndata: {json.dumps(asdict(seen))}\n\n"
            )
            last = seen
            if await news:
                await asyncio.sleep(_GATHER)
        except StoreError:
            yield ": the database is not available\n\n"
            await news
        finally:
            news.cancel()


async def _look(
    console: Console, guard: Guard, visit: Visit, conversation_id: int | None
) -> Hint | None:
    """Return what there is to see now; None where the session has ended."""
    signed = await guard.signed(visit.request)
    if signed is None:
        return None

    def op(tx: Tx) -> Hint:
        return hint(tx, signed, _talk(tx, console, signed, conversation_id))

    return await console.engine.read(op)


def _talk(tx: Tx, console: Console, signed: Signed, conversation_id: int | None) -> str:
    if conversation_id is None:
        return ""
    try:
        opened = access.enter(tx, conversation_id, signed, console.clock(), console.language)
    except Problem:
        return "closed"
    return conversation.state_of(tx, opened)
