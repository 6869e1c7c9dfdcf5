"""What is asked in the middle of a booking, and what only looks like a question: pure."""

import re
from collections.abc import Callable

from bot.appointments.booking.choosing import Said
from bot.appointments.booking.drafts import CONFIRM, WHEN, WHERE, WHICH, WHO, Draft
from bot.dialogue.flow import Scene
from bot.dialogue.understand import Answer
from intents.normalize import normalize

#: Questions whose answer is what a booking shows anyway: who is there, which department, what is free.
_OURS = frozenset({
    "department.which", "doctor.by_department", "roster.who", "booking.how", "booking.expert",
    "booking.special", "booking.same_day",
})  # fmt: skip
#: Asked about, a kind of clinic is explained; named, it is what she wants.
_OF_KINDS = frozenset({"booking.expert", "booking.special"})
#: "给我妈" says whose visit it is, and asks nothing.
_OF_SOMEBODY = frozenset({"booking.family", "booking.child"})
#: "周日" is an answer to our question for a day.
_WEEKEND = "hospital.hours_weekend"
#: "How much?" in the middle of a booking asks for the fee of the visit, where no test is named.
_OF_FEES, FEES = frozenset({"fees.test_price"}), "fees.registration"
_EXACT, _SURE = 0.99, 0.8
_ASKS = re.compile(
    r"什么|啥|哪|谁|怎么|咋|几|多少|为何|多久|吗|呢|\b(?:what|where|which|who|how|when|why|is|are|does|can)\b"
)
_FEE = re.compile(
    r"多少钱|几块钱|啥价|什么价|贵吗|贵不贵|费用|\bhow much|\bexpensive|\bprice|\bcosts?\b|\bfee"
)


def asked(
    scene: Scene, draft: Draft, said: Said, names_somebody: Callable[[Scene], bool]
) -> str | None:
    """Return the intent that is asked in between; None where the words may be an answer to ours."""
    understood, decision = scene.understood, scene.understood.decision
    if not isinstance(decision, Answer):
        return None
    intent, places = decision.match.intent, said.places
    of_somebody = intent in _OF_SOMEBODY and not said.doubts
    person = (of_somebody or draft.stage in (WHO, CONFIRM)) and names_somebody(scene)
    if _tells_ours(scene, draft, said, intent) or (of_somebody and person):
        return None
    plain = said.corrects or said.other or person
    changes = plain or places or understood.when
    if decision.match.score < (_EXACT if plain else _SURE) and changes:
        return None
    fee = intent in _OF_FEES and draft.placed and not _names_test(scene)
    return FEES if fee else intent


def asks_fee(scene: Scene) -> bool:
    """Say whether it is asked what the visit costs."""
    return _FEE.search(normalize(scene.understood.text)) is not None


def _tells_ours(scene: Scene, draft: Draft, said: Said, intent: str) -> bool:
    """Say whether a message tells what we asked for, though it reads like a question known here."""
    when = scene.understood.when
    if intent in _OURS and (said.places or when):
        return True
    if said.doubts or _ASKS.search(normalize(scene.understood.text)):
        return False
    place = said.places and draft.stage in (WHERE, WHICH)
    kind = said.tier is not None and intent in _OF_KINDS
    return bool(place or kind or (when and draft.stage == WHEN and intent == _WEEKEND))


def _names_test(scene: Scene) -> bool:
    """Say whether a test is named, whose price may be meant."""
    entities = scene.understood.entities
    return entities is not None and bool(entities.tests or entities.drugs)
