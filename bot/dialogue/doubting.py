"""When a message is doubted, and what answers the question of a doubt (EM-09): pure."""

from datetime import datetime

from bot.dialogue.sessions import Session
from bot.dialogue.understand import Understood
from intents.decide import Answer, Decision
from intents.urgent import MODEL

#: The flow that asks where a message is nearly a red flag.
DOUBT = "doubt"
#: A question read so surely is no cry for help, whatever the model of emergencies makes of its words.
_SURE = 0.6
#: Its question stays open while a person is waited for, until one takes over.
_BEFORE_STAFF = frozenset({"bot", "desk"})


def asks(said: Understood, session: Session, now: datetime) -> bool:
    """Tell whether to ask about a message.

    A doubt of the model's alone never comes between a flow's question and its answer, nor before what
    is surely a request or a question to the hospital.
    """
    if said.doubt is None or said.doubt.rule != MODEL:
        return said.doubt is not None
    expect = session.expect
    waits = expect is not None and expect.flow and expect.is_open(now)
    return not (waits or said.request or said.several or _is_sure(said.decision))


def _is_sure(decision: Decision) -> bool:
    return isinstance(decision, Answer) and decision.match.score >= _SURE


def answer_to(said: Understood, session: Session, holder: str, now: datetime) -> str | None:
    """Return the entry at which a message answers an open doubt; None where it does not."""
    expect = session.expect
    if expect is None or expect.flow != DOUBT or not expect.is_open(now):
        return None
    if holder not in _BEFORE_STAFF or said.command is not None:
        return None
    if said.tap is not None:
        value = expect.option(said.tap[1]) if said.tap[0] == expect.ask else None
        return _entry(value) if value else None
    value = expect.option(said.number or 0)
    return _entry(value) if value else expect.entry


def _entry(value: str) -> str:
    return value.rpartition(".")[2]
