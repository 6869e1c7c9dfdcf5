"""Something else that is asked in the middle of a question of ours about plans: it gets its answer."""

from collections.abc import Collection

from bot.dialogue.flow import Goto, Step
from bot.dialogue.requests import REQUESTS
from bot.dialogue.understand import Answer, Choose, Understood


def asked_otherwise(said: Understood, ours: Collection[str], back: Goto) -> Step | None:
    """Give what she asks for in between to whoever does it; None where she asks for nothing else.

    Args:
        ours: requests that are answers to the question, or begin it.
        back: asks the question again after one that has an answer of its own.
    """
    if said.request is not None and said.request not in ours:
        return Step(goto=Goto(*REQUESTS[said.request]))
    if isinstance(said.decision, Choose):
        intents = tuple(match.intent for match in said.decision.matches)
        return Step(goto=Goto("faq", "candidates", {"intents": intents}))
    if isinstance(said.decision, Answer):
        return Step(goto=Goto("faq", "answer", {"intent": said.decision.match.intent}), back=back)
    return None
