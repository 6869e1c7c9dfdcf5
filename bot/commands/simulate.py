"""`daoyi simulate`: a year of the whole application under a clock that is moved."""

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from bot.commands.context import Json, fail, settings_of, show
from bot.errors import DaoyiError

#: So many violations are told one by one.
_MOST_TOLD = 20


def simulate(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, help="How many days.")] = 365,
    patients: Annotated[
        int, typer.Option(min=1, help="How many people write to the hospital.")
    ] = 2855,
    seed: Annotated[int, typer.Option(help="The same seed is the same run.")] = 1,
    faults: Annotated[
        bool, typer.Option("--faults", help="Kills, downtimes, clock jumps, dead gateways.")
    ] = False,
    rush: Annotated[
        float, typer.Option(min=0.1, help="So many times as much happens, for short runs.")
    ] = 1.0,
    database: Annotated[
        str, typer.Option(help="An empty PostgreSQL database instead of a file of its own.")
    ] = "sqlite",
    as_json: Json = False,
) -> None:
    """Simulate patients, platforms and the hospital; check after every event that no reminder is wrong.

    Fails where one was stale, twice, lost, at night, too many, or where the bot spoke over a person.
    """
    from bench.simulate.run import Asked  # noqa: PLC0415  (only when asked)
    from bench.simulate.run import simulate as run  # noqa: PLC0415

    asked = Asked(days, patients, seed, faults=faults, rush=rush, url=database)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"{days} days", total=float(days))
        first: list[datetime] = []

        def tick(now: datetime) -> None:
            first.append(now) if not first else None
            progress.update(task, completed=(now - first[0]).total_seconds() / 86_400)

        try:
            result = run(settings_of(context), asked, tick=tick)
        except DaoyiError as exc:
            fail(str(exc))
    if as_json:
        show(result.figures)
    else:
        _told(result.figures)
    for violation in result.violations[:_MOST_TOLD]:
        typer.echo(
            f"{violation.kind} at {violation.at:%Y-%m-%d %H:%M:%S}Z during “{violation.event}”: "
            f"{violation.story}", err=True,
        )  # fmt: skip
    if result.violations:
        typer.echo(f"{len(result.violations)} violations; again: {asked.command()}", err=True)
        raise typer.Exit(1)


def _told(figures: dict[str, Any]) -> None:
    table = Table(title="simulation", show_header=False)
    for name, value in figures.items():
        told = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        table.add_row(name, str(told))
    Console().print(table)
