"""One turn: a stored message becomes its answer, in one transaction, once.

Understanding runs before the write lock is taken. The inbox row, the session, a case, an alarm and
the replies change together or not at all. Messages of one conversation are handled in the order they
came; only an alarm never waits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.channels.base import Channel, Limits, Passive, channel_of
from bot.channels.split import fitted
from bot.dialogue import bursts, elsewhere, sessions
from bot.dialogue.bursts import Together
from bot.dialogue.facts import Facts
from bot.dialogue.flow import Flow, Goto, Scene, Step
from bot.dialogue.router import route
from bot.dialogue.routes import Enter, Seen, Silent
from bot.dialogue.sessions import Expect, Session
from bot.dialogue.understand import Understood
from bot.dialogue.urgent import UrgentFlow
from bot.dialogue.wording import Wording
from bot.message import Form, Kind, Say, Worded
from bot.messages import outbox
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Inbox
from intents.normalize import is_simplified
from intents.urgent import Alarm

_inbox = Inbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_LOAD = Hot(
    select(
        _inbox.c.state,
        _inbox.c.seq,
        _inbox.c.conversation_id,
        _inbox.c.attempts,
        _inbox.c.received_at,
        _conversation.c.channel,
        _conversation.c.account,
        _conversation.c.last_seq,
        _conversation.c.session,
        _conversation.c.holder,
        _conversation.c.updated_at,
        _conversation.c.person_id,
        _conversation.c.verified_at,
    )
    .join_from(_inbox, _conversation)
    .where(_inbox.c.id == bindparam("inbox_id"))
    .with_for_update()
)
_EARLIER = Hot(
    select(_inbox.c.id)
    .where(
        _inbox.c.conversation_id == bindparam("conversation_id"),
        _inbox.c.seq < bindparam("seq"),
        _inbox.c.state == "new",
    )
    .limit(1)
)
_HANDLED = Hot(
    update(_inbox)
    .where(_inbox.c.id == bindparam("inbox_id"))
    .values(state=bindparam("new_state"), handled_at=bindparam("handled_at_"))
)
_SAVE = Hot(
    update(_conversation)
    .where(_conversation.c.id == bindparam("conversation_id"))
    .values(
        session=bindparam("session_"),
        last_seq=bindparam("last_seq_"),
        updated_at=bindparam("updated_at_"),
    )
)
_MAX_STEPS = 8
#: How often a platform asks in all where an unanswered request is repeated.
_ATTEMPTS = 3
#: Seconds that the last answer needs on its way.
_ON_ITS_WAY = 0.5
#: Entries after which a question of ours stays open, as after every message without words;
#: anything else closes it.
_KEEP_ASKING = frozenset({"repeat", "no_such_option"})
#: So too these, while an answer in words is waited for: a greeting, another language.
_ASIDE = frozenset({"greeting", "thanks", "simpler", "speak"})
#: And after these what a flow is in the middle of is asked again, in the language that is spoken now.
_ASK_AGAIN = frozenset({"greeting", "speak", "kept", "menu"})
#: Questions about somebody to be booked for: asked again with all that was told so far.
_ASKS_ONWARD = frozenset({("family", "take"), ("family", "birthday"), ("family", "guardian")})

Replies = list[tuple[int, Worded]]


def held_for(passive: Passive) -> timedelta:
    """Return how long after a message came its reply can go in the answer to the platform's request."""
    if passive.insists:
        return timedelta(seconds=passive.until * _ATTEMPTS - _ON_ITS_WAY)
    return timedelta(seconds=passive.until)


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything a turn needs besides the message; the same for all turns.

    Attributes:
        flows: by name.
        channels: by name; says what each can carry.
        today: the hospital's date at an instant.
        lang: what a new conversation speaks until it shows otherwise.
    """

    flows: Mapping[str, Flow]
    urgent: UrgentFlow
    wording: Wording
    channels: Mapping[str, Channel]
    facts: Facts
    today: Callable[[datetime], date]
    lang: str

    def run(
        self, tx: Tx, inbox_id: int, understood: Understood, now: datetime
    ) -> Replies | Together | None:
        """Handle one stored message; return what was said.

        A message that was handled before gives the same again. None means that an earlier message
        of the conversation is still waiting for its turn; `Together` that nothing was done yet, and
        that the message is to be understood with the one before it.
        """
        row = tx.one(_LOAD, inbox_id=inbox_id)
        if row.state != "new":
            return outbox.answers(tx, inbox_id)
        waits = tx.one(_EARLIER, conversation_id=row.conversation_id, seq=row.seq)
        if waits is not None and understood.alarm is None:
            return None
        session = self._session(tx, row, understood, now)
        limits = self._limits(row.channel, row.account)
        taken = route(Seen(understood, session, row.holder, now, limits.private))
        if isinstance(taken, Silent):
            return self._finish(tx, row, inbox_id, session, (), now)
        if (together := bursts.to_join(session, understood, taken, now)) is not None:
            return together
        bursts.remember(session, understood, taken, now)
        scene = self._scene(tx, row, inbox_id, session, understood, now)
        again = _asked_again(session, taken, now)
        scene.asked = _answered(session, taken)
        if understood.form is Form.TEXT:
            session.wordless = 0
        says = self._play(scene, taken, again)
        if understood.unseen and taken.flow == "faq":
            says = (Say("media/unseen", Kind.NOTICE), *says)
        stops = taken.flow == "consent" and taken.entry == "stop"
        if not stops:  # who wants no messages gets one confirmation and no welcome
            if not session.greeted and says[0].kind is not Kind.EMERGENCY:
                says = (Say("faq/welcome", Kind.NOTICE), *says)
            session.greeted = True
        if says and taken.entry != "repeat":
            session.last_inbox, session.latest = inbox_id, 0
        return self._finish(tx, row, inbox_id, session, says, now)

    def _session(self, tx: Tx, row: Any, understood: Understood, now: datetime) -> Session:
        """Return the conversation's memory, with a question that the person was asked elsewhere."""
        session = sessions.load(row.session, row.updated_at, now, self.lang)
        if row.verified_at is not None and row.person_id is not None and row.holder == "bot":
            elsewhere.adopt(tx, row.conversation_id, row.person_id, session, understood, now)
            elsewhere.adopt_reminders(
                tx, row.conversation_id, row.person_id, session, understood, now
            )
        _notice_language(session, understood)
        return session

    def urgent_reply(self, alarm: Alarm, lang: str, limits: Limits, now: datetime) -> Worded:
        """Return the reply to an alarm from memory alone, for when nothing can be stored."""
        facts = {"h": self.facts.info(lang), "today": self.today(now)}
        return self.wording.word(self.urgent.say(alarm, lang, now), lang, limits, facts)

    def give_up(self, tx: Tx, inbox_id: int, understood: Understood, now: datetime) -> Replies:
        """Make a message that cannot be handled a dead letter, and pass the conversation on."""
        row = tx.one(_LOAD, inbox_id=inbox_id)
        if row.state != "new":
            return outbox.answers(tx, inbox_id)
        session = sessions.load(row.session, row.updated_at, now, self.lang)
        scene = self._scene(tx, row, inbox_id, session, understood, now)
        says: tuple[Say, ...] = (Say("faq/failed", Kind.NOTICE),)
        if row.holder == "bot":
            says += self._play(scene, Enter("handoff", "open", {"reason": "failed"}))
        return self._finish(tx, row, inbox_id, session, says, now, state="dead")

    def _limits(self, name: str, account: str) -> Limits:
        """Return what a conversation's channel can carry; the least where it is not set up any more."""
        channel = channel_of(self.channels, name, account)
        return channel.limits if channel else Limits()

    def _scene(
        self,
        tx: Tx,
        row: Any,
        inbox_id: int,
        session: Session,
        understood: Understood,
        now: datetime,
    ) -> Scene:
        limits = self._limits(row.channel, row.account)
        return Scene(
            tx, now, row.conversation_id, inbox_id, row.holder, session, understood,
            private=limits.private,
        )  # fmt: skip

    def _play(self, scene: Scene, taken: Enter, again: Goto | None = None) -> tuple[Say, ...]:
        """Run flows until none hands on, then `again`; return all they say."""
        says: list[Say] = []
        back: list[Goto] = [again] if again else []
        goto: Goto | None = Goto(taken.flow, taken.entry, taken.values)
        for _ in range(_MAX_STEPS):
            if goto is None:
                return tuple(says)
            scene.values = goto.values
            step: Step = self.flows[goto.flow].step(scene, goto.entry)
            says += step.says
            back += [step.back] if step.back else []
            goto = step.goto or (back.pop() if back else None)
        raise RuntimeError(f"flows handed one message on more than {_MAX_STEPS} times")

    def _finish(
        self,
        tx: Tx,
        row: Any,
        inbox_id: int,
        session: Session,
        says: tuple[Say, ...],
        now: datetime,
        state: str = "handled",
    ) -> Replies:
        limits = self._limits(row.channel, row.account)
        facts = {"h": self.facts.info(session.lang), "today": self.today(now)}
        said = []
        for say in says:
            ask = _ask(session, say, now)
            said.append(
                self.wording.word(
                    say, session.lang, limits, facts, ask=ask, traditional=session.traditional
                )
            )
        replies: Replies = []
        due_at = _held_until(limits, row.received_at, now)
        for place, worded in enumerate(fitted(said, limits), row.last_seq + 1):
            message_id = outbox.enqueue(
                tx, row.conversation_id, place, worded, now,
                pull=limits.pull, inbox_id=inbox_id, due_at=due_at,
            )  # fmt: skip
            replies.append((message_id, worded))
        tx.run(_HANDLED, inbox_id=inbox_id, new_state=state, handled_at_=now)
        tx.run(
            _SAVE,
            conversation_id=row.conversation_id,
            session_=sessions.dump(session),
            last_seq_=row.last_seq + len(replies),
            updated_at_=now,
        )
        return replies


def _held_until(limits: Limits, received_at: datetime, now: datetime) -> datetime | None:
    """Return until when replies wait for the platform's own request to take them, if it still may."""
    if limits.passive is None:
        return None
    until = received_at + held_for(limits.passive)
    return until if until > now else None


def _stays_open(session: Session, taken: Enter) -> bool:
    """Say whether the open question still is one after `taken`."""
    in_words = session.expect is not None and bool(session.expect.flow)
    keeps = taken.flow == "media" or taken.entry in _KEEP_ASKING
    return keeps or (in_words and taken.entry in _ASIDE)


def _asked_again(session: Session, taken: Enter, now: datetime) -> Goto | None:
    """Return who asks again what a flow is in the middle of, after words that are no answer to it."""
    draft, expect = session.draft, session.expect
    aside = taken.flow in ("faq", "consent") and taken.entry in _ASK_AGAIN
    if expect is None or not expect.is_open(now) or not aside:
        return None
    if (expect.flow, expect.entry) in _ASKS_ONWARD:
        return Goto(expect.flow, "again", expect.named or {})
    asks = draft is not None and expect.flow == draft["flow"]
    return Goto(expect.flow, "resume") if asks else None


def _answered(session: Session, taken: Enter) -> Expect | None:
    """Close the question that is answered, or left, by `taken`; return it. A reminder's stays open."""
    closed: Expect | None = None
    if taken.reminder:
        return next((one for one in session.reminded if one.ask == taken.reminder), None)
    if taken.offer:
        closed, session.offer = session.offer, None
    elif not _stays_open(session, taken):
        closed, session.expect = session.expect, None
    return closed


def _ask(session: Session, say: Say, now: datetime) -> int:
    """Open the question that `say` asks; return its name, 0 where it asks none."""
    if not say.options and say.answer is None:
        return 0
    values = [option.value for option in say.options]
    return session.ask(values, now, say.named, answer=say.answer, here=say.here)


def _notice_language(session: Session, understood: Understood) -> None:
    """Answer in the language and script the patient writes; keep the last where she shows none.

    A word that means the same in both, such as TD or 人工, does not change what is spoken already.
    """
    detected = understood.detected
    if session.greeted and session.lang in understood.act_in:
        return
    if detected is None or detected.lang is None:
        return
    same = session.lang == detected.lang and session.traditional and not detected.traditional
    if same and not is_simplified(understood.text):
        return  # "明天" is written alike in both
    session.lang, session.traditional = detected.lang, detected.traditional
