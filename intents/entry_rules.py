"""What a catalog entry and a list of phrases must hold: each rule gives sentences, not exceptions.

Every sentence names the file, the entry and the field, and says what is expected there.
"""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol, TypeGuard

from intents.normalize import normalize, strip_fillers

DESKS = frozenset(
    ("guide", "booking", "billing", "reports", "nursing", "complaints", "followup", "general"),
)
THEN = frozenset({"answer", "offer", "handoff"})
FACTS = frozenset(
    (
        *("departments", "department_for", "doctors", "roster"),
        *("test_price", "drug_price", "package_price", "services"),
    ),
)
ACTS = frozenset(
    (
        *("person", "stop", "start", "cancel", "back", "repeat", "menu", "yes", "no"),
        *("greeting", "thanks", "goodbye", "simpler", "language_en", "language_zh", "keep"),
        *("bind", "unbind", "prefer_sms", "prefer_wechat", "prefer_telegram"),
        "texted_stop",
    ),
)
FEWEST_QUESTIONS = 6
EVERY = "*"
LONGEST_TITLE = {"zh": 16, "en": 40}
LONGEST_TITLE_ELSEWHERE = 40

_REQUIRED = ("intent", "title", "owner", "review", "questions", "answer")
_CHOICES = {"desk": DESKS, "then": THEN, "facts": FACTS}
_INTENT = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MARKUP = re.compile(r"\*\*|__|^\s*#+\s|\]\(|</?[a-z][^>]*>|```", re.MULTILINE | re.IGNORECASE)
_EMOJI = re.compile("[\u2600-\u27bf\u2b50\ufe0f\U0001f000-\U0001faff]")


class Named(Protocol):
    """What the rules across entries need to know of an entry."""

    @property
    def intent(self) -> str: ...  # noqa: D102
    @property
    def lang(self) -> str: ...  # noqa: D102
    @property
    def where(self) -> str: ...  # noqa: D102
    @property
    def questions(self) -> tuple[str, ...]: ...  # noqa: D102


def problems_of(row: object, lang: str, where: str) -> list[str]:
    """Say what is wrong with one entry by itself."""
    if not isinstance(row, dict):
        return [f"{where} must be a table that starts with [[entry]]."]
    name = row.get("intent")
    at = f"{where} ({name})" if isinstance(name, str) and name else where
    found = [f"{at} has no field `{field}`." for field in _REQUIRED if field not in row]
    known = {*_REQUIRED, *_CHOICES}
    found += [
        f"{at} has an unknown field `{field}`; known are {_listed(known)}."
        for field in sorted(set(row) - known)
    ]
    found += [
        f"{at}: `{field}` must be a text that is not empty."
        for field in ("intent", "title", "owner", "answer")
        if field in row and not _is_text(row[field])
    ]
    found += [
        f"{at}: `{field}` must be one of {_listed(allowed)}, not {row[field]!r}."
        for field, allowed in _CHOICES.items()
        if field in row and not (isinstance(row[field], str) and row[field] in allowed)
    ]
    if _is_text(name) and not is_intent(name):
        found.append(f"{at}: `intent` must be a lower-case dotted name such as fees.registration.")
    review = row.get("review")
    if "review" in row and (not isinstance(review, dt.date) or isinstance(review, dt.datetime)):
        found.append(f"{at}: `review` must be a date such as 2027-05-31, without quotes or time.")
    return found + _title(row, lang, at) + _questions(row, at) + _answer(row, at)


def is_intent(name: object) -> TypeGuard[str]:
    """Tell whether a name can be an intent's: lower-case and dotted."""
    return isinstance(name, str) and bool(_INTENT.fullmatch(name))


def _title(row: Mapping[str, Any], lang: str, at: str) -> list[str]:
    longest = LONGEST_TITLE.get(lang.partition("-")[0], LONGEST_TITLE_ELSEWHERE)
    title = row.get("title")
    if not isinstance(title, str) or len(title.strip()) <= longest:
        return []
    return [f"{at}: `title` has {len(title.strip())} characters; at most {longest} are allowed."]


def _questions(row: Mapping[str, Any], at: str) -> list[str]:
    questions = row.get("questions")
    if "questions" not in row:
        return []
    if not isinstance(questions, list) or not all(_is_text(one) for one in questions):
        return [f"{at}: `questions` must be a list of texts that are not empty."]
    found: list[str] = []
    if len(questions) < FEWEST_QUESTIONS:
        found.append(
            f"{at}: `questions` has {len(questions)} variants; "
            f"at least {FEWEST_QUESTIONS} are needed.",
        )
    seen: dict[str, str] = {}
    for question in questions:
        key = normalize(question)
        if key in seen:
            found.append(f'{at}: `questions` holds "{question}" twice.')
        seen[key] = question
    return found


def _answer(row: Mapping[str, Any], at: str) -> list[str]:
    answer = row.get("answer")
    if not isinstance(answer, str):
        return []
    words = _TEMPLATE.sub("", answer)
    if _MARKUP.search(words) or _EMOJI.search(words):
        return [f"{at}: `answer` must be plain text, without Markdown, HTML or emoji."]
    return []


def across(
    entries: Iterable[Named], doubtful: Collection[tuple[str, str]] = frozenset()
) -> list[str]:
    """Say what is wrong among entries: repeated intents, shared questions, missing languages.

    `doubtful` are the (intent, language) that stand in the files but could not be read; with
    `EVERY` for an intent, a whole file could not. Nothing is called missing because of them.
    """
    found: list[str] = []
    homes: dict[tuple[str, str], Named] = {}
    asked: dict[str, Named] = {}
    for entry in entries:
        first = homes.setdefault((entry.intent, entry.lang), entry)
        if first is not entry:
            found.append(f"{entry.where}: entry {entry.intent} is already in {first.where}.")
            continue
        for question in entry.questions:
            other = asked.setdefault(strip_fillers(normalize(question)), entry)
            if other.intent != entry.intent:
                found.append(
                    f'{entry.where}: entry {entry.intent}: `questions` holds "{question}", which '
                    f"entry {other.intent} of {other.where} has too.",
                )
    present = {*homes, *doubtful}
    languages = {lang for _, lang in present}
    whole = {lang for intent, lang in doubtful if intent == EVERY}
    for (intent, lang), entry in homes.items():
        found += [
            f"{entry.where}: entry {intent} is there in {lang} but has no counterpart in {other}."
            for other in sorted(languages - whole)
            if (intent, other) not in present
        ]
    return found


def problems_of_acts(tables: Mapping[str, Any], where: str) -> list[str]:
    """Say what is wrong with the lists of one `phrases.toml`."""
    found = [
        f"{where}: `{act}` is not an act; known are {_listed(ACTS)}."
        for act in sorted(set(tables) - ACTS)
    ]
    found += [f"{where}: the act `{act}` is missing." for act in sorted(ACTS - set(tables))]
    found += [
        f"{where}: `{act}` must be a list of texts that are not empty."
        for act in sorted(ACTS & set(tables))
        if not isinstance(tables[act], list)
        or not tables[act]
        or not all(_is_text(phrase) for phrase in tables[act])
    ]
    return found


def acts_across(acts: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Say which phrases mean one act in one language and another act in another."""
    found: list[str] = []
    meant: dict[str, tuple[str, str]] = {}
    for lang, phrases in acts.items():
        for phrase, act in phrases.items():
            other, there = meant.setdefault(phrase, (act, lang))
            if other != act:
                found.append(
                    f'{lang}/phrases.toml: "{phrase}" is a phrase of {act} here '
                    f"and of {other} in {there}.",
                )
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
