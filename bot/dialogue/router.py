"""What does this message mean now? One ordered list of rules, pure, written once.

The order is the promise: red flag, stop and start words, the answer to a doubt, a person holds the
conversation, a doubt, a message without words, an answer to an offer, to a reminder or to a question of
ours, words that work in every state, a request to do something, a known intent, numbered candidates, and
otherwise an honest "I do not know" with a person offered. After the second miss a person gets it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.dialogue.choices import goes_on
from bot.dialogue.doubting import DOUBT, answer_to, asks
from bot.dialogue.reminded import reminded
from bot.dialogue.requests import REQUESTS
from bot.dialogue.routes import PERSON, REPEAT, Enter, Route, Seen, Silent, option
from bot.dialogue.understand import Answer, Choose
from bot.message import Form
from intents.normalize import normalize

#: A message in a row that nobody understood is passed on from this one.
MISSES_BEFORE_PERSON = 2
#: The intent whose answer guides to a department, for messages that name a complaint.
GUIDE = "department.which"
#: What is asked by a name alone, by its kind; several are offered as candidates.
ASKED_BY_NAME: Mapping[str, tuple[str, ...]] = {
    "symptom": (GUIDE,),
    "drug": ("fees.drug_price",),
    "test": ("fees.test_price",),
    "package": ("checkup.packages",),
    "doctor": ("doctor.info", "roster.who"),
    "department": ("doctor.by_department", "roster.who", "department.where"),
}
_EXACT = 0.99
#: Answers that can only be told of a dose.
_OF_A_DOSE = frozenset({"taken", "skip", "snooze", "not_yet"})
#: Words that go to the flow whose draft is open: drop it, or one step back.
_OF_A_DRAFT = frozenset({"cancel", "back"})
#: Flows that can ask again what they are in the middle of.
_RESUMED = frozenset({"booking", "changes"})
#: The tap that booked a visit.
_SURE = "flow:booking.sure:"
#: The tap of an answer that offers to book what it tells of, and the names that are enough to do so.
_BOOK, _BOOKED_BY = "flow:booking.start", frozenset({"doctor", "department"})
#: In a question of these flows they, and "do not", are an answer: "取消" to "shall it be cancelled?".
_ASKS_WHETHER = frozenset({"changes"})
_OF_WHETHER = frozenset({"yes", "no", "keep", *_OF_A_DRAFT})


_Rule = Callable[[Seen], Route | None]


def route(seen: Seen) -> Route:
    """Return who takes the message: the first rule that knows."""
    for rule in RULES:
        found = rule(seen)
        if found is not None:
            return found
    return _missed(seen)


def _red_flag(seen: Seen) -> Route | None:
    return Enter("urgent", "alarm") if seen.understood.alarm else None


def _stop_or_start(seen: Seen) -> Route | None:
    act = seen.understood.act
    if seen.understood.texted_stop and not seen.private:
        return Enter("consent", "stop")
    return Enter("consent", act) if act in ("stop", "start") else None


def _doubt_answered(seen: Seen) -> Route | None:
    entry = answer_to(seen.understood, seen.session, seen.holder, seen.now)
    return Enter(DOUBT, entry) if entry else None


def _doubtful(seen: Seen) -> Route | None:
    return Enter(DOUBT, "ask") if asks(seen.understood, seen.session, seen.now) else None


def _held(seen: Seen) -> Route | None:
    if seen.holder == "bot":
        return None
    leaves = seen.understood.command == "leave" or seen.understood.act in ("cancel", "back")
    if seen.holder == "desk" and leaves:
        return Enter("handoff", "leave")
    return Silent()


#: What a message without words gets, by its form; a voice nobody wrote down is a message all the same.
_WORDLESS: Mapping[Form, str] = {
    Form.VOICE: "voice",
    Form.IMAGE: "picture",
    Form.VIDEO: "picture",
    Form.FILE: "picture",
    Form.STICKER: "sticker",
    Form.LOCATION: "location",
    Form.FOLLOWED: "followed",
}
#: Of these, a second in a row is a miss: whoever cannot type needs a person.
_UNREADABLE = frozenset({"voice", "picture", "other"})


def _wordless(seen: Seen) -> Route | None:
    form = seen.understood.form
    if form is Form.TEXT:
        return None
    entry = _WORDLESS.get(form, "other")
    if entry in _UNREADABLE and seen.session.wordless > 0:
        if seen.session.misses + 1 >= MISSES_BEFORE_PERSON:
            return Enter("handoff", "open", {"reason": "not understood"})
        return Enter("media", "again")
    return Enter("media", entry)


def _offered(seen: Seen) -> Route | None:
    """Take the answer to an offer: its own button, or its own digit."""
    said, offer = seen.understood, seen.session.offer
    if offer is None or not offer.is_open(seen.now):
        return None
    if said.tap is not None:
        place = said.tap[1] if said.tap[0] == offer.ask else 0
    elif offer.base or offer.ask == seen.session.asks:
        place = (said.number or 0) - offer.base
    else:
        return None  # another question was asked since: a small digit answers that one
    if not 1 <= place <= len(offer.options):
        return None
    return replace(option(offer.options[place - 1]), offer=True)


def _expected(seen: Seen) -> Route | None:
    said, expect = seen.understood, seen.session.expect
    if (taken := _in_words(seen)) is not None:
        return taken
    if said.tap is None and said.number is None:
        return None
    ask, number = said.tap or (expect.ask if expect else 0, said.number or 0)
    if said.tap is None and number == PERSON:
        return Enter("handoff", "open", {"reason": "asked"})
    is_open = expect is not None and expect.ask == ask and expect.is_open(seen.now)
    if expect is not None and is_open and 1 <= number <= len(expect.options):
        return option(expect.options[number - 1])
    if said.tap is None and (number == REPEAT or not seen.session.asks):
        return Enter("faq", "repeat") if number == REPEAT else None
    return Enter("faq", "no_such_option" if is_open else "stale")


def _in_words(seen: Seen) -> Route | None:
    """Hand an answer in words to the flow that asked; words that work in every state still do."""
    said, expect = seen.understood, seen.session.expect
    if expect is None or not expect.flow or not expect.is_open(seen.now):
        return None
    always = said.tap is not None or said.number in (PERSON, REPEAT)
    is_choice = always or (said.number and expect.options)
    word = said.command or said.act
    answers = _OF_WHETHER if expect.flow in _ASKS_WHETHER else ("yes", "no")
    if is_choice or (word in _ALWAYS and word not in answers):
        return None
    return Enter(expect.flow, expect.entry)


_ALWAYS: Mapping[str, Enter] = {
    "person": Enter("handoff", "open", {"reason": "asked"}),
    "leave": Enter("faq", "menu"),
    "cancel": Enter("faq", "dropped"),
    "keep": Enter("faq", "kept"),
    "back": Enter("faq", "menu"),
    "repeat": Enter("faq", "repeat"),
    "menu": Enter("faq", "menu"),
    "greeting": Enter("faq", "greeting"),
    "thanks": Enter("faq", "thanks"),
    "goodbye": Enter("faq", "goodbye"),
    "simpler": Enter("faq", "simpler"),
    "yes": Enter("faq", "unclear_yes"),
    "no": Enter("faq", "unclear_yes"),
    "language_zh": Enter("consent", "speak", {"lang": "zh-CN"}),
    "language_en": Enter("consent", "speak", {"lang": "en"}),
    "bind": Enter("bind", "start"),
    "unbind": Enter("bind", "unbind"),
    "prefer_sms": Enter("bind", "prefer", {"channel": "sms"}),
    "prefer_wechat": Enter("bind", "prefer", {"channel": "wechat"}),
    "prefer_telegram": Enter("bind", "prefer", {"channel": "telegram"}),
}


def _said_again(seen: Seen) -> Route | None:
    """Take one more yes to a visit that is booked already."""
    expect = seen.session.expect
    if (
        seen.understood.act != "yes"
        or expect is None
        or expect.flow
        or not expect.is_open(seen.now)
    ):
        return None
    booked = len(expect.options) == 1 and expect.options[0].startswith(_SURE)
    return option(expect.options[0]) if booked else None


def _every_state(seen: Seen) -> Route | None:
    word = seen.understood.command or seen.understood.act
    draft = seen.session.draft
    if draft is not None and word in _OF_A_DRAFT:
        return Enter(str(draft["flow"]), str(word))
    return _ALWAYS.get(word) if word else None


def _goes_on(seen: Seen) -> Route | None:
    """Go on with what a flow is in the middle of: "继续"."""
    draft, text = seen.session.draft, seen.understood.text
    if draft is None or draft["flow"] not in _RESUMED or not goes_on(normalize(text)):
        return None
    return Enter(str(draft["flow"]), "resume")


def _bookable(seen: Seen) -> Route | None:
    """Book where somebody names only a place, after an answer that offered to book a visit."""
    expect, kinds = seen.session.expect, seen.understood.only
    offered = expect is not None and expect.is_open(seen.now) and _BOOK in expect.options
    return option(_BOOK) if offered and _BOOKED_BY & set(kinds) else None


def _answers_nothing(seen: Seen) -> Route | None:
    """Say that no reminder is open where somebody says what can only be told of a dose: "吃了"."""
    said, request = seen.understood.said, seen.understood.request
    if said is None or not said.sure or request or said.word not in _OF_A_DOSE:
        return None
    return Enter("reminders", "nothing_open", {"word": said.word})


def _requested(seen: Seen) -> Route | None:
    """Let the flow begin that does what is plainly asked for; it asks before it acts (I6)."""
    request, several = seen.understood.request, seen.understood.several
    if request and several:
        return Enter("faq", "answers", {"intents": several, "then": REQUESTS[request]})
    return Enter(*REQUESTS[request]) if request else None


def _intent(seen: Seen) -> Route | None:
    decision, several = seen.understood.decision, seen.understood.several
    if len(several) > 1:
        return Enter("faq", "answers", {"intents": several})
    if isinstance(decision, Answer):
        return Enter("faq", "answer", {"intent": decision.match.intent})
    return None


def _only_a_name(seen: Seen) -> Route | None:
    """Read a message that is nothing but a name as the question such names are asked with."""
    decision, kinds = seen.understood.decision, seen.understood.only
    if not kinds or (isinstance(decision, Answer) and decision.match.score >= _EXACT):
        return None
    intents = next((ASKED_BY_NAME[kind] for kind in ASKED_BY_NAME if kind in kinds), ())
    if len(intents) == 1:
        return Enter("faq", "answer", {"intent": intents[0]})
    return Enter("faq", "candidates", {"intents": intents}) if intents else None


def _candidates(seen: Seen) -> Route | None:
    decision = seen.understood.decision
    if isinstance(decision, Choose):
        names = [match.intent for match in decision.matches]
        if _names_complaint(seen) and GUIDE not in names:
            names = [GUIDE, *names[:2]]
        return Enter("faq", "candidates", {"intents": tuple(names)})
    return None


def _complaint(seen: Seen) -> Route | None:
    return Enter("faq", "answer", {"intent": GUIDE}) if _names_complaint(seen) else None


def _names_complaint(seen: Seen) -> bool:
    entities = seen.understood.entities
    return entities is not None and bool(entities.symptoms)


def _missed(seen: Seen) -> Route:
    if seen.session.misses + 1 >= MISSES_BEFORE_PERSON:
        return Enter("handoff", "open", {"reason": "not understood"})
    return Enter("faq", "miss")


RULES: tuple[_Rule, ...] = (
    _red_flag,
    _stop_or_start,
    _doubt_answered,
    _held,
    _doubtful,
    _wordless,
    _offered,
    reminded,
    _expected,
    _said_again,
    _every_state,
    _goes_on,
    _answers_nothing,
    _requested,
    _bookable,
    _only_a_name,
    _intent,
    _candidates,
    _complaint,
)
