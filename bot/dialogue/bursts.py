"""Several short messages, seconds apart, that mean one thing: they are read together.

What a short message asked that was not plainly understood, or only too plainly ("多少钱"), is kept for a
minute; the next one is then read a second time behind it. The surer reading counts.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.dialogue.routes import Enter
from bot.dialogue.sessions import Session
from bot.dialogue.understand import Answer, Choose, Understood, Unknown
from bot.message import Form
from intents.normalize import is_chinese

#: So long a short message may be the beginning of the next.
WITHIN = timedelta(seconds=60)
#: The most that is kept, and the longest message that may be a piece of one.
_LONGEST = 40
#: So short an answer to a question of ours nobody needs to guess at: "多少钱", "how much is it".
_FRAGMENT, _FRAGMENT_WORDS = 7, 5
_LESS_SURE = 0.05
#: Answered so surely, a short message is a question of its own: "when are you open".
_PLAIN = 0.75
_JOINED = frozenset({"answer", "answers", "candidates", "miss"})


@dataclass(frozen=True, slots=True)
class Together:
    """The turn is to be run again with what `text`, both messages in one, says.

    Attributes:
        sure: how surely the first of them was answered; 0 where it was not.
        intent: what it was answered as; "" where it was not.
    """

    text: str
    sure: float
    intent: str = ""


def to_join(
    session: Session, understood: Understood, taken: Enter, now: datetime
) -> Together | None:
    """Return this message behind what was written a moment before, where both may be one; else None."""
    lately = session.lately
    if lately is None or understood.joined or not _is_piece(understood, taken):
        return None
    if not timedelta() <= now - datetime.fromisoformat(lately["at"]) <= WITHIN:
        return None
    before, after = lately["text"], understood.text.strip()
    if lately["sure"] and (understood.only or not _is_fragment(after)):
        return None  # a name alone asks about whom it names
    between = "" if is_chinese(before[-1] + after[0]) else " "
    return Together(f"{before}{between}{after}", lately["sure"], lately.get("intent", ""))


def surer(
    alone: Understood, together: Understood, before: float = 0.0, intent: str = ""
) -> Understood:
    """Return the reading that counts: of the message alone, or of both in one.

    Args:
        before: how surely the message before was answered; what belongs to it makes that no less sure.
        intent: what that was answered as; a sure question of its own is not answered so once more.
    """
    mine, both = alone.decision, together.decision
    if isinstance(both, Answer) and both.match.score < before - _LESS_SURE and not together.request:
        return replace(alone, joined=True)
    better = together.act is None and (
        (together.alarm is not None and not isinstance(mine, Answer))
        or (together.request is not None and alone.request is None)
        or (isinstance(both, Answer) and not isinstance(mine, Answer))
        or (isinstance(both, Choose) and isinstance(mine, Unknown))
        or (isinstance(both, Choose) and isinstance(mine, Choose) and _is_fragment(alone.text))
        or (
            isinstance(both, Answer)
            and isinstance(mine, Answer)
            and _is_fragment(alone.text)
            and (mine.match.score < _PLAIN or both.match.intent != intent)
            and both.match.score >= mine.match.score
        )
    )
    return replace(together if better else alone, joined=True, alarm=alone.alarm or together.alarm)


def remember(session: Session, understood: Understood, taken: Enter, now: datetime) -> None:
    """Keep what the next message may belong to; forget what was before."""
    text = understood.text.strip()
    if (
        session.lately is not None
        and understood.joined
        and not text.startswith(session.lately["text"])
    ):
        unclear = not isinstance(understood.decision, Answer)
        text = (
            session.lately["text"] + text if unclear else text
        )  # the next may tell what both mean
    text = text[-_LONGEST:]
    kept = _is_piece(understood, taken) and bool(text)
    decision = understood.decision
    sure = decision.match.score if isinstance(decision, Answer) else 0.0
    intent = decision.match.intent if isinstance(decision, Answer) else ""
    lately = {"text": text, "at": now.isoformat(), "sure": sure, "intent": intent}
    session.lately = lately if kept else None


def _is_piece(understood: Understood, taken: Enter) -> bool:
    """Say whether a message is a short question of its own, or none that anybody understood."""
    text = understood.text.strip()
    asked = understood.form is Form.TEXT and understood.act is None and understood.alarm is None
    by_words = understood.tap is None and understood.number is None and understood.command is None
    if not (asked and by_words) or not 0 < len(text) <= _LONGEST:
        return False
    if taken.flow == "faq":
        return taken.entry in _JOINED
    return taken.flow == "handoff" and taken.values.get("reason") == "not understood"


def _is_fragment(text: str) -> bool:
    plain = text.strip()
    return len(plain.split()) <= _FRAGMENT_WORDS if plain.isascii() else len(plain) <= _FRAGMENT
