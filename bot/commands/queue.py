"""`daoyi import queue`: what the calling system says, from a CSV file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.context import Data, Json, database, run, settings_of, show
from bot.commands.facts import DryRun, DryRunError


def queue_file(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="CSV: doctor, date, session, appointment, queue_no, state, room")
    ],
    dry_run: DryRun = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Take what the calling system says of today's lines; a running server sends what patients hear."""

    async def work() -> None:
        from bot.api.queue_file import read_queue, take  # noqa: PLC0415  (keeps `--help` quick)
        from bot.app import build, system_clock  # noqa: PLC0415
        from bot.hospital.problems import HospitalDataError  # noqa: PLC0415
        from bot.wiring.booking import queue  # noqa: PLC0415

        settings, now = settings_of(context, data), system_clock()
        try:
            content = file.read_bytes()
        except OSError as exc:
            raise HospitalDataError([f"{file}: cannot be read ({exc.strerror})"]) from exc
        lines = read_queue(content, file.name, now.astimezone(settings.zone).date())
        async with database(settings) as engine:
            keeps = queue((await build(settings, engine=engine)).booking)

            def change(tx: Any) -> dict[str, int]:
                taken = take(tx, keeps, lines, file.name, now)
                if dry_run:
                    raise DryRunError(taken)
                return taken

            try:
                taken = await engine.write(change)
            except DryRunError as dry:
                taken = dry.told
        if as_json:
            show({"dry_run": dry_run, "rows": len(lines), **taken})
            return
        would = "would be told" if dry_run else "are told"
        typer.echo(
            f"{taken['known']} of {len(lines)} rows are patients of ours; {taken['told']} {would}"
        )

    run(work)
