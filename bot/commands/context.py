"""What every subcommand shares: settings, a database, and how a problem is told."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from bot.errors import DaoyiError, StoreError
from bot.hospital.problems import HospitalDataError
from bot.logs import set_up
from bot.settings import Settings, load_settings

T = TypeVar("T")

#: The checkout's own settings; `--config` wins.
DEFAULT_CONFIG = Path(__file__).parents[2] / "config.toml"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder (default: from the settings).")
]


@dataclass(slots=True)
class Options:
    """What stands before the subcommand."""

    config: Path = DEFAULT_CONFIG


def settings_of(context: typer.Context, data: Path | None = None) -> Settings:
    """Read the settings of this run and set up logging as they say."""
    settings = load_settings(context.obj.config, data=data)
    set_up(settings.log.level, settings.log.format)
    return settings


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Any]:
    """Yield the database for a short administrative change, beside a running server."""
    from bot.store.keyring import load_keyring  # noqa: PLC0415  (keeps `--help` quick)
    from bot.store.setup import open_store  # noqa: PLC0415

    engine = open_store(settings.store.url, settings.data, load_keyring(settings.key_file))
    try:
        yield engine
    finally:
        await engine.close()


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end; a problem of ours becomes one line and exit status 1.

    Of hospital files every problem is a line of its own: whoever mends them wants all at once.
    """
    try:
        return asyncio.run(work())
    except StoreError as exc:
        fail(store_sentence(exc))
    except HospitalDataError as exc:
        fail("; ".join(exc.problems))
    except DaoyiError as exc:
        fail(str(exc))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def store_sentence(exc: StoreError) -> str:
    """Return what is wrong with the database, naming the key that says which one it is."""
    return (
        f'store.url: {exc} (expected "sqlite", or postgresql://user@host/name of a running server)'
    )


def fail(sentence: str) -> NoReturn:
    """Say what is wrong on standard error and leave with status 1."""
    typer.echo(f"daoyi: {sentence}", err=True)
    raise typer.Exit(1)


def show(data: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n")
