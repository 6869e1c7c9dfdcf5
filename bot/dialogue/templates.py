"""Jinja for texts that staff may edit: sandboxed, strict, and only the constructs a text needs.

A sandbox stops escapes but not work (`'a' * 10**9`), so arithmetic, calls and macros are refused by
name before a template is ever run. Patients' words are values, never templates.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.errors import WordingError

FILTERS = frozenset({"join", "default", "money", "hm", "day", "length"})
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.NSRef, nodes.Getattr,
    nodes.Getitem, nodes.Const, nodes.Filter, nodes.Keyword, nodes.If, nodes.For, nodes.CondExpr,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.List,
    nodes.Tuple, nodes.Test, nodes.Slice,
)  # fmt: skip
_WEEKDAYS = {
    "zh-CN": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MAX_RENDERED = 3_000
#: Texts that are ready, by environment and source. As many as there are texts, and what staff changed.
_made: dict[tuple[ImmutableSandboxedEnvironment, str], Template] = {}
#: Texts that were read before and are in order.
_fine: set[tuple[ImmutableSandboxedEnvironment, str]] = set()


def money(amount: Decimal | int | str, lang: str) -> str:
    """Return an amount in yuan as the language writes it: 12.5元, ¥12.50."""
    value = Decimal(amount)
    plain = f"{value.normalize():f}" if value % 1 else f"{value:.0f}"
    return f"{plain}元" if lang == "zh-CN" else f"¥{plain}"


def day(value: date, lang: str) -> str:
    """Return a day as the language writes it: 3月5日 周四, Thu 5 Mar."""
    weekday = _WEEKDAYS[lang][value.weekday()]
    if lang == "zh-CN":
        return f"{value.month}月{value.day}日 {weekday}"
    return f"{weekday} {value.day} {_MONTHS[value.month - 1]}"


@cache
def environment(lang: str) -> ImmutableSandboxedEnvironment:
    """Return the environment in which texts of `lang` are rendered; one for the whole process."""
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        finalize=lambda value: "" if value is None else value,
    )
    made.filters["money"] = lambda amount: money(_there(amount), lang)
    made.filters["day"] = lambda value: day(_there(value), lang)
    made.filters["hm"] = lambda value: _there(value).strftime("%H:%M")
    return made


def _there(value: Any) -> Any:
    """Return a value that is there; of one that is not, the error names what was asked for."""
    return str(value) if isinstance(value, StrictUndefined) else value


def check_text(env: ImmutableSandboxedEnvironment, source: str, where: str) -> None:
    """Read a text without making it ready, which takes four times as long.

    Raises:
        WordingError: it is broken or uses what a text may not; names `where` and the line.
    """
    if (env, source) not in _fine:
        _read(env, source, where)
        _fine.add((env, source))


def _read(env: ImmutableSandboxedEnvironment, source: str, where: str) -> nodes.Template:
    try:
        tree = env.parse(source)
    except TemplateError as exc:
        line = getattr(exc, "lineno", None)
        raise WordingError(f"{where}: {exc.message}" + (f" (line {line})" if line else "")) from exc
    for node in _all(tree):
        if problem := _problem(node, env):
            raise WordingError(f"{where}: {problem} (line {node.lineno})")
    return tree


def _problem(node: nodes.Node, env: ImmutableSandboxedEnvironment) -> str | None:
    if not isinstance(node, _ALLOWED):
        return f"a text may not use {type(node).__name__}"
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return f"unknown filter '{node.name}'"
    if isinstance(node, nodes.Test) and node.name not in env.tests:
        return f"unknown test '{node.name}'"
    return None


def compile_text(env: ImmutableSandboxedEnvironment, source: str, where: str) -> Template:
    """Make a text ready to be rendered; the same text is made once a process.

    Raises:
        WordingError: as `check_text`.
    """
    known = _made.get((env, source))
    if known is None:
        try:
            code = env.compile(_read(env, source, where))
        except TemplateError as exc:
            raise WordingError(f"{where}: {exc.message}") from exc
        known = env.template_class.from_code(env, code, env.make_globals(None))
        _made[env, source] = known
    return known


def render(template: Template, values: Mapping[str, Any], where: str) -> str:
    """Render a text and tidy its blank space.

    Raises:
        WordingError: it mentions something that does not exist, or grows beyond any message.
    """
    try:
        text = template.render(values)
    except (
        TemplateError,
        TypeError,
        ValueError,
        LookupError,
        ArithmeticError,
        AttributeError,
    ) as exc:
        raise WordingError(f"{where}: {type(exc).__name__}: {exc}") from exc
    lines = [line.strip() for line in text.strip().splitlines()]
    tidy = "\n".join(line for i, line in enumerate(lines) if line or (i and lines[i - 1]))
    if not tidy or len(tidy) > _MAX_RENDERED:
        raise WordingError(f"{where}: gives {len(tidy)} characters; expected 1 to {_MAX_RENDERED}")
    return tidy


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)
