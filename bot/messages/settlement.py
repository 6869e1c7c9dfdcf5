"""Messages of which nobody knows whether they arrived, decided by their kind (channels.md §5).

A conversation's answer is told at most once: it stays `unknown`, and staff see it. A reminder is asked
for where the platform can be asked, and sent again where it never came; where nobody can be asked it
is sent once more after ten minutes, worded so that a second copy does no harm. What is too late is
left alone, and so is everything older than a day.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import LargeBinary, bindparam, or_, select, type_coerce, update

from bot.channels.base import Channel, LooksUp, channel_of
from bot.errors import SealedError, SendError, TryLater, Unknown
from bot.message import Address, Kind, Outbound, Sent
from bot.messages.carrying import as_carried
from bot.messages.fallback import Unreached, unheard
from bot.messages.outbox import said_by
from bot.messages.receipts import PROVIDER_ID_LENGTH
from bot.store.db import Engine, Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox

log = structlog.get_logger()

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_chosen = _outbox.alias("chosen")

_TAKE = Hot(
    update(_outbox)
    .where(
        _outbox.c.id.in_(
            select(_chosen.c.id)
            .where(
                _chosen.c.state == "unknown",
                _chosen.c.kind == Kind.REMINDER.value,
                _chosen.c.due_at > bindparam("since"),
                _chosen.c.due_at <= bindparam("before"),
                or_(_chosen.c.lease_until.is_(None), _chosen.c.lease_until <= bindparam("now")),
                or_(_chosen.c.expires_at.is_(None), _chosen.c.expires_at > bindparam("now_")),
            )
            .order_by(_chosen.c.due_at)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(owner=bindparam("owner_"), lease_until=bindparam("until"))
    .returning(
        _outbox.c.id,
        _outbox.c.conversation_id,
        _outbox.c.kind,
        type_coerce(_outbox.c.body, LargeBinary).label("sealed"),
        _outbox.c.attempts,
        _outbox.c.created_at,
        _outbox.c.due_at,
        _outbox.c.resent_at,
        _outbox.c.way,
    )
)
_TO = Hot(
    select(_conversation.c.channel, _conversation.c.account, _conversation.c.user).where(
        _conversation.c.id == bindparam("conversation_id")
    )
)


def _ends(**values: Any) -> Hot:
    """Return what ends the doubt about a message, if nobody else did meanwhile."""
    return Hot(
        update(_outbox)
        .where(
            _outbox.c.id == bindparam("outbox_id"),
            _outbox.c.owner == bindparam("owner_"),
            _outbox.c.state == "unknown",
        )
        .values(**values)
    )


_ARRIVED = _ends(
    state="sent",
    sent_at=bindparam("sent_at_"),
    provider_id=bindparam("provider_id_"),
    progress=bindparam("progress_"),
    error=None,
    lease_until=None,
)
_AGAIN = _ends(
    state="ready",
    due_at=bindparam("due_at_"),
    resent_at=bindparam("resent_at_"),
    lease_until=None,
    owner=None,
)
_LATER = _ends(lease_until=bindparam("lease_until_"))

#: A platform is not asked before: its own books need a moment.
ASK_AFTER = timedelta(seconds=30)
#: Where nobody can be asked, a reminder is sent again after this long.
AGAIN_AFTER = timedelta(minutes=10)
ASK_EVERY = timedelta(minutes=1)
#: So often a message goes out in all, whatever platforms say.
_MOST_ATTEMPTS = 6
#: How long a platform may take to answer, in seconds; shorter than `ASK_EVERY`.
_PATIENCE = 45.0
_OLDEST = timedelta(days=1)
_BATCH = 50


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A reminder that may have arrived.

    Attributes:
        since: when its answer was lost.
        resent: it was sent a second time already.
    """

    letter: Outbound
    since: datetime
    resent: bool


class Settlement:
    """Decides about doubtful messages; see `Delivery` for the arguments."""

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime],
        owner: str,
        unreached: Unreached = unheard,
    ) -> None:
        self._engine = engine
        self._channels = channels
        self._clock = clock
        self._owner = owner
        self._unreached = unreached

    async def run(self) -> int:
        """Look at what is to be decided now; return how many were."""
        now = self._clock()
        doubtful = await self._engine.write(lambda tx: _take(tx, self._owner, now))
        return sum(await asyncio.gather(*(self._decide(item) for item in doubtful)))

    async def _decide(self, doubtful: Doubtful) -> bool:
        """Settle one message; say whether its state changed."""
        try:
            sent = await self._look_up(doubtful.letter)
        except TryLater:
            return False
        except Exception as exc:  # noqa: BLE001  (whatever it is, the platform cannot be asked)
            if not isinstance(exc, SendError | TimeoutError):
                log.error("settlement.look_up_failed", error=type(exc).__name__)
            return await self._decide_blindly(doubtful)
        if sent is not None:
            await self._end(doubtful, _ARRIVED, **_receipt_of(sent), sent_at_=self._clock())
        elif doubtful.letter.attempt < _MOST_ATTEMPTS:
            await self._again(doubtful)
        else:
            await self._leave(doubtful)
            return False
        return True

    async def _look_up(self, letter: Outbound) -> Sent | None:
        channel: object = channel_of(self._channels, letter.address.channel, letter.address.account)
        if not isinstance(channel, LooksUp):
            raise Unknown("cannot be asked")
        async with asyncio.timeout(_PATIENCE):
            return await channel.look_up(letter)

    async def _decide_blindly(self, doubtful: Doubtful) -> bool:
        """Send it once more after a while, for nobody can say."""
        if doubtful.resent:
            await self._leave(doubtful)
            return False
        if self._clock() - doubtful.since < AGAIN_AFTER:
            return False
        await self._again(doubtful)
        return True

    async def _again(self, doubtful: Doubtful) -> None:
        now = self._clock()
        await self._end(doubtful, _AGAIN, due_at_=now, resent_at_=now)

    async def _leave(self, doubtful: Doubtful) -> None:
        """Leave it as it is for good; staff hear of it, for nobody can say whether it arrived."""
        now, letter_id = self._clock(), doubtful.letter.id
        await self._end(doubtful, _LATER, lease_until_=now + _OLDEST)
        await self._engine.write(lambda tx: self._unreached(tx, letter_id, now))

    async def _end(self, doubtful: Doubtful, end: Hot, **values: Any) -> None:
        letter_id = doubtful.letter.id
        await self._engine.write(
            lambda tx: tx.run(end, outbox_id=letter_id, owner_=self._owner, **values)
        )


def _take(tx: Tx, owner: str, now: datetime) -> Sequence[Doubtful]:
    """Take what is to be decided now; nobody else looks at it for a while."""
    rows = tx.rows(
        _TAKE,
        owner_=owner,
        since=now - _OLDEST,
        before=now - ASK_AFTER,
        now=now,
        now_=now,
        until=now + ASK_EVERY,
        limit=_BATCH,
    )
    return [doubtful for row in rows if (doubtful := _opened(tx, row)) is not None]


def _opened(tx: Tx, row: Any) -> Doubtful | None:
    try:
        body = json.loads(tx.keyring.open(bytes(row.sealed), _outbox.c.body.type.purpose))
        said = said_by(body, row.kind)
        to = tx.one(_TO, conversation_id=row.conversation_id)
    except (SealedError, ValueError, KeyError, TypeError):
        return None  # it stays unknown: staff see it
    address = Address(to.channel, to.account, to.user)
    letter = Outbound(row.id, address, as_carried(said, row.way), row.attempts, row.created_at)
    return Doubtful(letter, row.due_at, row.resent_at is not None)


def _receipt_of(sent: Sent) -> dict[str, str | None]:
    provider_id = (sent.provider_id or "")[:PROVIDER_ID_LENGTH] or None
    return {"provider_id_": provider_id, "progress_": sent.progress.value}
