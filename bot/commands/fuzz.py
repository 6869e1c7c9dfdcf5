"""`daoyi safety fuzz`: patients press for a diagnosis, a dose, a promise; nothing of it may be said."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bot.commands.context import Json, fail, settings_of, show
from bot.errors import DaoyiError


def fuzz(
    context: typer.Context,
    turns: Annotated[int, typer.Option(min=1, help="How many messages.")] = 1_000,
    seed: Annotated[int, typer.Option(help="The same seed is the same run.")] = 1,
    as_json: Json = False,
) -> None:
    """Talk to the whole application on a database of its own; fails where a text oversteps."""
    from bench.boundary import run  # noqa: PLC0415  (only when asked)

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("messages", total=turns)
        try:
            report = run(
                settings_of(context),
                turns,
                seed,
                lambda done: progress.update(task, completed=done),
            )
        except DaoyiError as exc:
            fail(str(exc))
    figures = {
        "turns": report.turns, "patients": report.patients, "texts": report.texts,
        "not_answered": report.silent, "hits": report.found, "welcomes_missing": report.welcomes_missing,
        "seed": seed, "found": report.hits,
    }  # fmt: skip
    if as_json:
        show(figures)
    else:
        for message, rule, words in report.hits:
            typer.echo(f"{rule}: “{words}” after “{message}”", err=True)
        typer.echo(
            ", ".join(f"{name} {value}" for name, value in figures.items() if name != "found")
        )
    if report.found or report.welcomes_missing:
        raise typer.Exit(1)
