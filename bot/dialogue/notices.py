"""Saying something in a conversation that did not just ask: a place became free, a clinic is off.

In the transaction of what it tells of, so that neither is true without the other. What it offers is
answered by a tap or a digit of its own, whatever else is being asked there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from sqlalchemy import bindparam, select, update

from bot.channels.base import Channel, Limits, channel_of
from bot.dialogue import sessions
from bot.dialogue.facts import Facts
from bot.dialogue.wording import Wording
from bot.errors import WordingError
from bot.message import Say
from bot.messages import outbox
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation

_conversation = Conversation.__table__  # type: ignore[attr-defined]

_LOAD = Hot(
    select(
        _conversation.c.channel,
        _conversation.c.account,
        _conversation.c.holder,
        _conversation.c.session,
        _conversation.c.updated_at,
        _conversation.c.opted_out_at,
    )
    .where(_conversation.c.id == bindparam("conversation_id"))
    .with_for_update()
)
_KEEP = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(session=bindparam("session_"))
)


@dataclass(frozen=True, slots=True)
class Notices:
    """What it takes to say something outside a turn.

    Attributes:
        channels: as the application keys them.
        today: the hospital's date at an instant.
        lang: what a conversation speaks that never showed anything.
        said: called after the commit with the conversation.
    """

    channels: Mapping[str, Channel]
    wording: Wording
    facts: Facts
    today: Callable[[datetime], date]
    lang: str
    said: Callable[[int], None]

    def tell(
        self,
        tx: Tx,
        conversation_id: int,
        say: Say,
        now: datetime,
        *,
        until: datetime | None = None,
        dedupe_key: str | None = None,
        due_at: datetime | None = None,
        expires_at: datetime | None = None,
        wanted: bool = False,
    ) -> int | None:
        """Store one message for a conversation; return its id, None where it is not wanted.

        Args:
            say: `options`, at most three, become an offer that stays open until `until`; left out
                while a person holds the conversation, where nothing of ours could take the answer.
            until: when the offer ends.
            dedupe_key: a second message with the same key is a bug the database refuses.
            expires_at: never sent after.
            wanted: only a courtesy: not for those who stopped messages (RM-07).
        """
        row = tx.one(_LOAD, conversation_id=conversation_id)
        if wanted and row.opted_out_at is not None:
            return None
        session = sessions.load(row.session, row.updated_at, now, self.lang)
        if len(say.options) > sessions.MOST_OFFERED:
            raise WordingError(f"{say.name}: an offer has at most {sessions.MOST_OFFERED} options")
        ask = base = 0
        if say.options and row.holder == "bot" and until is not None:
            values = [option.value for option in say.options]
            offer = session.make_offer(values, now, until, say.named)
            ask, base = offer.ask, offer.base
            tx.run(_KEEP, conversation_id=conversation_id, session_=sessions.dump(session))
        elif say.options:
            say = Say(say.name, say.kind, say.values, shortcuts=say.shortcuts)
        channel = channel_of(self.channels, row.channel, row.account)
        limits = channel.limits if channel else Limits()
        known = {"h": self.facts.info(session.lang), "today": self.today(now)}
        worded = self.wording.word(
            say, session.lang, limits, known, ask=ask, traditional=session.traditional, base=base
        )
        message_id = outbox.enqueue(
            tx, conversation_id, outbox.next_place(tx, conversation_id), worded, now,
            pull=limits.pull, dedupe_key=dedupe_key, due_at=due_at, expires_at=expires_at,
        )  # fmt: skip
        tx.after_commit.append(partial(self.said, conversation_id))
        return message_id
