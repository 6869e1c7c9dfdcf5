"""`daoyi serve`: run the hospital's assistant until Ctrl-C."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.context import Data, fail, settings_of, store_sentence
from bot.errors import DaoyiError, StartError, StoreError
from bot.settings import Settings

if TYPE_CHECKING:
    import uvicorn

    from bench.phones.demo import Demo
    from bot.app import App, Clock


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

    sys.setswitchinterval(_SWITCH)
    lock = FolderLock(settings.data)
    lock.acquire()
    try:
        listening = _listen(host, port)
    except StartError:
        lock.release()
        raise
    try:
        app = await build(settings, clock=_clock(settings))
        phones = _phones(app, host, listening) if settings.hospital.demo else None
        gc.freeze()
        gc.enable()
        config = uvicorn.Config(
            app.http if phones is None else phones.http,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=30,
        )
        server = _server(config, app.feed.close, phones)
        await server.serve(sockets=[listening])
    finally:
        listening.close()
        lock.release()


def _server(
    config: "uvicorn.Config", leaving: Callable[[], None], phones: "Demo | None"
) -> "uvicorn.Server":
    import uvicorn  # noqa: PLC0415  (keeps `--help` quick)

    class Server(uvicorn.Server):
        """Uvicorn that says where it is, sends streams home, and leaves with status 0."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.servers:
                bound = self.servers[0].sockets[0].getsockname()[1]
                here = f"http://{config.host}:{bound}"
                typer.echo(f"Patients chat at   {here}/chat")
                typer.echo(f"Staff sign in at   {here}/console")
                if phones is not None:
                    typer.echo(f"Simulated phones   {here}/phones")
                    phones.start()
                typer.echo("Ctrl-C stops.")

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            if phones is not None:
                await phones.stop()
            await super().shutdown(sockets)

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
            leaving()
            self.handle_exit(number, None)

    return Server(config)


def _clock(settings: Settings) -> "Clock":
    """Return the system's clock; for the simulated phones one that can be put forward."""
    from bot.app import system_clock  # noqa: PLC0415  (keeps `--help` quick)

    if not settings.hospital.demo:
        return system_clock
    from bench.phones.clock import DemoClock  # noqa: PLC0415  (only the command line reaches bench)

    return DemoClock(system_clock, settings.data)


def _phones(app: "App", host: str, listening: socket.socket) -> "Demo":
    """Return the simulated phones, which reach this server where it listens."""
    from bench.phones.demo import Demo  # noqa: PLC0415  (only the command line reaches bench)

    here = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    name = f"[{here}]" if ":" in here else here
    return Demo(app, f"http://{name}:{listening.getsockname()[1]}")


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
