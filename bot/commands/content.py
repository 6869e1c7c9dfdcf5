"""`daoyi content`: check the words staff edit."""

from typing import Any

import typer

from bot.commands.context import Json, fail, settings_of, show
from bot.errors import DaoyiError
from bot.settings import Settings

app = typer.Typer(help="Questions, answers, red flags and texts.", no_args_is_help=True)


@app.command()
def check(context: typer.Context, as_json: Json = False) -> None:
    """Check every content file and text; each problem names file, entry and field."""
    try:
        report = _check(settings_of(context))
    except DaoyiError as exc:
        fail(str(exc))
    if as_json:
        show(report)
    else:
        _tell(report)
    if report["problems"]:
        raise typer.Exit(1)


def _check(settings: Settings) -> dict[str, Any]:
    """Read everything and render every text once with the demonstration hospital."""
    from bot.app import read_content, system_clock  # noqa: PLC0415  (keeps `--help` quick)
    from bot.care.festivals import load_festivals  # noqa: PLC0415
    from bot.care.levels import load_levels  # noqa: PLC0415
    from bot.dialogue.bounds import beyond  # noqa: PLC0415
    from bot.dialogue.wording import Wording  # noqa: PLC0415
    from bot.hospital.files import DEMO, read_folder  # noqa: PLC0415
    from bot.hospital.live import LiveHospital  # noqa: PLC0415
    from bot.reminders.kinds import untold  # noqa: PLC0415
    from intents.boundary import BoundaryError, load_boundary  # noqa: PLC0415

    content = read_content(settings)
    load_levels(settings.content_folder)
    load_festivals(settings.content_folder)
    catalog = content.catalog
    today = system_clock().astimezone(settings.zone).date()
    wording = Wording(settings.templates / "replies", catalog)
    live = LiveHospital(read_folder(DEMO), 0, settings.booking)
    texts: set[str] = set().union(*map(wording.names, catalog.languages))
    problems = wording.check() + wording.check_answers(live, today) + untold(content.kinds, texts)
    try:
        problems += beyond(load_boundary(settings.content_folder), wording, catalog)
    except BoundaryError as exc:
        problems += exc.problems
    stale = [f"{entry.where} ({entry.owner}, {entry.review})" for entry in catalog.stale(today)]
    return {
        "intents": len(catalog.intents),
        "questions": len(catalog.examples()),
        "languages": list(catalog.languages),
        "version": catalog.version,
        "problems": list(dict.fromkeys(problems)),
        "past_review": stale,
    }


def _tell(report: dict[str, Any]) -> None:
    for problem in report["problems"]:
        typer.echo(problem, err=True)
    for stale in report["past_review"]:
        typer.echo(f"past its review date: {stale}")
    typer.echo(
        f"{report['intents']} intents, {report['questions']} questions, "
        f"languages {', '.join(report['languages'])}, version {report['version']}: "
        + (f"{len(report['problems'])} problems" if report["problems"] else "no problems")
    )
