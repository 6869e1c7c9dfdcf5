"""`daoyi import`: the hospital's facts in, all of them, one kind, or the roster of some days."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.context import Data, Json, database, run, settings_of, show
from bot.settings import Settings

imports = typer.Typer(help="Bring the hospital's facts in.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")]
_FILE = typer.Argument(help="The CSV file.")


@imports.command()
def hospital(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder with hospital.toml and the CSV files.")],
    dry_run: DryRun = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Replace all facts: hospital.toml, departments, doctors, roster, prices, services, symptoms."""

    async def work() -> None:
        from bot.hospital import service  # noqa: PLC0415  (keeps `--help` quick)
        from bot.hospital.files import read_folder  # noqa: PLC0415

        facts = read_folder(folder)
        if dry_run:
            settings_of(context, data)
            _told(None, as_json=as_json, dry_run=True)
            return
        await _save(
            settings_of(context, data),
            lambda session, now: service.save(session, facts, now),
            as_json=as_json,
        )

    run(work)


@imports.command()
def sheet(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            help="campuses, departments, doctors, holidays, roster, tests, drugs, packages, services, "
            "symptoms or preparations."
        ),
    ],
    file: Annotated[Path, typer.Argument(help="The CSV file; its rows replace all of that kind.")],
    dry_run: DryRun = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Replace one kind of facts by the rows of a CSV file; nothing is half-applied."""

    async def work() -> None:
        from bot.hospital import service  # noqa: PLC0415  (keeps `--help` quick)
        from bot.hospital.columns import TABLES  # noqa: PLC0415
        from bot.hospital.problems import HospitalDataError  # noqa: PLC0415

        if kind not in TABLES:
            raise HospitalDataError(
                [f"'{kind}' is not a kind of facts (expected one of {', '.join(TABLES)})"]
            )
        content = _read(file)
        await _save(
            settings_of(context, data),
            lambda session, now: service.save_csv(session, kind, content, now, file.name),
            as_json=as_json,
            dry_run=dry_run,
        )

    run(work)


@imports.command("roster")
def roster_file(
    context: typer.Context,
    file: Annotated[Path, _FILE],
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="Replace only dated lines from this day on."
        ),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="… to this day, included."),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Replace the roster, or its dated lines of a stretch of days; says how many visits are lost."""

    async def work() -> None:
        from bot.hospital import service  # noqa: PLC0415  (keeps `--help` quick)
        from bot.hospital.problems import HospitalDataError  # noqa: PLC0415

        if (first is None) != (last is None) or (first and last and first > last):
            raise HospitalDataError(["--from and --to are given together, the earlier day first"])
        content = _read(file)

        def save(session: Any, now: datetime) -> Any:
            if first is None or last is None:
                return service.save_csv(session, "roster", content, now, file.name)
            return service.save_days(session, content, first.date(), last.date(), now, file.name)

        await _save(settings_of(context, data), save, as_json=as_json, dry_run=dry_run)

    run(work)


def _read(file: Path) -> bytes:
    from bot.hospital.problems import HospitalDataError  # noqa: PLC0415

    try:
        return file.read_bytes()
    except OSError as exc:
        raise HospitalDataError([f"{file}: cannot be read ({exc.strerror})"]) from exc


class DryRunError(Exception):
    """Undoes a change that was only tried; `told` is what it would have done."""

    def __init__(self, told: Any) -> None:
        super().__init__("dry run")
        self.told = told


async def _save(
    settings: Settings,
    save: Callable[[Any, datetime], Any],
    *,
    as_json: bool,
    dry_run: bool = False,
) -> None:
    """Save facts and bring the clinics up to date with them, in one step; or try it and undo it."""
    from bot.app import system_clock  # noqa: PLC0415  (keeps `--help` quick)
    from bot.hospital import schedule, service  # noqa: PLC0415

    def change(tx: Any) -> tuple[Any, int]:
        now = system_clock()
        schedule.lock(tx)
        with tx.session() as session:
            counts = save(session, now)
            facts = service.load(session)
        if facts is not None:
            schedule.publish(tx, facts, settings.booking, settings.zone, now)
        done = (counts, schedule.lost_visits(tx, now))
        if dry_run:
            raise DryRunError(done)
        return done

    async with database(settings) as engine:
        try:
            done = await engine.write(change)
        except DryRunError as dry:
            done = dry.told
    _told(done, as_json=as_json, dry_run=dry_run)


def _told(done: tuple[Any, int] | None, *, as_json: bool, dry_run: bool) -> None:
    counts, lost = done or (None, 0)
    rows = dict(counts.rows) if counts else {}
    if as_json:
        revision = getattr(counts, "revision", None)
        show({"dry_run": dry_run, "rows": rows, "revision": revision, "visits_lost": lost})
        return
    told = ", ".join(f"{n} {kind}" for kind, n in rows.items()) or "everything reads well"
    typer.echo(("would hold: " if dry_run and rows else "") + told)
    if lost:
        verb = "would lose" if dry_run else "will lose"
        whose = "its" if lost == 1 else "their"
        typer.echo(f"{counted(lost, 'booked visit')} {verb} {whose} clinic; the server tells them")


def counted(number: int, thing: str) -> str:
    """Return `1 clinic`, `2 clinics`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
