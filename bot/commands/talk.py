"""`daoyi chat` and `daoyi ask`: talk to the assistant without a browser."""

import asyncio
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.context import Data, Json, database, run, settings_of, show
from bot.errors import BadInput, DaoyiError
from bot.message import MAX_TEXT, Address, Inbound, Worded, clean_text
from bot.settings import Settings


def chat(context: typer.Context, data: Data = None) -> None:
    """Chat in this terminal: the whole application, on the data folder. An empty line leaves."""
    run(lambda: _chat(settings_of(context, data)))


def ask(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What a patient writes.")],
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Ask one question; nothing is stored. Prints the reply, or how it was understood with --json."""
    said = run(lambda: _ask(settings_of(context, data), text))
    if as_json:
        show(said)
    else:
        typer.echo(said["reply"])


async def _ask(settings: Settings, text: str) -> dict[str, Any]:
    """Answer `text` as a new patient's first message, on a database that is thrown away."""
    from bot.app import build  # noqa: PLC0415  (keeps `--help` quick)
    from bot.channels.webchat import Webchat  # noqa: PLC0415
    from bot.store.keyring import Keyring  # noqa: PLC0415
    from bot.store.setup import open_store  # noqa: PLC0415

    facts = await _facts(settings)
    keys = Keyring([secrets.token_bytes(32)], secrets.token_bytes(32))
    with tempfile.TemporaryDirectory(prefix="daoyi-ask-") as folder:
        app = await build(settings, engine=open_store("sqlite", Path(folder), keys), facts=facts)
        try:
            said = clean_text(text)[:MAX_TEXT]
            if not said:
                raise BadInput("say something")
            inbound = Inbound(Address(Webchat.name, "ask", "once"), "once", said)
            understood = app.understander.understand(said, app.today())
            replies = await app.turns.answer(await app.turns.accept(inbound), said)
        finally:
            await app.engine.close()
    return _explained(understood, app.understander.rank(said), [worded for _, worded in replies])


async def _facts(settings: Settings) -> Any:
    """Return the facts that were imported here; None where there are none yet."""
    from bot.hospital.live import load_facts  # noqa: PLC0415

    if settings.store.url == "sqlite" and not (settings.data / "daoyi.sqlite3").exists():
        return None
    async with database(settings) as engine:
        return await load_facts(engine)


def _explained(understood: Any, ranked: list[Any], replies: list[Worded]) -> dict[str, Any]:
    decision = type(understood.decision).__name__.lower()
    best = ranked[0] if ranked else None
    is_question = understood.alarm is None and understood.act is None
    return {
        "lang": understood.detected.lang if understood.detected else None,
        "alarm": understood.alarm.kind if understood.alarm else None,
        "act": understood.act,
        "decision": decision if is_question else None,
        "intent": best.intent if best and is_question and decision == "answer" else None,
        "score": round(best.score, 4) if best and is_question else None,
        "candidates": [{"intent": m.intent, "score": round(m.score, 4)} for m in ranked[:3]],
        "reply": "\n\n".join(worded.text for worded in replies),
        "replies": [
            {
                "text": worded.text,
                "kind": worded.kind.value,
                "buttons": [{"label": b.label, "value": b.value} for b in worded.buttons],
            }
            for worded in replies
        ],
    }


async def _chat(settings: Settings) -> None:
    from bot.app import build  # noqa: PLC0415
    from bot.channels.base import HookRequest  # noqa: PLC0415
    from bot.channels.terminal import Terminal  # noqa: PLC0415
    from bot.store.lock import FolderLock  # noqa: PLC0415

    lock = FolderLock(settings.data)
    lock.acquire()
    terminal = Terminal(_print, secrets.token_hex(6))
    app = await build(settings, channels={Terminal.name: terminal})
    async with app.running():
        while line := await asyncio.to_thread(_line):
            try:
                (inbound,) = terminal.parse(
                    HookRequest("main", line.encode("utf-8", "replace")), "keyboard"
                )
                accepted = await app.turns.accept(inbound)
                replies = await app.turns.answer(accepted, inbound.text)
                app.delivery.wake()
                await terminal.shown([message_id for message_id, _ in replies])
            except BadInput as exc:
                typer.echo(f"({exc})")
            except DaoyiError as exc:
                reply = app.turns.urgent_reply(line, terminal.limits)
                typer.echo(reply.text if reply else f"({exc})")
    lock.release()


def _line() -> str:
    if sys.stdin.isatty():
        sys.stdout.write("> ")
        sys.stdout.flush()
    return sys.stdin.readline().strip()


def _print(worded: Worded) -> None:
    typer.echo(worded.text + "\n")
