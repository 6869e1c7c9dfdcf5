"""What patients really write, and whether the shipped content and matcher do right by it."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from bot.app import Content
from bot.dialogue.requests import REQUESTS
from bot.dialogue.router import GUIDE, route
from bot.dialogue.routes import Enter, Seen, Silent
from bot.dialogue.sessions import Session
from bot.dialogue.understand import Understander, Understood
from bot.hospital.model import Hospital
from bot.hospital.vocabulary import vocabulary
from intents.entities import Vocabulary
from intents.features import essence
from intents.match import Matcher

OFF_TOPIC = "assistant.off_topic"
STUBS = "stubs"
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)

#: Of the messages that are ours to answer: the least done right, the most answered wrongly.
RIGHT, WRONG = 0.90, 0.03
#: Of the others: the most that are answered as if they were ours.
STRAY = {"zh-CN": 0.05, "en": 0.12}


class Done(Enum):
    """What came of a message."""

    RIGHT = "right"
    OFFERED = "offered, but not first"
    UNHELPFUL = "offered only what does not help"
    MISSED = "not understood"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Row:
    """A message and what is right to do with it; see the top of `golden.toml`."""

    lang: str
    topic: str
    text: str
    intents: frozenset[str]
    outcome: str
    act: str
    request: str = ""

    @property
    def ours(self) -> bool:
        """Tell whether it is about the hospital at all."""
        return self.outcome != "none"

    @property
    def right(self) -> frozenset[str]:
        """Give the intents that answer it rightly."""
        also = {"guide": {GUIDE}, "pass": {GUIDE}, "none": {OFF_TOPIC}}
        return self.intents | also.get(self.outcome, set())


def rows() -> Iterator[Row]:
    """Read the messages."""
    raw: dict[str, Any] = tomllib.loads(Path(__file__).with_name("golden.toml").read_text("utf-8"))
    for group in raw["group"]:
        for row in group["rows"]:
            intents = frozenset(row.get("intents", ()))
            outcome, act = row.get("outcome", ""), row.get("act", "")
            request = row.get("request", "")
            yield Row(group["lang"], group["topic"], row["text"], intents, outcome, act, request)


ROWS = tuple(rows())


def judge(row: Row, said: Understood, way: Enter | Silent) -> tuple[Done, str]:  # noqa: PLR0911
    """Say what came of a message that opens a conversation, and what it was."""
    if row.act and said.act == row.act:
        return Done.RIGHT, row.act
    assert isinstance(way, Enter)
    if row.request and (way.flow, way.entry) == REQUESTS[row.request]:
        return Done.RIGHT, row.request
    if (way.flow, way.entry) == ("faq", "answer"):
        intent = str(way.values["intent"])
        return Done.RIGHT if intent in row.right else Done.WRONG, intent
    if (way.flow, way.entry) == ("faq", "answers"):
        several = [str(name) for name in way.values["intents"]]  # type: ignore[attr-defined]
        return Done.RIGHT if row.right & set(several) else Done.WRONG, " + ".join(several)
    if (way.flow, way.entry) == ("faq", "candidates"):
        offered = [str(name) for name in way.values["intents"]]  # type: ignore[attr-defined]
        best = offered[0] in row.right
        later = Done.OFFERED if row.right & set(offered) else Done.UNHELPFUL
        return Done.RIGHT if best else later, " / ".join(offered)
    if (way.flow, way.entry) == ("faq", "miss"):
        return Done.RIGHT if row.outcome in ("none", "pass") else Done.MISSED, "miss"
    return Done.WRONG, f"{way.flow}/{way.entry}"


@pytest.fixture(scope="module")
def outcomes(
    content: Content, matcher: Matcher, demonstration: Hospital
) -> list[tuple[Row, Done, str]]:
    """What the whole path does with every message."""
    names = Vocabulary(vocabulary(demonstration))
    reader = Understander(content.catalog, matcher, content.red_flags, lambda: names)
    found: list[tuple[Row, Done, str]] = []
    for row in ROWS:
        said = reader.understand(row.text, NOW.date())
        way = route(Seen(said, Session(lang=row.lang), "bot", NOW))
        found.append((row, *judge(row, said, way)))
    return found


def broken(mine: list[tuple[Row, Done, str]]) -> str:
    """List what was not done right, the worst first."""
    lines = [
        f"{done.value}: {row.text} -> {what} (right: {', '.join(sorted(row.right)) or row.act})"
        for row, done, what in sorted(mine, key=lambda one: one[1] is not Done.WRONG)
        if done is not Done.RIGHT
    ]
    return "\n".join(lines)


def share(mine: list[tuple[Row, Done, str]], done: Done) -> float:
    """Give the share of one outcome."""
    return sum(one[1] is done for one in mine) / len(mine)


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_patients_are_helped_rightly_and_hardly_ever_answered_wrongly(
    outcomes: list[tuple[Row, Done, str]], lang: str
) -> None:
    mine = [one for one in outcomes if one[0].lang == lang and one[0].ours]
    right, wrong = share(mine, Done.RIGHT), share(mine, Done.WRONG)
    told = f"{right:.1%} right, {wrong:.1%} wrong of {len(mine)}\n{broken(mine)}"
    assert right >= RIGHT, told
    assert wrong <= WRONG, told


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_a_single_word_is_enough(outcomes: list[tuple[Row, Done, str]], lang: str) -> None:
    mine = [one for one in outcomes if one[0].lang == lang and one[0].topic == STUBS]
    assert share(mine, Done.RIGHT) == 1, broken(mine)


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_what_is_not_about_the_hospital_is_not_answered_as_if_it_were(
    outcomes: list[tuple[Row, Done, str]], lang: str
) -> None:
    mine = [one for one in outcomes if one[0].lang == lang and not one[0].ours]
    stray = share(mine, Done.WRONG)
    assert stray <= STRAY[lang], f"{stray:.1%} of {len(mine)}\n{broken(mine)}"


def test_the_messages_are_no_questions_of_the_catalog(content: Content) -> None:
    known = {essence(question) for _, question in content.catalog.examples()}
    copied = [row.text for row in ROWS if row.topic != STUBS and essence(row.text) in known]
    assert not copied


def test_every_message_stands_once_and_names_intents_that_exist(content: Content) -> None:
    texts = [essence(row.text) for row in ROWS]
    assert len(texts) == len(set(texts))
    assert set().union(*(row.intents for row in ROWS)) <= set(content.catalog.intents)
    asked = {row.lang: set[str]() for row in ROWS}
    for row in ROWS:
        asked[row.lang] |= row.right
    left_out = {lang: set(content.catalog.intents) - names for lang, names in asked.items()}
    assert left_out == {"zh-CN": set(), "en": set()}
