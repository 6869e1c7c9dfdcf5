"""A browser's EventSource, without a network: reads server-sent events from the application."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

from fastapi import FastAPI


class Stream:
    """An open stream; `event` waits for the next message."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.text = ""
        self._chunks: asyncio.Queue[str | None] = asyncio.Queue()

    def take(self, chunk: str | None) -> None:
        """Take what the server sent; None is its end."""
        self._chunks.put_nowait(chunk)

    async def event(self, seconds: float = 30.0) -> dict[str, Any] | None:
        """Return the next message with its id, or None where the stream ends."""
        async with asyncio.timeout(seconds):
            while "\n\n" not in self.text.removeprefix(": welcome\n\n"):
                chunk = await self._chunks.get()
                if chunk is None:
                    return None
                self.text += chunk
        block, _, self.text = self.text.removeprefix(": welcome\n\n").partition("\n\n")
        fields = dict(line.partition(": ")[::2] for line in block.splitlines())
        if "data" not in fields:
            return await self.event(seconds)
        data: dict[str, Any] = json.loads(fields["data"])
        assert fields == {"event": "message", "id": data["id"], "data": fields["data"]}
        return data

    async def events(self, count: int) -> list[dict[str, Any]]:
        """Return the next `count` messages."""
        found = [await self.event() for _ in range(count)]
        return [event for event in found if event is not None]

    async def is_quiet(self, seconds: float = 0.15) -> bool:
        """Say that nothing more comes."""
        try:
            event = await self.event(seconds)
        except TimeoutError:
            return True
        raise AssertionError(f"something more came: {event}")

    @classmethod
    @asynccontextmanager
    async def open(cls, app: FastAPI, headers: Mapping[str, str]) -> AsyncIterator[Self]:
        """Open `/webchat/stream` with these headers; leaving closes the browser."""
        started: asyncio.Future[Self] = asyncio.get_running_loop().create_future()
        left = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                started.set_result(cls(message["status"]))
                return
            started.result().take(message.get("body", b"").decode())
            if not message.get("more_body"):
                started.result().take(None)

        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
            "method": "GET", "scheme": "http", "path": "/webchat/stream", "root_path": "",
            "raw_path": b"/webchat/stream", "query_string": b"", "headers": raw,
            "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
        }  # fmt: skip

        async def serve() -> None:
            try:
                await app(scope, receive, send)
            except Exception as exc:
                if started.done():
                    raise
                started.set_exception(exc)

        task = asyncio.create_task(serve())
        try:
            async with asyncio.timeout(5):
                stream = await started
            yield stream
        finally:
            left.set()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
