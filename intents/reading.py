"""Read what a message asks: as it stands, question by question, and as it may have been meant.

Ranking is a `Matcher`'s; this decides which text to ask it about. A second reading counts only where it
is surer than the first.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from intents.catalog import Catalog
from intents.clauses import Part, comma_parts, questions
from intents.decide import Answer, Choose, Decision, Unknown, decide
from intents.match import Match, Matcher
from intents.normalize import normalize
from intents.sounds import Ear
from intents.spelling import Speller

#: So sure a match is an example word for word.
_EXACT = 0.99
#: A match less sure than this is compared with what the text sounds like.
_DOUBTFUL = 0.9
#: How much surer another reading must be: in plain words, by its sound.
_SURER, _SURER_BY_SOUND = 0.05, 0.15
#: A statement among questions is answered only where it is as sure as this.
_SURE_STATEMENT = 0.6
_MOST_ANSWERED = 3
#: So many clauses at the end of a story may be its question.
_TAIL = 3
_LONGEST = 300
_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[a-z]")
#: What in pinyin may be a refusal: nothing is done on the sound of it.
_REFUSES = re.compile(r"\b(?:bu|bie|mei|meiyou|mo|wei|wu|fou|buyao|beng)|buyao|bie")
#: What is no answer beside others.
_ALONE = frozenset({"assistant.off_topic"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message asks.

    Attributes:
        decision: on the message as a whole.
        several: where it asks several things: a sure match of each, in the order asked.
        text: the text on which was decided.
    """

    decision: Decision
    several: tuple[Match, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a catalog's words teach: how they sound, how they are spelt."""

    ear: Ear
    speller: Speller


@lru_cache(maxsize=2)
def words_of(catalog: Catalog) -> Words:
    """Learn the words of a catalog, once; takes half a second."""
    texts = [normalize(question) for _, question in catalog.examples()]
    texts += 3 * catalog.requests.whole()
    return Words(Ear(texts), Speller(texts))


class Reader:
    """Reads messages with a matcher and the words of a catalog."""

    def __init__(self, matcher: Matcher, catalog: Catalog, names: Iterable[str] = ()) -> None:
        self._matcher, self._dialect = matcher, catalog.dialect
        words = words_of(catalog)
        self._ear, self._speller = words.ear.knowing(names), words.speller

    def read(self, plain: str) -> Reading:
        """Return what a normalised message asks."""
        matches = self._matcher.rank(plain)
        read = Reading(decide(matches), text=plain)
        if (matches and matches[0].score >= _EXACT) or len(plain) > _LONGEST:
            return read
        read = self._in_other_words(plain, read)
        return self._in_parts(read)

    def spellings(self, plain: str) -> list[str]:
        """Return the text in plain words, where these differ from it: nothing is guessed in them."""
        mended = self._speller.mend(self._dialect.plain(plain))
        return [mended] if mended != plain else []

    def heard(self, plain: str) -> str | None:
        """Return what the text sounds like, unless in pinyin something may be refused."""
        if not _HAN.search(plain) and _REFUSES.search(plain):
            return None
        return self._ear.hear(plain)

    def _in_other_words(self, plain: str, first: Reading) -> Reading:
        """Return the surest reading: of the text, of it in plain words, or as it sounds."""
        read = first
        for text in self.spellings(plain):
            read = self._surer(read, text, _SURER)
        if _score(read.decision) >= _DOUBTFUL:
            return read
        for text in dict.fromkeys((plain, read.text)):
            heard = self._ear.hear(text)
            if heard is not None:
                spelt = _LATIN.search(text) is not None and not _LATIN.search(heard)
                read = self._surer(read, heard, -_SURER if spelt else _SURER_BY_SOUND)
        return read

    def _surer(self, read: Reading, text: str, by: float) -> Reading:
        decision = decide(self._matcher.rank(text))
        if isinstance(decision, Unknown):
            return read
        if isinstance(decision, Choose) and not isinstance(read.decision, Unknown):
            return read
        surer = _score(decision) >= _score(read.decision) + by
        return Reading(decision, text=text) if surer else read

    def _in_parts(self, read: Reading) -> Reading:
        """Answer each question of several; where the whole says nothing, the one that says something."""
        parts = questions(read.text)
        if len(parts) < 2 and isinstance(read.decision, Answer):  # noqa: PLR2004
            return read
        found = self._sure(parts) if len(parts) > 1 else []
        whole = read.decision.match.intent if isinstance(read.decision, Answer) else None
        if len(found) > 1 and (whole is None or whole in {match.intent for match in found}):
            return Reading(read.decision, tuple(found[:_MOST_ANSWERED]), read.text)
        if whole is None and len(found) == 1:
            return Reading(Answer(found[0]), text=read.text)
        return self._last_question(read) if whole is None else read

    def _sure(self, parts: Iterable[Part]) -> list[Match]:
        found: dict[str, Match] = {}
        for part in parts:
            decision = decide(self._matcher.rank(part.text))
            if not isinstance(decision, Answer) or decision.match.intent in _ALONE:
                continue
            if part.asks or decision.match.score >= _SURE_STATEMENT:
                found.setdefault(decision.match.intent, decision.match)
        return list(found.values())

    def _last_question(self, read: Reading) -> Reading:
        """Read the end of a long story for the whole: its last words, with what leads up to them."""
        parts = comma_parts(read.text)
        tails = [",".join(parts[-length:]) for length in range(1, min(len(parts), _TAIL + 1))]
        decisions = [decide(self._matcher.rank(tail)) for tail in tails]
        sure = [one for one in decisions if isinstance(one, Answer)]
        likely = [one for one in decisions if isinstance(one, Choose)]
        if sure:
            return Reading(max(sure, key=_score), text=read.text)
        if likely and isinstance(read.decision, Unknown):
            return Reading(max(likely, key=_score), text=read.text)
        return read

    def sure_parts(self, plain: str) -> list[tuple[str, Match | None]]:
        """Return each part between commas and stops, with its sure match where it has one."""
        found: list[tuple[str, Match | None]] = []
        for part in comma_parts(plain):
            decision = decide(self._matcher.rank(part))
            found.append((part, decision.match if isinstance(decision, Answer) else None))
        return found


def _score(decision: Decision) -> float:
    if isinstance(decision, Answer):
        return decision.match.score
    return decision.matches[0].score if isinstance(decision, Choose) else 0.0
