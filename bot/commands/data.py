"""`daoyi staff`, `daoyi keys`, `daoyi init-db`: people, keys, the database."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.context import Data, Json, database, run, settings_of, show

staff = typer.Typer(help="Who may sign in to the console.", no_args_is_help=True)
keys = typer.Typer(help="The keys of encrypted columns.", no_args_is_help=True)

_PASSWORD = typer.Option(
    envvar="DAOYI_STAFF_PASSWORD",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Better not on the command line: leave it out to be asked, or use the variable.",
)


def init_db(context: typer.Context, data: Data = None) -> None:
    """Create the database, or bring it to this version's schema."""

    async def work() -> None:
        async with database(settings_of(context, data)) as engine:
            typer.echo(f"the {engine.name} database is ready")

    run(work)


@staff.command()
def add(
    context: typer.Context,
    username: Annotated[str, typer.Argument(help="What they sign in with.")],
    password: Annotated[str, _PASSWORD],
    name: Annotated[str, typer.Option(help="What patients see, e.g. 李护士.")] = "",
    role: Annotated[str, typer.Option(help="agent or supervisor.")] = "agent",
    data: Data = None,
) -> None:
    """Let somebody sign in to the console; works beside a running server."""
    from bot.console.auth import add_staff  # noqa: PLC0415  (keeps `--help` quick)

    shown = name or username
    _change(
        context,
        data,
        lambda session, now: add_staff(session, username, shown, password, role, now),
    )
    typer.echo(f"{username} can sign in at /console")


@staff.command("password")
def change_password(
    context: typer.Context,
    username: Annotated[str, typer.Argument(help="Whose password.")],
    password: Annotated[str, _PASSWORD],
    data: Data = None,
) -> None:
    """Give somebody a new password; all of that person's sessions end."""
    from bot.console.auth import set_password  # noqa: PLC0415  (keeps `--help` quick)

    _change(context, data, lambda session, now: set_password(session, username, password, now))
    typer.echo(f"{username} has a new password")


@staff.command()
def remove(
    context: typer.Context,
    username: Annotated[str, typer.Argument(help="Who leaves.")],
    data: Data = None,
) -> None:
    """Let somebody sign in no more; what they did stays on record."""
    from bot.console.auth import deactivate  # noqa: PLC0415

    _change(context, data, lambda session, now: deactivate(session, username, now))
    typer.echo(f"{username} can no longer sign in")


def _change(
    context: typer.Context, data: Path | None, change: Callable[[Any, datetime], object]
) -> None:
    """Make one change in a transaction of its own, beside a running server."""

    async def work() -> None:
        from bot.app import system_clock  # noqa: PLC0415

        def store(tx: Any) -> None:
            with tx.session() as session:
                change(session, system_clock())

        async with database(settings_of(context, data)) as engine:
            await engine.write(store)

    run(work)


@keys.command()
def rotate(context: typer.Context, data: Data = None, as_json: Json = False) -> None:
    """Make a new key and seal everything stored with it; no server may run on the data folder.

    On PostgreSQL the old keys stay, since other machines may still seal with them: copy the key file to
    each, start them anew, and run this again.
    """

    async def work() -> None:
        import bot.store.tables  # noqa: F401, PLC0415  (what is not known is not resealed)
        from bot.store.keyring import add_key, drop_old_keys, load_keyring  # noqa: PLC0415
        from bot.store.lock import FolderLock  # noqa: PLC0415
        from bot.store.rotation import reseal  # noqa: PLC0415

        settings = settings_of(context, data)
        lock = FolderLock(settings.data)
        lock.acquire()
        load_keyring(settings.key_file)
        add_key(settings.key_file)
        async with database(settings) as engine:
            resealed = await reseal(engine)
        alone = settings.store.url == "sqlite"
        dropped = drop_old_keys(settings.key_file) if alone else 0
        lock.release()
        if as_json:
            show({"resealed": resealed, "dropped_keys": dropped})
        else:
            typer.echo(f"resealed {sum(resealed.values())} rows; dropped {dropped} old key(s)")

    run(work)
