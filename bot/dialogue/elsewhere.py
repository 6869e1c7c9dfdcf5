"""A question that was asked on one channel may be answered on another, once, by the same person.

Only addresses that she proved to be hers take part. The question moves in the transaction of the
turn that takes it: of two channels that answer at once, the database lets one have it.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, bindparam, select, type_coerce, update

from bot.dialogue import sessions
from bot.dialogue.routes import PERSON, REPEAT
from bot.dialogue.sessions import Expect, Session
from bot.dialogue.understand import Understood
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation

_conversation = Conversation.__table__  # type: ignore[attr-defined]

_OTHERS = Hot(
    select(
        _conversation.c.id,
        _conversation.c.session,
        _conversation.c.updated_at,
        type_coerce(_conversation.c.session, LargeBinary).label("sealed"),
    ).where(
        _conversation.c.person_id == bindparam("person_id"),
        _conversation.c.id != bindparam("conversation_id"),
        _conversation.c.verified_at.is_not(None),
        _conversation.c.session.is_not(None),
        _conversation.c.holder == "bot",
    )
)
#: Compares what was read: a turn over there that came first has changed it, and keeps the question.
_CLOSE = Hot(
    update(_conversation)
    .where(
        _conversation.c.id == bindparam("conversation_id"),
        type_coerce(_conversation.c.session, LargeBinary) == bindparam("sealed", type_=LargeBinary),
    )
    .values(session=bindparam("session_"))
)


def adopt(
    tx: Tx,
    conversation_id: int,
    person_id: int,
    session: Session,
    said: Understood,
    now: datetime,
) -> None:
    """Take over the newest question of another proven conversation that `said` may answer.

    Nothing happens while a question is open here, and a question that must be answered where it was
    asked stays there. Its name changes, so that no old button here can answer it. The language goes
    with it.

    No deadlock: only a conversation whose own turn has no open question waits for another's row, and
    it waits for one that has; of two, both cannot be so.
    """
    if not _answers(said) or (session.expect is not None and session.expect.is_open(now)):
        return
    found = [
        (expect.until, row, other)
        for row in tx.rows(_OTHERS, person_id=person_id, conversation_id=conversation_id)
        for other in (sessions.load(row.session, row.updated_at, now, session.lang),)
        if (expect := _to_take(other, said, now)) is not None
    ]
    if not found:
        return
    _, row, other = max(found, key=lambda item: (item[0], item[1].id))
    if _closed(tx, row, other):
        _take(session, other)


def adopt_reminders(
    tx: Tx,
    conversation_id: int,
    person_id: int,
    session: Session,
    said: Understood,
    now: datetime,
) -> None:
    """Learn what reminders asked at another proven address, where `said` may answer one of them.

    A reminder that could not be told there came here as a text message: "1" is answered to it. It stays
    open there as well; whatever is answered first counts.
    """
    busy = session.expect is not None and session.expect.is_open(now)
    known = any(one.is_open(now) for one in session.reminded)
    if busy or known or said.alarm is not None or not (said.number or said.said):
        return
    for row in tx.rows(_OTHERS, person_id=person_id, conversation_id=conversation_id):
        other = sessions.load(row.session, row.updated_at, now, session.lang)
        for one in other.reminded:
            if one.is_open(now):
                session.asks += 1
                session.reminded.append(replace(one, ask=session.asks, base=0))
    if session.reminded and session.reminded[-1].ask == session.asks:
        session.reminded = session.reminded[-sessions.MOST_REMINDED :]
        session.latest = session.asks


def _answers(said: Understood) -> bool:
    """Say whether a message may answer a question at all, and is not about something else."""
    if said.alarm is not None or said.tap is not None or said.command is not None:
        return False
    is_word = said.texted_stop or said.act not in (None, "yes", "no")
    return not is_word and said.number not in (PERSON, REPEAT)


def _to_take(other: Session, said: Understood, now: datetime) -> Expect | None:
    expect = other.expect
    if expect is None or expect.here or not expect.is_open(now):
        return None
    return expect if expect.flow or said.number is not None else None


def _closed(tx: Tx, row: Any, other: Session) -> bool:
    """Close the question over there; False where somebody was faster."""
    stored = sessions.dump(other) | {"expect": None}
    return tx.run(_CLOSE, conversation_id=row.id, sealed=bytes(row.sealed), session_=stored) == 1


def _take(session: Session, other: Session) -> None:
    session.asks = max(session.asks, other.asks) + 1
    session.expect, other.expect = other.expect, None
    if session.expect is not None:
        session.expect.ask = session.asks
    session.lang, session.traditional = other.lang, other.traditional
    session.misses = other.misses
    session.greeted = session.greeted or other.greeted
