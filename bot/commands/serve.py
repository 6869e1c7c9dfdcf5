"""`daoyi serve`: run the hospital's assistant until Ctrl-C."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from bot.commands.context import Data, fail, settings_of, store_sentence
from bot.errors import DaoyiError, StartError, StoreError
from bot.settings import Settings


def serve(
    context: typer.Context,
    port: Annotated[
        int | None, typer.Option(help="Port (default: from the settings; 0 takes a free one).")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address (default: from the settings).")] = None,
    data: Data = None,
) -> None:
    """Serve patients, staff and operators from one process, until Ctrl-C."""
    try:
        settings = settings_of(context, data)
        _run(
            _serve(
                settings,
                host or settings.server.host,
                settings.server.port if port is None else port,
            )
        )
    except StoreError as exc:
        fail(store_sentence(exc))
    except DaoyiError as exc:
        fail(str(exc))


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop  # noqa: PLC0415  (not on every platform)
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


#: Seconds a thread may keep the interpreter while another waits. The usual 5 ms would make every
#: commit wait for whatever the event loop is computing.
_SWITCH = 0.0005


async def _serve(settings: Settings, host: str, port: int) -> None:
    gc.disable()  # nothing that starting makes is garbage; looking for some costs half a second
    import uvicorn  # noqa: PLC0415  (keeps `--help` quick)

    from bot.app import build  # noqa: PLC0415
    from bot.store.lock import FolderLock  # noqa: PLC0415

    class Server(uvicorn.Server):
        """Uvicorn that says where it is, sends streams home, and leaves with status 0."""

        def __init__(self, config: uvicorn.Config, leaving: Callable[[], None]) -> None:
            super().__init__(config)
            self._leaving = leaving

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.servers:
                bound = self.servers[0].sockets[0].getsockname()[1]
                typer.echo(f"Patients chat at   http://{host}:{bound}/chat")
                typer.echo(f"Staff sign in at   http://{host}:{bound}/console")
                typer.echo("Ctrl-C stops.")

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._leave, number)
            try:
                yield
            finally:
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.remove_signal_handler(number)

        def _leave(self, number: int) -> None:
            self._leaving()
            self.handle_exit(number, None)

    sys.setswitchinterval(_SWITCH)
    lock = FolderLock(settings.data)
    lock.acquire()
    try:
        listening = _listen(host, port)
    except StartError:
        lock.release()
        raise
    try:
        app = await build(settings)
        gc.freeze()
        gc.enable()
        config = uvicorn.Config(
            app.http,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=30,
        )
        server = Server(config, app.feed.close)
        await server.serve(sockets=[listening])
    finally:
        listening.close()
        lock.release()


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is done; whoever comes early waits a moment.

    Raises:
        StartError: it cannot be taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2_048)
    except (OSError, OverflowError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise StartError(
            f"server.port: {port} on {host} cannot be used ({why}); expected a free port, or 0 for any"
        ) from exc
