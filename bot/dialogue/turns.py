"""Running turns: in order within a conversation, side by side across them, again after a failure.

`accept` and `answer` are what the chat page calls, `store` and `start` what platforms' posts go
through; `sweep` is the net under messages whose turn was cut short. All of it is safe to run twice:
only the turn's transaction decides.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import bindparam, select

from bot.channels.base import Limits
from bot.dialogue import bursts
from bot.dialogue.bursts import Together
from bot.dialogue.turn import Replies, Turn
from bot.dialogue.understand import Understander, Understood
from bot.errors import SealedError, StoreError
from bot.message import Arrival, Form, Inbound, Worded
from bot.messages import arrivals, inbox
from bot.messages.arrivals import Stored
from bot.messages.inbox import Accepted
from bot.store.db import Engine, Tx
from bot.store.statements import Hot
from bot.store.tables import Inbox
from intents.language import detect
from intents.urgent import Alarm
from scheduler.backoff import retry_at

log = structlog.get_logger()

T = TypeVar("T")

_TURNS = Counter("daoyi_turns_total", "Turns by outcome", ["outcome"])
_SECONDS = Histogram(
    "daoyi_turn_seconds",
    "From stored to answered",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2, 10),
)
#: Forms whose words, a caption, come with something that nobody here looks at.
_UNSEEN = frozenset({Form.IMAGE, Form.VIDEO, Form.FILE})
_SAID = Hot(select(Inbox.__table__.c.body).where(Inbox.__table__.c.id == bindparam("inbox_id")))  # type: ignore[attr-defined]

#: Waits after a failed turn, in seconds; after the last the message is a dead letter.
RETRY_STEPS = (1.0, 5.0, 15.0)
_WAIT_FOR_EARLIER = 0.05
_GOODBYE = 4.0
_EARLIER_TRIES = 40
#: So long after an answer, in seconds, the next question is likely.
_LATELY = 0.5


class Turns:
    """Accepts messages and runs their turns.

    Args:
        said: called on the event loop with a conversation whenever something was said in it.
        local: an instant in the hospital's zone.
    """

    def __init__(
        self,
        engine: Engine,
        turn: Turn,
        understander: Understander,
        clock: Callable[[], datetime],
        local: Callable[[datetime], datetime],
        said: Callable[[int], None],
    ) -> None:
        self._engine = engine
        self._turn = turn
        self._clock = clock
        self._local = local
        self._said = said
        self.understander = understander
        self._running: dict[int, asyncio.Task[Replies | None]] = {}
        self._locks: dict[int, tuple[asyncio.Lock, int]] = {}
        self._answered_at = float("-inf")

    @property
    def is_busy(self) -> bool:
        """Say whether patients are being answered: a turn is under way, or was a moment ago."""
        lately = asyncio.get_running_loop().time() - self._answered_at < _LATELY
        return bool(self._running) or lately

    @property
    def is_running(self) -> bool:
        """Say whether a turn is under way at this very moment."""
        return bool(self._running)

    async def accept(self, inbound: Inbound) -> Accepted:
        """Store a message durably, or recognise it. Raises `StoreError`."""
        now = self._clock()
        return await self._stored(lambda tx: inbox.accept(tx, inbound, now))

    async def store(self, arrived: Sequence[Arrival]) -> list[Stored]:
        """Store all that a platform posted, durably, in one transaction. Raises `StoreError`."""
        now = self._clock()
        return await self._stored(lambda tx: arrivals.store(tx, arrived, now))

    async def _stored(self, op: Callable[[Tx], T]) -> T:
        """Store; whatever keeps the database from it, nobody was acknowledged and red flags are told.

        A server that became read-only, or a file that is damaged, speaks in errors of its driver.
        """
        try:
            return await self._engine.write(op)
        except StoreError:
            raise
        except Exception as exc:
            log.error("store.refused", error=type(exc).__name__)
            raise StoreError("the database refused") from exc

    async def answer(self, accepted: Accepted, text: str, form: Form = Form.TEXT) -> Replies:
        """Run the turn of an accepted message, or join it; return what was said by now.

        A turn that fails is kept and tried again by `sweep`: nothing has been said then.
        """
        return await asyncio.shield(self.start(accepted, text, form)) or []

    def start(
        self, accepted: Accepted, text: str, form: Form = Form.TEXT
    ) -> "asyncio.Task[Replies | None]":
        """Start a turn, or join the one that runs; None comes of one that is still to be done.

        Nobody needs to wait for it: it is kept, and `finish` waits for it.
        """
        task = self._running.get(accepted.inbox_id)
        if task is None:
            run = self._run(accepted.inbox_id, accepted.conversation_id, text, form)
            task = self._running[accepted.inbox_id] = asyncio.create_task(run)
            task.add_done_callback(lambda done: self._forget(accepted.inbox_id, done))
        return task

    def urgent_reply(self, text: str, limits: Limits) -> Worded | None:
        """Return the reply to a red flag without any database, or None (I5, EM-12)."""
        alarm = self._alarm(text)
        if alarm is None:
            return None
        detected = detect(text)
        lang = detected.lang or self._turn.lang
        return self._turn.urgent_reply(alarm, lang, limits, self._clock())

    async def sweep(self) -> int:
        """Run the turns of messages that were stored but not handled; return how many."""
        now = self._clock()
        rows = await self._engine.read(lambda tx: inbox.unhandled(tx, now))
        by_conversation: dict[int, list[int]] = {}
        for inbox_id, conversation_id, _ in rows:
            if inbox_id not in self._running:
                by_conversation.setdefault(conversation_id, []).append(inbox_id)
        turns = (self._again(c, ids) for c, ids in by_conversation.items())
        for result in await asyncio.gather(*turns, return_exceptions=True):
            if isinstance(result, BaseException):
                log.warning("sweep.turn_failed", error=type(result).__name__)
        return len(rows)

    async def finish(self) -> None:
        """Wait a moment for the turns under way; the rest is done after the next start."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=_GOODBYE)

    async def _again(self, conversation_id: int, inbox_ids: list[int]) -> None:
        """Run turns in order; behind one that must wait only an alarm is not left for later."""
        waits = False
        for inbox_id in inbox_ids:
            try:
                text, form = await self._engine.read(partial(_said, inbox_id=inbox_id))
            except SealedError as exc:
                await self._failed(inbox_id, Understood(None), exc, conversation_id)
                continue
            if not waits or self._alarm(text) is not None:
                accepted = Accepted(inbox_id, conversation_id)
                done = await asyncio.shield(self.start(accepted, text, form))
                waits = waits or done is None

    async def _run(
        self, inbox_id: int, conversation_id: int, text: str, form: Form
    ) -> Replies | None:
        started = asyncio.get_running_loop().time()
        understood = self._understand(text, form)
        try:
            async with self._in_order(conversation_id, skip=understood.alarm is not None):
                replies = await self._when_its_turn(inbox_id, understood)
        except StoreError:
            _TURNS.labels(outcome="store_unavailable").inc()
            raise
        except Exception as exc:  # noqa: BLE001  (the message is kept; the patient is told in the end)
            return await self._failed(inbox_id, understood, exc, conversation_id)
        _TURNS.labels(outcome="answered" if replies else "silent").inc()
        self._answered_at = asyncio.get_running_loop().time()
        _SECONDS.observe(self._answered_at - started)
        if replies is not None:  # also when nobody answered: staff see what was said to them
            self._said(conversation_id)
        return replies

    async def _when_its_turn(self, inbox_id: int, understood: Understood) -> Replies | None:
        for _ in range(_EARLIER_TRIES):
            run = partial(
                self._turn.run, inbox_id=inbox_id, understood=understood, now=self._clock()
            )
            replies = await self._engine.write(run)
            if isinstance(replies, Together):
                together = self._understand(replies.text, Form.TEXT)
                understood = bursts.surer(understood, together, replies.sure, replies.intent)
                continue
            if replies is not None:
                return replies
            await asyncio.sleep(_WAIT_FOR_EARLIER)
        return None

    async def _failed(
        self, inbox_id: int, understood: Understood, exc: Exception, conversation_id: int
    ) -> Replies | None:
        name = type(exc).__name__
        log.error("turn.failed", inbox_id=inbox_id, error=name)
        _TURNS.labels(outcome="failed").inc()
        try:
            replies = await self._engine.write(
                lambda tx: self._settle(tx, inbox_id, understood, name, self._clock())
            )
        except StoreError:
            raise
        except Exception as worse:  # noqa: BLE001  (even giving up failed: a person sees the dead letter)
            log.error("turn.give_up_failed", inbox_id=inbox_id, error=type(worse).__name__)
            await self._engine.write(
                lambda tx: inbox.failed(tx, inbox_id, again_at=None, now=self._clock(), error=name)
            )
            return None
        if replies:
            self._said(conversation_id)
        return replies

    def _settle(
        self, tx: Tx, inbox_id: int, understood: Understood, error: str, now: datetime
    ) -> Replies | None:
        attempts = inbox.attempts(tx, inbox_id) + 1
        again_at = retry_at(now, attempts, RETRY_STEPS)
        inbox.failed(tx, inbox_id, again_at=again_at or now, now=now, error=error)
        return None if again_at else self._turn.give_up(tx, inbox_id, understood, now)

    def _understand(self, text: str, form: Form) -> Understood:
        """Read a message; one that cannot be read is one that nobody understood, never an error."""
        if not text:
            return Understood(None, form=form)
        try:
            now = self._local(self._clock())
            understood = self.understander.understand(text, now.date(), now.time())
            return replace(understood, unseen=True) if form in _UNSEEN else understood
        except Exception as exc:  # noqa: BLE001  (no text may stop its own answer)
            log.error("understand.failed", error=type(exc).__name__)
            return Understood(self._alarm(text))

    def _alarm(self, text: str) -> Alarm | None:
        try:
            return self.understander.alarm(text)
        except Exception as exc:  # noqa: BLE001  (a broken rule must not take the answer with it)
            log.critical("red_flags.failed", error=type(exc).__name__)
            return None

    def _forget(self, inbox_id: int, done: "asyncio.Task[Replies | None]") -> None:
        self._running.pop(inbox_id, None)
        if not done.cancelled():
            done.exception()  # whoever asked has it; nobody else needs to be told

    @asynccontextmanager
    async def _in_order(self, conversation_id: int, *, skip: bool) -> AsyncIterator[None]:
        """Hold a conversation while its turn runs, without keeping a lock for every patient ever."""
        if skip:
            yield
            return
        lock, users = self._locks.get(conversation_id, (asyncio.Lock(), 0))
        self._locks[conversation_id] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[conversation_id]
            if users == 1:
                del self._locks[conversation_id]
            else:
                self._locks[conversation_id] = (lock, users - 1)


def _said(tx: Tx, inbox_id: int) -> tuple[str, Form]:
    body = tx.one(_SAID, inbox_id=inbox_id).body
    return str(body["text"]), Form(body["kind"])
