"""`daoyi import prescriptions|discharges|checkups|bills`: what to remind patients of, from files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.context import Data, Json, database, run, settings_of, show
from bot.commands.facts import DryRun, DryRunError, counted

_ACTOR = "daoyi import"
_File = Annotated[Path, typer.Argument(help="The CSV file; docs/imports.md shows its columns.")]
_Keep = Annotated[
    bool, typer.Option("--keep", help="The file is not the whole list: what it lacks stays.")
]


def mount_imports(app: typer.Typer) -> None:
    """Add the subcommands."""
    app.command("prescriptions")(prescriptions)
    app.command("discharges")(discharges)
    app.command("checkups")(checkups)
    app.command("bills")(bills)


def prescriptions(
    context: typer.Context, file: _File, keep: _Keep = False, dry_run: DryRun = False,
    as_json: Json = False, data: Data = None,
) -> None:  # fmt: skip
    """Take prescriptions: when to take which medicine, when it runs out, where it lies ready."""
    _take(context, "prescriptions", file, data, keep=keep, dry_run=dry_run, as_json=as_json)


def discharges(
    context: typer.Context, file: _File, keep: _Keep = False, dry_run: DryRun = False,
    as_json: Json = False, data: Data = None,
) -> None:  # fmt: skip
    """Take discharges: the day itself, the follow-up of its level, when to come again."""
    _take(context, "discharges", file, data, keep=keep, dry_run=dry_run, as_json=as_json)


def checkups(
    context: typer.Context, file: _File, keep: _Keep = False, dry_run: DryRun = False,
    as_json: Json = False, data: Data = None,
) -> None:  # fmt: skip
    """Take check-ups that were done: each is told of a year later, a month ahead."""
    _take(context, "checkups", file, data, keep=keep, dry_run=dry_run, as_json=as_json)


def bills(
    context: typer.Context, file: _File, keep: _Keep = False, dry_run: DryRun = False,
    as_json: Json = False, data: Data = None,
) -> None:  # fmt: skip
    """Take fees and deposits: told to the one who pays, and to nobody else."""
    _take(context, "bills", file, data, keep=keep, dry_run=dry_run, as_json=as_json)


def _take(
    context: typer.Context,
    kind: str,
    file: Path,
    data: Path | None,
    *,
    keep: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Read a file and apply it in one transaction; or try it and undo it."""

    async def work() -> None:
        from bot.api.plan_files import read, take  # noqa: PLC0415  (keeps `--help` quick)
        from bot.app import build, system_clock  # noqa: PLC0415

        settings, now = settings_of(context, data), system_clock()
        rows = read(kind, _read(file), file.name)
        async with database(settings) as engine:
            care = (await build(settings, engine=engine)).reminding.care

            def change(tx: Any) -> Any:
                told = take(tx, care, kind, rows, file.name, now, _ACTOR, keep=keep).told()
                if dry_run:
                    raise DryRunError(told)
                return told

            try:
                told = await engine.write(change)
            except DryRunError as dry:
                told = dry.told
        if as_json:
            show({"dry_run": dry_run, **told})
            return
        typer.echo("\n".join(_sentences(told, dry_run=dry_run)))

    run(work)


def _read(file: Path) -> bytes:
    from bot.hospital.problems import HospitalDataError  # noqa: PLC0415  (keeps `--help` quick)

    try:
        return file.read_bytes()
    except OSError as exc:
        raise HospitalDataError([f"{file}: cannot be read ({exc.strerror})"]) from exc


def _sentences(told: dict[str, Any], *, dry_run: bool) -> list[str]:
    """Return what became of a file, for whoever runs the command."""
    would = "would be " if dry_run else ""
    became = f"{told['changed']} changed, {told['same']} the same, {told['ended']} ended"
    lines = [f"{counted(told['rows'], 'row')}: {told['new']} plans {would}new, {became}"]
    if told["new_patients"]:
        lines.append(f"{counted(told['new_patients'], 'patient')} {would}new")
    if told["unknown_patients"]:
        numbers = ", ".join(map(str, told["unknown_rows"]))
        lines.append(f"nobody knows the patient, and no name is given: row {numbers}")
    return lines
