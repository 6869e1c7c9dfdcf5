"""How something is said: a `Say` becomes a text in one language for one channel.

Texts are in `templates/replies/<lang>/<domain>/<name>.txt.j2`; an FAQ answer (`faq:<intent>`) stands
beside its questions in the catalog. Buttons where a channel has them, digits where it has none.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.channels.base import Limits
from bot.dialogue.facts import Facts
from bot.dialogue.templates import compile_text, environment, render
from bot.errors import WordingError
from bot.message import Button, Say, Worded
from intents.catalog import Catalog
from intents.entities import Entities

#: How a shortcut is typed where there are no buttons.
_TYPED = {"#person": "0", "#menu": "菜单", "#leave": "返回"}
_TYPED_EN = {"#person": "0", "#menu": "menu", "#leave": "back"}


class Converter(Protocol):
    """OpenCC, as far as wording needs it."""

    def convert(self, text: str) -> str:
        """Return `text` in the other script."""
        ...


class Wording:
    """Renders everything the bot says.

    Args:
        folder: `templates/replies`.
        catalog: where FAQ answers stand.
    """

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self._catalog = catalog
        self._folder = folder
        self._environments: dict[str, ImmutableSandboxedEnvironment] = {
            lang: environment(lang) for lang in catalog.languages
        }
        self._known: dict[tuple[str, str], tuple[str, Template]] = {}

    def word(
        self,
        say: Say,
        lang: str,
        limits: Limits,
        facts: Mapping[str, Any],
        *,
        ask: int = 0,
        traditional: bool = False,
    ) -> Worded:
        """Return `say` in `lang`, as a channel with `limits` can show it.

        Args:
            facts: what every text may mention (`h`, `today`).
            ask: names the question whose options the buttons answer.

        Raises:
            WordingError: the text is missing, or mentions something that does not exist.
        """
        text = self.text(say.name, lang, {**facts, **say.values})
        buttons: tuple[Button, ...] = ()
        if limits.buttons >= len(say.options) + len(say.shortcuts):
            taps = [Button(f"{n} {o.label}", f"#{ask}.{n}") for n, o in enumerate(say.options, 1)]
            buttons = (*taps, *say.shortcuts)
        else:
            text = "\n".join([text, *_digits(say, lang)])
        worded = Worded(text, say.kind, buttons)
        return _traditional(worded) if traditional and lang == "zh-CN" else worded

    def text(self, name: str, lang: str, values: Mapping[str, Any]) -> str:
        """Return one text. Raises `WordingError`."""
        where, template = self._template(name, lang)
        return render(template, values, where)

    def title(self, intent: str, lang: str) -> str:
        """Return how an FAQ entry is called among candidates."""
        return self._catalog.entry(intent, lang).title

    def check(self, *, answers: bool = True) -> list[str]:
        """Return what is wrong with the texts: broken ones, and those missing in a language.

        Args:
            answers: look at the FAQ answers too, which takes a second for some hundreds.
        """
        problems = []
        names = {lang: self.names(lang) for lang in self._environments}
        everything = set().union(*names.values())
        for lang, known in names.items():
            problems += [
                f"templates/replies/{lang}/{name}.txt.j2: missing"
                for name in sorted(everything - known)
            ]
            if not known:
                problems.append(
                    f"{self._folder / lang}: no reply text is there (expected <domain>/<name>.txt.j2)"
                )
            faq = {f"faq:{intent}" for intent in self._catalog.intents} if answers else set()
            for name in sorted(known | faq):
                try:
                    self._template(name, lang)
                except WordingError as exc:
                    problems.append(str(exc))
        return problems

    def check_answers(self, facts: Facts, today: date) -> list[str]:
        """Return which FAQ answers cannot be rendered when a patient names nothing in particular."""
        problems = []
        for lang in self._environments:
            known = {"h": facts.info(lang), "today": today}
            for intent in self._catalog.intents:
                look_up = self._catalog.entry(intent, lang).facts
                found = facts.find(look_up, lang, today, Entities()) if look_up else {}
                try:
                    self.text(f"faq:{intent}", lang, {**known, **found})
                except WordingError as exc:
                    problems.append(str(exc))
        return problems

    def names(self, lang: str) -> set[str]:
        """Return the names of the reply templates of one language."""
        root = self._folder / lang
        return {str(p.relative_to(root)).removesuffix(".txt.j2") for p in root.glob("*/*.txt.j2")}

    def _template(self, name: str, lang: str) -> tuple[str, Template]:
        known = self._known.get((name, lang))
        if known is None:
            where, source = self._source(name, lang)
            known = where, compile_text(self._environments[lang], source, where)
            self._known[name, lang] = known
        return known

    def _source(self, name: str, lang: str) -> tuple[str, str]:
        kind, _, intent = name.partition(":")
        if kind == "faq":
            entry = self._catalog.entry(intent, lang)
            return f"{entry.where}: entry {intent}: `answer`", entry.answer
        path = self._folder / lang / f"{name}.txt.j2"
        try:
            return f"{lang}/{name}.txt.j2", path.read_text("utf-8")
        except OSError as exc:
            raise WordingError(f"templates/replies/{lang}/{name}.txt.j2: missing") from exc


def _digits(say: Say, lang: str) -> Sequence[str]:
    typed = _TYPED if lang == "zh-CN" else _TYPED_EN
    options = [f"{n} {option.label}" for n, option in enumerate(say.options, 1)]
    return [*options, *(f"{typed.get(b.value, b.value)} {b.label}" for b in say.shortcuts)]


def _traditional(worded: Worded) -> Worded:
    convert = _opencc().convert
    buttons = tuple(Button(convert(b.label), b.value) for b in worded.buttons)
    return Worded(convert(worded.text), worded.kind, buttons)


@cache
def _opencc() -> Converter:
    from opencc import OpenCC  # noqa: PLC0415  (45 ms, and most patients never need it)

    made: Converter = OpenCC("s2tw")
    return made
