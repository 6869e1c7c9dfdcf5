"""`daoyi export`: the hospital's facts as files; importing them gives the very same facts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.context import Data, Json, database, run, settings_of, show

app = typer.Typer(help="Write the hospital's facts into files.", no_args_is_help=True)


@app.command("hospital")
def export_hospital(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where to write; files there are replaced.")],
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Write hospital.toml and one CSV a kind: importing them gives the very same facts."""

    async def work() -> None:
        from bot.hospital.export import export_folder  # noqa: PLC0415  (keeps `--help` quick)
        from bot.hospital.live import load_facts  # noqa: PLC0415
        from bot.hospital.problems import HospitalDataError  # noqa: PLC0415

        async with database(settings_of(context, data)) as engine:
            facts = await load_facts(engine)
        if facts is None:
            raise HospitalDataError(["no hospital was imported yet"])
        names = export_folder(facts, folder)
        if as_json:
            show({"folder": str(folder), "files": names})
        else:
            typer.echo(f"{len(names)} files in {folder}")

    run(work)


@app.command("roster")
def export_roster_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The CSV file.")],
    data: Data = None,
) -> None:
    """Write the roster as a CSV file that a spreadsheet opens and `import roster` reads."""

    async def work() -> None:
        from bot.hospital.export import export_roster  # noqa: PLC0415  (keeps `--help` quick)
        from bot.hospital.problems import HospitalDataError  # noqa: PLC0415

        def read(tx: Any) -> bytes:
            with tx.session() as session:
                return export_roster(session)

        async with database(settings_of(context, data)) as engine:
            content = await engine.read(read)
        try:
            file.write_bytes(content)
        except OSError as exc:
            raise HospitalDataError([f"{file}: cannot be written ({exc.strerror})"]) from exc
        lines = content.count(b"\n") - 1
        typer.echo(f"{lines} lines in {file}")

    run(work)
