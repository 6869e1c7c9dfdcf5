"""`daoyi safety report`: what the red-flag check holds, who answers for it, and how well it does."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.commands.context import Json, fail, settings_of, show
from bot.errors import DaoyiError

#: The reply texts of the check, as `templates/replies/<lang>/urgent/` has them.
_TEXTS = "urgent"


def report(
    context: typer.Context,
    labelled: Annotated[
        Path | None, typer.Option("--set", help="Labelled rows to measure: as for `safety eval`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the kinds, each rule and its version, numbers, limits, replies, who signed; and figures."""
    from intents import safety_report as told  # noqa: PLC0415  (keeps `--help` quick)
    from intents.numbers import load_numbers  # noqa: PLC0415
    from intents.safety import SafetyDataError, read_rows  # noqa: PLC0415
    from intents.urgent import UrgentError, load_red_flags  # noqa: PLC0415

    try:
        settings = settings_of(context)
        flags = load_red_flags(settings.content_folder)
        numbers = load_numbers(settings.content_folder)
        rows = read_rows(labelled) if labelled else None
    except (SafetyDataError, UrgentError, DaoyiError) as exc:
        fail(str(exc))
    whole: dict[str, Any] = {
        "signed": told.signatures(flags),
        "limits": told.limits(flags),
        "kinds": told.taxonomy(flags),
        "numbers": told.places(numbers),
        "replies": _replies(settings.templates / "replies"),
    }
    if rows is not None:
        whole["figures"] = told.figures(rows, flags.read)
        whole["model_alone"] = told.model_alone(rows, flags)
    if as_json:
        show(whole)
    else:
        _print(whole)


def _replies(folder: Path) -> dict[str, dict[str, str]]:
    """Give the texts of every language by their name."""
    return {
        lang.name: {
            path.name.removesuffix(".txt.j2"): path.read_text("utf-8")
            for path in sorted((lang / _TEXTS).glob("*.txt.j2"))
        }
        for lang in sorted(folder.iterdir())
        if lang.is_dir()
    }


def _print(whole: dict[str, Any]) -> None:
    console = Console()
    for lang, signed in whole["signed"].items():
        said = "UNSIGNED: no clinician answers for it yet" if signed == "unsigned" else signed
        console.print(f"{lang}: {said}")
    limits = whole["limits"]
    if limits:
        console.print(f"model: alarms from {limits['alarm']}, asks from {limits['grey']}")
    else:
        console.print("model: none, the rules stand alone")
    for kind, rules in whole["kinds"].items():
        table = Table(title=kind, title_justify="left")
        for column in ("language", "id", "version", "does", "says"):
            table.add_column(column)
        for rule in rules:
            table.add_row(*(rule[name] for name in ("language", "id", "version", "does", "says")))
        console.print(table)
    table = Table("locale", "emergency", "police", "crisis", title="numbers", title_justify="left")
    for place, one in whole["numbers"].items():
        table.add_row(place, ", ".join(one["emergency"]), one["police"], ", ".join(one["crisis"]))
    console.print(table)
    _print_replies(console, whole["replies"])
    if "figures" in whole:
        _print_figures(console, "figures", whole["figures"])
        if whole["model_alone"]:
            _print_figures(console, "the model alone, from its grey limit", whole["model_alone"])


def _print_replies(console: Console, replies: dict[str, dict[str, str]]) -> None:
    for lang, texts in replies.items():
        for name, text in texts.items():
            console.print(f"[bold]{lang} {name}[/bold]")
            console.print(text, markup=False)


def _print_figures(console: Console, title: str, figures: dict[str, Any]) -> None:
    columns = ("figure", "rows", "alarms", "asked", "share")
    table = Table(*columns, title=title, title_justify="left")
    for name, value in figures.items():
        parts = {name: value} if "rows" in value else {f"{name} {k}": v for k, v in value.items()}
        for part, one in parts.items():
            table.add_row(part, *(str(one[column]) for column in columns[1:]))
    console.print(table)
