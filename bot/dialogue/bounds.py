"""Hold every text that staff edit against what the bot never says (`intents.boundary`)."""

from bot.dialogue.wording import Wording
from intents.boundary import Boundary, Hit
from intents.catalog import Catalog

#: The text that a first contact begins with (SC-04), and the number that it must name.
_FIRST, _EMERGENCY = "faq/welcome", "120"


def beyond(boundary: Boundary, wording: Wording, catalog: Catalog) -> list[str]:
    """Return what must not be said, a sentence each: the file, the entry, the field, the words."""
    problems: list[str] = []
    for lang in catalog.languages:
        names = [*sorted(wording.names(lang)), *(f"faq:{intent}" for intent in catalog.intents)]
        for name in names:
            where, source = wording.source(name, lang)
            problems += [_sentence(where, hit) for hit in boundary.check_source(source)]
        problems += [
            f"{catalog.entry(intent, lang).where}: entry {intent}: `title`: {_words(hit)}"
            for intent in catalog.intents
            for hit in boundary.check(catalog.entry(intent, lang).title)
        ]
        problems += _first_contact(boundary, wording, lang)
    return problems


def _first_contact(boundary: Boundary, wording: Wording, lang: str) -> list[str]:
    if _FIRST not in wording.names(lang):
        return []
    where, source = wording.source(_FIRST, lang)
    missing = [*boundary.missing_at_first(source, lang)]
    missing += [] if _EMERGENCY in source or "emergency" in source else [_EMERGENCY]
    return [f"{where}: a first contact must say “{part}” (SC-04)." for part in missing]


def _sentence(where: str, hit: Hit) -> str:
    return f"{where}: {_words(hit)}"


def _words(hit: Hit) -> str:
    return f"“{hit.words}”: {hit.says} ({hit.scope}, rule {hit.rule})."
