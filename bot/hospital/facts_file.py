"""Reading `hospital.toml`: every fact once, in every language."""

import tomllib
from collections.abc import Mapping
from typing import Any

from bot.hospital.encodings import decode
from bot.hospital.facts import FACTS, FROM_RULES, FactKind, parse_fact
from bot.hospital.model import LANGUAGES, Fact
from bot.hospital.problems import HospitalDataError


def read_facts(data: bytes, file: str = "hospital.toml") -> Mapping[str, Mapping[str, Fact]]:
    """Return the facts of a `hospital.toml` by language and dotted key.

    A value is one for all languages, or a table with one for each: `{ zh-CN = "…", en = "…" }`.
    """
    try:
        document = tomllib.loads(decode(data, file))
    except (ValueError, RecursionError) as error:
        raise HospitalDataError([f"{file}: not valid TOML ({error})"]) from error
    stated = dict(_flat(document))
    problems = [f"{file}, {key}: {_unknown(key)}" for key in stated if key not in FACTS]
    problems += [f"{file}, {key}: missing" for key in FACTS if key not in stated]
    info: dict[str, dict[str, Fact]] = {lang: {} for lang in LANGUAGES}
    for key in FACTS.keys() & stated.keys():
        problems += [f"{file}, {key}{wrong}" for wrong in _state(info, key, stated[key])]
    if problems:
        raise HospitalDataError(sorted(problems))
    return {lang: {key: info[lang][key] for key in FACTS} for lang in LANGUAGES}


def _unknown(key: str) -> str:
    if key in FROM_RULES:
        return "told by [booking] of config.toml now, leave it out here"
    return "not a fact of a hospital (see the list in the documentation)"


def _flat(document: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return the values of nested tables by dotted key; a table of languages is one value."""
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        name = f"{prefix}{key}"
        nested = isinstance(value, dict) and name not in FACTS and not value.keys() & set(LANGUAGES)
        found += _flat(value, f"{name}.") if nested else [(name, value)]
    return found


def _state(info: Mapping[str, dict[str, Fact]], key: str, value: Any) -> list[str]:
    """Put a fact into every language; return what is wrong with it."""
    wrong = []
    for lang in LANGUAGES:
        text = value.get(lang) if isinstance(value, dict) else value
        if text is None:
            wrong.append(f": no value for {lang}")
        elif isinstance(text, bool) or not isinstance(text, str | int | float):
            wrong.append(f": expected a text or a number, not {type(text).__name__}")
        else:
            try:
                info[lang][key] = parse_fact(key, str(text))
            except ValueError as error:
                wrong.append(f": {error}")
    if isinstance(value, dict):
        wrong += [f": language {lang!r} is not known" for lang in value.keys() - set(LANGUAGES)]
    if FACTS[key] is not FactKind.TEXT and isinstance(value, dict):
        wrong = [f": one value for all languages expected, like {key.rpartition('.')[2]} = …"]
    return list(dict.fromkeys(wrong))
