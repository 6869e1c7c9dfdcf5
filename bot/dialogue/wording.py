"""How something is said: a `Say` becomes a text in one language for one channel.

Texts are in `templates/replies/<lang>/<domain>/<name>.txt.j2`; an FAQ answer (`faq:<intent>`) stands
beside its questions in the catalog. Buttons where a channel has them, digits where it has none. Where
others may read a channel, what reveals an illness is said neutrally (PR-06); an emergency never is.
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
from bot.dialogue.templates import check_text, compile_text, environment, render
from bot.errors import WordingError
from bot.message import Button, Kind, Say, Worded
from bot.message import Template as Approved
from intents.catalog import Catalog
from intents.entities import Entities

#: A list to be answered by a digit is no longer than this: nobody keeps more in mind, and 9 repeats it.
MOST_TYPED = 5
#: The end of such a list.
_HINT = {"zh-CN": "0 转人工 9 再说一遍", "en": "0 a person, 9 repeat"}
#: The fields of an approved template that others may read, unless their words reveal something: never
#: what is taken, tested or owed.
PUBLIC_FIELDS = frozenset({
    "who", "day", "date", "weekday", "part", "window", "time", "place", "department", "doctor", "title",
    "hospital", "number", "code", "minutes",
})  # fmt: skip
#: What stands in such a message for what others may not read.
_UNSAID = {"zh-CN": "本院", "en": "our hospital"}
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
        base: int = 0,
        elsewhere: bool = True,
    ) -> Worded:
        """Return `say` in `lang`, as a channel with `limits` can show it.

        Args:
            facts: what every text may mention (`h`, `today`).
            ask: names the question whose options the buttons answer.
            base: as `Expect.base`.
            elsewhere: whether another address may have to take its place, where others may read it.

        Raises:
            WordingError: the text is missing, or mentions something that does not exist; or the
                options are more than can be typed.
        """
        values = {**facts, **say.values, "private": limits.private}
        text = self.text(say.name, lang, values)
        options, shortcuts = say.options, say.shortcuts
        if not limits.private and say.kind is not Kind.EMERGENCY:
            text = self._discreet(text, lang, facts)
            options, shortcuts = self._softer(options, lang), self._softer(shortcuts, lang)
        buttons: tuple[Button, ...] = ()
        if limits.buttons >= len(options) + len(shortcuts):
            taps = [  # with the digit that could be typed as well
                Button(_numbered(o.label, n, base), f"#{ask}.{n}") for n, o in enumerate(options, 1)
            ]
            buttons = (*taps, *shortcuts)
        else:
            text = "\n".join([text, *_digits(say.name, options, shortcuts, lang, base)])
        template = None
        if say.template is not None:
            template = self._approved(say.template, lang, limits, elsewhere=elsewhere)
        discreet = ""
        if say.kind is Kind.REMINDER and limits.private and elsewhere:  # it may go by text message
            discreet = self._typed(say, lang, {**values, "private": False}, facts, base)
        worded = Worded(text, say.kind, buttons, template, discreet)
        return _traditional(worded) if traditional and lang == "zh-CN" else worded

    def neutral(self, lang: str, kind: Kind, facts: Mapping[str, Any]) -> Worded:
        """Return what stands in for a message on a channel that others may read: none of its words.

        Args:
            facts: as in `word`; only `h` is mentioned.
        """
        return Worded(self.text("channel/elsewhere", lang, facts), kind)

    def reveals(self, text: str) -> list[str]:
        """Return the words that `text` reveals an illness with, as our lists spell them (PR-06)."""
        return self._catalog.discreet.reveals(text)

    def text(self, name: str, lang: str, values: Mapping[str, Any]) -> str:
        """Return one text. Raises `WordingError`.

        Args:
            values: what it may mention; `private`, as `Limits.private`, is true where it is not said.
        """
        where, template = self._template(name, lang)
        return render(template, {"private": True, **values}, where)

    def _typed(
        self, say: Say, lang: str, values: Mapping[str, Any], facts: Mapping[str, Any], base: int
    ) -> str:
        """Return the text for a channel without buttons that others may read."""
        text = self._discreet(self.text(say.name, lang, values), lang, facts)
        options, shortcuts = self._softer(say.options, lang), self._softer(say.shortcuts, lang)
        return "\n".join([text, *_digits(say.name, options, shortcuts, lang, base)])

    def _discreet(self, text: str, lang: str, facts: Mapping[str, Any]) -> str:
        """Say neutrally what reveals, and once where it can be heard in private."""
        soft = self._catalog.discreet.soften(text, lang)
        if soft == text:
            return text
        where = self.text("channel/more_privately", lang, facts)
        return f"{soft}\n{where}" if soft else where

    def _approved(
        self, template: Approved, lang: str, limits: Limits, *, elsewhere: bool
    ) -> Approved:
        """Return a template with what its account sends, and with what others may read of it."""
        sent = template.values if template.name in limits.templates else {}
        if limits.private and not elsewhere:
            return Approved(template.name, sent)
        soften = self._catalog.discreet.soften
        public = {
            name: soften(value, lang) or _UNSAID[lang]  # never empty: providers refuse that
            for name, value in template.values.items()
            if name in PUBLIC_FIELDS and value
        }
        if not limits.private:
            return Approved(template.name, public, public)
        return Approved(template.name, sent, public)

    def _softer(self, buttons: Sequence[Button], lang: str) -> tuple[Button, ...]:
        soften = self._catalog.discreet.soften
        return tuple(Button(soften(b.label, lang) or "…", b.value) for b in buttons)

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
                    self._check(name, lang)
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

    def _check(self, name: str, lang: str) -> None:
        where, source = self.source(name, lang)
        check_text(self._environments[lang], source, where)

    def _template(self, name: str, lang: str) -> tuple[str, Template]:
        known = self._known.get((name, lang))
        if known is None:
            where, source = self.source(name, lang)
            known = where, compile_text(self._environments[lang], source, where)
            self._known[name, lang] = known
        return known

    def source(self, name: str, lang: str) -> tuple[str, str]:
        """Return where a text stands, and what stands there."""
        kind, _, intent = name.partition(":")
        if kind == "faq":
            entry = self._catalog.entry(intent, lang)
            return f"{entry.where}: entry {intent}: `answer`", entry.answer
        path = self._folder / lang / f"{name}.txt.j2"
        try:
            return f"{lang}/{name}.txt.j2", path.read_text("utf-8")
        except OSError as exc:
            raise WordingError(f"templates/replies/{lang}/{name}.txt.j2: missing") from exc


def _digits(
    name: str, options: Sequence[Button], shortcuts: Sequence[Button], lang: str, base: int
) -> Sequence[str]:
    """Return the lines that say what can be typed.

    Raises:
        WordingError: there are more options than digits can offer.
    """
    if len(options) > MOST_TYPED:
        raise WordingError(f"{name}: {len(options)} options; at most {MOST_TYPED} can be typed")
    typed = _TYPED if lang == "zh-CN" else _TYPED_EN
    lines = [_numbered(option.label, n, base) for n, option in enumerate(options, 1)]
    left = [b for b in shortcuts if not options or b.value != "#person"]  # the hint says it
    for button in left:
        word = typed.get(button.value, button.value)
        same = word.casefold() == button.label.casefold()
        lines.append(button.label if same else f"{word} {button.label}")
    return [*lines, _HINT[lang]] if options else lines


def _numbered(label: str, place: int, base: int) -> str:
    """Return a choice with the digit that stands for it; without one it is typed as it is called."""
    return label if base < 0 else f"{base + place} {label}"


def _traditional(worded: Worded) -> Worded:
    convert = _opencc().convert
    template = worded.template
    if template is not None:
        values, public = (
            {name: convert(value) for name, value in fields.items()}
            for fields in (template.values, template.discreet)
        )
        template = Approved(template.name, values, public)
    return Worded(
        convert(worded.text),
        worded.kind,
        tuple(Button(convert(b.label), b.value) for b in worded.buttons),
        template,
        convert(worded.discreet),
    )


@cache
def _opencc() -> Converter:
    from opencc import OpenCC  # noqa: PLC0415  (45 ms, and most patients never need it)

    made: Converter = OpenCC("s2tw")
    return made
