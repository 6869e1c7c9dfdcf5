"""What the red-flag check holds, told in words: every kind, its rules, their versions, who signed.

Pure: the command prints it, a clinician reads it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from intents.numbers import UNKNOWN, Numbers
from intents.safety import SafetyRow
from intents.urgent import Alarm, Doubt, RedFlags
from intents.urgent_rules import KINDS, Language

#: Reads a message as the check does.
Reads = Callable[[str], Alarm | Doubt | None]


def taxonomy(flags: RedFlags) -> dict[str, list[dict[str, str]]]:
    """Give every kind with its rules in every language: id, version, what it says, what it does."""
    return {kind: _rules_of(kind, flags.languages) for kind in KINDS}


def _rules_of(kind: str, languages: Sequence[Language]) -> list[dict[str, str]]:
    return [
        {
            "language": language.code,
            "id": rule.id,
            "version": rule.version,
            "says": rule.note,
            "does": "asks" if rule.grey else "alarms",
        }
        for language in languages
        for rule in language.rules
        if rule.kind == kind
    ]


def signatures(flags: RedFlags) -> dict[str, str]:
    """Give, for every language, who signed its content and when; "unsigned" where nobody did."""
    told = {}
    for language in flags.languages:
        one = language.signed
        told[language.code] = f"{one.name}, {one.role}, {one.date}" if one else "unsigned"
    return told


def limits(flags: RedFlags) -> dict[str, float] | None:
    """Give the model's limits; None where the rules stand alone."""
    added = flags.added
    return None if added is None else {"alarm": added.alarm, "grey": added.grey}


def places(numbers: Mapping[str, Numbers]) -> dict[str, dict[str, Any]]:
    """Give the numbers of every locale."""
    return {
        place if place != UNKNOWN else "unknown": {
            "emergency": list(one.emergency),
            "police": one.police,
            "crisis": list(one.crisis),
        }
        for place, one in numbers.items()
    }


def figures(rows: Iterable[SafetyRow], reads: Reads) -> dict[str, Any]:
    """Count a labelled set: alarms, and doubts beside them, by language, kind and source."""
    read = [(row, reads(row.text)) for row in rows]
    ill = [one for one in read if one[0].emergency]
    well = [one for one in read if not one[0].emergency]
    kinds = sorted({row.kind for row, _ in ill})
    langs = sorted({row.lang for row, _ in read})
    return {
        "recall": {lang: _share([one for one in ill if one[0].lang == lang]) for lang in langs},
        "recall_real": _share([one for one in ill if one[0].real]),
        "recall_written": _share([one for one in ill if not one[0].real]),
        "recall_by_kind": {k: _share([one for one in ill if one[0].kind == k]) for k in kinds},
        "false_alarms_routine": _share([one for one in well if not one[0].hard]),
        "false_alarms_hard": _share([one for one in well if one[0].hard]),
    }


def model_alone(rows: Iterable[SafetyRow], flags: RedFlags) -> dict[str, Any] | None:
    """Count what the model would do without the rules, did it alarm from its grey limit on."""
    added = flags.added
    if added is None:
        return None
    limit = added.grey
    alarm = Alarm("other", "model", "0", crisis=False)
    told = figures(rows, lambda text: alarm if flags.score(text) >= limit else None)
    named = ("recall", "false_alarms_routine", "false_alarms_hard")
    return {name: told[name] for name in named}


def _share(read: Sequence[tuple[SafetyRow, Alarm | Doubt | None]]) -> dict[str, Any]:
    """Give how many rows alarm, how many are asked about, and the alarms' share; None over no rows."""
    alarms = sum(isinstance(found, Alarm) for _, found in read)
    asked = sum(isinstance(found, Doubt) for _, found in read)
    share = round(alarms / len(read), 4) if read else None
    return {"rows": len(read), "alarms": alarms, "asked": asked, "share": share}
