"""Saying something in a conversation that did not just ask: a place became free, a clinic is off.

In the transaction of what it tells of, so that neither is true without the other. What it offers is
answered by a tap or a digit of its own, whatever else is being asked there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.channels.base import Channel, Limits, channel_of
from bot.channels.split import split
from bot.dialogue import sessions
from bot.dialogue.facts import Facts
from bot.dialogue.sessions import Session
from bot.dialogue.wording import Wording
from bot.errors import WordingError
from bot.message import Kind, Say, Worded
from bot.messages import outbox
from bot.messages.outbox import Post
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]

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
#: With it the next place in the conversation is taken.
_KEEP = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(session=bindparam("session_"), last_seq=_conversation.c.last_seq + 1)
    .returning(_conversation.c.last_seq)
)
#: The same of conversations whose rows were read and locked before.
_KEEP_ALL = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(session=bindparam("session_"), last_seq=bindparam("last_seq_"))
)
_TOLD = Hot(select(_outbox.c.id).where(_outbox.c.dedupe_key == bindparam("dedupe_key")))


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who is spoken to.

    Attributes:
        lang: what her conversation speaks.
        answers: an offer can be answered there; not while a person holds the conversation.
        private: as the channel's `Limits.private`.
        fields: a template may have to carry it, so that its fields are asked for.
    """

    lang: str
    answers: bool
    private: bool = True
    fields: bool = True


#: What to say, or what to say to whoever hears it: labels and values are in her language.
Saying = Say | Callable[[Hearer], Say]


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said in a conversation, worded and not stored yet.

    Attributes:
        parts: the messages it takes.
        session: what the conversation remembers then; None where that does not change.
        last_seq: the last place in the conversation, where the caller holds its row.
    """

    conversation_id: int
    parts: Sequence[Worded]
    pull: bool
    session: Mapping[str, Any] | None = None
    last_seq: int | None = None
    dedupe_key: str | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None
    ahead: bool = False

    @property
    def is_simple(self) -> bool:
        """Whether it is one message, and nothing has to be read to store it."""
        return len(self.parts) == 1 and None not in (self.session, self.last_seq)


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
        saying: Saying,
        now: datetime,
        *,
        until: datetime | None = None,
        dedupe_key: str | None = None,
        due_at: datetime | None = None,
        expires_at: datetime | None = None,
        wanted: bool = False,
        elsewhere: bool = True,
        ahead: bool = False,
    ) -> int | None:
        """Store one message for a conversation; return its id, None where it is not wanted.

        Where it does not fit one, the last of several has the key; those before it, ".1" and so on
        after it.

        Args:
            saying: its `options`, at most three, become an offer that stays open until `until`, of a
                reminder beside those before it; left out while a person holds the conversation, where
                nothing of ours could take the answer.
            until: when the offer ends.
            dedupe_key: a second message with the same key is a bug the database refuses.
            due_at: not sent before. Of what is no reminder it holds up all that is said after it.
            expires_at: never sent after.
            wanted: only a courtesy: not for those who stopped messages (RM-07).
            elsewhere: whether another address of hers may have to take its place.
            ahead: before all other reminders.
        """
        letter = self.word(
            tx, conversation_id, saying, now,
            until=until, dedupe_key=dedupe_key, due_at=due_at, expires_at=expires_at,
            wanted=wanted, elsewhere=elsewhere, ahead=ahead,
        )  # fmt: skip
        return None if letter is None else self._store(tx, letter, now)

    def word(
        self,
        tx: Tx,
        conversation_id: int,
        saying: Saying,
        now: datetime,
        *,
        until: datetime | None = None,
        dedupe_key: str | None = None,
        due_at: datetime | None = None,
        expires_at: datetime | None = None,
        wanted: bool = False,
        elsewhere: bool = True,
        ahead: bool = False,
        home: Any = None,
    ) -> Letter | None:
        """Return what `tell` would store; None where it is not wanted. A conversation has one at a time.

        Args:
            home: the conversation's row as it is, where the caller read and holds it.
        """
        row = home or tx.one(_LOAD, conversation_id=conversation_id)
        if wanted and row.opted_out_at is not None:
            return None
        session = sessions.load(row.session, row.updated_at, now, self.lang)
        answers = row.holder == "bot" and until is not None
        limits = self._limits(row)
        fields = bool(limits.templates) or not limits.private or elsewhere
        hearer = Hearer(session.lang, answers, limits.private, fields)
        say = saying if isinstance(saying, Say) else saying(hearer)
        if len(say.options) > sessions.MOST_OFFERED:
            raise WordingError(f"{say.name}: an offer has at most {sessions.MOST_OFFERED} options")
        if not answers and say.options:
            say = replace(say, options=(), named=None)
        ask, base, changed = self._ask(session, say, now, until)
        known = {"h": self.facts.info(session.lang), "today": self.today(now)}
        worded = self.wording.word(
            say, session.lang, limits, known, ask=ask, traditional=session.traditional, base=base,
            elsewhere=elsewhere,
        )  # fmt: skip
        return Letter(
            conversation_id, split(worded, limits), limits.pull,
            sessions.dump(session) if changed else None,
            home.last_seq if home is not None else None,
            dedupe_key, due_at, expires_at, ahead,
        )  # fmt: skip

    def store(self, tx: Tx, letters: Sequence[Letter], now: datetime) -> list[int]:
        """Store letters of different conversations; return their ids, as `tell` would each."""
        simple = [one for one in letters if one.is_simple]
        tx.run_all(
            _KEEP_ALL,
            [
                {
                    "conversation_id": one.conversation_id, "session_": one.session,
                    "last_seq_": (one.last_seq or 0) + 1,
                }
                for one in simple
            ],
        )  # fmt: skip
        posts = [
            Post(
                one.conversation_id, (one.last_seq or 0) + 1, one.parts[0], one.pull,
                one.dedupe_key, one.due_at, one.expires_at, one.ahead,
            )
            for one in simple
        ]  # fmt: skip
        stored = dict(
            zip((one.conversation_id for one in simple), outbox.post(tx, posts, now), strict=True)
        )
        for one in simple:
            tx.after_commit.append(partial(self.said, one.conversation_id))
        return [
            stored[one.conversation_id] if one.is_simple else self._store(tx, one, now)
            for one in letters
        ]

    def _store(self, tx: Tx, letter: Letter, now: datetime) -> int:
        """Store one letter of several messages, or whose conversation nobody read before."""
        stored, key, parts = 0, letter.dedupe_key, letter.parts
        where = letter.conversation_id
        for number, part in enumerate(parts, 1):
            if letter.session is not None and number == 1:
                kept = tx.one(_KEEP, conversation_id=where, session_=letter.session)
                place = int(kept.last_seq)
            else:
                place = outbox.next_place(tx, where)
            stored = outbox.enqueue(
                tx, where, place, part, now,
                pull=letter.pull, due_at=letter.due_at, expires_at=letter.expires_at,
                dedupe_key=key if number == len(parts) or not key else f"{key}.{number}",
                ahead=letter.ahead,
            )  # fmt: skip
        tx.after_commit.append(partial(self.said, where))
        return stored

    def _ask(
        self, session: Session, say: Say, now: datetime, until: datetime | None
    ) -> tuple[int, int, bool]:
        """Let a session remember what is asked, and that a reminder was the last thing said.

        Returns the question's name and base, and whether anything changed.
        """
        values = [option.value for option in say.options]
        ask = base = 0
        if say.kind is Kind.REMINDER:
            asked = session.remind(values, now, until or now, say.named)
            ask, base = asked.ask, asked.base
        elif values and until is not None:
            asked = session.make_offer(values, now, until, say.named)
            ask, base, session.latest = asked.ask, asked.base, 0
        elif session.latest:
            session.latest = 0
        else:
            return 0, 0, False
        return ask, base, True

    def told(self, tx: Tx, dedupe_key: str) -> bool:
        """Say whether a message with this key was stored before."""
        return tx.one(_TOLD, dedupe_key=dedupe_key) is not None

    def speaks(self, tx: Tx, conversation_id: int, now: datetime) -> str:
        """Return the language of a conversation."""
        return self.session(tx, conversation_id, now).lang

    def session(self, tx: Tx, conversation_id: int, now: datetime) -> Session:
        """Return what a conversation remembers at `now`; changes to it are not kept."""
        row = tx.one(_LOAD, conversation_id=conversation_id)
        return sessions.load(row.session, row.updated_at, now, self.lang)

    def _limits(self, row: Any) -> Limits:
        """Return what the conversation's channel can carry; the least where it is not set up."""
        channel = channel_of(self.channels, row.channel, row.account)
        return channel.limits if channel else Limits()
